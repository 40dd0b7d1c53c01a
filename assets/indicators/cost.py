"""What the electricity of a site and month costs at its stated prices: by period, demand, contract; and beside the supplier's bills.

Energies, prices and bills become money here; which price an hour has is in ``tariff.py``. Money is in whole 1/10,000 of the currency
(``amount_e4``): every line is rounded once, sums are exact. Where an hour, a price or a settlement is missing the line has no amount and
says why, and no sum is given that would leave it out. Nothing of this is scored, and money never changes MWh.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from assets.indicators.tariff import Rate, Unpriced, in_force, rates_of
from resources.calendar import month_last_day

Row = dict[str, Any]
TABLE = "indicators/energy_cost"
COST = {
    "site_id": pl.String, "month": pl.String, "line": pl.Int64, "kind": pl.String, "item": pl.String, "from_day": pl.String,
    "to_day": pl.String, "quantity": pl.Int64, "unit": pl.String, "price": pl.Float64, "amount_e4": pl.Int64, "computed_e4": pl.Int64,
    "currency": pl.String, "status": pl.String, "reason_en": pl.String, "reason_zh": pl.String, "entry": pl.Int64, "source_row": pl.Int64,
}  # fmt: skip
# Kinds of lines: grid_energy and demand sum to ``grid``; with direct_line, onsite and premium to ``total``; bill stands beside.
KINDS = ("grid_energy", "demand", "grid", "direct_line", "onsite", "premium", "total", "bill")
E4 = 10_000
_KWH = 1000  # Wh
GAPS = ("not every hour of the supply is known", "进线电量并非每小时均已知")
DEMAND_EN = "demand by the highest hour: the supplier's own demand, over 15 minutes, is at least that"
DEMAND_ZH = "需量按最高小时平均功率计;供应商按 15 分钟计量的需量不低于此值"


@dataclass(frozen=True)
class Supply:
    """Electricity of one or more supply meters over a span: Wh by meter and hour.

    ``unknown``: why not all of it is known, in both languages (None: every hour is); ``estimated``: whether some of it is. Hours are UTC
    epoch seconds of site-local clock hours.
    """

    hours: Mapping[str, Mapping[int, int]]
    unknown: tuple[str, str] | None = None
    estimated: bool = False


@dataclass(frozen=True)
class Settled:
    """What a contract settled for a site in a month, as far as it costs money.

    ``quantity_wh`` None: no settlement of the month, or shares that sum to more than 1. Prices are decimals as written, None: not stated.
    """

    contract_id: str
    kind: str  # of the contract
    quantity_wh: int | None
    price_per_kwh: float | None = None
    premium_per_kwh: float | None = None
    currency: str | None = None
    entry: int | None = None
    source_row: int | None = None


def money_e4(value: Fraction) -> int:
    """Money in whole 1/10,000, rounded half-even."""
    return round(value * E4)


def amount_text(amount_e4: int | None) -> str | None:
    """``-12.3400`` of an amount in 1/10,000; None when it is not known."""
    if amount_e4 is None:
        return None
    sign = "-" if amount_e4 < 0 else ""
    return f"{sign}{abs(amount_e4) // E4}.{abs(amount_e4) % E4:04d}"


def energy_lines(supply: Supply, rates: Mapping[int, Rate | Unpriced]) -> list[Row]:
    """Cost of supplied energy by tariff row: one line for each period and price. One line without amount where something is unknown.

    ``rates``: of every hour of the span, one object for each tariff row. Σ quantity of the lines is the energy supplied (Wh).
    """
    if supply.unknown:
        return [_unknown("grid_energy", *supply.unknown)]
    energy: dict[int, int] = defaultdict(int)
    found: dict[int, Rate | Unpriced] = {}
    for hours in supply.hours.values():
        priced = list(map(rates.__getitem__, hours))
        found.update(zip(map(id, priced), priced, strict=True))
        for key, wh in zip(map(id, priced), hours.values(), strict=True):
            energy[key] += wh
    for rate in found.values():
        if isinstance(rate, Unpriced):
            return [_unknown("grid_energy", rate.text_en, rate.text_zh, quantity=sum(energy.values()), unit="Wh")]
    chosen = {key: rate for key, rate in found.items() if isinstance(rate, Rate)}
    lines = []
    for key in sorted(energy, key=lambda k: (chosen[k].row["valid_from"], chosen[k].period, str(chosen[k].row.get("months")))):
        row = chosen[key].row
        price = Fraction(str(row["price_per_kwh"]))
        lines.append(
            _line(
                "grid_energy", chosen[key].period or "all", energy[key], "Wh", row["price_per_kwh"], money_e4(price * energy[key] / _KWH),
                row.get("currency"), row, estimated=supply.estimated,
            )
        )  # fmt: skip
    return lines


def demand_lines(supply: Supply, tariffs: Iterable[Mapping[str, Any]], site_id: str, month: str) -> list[Row]:
    """The demand charge of a whole month: each supply's highest hour times the charge of the tariff in force on its last day.

    Empty when the tariff states no charge. The highest hourly mean is known, the supplier's 15-minute demand is not: the line is
    ``estimated`` and says so. Source: project convention (each supply is measured by itself).
    """
    standing = in_force(tariffs, site_id, month_last_day(month).isoformat())
    rates = rates_of([row for row in standing if row.get("demand_charge_per_kw") is not None])
    if isinstance(rates, Unpriced):
        return [_unknown("demand", rates.text_en, rates.text_zh)]
    rows = [rate.row for rate in rates if rate.holds(int(month[5:]))]
    if not rows:
        return []
    if len({(row["demand_charge_per_kw"], row.get("currency")) for row in rows}) > 1:
        return [_unknown("demand", "the tariff states more than one demand charge", "电价中有多个需量电价")]
    if supply.unknown:
        return [_unknown("demand", *supply.unknown)]
    peaks = {meter_id: max((0, *hours.values())) for meter_id, hours in supply.hours.items() if hours}
    row, charge = rows[0], rows[0]["demand_charge_per_kw"]
    lines = []
    for meter_id, peak in sorted(peaks.items()):
        amount = money_e4(Fraction(str(charge)) * peak / _KWH)
        line = _line("demand", meter_id, peak, "W", charge, amount, row.get("currency"), row, estimated=True)
        lines.append(line | {"reason_en": DEMAND_EN, "reason_zh": DEMAND_ZH})
    return lines


def contract_lines(settled: Sequence[Settled], direct_line_wh: int | None) -> list[Row]:
    """What contracts cost beside the tariff: energy of a direct line or of others' on-site plants, and premiums that are stated.

    ``direct_line_wh``: metered over a direct line (0: none, None: unknown). Without a stated price, or without a settlement, the line has
    no amount; a premium that is not stated is a line of status ``not_stated``.
    """
    lines = []
    for one in settled:
        kind = {"direct_line": "direct_line", "onsite_third_party": "onsite"}.get(one.kind)
        if kind:
            lines.append(_settled(one, kind, one.price_per_kwh, "unknown"))
        if kind is None or one.premium_per_kwh is not None:
            lines.append(_settled(one, "premium", one.premium_per_kwh, "not_stated"))
    if direct_line_wh != 0 and not any(one.kind == "direct_line" for one in settled):
        lines.append(_unknown("direct_line", "no contract prices the energy of the direct line", "直连线路电量无合同价格", unit="Wh"))
    return lines


def _settled(one: Settled, kind: str, price: float | None, without_price: str) -> Row:
    source: dict[str, Any] = {"entry": one.entry, "source_row": one.source_row}
    if one.quantity_wh is None:
        en, zh = f"contract {one.contract_id} has no settlement of the month", f"合同 {one.contract_id} 无当月结算"
        return _unknown(kind, en, zh, item=one.contract_id, **source)
    if price is None:
        en, zh = f"contract {one.contract_id} states no price", f"合同 {one.contract_id} 未填价格"
        return _unknown(kind, en, zh, item=one.contract_id, quantity=one.quantity_wh, unit="Wh", status=without_price, **source)
    amount = money_e4(Fraction(str(price)) * one.quantity_wh / _KWH)
    return _line(kind, one.contract_id, one.quantity_wh, "Wh", price, amount, one.currency, source)


def summed(lines: Sequence[Mapping[str, Any]], kind: str) -> Row:
    """The sum of lines as a line of ``kind`` (grid, total); without amount when one has none or currencies differ, naming which."""
    open_lines = [line for line in lines if line["amount_e4"] is None]
    currencies = sorted({str(line["currency"] or "") for line in lines if line["amount_e4"] is not None})
    if open_lines:
        names = ", ".join(dict.fromkeys(f"{line['kind']} {line['item']}".strip() for line in open_lines))
        return _unknown(kind, f"not known: {names}", f"未知:{names}")
    if len(currencies) > 1:
        return _unknown(kind, f"more than one currency: {', '.join(c or '?' for c in currencies)}", "币种不一致")
    if not lines:
        return _unknown(kind, "nothing is priced", "无可计价的电量")
    estimated = any(line["status"] == "estimated" for line in lines)
    amount = sum(line["amount_e4"] for line in lines)
    return _line(kind, "", None, "", None, amount, currencies[0] or None, {}, estimated=estimated)


def site_cost(
    site_id: str, month: str, rates: Mapping[int, Rate | Unpriced], tariffs: Sequence[Mapping[str, Any]], supply: Supply,
    settled: Sequence[Settled], direct_line_wh: int | None, bills: Sequence[Row],
) -> list[Row]:  # fmt: skip
    """All lines of a site and month (columns ``COST``). No line when neither a tariff, a settlement nor a bill is there.

    ``rates``: those of every hour of the supply, by ``tariffs``.
    """
    own = [row for row in tariffs if row["site_id"] == site_id]
    if not own and not settled and not bills:
        return []
    first, last = f"{month}-01", month_last_day(month).isoformat()
    grid_lines = [*energy_lines(supply, rates), *demand_lines(supply, own, site_id, month)]
    grid = summed(grid_lines, "grid")
    others = contract_lines(settled, direct_line_wh)
    total = summed([grid, *others], "total")
    lines = [{"from_day": first, "to_day": last} | line for line in (*grid_lines, grid, *others, total)]
    return [
        dict.fromkeys(COST) | {"site_id": site_id, "month": month, "line": number} | line
        for number, line in enumerate([*lines, *bills], start=1)
    ]


def bill_line(bill: Mapping[str, Any], billed_wh: int | None, computed: Sequence[Mapping[str, Any]]) -> Row:
    """A bill beside what the tariff makes of its own meter over its own period (``computed`` lines; empty: not comparable)."""
    amount = None if bill["amount"] is None else money_e4(Fraction(str(bill["amount"])))
    line = _line(
        "bill", f"{bill['meter_id']} {bill['statement_no'] or ''}".strip(), billed_wh, "Wh" if billed_wh is not None else "", None, amount,
        bill["currency"], bill,
    )  # fmt: skip
    line |= {"from_day": bill["period_start"], "to_day": bill["period_end"]}
    if amount is None:
        line |= {"status": "not_stated", "reason_en": "the bill states no amount", "reason_zh": "账单未填金额"}
    if not computed:
        return line
    made = summed(computed, "grid")
    if made["amount_e4"] is not None and bill["currency"] and made["currency"] != bill["currency"]:
        made = _unknown("grid", "the bill and the tariff have other currencies", "账单与电价币种不同")
    told = made if made["amount_e4"] is None else next((one for one in computed if one["reason_en"]), made)
    said = {} if amount is None else {"reason_en": told["reason_en"], "reason_zh": told["reason_zh"]}
    return line | {"computed_e4": made["amount_e4"]} | said


def _line(
    kind: str, item: str, quantity: int | None, unit: str, price: float | None, amount_e4: int | None, currency: str | None,
    source: Mapping[str, Any], *, estimated: bool = False,
) -> Row:  # fmt: skip
    return {
        "kind": kind, "item": item, "quantity": quantity, "unit": unit, "price": price, "amount_e4": amount_e4, "computed_e4": None,
        "currency": currency, "status": "estimated" if estimated else "known", "reason_en": None, "reason_zh": None,
        "entry": source.get("entry"), "source_row": source.get("source_row"),
    }  # fmt: skip


def _unknown(kind: str, en: str, zh: str, *, item: str = "", status: str = "unknown", **values: Any) -> Row:
    line = _line(kind, item, values.get("quantity"), values.get("unit", ""), None, None, None, values)
    return line | {"status": status, "reason_en": en, "reason_zh": zh}
