"""Metered time by day, gaps and what was reported, by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import polars as pl
import pytest

from assets.staging.coverage import metered_days, metering_gaps, reported, series_days, sides_of_meters
from resources.calendar import local_s, month_hours_s

MONTH, ZONE = "2026-03", "Asia/Shanghai"
NO_SIDES = sides_of_meters({})


def hours(meter: str = "M", zone: str = ZONE, month: str = MONTH, site: str = "S1", **states: str) -> pl.DataFrame:
    """All hours of a month measured, but those given as ``h<number>``."""
    rows = [
        {"site_id": site, "meter_id": meter, "point": "pdu_output", "hour_s": at, "state": states.get(f"h{number}", "measured")}
        for number, at in enumerate(month_hours_s(month, zone))
    ]
    return pl.DataFrame(rows)


def test_an_estimate_never_hides_a_gap() -> None:
    # hours 24 to 27 are those of 2 March: one of each state; two of the day's hours are not metered
    frame = hours(h24="profiled", h25="estimated", h26="substituted", h27="measured")
    days = metered_days(frame.lazy(), sides_of_meters({("S1", "M"): "+E_IT"}), {"S1": ZONE}, MONTH)
    assert days.height == 31
    second = days.filter(pl.col("day") == "2026-03-02").row(0, named=True)
    assert (second["expected_s"], second["metered_s"], second["side"]) == (24 * 3600, 22 * 3600, "E_IT")
    assert days["metered_s"].sum() == (744 - 2) * 3600


def test_a_daylight_saving_day_has_its_own_hours() -> None:
    days = metered_days(hours(zone="Europe/Berlin").lazy(), NO_SIDES, {"S1": "Europe/Berlin"}, MONTH)
    lengths = dict(days.select("day", "expected_s").iter_rows())
    assert (lengths["2026-03-28"], lengths["2026-03-29"]) == (86_400, 82_800)


def test_what_no_site_shares_is_nobodys_day() -> None:
    both = pl.concat([hours(), hours(site="")])
    assert metered_days(both.lazy(), NO_SIDES, {"S1": ZONE}, MONTH)["site_id"].unique().to_list() == ["S1"]


def facts(*virtual: str) -> pl.DataFrame:
    return pl.DataFrame({"meter_id": list(virtual), "kind": ["virtual"] * len(virtual)}, schema={"meter_id": pl.String, "kind": pl.String})


def test_gaps_are_stretches_from_first_to_last() -> None:
    frame = hours(h24="missing", h25="estimated", h27="missing", h743="estimated")
    gaps = metering_gaps(frame.lazy(), facts(), sides_of_meters({("S1", "M"): "+E_IT"}), MONTH)

    def at(day: int, hour: int) -> int:
        return local_s(datetime(2026, 3, day, hour), ZONE)

    assert gaps.select("from_s", "to_s").rows() == [
        (at(2, 0), at(2, 2)), (at(2, 3), at(2, 4)), (at(31, 23), local_s(datetime(2026, 4, 1), ZONE)),
    ]  # fmt: skip
    assert gaps["side"].unique().to_list() == ["E_IT"]


def test_meters_with_gaps_at_the_same_time_are_apart() -> None:
    frame = pl.concat([hours("A", h743="missing"), hours("B", h0="missing"), hours("V", h0="missing")])
    gaps = metering_gaps(frame.lazy(), facts("V"), NO_SIDES, MONTH)
    assert gaps["meter_id"].to_list() == ["A", "B"]  # a virtual meter lacks what its members lack
    assert (gaps["to_s"] - gaps["from_s"]).to_list() == [3600, 3600]


def test_no_gap_where_everything_is_metered() -> None:
    assert metering_gaps(hours(h3="profiled").lazy(), facts(), NO_SIDES, MONTH).is_empty()


def test_members_of_a_counted_virtual_meter_reach_its_side() -> None:
    sides = sides_of_meters({("S1", "V"): "+E_IT", ("S1", "X"): "-E_DC -E_IT"}, [("S1", "V", "A"), ("S1", "W", "B")])
    assert sides.rows() == [("S1", "A", "E_IT"), ("S1", "V", "E_IT"), ("S1", "X", "E_DC E_IT")]


def test_a_series_counts_hours_in_which_anything_was_said() -> None:
    first = local_s(datetime(2026, 3, 1), ZONE)
    frame = pd.DataFrame({"site_id": ["S1"] * 4, "at_s": [first, first + 60, first + 3600, first - 60], "month": [MONTH] * 3 + ["2026-02"]})
    days = series_days("telemetry", frame, {"S1": ZONE, "S2": ZONE}, MONTH)
    assert days.height == 31  # nothing of S2, which said nothing in the month
    assert days.select("day", "expected_s", "metered_s").row(0) == ("2026-03-01", 86_400, 7200)
    assert days["metered_s"].sum() == 7200


# what was reported ------------------------------------------------------------------------------------------------------

NOTHING: dict[str, list[dict[str, Any]]] = {
    name: []
    for name in (
        "declarations", "activities", "bills", "racks", "devices", "practices", "ppa_contracts", "ppa_site_shares", "ppa_settlements",
    )
}  # fmt: skip


def states(counts: dict[str, dict[str, int]] | None = None, **feeds: list[dict[str, Any]]) -> dict[str, tuple[str, int, str, str]]:
    table = reported(NOTHING | feeds, counts or {"meter_readings": {}, "certificates": {}}, ["S1"], MONTH)
    return {r["feed"]: (r["state"], r["rows"], r["latest"], r["missing"]) for r in table.iter_rows(named=True)}


def test_nothing_landed_is_absent_and_no_contract_owes_no_settlement() -> None:
    assert {feed: state for feed, (state, *_) in states().items()} == {
        **dict.fromkeys(("meter_readings", "certificates", "activities", "bills", "racks", "devices", "practices"), "absent"),
        "ppa_settlements": "not_expected",
    }


@pytest.mark.parametrize(
    ("day", "state"),
    [("2026-04-05", "present"), ("2026-03-26", "present"), ("2026-03-25", "carried_forward"), ("2026-02-28", "carried_forward"),
     ("2026-02-27", "absent"), ("2026-04-06", "absent")],
)  # fmt: skip
def test_a_snapshot_is_near_carried_or_none(day: str, state: str) -> None:
    """TL05: within 5 days of the month's end, else at most 31 days old."""
    found = states(devices=[{"site_id": "S1", "snapshot_on": day}] * 2 + [{"site_id": "S1", "snapshot_on": "2026-01-31"}])["devices"]
    assert found == ((state, 2, day, "") if state != "absent" else ("absent", 0, "", ""))


