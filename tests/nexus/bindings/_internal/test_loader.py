"""The loader: opens plugins, refuses what is none, wraps runtimes in layers."""

from __future__ import annotations

import ctypes
import shutil
import threading
from pathlib import Path

import pytest

from conformance.api_table import FUNCTIONS
from doubles.fresh import run
from doubles.stub_plugin import DOUBLES, Stub, build
from nexus.bindings import nxs
from nexus.bindings.enums import Status
from nexus.bindings.errors import (
    BackendUnavailableError,
    FunctionNotFoundError,
    InvalidArgumentError,
)


def test_a_plugin_is_loaded_once(tmp_path: Path) -> None:
    path = build(tmp_path, "once")
    number = nxs.load_runtime(path)
    assert nxs.load_runtime(str(path)) == number
    assert nxs.load_runtime("once") == number
    assert nxs.Backend("once").runtime == number
    assert Stub(path).n_initialized == 1
    assert Stub(path).runtime == number
    assert nxs.runtime_name(number) == "once"
    assert nxs.runtime_path(number) == str(path)


def test_another_name_of_the_same_file_is_the_same_runtime(tmp_path: Path) -> None:
    path = build(tmp_path, "first")
    link = tmp_path / "libnexus_second.so"
    link.symlink_to(path)
    assert nxs.load_runtime(path) == nxs.load_runtime(link)
    assert Stub(path).n_initialized == 1


def test_two_plugins_do_not_hear_each_other(tmp_path: Path) -> None:
    paths = [build(tmp_path, "left"), build(tmp_path, "right")]
    numbers = [nxs.load_runtime(path) for path in paths]
    stubs = [Stub(path) for path in paths]
    assert numbers[0] != numbers[1]
    stubs[0].answer(1001)
    stubs[1].answer(Status.OutOfResources, "right is full")
    assert nxs.create_event(numbers[0], 4) == 1001
    with pytest.raises(RuntimeError, match=r"right is full.*right:8"):
        nxs.create_event(numbers[1], 8)
    assert stubs[0].calls() == ["nxsCreateEvent device=4 type=0"]
    assert stubs[1].calls() == ["nxsCreateEvent device=8 type=0"]


def test_a_missing_function_is_named_with_the_file(tmp_path: Path) -> None:
    path = build(tmp_path, "lacking", without=("nxsExportEvent", "nxsImportEvent"))
    runtime = nxs.load_runtime(path)
    for call in (
        lambda: nxs.export_event(runtime, 1, 0),
        lambda: nxs.import_event(runtime, 0, 0, b"what"),
    ):
        with pytest.raises(FunctionNotFoundError, match=f"nxs.*Event is not found in {path}") as e:
            call()
        assert e.value.status is Status.NotSupported
        assert e.value.runtime == "lacking"
    assert nxs.create_stream(runtime, 0) == 0


def test_the_plugins_own_refusal_is_not_taken_for_a_missing_function(tmp_path: Path) -> None:
    path = build(tmp_path, "refusing")
    runtime = nxs.load_runtime(path)
    Stub(path).answer(Status.NotSupported, "this device has no events")
    with pytest.raises(RuntimeError, match="this device has no events") as caught:
        nxs.create_event(runtime, 0)
    assert not isinstance(caught.value, FunctionNotFoundError)


def test_another_minor_version_is_taken(tmp_path: Path) -> None:
    runtime = nxs.load_runtime(build(tmp_path, "newer", api_version=(1, 9)))
    assert nxs.get_api_version(runtime) == 1 << 16 | 9


def test_the_last_number_is_127(stub_library: Path, tmp_path: Path) -> None:
    for n in range(129):
        shutil.copyfile(stub_library, tmp_path / f"libnexus_copy{n}.so")
    run(f"""
    from nexus.bindings import nxs
    from nexus.bindings.errors import BackendUnavailableError
    folder = {str(tmp_path)!r}
    numbers = [nxs.load_runtime(f"{{folder}}/libnexus_copy{{n}}.so") for n in range(128)]
    assert numbers == list(range(128))
    nxs.create_event(127, 0)
    try:
        nxs.load_runtime(f"{{folder}}/libnexus_copy128.so")
    except BackendUnavailableError as error:
        assert "all 128 runtime numbers of this process are taken" in str(error)
        assert error.status.name == "OutOfResources"
    else:
        raise AssertionError("a runtime without a number")
    """)


