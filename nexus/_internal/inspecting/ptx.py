"""Reads PTX, the text that NVIDIA's driver compiles: directives are read, instructions are not.

The one thing that is taken from instructions: a parameter of 64 bits that is turned into an address
(`cvta.to.global`) is a pointer. Each line is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from nexus._internal.inspecting import portable
from nexus._internal.inspecting.facts import (
    POINTER,
    UNKNOWN,
    VALUE,
    ArgumentInfo,
    KernelInfo,
    LibraryInfo,
)
from nexus._internal.inspecting.source import LONGEST_NAME, Source

MOST_TEXT = 1 << 25  # bytes: 32 MiB
LARGEST = 1 << 31  # of a number in a directive
STARTS = (b".version", b".target", b"//")
WARP = 32  # work-items, on every architecture
POINTER_NBYTES = 8

VERSION = re.compile(r"\.version\s+(\d+\.\d+)")
TARGET = re.compile(r"\.target\s+([\w, ]+)")
ENTRY = re.compile(r"\.entry\s+([\w$%]+)")
TYPE = re.compile(r"\.([a-z])(\d+)$")
NAME = re.compile(r"([\w$%]+)(?:\[(\d+)\])?$")
GROUP = re.compile(r"\.(reqntid|maxntid)\s+(\d+)(?:\s*,\s*(\d+))?(?:\s*,\s*(\d+))?")
SHARED = re.compile(
    r"(?:^|\s)\.shared\s+(?:\.align\s+\d+\s+)?\.[a-z](\d+)\s+([\w$%]+)((?:\[\d+\])*)\s*[;=]"
)
RECORD = re.compile(rf"\.b8\s+([\w$%]+?){portable.SUFFIX}\[\d+\]\s*=\s*\{{([\d, ]+)\}}")
LOCAL = re.compile(r"\.local\s+(?:\.align\s+\d+\s+)?\.[a-z](\d+)\s+([\w$%]+)((?:\[\d+\])*)\s*;")
LOAD = re.compile(r"ld\.param\.\w?64\s+(%\w+),\s*\[([\w$%]+)\]")
ADDRESS = re.compile(r"cvta\.to\.(?:global|shared|const|local)\.u64\s+%\w+,\s*(%\w+)")
COUNT = re.compile(r"\[(\d+)\]")
LINE = re.compile(r"\S[^\n]*")
MARK = re.compile(r"(/\*|\*/)")
SPACED = str.maketrans("();", "   ")
WORD = re.compile(r"[\w$%]+")


@dataclass
class Entry:
    """A kernel that is being read."""

    kernel: KernelInfo
    parameters: list[ArgumentInfo] = field(default_factory=list)
    loaded: dict[str, str] = field(default_factory=dict)  # register -> parameter
    pointers: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)  # variables of the module that it uses


def begins(head: bytes) -> bool:
    """Whether a file that begins so is PTX."""
    text = head.lstrip(b"\0 \t\r\n")
    return text.startswith(STARTS[:2]) or (text.startswith(STARTS[2]) and b".version" in text)


def read(source: Source) -> LibraryInfo:
    """Return what PTX says about its kernels."""
    if source.nbytes > MOST_TEXT:
        source.refuse(f"PTX of at most {MOST_TEXT} bytes is read and this has {source.nbytes}", 0)
    text = source.part(0, source.nbytes, "the text").rstrip(b"\0").decode("ascii", "replace")
    reader = Reader(source)
    for place, line in lines(text):
        source.admit_line()
        reader.take(place, line)
    return reader.library()


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (place, text) of the lines, without comments and without what is too long for code."""
    is_comment = False
    for found in LINE.finditer(text):
        line = found.group()
        if len(line) > LONGEST_NAME:
            continue  # data; no directive is so long
        if is_comment or "/*" in line:
            line, is_comment = _without_comments(line, is_comment)
        code = line.partition("//")[0].rstrip()
        if code:
            yield found.start(), code


def _without_comments(line: str, is_comment: bool) -> tuple[str, bool]:
    """Return a line without its /* */ comments, and whether one goes on after it."""
    kept = []
    for place, piece in enumerate(MARK.split(line)):
        is_mark = place % 2 == 1
        if is_mark and (piece == "/*") != is_comment:
            is_comment = not is_comment
        elif not is_mark and not is_comment:
            kept.append(piece)
    return " ".join(kept), is_comment


