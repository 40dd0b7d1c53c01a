"""Daily tables: local days, full days only, combined class error, highest hours."""

from __future__ import annotations

import polars as pl
import pytest

from checks.rules.daily import class_percent, day_peaks, side_days

FROM_S = 1_772_294_400  # 2026-03-01T00:00:00+08:00
ZONES = {"HL01": "Asia/Shanghai"}
COUNTED = pl.DataFrame(
    {"site_id": ["HL01"] * 3, "side": ["E_DC", "E_DC", "E_IT"], "meter_id": ["S", "X", "I"], "sign": [1, -1, 1]},
    schema_overrides={"sign": pl.Int64},
)


def hours(meter: str, point: str, quantities: list[int], state: str = "measured", known_s: int = 3600) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "site_id": ["HL01"] * len(quantities), "meter_id": [meter] * len(quantities), "point": [point] * len(quantities),
            "hour_s": [FROM_S + 3600 * n for n in range(len(quantities))], "quantity": quantities, "known_s": [known_s] * len(quantities),
            "state": [state] * len(quantities),
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "percent"),
    [("0.5S", 0.5), ("0.2S", 0.2), ("1", 1.0), ("2", 2.0), ("A", 2.0), ("B", 1.0), ("C", 0.5), ("D", 0.2), (None, 0.0), ("?", 0.0)],
)
def test_classes(text: str | None, percent: float) -> None:
    assert class_percent(text) == percent


def test_both_sides_by_local_day() -> None:
    month = pl.concat(
        [hours("S", "grid_supply", [100] * 48), hours("X", "excluded", [10] * 48), hours("I", "pdu_output", [80] * 24 + [95] * 24)]
    )
    days = side_days(month, COUNTED, {"S": "0.5S", "X": None, "I": "1"}, ZONES)
    # error: √((0.005·2400)² + 0 + (0.01·1920)²) = √(144 + 368.64); the next day 0.01·2280 = 22.8 → √(144 + 519.84)
    assert days["day"].to_list() == ["2026-03-01", "2026-03-02"]
    assert days["e_dc_wh"].to_list() == [2160, 2160]
    assert days["e_it_wh"].to_list() == [1920, 2280]
    assert days["error_wh"].to_list() == pytest.approx([512.64**0.5, 663.84**0.5])
    assert side_days(month, COUNTED, {"S": "0.5S", "I": "1"}, ZONES).equals(days)  # a meter without any class earns no allowance either


def test_a_day_that_is_not_wholly_measured_on_both_sides_is_left_out() -> None:
    supply = hours("S", "grid_supply", [100] * 24)
    other = hours("X", "excluded", [10] * 24)
    for it in (
        pl.concat([hours("I", "pdu_output", [80] * 23), hours("I", "pdu_output", [80] * 24, "estimated").tail(1)]),
        pl.concat([hours("I", "pdu_output", [80] * 23), hours("I", "pdu_output", [80] * 24, known_s=1800).tail(1)]),
        hours("I", "pdu_output", [80] * 23),
    ):
        assert side_days(pl.concat([supply, other, it]), COUNTED, {}, ZONES).is_empty()
    assert side_days(pl.concat([supply, other]), COUNTED, {}, ZONES).is_empty()


def test_highest_and_third_hour_of_loads() -> None:
    month = pl.concat(
        [
            hours("S", "grid_supply", [9] * 21 + [50, 10, 40] + [7, 8]),
            hours("PV", "onsite_generation", [0] * 23 + [900]),
            hours("I", "pdu_output", [5, 6]),
        ]
    )
    peaks = day_peaks(month, ZONES, 0.0)
    assert peaks.rows() == [("HL01", "S", "2026-03-01", 50, 10)]  # two hours are too few for a third
    assert day_peaks(month, ZONES, 3.9).rows() == peaks.rows()  # (50 − 10) / 10 = 4
    assert day_peaks(month, ZONES, 4.0).rows() == []
    small = hours("S", "grid_supply", [1] * 23 + [9])
    assert day_peaks(small, ZONES, 1.8).rows() == [("HL01", "S", "2026-03-01", 9, 1)]
    assert day_peaks(hours("S", "grid_supply", [0] * 23 + [9]), ZONES, 1.8).rows() == []  # nothing to compare with
