"""The collection boundary as people and programs ask for it: staged items with their findings, the digest, and what changed.

Only reading and putting in order: what the boundary is, is decided in ``assets/staging/boundary.py``. ``gci show --boundary`` and the
report show the same.
"""

from __future__ import annotations

import re
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import Any

from assets.reports.tables import Tables, read_table
from assets.staging.boundary import CERTIFICATE, CHECK, CONTRACT, MEMBER, METER, SUBJECT, Item, boundary_digest, changes, items_from
from checks.findings import SEVERITIES
from resources.calendar import add_months
from resources.digest import digest_json
from resources.errors import GciError
from resources.home import Home

TABLE = "staging/boundary"


def site_boundary(home: Home, site_id: str, month: str, tables: Tables | None = None) -> dict[str, Any]:
    """What ``gci show SITE MONTH --boundary`` says: subjects by name, meters, contracts, certificates, digest, what changed.

    ``tables``: those of the home, when many sites are asked for. ``changes`` is None when the month before was not computed or does not
    have the site. GciError when the month's boundary was not computed.
    """
    tables = tables or Tables(home)
    stored, known = tables.manifest(TABLE, month), _items(tables, site_id, month)
    if known is None or stored is None:
        raise GciError(
            f"The collection boundary of {month} was not computed: the month was computed by an older version. Run 'gci run {month}'."
        )
    items, digest = known
    found: dict[str, Any] = {
        "entity_id": site_id, "entity_kind": "site", "month": month, "log_number": stored.as_of, "digest": digest,
        "table_digest": stored.digest,
    }  # fmt: skip
    found |= {item.id: dict(item.attributes) for item in items if item.kind == SUBJECT}
    said = _findings(tables, site_id, month)
    meters = sorted((item for item in items if item.kind == METER), key=_by_role)
    found["meters"] = [_meter(item, said.get(item.id, [])) for item in meters]
    found["contracts"] = [{"contract_id": i.id, **i.attributes, **_source(i)} for i in items if i.kind == CONTRACT]
    found["certificates"] = [{"id": i.id, "route": i.role, **i.attributes, **_source(i)} for i in items if i.kind == CERTIFICATE]
    return found | {"changes": _changes(tables, site_id, month, items)}


def cluster_boundary(home: Home, cluster_id: str, month: str) -> dict[str, Any]:
    """The boundaries of a cluster's members, and a digest of their digests."""
    table = read_table(home, TABLE, month)
    names = [] if table is None else sorted(table["site_id"].unique())
    tables = Tables(home)
    members = [site_boundary(home, name, month, tables) for name in names]
    members = [member for member in members if member["site"].get("cluster_id") == cluster_id]
    digest = digest_json([[member["entity_id"], member["digest"]] for member in members])
    return {"entity_id": cluster_id, "entity_kind": "cluster", "month": month, "digest": digest, "members": members}


def _by_role(item: Item) -> tuple[Any, ...]:
    """What counts first, side by side, then check meters, members and the others; within a role by point."""
    rank = 0 if item.counts else {CHECK: 1, MEMBER: 2}.get(item.role, 3)
    return rank, item.role.lstrip("+-"), item.attributes.get("point", ""), natural(item.id)


def natural(name: str) -> list[Any]:
    """A key by which M-2 comes before M-10."""
    return [(1, int(part)) if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name) if part]


def _changes(tables: Tables, site_id: str, month: str, items: list[Item]) -> dict[str, Any] | None:
    before = add_months(month, -1)
    old, digest = _items(tables, site_id, before) or ([], "")
    return {"since": before, "digest": digest, "items": changes(old, items)} if old else None


def _items(tables: Tables, site_id: str, month: str) -> tuple[list[Item], str] | None:
    """The boundary of a site and its digest; None when the month's was not computed. The page of the next month asks again."""
    stored = tables.manifest(TABLE, month)
    if stored is None:
        return None
    kept = _kept.setdefault(stored.file_digest, {})
    while len(_kept) > _KEPT:
        _kept.popitem(last=False)
    if site_id not in kept:
        items = items_from(tables.rows(TABLE, month, site_id) or [])
        kept[site_id] = items, boundary_digest(items)
    return kept[site_id]


_kept: OrderedDict[str, dict[str, tuple[list[Item], str]]] = OrderedDict()  # by the digest of the table
_KEPT = 3  # a month, the one before, and what comes next


def _meter(item: Item, findings: Iterable[dict[str, Any]]) -> dict[str, Any]:
    ordered = sorted(findings, key=lambda f: (SEVERITIES.index(f["severity"]), f["code"]))
    return {
        "meter_id": item.id, "role": item.role, **item.attributes, "cadence_s": item.cadence_s,
        "findings": list(dict.fromkeys(f["code"] for f in ordered)), "severity": ordered[0]["severity"] if ordered else None,
        **_source(item),
    }  # fmt: skip


def _source(item: Item) -> dict[str, Any]:
    return {"entry": item.entry, "source_row": item.source_row}


def _findings(tables: Tables, site_id: str, month: str) -> dict[str, list[dict[str, Any]]]:
    """The month's findings of a site by subject; an info is no mark on a meter."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in tables.findings(month, site_id):
        if row["severity"] != "info":
            found[row["subject"]].append(row)
    return found
