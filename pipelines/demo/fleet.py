"""The simulated sites and their meters, as data.

What stands where: three invented data centres, and the banks of meters that hang below each other in them. What flows through
them is in ``load``, what the meters then show in ``registers``, what is broken on purpose in ``faults``. Nothing here is real.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from resources.calendar import month_range

FIRST_MONTH, LAST_MONTH = "2025-03", "2026-03"  # the history that is simulated; a shorter demo writes the end of it
MONTHS = tuple(month_range(FIRST_MONTH, LAST_MONTH))
TIMEZONE = "Asia/Shanghai"
CLUSTER = "HL"

WIND_LINE, SOLAR_ROOF = "SIMHLWIND00000001", "SIMHLSOLR00000002"  # 17 characters, like a project filing code


@dataclass(frozen=True)
class Bank:
    """Meters of one kind: ``prefix`` + 1, 2, …, one for each parent ('' = none).

    ``loss`` is the share lost between the parent and the meter; ``profile`` and ``weights`` say which part of the site's load of
    that name a meter sees beside its children; ``decimals`` are the digits shown after the point.
    """

    prefix: str
    point: str
    parents: tuple[str, ...]
    profile: str = ""
    weights: tuple[float, ...] = ()
    loss: float = 0.0
    kind: str = "register"
    label: str | None = None
    unit: str = "kWh"
    multiplier: int = 1
    decimals: int = 2
    accuracy: str = "0.5S"
    check_of: tuple[str, ...] = ()
    project: str | None = None
    medium: str = "electricity"
    minutes: int = 15


@dataclass(frozen=True)
class Meter:
    """One meter of a bank, with full identifiers."""

    meter_id: str
    site_id: str
    parent_id: str | None
    check_of: str | None
    weight: float
    bank: Bank


@dataclass(frozen=True)
class Site:
    """A simulated site: its row of the feed ``sites``, and the shape of its loads.

    ``load_factor``: mean electrical load of the IT equipment over its rated power. ``cooling``: cooling electricity per IT electricity
    on a cold day, what each degree above ``cooling_from_c`` adds, and that threshold. ``wue``: litres per kWh of IT, the same way.
    """

    site_id: str
    row: dict[str, object]
    banks: tuple[Bank, ...]
    load_factor: float
    day_swing: float
    cooling: tuple[float, float, float]
    wue: tuple[float, float, float]
    lighting_kw: float
    auxiliary_kw: float
    office_kw: float
    backup_test_kw: float = 0.0
    extra: dict[str, float] = field(default_factory=dict)

    @property
    def it_point(self) -> str:
        """The point that is IT energy, as the site's PUE category says (interfaces.md §2)."""
        return {1: "ups_output", 2: "pdu_output", 3: "it_input"}[int(str(self.row["pue_category"]))]


def _equal(count: int) -> tuple[float, ...]:
    return (1.0,) * count


