"""Where the files lie that come with the package but are not Python."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def include_dir() -> Path:
    """Return the folder that holds `nexus/nxs.h` and `nexus/kernel.h`.

    An installed package carries the headers; one that is used from its source tree (an editable
    install) does not, and then they are where they were written.

    Raises:
        FileNotFoundError: neither place has them.
    """
    from pathlib import Path  # slow to import: who only asks devices does without

    places = (Path(PACKAGE, "include"), Path(PACKAGE).parent / "csrc" / "include")
    for place in places:
        if (place / "nexus" / "kernel.h").is_file():
            return place
    raise FileNotFoundError(
        f"the headers of nexus are missing: looked for nexus/kernel.h in {places[0]} and "
        f"{places[1]}; the installation is damaged, install nexus again"
    )
