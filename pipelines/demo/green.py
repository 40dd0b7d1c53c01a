"""The simulated green power: projects, contracts, settlements, certificates and what became of them.

Project codes, contracts and certificate codes are invented. Quantities follow the sites' electricity month by month; whole
MWh are shared out by largest remainder. Two faults are planted here: a range cancelled for two sites, and metered self-use claimed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.demo.faults import FAULTS
from pipelines.demo.fleet import MONTHS, SITES, SOLAR_ROOF, WIND_LINE
from pipelines.demo.registers import Shown, Truth, month_ticks
from resources.calendar import add_months

WIND_LONG, SOLAR_TRADE, WIND_NEAR = "SIMHLWIND00000003", "SIMHLSOLR00000004", "SIMHLWIND00000005"
Row = dict[str, Any]


@dataclass(frozen=True)
class Tables:
    """Rows of the green feeds by feed name; ``keeper`` (removed when written) is the site whose office exports the row."""

    rows: dict[str, list[Row]]
    evidence: dict[str, str]


PROJECTS: list[Row] = [
    {
        "keeper": keeper, "project_code": code, "name": name, "energy_type": kind, "geography": "CN-HE", "commissioned_on": day,
        "capacity_mw": mw,
    }
    for keeper, code, name, kind, day, mw in (
        ("HL01", WIND_LINE, "模拟直连风电", "wind", "2022-05-20", 0.43),
        ("HL01", SOLAR_ROOF, "模拟屋顶光伏", "solar", "2022-08-01", 0.52),
        ("HL02", WIND_LONG, "模拟长协风电场", "wind", "2024-04-15", 50.0),
        ("HL01", SOLAR_TRADE, "模拟交易光伏电站", "solar", "2021-06-30", 100.0),
        ("HL03", WIND_NEAR, "模拟绿证风电场", "wind", "2019-11-30", 49.5),
    )
]  # fmt: skip

_Contract = tuple[str, str, str, str, str, str, str, int, str]
_CONTRACTS: tuple[_Contract, ...] = (
    # keeper, contract, kind, project, signed, start, end, MWh a year, clause
    ("HL01", "SIM-C01", "onsite_owned", SOLAR_ROOF, "2022-03-01", "2022-08-01", "2042-07-31", 650, "bundled"),
    ("HL01", "SIM-C02", "direct_line", WIND_LINE, "2021-12-10", "2022-06-01", "2037-05-31", 1900, "bundled"),
    ("HL02", "SIM-C03", "green_trade", WIND_LONG, "2023-06-15", "2024-05-01", "2034-04-30", 16200, "bundled"),
    ("HL01", "SIM-C04", "green_trade", SOLAR_TRADE, "2024-12-10", "2025-01-01", "2025-12-31", 6600, "bundled"),
    ("HL01", "SIM-C05", "green_trade", SOLAR_TRADE, "2025-12-12", "2026-01-01", "2026-12-31", 6900, "bundled"),
    ("HL03", "SIM-C06", "certificate_purchase", WIND_NEAR, "2024-12-20", "2025-01-01", "2026-12-31", 1500, "separate"),
)  # fmt: skip

# Shares of the sites in a contract; they sum to 1.
SHARES: dict[str, dict[str, int]] = {
    "SIM-C01": {"HL01": 100},
    "SIM-C02": {"HL01": 100},
    "SIM-C03": {"HL01": 8, "HL02": 92},
    "SIM-C04": {"HL01": 30, "HL02": 62, "HL03": 8},
    "SIM-C05": {"HL01": 30, "HL02": 62, "HL03": 8},
    "SIM-C06": {"HL01": 62, "HL03": 38},
}

# Deliveries by calendar month, relative to a twelfth of the year: wind is strong in winter, the sun in early summer.
_WIND = (1.06, 1.00, 1.08, 1.06, 1.02, 0.95, 0.92, 0.92, 0.94, 1.00, 1.02, 1.03)
_SUN = (0.82, 0.88, 1.04, 1.10, 1.14, 1.14, 1.08, 1.06, 1.00, 0.96, 0.90, 0.88)


def tables(months: list[str], truth: Mapping[str, Mapping[str, Truth]], shown: Mapping[str, Mapping[str, Shown]]) -> Tables:
    """The green feeds for these months of consumption.

    ``truth`` gives each site's electricity by month, ``shown`` the meters: the direct line is certified by what its meter shows.
    """
    rows: dict[str, list[Row]] = {"projects": PROJECTS, "ppa_contracts": [], "ppa_site_shares": []}
    rows |= {"ppa_settlements": [], "certificates": [], "certificate_events": []}
    evidence: dict[str, str] = {}
    for keeper, contract, kind, project, signed, start, end, annual, clause in _CONTRACTS:
        document = f"{contract}-contract.txt"
        evidence[document] = f"合同 {contract} 扫描件 · Contract {contract}, scan."
        rows["ppa_contracts"].append(
            {
                "keeper": keeper, "contract_id": contract, "kind": kind, "seller": "模拟售电方 Simulated seller",
                "project_code": project, "signed_on": signed, "start_on": start, "end_on": end, "annual_mwh": annual,
                "attribute_clause": clause, "evidence": document,
            }
        )  # fmt: skip
        for site_id, share in SHARES[contract].items():
            part = {"site_id": site_id, "share_ratio": share / 100}
            rows["ppa_site_shares"].append({"keeper": keeper, "contract_id": contract, **part, "valid_from": start, "valid_to": end})
    certified = {contract: _certified(shown["HL01"], contract) for contract in ("SIM-C01", "SIM-C02")}
    for month in months:
        load_mwh = sum(truth[site_id][month].e_dc_wh for site_id in SITES) / 1_000_000
        statement = f"cancellations-{month}.txt"
        evidence[statement] = f"{month} 绿证核销证明 · Certificate cancellations for {month}."
        for row in _CONTRACTS:
            if delivery := _delivery(row, month, certified):
                settled = row[2] in ("direct_line", "green_trade")
                rows["ppa_settlements"] += [_settlement(delivery, load_mwh, evidence)] if settled else []
                rows["certificates"].append(_issued(delivery))
                rows["certificate_events"] += _events(delivery, statement)
    return Tables(rows, evidence)


@dataclass(frozen=True)
class _Delivery:
    """What a contract delivers for one month of consumption: ``mwh`` unrounded, ``count`` certificates of the ``issued`` ones."""

    keeper: str
    contract: str
    kind: str
    project: str
    month: str
    production: str
    mwh: float
    count: int
    issued: int

    @property
    def own_use(self) -> bool:
        """Certificates for energy that never left the user: not tradable."""
        return self.kind in ("onsite_owned", "direct_line")

    @property
    def channel(self) -> str:
        return "self_use" if self.own_use else "unbundled" if self.kind == "certificate_purchase" else "green_trade"


def _certified(shown: Mapping[str, Shown], contract: str) -> dict[str, tuple[int, int]]:
    """Wh delivered behind HL01's meter and certificates issued, by month; what is below 1 MWh is carried through the whole history."""
    plus, minus = {"SIM-C01": ("HL01-PV1", "HL01-EX1"), "SIM-C02": ("HL01-DL1", None)}[contract]
    found, carry_wh = {}, 0
    for month in MONTHS:
        energy_wh = shown[plus].tick * month_ticks(shown[plus], month)
        if minus:
            energy_wh -= shown[minus].tick * month_ticks(shown[minus], month)
        count, carry_wh = divmod(energy_wh + carry_wh, 1_000_000)
        found[month] = (energy_wh, count)
    return found


