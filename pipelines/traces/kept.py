"""Finding a landed file by what a person calls it: a file name, ``feed/name``, or (the beginning of) its SHA-256."""

from __future__ import annotations

import difflib
import re

from resources.digest import PREFIX
from resources.errors import UsageError
from resources.home import Home
from resources.ledger import Entry

_KINDS = ("file", "quarantine", "evidence")
_LEAST = 6  # hex digits that may stand for a digest


def parse_reverse(text: str) -> tuple[str, int]:
    """``FILE:ROW`` apart; UsageError when it is none. A digest may begin with ``sha256:``."""
    name, colon, row = text.rpartition(":")
    if not colon or not name or not row.isdigit() or int(row) < 1:
        raise UsageError(
            f"--reverse {text}: write FILE:ROW, for example meter_readings/2026-03.csv:17. ROW counts the rows of the file from 1, the "
            "header being row 1. 请写成 文件:行号,表头为第 1 行。"
        )
    return name, int(row)


def find_entry(home: Home, name: str) -> Entry:
    """The log entry of a file; UsageError when none or several have the name, with the nearest names or the candidates."""
    entries = home.ledger.entries(kinds=_KINDS)
    digest = name.removeprefix(PREFIX).lower()
    if re.fullmatch(r"[0-9a-f]+", digest) and (len(digest) >= _LEAST or name.startswith(PREFIX)):
        found = [entry for entry in entries if entry.digest.removeprefix(PREFIX).startswith(digest)]
    else:
        found = []
    found = found or [entry for entry in entries if name in (entry.name, entry.name.split("/", 1)[-1])]
    # what was quarantined may have landed later, when its cause was gone
    landed = [entry for entry in found if entry.kind != "quarantine"]
    found = landed or found[-1:]
    if len(found) == 1:
        return found[0]
    if found:
        listed = "; ".join(f"entry {entry.n} {entry.name} {entry.digest[:19]}… of {entry.at}" for entry in found)
        raise UsageError(
            f"{len(found)} landed files are called '{name}': {listed}. Name one by its SHA-256. 有多个同名文件,请用 SHA-256 指明。"
        )
    names = [entry.name for entry in entries]
    near = difflib.get_close_matches(name, [*names, *(n.split("/", 1)[-1] for n in names)], n=3, cutoff=0.5)
    hint = f" Did you mean {', '.join(dict.fromkeys(near))}?" if near else ""
    raise UsageError(f"No landed file is called '{name}'.{hint} Names and digests stand in the traces. 未找到该文件。")
