"""Rules of method (方法) about instruments: class, calibration, pace, multiplier, and who took the readings.

Put here what a meter must be to be believed. Whether its unit can be counted is ``meters``, how the registry changes is ``changes``.
"""

from __future__ import annotations

from datetime import date

from checks.findings import Finding, Judged, NotChecked
from checks.rules.view import Row, by_key, meters_of, missing, percent, refs, several, sides_by_meter, sides_reached
from resources.calendar import month_first_day, month_last_day

# Accuracy classes by letter: GB/T 17215 (A 2, B 1, C 0.5, D 0.2).
_LETTERS = {"A": 2.0, "B": 1.0, "C": 0.5, "D": 0.2}
_NO_INSTRUMENT = ("virtual", "software")  # they have no class and no calibration of their own


def class_of(text: str | None) -> float | None:
    """The accuracy class as a number in percent, ``0.5S`` is 0.5; None when it is not known."""
    known = (text or "").strip().upper()
    if known in _LETTERS:
        return _LETTERS[known]
    try:
        return float(known.removesuffix("S"))
    except ValueError:
        return None


def _instruments(judged: Judged, site_id: str) -> dict[str, list[Row]]:
    """The rows of each meter with an instrument of its own that are in force in the month."""
    return by_key([row for row in meters_of(judged, site_id) if row["kind"] not in _NO_INSTRUMENT], "meter_id")


def _first_side(sides: dict[str, list[str]], meter: str) -> str:
    return next(iter(sides.get(meter, [])), "")


def _no_meters(judged: Judged) -> NotChecked:
    return NotChecked(f"no meter of the site is in force in {judged.month}", f"{judged.month} 没有有效的计量点")


