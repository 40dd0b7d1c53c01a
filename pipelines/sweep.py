"""What every command that writes begins with: being the one writer, and clearing away what a killed one left half-written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from resources.files import NEW
from resources.home import Home


@contextlib.contextmanager
def writing(home: Home, what: str) -> Iterator[Home]:
    """Be the one writer of a home (``Home.writing``); on entering, half-written files of killed writers are removed."""
    with home.writing(what) as held:
        if held.outermost:
            sweep(home, held.since_s)
        yield home


def sweep(home: Home, before_s: float) -> list[Path]:
    """Remove files that were never given their name and are older than this writer; returns them. Needs the home's lock.

    Only those: a whole table that no manifest names may be one of a final revision, whose kept document names it.
    """
    places = [(str(home.root), next(os.walk(home.root))[2]), *((folder, names) for folder, _, names in os.walk(home.lake.root))]
    found = [Path(folder, name) for folder, names in places for name in names if name.startswith(NEW)]
    old = [path for path in sorted(found) if path.stat().st_mtime < before_s]
    for path in old:
        path.unlink()
    return old
