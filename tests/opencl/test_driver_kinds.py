"""What the runtime does with drivers that can less than those of this machine: over a double."""

from __future__ import annotations

import pytest

from doubles import opencl_double

SPIRV = r"""
spirv = (0x07230203).to_bytes(4, "little") + b"\0add_one\0"
"""


@pytest.mark.parametrize(
    ("driver", "options"),
    [
        ("oldest", {"version": "1.2"}),
        ("newer", {"version": "1.2"}),
        ("newer", {"version": "2.0"}),
        ("newer", {"svm": 1}),
        ("newer", {"svm": 1, "unified": 1}),
        ("newer", {"svm": 2, "unified": 1}),
    ],
)
def test_kernels_run_with_every_kind_of_driver(driver: str, options: dict[str, object]) -> None:
    shares = options.get("unified") == 1
    printed = opencl_double.run(
        """
        device = nexus.device("opencl:1")
        x, y = floats(np.arange(8), "opencl:1"), floats(np.ones(8), "opencl:1")
        device.compile(SAXPY).get_kernel("saxpy")(2.0, x, y, grid=8, group=4)
        print(y.numpy().tolist() == (2 * np.arange(8) + 1).tolist())
        print(control.alive()["svm"], control.alive()["memory"])
        """,
        driver,
        **options,
    )
    assert printed == "True\n" + ("2 0\n" if shares else "0 2\n")


@pytest.mark.parametrize(
    ("driver", "options"),
    [
        ("oldest", {"version": "1.2"}),
        ("newer", {"version": "2.0"}),
        ("newer", {"spirv": 0}),
    ],
)
def test_spirv_is_refused_by_a_driver_that_takes_none(
    driver: str, options: dict[str, object]
) -> None:
    printed = opencl_double.run(
        SPIRV
        + """
device = nexus.device("opencl")
print("spir-v" in nexus.get_runtime("opencl").get_property("BinaryKinds"))
try:
    device.create_library(spirv)
except nexus.NexusError as error:
    print(type(error).__name__, error)
""",
        driver,
        **options,
    )
    assert printed.startswith("False\nInvalidArgumentError")
    assert "it is SPIR-V, which the driver of Double 0 does not take" in printed


@pytest.mark.parametrize("kind", ["spir-v", "opencl-binary"])
def test_kernels_of_libraries_that_tell_of_no_arguments_run(kind: str) -> None:
    made = "spirv" if kind == "spir-v" else f"open({str(opencl_double.code())!r}, 'rb').read()"
    printed = opencl_double.run(
        SPIRV
        + f"""
library = nexus.device("opencl").create_library({made})
print(library.get_property("Type"), "add_one" in library.kernels)
kernel, x = library.get_kernel("add_one"), zeros(8)
print(kernel.get_property("Count"))
kernel(x, grid=8, group=8)
print(x.numpy().tolist())
try:
    kernel(x, x, grid=8, group=8)
except nexus.NexusError as error:
    print(error)
"""
    )
    assert printed.startswith(f"{kind} True\n1\n{[1] * 8}\n")
    assert "kernel add_one takes 1 arguments and got 2" in printed


def test_a_binary_of_another_driver_is_refused_with_the_answer() -> None:
    printed = opencl_double.run(
        r"""
        try:
            nexus.device("opencl").create_library(b"\x7fELF of another\0driver")
        except nexus.NexusError as error:
            print(error)
        """
    )
    assert "neither source nor SPIR-V nor a binary of Double 0" in printed
    assert "the driver answers CL_INVALID_BINARY (-42)" in printed


def test_groups_that_do_not_divide_the_grid_need_a_driver_with_uneven_ones() -> None:
    program = """
    library, x = nexus.device("opencl").compile(ADD_ONE, ["-cl-std=CL2.0"]), zeros(16)
    try:
        library.get_kernel("add_one")(x[:10], grid=10, group=4)
        print(x.numpy().sum())
    except nexus.NexusError as error:
        print("do not divide" in str(error))
    """
    assert opencl_double.run(program, uneven=1) == "10\n"
    assert opencl_double.run(program, uneven=0) == "True\n"
    assert opencl_double.run(program, version="2.0") == "10\n"
