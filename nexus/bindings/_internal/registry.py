"""The loaded runtimes: which name has which number, and why others are not there."""

from __future__ import annotations

import _thread  # what `threading` is made of, which is slow to import
import os

from nexus.bindings._internal import loader, search, variables, words
from nexus.bindings._internal.search import Candidate
from nexus.bindings._internal.search import find_runtimes as find_runtimes
from nexus.bindings._internal.variables import unknown_environment as unknown_environment
from nexus.bindings.enums import Status
from nexus.bindings.errors import BackendUnavailableError, as_status, no_runtime

# Held while a plugin is searched and opened; never while a function of a plugin runs later on.
# Entry points run foreign code, which may load a runtime itself.
_lock = _thread.RLock()
_numbers: dict[str, int] = {}  # by name; the first plugin of a name
_unavailable: dict[str, str] = {}


def _begin_child() -> None:
    # Another thread of the parent may have held it.
    global _lock
    _lock = _thread.RLock()


os.register_at_fork(after_in_child=_begin_child)


def load_runtime(name_or_path: str | os.PathLike[str]) -> int:
    """Load a runtime, unless it is loaded, and return its number.

    Args:
        name_or_path: a name such as `cpu`, which is searched; or the path of a plugin: a PathLike,
            or a str with a `/` in it.

    Raises:
        BackendUnavailableError: no plugin of this name, or it does not load, or its driver or
            device is missing; the message lists every place that was tried. Or it has not started
            within NEXUS_LOAD_TIMEOUT: then it is left to itself, and taken once it has.
    """
    if isinstance(name_or_path, str) and os.sep not in name_or_path:
        number = _numbers.get(name_or_path)
        return _load_by_name(name_or_path) if number is None else number
    path = os.path.abspath(name_or_path)
    with _lock:
        return _open(loader.plugin_name(path), path)


def runtime_name(runtime: int) -> str:
    """The name of a loaded runtime.

    Raises:
        InvalidArgumentError: there is no loaded runtime of this number.
    """
    return _loaded(runtime)[0]


def runtime_path(runtime: int) -> str:
    """The file of a loaded runtime.

    Raises:
        InvalidArgumentError: there is no loaded runtime of this number.
    """
    return _loaded(runtime)[1]


def discover() -> list[int]:
    """Load every runtime that is to be listed and return their numbers in the order of the list.

    NEXUS_RUNTIMES names them in its order; without it they are all that load, by the priority
    that each plugin has (below 0: loads by name only) and then by name. Why others are not in the
    list is in `unavailable_runtimes`.
    """
    wanted = variables.wanted_runtimes()
    with _lock:
        if wanted:
            value = os.environ.get(variables.RUNTIMES)
            return _load_each(wanted, f"{variables.RUNTIMES}={value!r} names it: ")
        candidates = find_runtimes()
        for candidate in candidates:
            if candidate.problem:
                _unavailable[candidate.name] = candidate.problem
        names = [*dict.fromkeys(c.name for c in candidates if not c.problem)]
        ranked = [(loader.priority_of(n), runtime_name(n), n) for n in _load_each(names)]
        return [number for priority, _, number in sorted(ranked) if priority >= 0]


def unavailable_runtimes() -> dict[str, str]:
    """The runtimes, and places to search, that could not be used: name -> why, one sentence."""
    return dict(_unavailable)


def attach_layer(runtime: int, path: str | os.PathLike[str]) -> None:
    """Wrap a loaded runtime in the layer at `path`.

    Calls that are under way on other threads finish without the layer.

    Raises:
        BackendUnavailableError: the file is no layer, the layer refuses this runtime, or it has not
            answered within NEXUS_LOAD_TIMEOUT.
    """
    seconds = variables.load_seconds()
    number, text = loader.attach_layer(runtime, path, seconds)
    if number < 0:
        why = _late(seconds) if text is None else text
        raise BackendUnavailableError(
            f"cannot attach the layer {os.fspath(path)}: {why}",
            as_status(number),
            "nxsAttachLayer",
            loader.name_of(runtime),
        )


def _inspect_function_pointer(runtime: int, name: str) -> int:
    """The address of a function, `nxsCreateBuffer`, in a runtime; 0 when the plugin lacks it."""
    return loader.function_pointer(runtime, name)


def _inspect_function_pointers(runtime: int) -> dict[str, int]:
    """The address of every function of the plugin API in a runtime; 0 for one it lacks."""
    return {name: loader.function_pointer(runtime, name) for name in loader.function_names()}


def _loaded(runtime: int) -> tuple[str, str]:
    if not loader.name_of(runtime):
        raise no_runtime(runtime, "", {n: name for name, n in _numbers.items()})
    return loader.name_of(runtime), loader.path_of(runtime)


def _load_each(names: list[str], why: str = "") -> list[int]:
    numbers = []
    for name in names:
        try:
            numbers.append(_load_by_name(name))
        except BackendUnavailableError as error:
            _unavailable[name] = f"{why}{error}"
    return numbers


def _load_by_name(name: str) -> int:
    with _lock:
        if name in _numbers:
            return _numbers[name]
        candidate = search.find_runtime(name)
        if candidate is None:
            raise _not_found(name)
        return _open(name, candidate.path, candidate)


def _open(name: str, path: str, candidate: Candidate | None = None) -> int:
    variables.tell_unknown()
    seconds = variables.load_seconds()
    problem = search.name_problem(name)
    number, text = (Status.InvalidBinary, problem) if problem else loader.open_plugin(path, seconds)
    if number < 0:
        text = _late(seconds) if text is None else text.removeprefix(f"{path}: ")  # dlerror's
        where = f" (found in {candidate.where})" if candidate else ""
        named = search.printable(name)
        _unavailable[named] = f"{search.printable(path)}{where}: {text}"
        raise BackendUnavailableError(
            f"runtime {named!r} did not load: {_unavailable[named]}{_others(name, path)}",
            as_status(number),
            "load_runtime",
            named,
        )
    _unavailable.pop(name, None)
    loader._loaded.setdefault(number, (name, path))
    _numbers.setdefault(name, number)
    return number


def _late(seconds: float) -> str:
    return (
        f"it has not started yet, and had {seconds:g} s ({variables.LOAD_TIMEOUT}); it is left to "
        "itself, and used once it has started"
    )


def _others(name: str, path: str) -> str:
    found = (c.path for c in find_runtimes() if c.name == name and c.path not in ("", path))
    others = [search.printable(other) for other in found]
    return (
        f"; not tried, because the first of a name is taken: {', '.join(others)}" if others else ""
    )


def _not_found(name: str) -> BackendUnavailableError:
    import difflib  # for messages only

    candidates = find_runtimes()
    tried = [f"{c.name}: {c.problem}" for c in candidates if c.problem]
    for where, place in (
        (search.PATH_VARIABLE, os.environ.get(search.PATH_VARIABLE) or "not set"),
        ("the package", search.PACKAGE),
        ("entry point", search.ENTRY_POINTS),
    ):
        names = [c.name for c in candidates if c.where.startswith(where) and not c.problem]
        tried.append(f"{where} ({place}) has {', '.join(names) or 'none'}")
    close = difflib.get_close_matches(name, [c.name for c in candidates if not c.problem], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    text = (
        f"there is no plugin for runtime {words.shown(name)}{hint}: {'; '.join(tried)}; set "
        f"{search.PATH_VARIABLE} to the folder of {loader.plugin_file(name)}, or use one of those"
    )
    return BackendUnavailableError(text, Status.DeviceNotAvailable, "load_runtime", name)
