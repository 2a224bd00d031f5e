"""A process that forks beside a busy OpenCL driver, with every other runtime loaded too."""

from __future__ import annotations

import os

import pytest

from doubles import opencl_double


@pytest.mark.skipif(
    "address" in os.environ.get("NEXUS_SANITIZE", ""),
    reason="the address sanitizer forks with its own locks as they are, held ones too",
)
def test_the_parent_goes_on_and_the_child_is_told() -> None:
    printed = opencl_double.run(
        """
        import os
        from nexus.bindings import nxs
        nxs.Backend("null").create_stream(0)
        device, host = nexus.device("opencl"), nexus.device("cpu").create_stream()
        x, kernel = zeros(8), device.compile(ADD_ONE).get_kernel("add_one")
        schedule, stream = device.create_schedule(), device.create_stream()
        command = schedule.create_command(kernel)
        command.set_arguments(x)
        command.finalize(8, 8)
        for _ in range(5):
            runs = [schedule.run(stream, blocking=False) for _ in range(20)]
            child = os.fork()
            if child == 0:
                said = []
                for call in (schedule.run, x.numpy, lambda: device.create_buffer(16)):
                    try:
                        call()
                    except nexus.NexusError as error:
                        said.append(str(error))
                told = all("forked after the OpenCL driver was started" in why for why in said)
                os._exit(0 if told and len(said) == 3 else 1)
            print(os.waitpid(child, 0)[1])
            for run in runs:
                run.wait(60)
        print(x.numpy().tolist())
        """,
        pause_us=200,
    )
    assert printed == "0\n" * 5 + f"{[100] * 8}\n"
