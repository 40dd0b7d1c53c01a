"""Rules of content (内容) about meters that stand still: one value that repeats itself, or zero where there never was zero.

Put here what a stretch of equal hours means. Which stretches there are is found where hours are staged; values that no register can
show are in ``content``.
"""

from __future__ import annotations

from checks.findings import Finding, Judged, NotChecked
from checks.rules.view import Row, by_key, missing, moment, refs, several, sides_reached, zone_of
from resources.calendar import HOUR_S

# Media whose interval, for this rule, is a day (checks.md CT06: water 7 d).
_DAILY = ("water", "diesel", "natural_gas")


def not_stuck(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Real load never repeats itself to the last digit: a meter that shows one interval over and over for a day is stuck.

    理由:实际负荷不会分毫不差地重复:不小于 100 个分辨力步的区间值连续 24 小时不变(水、燃料日用量连续 7 天不变),多为表计或采集器卡滞,
    或以默认值补数。

    An interval of fewer than 100 resolution steps may repeat itself by rounding. Read from whole measured hours, where equal intervals make
    equal hours (of water and fuel from whole days), so that readings need not be gone through again; a meter whose readings are not
    evenly spaced is not found so. The resolution step is the largest number of which all of the month's values are multiples
    (project convention).

    Source: checks.md CT06; thresholds are project convention.
    """
    if absent := missing(judged, "stuck", "meter_facts"):
        return absent
    if not any(row["n_landed"] for row in judged.of_site("meter_facts", site_id)):
        return NotChecked(f"no reading was landed for {judged.month}", f"{judged.month} 没有入库读数")
    limit = judged.limit("CT06", "steps")
    sides, zone = _sides(judged, site_id), zone_of(judged, site_id)
    findings = []
    for row in sorted(judged.of_site("stuck", site_id), key=lambda r: str(r["meter_id"])):
        daily = row["medium"] in _DAILY
        long_enough = judged.limit("CT06", "water_days") * 24 if daily else judged.limit("CT06", "hours")
        if row["steps"] < limit or row["hours"] < long_enough:
            continue
        meter, first, last = row["meter_id"], moment(zone, row["from_s"]), moment(zone, row["from_s"] + row["hours"] * HOUR_S)
        whole = f"{row['interval']:,.0f} {row['unit']}"
        span, span_zh = (several(row["hours"] // 24, "day"), f"{row['hours'] // 24} 天") if daily else (
            several(row["hours"], "hour"), f"{row['hours']} 小时")  # fmt: skip
        findings.append(
            Finding(
                "CT06", site_id, judged.month, "flag", meter,
                f"Meter {meter} shows one and the same {'daily quantity' if daily else 'interval'} ({whole}, "
                f"{row['steps']:,.0f} resolution "
                f"steps) for {span} on end, from {first} to {last} (limit {_span(long_enough, daily)}): real load "
                "varies. Check whether the "
                "meter or its logger hung, or values were filled in by copying; send the true readings, or mark "
                "filled ones with quality E.",
                f"计量点 {meter} 自 {first} 至 {last} 连续 {span_zh}{'日用量' if daily else '区间值'}完全相同"
                f"({whole},合 {row['steps']:,.0f} "
                f"个分辨力步,限值 {_span_zh(long_enough, daily)}):实际负荷应有波动。请检查表计或采集器是否卡滞、是否以复制值补数;"
                "请补报真实读数,补数请在 quality 列标 E。",
                quantity=next(iter(sides.get(meter, [])), ""), seen=row["hours"] / 24 if daily else float(row["hours"]),
                limit=long_enough / 24 if daily else float(long_enough), unit="d" if daily else "h", rows=refs([row]),
            )
        )  # fmt: skip
    return findings


def _span(hours: float, daily: bool) -> str:
    return f"{hours / 24:g} days" if daily else f"{hours:g} hours"


def _span_zh(hours: float, daily: bool) -> str:
    return f"{hours / 24:g} 天" if daily else f"{hours:g} 小时"


def not_dead(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Where something always flowed, nothing is news: a meter at zero that never was is dead, bypassed, or lost its supply unsaid.

    理由:一直有用量的计量点突然连续为零,多为断线、旁路或停电未报;发电、备用、上网、储能、制冷及 outage 事件期间除外。

    Read from whole clock hours, so that a stretch just above three hours may not be seen; 'never was' means a week of known hours above
    zero before, of this month and the one before, and none at zero that nothing explains. What explains a stretch: an ``outage``
    event of the meter, or of one above it, in the stretch or up to an hour before; or that the meters that stand in for it (the
    other sources of the site; the other meters of its point) took its load over, as in a bus-tie switch-over. Water is asked as
    well, fuel and heat are not.

    Source: checks.md CT07; thresholds are project convention.
    """
    if absent := missing(judged, "zeros", "meter_facts"):
        return absent
    if not any(row["n_landed"] for row in judged.of_site("meter_facts", site_id)):
        return NotChecked(f"no reading was landed for {judged.month}", f"{judged.month} 没有入库读数")
    hours, history = judged.limit("CT07", "hours"), judged.limit("CT07", "history_hours")
    sides, zone = _sides(judged, site_id), zone_of(judged, site_id)
    findings = []
    for meter, rows in by_key(judged.of_site("zeros", site_id), "meter_id").items():
        new = [row for row in rows if _is_news(row, hours, history)]
        if not new:
            continue
        row = min(new, key=lambda r: int(r["from_s"]))
        first, last = moment(zone, row["from_s"]), moment(zone, row["from_s"] + row["hours"] * HOUR_S)
        own = sides.get(meter, [])
        effect, effect_zh = (f" It counts on {', '.join(own)}, which is too small by what really flowed.",
                             f"该表计入 {'、'.join(own)},如实际有用量则偏小。") if own else ("", "")  # fmt: skip
        findings.append(
            Finding(
                "CT07", site_id, judged.month, "flag", meter,
                f"Meter {meter} is at zero for {several(row['hours'], 'hour')} from {first} to {last}, though it was above zero in all "
                f"{row['hours_above']:,} known hours before (limit {hours:g} hours).{effect} Check its voltage and current wiring and any "
                "bypass; if the supply was off, land an 'outage' event in 'meter_events'; else correct the readings.",
                f"计量点 {meter} 自 {first} 至 {last} 连续 {row['hours']} 小时为零,而此前已知的 {row['hours_above']:,} 小时均不为零"
                f"(限值 {hours:g} 小时)。{effect_zh}请检查电压、电流接线与旁路;如确系停电,请在 meter_events 补录 "
                "outage 事件;否则请更正读数。",
                quantity=next(iter(own), ""), seen=float(row["hours"]), limit=float(hours), unit="h",
            )
        )  # fmt: skip
    return findings


def _is_news(row: Row, hours: float, history: float) -> bool:
    return bool(row["hours_above"] >= history and row["hours"] >= hours and not row["outage"] and not row["moved"])


def _sides(judged: Judged, site_id: str) -> dict[str, list[str]]:
    return sides_reached(judged, site_id) if "counted" in judged.tables else {}
