"""Files that appear under their name complete and on disk, or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

NEW = ".new-"  # how a file is called while it is written; a sweep may take it away


def place(new: Path | str, target: Path, *, keep_existing: bool = False) -> None:
    """Give a written and synced file its name, and bring the name to disk; ``keep_existing`` leaves a file that is there already.

    The name must be on disk before a ledger says that the file is there: the machine may stop between the two.
    """
    if keep_existing:
        try:
            os.link(new, target)
        except FileExistsError:
            os.unlink(new)
            return
        except OSError:  # a file system without links
            os.replace(new, target)
        else:
            os.unlink(new)
    else:
        os.replace(new, target)
    with contextlib.suppress(OSError):  # Windows, and file systems that know no sync of a folder
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