def _delivery(row: _Contract, month: str, certified: Mapping[str, Mapping[str, tuple[int, int]]]) -> _Delivery | None:
    keeper, contract, kind, project, _, start, end, annual, _ = row
    if not start[:7] <= month <= end[:7]:
        return None
    number = int(month[5:]) - 1
    if contract in certified:
        energy_wh, count = certified[contract][month]
        return _Delivery(keeper, contract, kind, project, month, month, energy_wh / 1_000_000, count, count)
    mwh = round(annual / 12 * (_SUN if project == SOLAR_TRADE else _WIND)[number], 3)
    # Consumption up to 2025 may use certificates of the two years before; from 2026 on those of its own year.
    early = kind == "certificate_purchase" and month < "2026-01"
    production = add_months(month, -4) if early else month
    return _Delivery(keeper, contract, kind, project, month, production, mwh, int(mwh), 8000 + 60 * number)


# Invented prices: what a direct line's energy costs, and the premium of the green-power trade.
_PRICES: dict[str, Row] = {
    "direct_line": {"price_per_kwh": 0.385, "currency": "CNY"}, "green_trade": {"premium_per_kwh": 0.0285, "currency": "CNY"},
}  # fmt: skip


def _settlement(one: _Delivery, load_mwh: float, evidence: dict[str, str]) -> Row:
    document = f"{one.contract}-settlement-{one.month}.txt"
    evidence[document] = f"合同 {one.contract} {one.month} 结算单 · Settlement of contract {one.contract}, {one.month}."
    mwh = round(one.mwh, 3)
    return {
        "keeper": one.keeper, "contract_id": one.contract, "month": one.month, "version": 1, "contract_mwh": mwh,
        "ongrid_mwh": mwh if one.own_use else float(one.issued), "mechanism_mwh": 0.0, "user_mwh": round(load_mwh, 3), "settled_mwh": mwh,
        "statement_no": f"{one.contract}-{one.month}", "published_on": f"{add_months(one.month, 1)}-06", "evidence": document,
        **_PRICES.get(one.kind, {}),
    }  # fmt: skip


