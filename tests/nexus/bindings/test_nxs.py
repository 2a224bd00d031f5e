"""nexus.bindings.nxs: every function passes its arguments on, and turns answers into Python."""

from __future__ import annotations

import json
import pickle
import struct

import pytest

from conformance.api_table import Function
from doubles.stub_plugin import Stub
from nexus.bindings import cpu, nxs
from nexus.bindings.enums import Property, RunFlags, Status
from nexus.bindings.errors import (
    EXCEPTIONS,
    BackendUnavailableError,
    InvalidArgumentError,
    NexusError,
)

from .samples import BOUND, CALLED, PATTERN, record, samples

VALUE = struct.pack("q", -(2**40) - 5)
by_name = pytest.mark.parametrize("function", CALLED, ids=lambda f: f.python_name)
every = pytest.mark.parametrize("function", BOUND, ids=lambda f: f.python_name)


def expected(function: Function, answer: int) -> object:
    """What the call returns when C answers `answer` and getters give VALUE."""
    if any(arg.type.startswith("struct_out") for arg in function.args):
        return (4, "Distinct")
    if any(arg.type == "value_out" for arg in function.args):
        if function.name == "nxsGetLibraryKernels":
            return ["add", "mul"]
        return -(2**40) - 5 if any(arg.type == "property" for arg in function.args) else VALUE
    return None if function.returns == "status" else answer


@by_name
def test_arguments_arrive_in_order(function: Function, runtime: int, stub: Stub) -> None:
    given = [value.given for value in samples(function).values()]
    stub.value(b"add\0mul\0" if function.name == "nxsGetLibraryKernels" else VALUE)
    answer = 0 if function.returns == "status" else 2**61 + 9
    stub.answer(answer)
    returned = getattr(nxs, function.python_name)(runtime, *given)
    assert stub.calls() == [record(function)]
    assert returned == expected(function, answer)


@by_name
def test_arguments_are_taken_by_keyword(function: Function, runtime: int, stub: Stub) -> None:
    given = {name: value.given for name, value in samples(function).items()}
    stub.value(VALUE)
    getattr(nxs, function.python_name)(runtime=runtime, **given)
    assert stub.calls() == [record(function)]


@by_name
def test_a_backend_has_the_same_functions(function: Function, stub: Stub) -> None:
    backend = nxs.Backend("stub")
    given = [value.given for value in samples(function).values()]
    stub.value(VALUE)
    getattr(backend, function.python_name)(*given)
    assert stub.calls() == [record(function)]


@by_name
@pytest.mark.parametrize("status", [Status.InvalidValue, Status.DeviceLost])
def test_a_negative_answer_raises(
    function: Function, status: Status, runtime: int, stub: Stub
) -> None:
    given = [value.given for value in samples(function).values()]
    stub.answer(status, "the driver's own wörds")
    with pytest.raises(EXCEPTIONS[status]) as caught:
        getattr(nxs, function.python_name)(runtime, *given)
    error = caught.value
    assert error.message == "the driver's own wörds"
    assert error.status is status
    assert error.function == function.name
    assert error.runtime == "stub"
    has_device = function.args[:1] and function.args[0].type == "device"
    assert error.device == (10 if has_device else -1)


@every
def test_a_runtime_that_is_not_there_is_refused(function: Function) -> None:
    given = [value.given for value in samples(function).values()]
    for number in (-1, 127, 128, 2**31 - 1):
        with pytest.raises(
            InvalidArgumentError, match=f"no loaded runtime {number} .*load_runtime"
        ):
            getattr(nxs, function.python_name)(number, *given)


def test_a_status_without_words_gets_its_meaning(runtime: int, stub: Stub) -> None:
    stub.answer(Status.InvalidDevice)
    with pytest.raises(NexusError, match="There is no device of this ordinal"):
        nxs.create_event(runtime, 5)


def test_an_unknown_status_is_told(runtime: int, stub: Stub) -> None:
    stub.answer(-1234)
    with pytest.raises(
        NexusError, match=r"-1234.*\[nxsCreateEvent: status -1234, stub:5\]"
    ) as caught:
        nxs.create_event(runtime, 5)
    assert caught.value.status == -1234


def test_text_and_numbers_are_returned(runtime: int, stub: Stub) -> None:
    stub.answer(0, "wörds")
    assert nxs.get_last_error(runtime) == "wörds"
    assert nxs.get_api_version(runtime) == 1 << 16


