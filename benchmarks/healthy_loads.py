"""What flows in a simulated healthy site, hour by hour: IT, cooling, sun, generator tests, bus-tie switch-overs.

Put here physics and its randomness; all of it is generated, nothing is measured. Which meters there are and what is written into files is
``healthy_fleet``. Flows are kWh (water: m³) of each hour of the history, one row a meter, in the order of ``Layout.names``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from resources.calendar import add_months, month_first_day, month_range

Hours = NDArray[np.float64]
Counts = NDArray[np.int64]

FEEDS = ("A", "B")
PDUS, RACKS_A_PDU, COOLERS, LIGHTS, OTHERS = 12, 5, 10, 4, 6  # on each of the two feeds
SPARE_DAYS = 8  # read on either side of the months: water that is read weekly needs the readings next to their edges


@dataclass(frozen=True)
class History:
    """The months simulated, and their hours in local time without daylight-saving; some days more on either side."""

    months: tuple[str, ...]

    @staticmethod
    def of(first: str, count: int) -> History:
        return History(tuple(month_range(first, add_months(first, count - 1))))

    @property
    def start(self) -> datetime:
        return datetime.combine(month_first_day(self.months[0]), datetime.min.time()) - timedelta(days=SPARE_DAYS)

    @property
    def hours(self) -> int:
        return self.hour_of_month(add_months(self.months[-1], 1)) + 24 * SPARE_DAYS

    def hour_of_month(self, month: str) -> int:
        return int((datetime.combine(month_first_day(month), datetime.min.time()) - self.start) / timedelta(hours=1))

    def span(self, month: str) -> tuple[int, int]:
        return self.hour_of_month(month), self.hour_of_month(add_months(month, 1))


@dataclass
class Flows:
    """Flows of a site: by meter, and what happened on the way (hours of the history)."""

    of: dict[str, Hours]
    ties: list[tuple[int, int]] = field(default_factory=list)
    tests: list[tuple[int, int]] = field(default_factory=list)
    rests: list[tuple[str, int, int]] = field(default_factory=list)  # racks switched off for maintenance: meter, from, until


def simulate(history: History, rng: np.random.Generator, *, sun_kw: float, tie_below: bool) -> Flows:
    """The flows of one site. ``tie_below``: the bus tie joins the busbars below the transformers (else those of the supplies)."""
    hours = np.arange(history.hours)
    clock, day = hours % 24, (hours // 24 + history.start.timetuple().tm_yday - 1) % 365
    weekday = (hours // 24 + history.start.weekday()) % 7
    warmth = 0.5 - 0.5 * np.cos(2 * np.pi * (day - 20) / 365)  # 0 in January, 1 in July
    noon = np.clip(np.sin(np.pi * (clock - 6) / 12), 0, None) * ((clock > 6) & (clock < 18))
    office = np.where((clock >= 8) & (clock < 19) & (weekday < 5), 1.0, 0.25)
    flows = Flows({})
    for feed in FEEDS:
        _it(flows, history, feed, rng, clock, weekday)
        it = flows.of[f"UPS-{feed}"]
        cold = it * (0.10 + 0.10 * warmth + 0.02 * noon) * _noise(rng, len(hours), 0.02)
        shares = rng.dirichlet(np.full(COOLERS, 4.0))
        for n, share in enumerate(shares):
            flows.of[f"C-{feed}{n:02d}"] = cold * share * _noise(rng, len(hours), 0.03)
        chiller = flows.of[f"C-{feed}00"]
        chiller[warmth < 0.15] = 0.0  # free cooling in winter: this chiller rests
        for n in range(LIGHTS):
            flows.of[f"L-{feed}{n:02d}"] = rng.uniform(1.5, 4) * (0.4 + 0.6 * office) * _noise(rng, len(hours), 0.03)
        for n in range(OTHERS):
            flows.of[f"X-{feed}{n:02d}"] = rng.uniform(2, 6) * _noise(rng, len(hours), 0.05)
        flows.of[f"E-{feed}"] = rng.uniform(4, 9) * office * _noise(rng, len(hours), 0.08)
    below = {
        feed: flows.of[f"UPS-{feed}"] / 0.955
        + sum(flow for name, flow in flows.of.items() if name[0] in "CLXE" and name.split("-")[1][0] == feed)
        for feed in FEEDS
    }
    flows.ties = _ties(history, rng)
    tied = _tied(flows.ties, below["A"], below["B"])
    through = tied if tie_below else (below["A"], below["B"])
    flows.of["T-A"], flows.of["T-B"] = through[0] * 1.004, through[1] * 1.004
    supplied = (flows.of["T-A"], flows.of["T-B"]) if tie_below else _tied(flows.ties, flows.of["T-A"], flows.of["T-B"])
    clouds = np.repeat(rng.beta(5, 2, len(hours) // 24 + 1), 24)[: len(hours)]
    sun = sun_kw * noon * clouds * (0.55 + 0.45 * warmth) * _noise(rng, len(hours), 0.05)
    flows.tests = _tests(history, rng)
    tests = {feed: np.zeros(len(hours)) for feed in FEEDS}
    for first, until in flows.tests:
        for feed, load in zip(FEEDS, supplied, strict=True):
            tests[feed][first:until] = 0.5 * load[first:until]
    left = supplied[0] - sun - tests["A"]
    spill = np.clip(-left, 0, None)  # what the roof makes while the other feed carries everything is exported
    flows.of |= {"PV": sun, "EX": spill, "G-A": left + spill, "G-B": supplied[1] - tests["B"], "BG-A": tests["A"], "BG-B": tests["B"]}
    both = flows.of["UPS-A"] + flows.of["UPS-B"]
    for n in (1, 2):
        flows.of[f"W-{n}"] = both / 2 / 1000 * (0.5 + 1.1 * warmth) * _noise(rng, len(hours), 0.1)
    return flows


def _it(flows: Flows, history: History, feed: str, rng: np.random.Generator, clock: Counts, weekday: Counts) -> None:
    """Racks, the PDUs above them and the UPS above those, with what is lost on the way."""
    hours = len(clock)
    total = np.zeros(hours)
    wave = 1 + 0.05 * np.sin(2 * np.pi * (clock - 9) / 24) - 0.03 * (weekday >= 5)
    for p in range(PDUS):
        pdu = np.zeros(hours)
        for r in range(RACKS_A_PDU):
            name = f"R-{feed}{p:02d}{r}"
            load = rng.uniform(3.5, 8.0) * wave * _steps(rng, hours) * _noise(rng, hours, 0.015)
            if rng.random() < 0.02:  # once in a while a rack is switched off for maintenance, and somebody says so
                first = int(rng.integers(24 * 14, hours - 24 * 20)) // 24 * 24 + 9
                load[first : first + 5] = 0.0
                flows.rests.append((name, first, first + 5))
            flows.of[name] = load
            pdu += load
        flows.of[f"P-{feed}{p:02d}"] = pdu * 1.012
        total += flows.of[f"P-{feed}{p:02d}"]
    flows.of[f"UPS-{feed}"] = total * 1.006


def _noise(rng: np.random.Generator, hours: int, size: float) -> Hours:
    """Factors around 1 that remember the hour before, and a tenth of them that does not: no two hours are alike."""
    white = rng.normal(0, size, hours)
    for n in range(1, 4):
        white[n:] += white[:-n] * 0.6**n
    return np.clip(1 + 0.7 * white + rng.normal(0, size / 10, hours), 0.3, 3.0)


def _steps(rng: np.random.Generator, hours: int) -> Hours:
    """Jobs come and go: the level of a rack changes every few days, by up to a quarter, for a day at least."""
    starts = np.cumsum(rng.integers(24, 24 * 12, hours // (24 * 6) + 2))
    level = np.zeros(hours, dtype=int)
    level[starts[starts < hours]] = 1
    return rng.uniform(0.8, 1.2, level.sum() + 1)[np.cumsum(level)]


def _ties(history: History, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Switch-overs: in two of three months one, of 4 to 12 hours, at any time (the other feed then carries both)."""
    found = []
    for month in history.months:
        first, until = history.span(month)
        if rng.random() < 2 / 3:
            start = int(rng.integers(first, until - 12))
            found.append((start, start + int(rng.integers(4, 13))))
    return found


def _tied(ties: list[tuple[int, int]], a: Hours, b: Hours) -> tuple[Hours, Hours]:
    """Two feeds of which the first is dead during the ties and the second carries both."""
    a, b = a.copy(), b.copy()
    for first, until in ties:
        b[first:until] += a[first:until]
        a[first:until] = 0.0
    return a, b


def _tests(history: History, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Generators: a test under load once a month, one or two hours of a working morning."""
    found = []
    for month in history.months:
        start = history.span(month)[0] + 24 * int(rng.integers(4, 25)) + 9
        found.append((start, start + int(rng.integers(1, 3))))
    return found
