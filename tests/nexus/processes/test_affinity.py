"""On which processors the threads of the CPU runtime may run."""

from __future__ import annotations

import os
import sys

import pytest

from doubles import fresh

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processors are chosen on Linux only"),
    pytest.mark.skipif(
        len(getattr(os, "sched_getaffinity", lambda _: [0])(0)) < 2,
        reason="one processor: there is none to leave out",
    ),
]

PRELUDE = """
import os, time
import nexus

def tasks():
    return {int(task) for task in os.listdir("/proc/self/task")}

def masks():
    return [os.sched_getaffinity(worker) for worker in workers]

def until(holds):
    end = time.monotonic() + 20
    while not holds() and time.monotonic() < end:
        time.sleep(0.001)
    return holds()

device = nexus.device("cpu")
source = '''
#include <nexus/kernel.h>
NXS_KERNEL(spin, val(float, n), out(float, x)) {
  float sum = 0.0f;
  for (float i = 0.0f; i < n; i += 1.0f) sum = nxs_sin(sum + i);
  x[nxs_global_id(0)] = sum;
}
'''
kernel = device.compile(source).get_kernel("spin")
out = device.create_buffer(64, "f32")
everywhere, before = os.sched_getaffinity(0), tasks()

def launch(n):
    return kernel(float(n), out, grid=64, group=1, blocking=False)

launch(1).wait()
workers = tasks() - before
"""


def test_a_worker_that_sleeps_leaves_out_the_processor_of_its_waker() -> None:
    printed = fresh.run(
        PRELUDE
        + """
asleep = lambda: all(len(everywhere - mask) == 1 for mask in masks())
print(len(workers) > 0, until(asleep))
run = launch(1e6)
print(until(lambda: everywhere in masks()), run.done)
run.wait()
print(until(asleep))
"""
    )
    assert printed.split() == ["True", "True", "True", "False", "True"]


def test_processors_that_the_program_chose_for_a_worker_stay() -> None:
    printed = fresh.run(
        PRELUDE
        + """
print(until(lambda: all(len(everywhere - mask) == 1 for mask in masks())))
chosen = everywhere - masks()[0]  # another one than it has now, which would look like its own
for worker in workers:
    os.sched_setaffinity(worker, chosen)
for here in 2 * sorted(everywhere)[:2]:  # the waker moves
    os.sched_setaffinity(0, {here})
    launch(1e3).wait()
    time.sleep(0.01)
    print(all(mask == chosen for mask in masks()))
"""
    )
    assert printed.split() == ["True"] * 5