def _issued(one: _Delivery) -> Row:
    kind = next(row["energy_type"] for row in PROJECTS if row["project_code"] == one.project)
    code = f"{one.project}{one.production.replace('-', '')}{{:07d}}{'21' if one.own_use else '11'}"
    return {
        "keeper": one.keeper, "project_code": one.project, "production_month": one.production, "seq_start": 1, "seq_end": one.issued,
        "energy_class": "self_use" if one.own_use else "on_grid", "energy_type": kind, "tradable": not one.own_use, "scheme": "GEC",
        "mechanism": False, "ccer": False, "issued_on": f"{add_months(one.production, 1)}-08", "gec_code_first": code.format(1),
        "gec_code_last": code.format(one.issued),
    }  # fmt: skip


def _events(one: _Delivery, statement: str) -> list[Row]:
    """The transfer to the cluster's account (self-use needs none) and a cancellation for each site of the contract."""
    after = add_months(one.month, 1)
    base = {
        "keeper": one.keeper, "project_code": one.project, "production_month": one.production, "channel": one.channel,
        "contract_id": one.contract, "evidence": statement,
    }  # fmt: skip
    rows: list[Row] = []
    if not one.own_use:
        rows.append(base | {"seq_start": 1, "seq_end": one.count, "kind": "transfer", "on": f"{after}-12", "to_account": "模拟集群账户"})
    first = 1
    for site_id, part in share_out(one.count, SHARES[one.contract]).items():
        span = {"seq_start": first, "seq_end": first + part - 1, "kind": "cancel", "on": f"{after}-20", "consumption_month": one.month}
        rows += _with_faults(base | span | _for(site_id))
        first += part
    return rows


def _for(site_id: str) -> Row:
    return {"site_id": site_id, "beneficiary": SITES[site_id].row["name_zh"]}


def _with_faults(cancel: Row) -> list[Row]:
    """The cancellation with what is planted: HL03's range cancelled for HL02 as well; some of the roof's certificates as bought ones."""
    concerned = (cancel["project_code"], cancel["consumption_month"], cancel["site_id"])
    two_sites, again = FAULTS["two_sites"], FAULTS["claimed_twice"]
    if concerned == (two_sites.subject, two_sites.month, two_sites.site_id):
        # On another day: project, production month, first number, kind and day are the key of an event, and the later landed row would win.
        return [cancel, cancel | {"keeper": "HL02", "on": f"{add_months(two_sites.month, 1)}-22"} | _for("HL02")]
    if concerned == (again.subject, again.month, again.site_id):
        bought = cancel | {"seq_end": again.count, "channel": "unbundled", "contract_id": None}
        return [bought, cancel | {"seq_start": again.count + 1}]
    return [cancel]


def share_out(quantity: int, shares: Mapping[str, int]) -> dict[str, int]:
    """Whole MWh over the sites of a contract by largest remainder; ties go to the earlier site."""
    total = sum(shares.values())
    parts = {site_id: quantity * share // total for site_id, share in shares.items()}
    order = sorted(shares, key=lambda site_id: -(quantity * shares[site_id] % total))
    for site_id in order[: quantity - sum(parts.values())]:
        parts[site_id] += 1
    return parts