def accurate(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A number is as good as its meters: the accuracy class is known, and at most 1 where electricity is counted, 2 elsewhere.

    理由:数值的可信度取决于计量器具:准确度等级须已知,计入边界的电能表不低于 1 级,其余不低于 2 级。

    Source: checks.md ME01; project convention after GB 17167 (meters of energy-using organisations).
    """
    if absent := missing(judged, "meters", "counted"):
        return absent
    meters, sides, findings = _instruments(judged, site_id), sides_by_meter(judged, site_id), []
    if not meters:
        return _no_meters(judged)
    for meter, rows in meters.items():
        counted = rows[-1]["medium"] == "electricity" and meter in sides
        limit = judged.limit("ME01", "counted_electricity" if counted else "elsewhere")
        classes = [class_of(row["accuracy_class"]) for row in rows]
        if None not in classes and max(c for c in classes if c is not None) <= limit:
            continue
        if None in classes:
            seen = None
            said = "has no accuracy class in 'meters'", "在 meters 中没有准确度等级"
            do = "Enter the class on its nameplate or certificate", "请按铭牌或检定证书填报 accuracy_class"
        else:
            seen = max(c for c in classes if c is not None)
            said = f"has accuracy class {seen:g}", f"的准确度等级为 {seen:g} 级"
            do = "Plan a better meter, or correct accuracy_class in 'meters'", "请计划更换更高等级的表计,或在 meters 中更正 accuracy_class"
        what = ("counted electricity", "计入边界的电能表") if counted else ("this use", "该用途")
        findings.append(
            Finding(
                "ME01", site_id, judged.month, "flag", meter,
                f"Meter {meter} {said[0]} (limit {limit:g} for {what[0]}): how far it errs is not bounded. {do[0]}.",
                f"计量点 {meter} {said[1]}({what[1]}限值为 {limit:g} 级),误差范围无法保证。{do[1]}。",
                quantity=_first_side(sides, meter), seen=seen, limit=limit, unit="%", rows=refs(rows),
            )
        )  # fmt: skip
    return findings


def calibrated(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A calibration that has run out proves nothing: it is valid on every day of the month on which the meter is in force.

    理由:检定过期的计量器具无法证明其准确度:当月计量点有效的每一日均须在检定有效期内。

    Source: checks.md ME02; project convention after JJG 596 (verification periods).
    """
    if absent := missing(judged, "meters", "counted"):
        return absent
    meters, sides, findings = _instruments(judged, site_id), sides_by_meter(judged, site_id), []
    if not meters:
        return _no_meters(judged)
    first, last = month_first_day(judged.month), month_last_day(judged.month)
    for meter, rows in meters.items():
        days = sum(_uncovered(row, first.isoformat(), last.isoformat()) for row in rows)
        if not days:
            continue
        dates = [row["calibrated_until"] for row in rows]
        newest = max((day for day in dates if day), default=None)
        ended = (f"ended on {newest}", f"已于 {newest} 到期") if newest else ("is not stated in 'meters'", "未在 meters 中填报")
        findings.append(
            Finding(
                "ME02", site_id, judged.month, "flag", meter,
                f"The calibration of meter {meter} {ended[0]}: {several(days, 'day')} of {judged.month} without a valid one. Have it "
                "calibrated, and enter calibrated_until in 'meters'.",
                f"计量点 {meter} 的检定有效期{ended[1]}:{judged.month} 有 {days} 日不在有效期内。请送检,并在 meters 中填报 "
                "calibrated_until。",
                quantity=_first_side(sides, meter), seen=float(days), limit=0.0, unit="days", rows=refs(rows),
            )
        )  # fmt: skip
    return findings


def _uncovered(row: Row, first: str, last: str) -> int:
    """Days of a month on which a row of 'meters' is in force without a valid calibration (its last day included)."""
    begun, until = max(row["valid_from"] or "", first), min(row["valid_to"], last)
    valid = row["calibrated_until"] or ""
    if valid >= begun:  # from the day after it on
        return (date.fromisoformat(until) - date.fromisoformat(min(valid, until))).days
    return (date.fromisoformat(until) - date.fromisoformat(begun)).days + 1


def often_enough(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Both sides are compared hour by hour: meters of E_DC and E_IT are read at least once an hour (every 15 minutes recommended).

    理由:两侧按小时比较:E_DC、E_IT 计量点的读数间隔不超过 60 分钟(建议 15 分钟)。

    Source: checks.md ME03; project convention.
    """
    if absent := missing(judged, "meter_facts", "counted"):
        return absent
    sides = {meter: [s for s in held if s != "water"] for meter, held in sides_reached(judged, site_id).items()}
    facts = {row["meter_id"]: row for row in judged.of_site("meter_facts", site_id)}
    pace = {
        meter: float(round(facts[meter]["median_step_s"] / 60))  # a logger's clock jitters by seconds: its pace is in minutes
        for meter in sorted(sides)
        if sides[meter] and meter in facts and facts[meter]["kind"] != "virtual" and facts[meter]["median_step_s"]
    }
    if not pace:
        return NotChecked(
            f"no pace of a meter of E_DC or E_IT is known in {judged.month}", f"{judged.month} 没有可知读数间隔的 E_DC、E_IT 计量点"
        )
    limit = judged.limit("ME03", "minutes")
    return [
        Finding(
            "ME03", site_id, judged.month, "flag", meter,
            f"Meter {meter} was read every {minutes:,.0f} minutes in {judged.month} (limit {limit:g}, recommended 15): its hours are "
            "placed by assumption. Shorten the logger's interval.",
            f"计量点 {meter} 在 {judged.month} 的读数间隔为 {minutes:,.0f} 分钟(限值 {limit:g},建议 15):各小时电量按假定分配。"
            "请缩短采集间隔。",
            quantity=sides[meter][0], seen=minutes, limit=limit, unit="min",
        )
        for meter, minutes in pace.items()
        if minutes > limit
    ]  # fmt: skip


def read_by_hand(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A person reads late, rarely and sometimes wrongly: manual readings of a counted meter stay below a share of all its readings.

    理由:人工抄表易迟、漏、错:计入边界的计量点,人工读数占其全部读数的比例应低于限值。

    Source: checks.md ME08; project convention.
    """
    if absent := missing(judged, "manual_readings", "meter_facts", "counted"):
        return absent
    sides = sides_reached(judged, site_id)
    landed = {row["meter_id"] for row in judged.of_site("meter_facts", site_id) if row["n_landed"] and row["meter_id"] in sides}
    if not landed:
        return NotChecked(f"no reading of a counted meter was landed for {judged.month}", f"{judged.month} 没有计入边界的计量点的入库读数")
    limit, findings = judged.limit("ME08", "flag_from"), []
    for row in sorted(judged.rows("manual_readings"), key=lambda one: str(one["meter_id"])):
        meter, seen = row["meter_id"], row["manual"] / row["readings"]
        if meter not in landed or seen < limit:
            continue
        findings.append(
            Finding(
                "ME08", site_id, judged.month, "flag", meter,
                f"{percent(seen, limit)} of the readings of meter {meter} in {judged.month} were taken by hand ({row['manual']:,} of "
                f"{row['readings']:,}; less than {percent(limit)} expected). Connect it to the data logger, or send the logger's readings.",
                f"计量点 {meter} 在 {judged.month} 的人工读数占 {percent(seen, limit)}({row['readings']} 条中 {row['manual']} 条;应低于 "
                f"{percent(limit)})。请接入自动采集,或补报采集器读数。",
                quantity=_first_side(sides, meter), seen=seen, limit=limit, unit="1",
            )
        )  # fmt: skip
    return findings


def multiplier_stated(judged: Judged, site_id: str) -> list[Finding]:
    """ME04: meters without a multiplier, whose readings are taken as they are."""
    sides, findings = sides_by_meter(judged, site_id), []
    filled = {(r["entry"], r["source_row"]) for r in judged.rows("assumed") if (r["feed"], r["column"]) == ("meters", "multiplier")}
    for meter, rows in by_key(meters_of(judged, site_id), "meter_id").items():
        blank = [row for row in rows if (row["entry"], row["source_row"]) in filled and row["kind"] != "virtual"]
        if not blank:
            continue
        findings.append(
            Finding(
                "ME04", site_id, judged.month, "flag", meter,
                f"Meter {meter} has no multiplier in 'meters': 1 was taken. If it stands behind transformers, all it counts is too small. "
                "Enter the ratio of its transformers, or 1 where there are none.",
                f"计量点 {meter} 在 meters 中未填倍率,已按 1 计。如经互感器接入,其电量将偏小。请填报互感器倍率,无互感器时填 1。",
                quantity=_first_side(sides, meter), seen=None, limit=1.0, unit="1", rows=refs(blank),
            )
        )  # fmt: skip
    return findings
