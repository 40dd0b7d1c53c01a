"""The green power of a site and year, on one page: what is green, by what proof, what is held, and what does not count and why.

Reads what was computed and puts it in order; ``gci certificates`` and the report show the same. No figure is made here but sums: which
claim counts was decided in ``assets/staging``, what the share is in ``assets/indicators``.
"""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from operator import itemgetter
from typing import Any

import polars as pl

from assets.reports.boundary import natural
from assets.reports.published import parts_of_results
from assets.reports.tables import by_site
from assets.staging.claim_rules import REASONS
from checks.waivers import day_of
from resources.calendar import month_range
from resources.home import Home
from resources.ledger import Manifest

Row = dict[str, Any]
EXPIRING_DAYS = 90
WH = 1_000_000
HELD, CANCELLED = "transferred", "cancelled"
_WAITING_STOCK = "held, not cancelled"
_METERED = "counted by the meter"  # certificates of energy that counts by its meter: nothing is lost by leaving them out
# What of a month's energies is the electricity of a site, and what of its boundary is a contract.
_OF_SITE = (pl.col("measure") == "E_DC") & (pl.col("meter_id").fill_null("") == "")
_OF_CONTRACTS = pl.col("kind") == "contract"
# Of a state: the months between which a range counts for a year, and the order of ranges.
_RANGES = {
    HELD: ("production_month", "usable_for", "usable_to", "project_code", "production_month", "seq_start"),
    CANCELLED: ("consumption_start", "consumption_end", "project_code", "production_month", "seq_start"),
}
_PLACE = "place"  # of a range in that order
_LEFT_OUT = ("excluded_mwh", "metered_mwh")
_CLAIMS, _LEDGER, _BOOKS, _DIFFERING = (
    "staging/claims", "staging/certificate_ledger", "staging/certificate_books", "staging/certificate_differences",
)  # fmt: skip
# Where files about green power are dropped: what to say when there are none.
FEEDS = ("projects", "certificates", "certificate_events", "ppa_contracts", "ppa_site_shares", "ppa_settlements")
_SUMS = (
    "issued", "transferred", "cancelled", "self_used", "untransferred", "ended", "valid", "disputed", "claimed", "waiting", "left_out",
    "elsewhere", "lost", "claimed_wrongly",
)  # fmt: skip


