"""One program of the driver for libraries from the same bytes on the same device."""

from __future__ import annotations

from doubles import opencl_double


def test_what_is_open_is_not_built_again() -> None:
    program = """
    device, other = nexus.get_runtime("opencl").get_devices()[:2]
    programs = lambda: control.alive()["program"]
    first, second = device.compile(ADD_ONE), device.compile(ADD_ONE)
    print(programs())
    elsewhere, another = other.compile(ADD_ONE), device.compile(SAXPY)
    print(programs())
    first.close()
    x = zeros(8)
    second.get_kernel("add_one")(x, grid=8, group=8)  # lives on
    print(x.numpy().tolist() == [1] * 8, [library.kernels for library in (second, another)])
    for library in (second, elsewhere, another):
        library.close()
    print(control.settled({**control.alive(), "program": 0, "kernel": 0})["program"])
    third = device.compile(ADD_ONE)  # built anew
    print(programs())
    """
    printed = opencl_double.run(program).splitlines()
    assert printed == ["1", "3", "True [['add_one'], ['saxpy']]", "0", "1"]
