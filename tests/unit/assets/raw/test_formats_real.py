"""Files that market operators and utilities published: AEMO's NEM12 and NEM13 scenarios, and Green Button samples.

Sums and quantities are worked from the files here, by a second and plainer reading.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from assets.raw.decode import Decoded, decode
from assets.raw.readings_text import read_readings
from assets.raw.refused import Refused
from assets.staging.judged import Judged, Reading
from assets.staging.meters import register_meters
from assets.staging.register import judge_register

pytest.importorskip("nemreader", reason="the optional package nemreader is not installed")
pytest.importorskip("defusedxml", reason="the optional package defusedxml is not installed")

REAL = Path(__file__).resolve().parents[5] / "shared" / "real"
NEM = REAL / "nem-reader" / "examples"
GREEN_BUTTON = REAL / "green-button"

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the folder ../shared/real with real data is absent")


def records(path: Path) -> list[tuple[int, list[str]]]:
    """Lines and fields of a NEM file, packed or not."""
    data = path.read_bytes()
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = archive.read(archive.namelist()[0])
    rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    return [(rows.line_num, row) for row in rows if row]


def files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((NEM / folder).iterdir()) if path.is_file()]


def decoded(path: Path) -> Decoded:
    return decode(path.read_bytes(), path.name)


# NEM12 --------------------------------------------------------------------------------------------------------------------


def test_interval_sums_are_those_of_the_file() -> None:
    """Each channel of energy of every AEMO scenario; the null intervals (quality N) stand as zeros there."""
    channels = refused = 0
    for path in [*files("nem12"), *(p for p in files("unzipped") if "NEM12" in p.name)]:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        energy, meter, count, broken = False, "", 0, False
        for _, row in records(path):
            if row[0] == "200":
                meter, energy, count = f"{row[1]}-{row[4]}", row[7].lower() in ("wh", "kwh"), 1440 // int(row[8])
            elif row[0] == "300":
                broken = broken or len(row) < 2 + count
                if energy and not broken:
                    sums[meter] += sum(Decimal(value or "0") for value in row[2 : 2 + count])
        if broken or not sums:  # one file with a record on three lines, and those with reactive energy alone
            refused += 1
            with pytest.raises(Refused):
                decoded(path)
            continue
        read = decoded(path).frame.group_by("c0").agg(pl.col("c2").drop_nulls())
        assert {name: sum(map(Decimal, values)) for name, values in read.iter_rows()} == sums, path.name
        channels += len(sums)
    assert channels > 100
    assert refused == 10


def test_substituted_and_estimated_intervals_are_marked() -> None:
    path = NEM / "unzipped" / "Example_NEM12_multiple_quality.csv"  # 400,1,20,F14 · 400,21,24,A · 400,25,48,S14
    assert decoded(path).frame["c3"].to_list() == ["S"] * 20 + ["A"] * 4 + ["S"] * 24


def test_a_record_that_was_broken_over_lines_is_refused_and_not_skipped() -> None:
    path = NEM / "nem12" / "NEM12#Scenario10#ETSAMDP#NEMMCO.zip"
    with pytest.raises(Refused, match="Line 27 should have 48 values"):
        decoded(path)


@pytest.mark.parametrize("path", files("invalid") if NEM.is_dir() else [], ids=lambda path: path.name)
def test_invalid_files_are_refused(path: Path) -> None:
    with pytest.raises(Refused):
        decoded(path)


# NEM13 --------------------------------------------------------------------------------------------------------------------


def judged_pair(decoded: Decoded, line: int, digits: int, capacity: float | None) -> Judged:
    """What the virtual register makes of the two readings of one record, in the registry of a meter in kWh."""
    pair = decoded.frame.filter(pl.col("source_row") // 1000 == line)
    frame = pair.rename({"c0": "meter_id", "c1": "read_at", "c2": "value", "c3": "quality"})
    rows = pl.concat(read_readings(frame, decoded.facts.problems).values()).sort("at_s")
    row = {
        "meter_id": rows["meter_id"][0], "site_id": "S1", "medium": "electricity", "point": "grid_supply", "kind": "register",
        "unit": "kWh", "multiplier": None, "register_digits": digits, "interval_minutes": None, "interval_label": None,
        "capacity": capacity, "valid_from": "2000-01-01", "valid_to": None,
    }  # fmt: skip
    events = pd.DataFrame(columns=["meter_id", "at_s", "kind", "old_value", "new_value"])
    zone = "Australia/Brisbane"
    (meter,) = register_meters(pd.DataFrame([row]), events, month="2005-01", site_zones={"S1": zone}, default_zone=zone)
    span = meter.spans[0]
    good = [
        Reading(r["at_s"], r["value_e6"] * span.p // span.q, r["quality"] in ("E", "S"), 0, 1, r["source_row"])
        for r in rows.iter_rows(named=True)
        if r["problem"] is None
    ]
    return judge_register(meter, good) if good else Judged()


def test_the_123_register_rows_of_aemo() -> None:
    """92 plain rows and 9 rollovers equal their stated quantity; 13 reversals and 9 contradictory rows are never one."""
    seen: Counter[str] = Counter()
    for path in [*files("nem13"), *(p for p in files("unzipped") if "NEM13" in p.name)]:
        file = decoded(path)
        for line, row in records(path):
            if row[0] != "250":
                continue
            before, after, quantity = Decimal(row[8]), Decimal(row[13]), Decimal(row[18])
            digits = len(row[8].split(".")[0])
            # This register wrapped nearly half its range in eleven months between an estimate and a substitute; only its size tells.
            capacity = 10 if row[1] == "NEM1318141" else None
            judged = judged_pair(file, line, digits, capacity)
            whats = {anomaly.what for anomaly in judged.anomalies}
            legs = [leg.delta for leg in judged.legs]
            if quantity == after - before and quantity >= 0:
                kind, good = "plain", legs == [quantity * 1000] and not whats
            elif quantity == after - before + 10**digits:
                kind, good = "rollover", legs == [quantity * 1000] and whats == {"rollover"}
            elif quantity == after - before:
                kind, good = "reversal", legs == [] and whats == {"falling"} and row[7] == "I"
            else:
                kind, good = "contradictory", legs == [] and whats == set() and line * 1000 + 1 in file.facts.problems
            assert good, (path.name, row, legs, whats)
            seen[kind] += 1
    assert seen == {"plain": 92, "rollover": 9, "reversal": 13, "contradictory": 9}


def test_without_a_known_size_the_wide_rollover_is_a_gap() -> None:
    path = NEM / "nem13" / "NEM13#mdffl000000018E#ACTEWM#NEMMCO.zip"  # 55278 (S61) → 01739 (E61), 46461 kWh
    file = decoded(path)
    (line,) = [line for line, row in records(path) if row[0] == "250" and row[1] == "NEM1318141"]
    judged = judged_pair(file, line, 5, None)
    assert judged.legs == []
    assert {anomaly.what for anomaly in judged.anomalies} == {"falling"}


# Green Button -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meter_id", "minutes"),
    [("BulkSCEIntervalBlock.xml", "NB6WRU-1101", 15), ("intervals_APUC000000_electric.xml", "1402026-01", 60)],
)
def test_green_button_totals_are_those_of_the_file(name: str, meter_id: str, minutes: int) -> None:
    path = GREEN_BUTTON / name
    text = path.read_text(encoding="utf-8")
    readings = re.findall(r"<IntervalReading>.*?<start>(\d+)</start>.*?<value>(\d+)</value>.*?</IntervalReading>", text, re.DOTALL)
    assert len(readings) == text.count("<IntervalReading>") > 90
    file = decoded(path)
    assert file.facts.stated == {meter_id: [("interval", "Wh", minutes)]}
    (part,) = [pl.concat(read_readings(file.frame.rename({"c0": "meter_id", "c1": "read_at", "c2": "value", "c3": "quality"})).values())]
    assert part["problem"].null_count() == part.height == len(readings)
    assert dict(zip(part["at_s"], part["value_e6"], strict=True)) == {int(start): int(value) * 10**6 for start, value in readings}
    assert part["value_e6"].sum() == sum(int(value) for _, value in readings) * 10**6


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ESPIIntervalBlock.xml", "ReadingType of MeterReading 1-1"),
        ("PGEIntervalBlock.xml", "ReadingType of MeterReading"),
        ("BulkSCEUsageSummaryAndIntervalBlock.xml", "accumulationBehaviour 2"),
        ("ESPIUsagePoints.xml", "no reading"),
        ("PGEUsageSummaries.xml", "no reading"),
    ],
)
def test_green_button_values_without_a_known_unit_are_not_guessed(name: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        decoded(GREEN_BUTTON / name)