@dataclass(frozen=True)
class Stock:
    """The green-power tables of a home, read once for all its sites: every computed month, and of each project-month the newest state."""

    home: Home

    @cached_property
    def months(self) -> list[str]:
        """The months whose claims were computed and are there: one whose table was lost has to be computed again."""
        return sorted(self._stored(_CLAIMS))

    @cached_property
    def files(self) -> dict[int, str]:
        """Log entry → the file that it brought."""
        return {entry.n: entry.name for entry in self.home.ledger.entries(kinds=["file"])}

    @cached_property
    def routes(self) -> dict[str, tuple[str, str]]:
        """Route → its name in English and Chinese, best first, from the reference document in the log."""
        found = self.home.ledger.latest("factors")
        if found is None:
            return {}
        data = json.loads(self.home.lake.file_path(found.digest).read_bytes())
        return {row["route"]: (row["name_en"], row["name_zh"]) for row in data["routes"]["routes"]}

    @cached_property
    def today(self) -> str:
        """The day of the newest entry of the log: the only clock."""
        return day_of(self.home.ledger.moment(self.head[0]), self.home.settings.timezone).isoformat()

    @cached_property
    def head(self) -> tuple[int, str]:
        """Number and head digest of the newest entry of the log."""
        return self.home.ledger.head()

    def electricity(self, month: str, site_id: str) -> int | None:
        """What the site used in a month in Wh; None when it is not known."""
        rows = self._chosen("staging/energies", month, site_id, _OF_SITE)
        return rows[0]["quantity"] if rows else None

    def contracts(self, month: str, site_id: str) -> set[str]:
        """The contracts in which the site has a share in a month."""
        return {row["id"] for row in self._chosen("staging/boundary", month, site_id, _OF_CONTRACTS)}

    def _chosen(self, table: str, month: str, site_id: str, which: pl.Expr) -> list[Row]:
        """The rows of a site and month among those of a table that are wanted of it."""
        stored = self._manifests(table).get(month)
        if stored is None:
            return []
        if stored.file_digest not in _parts:
            _parts[stored.file_digest] = by_site(self.home.lake.read(table, month, stored.file_digest).filter(which))
        _parts.move_to_end(stored.file_digest)
        while len(_parts) > _PARTS:
            _parts.popitem(last=False)
        return _parts[stored.file_digest].get(site_id, [])

    @cached_property
    def _claims(self) -> dict[tuple[str, ...], dict[str | None, list[Row]]]:
        return {}

    def claims(self, months: Sequence[str]) -> dict[str | None, list[Row]]:
        """The claims of some months by site; those of no site under None."""
        key = tuple(months)
        if key not in self._claims:
            stored = self._stored(_CLAIMS)
            self._claims[key] = by_site(self._joined(stored[month] for month in months))
        return self._claims[key]

    @cached_property
    def ledger(self) -> pl.DataFrame:
        """Where every range stands, by the newest computation that looked at its project-month."""
        return self._newest(_LEDGER)

    @cached_property
    def books(self) -> pl.DataFrame:
        return self._newest(_BOOKS)

    @cached_property
    def by_project_month(self) -> dict[tuple[str, str], list[Row]]:
        """The books of each project-month."""
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.books.iter_rows(named=True):
            found[row["project_code"], row["production_month"]].append(row)
        return found

    @cached_property
    def differences(self) -> list[Row]:
        if self.books.is_empty():
            return []
        keys = ["project_code", "production_month", "month"]
        found = self._joined(self._stored(_DIFFERING).values())
        return found.join(self.books.select(keys), on=keys, how="semi").to_dicts()

    def results(self, year: str) -> dict[str, dict[str, Row]]:
        """For each site what its page says of the results of the months of a year, by month."""
        if year not in self._results:
            found: dict[str, dict[str, Row]] = defaultdict(dict)
            wanted = month_range(f"{year}-01", f"{year}-12")
            for month, site_id, said in parts_of_results(self.home, "month", entity_kind="site", month=wanted):
                found[site_id][month] = said
            self._results[year] = found
        return self._results[year]

    @cached_property
    def _results(self) -> dict[str, dict[str, dict[str, Row]]]:
        return {}

    def ranges(self, state: str, year: str) -> dict[str | None, list[Row]]:
        """The ranges in a state, ``HELD`` and usable for a year or ``CANCELLED`` for it, by site; each with its place in their order."""
        if (state, year) not in self._ranges:
            start, end, *order = _RANGES[state]
            rows = pl.DataFrame()
            if not self.ledger.is_empty():
                in_year = (pl.col(start) <= f"{year}-12") & (pl.col(end) >= f"{year}-01")
                rows = self.ledger.filter((pl.col("state") == state) & in_year).sort(order).with_row_index(_PLACE)
            self._ranges[state, year] = by_site(rows)
        return self._ranges[state, year]

    @cached_property
    def _ranges(self) -> dict[tuple[str, str], dict[str | None, list[Row]]]:
        return {}

    def _stored(self, table: str) -> dict[str, Manifest]:
        """What is there of a table, by month."""
        return {month: item for month, item in self._manifests(table).items() if self.home.lake.has(table, month, item.file_digest)}

    def _manifests(self, table: str) -> dict[str, Manifest]:
        """What the ledger says of a table, by month."""
        if table not in self._known:
            self._known[table] = {item.month: item for item in self.home.ledger.manifests(table_name=table)}
        return self._known[table]

    @cached_property
    def _known(self) -> dict[str, dict[str, Manifest]]:
        return {}

    def _joined(self, stored: Iterable[Manifest]) -> pl.DataFrame:
        found = [self.home.lake.read(item.table_name, item.month, item.file_digest) for item in stored]
        # months computed by an older version may lack a column while a backfill goes through them
        return pl.concat(found, how="diagonal") if found else pl.DataFrame()

    def _newest(self, table: str) -> pl.DataFrame:
        stored = sorted((item for item in self._stored(table).values() if item.rows), key=lambda item: (item.as_of, item.month))
        if not stored:
            return pl.DataFrame()
        order = {item.month: n for n, item in enumerate(stored)}
        rows = self._joined(stored).with_columns(pl.col("month").replace_strict(order, return_dtype=pl.Int64).alias("order"))
        newest = pl.col("order") == pl.col("order").max().over("project_code", "production_month")
        return rows.filter(newest).drop("order")

    def source(self, row: Mapping[str, Any]) -> Row:
        """The file and row that a row rests on."""
        said = {name: row[name] for name in ("evidence", "entry", "source_row")}
        return said | {"file": self.files.get(row["entry"] or 0)}


# What is chosen of a table, by its digest: the pages of the next month ask for most of it again.
_parts: OrderedDict[str, dict[str | None, list[Row]]] = OrderedDict()
_PARTS = 32


