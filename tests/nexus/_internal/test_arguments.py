"""What is said of an argument that does not fit: which, of which kernel, and what to give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nexus

SOURCE = """#include <nexus/kernel.h>
typedef struct { int a; float b; } pair;
NXS_KERNEL(k, val(float, a), val(pair, p), in(float, x), inout(nxs_uint8, y)) {
  y[nxs_global_id(0)] = (nxs_uint8)(a + p.b + x[0]);
}
"""
NUMBER, BYTES = "give a number", r"give its bytes, as struct\.pack or array\.tobytes\(\) make them"
FLOATS = r"give a buffer of F32, as device\.create_buffer\(array\) makes it, or an array"


@pytest.fixture(scope="module")
def kernel() -> nexus.Kernel:
    """A kernel with an argument of each kind."""
    return nexus.device("cpu").compile(SOURCE).get_kernel("k")


WRONG = [
    (
        0,
        "2.0",
        r"\(float a\) of kernel k is a value and got '2\.0', a str; give a number, as int\(\)",
    ),
    (0, None, rf"is a value and got None; {NUMBER}"),
    (0, [1.0], rf"is a value and got \[1\.0\], a list; {NUMBER}"),
    (0, np.ones(1, np.float32), rf"{NUMBER}, as array\.item\(\) is one"),
    (0, np.float64(1), r"\(float a\) of kernel k takes F32 and got F64"),
    (0, 1e99, r"\(float a\) of kernel k is 1e\+99, which is too large"),
    (1, 3, rf"\(pair p\) of kernel k is a struct of 8 bytes.*: {BYTES}"),
    (1, "ab", rf"is a value and got 'ab', a str; {BYTES}"),
    (1, (1, 2.0), rf"is a value and got \(1, 2\.0\), a tuple; {BYTES}"),
    (2, 3.0, rf"\(float x\) of kernel k is a buffer and got the number 3\.0; {FLOATS}"),
    (2, "x", rf"is a buffer and got 'x', a str; {FLOATS}"),
    (2, None, rf"is a buffer and got None; {FLOATS}"),
    (2, b"1234", rf"is a buffer and got a value; {FLOATS}"),
    (2, object(), r"\(float x\) of kernel k is an object, which is no host memory"),
    (2, np.ones(4), r"\(float x\) of kernel k is a buffer of F32 and got one of F64"),
    (3, 1, r"\(nxs_uint8 y\) of kernel k is a buffer and got the number 1; give a buffer, as"),
]


@pytest.mark.parametrize(("place", "given", "said"), WRONG)
def test_a_call_says_what_to_give(kernel: nexus.Kernel, place: int, given: Any, said: str) -> None:
    arguments = [1.0, bytes(8), np.ones(4, np.float32), np.zeros(4, np.uint8)]
    arguments[place] = given
    with pytest.raises((TypeError, ValueError), match=said) as caught:
        kernel(*arguments, grid=4)
    assert str(caught.value).startswith(f"argument {place} (")
    assert "set_" not in str(caught.value)


def test_a_buffer_for_a_value_is_told_with_the_remedy(kernel: nexus.Kernel) -> None:
    x = kernel.device.create_buffer(np.ones(4, np.float32))
    with pytest.raises(nexus.InvalidArgumentError, match=rf"got a buffer; {NUMBER}"):
        kernel(x, bytes(8), x, x, grid=4)
    command = kernel.device.create_schedule().create_command(kernel)
    with pytest.raises(nexus.InvalidArgumentError, match=rf"got a buffer; {BYTES}"):
        command.set_buffer(1, x)


def test_a_text_for_a_number_is_not_sent_to_set_buffer(kernel: nexus.Kernel) -> None:
    command = kernel.device.create_schedule().create_command(kernel)
    with pytest.raises(TypeError, match=r"\(float a\) of kernel k got '2', a str; give a number"):
        command.set_scalar(0, "2")
    with pytest.raises(TypeError, match="got a Buffer, which is no number; set_buffer takes"):
        command.set_scalar(0, kernel.device.create_buffer(4))