class Reader:
    """Takes the lines of a PTX file one after the other."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._version = self._target = ""
        self._kernels: dict[str, KernelInfo] = {}
        self._entry: Entry | None = None
        self._is_header = False  # between `.entry` and its body
        self._depth = 0  # of braces
        self._shared: dict[str, int] = {}  # variables of the module -> bytes
        self._records: dict[str, bytes] = {}  # of portable kernels, by name
        self._at = 0

    def library(self) -> LibraryInfo:
        """Return what was read; refuses text that is no whole PTX."""
        if not self._version or not self._target:
            self._refuse("the directives .version and .target were expected")
        if self._entry is not None:
            self._refuse(f"the end of the kernel {self._entry.kernel.name} was expected")
        targets = [each.strip() for each in self._target.split(",")]
        target = f"{', '.join(targets)}; PTX {self._version}"
        for name, record in self._records.items():
            if kernel := self._kernels.get(name):
                self._kernels[name] = portable.with_record(kernel, record)
        return LibraryInfo("ptx", targets[0], self._kernels, target)

    def take(self, place: int, line: str) -> None:
        """Take a line."""
        self._at = place
        if self._entry is None:
            self._take_outside(line)
        elif self._is_header:
            self._take_header(line, self._entry)
        else:
            self._take_body(line, self._entry)

    def _take_outside(self, line: str) -> None:
        if match := VERSION.match(line):
            self._version = match[1]
        elif match := TARGET.match(line):
            self._target = match[1]
        if not self._depth and (match := ENTRY.search(line)):
            self._entry = Entry(KernelInfo(name=match[1], simd_size=WARP))
            self._is_header = True
            self._take_header(line[match.end() :], self._entry)
        else:
            if not self._depth and (found := SHARED.search(line)):
                self._shared[found[2]] = self._nbytes(found[1], found[3])
            elif portable.SUFFIX in line and (found := RECORD.search(line)):
                self._records[found[1]] = self._bytes(found[2])
            self._depth = max(0, self._depth + line.count("{") - line.count("}"))

    def _take_header(self, line: str, entry: Entry) -> None:
        head, brace, body = line.partition("{")
        for part in head.translate(SPACED).split(","):
            words = part.split()
            if ".param" in words:
                entry.parameters.append(self._parameter(words, entry.parameters))
        for match in GROUP.finditer(head):
            entry.kernel = self._with_group(entry.kernel, match)
        if ";" in head and not brace:  # a declaration: the kernel is elsewhere
            self._entry = None
        elif brace:
            self._is_header, self._depth = False, 1
            self._take_body(body, entry)

    def _take_body(self, line: str, entry: Entry) -> None:
        if match := LOAD.search(line):
            entry.loaded[match[1]] = match[2]
        elif match := ADDRESS.search(line):
            entry.pointers.add(entry.loaded.get(match[1], ""))
        elif ".shared" in line and (match := SHARED.search(line)):
            nbytes = entry.kernel.group_memory + self._nbytes(match[1], match[3])
            entry.kernel = replace(entry.kernel, group_memory=nbytes)
        elif ".local" in line and (match := LOCAL.search(line)):
            nbytes = entry.kernel.private_memory + self._nbytes(match[1], match[3])
            entry.kernel = replace(entry.kernel, private_memory=nbytes)
        if self._shared:
            entry.shared.update(self._shared.keys() & WORD.findall(line))
        self._depth += line.count("{") - line.count("}")
        if self._depth <= 0:
            self._finish(entry)

    def _finish(self, entry: Entry) -> None:
        self._source.admit(len(entry.parameters))
        arguments = tuple(
            replace(each, kind=POINTER)
            if each.kind == UNKNOWN and each.name in entry.pointers
            else each
            for each in entry.parameters
        )
        self._kernels[entry.kernel.name] = replace(
            entry.kernel,
            arguments=arguments,
            argument_nbytes=_end(arguments),
            group_memory=entry.kernel.group_memory
            + sum(self._shared[name] for name in entry.shared),
        )
        self._entry, self._depth = None, 0

    # ---- parts of a directive --------------------------------------------------------------------

    def _parameter(self, words: list[str], before: list[ArgumentInfo]) -> ArgumentInfo:
        """Return the parameter of `.param .align 8 .b8 name[16]`, which stands after others."""
        type_ = next((each for each in map(TYPE.match, words) if each), None)
        name = NAME.match(words[-1])
        if type_ is None or name is None:
            self._refuse("a parameter with a type and a name was expected")
        element = self._nbytes(type_[2], "")
        count = self._number(name[2]) if name[2] else 1
        is_pointer = ".ptr" in words  # its .align is that of what it leads to
        align = self._align(words) if name[2] and not is_pointer else element
        offset = -(-_end(before) // align) * align
        kind = VALUE
        if is_pointer:
            kind = POINTER
        elif element == POINTER_NBYTES and type_[1] in "ub" and not name[2]:
            kind = UNKNOWN
        shown = f"{type_[1]}{type_[2]}" + (f"[{count}]" if name[2] else "")
        nbytes = self._nbytes(type_[2], f"[{count}]")
        return ArgumentInfo(len(before), kind, nbytes, offset, name[1], shown)

    def _align(self, words: list[str]) -> int:
        place = words.index(".align") + 1 if ".align" in words else len(words)
        text = words[place] if place < len(words) else "1"
        return max(1, self._number(text)) if text.isdecimal() else 1

    def _with_group(self, kernel: KernelInfo, match: re.Match[str]) -> KernelInfo:
        x, y, z = (self._number(each) if each else 1 for each in match.groups()[1:])
        if not 0 < x * y * z < LARGEST:
            self._refuse(f"a group of work-items was expected and is {x} x {y} x {z}")
        if match[1] == "maxntid":
            return replace(kernel, max_group_size=x * y * z)
        return replace(kernel, group=(x, y, z), group_size=x * y * z)

    def _nbytes(self, bits: str, counts: str) -> int:
        nbytes = max(1, self._number(bits) // 8)
        for count in COUNT.findall(counts):
            nbytes *= self._number(count)
            if nbytes >= LARGEST:
                self._refuse(f"a size below {LARGEST} bytes was expected")
        return nbytes

    def _bytes(self, numbers: str) -> bytes:
        words = numbers.split(",")
        if len(words) > portable.LARGEST:
            return b""
        return bytes(self._number(each.strip()) & 0xFF for each in words)

    def _number(self, text: str) -> int:
        if not text.isdecimal() or len(text) > 10 or int(text) > LARGEST:
            self._refuse(f"a number up to {LARGEST} was expected")
        return int(text)

    def _refuse(self, why: str) -> NoReturn:
        self._source.refuse(why, self._at)


def _end(arguments: Sequence[ArgumentInfo]) -> int:
    """Return the bytes of a block of arguments."""
    return (arguments[-1].offset or 0) + arguments[-1].nbytes if arguments else 0