def test_activities_bills_practices_and_certificates_of_the_month() -> None:
    found = states(
        {"meter_readings": {"S1": 1490}, "certificates": {"S1": 2}},
        activities=[{"site_id": "S1", "month": MONTH}, {"site_id": "S1", "month": "2026-02"}, {"site_id": "S2", "month": MONTH}],
        bills=[{"site_id": "S1", "period_start": "2026-02-15", "period_end": "2026-03-14"},
               {"site_id": "S1", "period_start": "2026-01-15", "period_end": "2026-02-14"}],
        practices=[{"site_id": "S1", "assessed_on": "2025-04-01"}, {"site_id": "S1", "assessed_on": "2025-03-31"}],
    )  # fmt: skip
    assert found["meter_readings"] == ("present", 1490, "", "")
    assert found["certificates"] == ("present", 2, "", "")
    assert found["activities"] == ("present", 1, "", "")
    assert found["bills"] == ("present", 1, "", "")
    assert found["practices"] == ("present", 1, "2025-04-01", "")


def test_green_power_declared_none_is_a_statement() -> None:
    declared = [{"site_id": "S1", "subject": "green_power", "valid_from": "2024-01-01", "valid_to": None}]
    assert states(declarations=declared)["certificates"][0] == "declared"


def test_every_trade_in_force_owes_a_settlement() -> None:
    contracts = [
        {"contract_id": name, "kind": kind, "start_on": "2025-01-01", "end_on": "2026-12-31"}
        for name, kind in (("K1", "green_trade"), ("K2", "green_trade"), ("K3", "certificate_purchase"))
    ]
    shares = [
        {"contract_id": name, "site_id": "S1", "share_ratio": 0.5, "valid_from": "2025-01-01", "valid_to": None}
        for name in ("K1", "K2", "K3")
    ]
    books = {"ppa_contracts": contracts, "ppa_site_shares": shares}
    one = [{"contract_id": "K1", "month": MONTH}, {"contract_id": "K2", "month": "2026-02"}]
    assert states(**books)["ppa_settlements"] == ("absent", 0, "", "K1, K2")
    assert states(**books, ppa_settlements=one)["ppa_settlements"] == ("absent", 1, "", "K2")
    assert states(**books, ppa_settlements=[*one, {"contract_id": "K2", "month": MONTH}])["ppa_settlements"] == ("present", 2, "", "")
