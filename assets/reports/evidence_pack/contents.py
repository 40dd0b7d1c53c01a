"""What an evidence pack of a site-month holds: result, revision, log, tables, inputs, documents, the script, and a page to begin with.

Everything stands in the pack as it is kept, so that each file has the digest that the log states of it. Tables are written as the
canonical text that their digest is over. What is large is named by digest and left out. Source: close.md §4.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assets.edition.load import parse_edition
from assets.raw.feeds import Feeds, load
from assets.raw.step import reading_months
from assets.reports.words import GRADE_ZH, chinese, number, percent, points
from resources.digest import PREFIX, canonical_json
from resources.home import Home
from resources.lake import PROVENANCE
from resources.ledger import Entry
from resources.revisions import packed, read_document, revision_document

# Larger ones are named by digest and left out (bytes).
LARGEST_TABLE, LARGEST_INPUT = 20_000_000, 2_000_000
# A fixed time for members of the zip: the same pack has the same bytes.
_WHEN = (2000, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Input:
    """A landed file or document that the site-month was computed from."""

    entry: int
    name: str
    digest: str
    size: int
    included: bool


def write_pack(home: Home, payload: Mapping[str, Any], target: Path) -> list[Input]:
    """Write the evidence pack of a site's trailing result (as ``gci show`` prints it) to ``target``; returns its inputs.

    ``home`` is the home itself. GciError when a kept file or document is missing.
    """
    site, month, final = payload["entity_id"], payload["month"], payload.get("final")
    as_of = int(payload["log_number"])
    if final is not None:
        document, kept = read_document(home, final["document"]), home.lake.file_path(final["document"]).read_bytes()
        as_of = int(document["as_of"])
    else:
        window = sorted({item.month for item in home.ledger.manifests() if item.month <= month})[-12:]
        document = revision_document(home.ledger, month, [site], as_of, window)
        kept = packed(document)
    entries = home.ledger.entries()
    edition = home.lake.file_path(payload["edition_digest"]).read_bytes()
    feeds = load(home, as_of, home.settings)
    inputs = _inputs(home, feeds, document, entries, site, month, as_of)
    members: dict[str, bytes] = {
        "result.json": _json(_about(payload, edition)),
        "revision.json.gz": kept,
        "log.jsonl": "".join(canonical_json(_entry(item)) + "\n" for item in entries).encode(),
        "heads.csv": "".join(["n,head\n", *(f"{item.n},{item.head}\n" for item in entries)]).encode(),
        "edition.yaml": edition,
        "edition.json": _json({item["code"]: item for item in yaml.safe_load(edition)["indicators"]}),
        "inputs.csv": _csv(
            [("entry", "name", "sha256", "bytes", "included")]
            + [(i.entry, i.name, i.digest, i.size, "yes" if i.included else "no") for i in inputs]
        ),
        "findings.csv": _findings(document, site),
        "recompute.py": Path(__file__).with_name("recompute.py").read_bytes(),
    }
    members |= _documents(home, entries, as_of)
    tables = dict(_tables(home, document))
    members |= tables
    for item in inputs:
        if item.included:
            members[f"inputs/{item.name}"] = home.lake.file_path(item.digest).read_bytes()
    members["index.html"] = _page(payload, inputs, len(tables)).encode()
    members["manifest.json"] = _json({name: _digest(data) for name, data in sorted(members.items())})
    folder = f"{site}-{month}"
    new = target.with_suffix(".new")
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in sorted(members.items()):
            info = zipfile.ZipInfo(f"{folder}/{name}", _WHEN)
            info.external_attr = (0o755 if name == "recompute.py" else 0o644) << 16
            pack.writestr(info, data, zipfile.ZIP_DEFLATED)
    new.replace(target)
    return inputs


def _digest(data: bytes) -> str:
    return PREFIX + hashlib.sha256(data).hexdigest()


def _about(payload: Mapping[str, Any], edition: bytes) -> dict[str, Any]:
    parsed, final = parse_edition(edition, payload["edition"]), payload.get("final")
    return {
        "format": "gci-pack/1", "site": payload["entity_id"], "month": payload["month"], "final": final is not None,
        "entry": final["entry"] if final else None, "revision": final["number"] if final else None,
        "log_number": payload["log_number"], "head_digest": final["head_digest"] if final else payload["head_digest"],
        "bonus_max": parsed.bonus_max, "bonus_pillars": [p.code for p in parsed.pillars if p.kind == "bonus"],
        "result": dict(payload),
    }  # fmt: skip


def _entry(item: Entry) -> dict[str, Any]:
    return {
        "n": item.n, "at": item.at, "kind": item.kind, "name": item.name, "digest": item.digest, "payload": item.payload,
        "previous_head": item.previous_head, "head": item.head,
    }  # fmt: skip


def _tables(home: Home, document: Mapping[str, Any]) -> Iterable[tuple[str, bytes]]:
    """The tables of the window as the text that their digest is over: a header of names and types, then the rows in order."""
    for month, tables in sorted(document["tables"].items()):
        for name, (_, file_digest, rows, *_rest) in sorted(tables.items()):
            if not file_digest or rows * 40 > LARGEST_TABLE:
                continue
            text = canonical_text(home.lake.read(name, month, file_digest))
            if len(text) <= LARGEST_TABLE and (month == document["month"] or len(text) <= LARGEST_TABLE // 20):
                yield f"tables/{month}/{name}.csv", text


def canonical_text(frame: pl.DataFrame) -> bytes:
    """The bytes that a table's content digest is over (``resources/lake.py``): columns of provenance order the rows and are left out."""
    columns = [c for c in frame.columns if c not in PROVENANCE]
    order = [*columns, *(c for c in frame.columns if c in PROVENANCE)]
    ordered = frame.sort(order, nulls_last=False) if order else frame
    header = ",".join(f"{name}:{frame.schema[name]}" for name in columns) + "\n"
    if frame.is_empty():
        return header.encode()
    return header.encode() + ordered.select(columns).write_csv(include_header=False, quote_style="non_numeric", null_value="").encode()


