"""Occupancy as nexus calculates it, against the CUDA toolkit's calculator and against LLVM."""

from __future__ import annotations

import importlib.util
import itertools
import math
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import pytest

import nexus
from nexus import KernelInfo
from nexus._internal.architectures import places

HERE = Path(__file__).parent


def cuda_headers() -> Path:
    """Return the folder with cuda_occupancy.h of the package nvidia-cuda-runtime."""
    files = metadata.files("nvidia-cuda-runtime") or []
    header = next(file for file in files if file.name == "cuda_occupancy.h")
    return Path(str(header.locate())).parent


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the CUDA toolkit's own calculator, as a program."""
    program = tmp_path_factory.mktemp("oracle") / "oracle"
    source = HERE / "occupancy_oracle.cpp"
    command = ["c++", "-std=c++20", f"-I{cuda_headers()}", str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    return program


def cuda_names() -> list[str]:
    return [name for name in sorted(places.index()) if name.startswith("nvidia-gpu-sm_")]


def cuda_properties(info: nexus.Properties) -> list[int]:
    """Return what the calculator wants to know of a device."""
    limits, number = info["Limits"], int(info.get_str("Architecture").removeprefix("sm_"))
    reserved = limits.get("ReservedThreadgroupMemoryPerBlock", 0)
    memory = [limits["DefaultThreadgroupMemorySize"], limits["ThreadgroupMemoryPerCore"]]
    threads = [limits["MaxThreadsPerBlock"], limits["MaxThreadsPerCore"]]
    registers = [limits["MaxRegistersPerBlock"], limits["RegistersPerCore"]]
    most = limits["MaxThreadgroupMemorySize"]
    return [number // 10, number % 10, *threads, *registers, *memory, most, reserved]


def launches(limits: Mapping[str, int]) -> Iterator[tuple[int, int, int]]:
    """Yield group size, registers and group memory of launches all over what is possible.

    Also the most group memory with which so many groups fit, and a byte more.
    """
    sizes = (1, 32, 33, 64, 96, 128, 192, 256, 352, 512, 736, 1023, 1024)
    registers = (0, 16, 24, 32, 33, 40, 57, 64, 65, 96, 128, 168, 200, 255)
    memory = (0, 1, 1000, 4096, 10000, 16384, 33000, 49152, 65536, 98304, 101376, 166912, 232448)
    yield from itertools.product(sizes, registers, memory)
    unit, whole = limits["ThreadgroupMemoryAllocationUnit"], limits["ThreadgroupMemoryPerCore"]
    for n_groups in range(2, 33):
        most = whole // n_groups // unit * unit - limits.get("ReservedThreadgroupMemoryPerBlock", 0)
        yield from ((32, 0, most), (32, 0, most + 1))


def groups_by_oracle(
    oracle: Path, properties: Sequence[int], wanted: Sequence[tuple[int, int, int]]
) -> list[int]:
    """Return how many groups a core holds, for each launch."""
    lines = [" ".join(map(str, numbers)) for numbers in (properties, *wanted)]
    text = "\n".join(lines)
    done = subprocess.run([oracle], input=text, check=True, capture_output=True, text=True)
    return [int(line) for line in done.stdout.split()]


@pytest.mark.parametrize("name", cuda_names())
def test_occupancy_is_that_of_the_cuda_toolkit(oracle: Path, name: str) -> None:
    info = nexus.lookup_device_info(name)
    wanted = [*launches(info["Limits"])]
    expected = groups_by_oracle(oracle, cuda_properties(info), wanted)
    assert len(expected) == len(wanted)
    for (size, registers, memory), groups in zip(wanted, expected, strict=True):
        kernel = KernelInfo(registers=registers, group_memory=memory)
        found = nexus.advise(info, kernel).occupancy(size)
        assert found.groups_per_core == groups, (size, registers, memory, found)


# ---- LLVM ----------------------------------------------------------------------------------------

needs_zig = pytest.mark.skipif(
    importlib.util.find_spec("ziglang") is None,
    reason="pip install ziglang, whose clang compiles for AMD GPUs, to compare with LLVM",
)


def amd_names() -> list[str]:
    return [name for name in sorted(places.index()) if name.startswith("amd-gpu-gfx")]


def resources(architecture: str, registers: int, size: int, lds: int) -> dict[str, int]:
    """Compile a kernel; return what the compiler says that it uses, and its waves for a SIMD."""
    defines = [f"-DN={registers}", f"-DSIZE={size}", f"-DLDS={lds}"]
    target = ["-target", "amdgcn-amd-amdhsa", f"-mcpu={architecture}", "-nogpulib"]
    mode = [] if architecture.startswith("gfx9") else ["-mcumode"]  # groups stay on one unit
    remarks = [
        "-O2",
        "-x",
        "cl",
        "-cl-no-stdinc",
        "-c",
        "-o",
        "/dev/null",
        "-Rpass-analysis=kernel-resource-usage",
    ]
    source = str(HERE / "amdgpu_kernel.cl")
    command = [sys.executable, "-m", "ziglang", "clang", *target, *mode, *defines, *remarks, source]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {name: int(n) for name, n in re.findall(r" (\w+)(?: \[\S+\])?: (\d+)", done.stderr)}


def all_registers(info: nexus.Properties, used: dict[str, int]) -> int:
    """Return the registers of a work-item; some architectures have two kinds in one file."""
    is_unified = info["Limits"]["MaxRegistersPerThread"] == 512
    return -(-used["VGPRs"] // 4) * 4 + used["AGPRs"] if is_unified else used["VGPRs"]


@needs_zig
@pytest.mark.parametrize("name", amd_names())
def test_waves_that_registers_allow_are_those_of_llvm(name: str) -> None:
    info = nexus.lookup_device_info(name)
    wave, n_parts = (info["CoreSubsystem"][key] for key in ("SIMDSize", "PartitionCount"))
    for registers in (8, 26, 60, 120):  # some units of allocation tell apart
        used = resources(info.get_str("Architecture"), registers, 256, 0)
        kernel = KernelInfo(registers=all_registers(info, used))
        found = nexus.advise(info, kernel).occupancy(wave)
        assert found.limits["registers"] >= found.groups_per_core
        assert found.waves_per_core // n_parts == used["Occupancy"], (used, found)


@needs_zig
@pytest.mark.parametrize("name", amd_names())
def test_waves_that_group_memory_allows_are_those_of_llvm(name: str) -> None:
    info = nexus.lookup_device_info(name)
    n_parts = info["CoreSubsystem"]["PartitionCount"]
    unit, whole = (
        info["Limits"][f"ThreadgroupMemory{key}"] for key in ("AllocationUnit", "PerCore")
    )
    third = whole // 3 // unit * unit  # LLVM does not round up to a unit; this is one
    for size, lds in ((64, 2000), (256, third), (512, 33000)):
        used = resources(info.get_str("Architecture"), 4, size, lds)
        kernel = KernelInfo(registers=used["VGPRs"], group_memory=used["Size"])
        found = nexus.advise(info, kernel).occupancy(size)
        assert math.ceil(found.waves_per_core / n_parts) == used["Occupancy"], (used, found)