def site_year(stock: Stock, site_id: str, year: str) -> Row:
    """The position of a site's year: ``months``, ``sum``, ``claimed``, ``pending``, ``excluded``, ``cancelled``, ``held``, ``books``.

    Energies in MWh. ``claimed``, ``withheld`` (of months whose share is withheld), ``pending`` and ``excluded`` are groups of claims
    that share route, project, contract, meter and reason, each with its ``rows`` (month, range, document, file and row). ``cancelled``:
    what stands cancelled for the site and a consumption of the year, by project, channel, contract and beneficiary. ``held``:
    certificates of the site, or of a contract in which it has a share, that are usable for consumption of the year and not cancelled, by
    the newest entry of the log (``today``); ``expiring``: those of them whose last usable day is at most 90 days away; ``lapsed``: those
    whose last day is over. ``books``: issued, transferred, cancelled and claimed numbers of the project-months concerned, of all sites.
    Months that were not computed are in ``not_computed``.
    """
    wanted = month_range(f"{year}-01", f"{year}-12")
    payloads = stock.results(year).get(site_id, {})
    months = [month for month in wanted if month in payloads and month in stock.months]
    claims = stock.claims(months)
    rows, homeless = claims.get(site_id, []), claims.get(None, [])
    shown = [_month(stock, site_id, month, payloads[month], [row for row in rows if row["month"] == month]) for month in months]
    held = _held(stock, site_id, year, months)
    number, head = stock.head
    by_status = {status: [row for row in rows if row["status"] == status] for status in ("eligible", "pending", "excluded")}
    doubtful = {row["month"] for row in shown if row["status"] == "withheld"}
    proven, withheld = ([row for row in by_status["eligible"] if (row["month"] in doubtful) == held_back] for held_back in (False, True))
    return {
        "site_id": site_id, "year": year, "log_number": number, "head_digest": head, "today": stock.today,
        "months": shown, "sum": _sum(shown),
        "not_computed": [month for month in wanted if month not in months and month >= stock.home.settings.first_month],
        "claims_open": any(payload["claims_open"] for payload in payloads.values()),
        "claimed": _groups(stock, proven), "withheld": _groups(stock, withheld), "pending": _groups(stock, by_status["pending"]),
        "excluded": _groups(stock, by_status["excluded"]), "unassigned": _groups(stock, homeless),
        "cancelled": _cancelled(stock, site_id, year), "held": held,
        "expiring": [row for row in held if 0 <= row["days_left"] <= EXPIRING_DAYS],
        "lapsed": [row for row in held if row["days_left"] < 0],
        "books": _books(stock, {(row["project_code"], row["production_month"]) for row in [*rows, *held] if row["seq_start"] is not None}),
        "routes": {route: list(names) for route, names in stock.routes.items()},
    }  # fmt: skip


def _month(stock: Stock, site_id: str, month: str, payload: Mapping[str, Any], rows: Sequence[Row]) -> Row:
    """One month: electricity, eligible claims by route, and what of them counts (as E1 of the month says)."""
    share = payload["E1"]
    claimed: dict[str, int] = defaultdict(int)
    for row in rows:
        if row["status"] == "eligible":
            claimed[row["route"]] += row["quantity_wh"]
    numbered = sum(row["quantity_wh"] for row in rows if row["seq_start"] is not None and row["reason"] != _WAITING_STOCK)
    used, surplus = stock.electricity(month, site_id), share["beside"].get("surplus_mwh")
    return {
        "month": month, "electricity_mwh": None if used is None else _mwh(used),
        "claimed_by_route": {route: _mwh(claimed[route]) for route in [*stock.routes, *claimed] if route in claimed},
        "claimed_mwh": _mwh(sum(claimed.values())), "counted_mwh": None if share["value"] is None else _mwh(share["numerator"]),
        "surplus_mwh": surplus, "cancelled_mwh": _mwh(numbered), "pending_mwh": _energy(rows, "pending"),
        "excluded_mwh": _energy(rows, "excluded"), "metered_mwh": _energy(rows, "excluded", _METERED),
        **{name: share[key] for name, key in (("share", "value"), ("status", "status"), ("reason", "reason"))},
        "rules_failed": share["rules_failed"], "claims_open": payload["claims_open"],
    }  # fmt: skip


def _energy(rows: Iterable[Row], status: str, reason: str = "") -> float:
    return _mwh(sum(row["quantity_wh"] or 0 for row in rows if row["status"] == status and reason in ("", row["reason"])))


def _mwh(wh: int) -> float:
    return wh / WH


