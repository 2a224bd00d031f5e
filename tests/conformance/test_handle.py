"""Handles: what is not a living object of the right kind is refused by every function."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.api_table import KINDS, Arg, Function
from conformance.c_api import CApi
from conformance.harness import FEATURE_OF, Lab, refused
from conformance.walk import WALKED, World, name_of, names, walked_arguments
from nexus.bindings import nxs
from nexus.bindings.enums import Property, Status

# A handle is [0][kind:4][runtime:7][generation:28][slot:24].
KIND, RUNTIME, GENERATION = 1 << 59, 1 << 52, 1 << 24
HANDLES = walked_arguments(lambda function, arg: arg.type in KINDS)


@pytest.fixture
def world(lab: Lab, binaries: Callable[[str], bytes], tmp_path: Path) -> World:
    """Return what the calls of the walk take."""
    return World(lab, binaries("kernels"), tmp_path)


@pytest.fixture
def c_api(runtime: int) -> CApi:
    """Return the C functions."""
    return CApi(runtime)


def call(c_api: CApi, world: World, function: Function, **changed: object) -> int:
    """Call with fitting arguments, but for those that are changed."""
    arguments = {**world.arguments(function), **changed}
    return c_api.call(function.name, *arguments.values())


def skip_gaps(lab: Lab, c_api: CApi, function: Function) -> None:
    """Skip the test of an optional function that the plugin does not have."""
    if function.optional and not c_api.has(function.name):
        lab.needs(FEATURE_OF[function.name])
        pytest.fail(f"{function.name} is missing, and plugin.toml does not name the gap")


def released(world: World, kind: str) -> int:
    """Return a handle that was alive."""
    handle = world.handle(kind)
    getattr(world.lab.api, f"release_{kind}")(handle)
    return handle


def strangers(world: World, kind: str) -> dict[str, int]:
    """Return handles that are no living object of this kind, by what is wrong with them."""
    living = world.handle(kind)
    others = {
        f"a {other}": world.lab.library() if other == "library" else world.handle(other)
        for other in KINDS
        if other != kind
    }
    return {
        "-1": -1,
        "a status": Status.InvalidBuffer,
        "the lowest": -(2**63),
        "the highest": 2**63 - 1,
        "a small number": 1,
        "kind 0": living - KINDS[kind] * KIND,
        "no kind": living | 15 * KIND,
        "another runtime": living ^ RUNTIME,
        "a later generation": living + GENERATION,
        "no generation": living & ~(((1 << 28) - 1) * GENERATION),
        "no such slot": living | (GENERATION - 1),
        "the sign": living - 2**63,
        "released": released(world, kind),
        **others,
    }


@pytest.mark.parametrize("function", WALKED, ids=name_of)
def test_the_calls_of_the_walk_succeed(
    lab: Lab, c_api: CApi, world: World, function: Function
) -> None:
    """Or the refusals below would prove nothing."""
    skip_gaps(lab, c_api, function)
    assert call(c_api, world, function) >= 0, c_api.last_error()


@pytest.mark.parametrize(("function", "arg"), HANDLES, ids=name_of)
def test_what_is_no_living_object_of_the_kind_is_refused_by_name(
    lab: Lab, c_api: CApi, world: World, function: Function, arg: Arg
) -> None:
    skip_gaps(lab, c_api, function)
    handles = strangers(world, arg.type)
    if not arg.nullable:
        handles["0"] = 0
    wrong, answers = Status[f"Invalid{arg.type.capitalize()}"], {}
    for what, handle in handles.items():
        status = Status(min(call(c_api, world, function, **{arg.name: handle}), 0))
        answers[what] = status, names(c_api.last_error(), handle)
    assert answers == dict.fromkeys(handles, (wrong, True))
    assert call(c_api, world, function) >= 0, c_api.last_error()


@pytest.mark.parametrize("kind", KINDS)
def test_a_handle_of_another_runtime_is_refused_with_its_number(
    lab: Lab, runtime: int, world: World, kind: str
) -> None:
    others = [number for number in range(16) if number != runtime]
    release = getattr(lab.api, f"release_{kind}")
    living = world.handle(kind)
    for number in others:
        with refused(Status[f"Invalid{kind.capitalize()}"], match=rf"\b{number}\b"):
            release(living + (number - runtime) * RUNTIME)
    release(living)


def test_the_parts_of_a_handle_are_where_they_should_be(
    lab: Lab, runtime: int, world: World
) -> None:
    for kind, number in KINDS.items():
        handle = world.handle(kind)
        assert handle >> 59 == number
        assert handle >> 52 & 127 == runtime


@pytest.mark.parametrize("kind", KINDS)
def test_a_handle_is_released_once(lab: Lab, world: World, kind: str) -> None:
    handle = world.handle(kind)
    release = getattr(lab.api, f"release_{kind}")
    release(handle)
    for _ in range(2):
        with refused(Status[f"Invalid{kind.capitalize()}"]):
            release(handle)


def test_a_released_handle_is_refused_after_its_slot_is_used_again(lab: Lab) -> None:
    stale = lab.api.create_event(lab.device)
    lab.api.release_event(stale)
    slots = {stale % GENERATION: stale}
    for _ in range(100_000):
        fresh = lab.api.create_event(lab.device)
        if slots.setdefault(fresh % GENERATION, fresh) != fresh:
            break
        lab.api.release_event(fresh)
    lab.own("event", fresh)
    older = slots[fresh % GENERATION]
    assert older != fresh
    with refused(Status.InvalidEvent):
        lab.api.signal_event(older)
    assert lab.get("event", fresh, Property.Value) == 0


def test_a_slot_that_was_just_freed_is_not_the_next_to_be_used(lab: Lab) -> None:
    """Or its generations would be used up while others rest."""
    handles = [lab.api.create_event(lab.device) for _ in range(2)]
    for handle in handles:
        lab.api.release_event(handle)
    for _ in range(10):
        handles.append(lab.api.create_event(lab.device))
        lab.api.release_event(handles[-1])
    slots = [handle % GENERATION for handle in handles]
    assert all(one != other for one, other in itertools.pairwise(slots))


def test_no_handle_is_given_out_twice(lab: Lab) -> None:
    seen = set()
    for _ in range(5000):
        handle = lab.api.create_schedule(lab.device)
        lab.api.release_schedule(handle)
        seen.add(handle)
    assert len(seen) == 5000


def test_a_buffer_of_another_runtime_is_no_buffer_of_this_one(
    lab: Lab, runtime: int, other_runtime: int
) -> None:
    foreign = nxs.create_buffer(other_runtime, 0, 16)
    with refused(Status.InvalidBuffer):
        lab.api.release_buffer(foreign)
    with refused(Status.InvalidBuffer):
        lab.api.copy_buffer_region(foreign, 0, lab.buffer(16), 0, 16)
    nxs.release_buffer(other_runtime, foreign)
