"""Where several rows stand behind one finding: which of them it names. The first as landed, unless a rule says otherwise."""

from __future__ import annotations

from typing import Any

from checks.findings import Finding, NotChecked
from checks.rules.boundary import counted_once, placed, registered
from checks.rules.certificate_books import books_agree
from checks.rules.certificates import no_claim, within_consumption, within_generation
from checks.rules.changes import announced, multipliers
from checks.rules.claims import claimed_once, emissions_countable, evidenced

PROJECT = "P" * 17
RANGE = {"site_id": "HL01", "project_code": PROJECT, "production_month": "2026-02", "seq_start": 0, "seq_end": 39}


def meter(name: str, point: str = "cooling", **values: Any) -> dict[str, Any]:
    row = {"meter_id": name, "site_id": "HL01", "medium": "electricity", "point": point, "kind": "register", "multiplier": 1.0}
    return {**row, "valid_from": "2024-01-01", "entry": 1, "source_row": 8, **values}


def one(found: list[Finding] | NotChecked) -> Finding:
    assert isinstance(found, list)
    (finding,) = found
    return finding


# boundary -----------------------------------------------------------------------------------------------------------


def test_why_readings_belong_to_nobody_is_told_of_the_first(world, rows) -> None:  # type: ignore[no-untyped-def]
    row = {"site_id": "HL01", "meter_id": "A-V", "at_s": 1, "code": "BD01", "seen": 5.0}
    kinds = [{**row, "what": "virtual"}, {**row, "what": "unregistered"}]
    assert "because it is virtual" in one(registered(world({"anomalies": kinds}), "HL01")).message_en
    assert "has no such meter" in one(registered(world({"anomalies": kinds[::-1]}), "HL01")).message_en
    # they are told also where nothing else was landed
    silent = [{**fact, "n_landed": 0} for fact in rows["meter_facts"]]
    assert one(registered(world({"anomalies": kinds, "meter_facts": silent}), "HL01")).seen == 10.0


def test_a_meter_that_is_misplaced_twice_is_told_of_its_first_row(world, rows) -> None:  # type: ignore[no-untyped-def]
    wrong = [meter("A-N", "pdu_output", medium="heat"), meter("A-N", "lighting", medium="water", valid_from="2026-03-10")]
    found = one(placed(world({"meters": [*rows["meters"], *wrong]}), "HL01"))
    assert (found.severity, found.quantity) == ("withhold", "E_IT")  # where it stood first, it should count
    assert "Meter A-N measures heat at pdu_output" in found.message_en


def test_a_meter_of_no_known_site_is_told_with_the_first_site_named(world, rows) -> None:  # type: ignore[no-untyped-def]
    strangers = [meter("Z-1", site_id="HL7"), meter("Z-1", site_id="HL8", valid_from="2026-01-01")]
    found = one(placed(world({"meters": [*rows["meters"], *strangers]}), "HL01"))
    assert "belongs to site HL7, which" in found.message_en
    assert "所属站点 HL7 不在" in found.message_zh
    nobodys = one(placed(world({"meters": [*rows["meters"], meter("Z-1", site_id=None)]}), "HL01"))
    assert "belongs to site (none), which" in nobodys.message_en
    assert "所属站点 (空) 不在" in nobodys.message_zh
    assert placed(world({"topology_faults": []}, without=("members",)), "HL01") == []  # no composition was staged


def test_a_parent_in_order_hides_no_other(world, rows) -> None:  # type: ignore[no-untyped-def]
    meters = [*rows["meters"], meter("A-C1", parent_meter_id="A-S"), meter("A-C2", parent_meter_id="A-GONE")]
    assert one(counted_once(world({"meters": meters}), "HL01")).subject == "A-C2"


def test_a_parent_of_one_day_exists_on_that_day(world, rows) -> None:  # type: ignore[no-untyped-def]
    child = meter("A-C", parent_meter_id="A-T", valid_from="2026-03-05", valid_to="2026-03-20")
    days = [meter("A-T", valid_from="2026-03-05", valid_to="2026-03-05"), meter("A-T", valid_from="2026-03-06", valid_to="2026-03-20")]
    assert counted_once(world({"meters": [*rows["meters"], child, *days]}), "HL01") == []


# changes ------------------------------------------------------------------------------------------------------------


def test_a_change_is_one_from_the_day_before(world, rows) -> None:  # type: ignore[no-untyped-def]
    """A-C stood at cooling on 5 March only, and at lighting from the 6th on: it moved, it did not appear twice."""
    short = [meter("A-C", "lighting", valid_from="2026-03-06"), meter("A-C", valid_from="2026-03-05")]  # in any order
    found = one(announced(world({"meters": [*rows["meters"], *short]}), "HL01"))
    assert "Meter A-C appears on 2026-03-05, moves from cooling to lighting on 2026-03-06, and" in found.message_en
    assert found.rows == ((1, 8), (1, 8))


def test_a_meter_that_begins_on_the_last_day_of_the_month_appears_in_it(world, rows) -> None:  # type: ignore[no-untyped-def]
    for day, number in (("2026-03-01", 1), ("2026-03-31", 1), ("2026-04-01", 0), ("2026-02-28", 0)):
        found = announced(world({"meters": [*rows["meters"], meter("A-C", valid_from=day)]}), "HL01")
        assert len(found) == number, day  # type: ignore[arg-type]


def test_a_meter_that_ended_is_told_with_its_last_row(world, rows) -> None:  # type: ignore[no-untyped-def]
    ended = [*rows["meters"], meter("A-C", valid_to="2026-03-09", source_row=11)]
    assert one(announced(world({"meters": ended}), "HL01")).rows == ((1, 11),)


