"""What nexus says to those who listen: the logger `nexus`, which is made when somebody can hear it.

A program that has not imported `logging` has set no level and no handler, so it hears warnings
alone; the import is a tenth of what a first compile from disk costs.
"""

from __future__ import annotations

import sys


def debug(message: str, *args: object) -> None:
    """Tell of what was done."""
    if "logging" in sys.modules:
        import logging  # which waits for another thread that is just importing it

        logging.getLogger("nexus").debug(message, *args)


def info(message: str, *args: object) -> None:
    """Tell of what was found and passed over."""
    if "logging" in sys.modules:
        import logging  # which waits for another thread that is just importing it

        logging.getLogger("nexus").info(message, *args)


def warning(message: str, *args: object) -> None:
    """Tell of what somebody should look at."""
    import logging

    logging.getLogger("nexus").warning(message, *args)
