"""The plugin's own OpenCL header agrees with the headers of Khronos, where these are installed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

HEADER = Path("csrc/plugins/opencl/cl.h")
CHECK = """
#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <CL/cl_ext.h>
{values}
{tables}
#define SAME(name, returns, parameters) \\
  _Static_assert(__builtin_types_compatible_p(returns (*) parameters, __typeof__(&name)), #name);
NXS_CL_REQUIRED(SAME)
NXS_CL_OPTIONAL(SAME)
"""


def test_the_own_header_agrees_with_the_headers_of_khronos(
    repository: Path, tmp_path: Path
) -> None:
    if not Path("/usr/include/CL/cl.h").exists():
        pytest.skip("the headers of Khronos are not installed (Debian: opencl-headers)")
    text = (repository / HEADER).read_text(encoding="utf-8")
    values = re.findall(r"^#define (CL_\w+) (.+)$", text, re.MULTILINE)
    assert len(values) > 60
    asserts = [f'_Static_assert({name} == ({value}), "{name}");' for name, value in values]
    tables = text[text.index("#define NXS_CL_REQUIRED") : text.rindex("#ifdef __cplusplus")]
    source = tmp_path / "check.c"
    source.write_text(CHECK.format(values="\n".join(asserts), tables=tables), encoding="utf-8")
    command = ["gcc", "-std=gnu11", "-fsyntax-only", str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