@pytest.mark.parametrize("status", [Status.DeviceNotFound, Status.DeviceNotAvailable])
def test_a_plugin_that_does_not_start_says_why_every_time(status: Status, tmp_path: Path) -> None:
    path = build(tmp_path, f"sick{-status}")
    stub = Stub(path)
    stub.refuse_to_start(status, "libdriver.so.1: cannot open shared object file")
    for _ in range(2):
        with pytest.raises(BackendUnavailableError, match="cannot open shared object") as caught:
            nxs.load_runtime(path)
        assert caught.value.status is status
    assert stub.n_initialized == 1
    assert "libdriver.so.1" in nxs.unavailable_runtimes()[f"sick{-status}"]


@pytest.mark.parametrize("status", [Status.OutOfHostMemory, Status.OutOfResources])
def test_a_plugin_that_lacked_memory_or_threads_is_started_again(
    status: Status, tmp_path: Path
) -> None:
    path = build(tmp_path, f"poor{-status}")
    stub = Stub(path)
    stub.refuse_to_start(status, "no more of it")
    with pytest.raises(BackendUnavailableError, match="no more of it"):
        nxs.load_runtime(path)
    stub.refuse_to_start(0, "")
    assert nxs.load_runtime(path) >= 0
    assert stub.n_initialized == 2


def test_sixteen_threads_touch_it_first(tmp_path: Path) -> None:
    path = build(tmp_path, "crowd")
    stub = Stub(path)
    stub.answer(5)
    barrier = threading.Barrier(16)
    found: list[int] = []

    def touch() -> None:
        barrier.wait()
        number = nxs.load_runtime(path)
        nxs.create_event(number, 0)
        found.append(number)

    threads = [threading.Thread(target=touch) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert stub.n_initialized == 1


def test_pointers_can_be_looked_at(runtime: int, stub_library: Path) -> None:
    library = ctypes.CDLL(str(stub_library))
    pointers = nxs._inspect_function_pointers(runtime)
    assert list(pointers) == [function.name for function in FUNCTIONS]
    for name, pointer in pointers.items():
        address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
        assert pointer == address == nxs._inspect_function_pointer(runtime, name)


def test_a_pointer_that_is_not_there_is_0_and_a_wrong_name_an_error(tmp_path: Path) -> None:
    runtime = nxs.load_runtime(build(tmp_path, "holes", without=("nxsExportBuffer",)))
    assert nxs._inspect_function_pointer(runtime, "nxsExportBuffer") == 0
    with pytest.raises(FunctionNotFoundError, match="no function 'nxsFly'"):
        nxs._inspect_function_pointer(runtime, "nxsFly")
    with pytest.raises(InvalidArgumentError, match="no loaded runtime 99"):
        nxs._inspect_function_pointers(99)


def test_one_layer_wraps_two_runtimes(tmp_path: Path) -> None:
    program = f"""
    import ctypes
    from pathlib import Path
    from doubles.stub_plugin import Stub, build, compile_library
    from nexus.bindings import nxs

    folder = Path({str(tmp_path)!r})
    layer = folder / "layer.so"
    compile_library(Path({str(DOUBLES)!r}) / "layer.c", layer)
    paths = [build(folder, "inner"), build(folder, "other")]
    runtimes = [nxs.load_runtime(path) for path in paths]
    for n, path in enumerate(paths):
        Stub(path).answer(100 * (n + 1))
    before = nxs._inspect_function_pointers(0)
    for runtime in runtimes:
        nxs.attach_layer(runtime, layer)
    assert [nxs.get_default_stream(runtime, 5) for runtime in runtimes] == [101, 201]
    nxs.get_default_stream(runtimes[1], 6)
    calls = ctypes.CDLL(str(layer)).layer_n_calls
    assert [calls(0), calls(1)] == [1, 2]
    after = nxs._inspect_function_pointers(0)
    changed = [name for name in before if before[name] != after[name]]
    assert changed == ["nxsGetDefaultStream"]
    """
    run(program)


def test_what_is_no_layer_is_refused(runtime: int, stub_library: Path, tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailableError, match=r"no layer of nexus.*nxsAttachLayer"):
        nxs.attach_layer(runtime, stub_library)
    with pytest.raises(BackendUnavailableError, match="cannot attach the layer /nowhere"):
        nxs.attach_layer(runtime, "/nowhere/layer.so")
    with pytest.raises(BackendUnavailableError, match="no loaded runtime 99"):
        nxs.attach_layer(99, stub_library)


def test_importing_opens_no_plugin_and_no_driver() -> None:
    run("""
    from nexus.bindings import cpu, enums, errors, null, nxs
    opened = open("/proc/self/maps").read()
    for word in ("libnexus_", "libcuda", "libamdhip", "libOpenCL"):
        assert word not in opened, word
    """)


def test_the_interpreter_ends_with_runtimes_loaded(stub_library: Path) -> None:
    run(f"""
    from nexus.bindings import nxs
    keep = nxs.load_runtime({str(stub_library)!r})
    nxs.create_event(keep, 0)
    """)
