"""When a month is closed and which changes must be restated: the dated table ``close_rules.yaml``, read and asked.

Project conventions, not law: the file says so and says where each figure comes from. Energy and emissions are those of the trailing
twelve months (D1's and F1's numerators).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from resources.calendar import add_months, month_first_day

FILE = Path(__file__).with_name("close_rules.yaml")
# What the thresholds look at: the name in answers, the indicator, its words.
ANNUAL = (("energy", "D1", "annual energy", "年度能耗"), ("emissions", "F1", "annual emissions", "年度排放"))


@dataclass(frozen=True)
class Significance:
    """Whether a change of a final month must be restated: the shares of annual energy and emissions that it moves, and why it must."""

    energy: float | None  # change over what was published; None where either is not known
    emissions: float | None
    grade_from: str | None
    grade_to: str | None
    limit: float
    must: bool
    reasons: tuple[tuple[str, str], ...]  # English, Chinese

    def json(self) -> dict[str, Any]:
        return {
            "energy": self.energy, "emissions": self.emissions, "grade_from": self.grade_from, "grade_to": self.grade_to,
            "limit": self.limit, "must_restate": self.must, "reasons": [list(pair) for pair in self.reasons],
        }  # fmt: skip


def document() -> bytes:
    """The bytes of the table, as they are kept with an approval."""
    return FILE.read_bytes()


@lru_cache(maxsize=1)
def _rules() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(document())
    return data


def _row(table: str, month: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = _rules()[table]
    return max((row for row in rows if row["valid_from"] <= month), key=lambda row: str(row["valid_from"]))


def calendar(month: str, cutoff_day: int) -> dict[str, str]:
    """Due days of a month: ``provisional``, ``sign_off`` (the maker), ``final`` (the checker), ``verification``. ISO dates.

    A home that computes later than the table's days signs off and approves on the day that it computes.
    """
    row, after = _row("calendar", month), month_first_day(add_months(month, 1))
    return {
        "provisional": after.replace(day=cutoff_day).isoformat(),
        "sign_off": after.replace(day=max(row["sign_off_day"], cutoff_day)).isoformat(),
        "final": after.replace(day=max(row["final_day"], cutoff_day)).isoformat(),
        "verification": date.fromisoformat(f"{int(month[:4]) + 1:04d}-{row['verification']}").isoformat(),
    }


def significance(published: Mapping[str, Any], candidate: Mapping[str, Any]) -> Significance:
    """How much a candidate moves what was published (two trailing results of ``gci show``). Source: close.md §2.

    What was published and can't be known any more, or the reverse, must be restated: an unknown amount is not a small one.
    """
    limit = float(_row("significance", published["month"])["share"])
    moved: dict[str, float | None] = {}
    reasons: list[tuple[str, str]] = []
    for name, code, en, zh in ANNUAL:
        before, after = _amount(published, code), _amount(candidate, code)
        moved[name] = abs(after - before) / before if before and after is not None else None
        share = moved[name]
        if (before is None) != (after is None):
            became = ("known", "未知变为已知") if before is None else ("unknown", "已知变为未知")
            reasons.append((f"{en} became {became[0]}", f"{zh}由{became[1]}"))
        elif before == 0 and after:
            reasons.append((f"{en} was 0 and is not any more", f"{zh}由 0 变为非 0"))
        elif share is not None and share >= limit:
            percents = f"{100 * share:.1f} %", f"{100 * limit:g} %"
            reasons.append((f"{en} moves by {percents[0]} (limit {percents[1]})", f"{zh}变动 {percents[0]}(限值 {percents[1]})"))
    grades = (published["grade"], candidate["grade"])
    if grades[0] != grades[1]:
        words = [grade or "none" for grade in grades], [grade or "无" for grade in grades]
        reasons.append((f"the index grade goes from {words[0][0]} to {words[0][1]}", f"指数等级由 {words[1][0]} 变为 {words[1][1]}"))
    return Significance(moved["energy"], moved["emissions"], *grades, limit, bool(reasons), tuple(reasons))


def _amount(payload: Mapping[str, Any], code: str) -> float | None:
    found = next((item for item in payload["indicators"] if item["code"] == code), None)
    return None if found is None or found["value"] is None else found["numerator"]
