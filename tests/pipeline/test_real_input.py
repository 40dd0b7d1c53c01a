"""Real meters through landing and staging, as a user would drop them (openeemeter samples, Apache-2.0, read in place).

The samples hold one meter a file and no column that names it, so each test writes the rows, their text unchanged, behind a
``meter_id``; their own headers are mapped in gci.toml.
"""

from __future__ import annotations

import csv
import gzip
import itertools
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.initialise import initialise
from resources.home import Home
from tests.pipeline.hand_made import write_csv

ILLINOIS, BRITISH = "il-electricity-cdd-hdd", "uk-electricity-hdd-only-hourly-sample-2"
METERS = ("meter_id", "site_id", "medium", "point", "kind", "unit", "interval_minutes", "interval_label", "check_meter_of", "valid_from")


@pytest.fixture(scope="module")
def samples() -> Path:
    folder = Path(__file__).resolve().parents[3] / "shared" / "real" / "eemeter-samples"
    if not folder.is_dir():
        pytest.skip("the real samples (../shared/real/eemeter-samples) are absent")
    return folder


def rows_of(samples: Path, name: str) -> list[tuple[str, str]]:
    """A sample's rows as text: start, value."""
    with gzip.open(samples / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as handle:
        header, *rows = csv.reader(handle)
    assert header == ["start", "value"]
    return [(start, value) for start, value in rows]


def real_home(root: Path, first_month: str, geography: str, zone: str, meters: list[tuple[str, int, str]], feed: str = "") -> Home:
    """A home with one site and interval meters labelled by their start, whose readings' header ``start`` is mapped in gci.toml."""
    home = initialise(root)
    home.settings_path.write_text(
        f'first_month = "{first_month}"\n[feeds.meter_readings]\ncolumns = {{ "start" = "read_at" }}\n{feed}', encoding="utf-8"
    )
    site = ("R1", "A real meter's house", geography, zone, "2010-01-01")
    write_csv(home.landing / "sites" / "sites.csv", ("site_id", "name", "geography", "timezone", "valid_from"), [site])
    rows = [(m, "R1", "electricity", "grid_supply", "interval", "kWh", minutes, "start", of, "2010-01-01") for m, minutes, of in meters]
    write_csv(home.landing / "meters" / "meters.csv", METERS, rows)
    return home


def drop(home: Home, meter_id: str, rows: list[tuple[str, str]]) -> None:
    path = home.landing / "meter_readings" / f"{meter_id}.csv"
    write_csv(path, ("meter_id", "start", "value"), [(meter_id, *row) for row in rows])


def table(home: Home, name: str, month: str) -> pl.DataFrame:
    stored = home.ledger.manifest(month, name)
    assert stored is not None
    return home.lake.read(name, month, stored.file_digest)


def wh(text: str) -> int:
    """A value in kWh as it stands in the file, in whole Wh: rounded half to even, once for each value (metering.md §1)."""
    return int((Decimal(text) * 1000).to_integral_value(ROUND_HALF_EVEN))


@pytest.mark.long
def test_hourly_sums_agree_with_the_bills_of_the_same_meter(samples: Path, tmp_path: Path, gci: Any) -> None:
    """725.17, 1196.83 and 1105.44 kWh in the billing periods (metering.md §7); the daily file of the same meter is its check meter."""
    months = ["2015-11", "2015-12", "2016-01", "2016-02"]
    hourly, daily = rows_of(samples, f"{ILLINOIS}-hourly"), rows_of(samples, f"{ILLINOIS}-daily")
    bills = rows_of(samples, f"{ILLINOIS}-billing_monthly")[:4]
    assert [value for _, value in bills[:3]] == ["725.1", "1196.81", "1105.45"]
    home = real_home(tmp_path / "home", months[0], "US-IL", "America/Chicago", [("HOURS", 60, ""), ("DAYS", 1440, "HOURS")])
    drop(home, "HOURS", [row for row in hourly if row[0] < "2016-03-02"])
    drop(home, "DAYS", [row for row in daily if row[0] < "2016-03-02"])
    status, _, err = gci("backfill", months[0], months[-1], "--home", home.root)
    assert status == 3, err
    hours = pl.concat([table(home, "staging/interval_energy", month) for month in months])
    starts = [int(datetime.fromisoformat(start).timestamp()) for start, _ in bills]
    sums: dict[str, list[int]] = {"HOURS": [], "DAYS": []}
    for (start, end), meter_id in itertools.product(itertools.pairwise(starts), sums):
        period = hours.filter((pl.col("meter_id") == meter_id) & (pl.col("hour_s") >= start) & (pl.col("hour_s") < end))
        assert period.height == (end - start) // 3600
        assert set(period["state"]) == {"measured" if meter_id == "HOURS" else "profiled"}
        sums[meter_id].append(period["quantity"].sum())
    assert sums["HOURS"] == [725_170, 1_196_830, 1_105_440]
    # the daily file rounds by itself: its own values, within 0.1 kWh of the bills
    spans = itertools.pairwise(start for start, _ in bills)
    assert sums["DAYS"] == [sum(wh(value) for start, value in daily if first <= start < last) for first, last in spans]
    assert [round(energy / 1000) for energy in sums["DAYS"]] == [725, 1197, 1105]
    # the check meter counts in no total: the site's energy of December is that of the hours which stand in the file
    energies = table(home, "staging/energies", "2015-12").filter((pl.col("measure") == "E_DC") & (pl.col("meter_id") == ""))
    december = [value for start, value in hourly if start.startswith("2015-12")]
    assert len(december) == 744
    assert energies["quantity"].to_list() == [sum(wh(value) for value in december)]


@pytest.mark.parametrize(
    ("month", "days", "known_days", "holes", "repeated"),
    [
        # 1 and 2 May are not there, nor half an hour on the 25th; 00:00 on the 18th is there twice
        ("2012-05", 31, 29, 1, 1),
        # only 1 and 2 April are there
        ("2014-04", 30, 2, 0, 0),
    ],
)
def test_a_hole_is_estimated_and_never_zero(
    samples: Path, tmp_path: Path, gci: Any, gci_json: Any, month: str, days: int, known_days: int, holes: int, repeated: int
) -> None:
    home = real_home(tmp_path / "home", month, "GB-ENG", "Europe/London", [("HALVES", 30, "")], 'timezone = "Europe/London"\n')
    rows = rows_of(samples, BRITISH)
    drop(home, "HALVES", rows)
    stated = [row for row in rows if row[0].startswith(month)]
    once = dict(stated)
    assert (len(once), len(stated) - len(once)) == (48 * known_days - holes, repeated)
    status, _, err = gci("run", month, "--home", home.root)
    assert status == 3, err
    fact = table(home, "staging/meter_facts", month).row(0, named=True)
    assert (fact["n_landed"], fact["n_valid"], fact["n_rejected"], fact["n_superseded"]) == (len(stated), len(once), 0, repeated)
    # what is not there is estimated, by like days or between its neighbours, and never counts as metered
    absent_s = 86_400 * (days - known_days) + 1800 * holes
    assert (fact["metered_s"], fact["estimated_s"], fact["missing_s"]) == (1800 * len(once), absent_s, 0)
    assert fact["quantity"] - fact["estimated"] == sum(wh(value) for value in once.values())
    hours = table(home, "staging/interval_energy", month)
    assert hours.height == 24 * days
    whole_days = hours.filter(pl.col("n_readings") == 0)
    assert whole_days.height == 24 * (days - known_days)
    assert set(whole_days.select("state", "method").rows()) == {("estimated", "like_day")}
    assert hours["quantity"].min() > 0
    # below 90 % metered the supply side is withheld, and neither it nor what needs it is a small number
    payload = gci_json("show", "R1", month, "--window", "month", "--home", home.root)
    needing = {item["code"]: (item["value"], item["status"] in ("not_reported", "withheld")) for item in payload["indicators"]}
    assert {needing[code] for code in ("A1", "D1", "E1", "F1")} == {(None, True)}
    assert [f["subject"] for f in payload["findings"] if f["code"] == "TL01"] == ["HALVES"]
