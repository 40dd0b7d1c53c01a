"""The collection boundary of a site in a month, as data: what is counted, by which meters, and what else is in scope.

Put here what follows from the registry and the books alone: stated and metered supply points, measuring points and categories, every meter
with its role, contracts and certificates; the digest of it, and what changed from one month to the next. Nothing here judges (that is
``checks/rules``) or draws (``assets/reports``). Rows are plain dicts: nothing here needs pandas.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from assets.staging.parts import Composition, registry_rows
from assets.staging.topology import Row, counted, in_force, it_point, plain, sites_counting, stretches
from resources.calendar import month_first_day, month_last_day
from resources.digest import canonical_json, digest_json

BOUNDARY = {
    "site_id": pl.String, "kind": pl.String, "id": pl.String, "role": pl.String, "attributes": pl.String, "cadence_s": pl.Int64,
    "entry": pl.Int64, "source_row": pl.Int64, "month": pl.String,
}  # fmt: skip
SUBJECT, METER, CONTRACT, CERTIFICATE = "subject", "meter", "contract", "certificate"
# What a month has in common with the one before it: certificates are those of one month, and what began in the month before did begin.
COMPARED = (SUBJECT, METER, CONTRACT)
_OF_ONE_MONTH = ("from", "changed_on")
CHECK, MEMBER, NOT_COUNTED = "check", "member", "not_counted"

_OF_METER = (
    "medium", "point", "parent_meter_id", "kind", "unit", "multiplier", "register_digits", "interval_minutes", "interval_label", "capacity",
    "density_kg_per_l", "no_value_codes", "accuracy_class", "transformer_class", "calibrated_until", "check_meter_of", "project_code",
)  # fmt: skip
_OF_CONTRACT = ("kind", "project_code", "seller", "start_on", "end_on", "annual_mwh", "attribute_clause")
_OF_CERTIFICATE = ("project_code", "production_month", "seq_start", "seq_end", "contract_id", "quantity_wh", "status", "reason")

_Days = list[tuple[date, date, list[Row]]]  # stretches of the month with the meters in force at a site


@dataclass(frozen=True)
class Item:
    """One thing of the boundary. ``attributes`` hold no unknown value; ``cadence_s``, ``entry`` and ``source_row`` are no part of it."""

    kind: str
    id: str
    role: str
    attributes: Mapping[str, Any]
    cadence_s: int | None = None
    entry: int | None = None
    source_row: int | None = None

    @property
    def counts(self) -> bool:
        """Whether it is a meter that adds to a side or is subtracted from one."""
        return self.role.startswith(("+", "-"))


@dataclass(frozen=True)
class Books:
    """What a boundary is read from, as plain rows.

    ``sites``: those in force at the month's end; ``meters``, ``declarations``, ``contracts``, ``shares``: all rows of the feeds ``meters``,
    ``declarations``, ``ppa_contracts``, ``ppa_site_shares``; ``parts``: the month's virtual and shared meters; ``claims``: rows of
    staging/claims; ``cadences``: median seconds between readings by site and meter.
    """

    month: str
    sites: Sequence[Row]
    meters: Sequence[Row]
    parts: Composition
    declarations: Sequence[Row] = ()
    contracts: Sequence[Row] = ()
    shares: Sequence[Row] = ()
    claims: Sequence[Row] = ()
    cadences: Mapping[tuple[str, str], int | None] | None = None


def boundaries(books: Books) -> dict[str, list[Item]]:
    """The boundary of every site: items sorted by kind and id, the same for every order of rows and files.

    A meter is described by its last row in force in the month, with ``from`` and ``until`` when it is not in force all month and
    ``changed_on`` when an earlier row of the month says something else. Its role: the sides on which it counts, signed; else ``check``,
    ``member`` (of a virtual meter) or ``not_counted``. A shared meter stands at every site that shares it. Metered counts are the fewest
    on any day since commissioning, as BD03 has them. Source: interfaces.md §2 and §3; metering.md §5.
    """
    sites = plain(books.sites)
    rows = registry_rows(plain(books.meters), books.parts)
    roles = _roles(rows, sites, books)
    days = [(first, last, _by_site(nodes.values(), sites_counting)) for first, last, nodes in stretches(rows, books.month)]
    claims = _by_site((row for row in plain(books.claims) if row["source"] == CERTIFICATE), _own_site)
    declared, shares = (_by_site(_of_month(rows, books.month), _own_site) for rows in (plain(books.declarations), plain(books.shares)))
    contracts = [row for row in plain(books.contracts) if _overlaps(row["start_on"], row["end_on"], books.month)]
    members = {leaf for d in books.parts.definitions for leaf, _ in (d.leaves or d.members) if d.meter_id in books.parts.virtual}
    found = {}
    for site in sites:
        site_id = site["site_id"]
        here = [(first, last, nodes.get(site_id, [])) for first, last, nodes in days]
        none = {row["subject"] for row in declared.get(site_id, [])}
        items = [*_subjects(site, here, roles, none, books), *_meters(site_id, here, roles, members, books)]
        items += _contracts(shares.get(site_id, []), contracts, books)
        items += [_certificate(row) for row in claims.get(site_id, [])]
        found[site_id] = sorted(items, key=lambda item: (item.kind, item.id))
    return found


def _by_site(rows: Iterable[Row], sites_of: Callable[[Row], Iterable[str]]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for site_id in sites_of(row):
            found[site_id].append(row)
    return found


def _own_site(row: Row) -> tuple[str]:
    return (row["site_id"],)


def _of_month(rows: Iterable[Row], month: str) -> list[Row]:
    return [row for row in rows if _overlaps(row["valid_from"], row["valid_to"], month)]


def boundary_table(found: Mapping[str, Sequence[Item]], month: str) -> pl.DataFrame:
    """staging/boundary: one row for each item of each site."""
    rows = [
        (site_id, item.kind, item.id, item.role, canonical_json(item.attributes), item.cadence_s, item.entry, item.source_row, month)
        for site_id, items in sorted(found.items())
        for item in items
    ]
    return pl.DataFrame(rows, schema=BOUNDARY, orient="row")


def items_of(table: pl.DataFrame, site_id: str) -> list[Item]:
    """The items of a site in staging/boundary, sorted by kind and id."""
    return items_from(table.filter(pl.col("site_id") == site_id).iter_rows(named=True))


def items_from(rows: Iterable[Row]) -> list[Item]:
    """The items that rows of staging/boundary of one site say, sorted by kind and id."""
    ordered = sorted(rows, key=lambda r: (r["kind"], r["id"]))
    return [Item(r["kind"], r["id"], r["role"], json.loads(r["attributes"]), r["cadence_s"], r["entry"], r["source_row"]) for r in ordered]


def boundary_digest(items: Iterable[Item]) -> str:
    """Digest of what the boundary is: kind, id, role and attributes of every item, whatever their order; no month is in it.

    How often meters were read, and which file said what, does not change it: equal digests are equal boundaries.
    """
    return digest_json(sorted(([i.kind, i.id, i.role, dict(i.attributes)] for i in items), key=lambda row: row[:2]))


def changes(before: Iterable[Item], after: Iterable[Item]) -> list[dict[str, Any]]:
    """What changed from one boundary to the next: ``change`` (added, removed, changed), kind, id, field, before, after; by kind and id.

    A changed item has one row for each field that differs; an unknown value is None. Certificates are not compared.
    """
    old, new = ({(i.kind, i.id): i for i in items if i.kind in COMPARED} for items in (before, after))
    found = []
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        if was is None or now is None:
            found.append(_change("added" if was is None else "removed", *key))
            continue
        fields = {"role": (was.role, now.role)} | {
            name: (was.attributes.get(name), now.attributes.get(name))
            for name in sorted((was.attributes.keys() | now.attributes.keys()) - set(_OF_ONE_MONTH))
        }
        found += [_change("changed", *key, name, a, b) for name, (a, b) in fields.items() if a != b]
    return found


def _change(change: str, kind: str, name: str, field: str | None = None, before: Any = None, after: Any = None) -> dict[str, Any]:
    return {"change": change, "kind": kind, "id": name, "field": field, "before": before, "after": after}


# Meters ---------------------------------------------------------------------------------------------------------------


def _roles(rows: Sequence[Row], sites: Sequence[Row], books: Books) -> dict[tuple[str, str], str]:
    """By site and meter the sides on which it counts in the month, signed: ``+E_DC``, ``-E_DC -E_IT``."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for item in counted(rows, sites, books.month):
        found[item.site_id, item.meter_id].add(f"{'+' if item.sign > 0 else '-'}{item.side}")
    return {key: " ".join(sorted(sides, key=lambda side: side[1:])) for key, sides in found.items()}


