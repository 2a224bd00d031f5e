"""Children of a process that uses the device: by fork, and by multiprocessing in its three ways."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CHILD = """
buffer = device.create_buffer(np.arange(4, dtype="i4"))
event, schedule = waiting()
stream = device.create_stream()
run = schedule.run(stream, blocking=False)
child = os.fork()
if child == 0:
    try:
        assert buffer.numpy().tolist() == [0, 1, 2, 3]
        try:
            run.wait(timeout=60)
            os._exit(2)
        except nexus.ExecutionError as error:
            assert "fork" in str(error), error
        recorded("add_one", buffer).run()
        recorded("add_one", buffer).run(device.create_stream())
        assert buffer.numpy().tolist() == [2, 1, 2, 3]
        assert len(device.get_buffers()) == 1
        os._exit(0)
    except BaseException as error:
        print(repr(error), flush=True)
        os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
event.signal()
run.wait(timeout=60)
recorded("add_one", buffer).run()
print(buffer.numpy().tolist())
"""


def test_a_child_keeps_the_bytes_and_runs_anew(output: Callable[[str], str]) -> None:
    assert output(CHILD) == "[1, 1, 2, 3]\n"


WORKERS = """
import multiprocessing
def work(buffer):
    recorded("add_one", buffer).run()
    return buffer.device, int(buffer.numpy()[0])
if __name__ == "__main__":
    recorded("add_one", np.zeros(1, "i4")).run()
    with multiprocessing.get_context("METHOD").Pool(2) as pool:
        sent = [device.create_buffer(np.array([n], "i4")) for n in range(6)]
        back = pool.map(work, sent)
    assert all(each is device for each, _ in back)
    print([n for _, n in back], [int(buffer.numpy()[0]) for buffer in sent])
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing_works(method: str, output: Callable[[str], str]) -> None:
    said = output(WORKERS.replace("METHOD", method))
    assert said == "[1, 2, 3, 4, 5, 6] [0, 1, 2, 3, 4, 5]\n"


BESIDE = """
nexus.get_runtimes()  # which imports: Python keeps the lock of a module that a thread imports
stop = threading.Event()
def work():
    buffer, x = device.create_buffer(64), np.zeros(64, "u1")
    while not stop.is_set():
        buffer.fill(1), buffer.copy(x), device.create_event().signal()
def look():
    while not stop.is_set():
        nexus.get_runtimes()
threads = [threading.Thread(target=each, daemon=True) for each in (work, work, work, look)]
for thread in threads:
    thread.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # ends a child that hangs
        nexus.get_runtimes()
        buffer = device.create_buffer(8)
        buffer.fill(7)
        os._exit(0 if buffer.numpy().tolist() == [7] * 8 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
stop.set()
for thread in threads:
    thread.join()
print("done")
"""


def test_a_fork_beside_threads_that_work_leaves_no_lock_held(
    output: Callable[[str], str],
) -> None:
    assert output(BESIDE) == "done\n"
