"""Tries a kernel from the command line: arguments from words, a run, and what came of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import numpy as np

import nexus
from nexus._internal.compilers.options import CompileOptions
from nexus._internal.scalars import element_of_c
from nexus.library import Argument

Values: TypeAlias = list[Any]
Array: TypeAlias = np.ndarray[Any, Any]
Size: TypeAlias = tuple[int, ...]

_SHOWN = 4  # elements at either end of an array
_COMPILED_TEXT = (".ptx",)  # what is loaded though it can be read
_MAKERS: dict[str, Callable[[int], Any]] = {
    "zeros": np.zeros,
    "ones": np.ones,
    "arange": np.arange,
    "random": lambda n: np.random.default_rng(0).random(n) * 256,
}
_MADE = re.compile(rf"({'|'.join(_MAKERS)}):([0-9]+(?:x[0-9]+)*)")


def library_of(device: nexus.Device, file: Path, options: CompileOptions) -> nexus.Library:
    """Return the library of a file: a source is compiled, anything else loaded."""
    text = file.read_bytes()
    if b"\0" in text or file.suffix in _COMPILED_TEXT:
        return device.load_library(file)
    return device.compile(text, options)


def kernel_of(library: nexus.Library, name: str | None) -> nexus.Kernel:
    """Return the kernel of a name, or the only one."""
    names = library.kernels
    if name is None and len(names) != 1:
        raise ValueError(f"the file has the kernels {', '.join(names)}: name one with --kernel")
    return library.get_kernel(name or names[0])


def values_of(kernel: nexus.Kernel, words: Sequence[str]) -> Values:
    """Return the arguments of a kernel, in its order, from `[NAME=]VALUE`."""
    info = kernel.info
    if not info:
        raise ValueError(f"nothing is known of the arguments of {kernel.name}: it has no record")
    names = [argument.name for argument in info]
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            name, value = next((each for each in names if each not in given), ""), word
        if name not in names or name in given:
            raise ValueError(f"--arg {word}: {kernel.name} takes each of {', '.join(names)} once")
        given[name] = value
    missing = [name for name in names if name not in given]
    if missing:
        takes = ", ".join(f"{each.name} ({each.access} {each.type})" for each in info)
        raise ValueError(f"no --arg for {', '.join(missing)}: {kernel.name} takes {takes}")
    return [_value(argument, given[argument.name]) for argument in info]


def _value(argument: Argument, word: str) -> Any:
    element = element_of_c(argument.type, argument.nbytes)
    if element is None:
        raise ValueError(f"argument {argument.name} is a {argument.type}, which no word can name")
    dtype = element.numpy_or_raise(f"make {argument.name}")
    if argument.access == "value":
        return _number(argument, word, dtype)
    what = f"--arg {argument.name}={word}"
    if made := _MADE.fullmatch(word):
        array = _made(what, made[1], made[2], dtype)
    elif word.endswith(".npy"):
        array = _loaded(what, word, argument, dtype)
    else:
        raise ValueError(
            f"{what}: an array is {', '.join(_MAKERS)} with a size, as zeros:1000 or ones:16x16, "
            "or a file.npy"
        )
    if not array.size:
        raise ValueError(f"{what}: it has no elements; an array has at least one")
    return array


def _made(what: str, maker: str, sizes: str, dtype: np.dtype[Any]) -> Array:
    try:
        shape = tuple(map(int, sizes.split("x")))
        array: Array = _MAKERS[maker](math.prod(shape)).astype(dtype)
        return array.reshape(shape)
    except (MemoryError, OverflowError, ValueError):  # more bytes than there are, or can be counted
        raise ValueError(f"{what}: there is no memory for so many elements of {dtype}") from None


def _loaded(what: str, file: str, argument: Argument, dtype: np.dtype[Any]) -> Array:
    try:
        array = np.load(file, allow_pickle=False)
    except OSError as error:
        raise ValueError(f"{what}: {error.strerror or error}") from None
    except (EOFError, MemoryError, ValueError) as error:
        raise ValueError(f"{what}: it is no file of an array of numbers ({error})") from None
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{what}: it holds several arrays; save one with numpy.save")
    if array.dtype != dtype:
        raise ValueError(f"{what}: {file} has {array.dtype}, and it is a {argument.type}")
    return np.ascontiguousarray(array)


def _number(argument: Argument, word: str, dtype: np.dtype[Any]) -> Any:
    try:
        return int(word, 0) if dtype.kind in "iu" else float(word)
    except ValueError:
        raise ValueError(f"--arg {argument.name}={word}: it is a {argument.type}") from None


def size(text: str | None, option: str) -> Size | None:
    """Return a size from `X[,Y[,Z]]`."""
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,9}(,[1-9][0-9]{0,9}){0,2}", text, re.ASCII):
        raise ValueError(f"{option} {text}: a size is one to three numbers, as 1024 or 640,480")
    return tuple(map(int, text.split(",")))


def grid_for(kernel: nexus.Kernel, values: Values) -> Size:
    """Return one work-item for each element of the last array that the kernel writes.

    Raises:
        ValueError: it writes none, or one of more dimensions, for which a kernel may want the
            elements counted or a grid of as many.
    """
    written = [pair for pair in _arrays(kernel, values) if pair[0].access != "in"]
    if not written:
        raise ValueError(f"{kernel.name} writes no array: give the work-items with --grid")
    argument, array = written[-1]
    if array.ndim > 1:
        shape = "x".join(map(str, array.shape))
        like_it = f", or {_words(array.shape[::-1])} for a grid like it" * (array.ndim <= 3)
        raise ValueError(
            f"{argument.name} is {shape}: give the work-items with --grid, as {array.size} for one "
            f"index over all elements{like_it}"
        )
    return (array.size,)


def run(
    device: nexus.Device, kernel: nexus.Kernel, values: Values, sizes: tuple[Size, Any], n: int
) -> list[float]:
    """Run a kernel n times and read its arrays back; return the times in milliseconds."""
    grid, group = sizes
    given = [
        device.create_buffer(value) if isinstance(value, np.ndarray) else value for value in values
    ]
    schedule = device.create_schedule()
    command = schedule.create_command(kernel)
    command.set_arguments(*given)
    command.finalize(kernel._group(grid) if group is None else group, grid)
    times = []
    for _ in range(n):
        done = schedule.run(blocking=False, timing=True)
        assert done is not None
        done.wait()
        times.append(done.elapsed_ms)
    for value, buffer in zip(values, given, strict=True):
        if isinstance(value, np.ndarray):
            buffer.copy(value)
    return times


def report(kernel: nexus.Kernel, values: Values, grid: Size, times: list[float]) -> Iterator[str]:
    """Yield lines about what the kernel has written, its grid, and its time."""
    for argument, array in _arrays(kernel, values):
        if argument.access != "in":
            shape = "x".join(map(str, array.shape))
            text = np.array2string(array.ravel(), threshold=2 * _SHOWN, edgeitems=_SHOWN)
            yield f"{argument.name}  {argument.type}[{shape}]  {' '.join(text.split())}"
    most = f", the longest {max(times):.4g}" if len(times) > 1 else ""
    yield f"{kernel.name}  grid {_words(grid)}  {median(times):.4g} ms{most}"


def targets_of(kernel: nexus.Kernel, words: Sequence[str]) -> dict[Path, str]:
    """Return file -> name of the array for it, from `NAME=FILE`, before there is anything to save.

    Raises:
        ValueError: the kernel has no such array; the file cannot be one.
    """
    arrays = [argument.name for argument in kernel.info if argument.access != "value"]
    targets = {}
    for word in words:
        name, _, file = word.partition("=")
        if name not in arrays or not file:
            raise ValueError(f"--save {word}: NAME=FILE.npy with one of {', '.join(arrays)}")
        path = Path(file if file.endswith(".npy") else f"{file}.npy")
        if path.is_dir() or not path.parent.is_dir():
            which = path if path.is_dir() else path.parent
            raise ValueError(f"--save {word}: {which} is {'a' if path.is_dir() else 'no'} folder")
        targets[path] = name
    return targets


def save(kernel: nexus.Kernel, values: Values, targets: Mapping[Path, str]) -> None:
    """Write arrays to the files that are to hold them."""
    arrays = {argument.name: array for argument, array in _arrays(kernel, values)}
    for path, name in targets.items():
        np.save(path, arrays[name])


def _words(size: Size) -> str:
    """Return a size as the options take it."""
    return ",".join(map(str, size))


def _arrays(kernel: nexus.Kernel, values: Values) -> list[tuple[Argument, Array]]:
    pairs = zip(kernel.info, values, strict=True)
    return [(argument, value) for argument, value in pairs if isinstance(value, np.ndarray)]
