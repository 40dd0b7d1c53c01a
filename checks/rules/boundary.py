"""Rules of the boundary (边界): which meters there are, what they count for, whether both sides are closed.

Put here what a site's meters must be to one another and to the site. The comparison of the two sides is ``balance``, what readings
say is ``content``, how complete they are ``timeliness``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from checks.contracts.vocabulary import POINTS_OF_MEDIUM
from checks.findings import Finding, Judged, NotChecked
from checks.rules.composition import TWICE, nobodys, refused
from checks.rules.sides import IT_POINTS
from checks.rules.view import (
    Row,
    by_key,
    listed,
    meters_of,
    missing,
    refs,
    rows_counted,
    several,
    sides_by_meter,
    site_row,
    spread,
)
from resources.calendar import month_first_day, month_last_day

_SUPPLY_POINTS = frozenset({"grid_supply", "direct_line", "onsite_generation", "backup_generation", "export", "excluded"})


def registered(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A reading counts for the meter that was registered and valid then (valid_to included); any other belongs to nobody and is rejected.

    理由:读数须属于当时已登记且有效(含 valid_to 当日)的计量点,否则无从归属,予以拒绝。

    Source: checks.md BD01.
    """
    if absent := missing(judged, "anomalies", "meter_facts"):
        return absent
    rows = [row for row in judged.of_site("anomalies", site_id) + judged.of_site("anomalies", None) if row["code"] == "BD01"]
    if not rows and not any(row["n_landed"] for row in judged.of_site("meter_facts", site_id)):
        return NotChecked(f"no reading was landed for {judged.month}", f"{judged.month} 没有入库读数")
    findings = []
    for meter, group in by_key(rows, "meter_id").items():
        count = rows_counted(group)
        why = (
            "'meters' has no such meter valid at that time. Register it, or correct its valid_from or valid_to, or the id in the file.",
            "meters 中没有当时有效的该计量点。请登记,或更正 valid_from、valid_to 或文件中的编号。",
        )
        if group[0]["what"] == "virtual":
            why = (
                "it is virtual, computed from its members in 'meter_parts'. Send readings of the members only, or remove its members if it "
                "has a register.",
                "该表为虚拟表,由 meter_parts 中的成员计算。请只报送成员读数;如其确有示数,请删除其成员。",
            )
        findings.append(
            Finding(
                "BD01", site_id, judged.month, "info", meter,
                f"Meter {meter}: {several(count, 'reading was', 'readings were')} rejected, because {why[0]}",
                f"计量点 {meter} 有 {count} 条读数被拒:{why[1]}",
                seen=float(count), limit=0.0, unit="readings", rows=refs(group),
            )
        )  # fmt: skip
    return findings


