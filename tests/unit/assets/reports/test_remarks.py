"""What stands beside a number, in words: both languages say the same, and nothing is said where nobody looked."""

from __future__ import annotations

from typing import Any

import pytest

from assets.reports.remarks import materiality_words, shares_words, signed, waiver_words

SAID: dict[str, Any] = {
    "quantity_low": -9_600_000.0, "quantity_high": 400_000.0, "unit": "Wh", "index_low": -3.564, "index_high": 0.001,
    "indicators": {"D1": [1.49, 1.722], "B2": [0.5, 0.5], "F2": [3.0, None]}, "reason_en": "", "reason_zh": "", "index_reach": 3.564,
}  # fmt: skip


def finding(severity: str = "flag", quantity: str = "E_IT", **changed: Any) -> dict[str, Any]:
    return {"severity": severity, "quantity": quantity, "materiality": {**SAID, **changed}}


def test_quantity_indicators_and_index() -> None:
    en, zh = materiality_words(finding()) or ("", "")
    assert en == "It can change E_IT by −9.6 … +0.4 MWh; B2 0.5, D1 1.49 … 1.722, F2 3 … –; the index by −3.56 … 0.00."
    assert zh == "可使 E_IT 变动 −9.6 … +0.4 MWh;B2 0.5, D1 1.49 … 1.722, F2 3 … –;指数变动 −3.56 … 0.00。"


def test_practices_are_counted_in_items() -> None:
    en, zh = materiality_words(finding(quantity="practices", quantity_low=0.0, quantity_high=2.0, unit="items", indicators={})) or ("", "")
    assert en == "It can change practices by 0 … +2 items; the index by −3.56 … 0.00."
    assert zh == "可使 practices 变动 0 … +2 项;指数变动 −3.56 … 0.00。"


def test_what_is_not_quantified_says_why() -> None:
    nothing = {"quantity_low": None, "quantity_high": None, "index_low": None, "index_high": None}
    unknown = finding(**nothing, reason_en="no bound", reason_zh="没有上限")
    assert materiality_words(unknown) == ("What it can do is not quantified: no bound.", "影响未量化:没有上限。")
    assert materiality_words({**unknown, "severity": "info"}) is None
    assert materiality_words({"severity": "flag", "quantity": "E_IT", "materiality": None}) is None
    assert materiality_words({"severity": "flag", "quantity": "E_IT"}) is None  # a result of an older version


def test_a_remark_beside_the_numbers() -> None:
    said = materiality_words(finding(reason_en="another finding withholds it too", reason_zh="该量另有问题致其暂缓"))
    assert said is not None
    assert said[0].endswith("(another finding withholds it too)")
    assert said[1].endswith("(该量另有问题致其暂缓)")


@pytest.mark.parametrize(
    ("value", "places", "text"), [(0.0, 2, "0.00"), (-0.001, 2, "0.00"), (1.239, 2, "+1.24"), (-1234.5, None, "−1,234"), (0.0, None, "0")]
)
def test_changes_have_a_sign(value: float, places: int | None, text: str) -> None:
    assert signed(value, places) == text


def test_a_waiver_says_who_until_when_why_and_what_was_seen() -> None:
    row = {
        "code": "TL01", "month": "2026-01", "subject": "M-7", "quantity": "E_IT", "by": "Li Na", "until": "2026-06-30",
        "reason": "log checked", "entry": 12, "seen": 0.871, "limit": 0.9,
    }  # fmt: skip
    en, zh = waiver_words(row)
    assert en == "TL01 2026-01 M-7 (E_IT) waived by Li Na until 2026-06-30: log checked (entry 12, seen 0.871 against 0.9)"
    assert zh == "TL01 2026-01 M-7 (E_IT) 由 Li Na 豁免至 2026-06-30:log checked(条目 12,所见 0.871,限值 0.9)"
    assert waiver_words({**row, "seen": None})[0].endswith("(entry 12)")


def test_shares() -> None:
    assert shares_words({"quality_shares": {"Q1": 0.97, "Q4": 0.03}}) == "Q1 97 % Q4 3 %"
    assert shares_words({"quality_shares": {"Q1": 0.9996, "Q4": 0.0004}}) == "Q1 99.96 % Q4 0.04 %"
    assert shares_words({"quality_shares": {}}) == shares_words({}) == ""
