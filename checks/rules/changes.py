"""Rules about changes of the registry: meters that come, go or move (BD09), multipliers that change (ME04).

Put here what the registry of this month must explain against that of the month before. What a row must say is ``instruments`` and
``meters``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from checks.findings import Finding, Judged, NotChecked, Severity
from checks.rules.instruments import multiplier_stated
from checks.rules.view import SIDES, Row, by_key, listed, missing, once, percent, refs, share_rule, shares_of, spread, zone_of
from resources.calendar import local_text, month_first_day, month_last_day

_EXPLAINS = {"boundary": ("boundary_change", "replacement"), "multiplier": ("multiplier_change", "replacement")}


@dataclass(frozen=True)
class Change:
    """What happened to a meter of the registry on a day: ``before`` and ``after`` are its rows, None where it was not in force."""

    meter_id: str
    day: date
    before: Row | None
    after: Row | None


@once
def changes(judged: Judged, site_id: str) -> list[Change]:
    """Every day of the month on which another row of a meter of the site came into force, or none any more; by meter and day.

    A meter that begins with the site's first meters changes nothing: before them there was no boundary.
    """
    rows = {(str(r["meter_id"]), r["valid_from"] or ""): r for r in _rows(judged, site_id)}
    first, last = month_first_day(judged.month), month_last_day(judged.month)
    founded = min((begun for _, begun in rows), default="")
    found = []
    for meter, own in by_key(rows.values(), "meter_id").items():
        versions = sorted(own, key=lambda row: row["valid_from"] or "")
        days = {date.fromisoformat(r["valid_from"]) for r in versions if r["valid_from"]}
        days |= {date.fromisoformat(r["valid_to"]) + timedelta(days=1) for r in versions if r["valid_to"]}
        for day in sorted(day for day in days if first <= day <= last):
            before, after = _in_force(versions, day - timedelta(days=1)), _in_force(versions, day)
            if before is not after and not (before is None and day.isoformat() <= founded):
                found.append(Change(meter, day, before, after))
    return found


def _rows(judged: Judged, site_id: str) -> Iterator[Row]:
    yield from judged.of_site("meters_before", site_id)
    yield from judged.of_site("meters", site_id)


def _in_force(versions: list[Row], day: date) -> Row | None:
    begun = [row for row in versions if (row["valid_from"] or "") <= day.isoformat()]
    newest = begun[-1] if begun else None
    return newest if newest is not None and (newest["valid_to"] or "9999-12-31") >= day.isoformat() else None


def _explained(judged: Judged, site_id: str, change: Change, by: str) -> bool:
    """Whether an event of the meter near that day says why: within ``BD09.days`` days, of the site's calendar."""
    zone, near = zone_of(judged, site_id), timedelta(days=judged.limit("BD09", "days"))
    return any(
        abs(date.fromisoformat(local_text(int(event["at_s"]), zone)[:10]) - change.day) <= near
        for event in judged.rows("meter_events")
        if event["meter_id"] == change.meter_id and event["kind"] in _EXPLAINS[by] and event["at_s"] is not None
    )


def _sides(judged: Judged, site_id: str) -> dict[str, list[str]]:
    """The sides on which each meter counts in this month or counted in the one before."""
    found: dict[str, set[str]] = {}
    for table in ("counted_before", "counted"):
        for row in judged.of_site(table, site_id):
            found.setdefault(row["meter_id"], set()).add(row["side"])
    return {meter: [side for side in SIDES if side in sides] for meter, sides in found.items()}


def _on_sides(judged: Judged, finding: Finding, sides: list[str]) -> list[Finding]:
    """The finding for each side of its meter, withheld where the share rule says so; a flag of no quantity where it counts nowhere."""
    found: list[Finding] = []
    for side in sides or [""]:
        severity: Severity = "flag"
        held = held_zh = ""
        if side:
            material, share = share_rule(judged, shares_of(judged, finding.site_id, side), [finding.subject])
            carried = "an unknown share" if share is None else percent(share, judged.limit("SHARE", "material"))
            carried_zh = "未知份额" if share is None else carried
            severity = "withhold" if material else "flag"
            held = f" It carries {carried} of {side}" + (f": {side} is withheld." if material else ".")
            held_zh = f"其占 {side} 的份额为{carried_zh}" + (f":{side} 暂缓发布。" if material else "。")
        one = Finding(
            finding.code, finding.site_id, finding.month, severity, finding.subject, finding.message_en.replace("{held}", held),
            finding.message_zh.replace("{held}", held_zh), seen=finding.seen, limit=finding.limit, unit=finding.unit, rows=finding.rows,
            because_of=found[0].id if found else None,
        )  # fmt: skip
        found += spread(one, [side])
    return found


