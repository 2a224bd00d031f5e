"""How Sphinx builds these pages: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

_version: dict[str, str] = {}
exec((Path(__file__).parents[1] / "nexus" / "_version.py").read_text(encoding="utf-8"), _version)

project = "nexus"
author = "the nexus authors"
project_copyright = "the nexus authors; Apache-2.0"
release = version = _version["__version__"]

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
extensions = ["architectures", "myst_parser"]
exclude_patterns = ["_build", "_ext"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"nexus {release}"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