@pytest.mark.parametrize(
    ("prop", "value", "meant"),
    [
        (Property.Value, struct.pack("q", -7), -7),
        (Property.ElapsedTime, struct.pack("d", 0.25), 0.25),
        (Property.Name, "größe\0".encode(), "größe"),
        (Property.Name, b"\0", ""),
        (Property.Name, b"no end", "no end"),
        (Property.Name, b"x" * 3000 + b"\0", "x" * 3000),
        (Property.Shape, struct.pack("3q", 1, -2, 3), [1, -2, 3]),
        (Property.Shape, struct.pack("400q", *range(400)), list(range(400))),
        (Property.Shape, b"", []),
        (Property.SubUnits, b"L1\0L2\0", ["L1", "L2"]),
        (Property.SubUnits, b"", []),
        (Property.Limits, json.dumps({"a": [1, "ü"]}).encode() + b"\0", {"a": [1, "ü"]}),
    ],
)
def test_a_value_is_decoded_by_its_type(
    prop: Property, value: bytes, meant: object, runtime: int, stub: Stub
) -> None:
    stub.value(value)
    assert nxs.get_device_property(runtime, 0, prop) == meant


def test_a_vendors_property_has_the_type_that_the_plugin_tells(runtime: int, stub: Stub) -> None:
    stub.value(struct.pack("2d", 0.5, -1.5))  # the stub says FloatVector
    assert nxs.get_device_property(runtime, 0, 0x10001) == [0.5, -1.5]
    assert stub.calls()[-1] == "nxsGetPropertyInfo property=65537"


def test_a_value_of_the_wrong_size_is_the_plugins_fault(runtime: int, stub: Stub) -> None:
    stub.value(b"\1\2\3\4")
    with pytest.raises(NexusError, match=r"value of type 0 with 4 bytes.*nxsGetDeviceProperty"):
        nxs.get_device_property(runtime, 0, 2)


def test_a_blocking_run_is_bounded_and_looked_after(runtime: int, stub: Stub) -> None:
    stub.answer(77)
    assert nxs.run_schedule(runtime, 5, 6, RunFlags.Blocking) == 77
    assert stub.calls() == [
        "nxsRunSchedule schedule=5 stream=6 flags=5",
        "nxsWaitRun stream=6 ticket=77 timeout_ns=0",
    ]


@pytest.mark.parametrize("flags", [0, RunFlags.Timing, RunFlags.Blocking | RunFlags.Bounded])
def test_a_run_that_does_not_block_is_left_alone(flags: int, runtime: int, stub: Stub) -> None:
    stub.answer(77)
    nxs.run_schedule(runtime, 5, 6, flags)
    assert stub.calls() == [f"nxsRunSchedule schedule=5 stream=6 flags={int(flags)}"]


@pytest.mark.parametrize("name", ["copy_buffer_region", "fill_buffer", "run_schedule"])
def test_stream_0_is_the_default_stream_of_the_device(name: str, runtime: int, stub: Stub) -> None:
    arguments = {
        "copy_buffer_region": (11, 0, 12, 0, 8),
        "fill_buffer": (12, 0, 8, PATTERN),
        "run_schedule": (12,),
    }[name]
    stub.value(struct.pack("q", 3))  # NP_Device
    stub.answer(77)  # tickets, and the default stream
    getattr(nxs, name)(runtime, *arguments, stream=0, flags=RunFlags.Blocking)
    kind = "schedule" if name == "run_schedule" else "buffer"
    assert stub.calls()[1:] == [
        f"nxsGet{kind.capitalize()}Property {kind}=12 property=60",
        "nxsGetDefaultStream device=3",
        "nxsWaitRun stream=77 ticket=77 timeout_ns=0",
    ]


def test_a_backend_module_links_on_first_use() -> None:
    assert repr(cpu.backend) == "Backend('cpu')"
    sent, got = b"sixteen bytes...", bytearray(16)
    buffer = cpu.create_buffer(0, 16, host_ptr=sent)
    cpu.copy_buffer(buffer, got)
    assert got == sent
    cpu.release_buffer(buffer)
    assert nxs.runtime_name(cpu.backend.runtime) == "cpu"


def test_released_handle_is_refused_after_its_slot_is_reused() -> None:
    stale = cpu.create_buffer(0, 16)
    cpu.release_buffer(stale)
    fresh = cpu.create_buffer(0, 16)  # takes the same slot
    with pytest.raises(NexusError, match=r"nxsReleaseBuffer: InvalidBuffer, cpu"):
        cpu.release_buffer(stale)
    cpu.release_buffer(fresh)


def test_a_backend_is_pickled_by_name() -> None:
    backend = pickle.loads(pickle.dumps(nxs.Backend("nobody")))
    assert repr(backend) == "Backend('nobody')"
    with pytest.raises(BackendUnavailableError, match="'nobody'"):
        backend.create_event(0)
