"""`nexus info`: the runtimes and devices of this machine, and what they are made of."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

import nexus
from nexus.bindings.errors import DeviceInfoError
from nexus.cli.outline import Node
from nexus.cli.quantities import KIB, size_text


def facts() -> dict[str, Any]:
    """Return everything that `nexus info --json` prints."""
    return {
        "nexus": nexus.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "runtimes": [_runtime(runtime) for runtime in nexus.get_runtimes()],
        "unavailable": nexus.unavailable_runtimes(),
    }


def _runtime(runtime: nexus.Runtime) -> dict[str, Any]:
    return {
        "name": runtime.name,
        "properties": {name: runtime.get_property(name) for name in runtime.property_names()},
        "devices": [_device(device) for device in runtime.get_devices()],
    }


def _device(device: nexus.Device) -> dict[str, Any]:
    """Return what is known of a device; what is wrong with its entry hides no device."""
    try:
        return {"spec": device.spec, "properties": device.get_info().to_dict()}
    except DeviceInfoError as error:
        live = nexus.Properties(device).to_dict()
        return {"spec": device.spec, "properties": live, "problem": str(error)}


def is_well(machine: Mapping[str, Any]) -> bool:
    """Whether there is a device, and nothing is wrong with what is known of one."""
    devices = [device for runtime in machine["runtimes"] for device in runtime["devices"]]
    return bool(devices) and not any("problem" in device for device in devices)


def outline(machine: Mapping[str, Any]) -> Node:
    """Return the facts as a tree for people."""
    root = Node(
        f"nexus {machine['nexus']} on {machine['machine']}, Python {machine['python']}", "bold"
    )
    for runtime in machine["runtimes"]:
        version = runtime["properties"].get("Version", "")
        branch = root.add(f"{runtime['name']} {version}".strip(), "bold cyan")
        for device in runtime["devices"]:
            node = _add_device(branch, device["spec"], device["properties"])
            if "problem" in device:
                node.add(device["problem"], "red")
    for name, why in machine["unavailable"].items():
        root.add(f"{name}: {why}", "dim")
    return root


def _add_device(branch: Node, spec: str, info: Mapping[str, Any]) -> Node:
    name = info.get("Variant") or info.get("Name", "")
    what = ", ".join(str(info[key]) for key in ("Vendor", "Type", "Architecture") if key in info)
    node = branch.add(f"{spec}  {name}  ({what})", "bold green")
    if family := info.get("Family"):
        node.add(f"{family}, {info['ReleaseYear']}" if "ReleaseYear" in info else family)
    _add_cores(node, info)
    _add_memories(node, info.get("MemorySubsystem", {}))
    rates = [
        f"{kind} {_rate(rate['Dense'])}"
        for kind, rate in info.get("PeakRates", {}).get("Vector", {}).items()
    ]
    if rates:
        node.add(f"peak: {', '.join(rates)}")
    return node


def _add_cores(node: Node, info: Mapping[str, Any]) -> None:
    core = info.get("CoreSubsystem", {})
    count, kind = core.get("Count"), core.get("Type", "core")
    facts = [
        f"{core['SIMDSize']} lanes" if "SIMDSize" in core else "",
        f"{info['CoreClockRate']} MHz" if "CoreClockRate" in info else "",
        f"{core['RegisterSize'] // KIB} KiB of registers" if "RegisterSize" in core else "",
    ]
    text = f"{count} x {kind}" if count else kind
    cores = node.add(": ".join(filter(None, (text, ", ".join(filter(None, facts))))))
    for unit in core.get("SubUnits", ()):
        many = f"{unit['Count']} x " if "Count" in unit else ""
        types = f" ({', '.join(unit['DataTypes'])})" if "DataTypes" in unit else ""
        cores.add(f"{many}{unit['Type']}{types}")


def _add_memories(node: Node, memory: Mapping[str, Any]) -> None:
    """Draw the hierarchy from the core outwards: each level hangs under the one nearer to it."""
    for level in memory.get("MemoryTypes", ()):
        facts = [
            size_text(level["Size"]) if "Size" in level else "size not known",
            level.get("Technology", ""),
            {"core": "for each core", "cluster": "for each cluster"}.get(
                level.get("Scope", ""), ""
            ),
            f"{level['Bandwidth']:g} GB/s" if "Bandwidth" in level else "",
            f"{level['CacheLineSize']} byte lines" if "CacheLineSize" in level else "",
        ]
        node = node.add(f"{level.get('Type', 'memory')}: {', '.join(filter(None, facts))}")


def _rate(giga_per_s: float) -> str:
    return f"{giga_per_s / 1000:.3g} T/s" if giga_per_s >= 1000 else f"{giga_per_s:.3g} G/s"
