"""Headers that a source includes reach a driver, whatever way they are named and found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nexus

SCALE = """#pragma once
#include <nexus/kernel.h>
NXS_FUNC float scaled(float x) { return FACTOR * x; }
"""
SOURCE = """/* Use it so:
#include <nobody.h>
*/
#if 0
#  include "absent.h"
#include "twice.h"
#endif
/* both */ #include \\
  "scale.h"
#include TWICE
NXS_KERNEL(k, inout(float, x)) { x[nxs_global_id(0)] = twice_scaled(x[nxs_global_id(0)]); }
"""
TWICE = '#include "scale.h"\r\nNXS_FUNC float twice_scaled(float x) { return 2 * scaled(x); }\r\n'


def test_headers_of_folders_and_texts_include_each_other(
    device: nexus.Device, tmp_path: Path
) -> None:
    folder = tmp_path / "with a blank"
    folder.mkdir()
    (folder / "scale.h").write_text(SCALE)
    options = {
        "include_dirs": [folder],
        "headers": {"twice.h": TWICE},
        "defines": {"FACTOR": "1.5f", "TWICE": '"twice.h"'},
    }
    x = device.create_buffer(np.arange(8, dtype=np.float32))
    device.compile(SOURCE, options).get_kernel("k")(x, grid=8)
    assert x.numpy().tolist() == [3.0 * n for n in range(8)]


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ('#include "a.h"\nkernel void k(global int *x) { *x = a(); }\n', r"a\.h:3:"),
        (
            '#if 0\n#include "a.h"\n#endif\nkernel void k(global int *x) { *x = nobody; }\n',
            "k.cl:4:",
        ),
    ],
)
def test_a_mistake_is_told_where_it_is(device: nexus.Device, source: str, where: str) -> None:
    if "Oclgrind" in device.name:
        pytest.skip("oclgrind's log counts the lines of all that it got, whatever #line says")
    headers = {"a.h": "#pragma once\n\nint a(void) { return nobody; }\n"}
    with pytest.raises(nexus.CompileError, match=where):
        device.compile(source, {"name": "k.cl", "headers": headers})


def test_headers_that_include_each_other_are_told(device: nexus.Device) -> None:
    headers = {"a.h": '#include "b.h"\n', "b.h": '#include "a.h"\n'}
    with pytest.raises(nexus.CompileError, match=r"includes without end: k\.cl, a\.h, b\.h, a\.h"):
        device.compile('#include "a.h"\n', {"name": "k.cl", "headers": headers})
