"""Approved against actual: PUE, WUE and energy of the energy conservation review (节能审查) beside what was measured.

Comparing belongs here; the actual values are those that are published. Nothing of this is scored. A value that was not approved, or is not
known, is said to be so and compared with nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import polars as pl

from assets.indicators.energy_total import COUNTED, INCOMPLETE
from assets.indicators.measure import IndicatorValue
from assets.reference.scope1 import decimal

Row = dict[str, Any]
TABLE = "index/approved"
APPROVED = {
    "site_id": pl.String, "month": pl.String, "window": pl.String, "subject": pl.String, "actual": pl.Float64, "approved": pl.Float64,
    "difference": pl.Float64, "unit": pl.String, "status": pl.String, "months": pl.Int64, "reason_en": pl.String, "reason_zh": pl.String,
}  # fmt: skip
SUBJECTS = {"PUE": ("D1", "approved_pue", "1"), "WUE": ("D2", "approved_wue", "L/kWh")}
ENERGY_SUBJECT, ENERGY_COLUMN = "energy", "approved_energy_tce"
YEAR = 12
WITHIN, ABOVE, NOT_APPROVED, NOT_COMPARED = "within", "above", "no_approved_value", "not_compared"


def compared_ratio(subject: str, window: str, approved: float | None, value: IndicatorValue | None) -> Row:
    """Actual PUE or WUE of a window beside the approved one: ``difference`` = actual − approved.

    ``status``: within, above, no_approved_value, not_compared (the actual value is not known: the reason says why).
    """
    unit = SUBJECTS[subject][2]
    actual = value.value if value is not None and value.valued else None
    row: Row = {"window": window, "subject": subject, "actual": actual, "approved": approved, "unit": unit}
    row["months"] = value.months if value is not None else 0
    if actual is None:
        word = value.status if value is not None else "not_reported"
        why = value.reason if value is not None and value.reason else word
        return _judged(row, f"{subject} is {word}: {why}", f"{subject} 无值({word})")
    return _judged(row)


def compared_energy(window: str, approved: float | None, totals: Sequence[Mapping[str, Any]]) -> Row:
    """Energy (tce) beside the approved energy of a year. ``totals``: the months' rows ``total`` of ``energy_total``, as far as they exist.

    Only twelve complete months are compared: a month, or a sum that leaves something out, is shown as it is.
    """
    known = [row for row in totals if row["tce"] is not None]
    actual = float(sum((decimal(row["tce"]) for row in known), Fraction(0))) if known else None
    row: Row = {"window": window, "subject": ENERGY_SUBJECT, "actual": actual, "approved": approved, "unit": "tce", "months": len(known)}
    if window == "month":
        en, zh = "the approved value is of a year", "批复值为年度值"
        left = next((r for r in known if r["status"] == INCOMPLETE), None)
        said = (f"{left['reason_en']}; {en}", f"{left['reason_zh']};{zh}") if left else (en, zh)
        if not known:
            gone = totals[0] if totals else {"reason_en": "not computed", "reason_zh": "未计算"}
            said = (str(gone["reason_en"]), str(gone["reason_zh"]))
        return _judged(row, *said)
    if any(r["status"] == INCOMPLETE for r in known):
        return _judged(row, "at least: in some months a carrier is left out", "下限:部分月份有能源品种未计入")
    if len([r for r in known if r["status"] == COUNTED]) < YEAR:
        return _judged(row, f"{len(known)} of {YEAR} months are known", f"{YEAR} 个月中已知 {len(known)} 个月")
    return _judged(row)


def _judged(row: Row, reason_en: str | None = None, reason_zh: str | None = None) -> Row:
    base = dict.fromkeys(APPROVED) | row | {"reason_en": reason_en, "reason_zh": reason_zh}
    if row["approved"] is None:
        en, zh = "no approved value is stated in 'sites'", "sites 中未填批复值"
        said_en, said_zh = (f"{en}; {reason_en}", f"{zh};{reason_zh}") if reason_en else (en, zh)
        return base | {"status": NOT_APPROVED, "reason_en": said_en, "reason_zh": said_zh}
    if reason_en is not None or row["actual"] is None:
        return base | {"status": NOT_COMPARED}
    difference = float(decimal(row["actual"]) - decimal(row["approved"]))
    return base | {"difference": difference, "status": ABOVE if difference > 0 else WITHIN}
