"""The commands about kernels: compile them, try one, and look after what is kept of compiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import click

import nexus
from nexus._internal import compilers
from nexus._internal.compilers import built, cached, folder
from nexus._internal.compilers.container import SUFFIX
from nexus._internal.compilers.options import CompileOptions
from nexus._internal.inspecting import program
from nexus._internal.inspecting.source import Source
from nexus.bindings.errors import BackendUnavailableError, CompilerNotFoundError
from nexus.cli import trial
from nexus.cli.quantities import size_text

_DEFINES = click.option("-D", "defines", multiple=True, metavar="NAME[=VALUE]", help="A macro.")
_INCLUDES = click.option(
    "-I", "folders", multiple=True, type=click.Path(exists=True, file_okay=False), help="A folder."
)
_FLAGS = click.option("--flag", "flags", multiple=True, help="Anything else for the compiler.")
_FAST = click.option("--fast-math", is_flag=True, help="Allow less exact arithmetic.")
_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def _options(file: Path, arch: str | None = None, **given: Any) -> CompileOptions:
    parts = [define.partition("=") for define in given["defines"]]
    return CompileOptions(
        {name: value if equals else None for name, equals, value in parts},
        given["folders"],
        given["flags"],
        fast_math=given["fast_math"],
        arch=arch,
        name=str(file),
    )


class _Target(NamedTuple):
    """What to compile for.

    Attributes:
        compiler: its name.
        device: the one that is here; None: it was not asked for, or there is none.
        why: there is none.
    """

    compiler: str
    device: nexus.Device | None = None
    why: str = ""


def _target_of(runtime: str | None, arch: str | None) -> _Target:
    """Return what to compile for; a known runtime is opened only where its device decides.

    Raises:
        BackendUnavailableError: the runtime cannot be used, and no architecture is named.
        CompilerNotFoundError: the runtime has none.
    """
    known = compilers.name_for(runtime) if runtime else None
    if known and (arch or compilers.is_for_every_device(known)):
        return _Target(known)
    try:
        device = nexus.get_runtime(runtime).get_device(0) if runtime else nexus.device()
    except BackendUnavailableError as error:
        if known and compilers.is_of_driver(known):
            return _Target(known, why=error.message)
        if known:
            error.message += "; to compile without a device name its architecture, with --arch"
        raise
    name = device.runtime.get_property_str("Compiler")
    if not name:
        raise CompilerNotFoundError(f"runtime {device.runtime.name!r} has no compiler")
    return _Target(name, device)


def _built(target: _Target, source: bytes, options: CompileOptions) -> tuple[str, dict[str, Any]]:
    """Have a driver compile what it will be given; return that it did, and what it told.

    Raises:
        CompileError: the source does not compile.
    """
    holds = "of source, which the driver compiles when it is loaded"
    if target.device is None:
        why = f"not compiled here, so mistakes were not looked for: {target.why}"
        return f"{holds}; {why}", {}
    with target.device.compile(source, options) as library:
        if log := library.get_property_str("Log"):
            click.echo(log, err=True)
        binary = built.binary_of(library)
    version = target.device.get_property_str("DriverVersion")
    told = {"Program": program.facts(Source.of_bytes(binary))} if binary else {}
    return f"{holds}; it compiles on {target.device.name} (driver {version})", told


def _output_for(file: Path, named: Path | None) -> Path:
    """Return where the library of a file goes, which is never the file itself.

    Raises:
        ValueError: it would be.
    """
    path = named or file.with_suffix(SUFFIX)
    if path.exists() and path.samefile(file):
        raise ValueError(
            f"cannot write the library to {path}: that is the source, {file}; name another file "
            "with -o"
        )
    return path


@click.command("compile")
@_FILE
@click.option("--runtime", help="Compile for this runtime; else for that of nexus.device().")
@click.option(
    "--arch",
    help="For this architecture, as znver3 or sm_90, which needs no such device; else for that of "
    "the device here.",
)
@_DEFINES
@_INCLUDES
@_FLAGS
@_FAST
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here.")
def compile_command(
    file: Path, runtime: str | None, arch: str | None, output: Path | None, **given: Any
) -> None:
    """Compile a kernel file to a library.

    It is written to FILE with the suffix .nxsb, which `load_library` takes: the binary and how it
    was made. For OpenCL it is the source, which each driver compiles for itself, and what the
    driver here told of it.
    """
    path = _output_for(file, output)
    target = _target_of(runtime, arch)
    name, source, options = target.compiler, file.read_bytes(), _options(file, arch, **given)
    result = cached.compile(compilers.get(name), source, options, arch=arch)
    if result.log:
        click.echo(result.log, err=True, nl=False)
    if compilers.is_of_driver(name):
        said, told = _built(target, source, options)
    else:
        said, told = f"by {result.version or name}", {}
    contained = cached.contained(
        result, options, name, arch, None if result.includes is None else ()
    )
    contained.facts.update(told)
    path.write_bytes(contained.pack())
    click.echo(f"{path}: {size_text(len(result.binary))} {said}")


@click.command("run", epilog="For example: nexus run saxpy.nxs --arg a=2 --arg x=arange:8")
@_FILE
@click.option("--kernel", help="Its name; not needed when the file has one kernel.")
@click.option(
    "--arg", "arguments", multiple=True, metavar="[NAME=]VALUE", help="See above; in their order."
)
@click.option(
    "--grid",
    metavar="X[,Y[,Z]]",
    help="Work-items; else one for each element of the last array that is written, which then has "
    "to have one dimension.",
)
@click.option("--group", metavar="X[,Y[,Z]]", help="Work-items in a group.")
@click.option("--device", "spec", help="As cpu:0 or gpu; else nexus.device().")
@click.option(
    "--repeat",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Runs, each on what the run before left in the arrays.",
)
@click.option("--save", multiple=True, metavar="NAME=FILE.npy", help="Write an array to a file.")
@_DEFINES
@_INCLUDES
@_FLAGS
@_FAST
def run_command(file: Path, spec: str | None, **given: Any) -> None:
    """Run a kernel once, without a program around it.

    FILE is a source or a library. A VALUE is a number; an array as zeros:1000, ones:16x16,
    arange:1000, random:1000, of the type that the kernel names; or a file of NumPy, x.npy. What
    the kernel writes is printed.
    """
    device = nexus.device(spec) if spec else nexus.device()
    options = _options(file, **given)
    library = trial.library_of(device, file, options)
    kernel = trial.kernel_of(library, given["kernel"])
    values = trial.values_of(kernel, given["arguments"])
    targets = trial.targets_of(kernel, given["save"])
    grid = trial.size(given["grid"], "--grid") or trial.grid_for(kernel, values)
    group = trial.size(given["group"], "--group")
    times = trial.run(device, kernel, values, (grid, group), given["repeat"])
    for line in trial.report(kernel, values, grid, times):
        click.echo(line)
    trial.save(kernel, values, targets)


@click.group("cache")
def cache_group() -> None:
    """Look after the libraries that were compiled before."""


@cache_group.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def cache_info(as_json: bool) -> None:
    """Tell where they are kept, how many there are and how much room they take."""
    found = folder.usage()
    if as_json:
        click.echo(json.dumps(found._asdict() | {"is_on": folder.is_on()}, indent=2))
        return
    click.echo(f"folder   {found.path}")
    state = "" if folder.is_on() else f" (switched off by {folder.SWITCH})"
    click.echo(f"entries  {found.n_entries}{state}")
    click.echo(f"size     {size_text(found.nbytes)} of {size_text(found.max_nbytes)}")


@cache_group.command("clear")
def cache_clear() -> None:
    """Throw all of them away."""
    was = folder.clear()
    click.echo(f"{was.path}: {was.n_entries} thrown away, {size_text(was.nbytes)}")


COMMANDS = (compile_command, run_command, cache_group)