def placed(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A meter says something only where it is: it needs a known site, a medium, and a point that fits the medium; a virtual or shared
    meter needs members and shares that say whose energy it is.

    理由:计量点须有已知站点、介质及与介质相符的计量位置,否则其电量无从归类;虚拟表、共用表还须有明确的成员与分摊比例。

    Source: checks.md BD02; points and meter_parts of interfaces.md §2; metering.md §5.
    """
    if absent := missing(judged, "meters", "sites", "counted"):
        return absent
    sides, site, findings = sides_by_meter(judged, site_id), site_row(judged, site_id), []
    for meter, rows in by_key(meters_of(judged, site_id), "meter_id").items():
        wrong = [row for row in rows if row["point"] not in POINTS_OF_MEDIUM.get(row["medium"] or "", {})]
        if not wrong:
            continue
        point, medium = wrong[0]["point"] or "nothing", wrong[0]["medium"] or "nothing"
        # Staging leaves such a meter out of its side; it spoils the side that its point would count on.
        meant = _meant_side(wrong[0], site)
        held_sides = list(dict.fromkeys([*sides.get(meter, []), *([meant] if meant else [])]))
        held, held_zh = ("", "")
        if held_sides:
            held, held_zh = f" It should count: {listed(held_sides)} is withheld.", f"该计量点应计入边界:{listed(held_sides)} 暂缓发布。"
        finding = Finding(
            "BD02", site_id, judged.month, "withhold" if held_sides else "flag", meter,
            f"Meter {meter} measures {medium} at {point}: no such point of that medium.{held} Correct medium or point in 'meters'.",
            f"计量点 {meter} 的介质为 {medium},位置为 {point},二者不符。{held_zh}请在 meters 中更正 medium 或 point。",
            rows=refs(wrong),
        )  # fmt: skip
        findings += spread(finding, held_sides or [""])
    known = {row["site_id"] for row in judged.rows("sites")}
    for meter, rows in by_key([row for row in judged.rows("meters") if row["site_id"] not in known], "meter_id").items():
        findings.append(
            Finding(
                "BD02", site_id, judged.month, "flag", meter,
                f"Meter {meter} belongs to site {rows[0]['site_id'] or '(none)'}, which 'sites' does not have: it counts nowhere. "
                "Correct its site_id, or land the site.",
                f"计量点 {meter} 所属站点 {rows[0]['site_id'] or '(空)'} 不在 sites 中,不计入任何站点。请更正 site_id 或补报该站点。",
                rows=refs(rows),
            )
        )  # fmt: skip
    if "topology_faults" in judged.tables and "members" in judged.tables:
        said = {finding.id for finding in findings}
        findings += [finding for finding in (*refused(judged, site_id), *nobodys(judged, site_id)) if finding.id not in said]
    return findings


def _meant_side(row: Row, site: Row) -> str:
    """The side on which a meter at this point counts (metering.md §5); '' for a check meter and for points that count nowhere."""
    if row.get("check_meter_of"):
        return ""
    if row["point"] in IT_POINTS.values():
        category = site.get("pue_category")
        return "E_IT" if category is None or IT_POINTS[int(category)] == row["point"] else ""
    if row["point"] in ("storage_charge", "storage_discharge"):
        return "E_DC" if site.get("storage") == "outside" else ""
    return "water" if row["point"] == "water_supply" else "E_DC" if row["point"] in _SUPPLY_POINTS else ""


# What a fault of the topology is, and what to do about it, in English and Chinese.
_TOPOLOGY = {
    "double": (
        "lies below {other}, which is counted too",
        "位于同样计入边界的 {other} 之下",
        "remove one of them from the side, or correct parent_meter_id",
        "请从该侧移除其一,或更正 parent_meter_id",
    ),
    "cycle": (
        "is its own ancestor through {other}",
        "经由 {other} 成为自身的上级",
        "correct parent_meter_id",
        "请更正 parent_meter_id",
    ),
    "check_counted": (
        "is a check meter of {other} and counted",
        "是 {other} 的校核表,却计入边界",
        "clear check_meter_of, or give it another point",
        "请清除 check_meter_of,或更正其位置",
    ),
    "parents": (
        "has more than one parent at a time ({other})",
        "同时有多个上级({other})",
        "let one row end before the next begins",
        "请使前一行在后一行生效前结束",
    ),
}


_COUNTED_TWICE = (*_TOPOLOGY, *TWICE)


def counted_once(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Energy counted twice on a side is energy that was never used: no counted meter above another or a member of one, no cycles, no check
    meter, no shares above 1.

    A parent that does not exist hides both: whether the meter hangs below a counted one can then not be told, and that is flagged.

    理由:同一侧内不得重复计量:计入边界的计量点互不为上下级,也不互为成员,无环,校核表不计入,分摊比例合计不大于 1。
    上级表不存在时,是否重复无从判断,予以提示。

    Source: checks.md BD05; metering.md §5.
    """
    if absent := missing(judged, "topology_faults", "counted"):
        return absent
    if not sides_by_meter(judged, site_id):
        return NotChecked(f"no meter of the site is counted in {judged.month}", f"{judged.month} 没有计入边界的计量点")
    findings = []
    faults = [{**row, "side": row["side"] or ""} for row in judged.of_site("topology_faults", site_id) if row["what"] in _COUNTED_TWICE]
    for side, rows in by_key(faults, "side").items():
        for meter, group in by_key(rows, "meter_id").items():
            said, do, do_zh = [], [], []
            for feed, words in (("meters", _TOPOLOGY), ("meter_parts", TWICE)):
                here = [(words[what], what) for what in sorted({row["what"] for row in group}) if what in words]
                for (en, zh, _, _), what in here:
                    others = listed(sorted({str(row["other_id"] or "?") for row in group if row["what"] == what}))
                    said.append((en.format(other=others), zh.format(other=others)))
                do += [f"In '{feed}': {'; '.join(text[2] for text, _ in here)}."] if here else []
                do_zh += [f"在 {feed} 中:{';'.join(text[3] for text, _ in here)}。"] if here else []
            held, held_zh = (f": {side} is withheld", f":{side} 暂缓发布") if side else ("", "")
            findings.append(
                Finding(
                    "BD05", site_id, judged.month, "withhold" if side else "flag", meter,
                    f"Meter {meter} {'; '.join(s[0] for s in said)}{held}. {' '.join(do)}",
                    f"计量点 {meter} {';'.join(s[1] for s in said)}{held_zh}。{''.join(do_zh)}",
                    quantity=side, seen=float(len(group)), limit=0.0, unit="faults",
                )
            )  # fmt: skip
    told = {finding.id for finding in findings}
    return findings + [finding for finding in _dangling(judged, site_id) if finding.id not in told]


def _dangling(judged: Judged, site_id: str) -> list[Finding]:
    """Meters whose stated parent is registered nowhere, or not on a day on which they are in force."""
    if "meters" not in judged.tables:
        return []
    own = meters_of(judged, site_id)
    spans = _spans(own)
    if any(row.get("parent_meter_id") and row["parent_meter_id"] not in spans for row in own):  # a parent may stand at another site
        others = {row["site_id"] for row in judged.rows("meters") if row["site_id"]} - {site_id}
        spans |= _spans(row for other in sorted(others) for row in meters_of(judged, other) if row["meter_id"] not in spans)
    counted, findings = sides_by_meter(judged, site_id), []
    first, last = month_first_day(judged.month).isoformat(), month_last_day(judged.month).isoformat()
    for meter, rows in by_key([row for row in own if row.get("parent_meter_id")], "meter_id").items():
        gaps: dict[str, str] = {}
        for row in rows:
            begun, until = max(row["valid_from"] or "", first), min(row["valid_to"], last)
            if day := _first_uncovered(begun, until, spans.get(row["parent_meter_id"], [])):
                gaps[row["parent_meter_id"]] = day
        if not gaps:
            continue
        said = listed(f"{parent} on {day}" for parent, day in sorted(gaps.items()))
        said_zh = listed(f"{parent}({day})" for parent, day in sorted(gaps.items()))
        findings.append(
            Finding(
                "BD05", site_id, judged.month, "flag", meter,
                f"Meter {meter} names a parent that is not in force in 'meters': {said}. Whether it is counted twice can't be told, and it "
                "stands in no balance. Register that meter, or correct parent_meter_id.",
                f"计量点 {meter} 所填上级表不在 meters 的有效范围内:{said_zh}。无法判断是否重复计量,也不参与平衡。请登记该表或更正 "
                "parent_meter_id。",
                quantity=next(iter(counted.get(meter, [])), ""), seen=float(len(gaps)), limit=0.0, unit="faults", rows=refs(rows),
            )
        )  # fmt: skip
    return findings


def _spans(rows: Iterable[Row]) -> dict[str, list[tuple[str, str]]]:
    """First and last day of every row in force, by meter."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row["meter_id"], []).append((row["valid_from"] or "", row["valid_to"]))
    return found


def _first_uncovered(first: str, last: str, spans: list[tuple[str, str]]) -> str | None:
    """The first of some days that none of the spans covers; None when all are covered."""
    day = first
    for begun, until in sorted(spans):
        if begun <= day <= until:
            if until >= last:
                return None
            day = (date.fromisoformat(until) + timedelta(days=1)).isoformat()
    return day
