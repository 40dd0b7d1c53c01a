"""Waivers: what a person may let pass, what never, and from when to when it counts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from checks.waivers import NEVER, WAIVER, Waiver, day_of, granted, in_force, waivable
from resources.errors import UsageError
from resources.ledger import Ledger

TODAY = date(2026, 4, 10)
FINDING: dict[str, Any] = {
    "id": "TL01-abc", "code": "TL01", "site_id": "HL01", "month": "2026-03", "severity": "withhold", "quantity": "E_IT", "subject": "M-7",
    "seen": 0.85, "limit": 0.9, "unit": "1",
}  # fmt: skip
GOOD = {"by": "Li Na 李娜", "reason": "logger replaced, paper log checked", "until": "2026-06-30"}


def test_a_waiver_says_who_what_and_until_when() -> None:
    waiver = granted(FINDING, **GOOD, today=TODAY)
    assert (waiver.finding, waiver.quantity, waiver.seen, waiver.until) == ("TL01-abc", "E_IT", 0.85, "2026-06-30")
    assert waiver.text_en == "waived by Li Na 李娜 until 2026-06-30: logger replaced, paper log checked"
    assert waiver.text_zh == "由 Li Na 李娜 豁免至 2026-06-30:logger replaced, paper log checked"
    assert Waiver(**waiver.document()) == waiver


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"by": None}, "--by NAME"),
        ({"by": "  "}, "--by NAME"),
        ({"reason": ""}, "--reason TEXT"),
        ({"until": None}, "--until DATE"),
        ({"until": "30.6.2026"}, "is no date"),
        ({"until": "2026-04-09"}, "is in the past"),
    ],
)
def test_what_is_missing_or_wrong_is_said(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        granted(FINDING, **{**GOOD, **changed}, today=TODAY)
    assert caught.value.exit_code == 2


def test_the_last_day_may_be_today() -> None:
    assert granted(FINDING, **{**GOOD, "until": "2026-04-10"}, today=TODAY).until == "2026-04-10"


@pytest.mark.parametrize("code", NEVER)
def test_some_rules_are_never_waived(code: str) -> None:
    with pytest.raises(UsageError, match=f"{code} can't be waived"):
        granted({**FINDING, "code": code}, **GOOD, today=TODAY)


def test_bd07_and_ct11_are_those() -> None:
    assert NEVER == ("BD07", "CT11")


@pytest.mark.parametrize("severity", ["flag", "info"])
def test_what_withholds_nothing_needs_no_waiver(severity: str) -> None:
    with pytest.raises(UsageError, match="withholds nothing"):
        granted({**FINDING, "severity": severity}, **GOOD, today=TODAY)


def test_what_can_be_waived() -> None:
    rows = [FINDING, {**FINDING, "id": "B", "code": "BD07"}, {**FINDING, "id": "C", "severity": "flag"}]
    assert [row["id"] for row in waivable(rows)] == ["TL01-abc"]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger("sqlite:///ledger.db", tmp_path)
    made.create()
    return made


def enter(ledger: Ledger, until: str, on: datetime, **changed: Any) -> int:
    document = granted({**FINDING, **changed}, **{**GOOD, "until": until}, today=date(2026, 1, 1)).document()
    return ledger.append(WAIVER, document["finding"], f"sha256:{document}", document, at=on)


def test_it_counts_for_its_month_through_its_last_day(ledger: Ledger) -> None:
    enter(ledger, "2026-06-30", datetime(2026, 4, 10, tzinfo=UTC))
    entries = ledger.entries(kinds=[WAIVER])
    assert list(in_force(entries, date(2026, 6, 30), "2026-03")) == ["TL01-abc"]
    assert in_force(entries, date(2026, 7, 1), "2026-03") == {}
    assert in_force(entries, date(2026, 6, 30), "2026-04") == {}


def test_the_newest_of_a_finding_counts(ledger: Ledger) -> None:
    enter(ledger, "2026-06-30", datetime(2026, 4, 10, tzinfo=UTC))
    number = enter(ledger, "2026-05-31", datetime(2026, 4, 11, tzinfo=UTC))
    entries = ledger.entries(kinds=[WAIVER])
    assert in_force(entries, date(2026, 5, 31))["TL01-abc"].entry == number
    assert in_force(entries, date(2026, 6, 1)) == {}


def test_an_entry_for_a_rule_that_is_never_waived_counts_for_nothing(ledger: Ledger) -> None:
    document = {**granted(FINDING, **GOOD, today=TODAY).document(), "code": "BD07"}
    ledger.append(WAIVER, "BD07-x", "sha256:x", document)
    assert in_force(ledger.entries(kinds=[WAIVER]), TODAY) == {}


def test_the_day_is_that_of_the_homes_time_zone() -> None:
    assert day_of("2026-06-30T17:00:00Z", "Asia/Shanghai") == date(2026, 7, 1)
    assert day_of("2026-06-30T17:00:00Z", "UTC") == date(2026, 6, 30)
