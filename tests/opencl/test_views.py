"""Views of buffers that a driver makes no object at: a kernel gets a copy, which is copied back."""

from __future__ import annotations

from doubles import opencl_double


def test_a_view_that_begins_nowhere_is_copied_and_written_back() -> None:
    printed = opencl_double.run(
        """
        x = zeros(4000)
        kernel = nexus.device("opencl").compile(ADD_ONE).get_kernel("add_one")
        kernel(x[33:43], grid=10, group=10)
        kernel(x[1024:1034], grid=10, group=10)  # 4096 bytes: a sub-buffer
        print(np.flatnonzero(x.numpy()).tolist() == [*range(33, 43), *range(1024, 1034)])
        before = control.alive() | {"memory": 2, "event": 0}  # the buffer, the sub-buffer
        print(control.settled(before) == before)
        for _ in range(10): kernel(x[1:11], grid=10, group=10)
        print(control.settled(before) == before)
        """,
        alignment=4096,
    )
    assert printed == "True\n" * 3


def test_views_that_are_only_read_are_not_written_back() -> None:
    printed = opencl_double.run(
        """
        device = nexus.device("opencl")
        x, y = floats(np.arange(64)), floats(np.zeros(64))
        kernel = device.compile(SAXPY).get_kernel("saxpy")
        kernel(1.0, x[3:13], y[5:15], grid=10, group=10)
        out = y.numpy()
        print(np.array_equal(out[5:15], np.arange(3, 13)), out.sum() == sum(range(3, 13)))
        print(np.array_equal(x.numpy(), np.arange(64)))
        """
    )
    assert printed == "True True\nTrue\n"


def test_a_copied_view_that_another_argument_overlaps_is_refused() -> None:
    printed = opencl_double.run(
        """
        device = nexus.device("opencl")
        y = floats(np.zeros(64))
        kernel = device.compile(SAXPY).get_kernel("saxpy")
        try:
            kernel(1.0, y[0:10], y[5:15], grid=10, group=10)
        except nexus.NexusError as error:
            print(error.status.name, error)
        kernel(1.0, y[0:10], y[10:20], grid=10, group=10)  # beside each other
        print(y.numpy().tolist() == [0.0] * 64)
        """
    )
    assert printed.startswith("ExecutionFailed argument 2 (y) of kernel saxpy begins")
    assert "overlaps argument 1; this driver can do that at multiples of 128 bytes only" in printed
    assert printed.endswith("True\n")
