"""``gci verify --head``: the log held against what somebody else kept of it.

A chain that is rewritten from some entry on is valid in itself. Only a head digest that lies elsewhere tells: one digest says whether the
log still holds it, numbered heads (an evidence pack, a saved ``gci show``) say from which entry on the log is another one.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.problems import Problem
from resources.errors import UsageError
from resources.ledger import Entry

_HEAD = re.compile(r"(?:([1-9]\d*):)?(sha256:[0-9a-f]{64})")
HEADS = "heads.csv"  # in an evidence pack: n,head of every entry


def witnessed(given: Sequence[str]) -> dict[str, int | None]:
    """Head digests that somebody kept, with the entry number where it is known.

    Each of ``given`` is ``sha256:…``, ``N:sha256:…``, or a file: an evidence pack, its ``heads.csv``, or the JSON of a result or revision.
    UsageError for anything else.
    """
    found: dict[str, int | None] = {}
    for text in given:
        if match := _HEAD.fullmatch(text.strip()):
            found[match[2]] = int(match[1]) if match[1] else found.get(match[2])
        elif (path := Path(text)).is_file():
            found |= _of_file(path)
        else:
            raise UsageError(
                f"--head {text} is neither a digest (sha256: and 64 hexadecimal digits), nor one with its entry number (N:sha256:…), nor a "
                "file (an evidence pack, heads.csv, or the JSON of 'gci show')."
            )
    return found


def _of_file(path: Path) -> dict[str, int | None]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as pack:
            names = [name for name in pack.namelist() if name.split("/")[-1] == HEADS]
            text = pack.read(names[0]).decode() if names else ""
    else:
        text = path.read_text(encoding="utf-8", errors="replace")
    found: dict[str, int | None] = {head: int(n) for n, head in re.findall(r"^(\d+),(sha256:[0-9a-f]{64})", text, re.MULTILINE)}
    if not found:
        try:
            found = dict(_pairs(json.loads(text)))
        except ValueError:
            found = {}
    if not found:
        raise UsageError(f"{path.name} holds no head digest: give an evidence pack, heads.csv, or the JSON of 'gci show'.")
    return found


def _pairs(value: Any) -> list[tuple[str, int | None]]:
    """Heads with their numbers in a JSON document: objects with ``head_digest`` and ``entry`` or ``log_number``."""
    if isinstance(value, list):
        return [pair for item in value for pair in _pairs(item)]
    if not isinstance(value, Mapping):
        return []
    own = [(value["head_digest"], value.get("entry", value.get("log_number")))] if isinstance(value.get("head_digest"), str) else []
    return own + [pair for item in value.values() for pair in _pairs(item)]


def head_problems(entries: Sequence[Entry], kept: Mapping[str, int | None]) -> list[Problem]:
    """The first entry that is not what a witness kept; nothing when the log holds every head.

    The first differing entry lies after the newest entry that a witness confirms, and not after the oldest that it contradicts. A head
    covers its own number: one that the log holds is confirmed, and another number beside it is a slip of who wrote it down.
    """
    numbers = {entry.head: entry.n for entry in entries}
    heads = {entry.n: entry.head for entry in entries}
    confirmed = [numbers[head] for head in kept if head in numbers]
    missing = {head: n for head, n in kept.items() if head not in numbers}
    slips = [
        Problem(f"number beside a head that a witness kept: {head}", f"entry {n}", f"entry {numbers[head]} has this head: the log holds it")
        for head, n in kept.items()
        if head in numbers and n not in (None, numbers[head])
    ]
    if not missing:
        return slips
    numbered = {n: head for head, n in missing.items() if n is not None}
    if not numbered:
        head = next(iter(missing))
        after = f"after entry {max(confirmed)}, which a witness confirms" if confirmed else "at an entry that one digest alone can't name"
        seen = f"no entry has this head: the log was rewritten or cut {after}; give N:sha256:… or an evidence pack to name it"
        return [Problem("log: head that a witness kept", head, seen), *slips]
    first, end = min(numbered), max(heads, default=0)
    before, last = max((n for n in confirmed if n < first), default=0), min(first, end + 1)
    place = f"log: entry {last}" if last == before + 1 else f"log: one of the entries {before + 1} to {last}"
    kinds = next((f" ({entry.kind} {entry.name}, {entry.at})" for entry in entries if entry.n == last == before + 1), "")
    seen = heads.get(first, f"missing: the log ends at entry {end}")
    where = f"{place}{kinds} is the first that differs from what a witness kept"
    return [Problem(f"{where} of entry {first}", numbered[first], seen), *slips]
