"""Kernel libraries for tests: written by hand, made by compilers that need no device, or kept."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
