"""Homes on which months are closed: computed with the plain steps (no Dagster: the same functions), and the acts of people in short."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assets.index.payload import output_digest
from assets.raw.landing import land
from pipelines.closing import Done, approve, submit
from pipelines.documents import note_documents
from pipelines.restating import Order, Restated, closure, final_months, restate
from pipelines.steps import compute_plain
from resources.digest import canonical_json
from resources.home import Home
from resources.ledger import GENESIS, Entry
from resources.revisions import CLOSING, packed
from resources.schema import DERIVED, entry
from tests.pipeline.hand_made import SITE_HEADER, make_home, register, site_row, write_csv

FIRST, SECOND = "2025-12", "2026-01"
READINGS = ("meter_id", "read_at", "value")
MAKER, CHECKER, VERIFIER = "Li Na 李娜", "Wang Wei 王伟", "Green Verify 绿证核查"


def two_sites(root: Path, months: Sequence[str] = (FIRST, SECOND)) -> Home:
    """Sites S1 and S2 of cluster C1; PUE 1.5 in every hour."""
    home = make_home(root, months, ("S1", "S2"))
    sites(home, {"S1": "C1", "S2": "C1"})
    return home


def sites(home: Home, clusters: Mapping[str, str], name: str = "sites", valid_from: str = "2024-01-01") -> None:
    rows = [(*site_row(site)[:-1], valid_from, cluster) for site, cluster in clusters.items()]
    write_csv(home.landing / "sites" / f"{name}.csv", (*SITE_HEADER, "cluster_id"), rows)


def update(home: Home, *months: str) -> int:
    """Land what is new and compute months (default: every final one) as a run does; returns the number of the log."""
    home.ledger.create()
    land(home)
    note_documents(home)
    number, _ = home.ledger.head()
    compute_plain(home, months or final_months(home), number)
    return number


def close(home: Home, month: str, site: str | None = None) -> Done:
    submit(home, month, by=MAKER, site=site)
    return approve(home, month, by=CHECKER, statement="checked against the bills", site=site)


def restated(home: Home, month: str, cause: str = "LATE_DATA", site: str | None = None) -> Restated:
    return restate(home, month, closure(home, month, site), Order.of(cause, "what happened", MAKER, CHECKER))


def raised(home: Home, site: str, by: float, name: str = "late") -> None:
    """A file that corrects the supply register of a site: ``by`` kWh more from the 400th hour of December on, through January."""
    rows = [*register(f"{site}-G", FIRST, 150, start=1000)[400:-1], *register(f"{site}-G", SECOND, 150, start=1000 + 744 * 150)]
    write_csv(home.landing / "meter_readings" / f"{name}.csv", READINGS, [(m, at, f"{float(v) + by:g}") for m, at, v in rows])


def copy(home: Home, target: Path) -> Home:
    shutil.copytree(home.root, target)
    return Home.open(target)


def pue(payload: Mapping[str, Any]) -> float | None:
    value: float | None = next(item["value"] for item in payload["indicators"] if item["code"] == "D1")
    return value


def rewrite(home: Home, change: Mapping[int, Mapping[str, Any]]) -> None:
    """Rewrite the log from the first changed entry on so that it is valid in itself again, as its owner could.

    ``change`` gives the new payload of entries by number. Heads that later entries and kept documents state, and the digests of both,
    are made to fit.
    """
    fit: dict[str, str] = {}  # what stood in the log → what stands there now
    previous = GENESIS
    for item in home.ledger.entries():
        payload = _fitting(change.get(item.n, item.payload), fit)
        if item.kind in CLOSING:
            for digest in payload.get("documents", []):
                _fit_document(home, digest, fit)
            payload = _fitting(payload, fit)
        digest = home.lake.keep_bytes(canonical_json(payload).encode()) if item.kind in CLOSING else item.digest
        new = Entry(item.n, item.at, item.kind, item.name, digest, payload, previous, "")
        previous = new.expected_head()
        fit |= {item.head: previous} if item.head != previous else {}
        values = {"digest": digest, "payload": canonical_json(payload), "previous_head": new.previous_head, "head": previous}
        with home.ledger.write() as connection:
            connection.execute(entry.update().where(entry.c.n == item.n).values(values))


def _fit_document(home: Home, digest: str, fit: dict[str, str]) -> None:
    data = home.lake.file_path(digest).read_bytes()
    if not data.startswith(b"\x1f\x8b"):
        return  # evidence
    document = json.loads(gzip.decompress(data))
    if (said := _fitting(document, fit)) != document:
        fit[digest] = home.lake.keep_bytes(packed(said))


def _fitting(value: Any, fit: Mapping[str, str]) -> Any:
    text = json.dumps(value)
    for old, new in fit.items():
        text = text.replace(old, new)
    return json.loads(text)


# planted results: what was computed, without computing ------------------------------------------------------------------


def plant(home: Home, month: str, supply: Mapping[str, int], clusters: Mapping[str, Sequence[str]] | None = None) -> None:
    """Results of a month as if computed: sites by supply (PUE is that over 100), and clusters of some of them."""
    template = json.loads(home.ledger.rows("result", window="ttm", entity_kind="site")[0]["payload"])
    amounts = dict(supply) | {name: sum(supply[one] for one in members) for name, members in (clusters or {}).items()}
    rows = []
    for name, amount in amounts.items():
        members = (clusters or {}).get(name)
        for window in ("month", "ttm"):
            it = 100 * len(members or "1")
            items = [
                {**item, "value": amount / it, "numerator": amount, "denominator": it} if item["code"] == "D1" else item
                for item in template["indicators"]
            ]
            kind = "site" if members is None else "cluster"
            payload = {**template, "entity_id": name, "entity_kind": kind, "month": month, "window": window, "indicators": items}
            payload["index"] = round(100 - amount / it, 6)
            payload |= {} if members is None else {"members": [{"entity_id": one} for one in members]}
            payload["output_digest"] = output_digest({k: v for k, v in payload.items() if k != "output_digest"})
            rows.append(
                {"month": month, "table_name": "index/site_index", "entity_id": name, "window": window, "entity_kind": kind,
                 "state": "provisional", "index_value": payload["index"], "grade": "", "log_number": payload["log_number"],
                 "output_digest": payload["output_digest"], "payload": canonical_json(payload)}
            )  # fmt: skip
    table = DERIVED["result"]
    with home.ledger.write() as connection:
        connection.execute(table.delete().where(table.c.month == month))
        connection.execute(table.insert(), rows)