def announced(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """The boundary is the same as last month unless somebody said why: a meter that appears, disappears or moves has an event.

    理由:边界未经说明不得变动:计量点新增、消失或改变位置,均须有对应事件(boundary_change 或 replacement)。

    Source: checks.md BD09 (share rule); project convention.
    """
    if absent := missing(judged, "meters", "meters_before", "counted", "counted_before", "meter_events"):
        return absent
    if not judged.of_site("meters", site_id) and not judged.of_site("meters_before", site_id):
        return NotChecked(
            f"no meter of the site is in force in {judged.month} or the month before", f"{judged.month} 及上月均没有有效的计量点"
        )
    sides, findings = _sides(judged, site_id), []
    for meter, own in by_key((vars(change) for change in changes(judged, site_id)), "meter_id").items():
        moved = [Change(**row) for row in own]
        silent = [change for change in moved if not _explained(judged, site_id, change, "boundary")]
        said = [words for change in silent if (words := _moved(change))]
        if not said:
            continue
        finding = Finding(
            "BD09", site_id, judged.month, "flag", meter,
            f"Meter {meter} {listed(text[0] for text in said)}, and no event says why.{{held}} Land the event (boundary_change, or "
            "replacement) in 'meter_events', or correct valid_from, valid_to or point in 'meters'.",
            f"计量点 {meter} {listed(text[1] for text in said)},但无事件说明。{{held}}请在 meter_events 中报送事件(boundary_change 或 "
            "replacement),或在 meters 中更正 valid_from、valid_to、point。",
            seen=float(len(said)), limit=0.0, unit="changes", rows=refs([change.after or change.before or {} for change in silent]),
        )  # fmt: skip
        findings += _on_sides(judged, finding, sides.get(meter, []))
    return findings


def _moved(change: Change) -> tuple[str, str] | None:
    """What of the boundary changed, in words; None when nothing did."""
    before, after = change.before, change.after
    if before is None:
        return f"appears on {change.day}", f"于 {change.day} 新增"
    if after is None:
        return f"disappears on {change.day}", f"于 {change.day} 消失"
    if before["point"] != after["point"]:
        return (
            f"moves from {before['point']} to {after['point']} on {change.day}",
            f"于 {change.day} 由 {before['point']} 改为 {after['point']}",
        )
    if before["check_meter_of"] != after["check_meter_of"]:
        return f"becomes {_role(after)[0]} on {change.day}", f"于 {change.day} 改为{_role(after)[1]}"
    return None


def _role(row: Row) -> tuple[str, str]:
    main = row["check_meter_of"]
    return (f"a check meter of {main}", f" {main} 的校核表") if main else ("no check meter", "非校核表")


def multipliers(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A multiplier that nobody stated may be wrong by a factor of thousands, and one that changed without an event is not explained.

    理由:倍率未填时按 1 计,可能相差数千倍;倍率变更须有对应事件(multiplier_change 或 replacement),否则变更前后的电量不可比。

    Source: checks.md ME04 (share rule); metering.md §2 (events).
    """
    if absent := missing(judged, "meters", "meters_before", "counted", "counted_before", "meter_events", "assumed"):
        return absent
    if not judged.of_site("meters", site_id):
        return NotChecked(f"no meter of the site is in force in {judged.month}", f"{judged.month} 没有有效的计量点")
    sides, findings = _sides(judged, site_id), []
    changed: dict[str, list[tuple[Change, float, float]]] = {}
    for change in changes(judged, site_id):
        if change.before is None or change.after is None:
            continue
        old, new = (1.0 if row["multiplier"] is None else float(row["multiplier"]) for row in (change.before, change.after))
        if old != new and not _explained(judged, site_id, change, "multiplier"):
            changed.setdefault(change.meter_id, []).append((change, old, new))
    for meter, own in changed.items():
        said = listed(f"{old:g} → {new:g} ({change.day})" for change, old, new in own)
        finding = Finding(
            "ME04", site_id, judged.month, "flag", meter,
            f"The multiplier of meter {meter} changes in 'meters' ({said}), and no event says so.{{held}} Land the multiplier_change with "
            "the reading at the change in 'meter_events', or correct the multiplier.",
            f"计量点 {meter} 的倍率在 meters 中变更({said}),但无事件说明。{{held}}请在 meter_events 中报送 multiplier_change "
            "及变更时的示数,或更正倍率。",
            seen=own[-1][2], limit=own[-1][1], unit="1", rows=refs([change.after or {} for change, _, _ in own]),
        )  # fmt: skip
        findings += _on_sides(judged, finding, sides.get(meter, []))
    told = {finding.subject for finding in findings}
    return findings + [finding for finding in multiplier_stated(judged, site_id) if finding.subject not in told]
