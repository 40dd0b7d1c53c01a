"""The accounts step: what a month emitted, used and cost, as tables that reading commands, the report and exports show.

Formulas are in ``ghg.py``, ``energy_total.py`` and ``cost.py``; here their inputs are gathered and their outputs left in the lake.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection
from fractions import Fraction
from functools import cached_property
from typing import Any

import polars as pl

from assets.compute import Compute, Step
from assets.indicators.cost import COST, GAPS, Settled, Supply, bill_line, demand_lines, energy_lines, site_cost
from assets.indicators.cost import TABLE as COSTS
from assets.indicators.energy_total import ENERGY, energy_rows
from assets.indicators.energy_total import TABLE as TOTALS
from assets.indicators.ghg import GHG, Sources, inventory_rows
from assets.indicators.ghg import TABLE as INVENTORY
from assets.indicators.inputs import SiteMonth
from assets.indicators.site_emissions import grid_energy, total_of
from assets.indicators.step import MonthInputs, month_inputs
from assets.indicators.tariff import Prices
from assets.reference.scope1 import BURNT_AT, is_burnt, measure_scope1
from assets.reference.scope3 import measure_scope3
from assets.staging.bills import billed, day_bounds_s
from assets.staging.contracts import in_force, latest_settlements, settled_wh, shares_of
from assets.staging.contributions import Contributions
from assets.staging.onsite import meters_in_month
from resources.calendar import HOUR_S, month_last_day, month_range
from resources.errors import GciError

Row = dict[str, Any]
HOURS = "staging/interval_energy"
INPUTS = ("staging/energies", HOURS, "staging/claims", "raw/registry", "raw/activities", "raw/green_power")
SUPPLY = "point:grid_supply"
# What bills and the hours behind a total read of them.
_READ = ("site_id", "meter_id", "hour_s", "quantity", "known_s", "estimated", "state", "method")
# Its hours would fall to another row's price.
REFUSED = ("a row of the tariff is refused (CT01)", "电价有记录被拒(CT01)")
# Kinds of contract that cost money beside the tariff; a financial contract changes neither energy nor this account.
_PAID = ("green_trade", "direct_line", "onsite_third_party", "certificate_purchase")


def measure_accounts(compute: Compute) -> Step:
    """Inventory, energy in tce and cost of every site's month."""
    month = month_inputs(compute)
    meters = meters_in_month(month.tables["meters"], compute.month)
    books = _Books(compute, month)
    inventory: list[Row] = []
    energy: list[Row] = []
    cost: list[Row] = []
    for row in compute.sites:
        site = month.site(row["site_id"])
        inventory += inventory_rows(month.factors, site, compute.settings.cutoff_day, _sources(month, site, meters))
        energy += energy_rows(month.factors, site)
        cost += books.cost(site, row["timezone"])
    tables = {
        INVENTORY: pl.DataFrame(inventory, schema=GHG),
        TOTALS: pl.DataFrame(energy, schema=ENERGY),
        COSTS: pl.DataFrame(cost, schema=COST),
    }
    inputs = compute.digests(INPUTS) | books.earlier | {kind: compute.document(kind)[0] for kind in ("edition", "factors")}
    return compute.put("indicators/accounts", "indicators", tables, inputs)


def _sources(month: MonthInputs, site: SiteMonth, meters: dict[str, Any]) -> Sources:
    compute, own = month.compute, month.of_site(site.site_id)
    burnt = is_burnt(total_of(site, measure) for measure in BURNT_AT)
    geography = (site.site or {})["geography"]
    return Sources(
        scope1=measure_scope1(month.factors, compute.month, site.activities, site.declared, burnt=burnt),
        scope3=measure_scope3(month.factors, geography, compute.month, compute.settings.cutoff_day, site.activities),
        energy=grid_energy(site, own["energies"], own["meters"]),
        energies=own["energies"],
        meters=meters,
        claims=own["claims"],
    )


