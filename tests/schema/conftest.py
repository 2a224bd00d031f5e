"""Makes the generator importable, as schema/generate.py does for itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "schema"))
