"""Rules about buffers: made, borrowed, parted, read, written, filled, copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

import nexus
from nexus._internal import parking

from .base import LONG, NUMBER, RARELY, Base
from .objects import Buffer, Thing, closed_error, pick
from .simple import Span, Step

OFFSET = st.sampled_from([0, 0, 0, 4, 8, 40])
NBYTES = st.sampled_from([0, 4, 4, 8, 8, 16, 16, 32])
NUMBERS = st.sampled_from([0, 1, -2, 7, 40, 90])
INTS = st.lists(NUMBERS, min_size=4, max_size=12)
PATTERN = st.sampled_from([0, 5, 7, 90])
BLOCKING = st.booleans()

READERS: dict[str, Callable[[nexus.Buffer], Any]] = {
    "copy": lambda buffer: _copied(buffer),
    "numpy": lambda buffer: buffer.numpy(),
    "asarray": lambda buffer: np.asarray(buffer),
    "dlpack": lambda buffer: np.from_dlpack(buffer),
    "memoryview": lambda buffer: np.frombuffer(memoryview(buffer).cast("B"), np.uint8),
}


def _copied(buffer: nexus.Buffer) -> Any:
    array = np.empty(buffer.nbytes, np.uint8)
    assert buffer.copy(array) is None
    return array


def scribble(nbytes: int) -> None:
    """Write over memory of the heap that was let go."""
    arrays = [np.full(nbytes, 0x55, np.uint8) for _ in range(8)]
    parking.sweep()
    arrays += [np.full(nbytes, 0x55, np.uint8) for _ in range(8)]


class MemoryRules(Base):
    """Rules about buffers."""

    # ---- making ----------------------------------------------------------------------------------

    def add_memory(self, contents: Any) -> int:
        """Add a memory to the model; return its number."""
        self.model.memories.append(np.frombuffer(contents.tobytes(), np.uint8).copy())
        return len(self.model.memories) - 1

    def add_buffer(
        self, real: nexus.Buffer, span: Span, dtype: str, readonly: bool = False
    ) -> None:
        assert (real.nbytes, real.readonly) == (span.stop - span.start, readonly)
        self.objects.buffers.append(Buffer(real, span=span, dtype=dtype, readonly=readonly))

    @rule(values=INTS, dtype=st.sampled_from(["i32", "i32", "u32", "f32"]))
    def make(self, values: list[int], dtype: str) -> None:
        contents = np.array(values, np.int32).view({"f32": "f4", "u32": "u4"}.get(dtype, "i4"))
        memory = self.add_memory(contents)
        self.add_buffer(
            self.device.create_buffer(contents), Span(memory, 0, contents.nbytes), dtype
        )

    @rule(values=INTS, readonly=st.booleans())
    def borrow(self, values: list[int], readonly: bool) -> None:
        array = np.array(values, np.int32)
        array.flags.writeable = not readonly
        memory = self.add_memory(array)
        self.lent.append((array, memory))
        real = self.device.create_buffer(array, copy=False)
        self.add_buffer(real, Span(memory, 0, array.nbytes), "i32", readonly)

    @precondition(lambda self: self.objects.buffers)
    @rule(which=NUMBER, offset=OFFSET, nbytes=NBYTES)
    def part(self, which: int, offset: int, nbytes: int) -> None:
        whole = pick(self.objects.buffers, which)
        error = closed_error(whole)
        if error is None and not 0 < nbytes <= whole.nbytes - offset:
            error = ValueError
        real = self.expect(error, lambda: whole.real.sub_buffer(offset, nbytes, whole.dtype))
        if real is not None:
            self.add_buffer(real, whole.part(offset, nbytes), whole.dtype, whole.readonly)

    @precondition(lambda self: self.objects.buffers)
    @rule(which=NUMBER)
    def view(self, which: int) -> None:
        """Keep a view of the memory, which stays when the buffer is closed."""
        buffer = pick(self.objects.buffers, which)
        if buffer.closed:
            self.expect(nexus.ClosedError, lambda: memoryview(buffer.real))
        elif not any(run.uses(buffer.span.memory) for run in self.model.blocked()):
            self.views.append((np.asarray(buffer.real), buffer))

    @precondition(lambda self: len(self.objects.buffers) > 3)
    @rule(which=NUMBER, drop=st.booleans())
    def close_buffer(self, which: int, drop: bool) -> None:
        """Close a buffer, or let the last reference go: commands and runs keep what they use."""
        buffer = pick(self.objects.buffers, which)
        if drop and not any(buffer is viewed for _, viewed in self.views):
            self.objects.buffers.remove(buffer)
        else:
            buffer.close()
        scribble(buffer.nbytes)

    # ---- reading and writing by the host ---------------------------------------------------------

    @precondition(lambda self: self.objects.buffers)
    @rule(which=NUMBER, how=st.sampled_from(sorted(READERS)))
    def read(self, which: int, how: str) -> None:
        buffer = pick(self.objects.buffers, which)
        if buffer.closed:
            self.expect(nexus.ClosedError, lambda: READERS[how](buffer.real))
        elif not any(run.uses(buffer.span.memory) for run in self.model.blocked()):
            if not (how == "dlpack" and buffer.readonly):
                self.compare(buffer, READERS[how](buffer.real))

    @precondition(lambda self: self.objects.buffers)
    @rule(which=NUMBER, values=INTS, other_size=RARELY)
    def write(self, which: int, values: list[int], other_size: bool) -> None:
        buffer = pick(self.objects.buffers, which)
        contents = np.resize(np.array(values, np.int32), buffer.nbytes // 4 + other_size)
        if buffer.closed:
            error: type[Exception] | None = nexus.ClosedError
        else:
            error = ValueError if buffer.readonly or contents.nbytes != buffer.nbytes else None
        if error is None and not self.is_idle(buffer.span.memory):
            return
        self.expect(error, lambda: buffer.real.write(contents))
        if error is None:
            self.model.bytes_of(buffer.span)[:] = contents.view(np.uint8)

    # ---- in the order of a stream ----------------------------------------------------------------

    def any_stream(self, which: int) -> Thing | None:
        """Return one of the streams, or None for the default one."""
        streams = [None, *self.objects.streams]
        return streams[which % len(streams)]

    @precondition(lambda self: self.objects.buffers)
    @rule(which=NUMBER, stream=NUMBER, to_host=st.booleans(), blocking=BLOCKING)
    def transfer(self, which: int, stream: int, to_host: bool, blocking: bool) -> None:
        """Copy between a buffer and an array that is let go at once, or compared at the end."""
        buffer, where = pick(self.objects.buffers, which), self.any_stream(stream)
        array = np.arange(which, which + buffer.nbytes // 4, dtype=np.int32)
        call = buffer.real.copy if to_host else buffer.real.write
        error = closed_error(buffer, where)
        if not buffer.closed and buffer.readonly and not to_host:
            error = ValueError
        if error is not None or where is None:
            if error is not None:
                real = None if where is None else where.real
                self.expect(error, lambda: call(array, stream=real, blocking=blocking))
            return
        memory = self.add_memory(array)
        host = Span(memory, 0, array.nbytes)
        ends = ((buffer.span,), (host,)) if to_host else ((host,), (buffer.span,))
        if to_host:
            self.lent.append((array, memory))
        self.submit(
            (Step("copy", *ends),),
            where,
            lambda real, blocks: call(array, stream=real, blocking=blocks),
            blocking=blocking,
        )

    @precondition(lambda self: self.objects.buffers)
    @rule(which=NUMBER, values=INTS)
    def late_write(self, which: int, values: list[int]) -> None:
        """Write an array that everybody else has let go before it is read."""
        buffer = pick(self.objects.buffers, which)
        if buffer.closed or buffer.readonly or not self.is_idle(buffer.span.memory):
            return
        event, stream = self.device.create_event(), self.device.create_stream()
        self.wait_first(event, stream)
        contents = np.resize(np.array(values, np.int32), buffer.nbytes // 4)
        run = buffer.real.write(contents.copy(), stream=stream, blocking=False)
        scribble(contents.nbytes)
        event.signal()
        run.wait(LONG)
        self.model.bytes_of(buffer.span)[:] = contents.view(np.uint8)

    def wait_first(self, event: nexus.Event, stream: nexus.Stream) -> None:
        """Have a stream wait for an event."""
        schedule = self.device.create_schedule()
        schedule.create_wait_command(event)
        schedule.run(stream, blocking=False)

    @precondition(lambda self: self.objects.buffers)
    @rule(which=NUMBER, stream=NUMBER, value=PATTERN, ints=st.booleans(), blocking=BLOCKING)
    def fill(self, which: int, stream: int, value: int, ints: bool, blocking: bool) -> None:
        buffer, where = pick(self.objects.buffers, which), self.any_stream(stream)
        value, dtype = (value, "i32") if ints else (abs(value), "u8")
        error = closed_error(buffer, where)
        if buffer.readonly and not buffer.closed:
            error = ValueError
        if error is not None:
            real = None if where is None else where.real
            self.expect(error, lambda: buffer.real.fill(value, dtype, real, blocking=blocking))
            return
        step = Step("set" if ints else "fill", (), (buffer.span,), value)
        self.submit(
            (step,),
            where,
            lambda real, blocks: buffer.real.fill(value, dtype, real, blocking=blocks),
            blocking=blocking,
        )

    @precondition(lambda self: self.objects.buffers)
    @rule(
        which=st.tuples(NUMBER, NUMBER), stream=NUMBER, offsets=st.tuples(OFFSET, OFFSET),
        nbytes=st.none() | NBYTES, blocking=BLOCKING,
    )  # fmt: skip
    def copy_to(
        self, which: tuple[int, int], stream: int, offsets: tuple[int, int], nbytes: int | None,
        blocking: bool,
    ) -> None:  # fmt: skip
        a, b = (pick(self.objects.buffers, each) for each in which)
        where = self.any_stream(stream)
        error, spans = copied_spans(a, b, offsets, nbytes)
        late = error is nexus.InvalidArgumentError  # what only the runtime sees
        error = closed_error(a, b, where if late else None) or error or closed_error(where)
        options: dict[str, Any] = {"offset": offsets[0], "other_offset": offsets[1]}

        def call(real: Any, blocks: bool) -> Any:
            return a.real.copy_to(b.real, nbytes=nbytes, stream=real, blocking=blocks, **options)

        if error is not None:
            self.expect(error, lambda: call(None if where is None else where.real, blocking))
            return
        self.submit((Step("copy", spans[:1], spans[1:]),), where, call, blocking=blocking)


def copied_spans(
    a: Buffer, b: Buffer, offsets: tuple[int, int], nbytes: int | None
) -> tuple[type[Exception] | None, tuple[Span, ...]]:
    """Return what a copy reads and writes, or the error that it gets."""
    n = a.nbytes - offsets[0] if nbytes is None else nbytes
    source, target = a.part(offsets[0], n), b.part(offsets[1], n)
    outside = n < 1 or offsets[0] + n > a.nbytes or offsets[1] + n > b.nbytes
    if outside or b.readonly:
        return ValueError, ()
    if source.overlaps(target):
        return nexus.InvalidArgumentError, ()
    return None, (source, target)
