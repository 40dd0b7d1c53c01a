"""The worked examples of docs/method/metering.md, computed."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from assets.staging.balance import energy_balance
from assets.staging.likeday import HOURS, like_day_means, shaped
from assets.staging.register import judge_register
from tests.unit.assets.staging.metering_world import fact, hours_of, meters_frame, one_meter, readings_of, stage, stated, utc
from tests.unit.assets.staging.test_energies import MONTH, ZONE, N, frame, meter
from tests.unit.assets.staging.test_energies import hours_of as constant
from tests.unit.assets.staging.test_likeday import CHINA, WANTED, ZONES

PAGE = Path(__file__).resolve().parents[4] / "docs/method/metering.md"
HOUR, DAY = 3600, 86_400
INTERVAL = {"kind": "interval", "interval_minutes": 60, "interval_label": "start"}


def table(name: str) -> list[list[str]]:
    """Cells of the rows of the table after the mark ``golden: name``."""
    lines = PAGE.read_text(encoding="utf-8").split(f"<!-- golden: {name} -->\n", 1)[1].splitlines()
    rows = [line for line in lines[: lines.index("") if "" in lines else None] if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def numbers(text: str) -> list[int | None]:
    return [None if word in ("–", "gap") else int(word) for word in text.split()]


def test_registers() -> None:
    for _, readings, digits, legs, said in table("register"):
        of = one_meter({"register_digits": None if digits == "–" else int(digits)})
        start = utc("2026-03-10 00:00")
        values = [int(word) for word in readings.split()]
        judged = judge_register(of, readings_of(of, [(start + i * HOUR, value) for i, value in enumerate(values)]))
        kept = sorted(judged.kept)
        by_start = {leg.t0: leg.delta for leg in judged.legs}
        assert [by_start.get(t) for t in kept[:-1]] == numbers(legs), readings
        assert sorted({a.code for a in judged.anomalies}) == ([] if said == "–" else [said])


def test_a_boundary_is_interpolated() -> None:
    staged = stage(
        [{"at": "2026-03-10 00:03", "value": 1000}, {"at": "2026-03-10 01:03", "value": 1060}], meters_frame({"point": "export"})
    )
    assert hours_of(staged, "2026-03-10 00:00", 1)[0]["quantity"] == 1057 - 1000


def test_shapes() -> None:
    for known, like, hours in table("shape"):
        means, delta = numbers(like), int(known)
        found = shaped(0, len(means) * HOUR, delta, {i * HOUR: m or 0 for i, m in enumerate(means)}, 0)
        even = [delta // len(means)] * len(means)
        exact = [delta * (i + 1) // len(means) - delta * i // len(means) for i in range(len(means))]
        assert (even if found is None else [exact[i] + more for i, (_, more) in enumerate(found)]) == numbers(hours)


def test_estimates() -> None:
    meters = {
        "linear": meters_frame(INTERVAL),
        "check": meters_frame(INTERVAL, {**INTERVAL, "meter_id": "B", "check_meter_of": "M1"}),
        "balance": meters_frame({**INTERVAL, "parent_meter_id": "B"}, {**INTERVAL, "meter_id": "B"}),
    }
    start = stated("2026-03-10 00:00")
    for method, own, beside, filled in table("estimates"):
        rows = [
            {"meter_id": name, "at_s": start + i * HOUR, "value": value}
            for name, text in (("M1", own), ("B", beside))
            for i, value in enumerate(numbers(text))
            if value is not None
        ]
        hours = hours_of(stage(rows, meters[method]), "2026-03-10 00:00", len(numbers(own)))
        assert [h["quantity"] for h in hours] == numbers(filled)
        assert {h["method"] for h in hours if h["state"] == "estimated"} == {method}


def test_like_days() -> None:
    for day, measured, mean, _ in table("likeday"):
        known = [pair.split("=") for pair in measured.split()]
        asked = pl.DataFrame([("M1", "S1", utc(f"{day} 09:00"))], schema=WANTED, orient="row")
        rows = [("M1", "S1", utc(f"{on} 09:00"), int(q)) for on, q in known]
        found = like_day_means(asked, pl.DataFrame(rows, schema=HOURS, orient="row"), ZONES, CHINA)["mean"].to_list()
        assert found == ([] if mean == "unknown" else [int(mean)])


def test_edges() -> None:
    for medium, first, last, metered, estimated, unknown in table("edges"):
        row = {"medium": medium, "point": "water_supply", "unit": "m3"} if medium == "water" else {}
        staged = stage([{"at": first, "value": 0}, {"at": last, "value": 31_000}], meters_frame(row), month="2026-01")
        found = [fact(staged, name) / DAY for name in ("metered_s", "estimated_s", "missing_s")]
        assert found == [int(metered), int(estimated), int(unknown)], (medium, first)


def test_balances() -> None:
    for flows_in, flows_out, residual in table("balance"):
        flows = [pair.split("=") for pair in f"{flows_in} {flows_out}".split()]
        meters = [meter(point, point, None if point == "grid_supply" else "grid_supply") for point, _ in flows]
        found = energy_balance(frame(*(constant(point, int(q)) for point, q in flows)), meters, MONTH, {"S1": ZONE})
        assert found["residual"].to_list() == [int(residual) * N]
