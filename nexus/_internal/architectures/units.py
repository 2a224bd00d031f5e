"""The unit of every figure of an architecture file, as the schema says."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from nexus._internal.architectures import places


@functools.cache
def _schema() -> dict[str, Any]:
    import json  # few programs ask for a unit

    with open(places.schema_file(), encoding="utf-8") as file:
        schema: dict[str, Any] = json.load(file)
    return schema


def unit_of(steps: Sequence[str | int]) -> str:
    """Return the unit of the figure at a path, such as "bytes"; empty when it has none.

    >>> unit_of(["CoreSubsystem", "BoostClock"]), unit_of(["Limits", "MaxGridSize", 0])
    ('MHz', 'groups (blocks)')
    """
    node: Mapping[str, Any] = _schema()
    for step in steps:
        node = _resolved(_member(_resolved(node), step))
    return str(node.get("unit", ""))


def ordered(value: Any) -> Any:
    """Return an entry with its members in the order of the schema, others last."""
    return _ordered(value, _schema())


def _ordered(value: Any, node: Any) -> Any:
    node = _resolved(node)
    if isinstance(value, Mapping):
        names = [name for name in node.get("properties", ()) if name in value]
        names += [name for name in value if name not in names]
        return {name: _ordered(value[name], _member(node, name)) for name in names}
    if isinstance(value, list):
        return [_ordered(item, _member(node, 0)) for item in value]
    return value


def _member(node: Mapping[str, Any], step: str | int) -> Any:
    if "items" in node:  # a list, by number or by the Type of an item
        return node["items"]
    return node.get("properties", {}).get(step, node.get("additionalProperties") or {})


def _resolved(node: Any) -> Mapping[str, Any]:
    while isinstance(node, Mapping) and "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        node = {**_schema()["$defs"][name], **{k: v for k, v in node.items() if k != "$ref"}}
    return node if isinstance(node, Mapping) else {}
