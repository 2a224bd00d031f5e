"""schema/generate.py: what is committed is what api.toml says, and nonsense in it is refused."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from generator import c, kernel_header, pythonic, spec
from generator.spec import SpecError


def test_generated_files_are_up_to_date(repository: Path) -> None:
    command = [sys.executable, "-I", "-S", str(repository / "schema/generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_changed_file_is_noticed_and_mended(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import generate

    monkeypatch.setattr(spec, "ROOT", tmp_path)
    assert set(generate.stale(generate.outputs())) == set(generate.outputs())
    monkeypatch.setattr(sys, "argv", ["generate.py"])
    assert generate.main() == 0
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 0
    target = tmp_path / "nexus/bindings/nxs.pyx"
    target.write_text(target.read_text() + "\n# patched by hand\n")
    assert generate.stale(generate.outputs()) == ["nexus/bindings/nxs.pyx"]
    assert generate.main() == 1


@pytest.mark.parametrize(
    ("name", "python_name"),
    [
        ("CreateBuffer", "create_buffer"),
        ("GetApiVersion", "get_api_version"),
        ("CreateLibraryFromFile", "create_library_from_file"),
    ],
)
def test_names_become_snake_case(name: str, python_name: str) -> None:
    assert spec.snake_case(name) == python_name


def model(**changed: Any) -> spec.Spec:
    """The model of api.toml with one more function, made of `changed`."""
    source = spec.SOURCE.read_text(encoding="utf-8")
    entry = {
        "name": "CreateThing",
        "noun": "thing",
        "doc": "Makes a thing.",
        "args": [],
        "returns": "status",
        "gil": "hold",
    } | changed
    data = tomllib.loads(source)
    data["function"].append(entry)
    return spec.parse(data)


def test_one_more_entry_is_one_more_function_everywhere() -> None:
    import generate

    more = model(args=[{"name": "device", "type": "device", "doc": "device ordinal."}])
    of_the_api = [each for each in generate.EMITTERS if each is not kernel_header]
    for emitter in of_the_api:
        text = "".join(emitter.outputs(more).values())
        assert "CreateThing" in text or "create_thing" in text
    assert "nxsCreateThing" in c.header(more)
    assert pythonic.public(more)[-1].python_name == "create_thing"


DEVICE = {"name": "device", "type": "device", "doc": "device ordinal."}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"colour": "red"}, r"CreateThing: unknown keys \['colour'\]"),
        ({"args": [DEVICE | {"colour": 1}]}, "argument device: unknown keys"),
        ({"args": [DEVICE | {"type": "wheel"}]}, "argument device: unknown type 'wheel'"),
        ({"args": [DEVICE | {"type": "enum:Wheel"}]}, "unknown enum 'Wheel'"),
        ({"args": [DEVICE | {"type": "struct_in:wheel"}]}, "unknown struct 'wheel'"),
        ({"args": [DEVICE | {"name": "runtime"}]}, "argument runtime: the bindings use this name"),
        ({"args": [DEVICE | {"type": "host_in"}]}, "host memory needs `nbytes`"),
        ({"errors": ["Flat"]}, r"unknown statuses \['Flat'\]"),
        ({"gil": "sometimes"}, "gil is 'sometimes'"),
        ({"since": "1.1"}, "since 1.1 and not optional, so that plugins of before would not load"),
        ({"waits": True}, "waits and timeout_ns belong together"),
        ({"joins": "Fly"}, "joins 'Fly', which is no function"),
        ({"joins": "WaitRun"}, "joins needs joins_on, stream and flags"),
        ({"value_type": "wheel"}, "value_type is none of"),
        ({"name": "CreateBuffer"}, r"function \['CreateBuffer'\] stands there twice"),
    ],
)
def test_an_entry_that_cannot_be_meant_is_refused(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        model(**changed)
