"""Files to start from: one of each format and of each way to pack it."""

from __future__ import annotations

import functools
import struct
import subprocess
import tempfile
from pathlib import Path

import nexus
from binaries import DATA, containers, nvidia
from nexus._internal.compilers.container import Container

KERNEL = """
#include <nexus/cpu_kernel.h>
NXS_CPU_KERNEL(seed, val(float, a), in(float, x), inout(float, y)) {
  (void)a, (void)x, (void)y, (void)launch;
}
"""
PTX = b"""// a seed
.version 8.4
.target sm_90, debug
.address_size 64
.shared .align 4 .b8 tile[1024]; /* of the module */
.visible .entry seed(
  .param .f32 seed_param_0, .param .u64 .ptr .global .align 4 seed_param_1,
  .param .align 8 .b8 seed_param_2[16], .param .u64 seed_param_3
)
.maxntid 128, 1, 1
.reqntid 64
{
  .reg .b64 %rd<3>;
  .local .align 16 .b8 depot[256];
  .shared .f32 own[2][8];
  ld.param.u64 %rd1, [seed_param_3];
  cvta.to.global.u64 %rd2, %rd1;
  mov.u32 %r1, tile;
  ret;
}
.extern .entry other(.param .u32 p);
.func (.param .b32 r) helper(.param .b32 p) { ret; }
"""


PROGRAM_FACTS = """platform Seed
device of a driver
driver 1.0
kind opencl-c
options -cl-kernel-arg-info
log a line
kernel seed
limits 8 4 1 1024 256 64
argument 4510 0 a float4
argument 4507 1 x float*
argument 4508 0 tile float*
kernel portable
limits 0 0 0 0 256 0
argument 4507 0 y float*
argument 4510 0 nxs_grid_x uint
argument 4510 0 nxs_grid_y uint
argument 4510 0 nxs_grid_z portable__nxs_out
"""


def program() -> bytes:
    """Return what the opencl runtime gives for a library."""
    code = b"\x7fCODE" * 20
    return b"//nexus:opencl-binary 1 %d %d\n%s%s" % (
        len(PROGRAM_FACTS),
        len(code),
        PROGRAM_FACTS.encode(),
        code,
    )


def spirv() -> bytes:
    """Return a module with a kernel of three parameters, written by hand."""
    words: list[int] = [0x07230203, 0x00010200, 0, 20, 0]

    def add(operation: int, *operands: int) -> None:
        words.extend([(len(operands) + 1) << 16 | operation, *operands])

    name = struct.unpack("<2I", b"seed\0\0\0\0")
    add(15, 6, 10, *name)  # an entry point
    add(16, 10, 17, 8, 4, 1)  # its group size
    add(5, 11, *struct.unpack("<I", b"x\0\0\0"))
    add(21, 2, 32, 0)  # int
    add(22, 3, 32)  # float
    add(23, 4, 3, 4)  # four floats
    add(32, 5, 5, 3)  # a pointer to global memory
    add(32, 6, 4, 3)  # a pointer to group memory
    add(54, 2, 10, 0, 7)  # the function
    for number, type_ in ((11, 5), (12, 6), (13, 4), (14, 2)):
        add(55, type_, number)
    add(56)
    return struct.pack(f"<{len(words)}I", *words)


@functools.cache
def all_seeds() -> dict[str, bytes]:
    """Return the files by name; cubins only where NVRTC is installed."""
    write = containers
    found = {path.parent.name + path.name: path.read_bytes() for path in DATA.rglob("*.hsaco")}
    code = (DATA / "gfx1100.hsaco").read_bytes()
    found |= {
        "seed.ptx": PTX,
        "seed.spv": spirv(),
        "seed.program": program(),
        "source.nxsb": Container(b"x", {"Compiler": "opencl", "Program": PROGRAM_FACTS}).pack(),
        "clang.spv": (DATA / "kernels.spv").read_bytes(),
    }
    found |= {"seed.so": shared_object()}
    found["seed.bundle"] = write.bundle(
        {"host-x86_64--": b"", "hip-amdgcn-amd-amdhsa--gfx1100": code}
    )
    found["zlib.bundle"] = write.compressed_bundle(found["seed.bundle"], 2, 0)
    found["seed.fatbin"] = write.fatbin((write.PTX, 90, PTX, 0), (write.PTX, 80, PTX, write.LZ4))
    if write.zstd_module():
        found["zstd.fatbin"] = write.fatbin((write.PTX, 90, PTX, write.ZSTD))
    for architecture in ("sm_90", "sm_100"):
        if cubin := _cubin(architecture):
            found[f"{architecture}.cubin"] = cubin
            found[f"{architecture}.fatbin"] = write.fatbin((write.CUBIN, 90, cubin, write.LZ4))
    return found


def shared_object() -> bytes:
    """Return a library of the host."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "seed.so"
        command = ["cc", "-x", "c", "-O1", "-fPIC", "-shared", f"-I{nexus.get_include()}", "-s"]
        subprocess.run([*command, "-", "-o", str(made)], input=KERNEL, text=True, check=True)
        return made.read_bytes()


def _cubin(architecture: str) -> bytes:
    source = 'extern "C" __global__ void __launch_bounds__(64) seed(float a, float* x) { *x = a; }'
    return nvidia.compiled(architecture, source).binary if nvidia.library_path() else b""