class _Books:
    """What the costs of a month read: tariffs, bills, contracts, and the hours of this month and of earlier ones that bills reach into."""

    def __init__(self, compute: Compute, month: MonthInputs) -> None:
        feeds = compute.feeds
        self.compute, self.month = compute, month
        self.tariffs = [row for row in feeds.rows("tariffs") if row["valid_from"] <= compute.last_day]
        self.bills = [row for row in feeds.rows("bills") if row["period_end"][:7] == compute.month]
        self.contracts = {row["contract_id"]: row for row in feeds.rows("ppa_contracts")}
        shares = feeds.rows("ppa_site_shares")
        paid = [row for row in self.contracts.values() if row["kind"] in _PAID and in_force(row, compute.month)]
        self.shares = {row["contract_id"]: shares_of(shares, row["contract_id"], compute.month) for row in paid}
        self.settlements = latest_settlements(feeds.rows("ppa_settlements"))
        refused = feeds.rejected[feeds.rejected["feed"] == "tariffs"]
        self.refused = set(refused["site_id"])
        self.media = {row["meter_id"]: row["medium"] for row in month.tables["meters"]}
        self.energies = compute.read("staging/energies")
        counted = self.energies.filter((pl.col("measure") == "E_DC") & (pl.col("meter_id") != ""))["meter_id"].to_list()
        self.priced = sorted({*counted, *(row["meter_id"] for row in self.bills)})
        self._hours: dict[str, pl.DataFrame | None] = {}
        self._meters: dict[str, dict[str, _Hours]] = {}

    def cost(self, site: SiteMonth, zone: str) -> list[Row]:
        site_id = site.site_id
        own = [row for row in self.tariffs if row["site_id"] == site_id]
        rates = Prices(own, site_id, zone)
        bills = [self._bill(row, own, rates, zone) for row in self.bills if row["site_id"] == site_id]
        settled = self._settled(site_id)
        if not own and not bills and not settled:
            return []
        direct = total_of(site, "point:direct_line")
        return site_cost(site_id, site.month, rates, own, self._supply(site), settled, direct, bills)

    @property
    def earlier(self) -> dict[str, str]:
        """The hours of earlier months that bills reached into."""
        stored = (self.compute.home.ledger.manifest(month, HOURS) for month in sorted(self._hours) if month != self.compute.month)
        return {f"{HOURS}@{item.month}": item.digest for item in stored if item is not None}

    def _hours_of(self, month: str) -> pl.DataFrame | None:
        """Hours of the meters that are billed or count in E_DC; None of a month that was not computed."""
        if month not in self._hours:
            stored = self.compute.home.ledger.manifest(month, HOURS)
            self._hours[month] = None
            if stored is not None:
                hours = self.compute.home.lake.scan(HOURS, month, stored.file_digest)
                self._hours[month] = hours.filter(pl.col("meter_id").is_in(self.priced)).select(_READ).collect()
        return self._hours[month]

    @cached_property
    def _hours_by_site(self) -> dict[Any, pl.DataFrame]:
        hours = self._hours_of(self.compute.month)
        return {} if hours is None else hours.partition_by("site_id", as_dict=True)

    def _hours_by_meter(self, month: str) -> dict[str, _Hours]:
        """Hours of the meters that are billed; none of a month that was not computed."""
        if month not in self._meters:
            hours = self._hours_of(month)
            self._meters[month] = {} if hours is None else _by_meter(hours, {row["meter_id"] for row in self.bills})
        return self._meters[month]

    def _supply(self, site: SiteMonth) -> Supply:
        """The hours of the site's counted supply meters."""
        known = site.energy.get(SUPPLY)
        if site.site_id in self.refused:
            return Supply({}, REFUSED)
        if rules := site.withheld.get("E_DC"):
            return Supply({}, (f"E_DC is withheld ({', '.join(rules)})", f"E_DC 暂缓发布({', '.join(rules)})"))
        hours = self._hours_by_site.get((site.site_id,))
        if known is None or hours is None:
            return Supply({}, ("no supply meter counts", "无计入的市电进线表计"))
        if not known.known or known.known_s < known.expected_s:
            return Supply({}, GAPS)
        try:
            rows = Contributions(hours, self.energies, site.site_id).of(SUPPLY).filter(pl.col("hour_s").is_not_null())
        except GciError:
            return Supply({}, ("the hours of the supply meters do not add up to their total", "进线表计逐小时电量与合计不一致"))
        found: dict[str, dict[int, int]] = defaultdict(dict)
        for meter_id, sign, hour_s, quantity in rows.select("meter_id", "sign", "hour_s", "quantity").iter_rows():
            found[meter_id][hour_s] = found[meter_id].get(hour_s, 0) + sign * quantity
        return Supply(found, estimated=known.estimated > 0)

    def _settled(self, site_id: str) -> list[Settled]:
        """The contracts of a site that cost money in the month, by contract."""
        found, month = [], self.compute.month
        for contract_id, shares in sorted(self.shares.items()):
            contract, share = self.contracts[contract_id], shares.by_site.get(site_id)
            settlement = self.settlements.get((contract_id, month))
            bought = contract["kind"] == "certificate_purchase" and settlement is None  # settled by nobody: certificates are not energy
            if not share or bought:
                continue
            if settlement is None or shares.over:
                found.append(Settled(contract_id, contract["kind"], None))
                continue
            found.append(
                Settled(
                    contract_id, contract["kind"], round(settled_wh(settlement) * Fraction(share)), settlement.get("price_per_kwh"),
                    settlement.get("premium_per_kwh"), settlement.get("currency"), settlement["entry"], settlement["source_row"],
                )
            )  # fmt: skip
        return found

    def _bill(self, bill: Row, tariffs: list[Row], rates: Prices, zone: str) -> Row:
        """A bill beside what the tariff makes of its meter over its own period; only electricity has a tariff."""
        if self.media.get(bill["meter_id"]) != "electricity":
            return bill_line(bill, None, [])
        wh = billed(bill, "electricity")
        if not tariffs:
            return bill_line(bill, wh, [])
        supply = self._span(bill, zone)
        computed = energy_lines(supply, rates)
        month = bill["period_start"][:7]
        whole = bill["period_start"] == f"{month}-01" and bill["period_end"] == month_last_day(month).isoformat()
        charged = demand_lines(supply, tariffs, bill["site_id"], bill["period_end"][:7])
        if charged and not whole:
            charged = [
                line | {"amount_e4": None, "status": "unknown", "reason_en": "the bill's period is no calendar month",
                        "reason_zh": "账期非自然月"}
                for line in charged
            ]  # fmt: skip
        return bill_line(bill, wh, [*computed, *charged])

    def _span(self, bill: Row, zone: str) -> Supply:
        """The hours of a bill's meter over the bill's local days."""
        if bill["site_id"] in self.refused:
            return Supply({}, REFUSED)
        first_s, after_s = day_bounds_s(bill["period_start"], bill["period_end"], zone)
        found: dict[int, int] = {}
        known_s, estimated = 0, False
        for month in month_range(bill["period_start"][:7], self.compute.month):
            at, quantities, known, filled = self._hours_by_meter(month).get(bill["meter_id"], ([], [], [], []))
            own = slice(bisect_left(at, first_s), bisect_left(at, after_s))
            found.update(zip(at[own], quantities[own], strict=True))
            known_s, estimated = known_s + sum(known[own]), estimated or any(filled[own])
        return Supply({bill["meter_id"]: found}, None if known_s >= after_s - first_s else GAPS, estimated)


_Hours = tuple[list[int], list[int], list[int], list[bool]]


def _by_meter(hours: pl.DataFrame, meter_ids: Collection[str]) -> dict[str, _Hours]:
    """The hours of some meters in order: when, quantity, known seconds, whether some was estimated; of a shared meter all of it,
    whichever site counts it."""
    own = hours.filter(pl.col("meter_id").is_in(sorted(meter_ids))).select(
        "meter_id", "hour_s", pl.col("quantity").fill_null(0), pl.col("known_s").clip(upper_bound=HOUR_S),
        (pl.col("estimated") > 0).fill_null(False),
    )  # fmt: skip
    if (own["hour_s"].diff() == 0).any():  # the table stands in the order of meters and hours: an hour of several sites
        whole = own.group_by("meter_id", "hour_s").agg(pl.col("quantity").sum(), pl.col("known_s", "estimated").max())
        own = whole.sort("meter_id", "hour_s")
    columns = own.group_by("meter_id", maintain_order=True).agg("hour_s", "quantity", "known_s", "estimated")
    return {meter_id: (at, quantity, known_s, filled) for meter_id, at, quantity, known_s, filled in columns.iter_rows()}