def _documents(home: Home, entries: Iterable[Entry], as_of: int) -> dict[str, bytes]:
    """Settings, factors and thresholds of the moment, and the files that closing and signing kept."""
    newest: dict[str, Entry] = {item.kind: item for item in entries if item.n <= as_of}
    found = {}
    for kind, name in (("settings", "settings.json"), ("factors", "factors.json"), ("thresholds", "thresholds.yaml")):
        if kind in newest:
            found[name] = home.lake.file_path(newest[kind].digest).read_bytes()
    for item in entries:
        if item.kind == "signature" and item.payload["evidence"]:
            kept = item.payload["evidence"]
            found[f"signatures/{item.n}-{kept['name']}"] = home.lake.file_path(kept["digest"]).read_bytes()
    return found


def _inputs(
    home: Home, feeds: Feeds, document: Mapping[str, Any], entries: Iterable[Entry], site: str, month: str, as_of: int
) -> list[Input]:  # fmt: skip
    """Landed files with rows of the site or of its meters in the month, and the documents that its rows name."""
    meters = feeds["meters"]
    own = set(meters.loc[meters["site_id"] == site, "meter_id"])
    numbers: set[int] = set()
    named: set[str] = set()
    for name in feeds.landed:
        if name == "meter_readings":
            continue
        frame = feeds[name]
        mine = (
            frame[frame["site_id"] == site] if "site_id" in frame else frame[frame["meter_id"].isin(own)] if "meter_id" in frame else frame
        )
        if "month" in mine:
            mine = mine[mine["month"].isin(set(document["tables"]))]
        numbers |= {int(n) for n in mine["entry"]}
        if "evidence" in mine:
            named |= {str(text) for text in mine["evidence"].dropna()}
    for part in home.ledger.parts("meter_readings", as_of, reading_months(month)):
        rows = home.lake.scan("parts/meter_readings", part.month, part.file_digest)
        if not rows.filter(pl.col("meter_id").is_in(sorted(own))).head(1).collect().is_empty():
            numbers.add(part.entry)
    digests = {digest for name, digest in feeds.evidence.items() if name in named}
    found = []
    for item in entries:
        if item.n in numbers or (item.kind == "evidence" and item.digest in digests):
            size = home.lake.file_path(item.digest).stat().st_size
            found.append(Input(item.n, item.name, item.digest, size, size <= LARGEST_INPUT))
    return found


def _findings(document: Mapping[str, Any], site: str) -> bytes:
    columns = ("month", "code", "severity", "quantity", "subject", "seen", "limit", "unit", "message_en", "message_zh", "because_of")
    rows = [[row[c] for c in columns] for row in document["rows"]["finding"] if row["site_id"] == site]
    return _csv([columns, *rows])


def _csv(rows: Iterable[Iterable[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()  # spreadsheets tell UTF-8 by the mark


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _page(payload: Mapping[str, Any], inputs: list[Input], tables: int) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(number=number, points=points, percent=percent, zh=chinese)
    return environment.get_template("index.html.j2").render(p=payload, inputs=inputs, tables=tables, grade_zh=GRADE_ZH)


__all__ = ["Input", "canonical_text", "write_pack"]