def _meters(site_id: str, here: _Days, roles: Mapping[tuple[str, str], str], members: Collection[str], books: Books) -> list[Item]:
    own: dict[str, _Days] = defaultdict(list)
    for first, last, nodes in here:
        for row in nodes:
            own[row["meter_id"]].append((first, last, [row]))
    return [_meter(site_id, name, days, roles.get((site_id, name), ""), name in members, books) for name, days in own.items()]


def _meter(site_id: str, name: str, days: _Days, role: str, member: bool, books: Books) -> Item:
    row = days[-1][2][0]
    said = [_described(rows[0], name, first, books) for first, _, rows in days]
    changed = [first.isoformat() for (first, _, _), a, b in zip(days[1:], said, said[1:], strict=False) if a != b]
    first, last = days[0][0], days[-1][1]
    attributes = said[-1] | _known(
        {
            "from": first.isoformat() if first > month_first_day(books.month) else None,
            "until": last.isoformat() if last < month_last_day(books.month) else None,
            "changed_on": changed or None,
        }
    )
    if not role:
        role = CHECK if row["check_meter_of"] else MEMBER if member else NOT_COUNTED
    cadence = (books.cadences or {}).get((site_id, name))
    return Item(METER, name, role, attributes, cadence, row.get("entry"), row.get("source_row"))