_HL01 = (
    Bank("G", "grid_supply", ("", ""), multiplier=4000, decimals=3, accuracy="0.2S"),
    Bank("GC", "grid_supply", ("", ""), multiplier=4000, decimals=3, check_of=("G1", "G2")),
    Bank("DL", "direct_line", ("G1",), kind="interval", label="start", accuracy="0.2S", project=WIND_LINE),
    Bank("PV", "onsite_generation", ("G1",), kind="interval", label="end", project=SOLAR_ROOF),
    Bank("EX", "export", ("G1",), multiplier=40, accuracy="0.2S"),
    Bank("BG", "backup_generation", ("G1", "G2"), multiplier=40),
    Bank("T", "distribution", ("G1", "G1", "G2", "G2"), loss=0.010, multiplier=80),
    Bank("U", "ups_output", ("T1", "T1", "T2", "T3", "T3", "T4"), loss=0.045, multiplier=40),
    Bank("P", "pdu_output", tuple(f"U{1 + n // 2}" for n in range(12)), "it", (4, 3, 4, 3, 4, 3, 6, 6, 6, 6, 6, 5), 0.012, multiplier=20),
    Bank("R", "it_input", ("P1", "P2", "P3", "P4"), "it", (4, 4, 4, 4), 0.004, "interval", "end"),
    Bank("RW", "it_input", ("P5", "P6"), "it", (4, 4), 0.004, "power", unit="kW"),
    Bank("C", "cooling", ("T1", "T1", "T2", "T2", "T3", "T3", "T4"), "cooling", (7, 6, 5, 3, 4, 3, 3), multiplier=20),
    Bank("CW", "cooling", ("T2",), "cooling", (2,), kind="power", unit="kW", accuracy="1"),
    Bank("L", "lighting", ("T4",), "lighting", (1,), accuracy="1"),
    Bank("A", "auxiliary", ("T2", "T4"), "auxiliary", (2, 1), accuracy="1"),
    Bank("X", "excluded", ("T4",), "office", (1,), accuracy="1"),
    Bank("W", "water_supply", ("", ""), "water", (7, 3), unit="m3", accuracy="2", medium="water", minutes=1440),
    Bank("WD", "water_discharge", ("",), "discharge", (1,), unit="m3", accuracy="2", medium="water", minutes=1440),
)
_HL02 = (
    Bank("G", "grid_supply", ("", ""), multiplier=8000, decimals=3, accuracy="0.2S"),
    Bank("GC", "grid_supply", ("",), multiplier=8000, decimals=3, check_of=("G1",)),
    Bank("BG", "backup_generation", ("G1", "G2"), multiplier=80),
    Bank("T", "distribution", ("G1", "G1", "G2", "G2"), loss=0.008, multiplier=160),
    Bank("U", "ups_output", ("T1", "T1", "T2", "T3", "T3", "T4"), loss=0.020, multiplier=80),
    Bank("P", "pdu_output", tuple(f"U{n}" for n in range(1, 7)), loss=0.004, multiplier=80),
    Bank("I", "it_input", ("P1", "P1", "P1", "P2", "P2", "P2", "P3", "P3"), "it", _equal(8), 0.003, "interval", "end"),
    Bank("J", "it_input", ("P4", "P4", "P4", "P5", "P5", "P5", "P6", "P6"), "it", _equal(8), 0.003, multiplier=40),
    Bank("C", "cooling", ("T1", "T1", "T2", "T3", "T3", "T4", "T4"), "cooling", (4, 3, 2, 4, 3, 2, 1), multiplier=20),
    Bank("CW", "cooling", ("T2", "T4"), "cooling", (1, 1), kind="power", unit="kW", accuracy="1"),
    Bank("L", "lighting", ("T2",), "lighting", (1,), accuracy="1"),
    Bank("A", "auxiliary", ("T4",), "auxiliary", (1,), accuracy="1"),
    Bank("X", "excluded", ("T2",), "office", (1,), accuracy="1"),
    Bank("W", "water_supply", ("", ""), "water", (6, 4), unit="m3", accuracy="2", medium="water", minutes=1440),
)
_HL03 = (
    Bank("G", "grid_supply", ("", ""), multiplier=1000, decimals=3, accuracy="0.2S"),
    Bank("GC", "grid_supply", ("",), multiplier=1000, decimals=3, check_of=("G1",)),
    Bank("BG", "backup_generation", ("G1",), multiplier=20),
    Bank("T", "distribution", ("G1", "G1", "G2"), loss=0.015, multiplier=40),
    Bank("U", "ups_output", ("T1", "T1", "T2", "T3"), loss=0.085, kind="interval", label="end"),
    Bank("P", "pdu_output", tuple(f"U{1 + n * 4 // 10}" for n in range(10)), loss=0.018, accuracy="1"),
    Bank("I", "it_input", tuple(f"P{n + 1}" for n in range(10)), "it", (5, 5, 4, 4, 4, 4, 4, 3, 3, 4), 0.006, "interval", "end"),
    Bank("C", "cooling", tuple(f"T{1 + n // 4}" for n in range(9)), "cooling", (6, 5, 4, 3, 5, 4, 3, 3, 2), 0, "interval", "end"),
    Bank("CW", "cooling", ("T3",), "cooling", (2,), kind="power", unit="kW", accuracy="1"),
    Bank("L", "lighting", ("T1", "T3"), "lighting", (1, 1), accuracy="1"),
    Bank("A", "auxiliary", ("T1", "T2", "T3"), "auxiliary", (1, 1, 1), accuracy="1"),
    Bank("W", "water_supply", ("", ""), "water", (5, 5), unit="m3", accuracy="2", medium="water", minutes=1440),
    Bank("WD", "water_discharge", ("",), "discharge", (1,), unit="m3", accuracy="2", medium="water", minutes=1440),
)


