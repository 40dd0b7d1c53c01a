"""Bills against meters: the days of a bill as hours of staged months, both in whole units."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pytest

from assets.staging.bills import bill_checks
from resources.calendar import month_hours_s

ZONES = {"S1": "Asia/Shanghai"}
METERS = [{"meter_id": "G", "medium": "electricity"}, {"meter_id": "W", "medium": "water"}]


def hours(month: str, meter: str = "G", quantity: int = 1000, site: str = "S1") -> pl.DataFrame:
    """Every hour of a month with the same quantity, all known."""
    starts = month_hours_s(month, ZONES["S1"])
    return pl.DataFrame({"site_id": site, "meter_id": meter, "hour_s": starts, "quantity": quantity, "known_s": 3600})


STAGED = {"2026-02": hours("2026-02", quantity=2000), "2026-03": hours("2026-03")}


def bills(**values: Any) -> pd.DataFrame:
    row = {"site_id": "S1", "meter_id": "G", "period_start": "2026-03-01", "period_end": "2026-03-31", "quantity": 744.0, "unit": "kWh"}
    row |= {"statement_no": None, "entry": 3, "source_row": 2}
    return pd.DataFrame([row | values])


def checked(frame: pd.DataFrame, month: str = "2026-03", staged: dict[str, pl.DataFrame] = STAGED) -> list[dict[str, Any]]:
    return bill_checks(frame, METERS, month, ZONES, staged.get).to_dicts()


def test_a_month_is_its_hours() -> None:
    (row,) = checked(bills())
    assert (row["billed"], row["metered"], row["known_s"], row["expected_s"]) == (744_000, 744_000, 744 * 3600, 744 * 3600)
    assert (row["site_id"], row["meter_id"], row["medium"], row["entry"], row["source_row"]) == ("S1", "G", "electricity", 3, 2)


def test_a_period_over_two_months_takes_exactly_its_days() -> None:
    """26 to 28 February: 3 × 24 h × 2,000 Wh; 1 to 25 March: 25 × 24 h × 1,000 Wh."""
    (row,) = checked(bills(period_start="2026-02-26", period_end="2026-03-25", quantity=0.744, unit="MWh"))
    assert (row["billed"], row["metered"]) == (744_000, 144_000 + 600_000)
    assert row["known_s"] == row["expected_s"] == 28 * 86_400


@pytest.mark.parametrize(("end", "number"), [("2026-03-31", 1), ("2026-04-01", 0), ("2026-02-28", 0)])
def test_a_bill_belongs_to_the_month_in_which_it_ends(end: str, number: int) -> None:
    assert len(checked(bills(period_start="2026-02-01", period_end=end))) == number


def test_months_that_were_not_computed_are_unknown() -> None:
    (row,) = checked(bills(period_start="2026-02-26"), staged={"2026-03": STAGED["2026-03"]})
    assert row["expected_s"] - row["known_s"] == 3 * 86_400
    assert row["metered"] == 744_000


def test_unknown_hours_are_not_known() -> None:
    gap = STAGED["2026-03"].with_columns(
        quantity=pl.when(pl.int_range(pl.len()) < 10).then(None).otherwise("quantity"),
        known_s=pl.when(pl.int_range(pl.len()) < 10).then(0).otherwise("known_s"),
    )
    (row,) = checked(bills(), staged={"2026-03": gap})
    assert (row["metered"], row["known_s"]) == (734_000, 734 * 3600)


def test_a_shared_meter_is_billed_whole() -> None:
    both = pl.concat([STAGED["2026-03"], hours("2026-03", quantity=500, site="S2")])
    (row,) = checked(bills(), staged={"2026-03": both})
    assert (row["metered"], row["known_s"]) == (744_000 + 372_000, 744 * 3600)


@pytest.mark.parametrize(
    ("values", "billed"),
    [
        ({"quantity": 0.1, "unit": "万kWh"}, 1_000_000), ({"unit": "m3"}, None), ({"meter_id": "X"}, None),
        ({"meter_id": "W", "quantity": 12.5, "unit": "m3"}, 12_500), ({"meter_id": "W", "unit": "kWh"}, None),
    ],
)  # fmt: skip
def test_units(values: dict[str, Any], billed: int | None) -> None:
    (row,) = checked(bills(**values))
    assert row["billed"] == billed


def test_bills_of_unknown_sites_are_left_out() -> None:
    assert checked(bills(site_id="S9")) == []
    assert bill_checks(bills().iloc[:0], METERS, "2026-03", ZONES, STAGED.get).is_empty()