def _described(row: Row, name: str, day: date, books: Books) -> dict[str, Any]:
    """What a meter is on a day: its registry row, and what it is made of or shared by."""
    attributes = _known({key: row.get(key) for key in _OF_METER})
    for d in books.parts.by_meter.get(name, ()):
        if d.first <= day <= d.last:
            attributes |= _known(
                {
                    "members": [list(part) for part in d.members] if name in books.parts.virtual else None,
                    "shares": [[site, float(share)] for site, share in d.shares] or None,
                    "refused": d.refused or None,
                }
            )
    return attributes


# What is stated, and what of it is metered -------------------------------------------------------------------------------


def _subjects(
    site: Row, here: _Days, roles: Mapping[tuple[str, str], str], none: Collection[str], books: Books
) -> list[Item]:  # fmt: skip
    """``none``: what the site declared to be none."""
    site_id = site["site_id"]

    def metered(*points: str, counts_on: str = "") -> int:
        since = site.get("commissioned_on") or ""
        there = [
            {r["meter_id"] for r in rows if r["point"] in points and not r["check_meter_of"]
             and (not counts_on or counts_on in roles.get((site_id, r["meter_id"]), "").split())}
            for _, last, rows in here
            if last.isoformat() >= min(since, month_last_day(books.month).isoformat())
        ]  # fmt: skip
        return min(len(names) for names in there)

    supply, storage = site.get("supply_points"), site.get("storage")
    said: dict[str, dict[str, Any]] = {
        "site": {"cluster_id": site.get("cluster_id"), "stage": site.get("stage"), "timezone": site.get("timezone")},
        # one supply where the row is blank (interfaces.md §2): it is said that nobody stated it
        "supply": {"stated": 1 if supply is None else supply, "assumed": supply is None or None, "metered": metered("grid_supply")},
        "direct_line": {"metered": metered("direct_line")},
        "onsite_sources": {"stated": site.get("onsite_sources"), "metered": metered("onsite_generation"),
                           "declared_none": "onsite_generation" in none or None},
        "backup": {"stated": site.get("backup_generators"), "metered": metered("backup_generation"), "fuel_metered": metered("fuel_use"),
                   "declared_none": "backup_generation" in none or None},
        "storage": {"stated": storage, "metered_charge": metered("storage_charge"), "metered_discharge": metered("storage_discharge"),
                    "counted": storage == "outside", "declared_none": "storage" in none or None},
        "export": {"metered": metered("export"), "declared_none": "export" in none or None},
        "it": {"category": site.get("pue_category"), "point": it_point(site), "metered": metered(it_point(site) or "", counts_on="+E_IT")},
        "excluded": {"metered": metered("excluded"), "declared_none": "shared_load" in none or None},
        "water": {"stated": site.get("water_supply_points"), "metered": metered("water_supply"), "category": site.get("wue_category"),
                  "metered_reclaimed": metered("reclaimed_supply"), "metered_discharge": metered("water_discharge"),
                  "declared_none": "water" in none or None},
        "heat": {"metered_reuse": metered("heat_reuse"), "metered_supply": metered("heat_supply"),
                 "declared_none": "heat_reuse" in none or None},
    }  # fmt: skip
    entry, source_row = site.get("entry"), site.get("source_row")
    return [Item(SUBJECT, name, "", _known(values), None, entry, source_row) for name, values in said.items()]


# The books of green power ---------------------------------------------------------------------------------------------------


def _contracts(shares: Iterable[Row], contracts: Iterable[Row], books: Books) -> list[Item]:
    """Of the contracts in force on a day of the month those in which a site has a share then."""
    newest: dict[str, Row] = in_force([{**row, "valid_to": None} for row in shares], "contract_id", month_last_day(books.month))
    found = []
    for row in contracts:
        share = newest.get(row["contract_id"])
        if share is not None:
            attributes = _known({name: row.get(name) for name in _OF_CONTRACT} | {"share": share["share_ratio"]})
            found.append(Item(CONTRACT, row["contract_id"], row["kind"], attributes, None, row.get("entry"), row.get("source_row")))
    return found


def _certificate(row: Row) -> Item:
    """A claim that rests on certificates, or on a settlement whose certificates are still to come."""
    numbers = f"{row['seq_start']}-{row['seq_end']}" if row["seq_start"] is not None else str(row["contract_id"] or "")
    name = "/".join([row["project_code"] or "", row["production_month"] or "", numbers])
    attributes = _known({key: row.get(key) for key in _OF_CERTIFICATE})
    return Item(CERTIFICATE, name, row["route"] or "", attributes, None, row.get("entry"), row.get("source_row"))


def _overlaps(first: str | None, last: str | None, month: str) -> bool:
    """Whether a period has a day in the month."""
    return (first or "") <= month_last_day(month).isoformat() and (last or "9999-12-31") >= month_first_day(month).isoformat()


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that are known, whole numbers without a decimal point: 4000 and 4000.0 are one attribute."""
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in values.items()
        if value is not None
    }
