"""Figures for people: with their unit, and in the size that one reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexus._internal.architectures import units
from nexus._internal.property_path import Step

KIB = 1024
EXPLAINED = 10 * KIB  # bytes, from which on they are told in KiB or more as well
MOST_TOGETHER = 3  # figures in one line
RATE = "10^9 operations a second"  # as the schema has it


def size_text(nbytes: int) -> str:
    """Return bytes for people: 1572864 -> '1.5 MiB'."""
    size = float(nbytes)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < KIB:
            return f"{size:.3g} {unit}" if size < 100 else f"{size:.0f} {unit}"
        size /= KIB
    return f"{size:.3g} TiB"


def text_of(value: Any, steps: list[Step]) -> str:
    """Return a value with its unit; `steps` lead to it in an entry.

    >>> text_of(163400, ["PeakRates", "Vector", "F32", "Dense"])
    '163.4 T operations/s'
    """
    if isinstance(value, list):
        texts = [text_of(item, [*steps, index]).partition(" ") for index, item in enumerate(value)]
        units_of = {unit for _, _, unit in texts}
        if all(map(is_number, value)) and len(units_of) == 1:
            return f"{', '.join(text[0] for text in texts)} {units_of.pop()}".rstrip()
        return ", ".join(map("".join, texts))
    if not is_number(value):
        return str(value)
    unit = _short(units.unit_of(steps))
    if unit == RATE:
        return f"{value / 1000:g} T operations/s" if value >= 1000 else f"{value:g} G operations/s"
    if unit == "bytes" and value >= EXPLAINED:
        return f"{value} bytes ({size_text(int(value))})"
    return f"{value:g} {unit}".rstrip() if isinstance(value, float) else f"{value} {unit}".rstrip()


def together(value: Any, steps: list[Step]) -> str:
    """Return a few figures in one line, a unit that all have at its end; empty: too many of them.

    >>> together({"Dense": 512, "Sparse": 1024}, ["PeakRates", "Matrix", "F16"])
    'Dense 512 G operations/s, Sparse 1.024 T operations/s'
    """
    if not isinstance(value, Mapping) or not all(map(is_number, value.values())):
        return ""
    if not 0 < len(value) <= MOST_TOGETHER:
        return ""
    texts = [text_of(each, [*steps, key]).partition(" ") for key, each in value.items()]
    if len({unit for _, _, unit in texts}) > 1:
        return ", ".join(f"{key} {''.join(text)}" for key, text in zip(value, texts, strict=True))
    numbers = (f"{key} {text[0]}" for key, text in zip(value, texts, strict=True))
    return f"{', '.join(numbers)} {texts[0][2]}".rstrip()


def is_number(value: Any) -> bool:
    """Whether a value is a figure."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(unit: str) -> str:
    """Return a unit without its explanation; counts and years need none."""
    words = unit.partition(";")[0].partition(" (")[0]
    return "" if words in ("pieces", "year") else words
