"""Properties that a plugin gets wrong: an exception with a sentence, never wild memory."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from doubles import fresh
from doubles.stub_plugin import Stub, build
from nexus import runtime as runtimes
from nexus.bindings import nxs
from nexus.bindings.enums import Property
from nexus.bindings.errors import InvalidArgumentError, NexusError, PropertyTypeError
from nexus.runtime import Runtime

GROWS, OVERSTATES, ENDLESS, MUTE = 1, 2, 3, 4
DAMAGED = "the plugin answers .*; mend the plugin"


@pytest.fixture
def odd(runtime: int, stub: Stub) -> Runtime:
    """Return the stub as the object layer sees it."""
    return runtimes.of_number(runtime)


READERS: dict[str, Callable[[int], object]] = {
    "int": lambda runtime: nxs.get_runtime_property(runtime, Property.Size),
    "text": lambda runtime: nxs.get_runtime_property(runtime, Property.Name),
    "texts": lambda runtime: nxs.get_runtime_property(runtime, Property.BinaryKinds),
    "ints": lambda runtime: nxs.get_runtime_property(runtime, Property.Keys),
    "document": lambda runtime: nxs.get_runtime_property(runtime, Property.MemorySubsystem),
    "kernels": lambda runtime: nxs.get_library_kernels(runtime, 1),
    "bytes": lambda runtime: nxs.export_event(runtime, 1, 0),
    "int of an object": lambda runtime: runtimes.of_number(runtime).get_property_int("Size"),
    "text of an object": lambda runtime: runtimes.of_number(runtime).get_property_str("Name"),
    "property of an object": lambda runtime: runtimes.of_number(runtime).get_property("Name"),
}


@pytest.mark.parametrize("lie", [OVERSTATES, ENDLESS])
@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_more_bytes_than_there_is_room_for_are_not_read(
    read: Callable[[int], object], lie: int, runtime: int, stub: Stub
) -> None:
    stub.lie(lie)
    with pytest.raises(NexusError, match="the plugin answers a value of [0-9]+ bytes; mend"):
        read(runtime)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_a_value_that_always_outgrows_its_room_is_given_up(
    read: Callable[[int], object], runtime: int, stub: Stub
) -> None:
    stub.value(bytes(512))
    stub.lie(GROWS)
    with pytest.raises(InvalidArgumentError, match="wrong number of bytes.*InvalidArgSize"):
        read(runtime)
    assert len(stub.calls()) < 40


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Size", b""),
        ("Size", bytes(4)),
        ("Size", bytes(16)),
        ("ElapsedTime", bytes(4)),
        ("Keys", bytes(9)),
        ("MemorySubsystem", b"{"),
        ("MemorySubsystem", b"[" * 2000),
        ("MemorySubsystem", b"\xff\xfe"),
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused(
    name: str, value: bytes, runtime: int, stub: Stub
) -> None:
    stub.value(value)
    with pytest.raises(NexusError, match=DAMAGED) as caught:
        nxs.get_runtime_property(runtime, Property[name])
    assert caught.value.runtime == "stub"
    assert caught.value.function == "nxsGetRuntimeProperty"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"", ""),
        (b"\0", ""),
        (b"name", "name"),
        (b"name\0", "name"),
        (b"gr\xf6\0", "gr\ufffd"),
        (b"a\0b\0", "a\0b"),
    ],
)
def test_a_text_is_what_can_be_read_of_it(
    value: bytes, text: str, odd: Runtime, stub: Stub
) -> None:
    stub.value(value)
    assert odd.get_property_str("Name") == text
    assert nxs.get_runtime_property(odd.runtime_number, Property.Name) == text


def test_a_property_without_a_name_or_type_is_told(odd: Runtime, stub: Stub) -> None:
    stub.lie(MUTE)
    stub.value(bytes(8))
    assert nxs.get_property_info(odd.runtime_number, 0x10001) == (0, "")
    assert nxs.get_runtime_property(odd.runtime_number, 0x10001) == 0  # type 0 is an int


def test_keys_that_mean_nothing_are_shown_as_numbers(odd: Runtime, stub: Stub) -> None:
    stub.lie(MUTE)
    stub.value(struct.pack("<4q", Property.Keys, Property.Name, 9999, 0x10005))
    assert odd.property_names() == {
        "Name": Property.Name,
        "Keys": Property.Keys,
        "0x270f": 9999,
        "0x10005": 0x10005,
    }


@pytest.mark.parametrize("key", [-1, 1 << 31, 1 << 62])
def test_keys_that_are_no_ids_are_refused(key: int, odd: Runtime, stub: Stub) -> None:
    stub.value(struct.pack("<q", key))
    with pytest.raises(NexusError, match=f"lists the property {key}, which is no id; mend"):
        odd.property_names()


def test_a_value_of_another_type_than_its_getters_is_refused(odd: Runtime, stub: Stub) -> None:
    stub.value(b"eight by")
    with pytest.raises(PropertyTypeError, match="cannot read Name as an integer"):
        odd.get_property_int("Name")


@pytest.mark.parametrize("n_devices", [-3, 1 << 40])
def test_devices_that_cannot_be_counted_are_told_and_others_used(
    n_devices: int, tmp_path: Path
) -> None:
    path = build(tmp_path, "boaster")
    printed = fresh.run(
        f"""
        from pathlib import Path
        from doubles.stub_plugin import Stub
        import nexus
        Stub(Path({str(path)!r})).value(({n_devices}).to_bytes(8, "little", signed=True))
        print(nexus.get_runtimes().names())
        os = __import__("os")
        os.environ["NEXUS_RUNTIMES"] = "boaster,cpu"
        print(nexus.get_runtimes().names())
        print(nexus.unavailable_runtimes()["boaster"])
        for ask in (lambda: nexus.get_runtime("boaster").get_devices(),
                    lambda: nexus.get_runtime("boaster").get_device(0)):
            try:
                ask()
            except nexus.NexusError as error:
                print(error)
        """,
        NEXUS_RUNTIME_PATH=str(tmp_path),
    )
    sentence = f"runtime boaster says that it has {n_devices} devices; mend its plugin"
    told = f"it does not say how many devices it has: {sentence}"
    assert printed.splitlines() == ["['cpu']", "['cpu']", told, sentence, sentence]


def test_a_runtime_that_does_not_know_its_devices_is_told_and_others_used(tmp_path: Path) -> None:
    path = build(tmp_path, "shy")
    printed = fresh.run(
        f"""
        from pathlib import Path
        from doubles.stub_plugin import Stub
        import nexus
        Stub(Path({str(path)!r})).answer(-64)
        print(nexus.get_runtimes().names())
        print(nexus.unavailable_runtimes()["shy"])
        """,
        NEXUS_RUNTIME_PATH=str(tmp_path),
    )
    names, told = printed.splitlines()
    assert names == "['cpu']"
    assert told.startswith("it does not say how many devices it has: ")
