"""The device library: what is known of architectures, one JSON file each, without any device."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from nexus._internal import property_path

PATH_VARIABLE = "NEXUS_DEVICE_PATH"

Entry = TypeVar("Entry")


class DeviceLibrary(Mapping[str, Entry], Generic[Entry]):
    """Architectures by name, `<vendor>-<type>-<architecture>` in lower case.

    The names are those of the files; a file is read when it is first asked for. Files in the
    folders of NEXUS_DEVICE_PATH come first and hide those of the package.

    >>> import nexus
    >>> "no-such-architecture" in nexus.get_device_info()
    False
    """

    def __init__(self, make: Callable[[Mapping[str, Any]], Entry]) -> None:
        self._make = make

    def __getitem__(self, name: str) -> Entry:
        files = _files(os.environ.get(PATH_VARIABLE, ""))
        if not isinstance(name, str) or name not in files:
            hint = property_path.suggestion(name, files)
            raise KeyError(f"the device library has no architecture {name!r}; {hint}")
        return self._make(_read(files[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(_files(os.environ.get(PATH_VARIABLE, ""))))

    def __len__(self) -> int:
        return len(_files(os.environ.get(PATH_VARIABLE, "")))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in _files(os.environ.get(PATH_VARIABLE, ""))

    def __repr__(self) -> str:
        return f"<DeviceLibrary of {len(self)} architectures>"


def entry_of(vendor: str, kind: str, architecture: str) -> Mapping[str, Any] | None:
    """Return the entry of a device, or None when the library has none."""
    name = f"{vendor}-{kind}-{architecture}".lower().replace(" ", "_")
    path = _files(os.environ.get(PATH_VARIABLE, "")).get(name)
    return None if path is None else _read(path)


@functools.lru_cache(maxsize=4)
def _files(extra: str) -> dict[str, Path]:
    """Return name -> file; `extra` is the value of NEXUS_DEVICE_PATH."""
    found: dict[str, Path] = {}
    for folder in reversed([*_extra_folders(extra), *_own_folders()]):
        found |= {path.stem: path for path in sorted(folder.glob("*-*-*.json"))}
    return found


def _extra_folders(value: str) -> list[Path]:
    folders = [Path(entry) for entry in value.split(os.pathsep) if entry]
    for folder in folders:
        if not folder.is_dir():
            raise ValueError(f"{PATH_VARIABLE} names {str(folder)!r}, which is no folder; mend it")
    return folders


def _own_folders() -> list[Path]:
    package = Path(__file__).resolve().parent
    installed, in_tree = package / "device_lib", package.parent / "schema" / "device_lib"
    return [folder for folder in (installed, in_tree) if folder.is_dir()][:1]


@functools.lru_cache(maxsize=256)
def _read(path: Path) -> Mapping[str, Any]:
    import json  # few programs look an architecture up

    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"the architecture file {path} is no JSON: {error}") from None
    if not isinstance(entry, dict):
        raise ValueError(f"the architecture file {path} has no object at its top")
    return entry