def _sum(months: Sequence[Row]) -> Row:
    """The sums of the months; those by route of the months that are not withheld, the share of those that have one, as a ratio of sums.

    Source: docs/method/green-power.md.
    """
    standing = [row for row in months if row["status"] != "withheld"]
    valued = [row for row in months if row["share"] is not None]
    used = sum(row["electricity_mwh"] for row in valued)
    counted = sum(row["counted_mwh"] for row in valued)
    routes = list(dict.fromkeys(route for row in months for route in row["claimed_by_route"]))
    return {
        "electricity_mwh": _total(months, "electricity_mwh"),
        "claimed_by_route": {route: sum(row["claimed_by_route"].get(route, 0.0) for row in standing) for route in routes},
        **{name: _total(months, name) for name in ("claimed_mwh", "surplus_mwh", "cancelled_mwh", "pending_mwh", *_LEFT_OUT)},
        "counted_mwh": counted if valued else None, "share": counted / used if used else None, "months_with_share": len(valued),
    }  # fmt: skip


def _total(months: Sequence[Row], name: str) -> float | None:
    known = [row[name] for row in months if row[name] is not None]
    return sum(known) if known else None


def _groups(stock: Stock, rows: Sequence[Row]) -> list[Row]:
    """Claims that share route, project, contract, meter and reason, with their sums; best route first, then the largest."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in ("route", "reason", "source", "project_code", "contract_id", "meter_id"))].append(row)
    order = list(stock.routes)
    found = []
    for (route, reason, source, project, contract, meter), own in groups.items():
        found.append(
            {
                "route": route, "reason": reason, "reason_zh": REASONS.get(reason or ""), "source": source, "project_code": project,
                "contract_id": contract, "meter_id": meter, "mwh": _mwh(sum(row["quantity_wh"] or 0 for row in own)),
                "unknown": sum(row["quantity_wh"] is None for row in own), "months": sorted({row["month"] for row in own}),
                "documents": sorted({row["evidence"] for row in own if row["evidence"]}, key=natural),
                "rows": [
                    {
                        **{name: row[name] for name in ("month", "production_month", "seq_start", "seq_end")},
                        "mwh": None if row["quantity_wh"] is None else _mwh(row["quantity_wh"]), **stock.source(row),
                    }
                    for row in own
                ],
            }
        )  # fmt: skip
    rank = {route: number for number, route in enumerate(order)}
    return sorted(found, key=lambda g: (rank.get(g["route"], len(rank)), -g["mwh"], g["reason"] or "", g["project_code"] or ""))


def _cancelled(stock: Stock, site_id: str, year: str) -> list[Row]:
    """Ranges that stand cancelled for the site and consumption of the year, by who they were cancelled for and how they were acquired."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in stock.ranges(CANCELLED, year).get(site_id, ()):
        groups[tuple(row[name] for name in _OF_GROUP)].append(row)
    return [
        {
            **dict(zip(_OF_GROUP, key, strict=True)), "mwh": sum(row["seq_end"] - row["seq_start"] + 1 for row in own),
            "rows": [
                {**{name: row[name] for name in _OF_RANGE}, "mwh": row["seq_end"] - row["seq_start"] + 1, **stock.source(row)}
                for row in own
            ],
        }
        for key, own in groups.items()
    ]  # fmt: skip


_OF_GROUP = ("project_code", "channel", "contract_id", "beneficiary")
_OF_RANGE = ("production_month", "seq_start", "seq_end", "since", "consumption_start", "consumption_end")


def _held(stock: Stock, site_id: str, year: str, months: Sequence[str]) -> list[Row]:
    """Certificates that are held and usable for consumption of the year, soonest last day first."""
    held = stock.ranges(HELD, year)
    rows = list(held.get(site_id, ()))
    if shared := held.get(None):
        contracts = {name for month in months for name in stock.contracts(month, site_id)}
        rows = sorted([*rows, *(row for row in shared if row["contract_id"] in contracts)], key=itemgetter(_PLACE))
    today = date.fromisoformat(stock.today)
    return [
        {
            **{name: row[name] for name in _OF_HELD}, "mwh": row["seq_end"] - row["seq_start"] + 1, "shared": row["site_id"] is None,
            "days_left": (date.fromisoformat(row["usable_to"]) - today).days, **stock.source(row),
        }
        for row in rows
    ]  # fmt: skip


_OF_HELD = (
    "project_code", "production_month", "seq_start", "seq_end", "since", "account", "channel", "contract_id", "energy_type", "usable_for",
    "usable_to",
)  # fmt: skip


def _books(stock: Stock, keys: Iterable[tuple[str, str]]) -> Row:
    """The books of some project-months, summed, and what differs in them."""
    wanted = set(keys)
    own = [row for key in wanted for row in stock.by_project_month.get(key, ())]
    sums = {name: sum(row[name] for row in own) for name in _SUMS}
    differing = [row for row in stock.differences if (row["project_code"], row["production_month"]) in wanted]
    return {
        "project_months": len(own), **sums, "agree": not (sums["lost"] or sums["claimed_wrongly"]),
        "differences": [row | {"file": stock.files.get(row["entry"] or 0)} for row in differing],
    }  # fmt: skip
