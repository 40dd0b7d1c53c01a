"""Final months with computed candidates: recomputed bit for bit, split by the cause that was planted, on both engines. Long.

One site, two months, 150 kWh of supply and 100 kWh of IT in every hour: PUE 1.5. What is planted can be worked in the head.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import assets.index.step as index_step
import pipelines.documents as documents
from assets.reports.published import Published, figures, working
from pipelines.causes import Split, split
from pipelines.recompute import recompute
from pipelines.restating import moved
from pipelines.verify import verify
from resources.digest import canonical_json
from resources.home import Home
from resources.revisions import closed_of, keep_document, read_document
from tests.pipeline.closing import FIRST, READINGS, SECOND, close, copy, pue, raised, restated, rewrite, sites, two_sites, update
from tests.pipeline.hand_made import METER_HEADER, make_home, meter_rows, register, write_csv

pytestmark = pytest.mark.long

HOURS = 744  # of December and of January


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """December and January of S1 final; tests must not change it."""
    home = make_home(tmp_path_factory.mktemp("base") / "home", (FIRST, SECOND))
    update(home, FIRST, SECOND)
    close(home, FIRST)
    close(home, SECOND)
    return home


@pytest.fixture
def home(base: Home, tmp_path: Path) -> Home:
    return copy(base, tmp_path / "home")


def equal(home: Home, number: int | None = None, engine: str | None = None) -> list[int]:
    """Recompute and say which revisions of S1 were equal."""
    done = recompute(home, None, number, engine)
    assert [problem for item in done for problem in item.problems] == []
    return [item.revisions["S1"] for item in done]


def parts(found: Split, what: str) -> dict[tuple[str, ...], Decimal | None]:
    (change,) = (item for item in found.changes if item.what == what)
    if change.delta is not None:  # the parts of every figure sum to its change, exactly
        assert sum((part.delta or Decimal(0) for part in change.parts), Decimal(0)) == change.delta
    return {part.causes: part.delta for part in change.parts}


def causes_of(found: Split) -> set[str]:
    for change in found.changes:
        if change.delta is not None:
            assert sum((part.delta or Decimal(0) for part in change.parts), Decimal(0)) == change.delta
    return {cause for change in found.changes for part in change.parts for cause in part.causes}


def through(home: Home, cause: str, month: str = FIRST) -> Split:
    """Compute candidates, restate, and split the month's change."""
    update(home)
    restated(home, month, cause)
    assert verify(home) == []
    return split(home, "S1", month, 1, 2, "month")


# one cause after another ----------------------------------------------------------------------------------------------


def test_a_corrected_reading(home: Home) -> None:
    raised(home, "S1", 7440)  # from the 400th hour on: 111,600 + 7,440 kWh over 74,400 kWh
    found = through(home, "CORRECTED_READING")
    assert parts(found, "D1") == {("CORRECTED_READING",): Decimal("0.1")}
    assert causes_of(found) == {"CORRECTED_READING"}
    ttm = split(home, "S1", SECOND, 1, 2)
    assert set(parts(ttm, "D1")) == {("CORRECTED_READING",)}  # of the trailing value of the month after, too
    assert equal(home) == [2, 2]
    assert equal(home, 1) == [1, 1]


