"""`python -m nexus` is the command line `nexus`."""

from nexus.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
