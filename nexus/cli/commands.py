"""The commands, with click and rich."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import click

import nexus
from nexus._internal.property_path import path_text
from nexus.cli import (
    EXTRA,
    EXTRA_OF_PICTURES,
    INTERRUPTED,
    doctor,
    inspection,
    kernels,
    library,
    machine,
    outline,
    roofline,
    tables,
)

SPEC = re.compile(r"\w+:\d+")  # of a device

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    try:
        code = cli.main(args=arguments, prog_name="nexus", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return code if isinstance(code, int) else 0


def show(data: Any, tree: outline.Node, as_json: bool) -> None:
    """Print data for programs, or a tree for people."""
    if as_json:
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        tables.put(outline.rich(tree))


def print_includes(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the compiler flags and end."""
    if wanted and not context.resilient_parsing:
        click.echo(f"-I{nexus.get_include()}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(nexus.__version__, prog_name="nexus")
@click.option(
    "--includes",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_includes,
    help="Print the compiler flags that find the headers of nexus.",
)
def cli() -> None:
    """Find every accelerator, tell what each one is, and what it can do."""


@cli.command()
@JSON
def info(as_json: bool) -> int:
    """Show the runtimes and devices here.

    What each one is, and what it is made of: cores, caches and memory as a hierarchy.
    """
    found = machine.facts()
    show(found, machine.outline(found), as_json)
    return 0 if machine.is_well(found) else 1


@cli.command("doctor")
@JSON
def doctor_command(as_json: bool) -> int:
    """Tell what works, and how to mend the rest.

    Every plugin and tool is tried: where it was searched, why it is not there, what to install. The
    exit code is 0 when a runtime can be used and nothing has to be mended.
    """
    found = doctor.findings()
    show(doctor.as_json(found), doctor.outline(found), as_json)
    return 0 if doctor.is_well(found) else 1


@cli.command("inspect")
@click.argument("file")
@JSON
def inspect_command(file: str, as_json: bool) -> None:
    """Show what is in a kernel library.

    FILE is a shared object for the cpu runtime, a cubin, fatbin or PTX, a code object or offload
    bundle, or SPIR-V. Its kernels, their arguments and what they need are read; nothing is loaded.
    """
    found = nexus.inspect(file)
    show(inspection.as_json(file, found), inspection.outline(file, found), as_json)


for command in kernels.COMMANDS:
    cli.add_command(command)


# ---- the device library --------------------------------------------------------------------------


@cli.group()
def db() -> None:
    """Look into the device library.

    It tells what is known of architectures, without any device.
    """


@db.command("list")
@click.argument("texts", nargs=-1)
@JSON
def list_command(texts: tuple[str, ...], as_json: bool) -> int:
    """List architectures.

    All of them, or those with each of TEXTS in one of their names or products: amd gpu.
    """
    rows = library.rows(texts)
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif rows:
        tables.put(tables.of_rows(rows))
    else:
        click.echo(f"no architecture has {' and '.join(map(repr, texts))} in its names")
    return 0 if rows else 1


@db.command("show")
@click.argument("name")
@click.option("--variant", help="Lay this product over the architecture.")
@click.option("--sources", is_flag=True, help="Name the source of every figure.")
@JSON
def show_command(name: str, variant: str | None, sources: bool, as_json: bool) -> None:
    """Show an architecture or a product.

    NAME is such as nvidia-gpu-sm_90, gfx942, MI300X or gfx942/MI300X.
    """
    found = nexus.lookup_device_info(name, variant)
    show(found.to_dict(), library.outline(found, sources), as_json)


@db.command()
@click.argument("one")
@click.argument("other")
@JSON
def diff(one: str, other: str, as_json: bool) -> int:
    """Compare two architectures or products. The exit code is 1 when they differ."""
    infos = [nexus.lookup_device_info(name) for name in (one, other)]
    found = [*library.differences(*infos)]
    if as_json:
        columns = ("fact", one, other)
        data = [dict(zip(columns, (path_text(row[0]), *row[1:]), strict=True)) for row in found]
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    elif found:
        tables.put(tables.of_differences(one, other, found))
    else:
        click.echo(f"{one} and {other} do not differ")
    return 1 if found else 0


@db.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def validate(files: tuple[Path, ...]) -> int:
    """Check files against the schema.

    Every place that breaks it is told. The exit code is 1 when there is one.
    """
    if importlib.util.find_spec("jsonschema") is None:
        raise click.ClickException(f"checking needs jsonschema: {EXTRA}")
    broken = 0
    for path in files:
        found = library.problems_of(path)
        broken += bool(found)
        click.echo(f"{path}: {'' if found else 'ok'}".rstrip())
        for problem in found:
            click.echo(f"  {problem}")
    return 1 if broken else 0


@db.command()
@click.option("--format", "form", type=click.Choice(["json", "csv"]), default="json")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write here.")
def export(form: str, output: Path | None) -> int:
    """Print the whole library as one document."""
    readable, broken = library.readable()
    text = library.exported(readable, form)
    if output is None:
        click.echo(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")
    for problem in broken:
        click.echo(f"nexus: left out: {problem}", err=True)
    return 1 if broken else 0


# ---- pictures ------------------------------------------------------------------------------------


@cli.command("roofline")
@click.argument("names", nargs=-1, required=True)
@click.option("--type", "data_type", default="F32", show_default=True, help="Of the operands.")
@click.option("--matrix", is_flag=True, help="Of the matrix units, not the vector units.")
@click.option("--point", "points", multiple=True, help="A measured LABEL,INTENSITY,GFLOPS.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("roofline.png"),
    show_default=True,
)
def roofline_command(
    names: tuple[str, ...], data_type: str, matrix: bool, points: tuple[str, ...], output: Path
) -> None:
    """Draw what devices attain at most.

    NAMES are architectures, products or devices (cpu:0); all of them stand in one picture.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise click.ClickException(f"drawing needs matplotlib: {EXTRA_OF_PICTURES}")
    asked = [nexus.advise(_named(name)) for name in names]
    measured = [roofline.parse_point(text) for text in points]
    roofline.draw(asked, output, data_type=data_type, matrix=matrix, points=measured)
    click.echo(f"{output}: {', '.join(advice.name for advice in asked)}")


def _named(name: str) -> str | nexus.Device:
    """Return the device of a spec such as `cpu:0`; of another name nothing has to be started."""
    return nexus.device(name) if SPEC.fullmatch(name) else name