def test_the_sides_of_a_meter_all_follow_from_the_first(world, rows) -> None:  # type: ignore[no-untyped-def]
    sides = [{"site_id": "HL01", "side": side, "meter_id": "A-C", "sign": 1} for side in ("water", "E_IT", "E_DC")]
    found = announced(world({"meters": [*rows["meters"], meter("A-C", valid_from="2026-03-10")], "counted": sides}), "HL01")
    assert isinstance(found, list)
    assert [(f.quantity, f.because_of) for f in found] == [("E_DC", None), ("E_IT", found[0].id), ("water", found[0].id)]


def test_the_last_change_of_a_multiplier_is_told_in_numbers(world, rows) -> None:  # type: ignore[no-untyped-def]
    own = next(row for row in rows["meters"] if row["meter_id"] == "A-I")
    later = [{**own, "multiplier": value, "valid_from": day} for value, day in ((40.0, "2026-03-10"), (60.0, "2026-03-20"))]
    # a meter that appears before has no multiplier that changed, and hides none
    found = one(multipliers(world({"meters": [*rows["meters"], *later, meter("A-A", valid_from="2026-03-05")]}), "HL01"))
    assert (found.seen, found.limit) == (60.0, 40.0)
    assert "(1 → 40 (2026-03-10), 40 → 60 (2026-03-20))" in found.message_en


# claims and certificates --------------------------------------------------------------------------------------------


def conflict(kind: str, **values: Any) -> dict[str, Any]:
    return {"kind": kind, **RANGE, "mwh": 40.0, "detail_en": "first", "detail_zh": "一", "entry": 6, "source_row": 3, **values}


def test_the_first_reason_of_a_conflict_is_told_with_the_most_of_its_energy(world) -> None:  # type: ignore[no-untyped-def]
    second = conflict("CT11", detail_en="second", detail_zh="二", mwh=55.0)
    found = one(claimed_once(world({"claim_conflicts": [conflict("CT11"), second]}), "HL01"))
    assert found.seen == 55.0
    assert "55 MWh of" in found.message_en
    assert "claims are withheld. First. Correct" in found.message_en
    assert "claims 暂缓发布。一。请更正" in found.message_zh


def test_the_first_reason_of_an_excluded_range_is_told(world) -> None:  # type: ignore[no-untyped-def]
    row = {**RANGE, "status": "excluded", "quantity_wh": 40_000_000}
    found = one(no_claim(world({"claims": [{**row, "reason": "frozen"}, {**row, "reason": "withdrawn"}]}), "HL01"))
    assert "is frozen for CCER" in found.message_en
    assert found.seen == 80.0


def test_the_first_statement_of_a_project_month_is_told(world) -> None:  # type: ignore[no-untyped-def]
    found = one(within_generation(world({"claim_conflicts": [conflict("CT14", mwh=m, limit_mwh=9.0) for m in (12.0, 11.0)]}), "HL01"))
    assert (found.seen, found.limit) == (12.0, 9.0)


def test_the_books_are_told_with_the_first_difference(world) -> None:  # type: ignore[no-untyped-def]
    row = {**RANGE, "claimed_mwh": 0.0, "role": "claims", "entry": 2, "source_row": 4}
    kinds = ("claimed twice", "cancelled, in no claim")
    judged = world({"certificate_differences": [{**row, "kind": kind, "mwh": mwh} for kind, mwh in zip(kinds, (40.0, 3.0), strict=True)]})
    assert one(books_agree(judged, "HL01")).seen == 40.0


def test_surplus_is_told_to_the_kilowatt_hour_and_against_the_total_of_the_site(world) -> None:  # type: ignore[no-untyped-def]
    """40 MWh claimed of 39.8766 MWh used: 0.1234 MWh are surplus. What single meters show does not matter."""
    claim = {**RANGE, "status": "eligible", "quantity_wh": 40_000_000}
    used = [{"site_id": "HL01", "measure": "E_DC", "meter_id": m, "quantity": wh} for m, wh in (("A-S", 70_000_000), (None, 39_876_600))]
    found = one(within_consumption(world({"claims": [claim], "energies": used}), "HL01"))
    assert (found.seen, found.limit) == (40.0, 39.8766)
    assert "40 MWh are claimed for 2026-03, but only 39.9 MWh were used: the share is capped at 1, and 0.123 MWh are" in found.message_en
    only_it = [{**row, "measure": "E_IT"} for row in used]
    assert isinstance(within_consumption(world({"claims": [claim], "energies": only_it}), "HL01"), NotChecked)


def test_a_cancellation_without_a_document_may_have_no_energy(world) -> None:  # type: ignore[no-untyped-def]
    claims = [{**RANGE, "status": "excluded", "reason": "evidence missing", "quantity_wh": wh} for wh in (None, 1_234_567)]
    eligible = {**RANGE, "seq_start": 40, "seq_end": 79, "status": "eligible", "quantity_wh": 9_000_000}  # it needs none
    assert "cancellation of 1.23457 MWh" in one(evidenced(world({"claims": [*claims, eligible], "practices": []}), "HL01")).message_en
    assert "cancellation of 0 MWh" in one(evidenced(world({"claims": claims[:1], "practices": []}), "HL01")).message_en


def test_the_first_word_on_a_missing_factor_is_told(world) -> None:  # type: ignore[no-untyped-def]
    gap = {"site_id": "HL01", "subject": "CN-XZ", "kind": "average", "month": "2026-03"}
    words = [{**gap, "missing_en": en, "missing_zh": zh} for en, zh in (("never published", "从未公布"), ("withdrawn", "已撤回"))]
    assert "withheld. Never published. Correct" in one(emissions_countable(world({"factors_missing": words}), "HL01")).message_en