def test_rows_that_come_late_and_a_file_that_holds_both(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", (FIRST,))
    whole, it = register("S1-G", FIRST, 150, start=1000), register("S1-I", FIRST, 100, start=500)
    write_csv(home.landing / "meter_readings" / f"{FIRST}.csv", READINGS, [*whole, *it[:737]])  # the last eight hours of IT are missing
    update(home, FIRST)
    close(home, FIRST)
    assert pue(working(home, FIRST)["S1"]["month"]) == 1.5  # filled in by the ratio of the other hours
    # they come late, with 200 kWh in each; and supply has 14.88 kWh more in each of the last hundred hours
    late = [(m, at, f"{float(v) + 100 * number:g}") for number, (m, at, v) in enumerate(it[737:], start=1)]
    more = [(m, at, f"{float(v) + 14.88 * number:.2f}") for number, (m, at, v) in enumerate(whole[-100:], start=1)]
    write_csv(home.landing / "meter_readings" / "both.csv", READINGS, [*late, *more])
    found = through(home, "LATE_DATA")
    assert found.entries["LATE_DATA"] == found.entries["CORRECTED_READING"]
    got = {causes: float(delta or 0) for causes, delta in parts(found, "D1").items()}
    assert got == {
        ("LATE_DATA",): pytest.approx(111_600 / 75_200 - 1.5),
        ("CORRECTED_READING",): pytest.approx((113_088 - 111_600) / 75_200),
    }
    assert equal(home) == [2]
    assert equal(home, 1) == [1]


def test_a_meter_event_a_boundary_and_a_threshold_in_one_restatement(home: Home) -> None:
    header = ("meter_id", "at", "kind", "old_value", "new_value")
    at = f"{FIRST}-16 00:00"  # 360 hours: the old register ended 744 kWh above what it showed
    old = 1000 + 360 * 150
    write_csv(home.landing / "meter_events" / "events.csv", header, [("S1-G", at, "replacement", old + 744, old)])
    write_csv(home.landing / "racks" / "racks.csv", ("rack_id", "site_id", "snapshot_on", "u_height", "rated_kw"), [
        ("R1", "S1", f"{FIRST}-01", "42", "10"),
    ])  # fmt: skip
    write_csv(home.landing / "declarations" / "d.csv", ("site_id", "subject", "statement", "valid_from", "by"), [
        ("S1", "water", "none", "2024-01-01", "Li"),
    ])  # fmt: skip
    found = through(home, "BOUNDARY")
    assert {"METER_EVENT", "BOUNDARY"} <= set(found.entries)
    assert causes_of(found) <= {"METER_EVENT", "BOUNDARY"}
    if any(change.what == "D1" for change in found.changes):
        assert set(parts(found, "D1")) == {("METER_EVENT",)}
    assert ("BOUNDARY",) in parts(found, "D2")  # declared none: known, where nothing had been said
    assert equal(home) == [2, 2]
    assert equal(home, 1) == [1, 1]


def test_the_registry_of_meters(home: Home) -> None:
    rows = [(*row, "2") if row[0] == "S1-G" else (*row, "1") for row in meter_rows("S1")]
    write_csv(home.landing / "meters" / "ratio.csv", (*METER_HEADER, "multiplier"), rows)
    found = through(home, "METER_EVENT")
    assert parts(found, "D1") == {("METER_EVENT",): Decimal("1.5")}  # twice the supply


def test_settings_make_a_number_unknown_and_known_again(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", (FIRST,))
    it = register("S1-I", FIRST, 100, start=500)
    # IT readings end 30 of 744 hours early: 96 % is metered, and 95 % is enough
    write_csv(home.landing / "meter_readings" / f"{FIRST}.csv", READINGS, [*register("S1-G", FIRST, 150, start=1000), *it[:715]])
    settings = home.settings_path.read_text(encoding="utf-8")
    update(home, FIRST)
    close(home, FIRST)
    assert pue(Published(home).finals("S1", FIRST)["month"]) == pytest.approx(1.5)
    home.settings_path.write_text(f"{settings}\n[rules.TL01]\nwithhold_below = 0.99\n", encoding="utf-8")
    strict = Home.open(home.root)
    update(strict)
    restated(strict, FIRST, "METHOD")
    found = split(strict, "S1", FIRST, 1, 2, "month")
    assert parts(found, "D1") == {("METHOD",): None}
    home.settings_path.write_text(settings, encoding="utf-8")
    lax = Home.open(home.root)
    update(lax)
    restated(lax, FIRST, "METHOD")
    again = split(lax, "S1", FIRST, 2, 3, "month")
    assert parts(again, "D1") == {("METHOD",): None}
    assert [item.number for item in closed_of(lax).revisions["S1", FIRST]] == [1, 2, 3]
    assert figures(Published(lax).finals("S1", FIRST)) == figures(
        {w: payload for w in ("month", "ttm") if (payload := Published(lax).final("S1", FIRST, w, 1))}
    )
    for number in (1, 2, 3):
        assert equal(lax, number) == [number]


def test_a_program_that_was_changed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    raised(home, "S1", 7440)
    real = index_step.score_entity

    def kinder(*arguments: Any, **more: Any) -> Any:
        from dataclasses import replace

        scored = real(*arguments, **more)
        return replace(scored, index=scored.index + 1)

    with monkeypatch.context() as patch:
        patch.setattr(index_step, "score_entity", kinder)
        patch.setattr("assets.raw.fingerprint.code_version", lambda layer: "sha256:another")
        patch.setattr("assets.compute.code_version", lambda layer: "sha256:another")
        found = through(home, "CODE_DEFECT")
        got = parts(found, "index")
        assert got[("CODE_DEFECT",)] == Decimal(1)
        assert got[("CORRECTED_READING",)] is not None
        assert got[("CORRECTED_READING",)] < 0  # type: ignore[operator]
        assert parts(found, "D1") == {("CORRECTED_READING",): Decimal("0.1")}
    # by the program that made revision 1: equal; revision 2 was another's, and recomputing says so
    assert equal(home, 1) == [1, 1]
    done = recompute(home)
    assert all(item.code_differs and item.problems for item in done)
    assert any("payload.index" in problem.where for item in done for problem in item.problems)


def test_a_factor_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another grid factor: F1 moves by it alone, once what it needs is said."""
    home = make_home(tmp_path / "home", (FIRST,))
    subjects = ("water", "fuel", "refrigerant", "green_power", "onsite_generation", "backup_generation", "export", "shared_load")
    write_csv(home.landing / "declarations" / "d.csv", ("site_id", "subject", "statement", "valid_from", "by"), [
        ("S1", subject, "none", "2024-01-01", "Li") for subject in subjects
    ])  # fmt: skip
    update(home, FIRST)
    close(home, FIRST)
    real = json.loads(documents.factor_document())
    for row in real["grid_factors_cn"]:
        if (row["geography"], row["kind"], row["data_year"]) == ("CN", "residual", "2023"):
            assert row["value"] == "0.6096"
            row["value"] = "0.6196"
    with monkeypatch.context() as patch:
        patch.setattr(documents, "factor_document", lambda: canonical_json(real).encode())
        found = through(home, "FACTOR")
    assert causes_of(found) == {"FACTOR"}
    ((causes, delta),) = parts(found, "F1").items()
    assert causes == ("FACTOR",)
    assert float(delta or 0) == pytest.approx(1.5 * 0.01)  # PUE 1.5, 0.01 kg more a kWh
    for number in (1, 2):  # each with the factors of its day, from the lake
        assert equal(home, number) == [number]


# recomputing ----------------------------------------------------------------------------------------------------------


def test_nothing_derived_is_needed_to_recompute(home: Home) -> None:
    """Results, values, verdicts and every staged table may go: kept files, parts and the log make the month again."""
    home.ledger.drop_derived()
    for path in (home.lake.root / "staging").rglob("*.parquet"):
        path.unlink()
    assert equal(home) == [1, 1]
    assert {problem.seen for problem in verify(home)} == {"missing"}  # the tables themselves are missed, and named


def test_both_engines_give_the_same_bits(home: Home) -> None:
    pytest.importorskip("pyspark")
    assert equal(home, engine="spark") == [1, 1]


@pytest.mark.parametrize("what", ["result", "table", "verdicts"])
def test_a_planted_number_in_a_consistent_chain_is_found_and_named(home: Home, what: str) -> None:
    approval, _ = home.ledger.entries(kinds=["approval"])
    document = read_document(home, approval.payload["document"])
    if what == "result":
        row = next(row for row in document["rows"]["result"] if row["window"] == "ttm")
        row["payload"] = canonical_json({**json.loads(row["payload"]), "index": 66.0})
    elif what == "table":
        document["tables"][FIRST]["staging/energies"] = document["tables"][FIRST]["staging/inventory"]
    else:
        document["rows"]["verdict"] = []
    kept = keep_document(home, document)
    (submission, _) = home.ledger.entries(kinds=["submission"])
    entries = {
        item.n: {**item.payload, **kept.payload(["S1"]), "documents": [kept.document, kept.summary]} for item in (submission, approval)
    }
    rewrite(home, entries)
    if what == "result":
        assert verify(home) == []  # consistent in itself
    done = recompute(home, FIRST)
    first = done[0].problems[0]
    expected = {"result": "payload.index", "table": f"table {FIRST} staging/energies", "verdicts": "verdict"}[what]
    assert expected in first.where
    if what == "result":
        assert (first.expected, first.seen) == ("66.0", "6.0")


# clusters and runs ----------------------------------------------------------------------------------------------------


def test_run_restate_and_diff_from_the_command_line(tmp_path: Path, gci: Callable[..., Any], gci_json: Callable[..., Any]) -> None:
    home = two_sites(tmp_path / "home")
    root = ("--home", home.root)
    assert gci("backfill", FIRST, SECOND, *root)[0] == 3
    for month in (FIRST, SECOND):
        close(home, month)
    first = gci("show", "C1", SECOND, "--revision", 1, *root, "--format", "json")[1]
    raised(home, "S1", 7440)
    status, out, _ = gci("run", SECOND, *root)
    assert (status, f"{SECOND} is final; this is a candidate" in out, "differs for 有差异: C1, S1" in out) == (3, True, True)
    rows = {(row["month"], row["site_id"]): row for row in gci_json("status", *root)["rows"]}
    assert [item["rows"] for item in rows[FIRST, "S1"]["late"]] == [344]  # 745 − 400, less the one of January
    assert rows[FIRST, "S2"]["late"] == []
    assert (rows[SECOND, "S1"]["candidate"]["must_restate"], rows[SECOND, "S2"]["candidate"]) == (False, None)
    status, _, err = gci("restate", SECOND, "--dry-run", *root)
    assert (status, f"Restate {FIRST}" in err) == (1, True)
    shown = gci_json("restate", FIRST, "--dry-run", *root)
    assert [(item["month"], item["entity_id"]) for item in shown["closure"]] == [
        (FIRST, "C1"),
        (FIRST, "S1"),
        (SECOND, "C1"),
        (SECOND, "S1"),
    ]
    acts = ("--cause", "CORRECTED_READING", "--reason", "register misread", "--by", "Li", "--approved-by", "Wang")
    done = gci_json("restate", FIRST, *acts, *root)
    assert done["revisions"] == {month: {"S1": 2, "C1": 2} for month in (FIRST, SECOND)}
    assert gci("show", "C1", SECOND, "--revision", 1, *root, "--format", "json")[1] == first
    found = gci_json("diff", "C1", FIRST, "--from", 1, "--to", 2, "--window", "month", *root)
    pue_of_cluster = next(item for item in found["changes"] if item["what"] == "D1")
    assert (pue_of_cluster["delta"], pue_of_cluster["parts"]) == ("0.05", [{"causes": ["CORRECTED_READING"], "delta": "0.05"}])
    assert found["entries"] == {"CORRECTED_READING": [done["entry"] - 1]}
    assert "corrected readings" in gci("diff", "C1", FIRST, "--from", 1, "--to", 2, *root)[1]
    status, out, _ = gci("verify", FIRST, "--recompute", *root)
    assert (status, "equal bit for bit" in out) == (0, True)
    assert gci_json("verify", "--recompute", "--revision", 1, *root)["valid"] is True


def test_a_cluster_whose_members_change(tmp_path: Path) -> None:
    home = two_sites(tmp_path / "home", (FIRST,))
    update(home, FIRST)
    close(home, FIRST)
    sites(home, {"S2": "C2"}, "moved", "2025-06-01")
    update(home)
    assert {item.entity_id for item in moved(home)} == {"C1"}
    assert restated(home, FIRST, "BOUNDARY").revisions == {FIRST: {"C1": 2}}
    assert {one: item.number for one, item in closed_of(home).of_month(FIRST).items()} == {"S1": 1, "S2": 1, "C1": 2}
    found = recompute(home)
    assert [problem for item in found for problem in item.problems] == []
