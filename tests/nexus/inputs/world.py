"""One object of each class, open and closed and of another runtime, to call methods of and with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import nexus
from nexus._internal.architectures.places import own_folder

N = 16  # elements of each buffer
ENTRY = {
    "Type": "gpu", "str": "text", "int": 1, "flt": 1.5, "str_vec": ["text"], "int_vec": [1],
    "flt_vec": [1.5], "Name": "a GPU",
    "CoreSubsystem": {"SIMDSize": 32},
    "Limits": {"MaxThreadsPerBlock": 1024, "MaxWavesPerCore": 32},
    "PeakRates": {"Vector": {"F32": {"Dense": 1000.0}}},
    "MemorySubsystem": {"MemoryTypes": [{"Bandwidth": 100.0}]},
}  # fmt: skip
CONTENTS = np.arange(N, dtype=np.float32)


class Objects:
    """One object of each class, on one device."""

    def __init__(self, device: nexus.Device, kernel: nexus.Kernel, library: nexus.Library) -> None:
        self.device = device
        self.runtime = device.runtime
        self.library = library
        self.kernel = kernel
        self.buffer = device.create_buffer(CONTENTS)
        self.other = device.create_buffer((N,), "f32")
        self.event = device.create_event()
        self.stream = device.create_stream()
        self.schedule = device.create_schedule()
        self.command = self.schedule.create_command(kernel)
        self.signal = self.schedule.create_signal_command(self.event)
        self.properties = nexus.Properties(entry=ENTRY)

    def close(self) -> None:
        """Close whatever can be."""
        for value in vars(self).values():
            if isinstance(value, nexus.Buffer | nexus.Event | nexus.Stream | nexus.Schedule):
                value.close()
            if isinstance(value, nexus.Command | nexus.Kernel | nexus.Library):
                value.close()


class World(Objects):
    """The objects that are used, beside those that must be refused."""

    def __init__(self, device: nexus.Device, null_device: nexus.Device, binary: Path) -> None:
        self.path, self.binary = str(binary), binary.read_bytes()
        library = device.load_library(binary)
        super().__init__(device, library.get_kernel("scale"), library)
        self.runtimes = nexus.get_runtimes()
        self.advice = nexus.advise(self.properties)
        self.entry_path = str(next(Path(own_folder()).glob("*-*-*.json")))
        self.command.set_arguments(2.0, self.other)
        self.command.finalize(4, N)
        run = self.schedule.run(self.stream, blocking=False, timing=True)
        assert run is not None
        run.wait()
        self.run = run
        foreign = null_device.create_library(b"any bytes are a library here")
        self.foreign = Objects(null_device, foreign.get_kernel("any"), foreign)
        another = device.load_library(binary)
        self.closed = Objects(device, another.get_kernel("scale"), another)
        self.closed.close()

    def listed(self) -> list[list[Any]]:
        """Return what the device lists."""
        device = self.device
        return [
            device.get_buffers(), device.get_events(), device.get_streams(),
            device.get_schedules(), device.get_libraries(),
        ]  # fmt: skip

    def check(self) -> None:
        """Fail unless everything still works."""
        assert np.array_equal(self.buffer.numpy(), CONTENTS)
        self.other.write(CONTENTS)
        self.event.reset()
        self.command.set_arguments(2.0, self.other)
        self.command.finalize(4, N)
        self.schedule.run(self.stream)
        self.event.wait(timeout=60)
        assert np.array_equal(self.other.numpy(), 2 * CONTENTS)