def _row(site_id: str, name: str, name_zh: str, **more: object) -> dict[str, object]:
    return {
        "site_id": site_id, "name": name, "name_zh": name_zh, "cluster_id": CLUSTER, "geography": "CN-HE", "timezone": TIMEZONE,
        "stage": "operation", "supply_points": 2, "storage": "none", "hub": "张家口集群", "valid_from": "2024-01-01", **more,
    }  # fmt: skip


SITES: dict[str, Site] = {
    site.site_id: site
    for site in (
        Site(
            "HL01",
            _row(
                "HL01", "Simulated DC 1 (general)", "模拟一号数据中心(通用)", dc_type="general", commissioned_on="2021-09-01",
                design_power_kw=4800, design_racks=240, backup_generators=2, onsite_sources=1, water_supply_points=2,
                pue_category=2, wue_category=1, approved_pue=1.30, approved_wue=1.6, approved_energy_tce=2400,
            ),
            _HL01, load_factor=0.52, day_swing=0.07, cooling=(0.125, 0.0056, 0.0), wue=(0.55, 0.062, 2.0),
            lighting_kw=6.0, auxiliary_kw=17.0, office_kw=24.0, backup_test_kw=520.0,
            extra={"wind_line_kw": 430.0, "solar_kwp": 520.0},
        ),
        Site(
            "HL02",
            _row(
                "HL02", "Simulated DC 2 (AI)", "模拟二号数据中心(智算)", dc_type="ai", commissioned_on="2024-06-01",
                design_power_kw=7800, design_racks=160, backup_generators=2, onsite_sources=0, water_supply_points=2,
                pue_category=3, wue_category=1, approved_pue=1.20, approved_wue=0.8, approved_energy_tce=5200,
            ),
            _HL02, load_factor=0.595, day_swing=0.02, cooling=(0.105, 0.0032, 2.0), wue=(0.22, 0.030, 4.0),
            lighting_kw=7.0, auxiliary_kw=20.0, office_kw=30.0, backup_test_kw=1300.0,
        ),
        Site(
            "HL03",
            _row(
                "HL03", "Simulated DC 3 (older)", "模拟三号数据中心(存量)", dc_type="general", commissioned_on="2014-05-01",
                design_power_kw=1500, design_racks=150, backup_generators=1, onsite_sources=0, water_supply_points=2,
                pue_category=1, wue_category=1, approved_pue=1.60, approved_wue=2.5, approved_energy_tce=900,
            ),
            _HL03, load_factor=0.42, day_swing=0.10, cooling=(0.345, 0.0072, 0.0), wue=(1.30, 0.075, 0.0),
            lighting_kw=4.0, auxiliary_kw=11.0, office_kw=0.0, backup_test_kw=170.0,
        ),
    )
}  # fmt: skip


@cache
def meters_of(site_id: str) -> tuple[Meter, ...]:
    """The meters of a site, bank by bank; parents always before their children."""
    found = []
    for bank in SITES[site_id].banks:
        for n, parent in enumerate(bank.parents):
            found.append(
                Meter(
                    meter_id=f"{site_id}-{bank.prefix}{n + 1}",
                    site_id=site_id,
                    parent_id=f"{site_id}-{parent}" if parent else None,
                    check_of=f"{site_id}-{bank.check_of[n]}" if bank.check_of else None,
                    weight=bank.weights[n] if bank.weights else 0.0,
                    bank=bank,
                )
            )
    return tuple(found)


def counted(meter: Meter) -> dict[str, int]:
    """In which of ``e_dc``, ``e_it``, ``water`` a meter counts, with its sign (metering.md §5)."""
    if meter.check_of:
        return {}
    point = meter.bank.point
    signs = {
        "grid_supply": 1, "direct_line": 1, "onsite_generation": 1, "backup_generation": 1, "export": -1, "excluded": -1,
    }  # fmt: skip
    found = {"e_dc": signs[point]} if point in signs else {}
    if point == SITES[meter.site_id].it_point:
        found["e_it"] = 1
    if point == "water_supply":
        found["water"] = 1
    return found
