"""What stands in the kept files: the text of landed rows, column by column as the headers name them.

Each file is read once for all rows that are asked of it, its SHA-256 is compared with its name on the way. Lines of a plain CSV are found
by counting line ends; anything unusual goes through the decoder that landed the file.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl

from assets.raw.decode import decode, first_row
from assets.raw.formats import raw_texts
from assets.raw.headers import has_required
from assets.raw.refused import Refused
from checks.contracts.registry import FEEDS
from pipelines.traces.work import Moment
from resources.digest import PREFIX, digest_file
from resources.errors import GciError
from resources.settings import FeedSettings

_HEAD, _BLOCK = 65_536, 1 << 18
_MANY = 5_000  # lines, from which on all of a file are taken apart
Text = dict[str, Any]


@dataclass
class Texts:
    """Rows whose text is wanted: ``want`` takes their nodes, ``fill`` gives each ``name``, ``digest`` and ``raw``."""

    moment: Moment
    _nodes: dict[int, list[Text]] = field(default_factory=lambda: defaultdict(list))

    def want(self, node: Text) -> Text:
        """Note a node with ``entry`` and ``source_row``; returns it."""
        self._nodes[node["entry"]].append(node)
        return node

    def fill(self) -> None:
        """Read the files and complete the nodes. GciError when a kept file is not what was landed, or has no such row."""
        for entry, nodes in sorted(self._nodes.items()):
            name, digest = self.moment.files[entry]
            found = read_texts(self.moment, entry, {node["source_row"] for node in nodes})
            for node in nodes:
                if node["source_row"] not in found:
                    raise GciError(f"{name} (entry {entry}) has no row {node['source_row']}. Run 'gci verify'.")
                node |= {"name": name, "digest": digest, "raw": found[node["source_row"]]}
        self._nodes.clear()


def read_texts(moment: Moment, entry: int, wanted: Collection[int]) -> dict[int, Text]:
    """The text of some rows (``source_row``) of a landed file; rows that it does not have are left out."""
    name, digest = moment.files[entry]
    path = moment.home.lake.file_path(digest)
    if not path.exists() or digest_file(path) != f"{PREFIX}{path.name}":
        raise GciError(f"The kept file of {name} is not what was landed. Run 'gci verify'.")
    feed = name.split("/", 1)[0]
    own = moment.settings.feeds.get(feed) or FeedSettings()
    encoding = own.encoding
    data = path.read_bytes()
    standard = raw_texts(data, name, set(wanted))
    if standard is not None:
        return dict(standard)
    plain = gzip.decompress(data) if name.lower().endswith(".csv.gz") else data
    rows = moment.rows_of_file(entry)
    if name.lower().endswith((".csv", ".csv.gz")) and (found := _of_plain_csv(plain, rows, set(wanted), encoding)) is not None:
        return found
    decoded = decode(data, name, encoding=encoding, fits=partial(has_required, contract=FEEDS[feed], own=own.columns))
    shown = decoded.frame.filter(pl.col("source_row").is_in(list(wanted))).iter_rows(named=True)
    return {row["source_row"]: {column: row[f"c{number}"] for number, column in enumerate(decoded.header)} for row in shown}


def _of_plain_csv(data: bytes, rows: int | None, wanted: set[int], encoding: str) -> dict[int, Text] | None:
    """The rows by counting lines; None for a file in which a row may not be a line.

    A file has as many lines as rows (``rows``, as it was landed) and a header just when every row is one line and none is blank: a blank
    line, and a line end within quotes, only ever make more lines than rows.
    """
    if rows is None or data.count(b"\n") + (not data.endswith(b"\n")) != rows + 1:
        return None
    head = data[:_HEAD]
    try:
        header, delimiter, used = first_row(head[: head.rfind(b"\n") + 1], encoding)
        found: dict[int, Text] = {}
        for number, line in _lines(data, sorted(wanted)):
            (cells,) = csv.reader([line.decode(used).rstrip("\r")], delimiter=delimiter)
            if len(cells) != len(header):
                return None
            found[number] = {name: cell.strip() or None for name, cell in zip(header, cells, strict=True)}
    except (Refused, UnicodeDecodeError, ValueError, csv.Error):
        return None
    return found if found.keys() == wanted else None


def _lines(data: bytes, wanted: list[int]) -> list[tuple[int, bytes]]:
    """Lines by number, the first being 1; what the file does not have is left out. ``wanted`` is sorted."""
    if len(wanted) > _MANY:
        lines = data.split(b"\n")
        return [(number, lines[number - 1]) for number in wanted if number <= len(lines)]
    found: list[tuple[int, bytes]] = []
    line, ahead = 1, iter(wanted)  # ``line``: the one that the block begins in
    target = next(ahead, None)
    for start in range(0, len(data), _BLOCK):
        if target is None:
            break
        last = line + data.count(b"\n", start, start + _BLOCK)
        number, at = line, start
        while target is not None and target <= last:
            while number < target:
                number, at = number + 1, data.find(b"\n", at) + 1
            end = data.find(b"\n", at)
            found.append((target, data[at : end if end >= 0 else len(data)]))
            target = next(ahead, None)
        line = last
    return found
