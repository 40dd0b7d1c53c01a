"""Rules of content (内容): what readings say.

Put here what a reading must be in itself and beside its neighbours. What a meter's own row must say is in ``meters``, contracts of feeds
in ``feeds``, claims, documents and factors in ``claims``; how much is missing is ``timeliness``.
"""

from __future__ import annotations

from collections import Counter

from checks.findings import Finding, Judged, NotChecked, Severity
from checks.rules.changes import multipliers
from checks.rules.view import (
    SIDES,
    Row,
    apart,
    by_key,
    missing,
    moment,
    refs,
    several,
    share_rule,
    shares_of,
    sides_reached,
    spread,
    zone_of,
)


def instants_agree(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A meter shows one value at one instant: repeated instants and overlapping intervals must agree.

    理由:同一计量点同一时刻只有一个示数:重复时刻、重叠区间须一致。同一文件内不一致的全部拒绝;不同文件以后入库者为准。

    Source: checks.md CT03; metering.md §2, step 0.
    """
    kinds = {
        "conflict": (
            "instant with different values in one file (all rejected)",
            "instants with different values in one file (all rejected)",
            "同一文件内 {} 个时刻数值不一致(均拒绝)",
        ),
        "duplicate_entry": (
            "instant that a later file states otherwise (it counts)",
            "instants that a later file states otherwise (it counts)",
            "{} 个时刻与后入库文件不一致(以后者为准)",
        ),
        "overlap": ("pair of overlapping intervals", "pairs of overlapping intervals", "{} 对区间重叠"),
    }
    do = "Send one value for each instant.", "请对每一时刻报送唯一数值。"
    return _occurrences(judged, site_id, "CT03", "flag", kinds, do)


def physical(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A value no register can show is no reading: sentinels, negatives, and glitches that the next reading takes back are rejected.

    理由:寄存器不可能出现的示数不是读数:哨兵值、负值、单点跳变(下一读数即恢复)均拒绝,不影响其余读数。

    Source: checks.md CT04; metering.md §2, step 0.
    """
    kinds = {
        "glitch": ("glitch", "glitches", "{} 处跳变"),
        "sentinel": ("sentinel value", "sentinel values", "{} 个哨兵值"),
        "negative": ("negative value", "negative values", "{} 个负值"),
    }
    do = "Rejected; if it recurs, check the collector.", "相应读数已拒绝;如反复出现,请检查采集器。"
    return _occurrences(judged, site_id, "CT04", "info", kinds, do)


def _occurrences(
    judged: Judged, site_id: str, code: str, severity: Severity, kinds: dict[str, tuple[str, str, str]], do: tuple[str, str]
) -> list[Finding] | NotChecked:
    """One finding for each meter with anomalies of a code: how many of each kind (one English, several English, Chinese)."""
    found = _anomalies(judged, site_id, code)
    if isinstance(found, NotChecked):
        return found
    sides, zone = _sides(judged, site_id), zone_of(judged, site_id)
    findings = []
    for meter, rows in by_key(found, "meter_id").items():
        counts = Counter(row["what"] for row in rows)
        first = moment(zone, min((row["at_s"] for row in rows if row["at_s"] is not None), default=None))
        said = ", ".join(several(counts[what], *kinds[what][:2]) for what in sorted(counts))
        said_zh = "、".join(kinds[what][2].format(counts[what]) for what in sorted(counts))
        findings.append(
            Finding(
                code, site_id, judged.month, severity, meter,
                f"Meter {meter} has {said} in {judged.month}, first at {first}. {do[0]}",
                f"计量点 {meter} 在 {judged.month} 有{said_zh},首次在 {first}。{do[1]}",
                quantity=next(iter(sides.get(meter, [])), ""), seen=float(len(rows)), limit=0.0, unit="occurrences", rows=refs(rows),
            )
        )  # fmt: skip
    return findings


def plausible(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A meter can't pass more than its line carries, and load doesn't leap for an hour: above the plausible maximum, or a spike of the day.

    理由:计量值不应超过线路能力,负荷也不会只在一小时内骤增。超过已知容量的按缺口处理;超过推断上限的,前后读数能印证则保留,否则按缺口处理。

    Source: checks.md CT05; metering.md §2 (plausible maximum); spike check of the California VEE standards.
    """
    found = _anomalies(judged, site_id, "CT05")
    if isinstance(found, NotChecked):
        return found
    limit = judged.limit("CT05", "spike_flag_above")
    peaks = judged.of_site("day_peaks", site_id) if "day_peaks" in judged.tables else []
    spikes = [row for row in peaks if row["third"] > 0 and _spike(row) > limit]
    sides, zone = _sides(judged, site_id), zone_of(judged, site_id)
    over, spiked = by_key(found, "meter_id"), by_key(spikes, "meter_id")
    findings = []
    for meter in sorted({*over, *spiked}):
        rows, quantity = over.get(meter, []), next(iter(sides.get(meter, [])), "")
        if rows:
            worst = max(rows, key=lambda r: r["seen"] / (r["limit"] or 1))
            at, unit = moment(zone, worst["at_s"]), worst["unit"] or ""
            findings.append(
                Finding(
                    "CT05", site_id, judged.month, "flag", meter,
                    f"Meter {meter} exceeds its plausible maximum {several(len(rows), 'time')} in {judged.month}, most at {at}: "
                    f"{worst['seen']:,.0f} against {worst['limit']:,.0f} {unit}. {_kept(rows)} Check readings, capacity and multiplier.",
                    f"计量点 {meter} 在 {judged.month} 有 {len(rows)} 次超过合理上限,最大在 {at}:{worst['seen']:,.0f},上限 "
                    f"{worst['limit']:,.0f} {unit}。{_kept_zh(rows)}请核对读数、容量与倍率。",
                    quantity=quantity, seen=float(worst["seen"]), limit=float(worst["limit"]), unit=unit, rows=refs(rows),
                )
            )  # fmt: skip
        else:
            worst = max(spiked[meter], key=_spike)
            seen = _spike(worst)
            findings.append(
                Finding(
                    "CT05", site_id, judged.month, "flag", meter,
                    f"Meter {meter} has a spike on {several(len(spiked[meter]), 'day')} of {judged.month}, most on {worst['day']}: its "
                    f"highest hour is {apart(seen, limit, 2)} times its third above it (limit {limit:g}). Check the readings around it.",
                    f"计量点 {meter} 在 {judged.month} 有 {len(spiked[meter])} 日出现尖峰,最大为 {worst['day']}:"
                    f"最高小时超出第三高小时 {apart(seen, limit, 2)} 倍(限值 {limit:g})。请核对该小时前后的读数。",
                    quantity=quantity, seen=seen, limit=limit, unit="1",
                )
            )  # fmt: skip
    return findings if findings or not (absent := missing(judged, "day_peaks")) else absent


def _spike(row: Row) -> float:
    """By how much the highest hour of a day exceeds its third highest, as a multiple of it."""
    return float((row["highest"] - row["third"]) / row["third"])


def _kept(rows: list[Row]) -> str:
    """What became of the occurrences: above a known capacity a gap; above an inferred maximum it depends on the readings around."""
    gaps = sum(row["what"] == "over_capacity" for row in rows)
    said = [f"{gaps} above the known capacity, made {'a gap' if gaps == 1 else 'gaps'}."] if gaps else []
    if rest := len(rows) - gaps:
        said.append(f"{rest} above the maximum inferred from its days, kept where the readings around it bear it out, else a gap.")
    return " ".join(said)


def _kept_zh(rows: list[Row]) -> str:
    gaps = sum(row["what"] == "over_capacity" for row in rows)
    said = f"其中 {gaps} 次超过已知容量,按缺口处理。" if gaps else ""
    return said + (f"{len(rows) - gaps} 次超过按各日推断的上限,前后读数能印证的保留,否则按缺口处理。" if len(rows) > gaps else "")


def falling(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A register only climbs: when it falls it rolled over, was replaced or reset (then an event says so), or the meter can't be believed.

    理由:寄存器示数只增不减;下降须由翻转或换表、清零事件解释,否则该计量点不可信,并按份额规则处理。

    Source: checks.md CT08; metering.md §2, steps 1, 3 and 4.
    """
    found = missing(judged, "counted") or _anomalies(judged, site_id, "CT08")
    if isinstance(found, NotChecked):
        return found
    sides, zone = sides_reached(judged, site_id), zone_of(judged, site_id)
    fallen = {str(row["meter_id"]) for row in found if row["what"] == "falling"}
    material = {
        side: share_rule(judged, shares_of(judged, site_id, side), sorted(m for m in fallen if side in sides.get(m, []))) for side in SIDES
    }
    changed = multipliers(judged, site_id)  # ME04 tells of a multiplier that changed without an event
    unexplained = {} if isinstance(changed, NotChecked) else {f.subject: f.id for f in reversed(changed) if f.because_of is None}
    findings = []
    for meter, rows in by_key(found, "meter_id").items():
        counts = Counter(row["what"] for row in rows)
        first = moment(zone, min((row["at_s"] for row in rows if row["at_s"] is not None), default=None))
        own = sides.get(meter, [])
        if counts["falling"]:
            held = [side for side in own if material[side][0]]
            finding = _fallen(judged, site_id, meter, rows, counts["falling"], first, held)
            findings += spread(finding, held or own[:1] or [""])
        elif counts["event_incomplete"]:
            findings.append(
                Finding(
                    "CT08", site_id, judged.month, "flag", meter,
                    f"The register of meter {meter} changed {several(counts['event_incomplete'], 'time')} in {judged.month} without an "
                    f"event that states old_value and new_value, first at {first}: the side whose value is not stated is a gap. Land the "
                    "event with both values in 'meter_events'.",
                    f"计量点 {meter} 的寄存器在 {judged.month} 有 {counts['event_incomplete']} 次变更没有对应事件,"
                    f"或事件缺少 old_value、new_value,首次在 {first}:底数未知的一侧按缺口处理。请在 meter_events 补录事件及其前后表底。",
                    quantity=next(iter(own), ""), seen=float(counts["event_incomplete"]), limit=0.0, unit="changes", rows=refs(rows),
                    because_of=unexplained.get(meter),
                )
            )  # fmt: skip
        else:
            findings.append(
                Finding(
                    "CT08", site_id, judged.month, "info", meter,
                    f"The register of meter {meter} rolled over {several(counts['rollover'], 'time')} in {judged.month}, first at "
                    f"{first}; its energy is counted across.",
                    f"计量点 {meter} 的寄存器在 {judged.month} 翻转 {counts['rollover']} 次,首次在 {first};电量已连续计算。",
                    quantity=next(iter(own), ""), seen=float(counts["rollover"]), limit=None, unit="occurrences", rows=refs(rows),
                )
            )  # fmt: skip
    return findings


def _fallen(judged: Judged, site_id: str, meter: str, rows: list[Row], count: int, first: str, held: list[str]) -> Finding:
    tail, tail_zh = (f" {', '.join(held)} withheld.", f"{'、'.join(held)} 暂缓发布。") if held else ("", "")
    return Finding(
        "CT08", site_id, judged.month, "withhold" if held else "flag", meter,
        f"The register of meter {meter} fell {several(count, 'time')} in {judged.month} without a rollover or an event, first at {first}: "
        f"the stretch is a gap.{tail} Land the replacement or reset in 'meter_events', state register_digits, or correct the readings.",
        f"计量点 {meter} 的寄存器在 {judged.month} 有 {count} 次无翻转、无事件的下降,首次在 {first}:该段按缺口处理。{tail_zh}"
        "请在 meter_events 补录换表或清零,填报 register_digits,或更正读数。",
        seen=float(count), limit=0.0, unit="occurrences", rows=refs([row for row in rows if row["what"] == "falling"]),
    )  # fmt: skip


def _anomalies(judged: Judged, site_id: str, code: str) -> list[Row] | NotChecked:
    """The site's anomalies of a code; NotChecked when no reading was there to look at."""
    if absent := missing(judged, "anomalies", "meter_facts"):
        return absent
    rows = [row for row in judged.of_site("anomalies", site_id) if row["code"] == code]
    if not rows and not any(row["n_landed"] for row in judged.of_site("meter_facts", site_id)):
        return NotChecked(f"no reading was landed for {judged.month}", f"{judged.month} 没有入库读数")
    return rows


def _sides(judged: Judged, site_id: str) -> dict[str, list[str]]:
    return sides_reached(judged, site_id) if "counted" in judged.tables else {}
