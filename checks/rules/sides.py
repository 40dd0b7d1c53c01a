"""Rules of the boundary (边界) about what a site states of its sides: the IT side (BD04), shared loads (BD08), the water side (BD10).

Put here what must be declared for a side to mean something. The supply side is ``supply``, what the sides are to one another ``balance``.
"""

from __future__ import annotations

from datetime import timedelta

from checks.findings import Finding, Judged, NotChecked
from checks.rules.view import (
    Row,
    by_key,
    declared_none,
    listed,
    meters_of,
    missing,
    outside_operation,
    refs,
    share_rule,
    shares_of,
    sides_by_meter,
    site_row,
)
from resources.calendar import month_first_day, month_last_day

IT_POINTS = {1: "ups_output", 2: "pdu_output", 3: "it_input"}  # by PUE category (interfaces.md §2)


def it_declared(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """IT energy is what the stated PUE category measures, and nothing else: power that software estimated is never counted.

    理由:IT 电量仅取所填 PUE 类别对应位置的计量;类别须填报,软件估算的功率一律不计入。

    Source: checks.md BD04; GB 40879-2021 and ISO/IEC 30134-2 (categories 1 to 3).
    """
    if absent := missing(judged, "sites", "meters", "counted"):
        return absent
    meters = [row for row in meters_of(judged, site_id) if row["medium"] == "electricity" and row["point"] in IT_POINTS.values()]
    if not meters:
        return outside_operation(judged, site_id) or NotChecked(
            f"no meter at a point of IT energy is in force in {judged.month}", f"{judged.month} 没有 IT 计量位置的计量点"
        )
    site = site_row(judged, site_id)
    category = site.get("pue_category")
    if category is None:
        points = listed(sorted({row["point"] for row in meters}))
        return [
            Finding(
                "BD04", site_id, judged.month, "withhold", "pue_category",
                f"'sites' states no PUE category, so no meter counts as IT energy (there are meters at {points}): E_IT is withheld. Enter "
                "pue_category: 1 (UPS output), 2 (PDU output) or 3 (IT input).",
                f"sites 未填 PUE 类别,无法确定 IT 电量的计量位置(现有 {points}):E_IT 暂缓发布。请填报 pue_category:1(UPS 输出)、"
                "2(PDU 输出)或 3(IT 输入)。",
                quantity="E_IT", unit="1",
            )
        ]  # fmt: skip
    point = IT_POINTS[int(category)]
    there = [row for row in meters if row["point"] == point and not row["check_meter_of"]]
    soft = [row for row in there if row["kind"] == "software" and not _measured_above(row, meters, point)]
    findings = []
    if len(soft) == len(there):
        others = listed(sorted({row["point"] for row in meters if row["point"] != point})) or "–"
        findings.append(
            Finding(
                "BD04", site_id, judged.month, "withhold", point,
                f"PUE category {int(category)} counts IT energy at {point}, where no meter measures in {judged.month} (others at "
                f"{others}): E_IT is withheld. Register the meters of {point}, or correct pue_category in 'sites'.",
                f"PUE 类别 {int(category)} 以 {point} 为 IT 计量位置,而 {judged.month} 该位置没有实测计量点(其他位置:{others}):E_IT "
                f"暂缓发布。请登记 {point} 的计量点,或在 sites 中更正 pue_category。",
                quantity="E_IT", seen=0.0, limit=1.0, unit="meters",
            )
        )  # fmt: skip
    for meter, rows in by_key(soft, "meter_id").items():
        material, share = share_rule(judged, shares_of(judged, site_id, "E_IT"), [meter])
        held, held_zh = (": E_IT is withheld", ":E_IT 暂缓发布") if material else ("", "")
        findings.append(
            Finding(
                "BD04", site_id, judged.month, "withhold" if material else "flag", meter,
                f"{meter} at {point} is power estimated by software, which is never counted: its part of E_IT is missing{held}. Measure "
                "there, or name the meter that measures the same as its parent_meter_id.",
                f"{meter} 在 {point} 的功率为软件估算,不得计入,E_IT 缺少该部分{held_zh}。请安装计量表,或在 parent_meter_id "
                "中填报同一负荷的实测上级表。",
                quantity="E_IT", seen=share, limit=judged.limit("SHARE", "material"), unit="1", rows=refs(rows),
                because_of=findings[0].id if findings and findings[0].subject == point else None,
            )
        )  # fmt: skip
    return findings


def _measured_above(row: Row, meters: list[Row], point: str) -> bool:
    """Whether a counted meter above measures what the software only estimates."""
    by_id = {one["meter_id"]: one for one in meters}
    seen = {row["meter_id"]}
    while (up := by_id.get(row.get("parent_meter_id") or "")) is not None and up["meter_id"] not in seen:
        if up["point"] == point and up["kind"] != "software" and not up["check_meter_of"]:
            return True
        seen.add(up["meter_id"])
        row = up
    return False


def loads_excluded(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Offices and other loads that are not the data centre's are metered as ``excluded``, or it is said that there are none.

    理由:办公等非数据中心负荷应单独计量并列为 excluded,或申报没有;否则 E_DC 是否包含此类负荷无从得知。

    Source: checks.md BD08; GB 40879-2021 (E_DC is what the data centre uses).
    """
    if absent := missing(judged, "sites", "meters", "counted", "declarations"):
        return absent
    if not any("E_DC" in sides for sides in sides_by_meter(judged, site_id).values()):
        return NotChecked(f"no meter counts for E_DC in {judged.month}", f"{judged.month} 没有计入 E_DC 的计量点")
    if absent := outside_operation(judged, site_id):
        return absent
    metered = {
        row["meter_id"]
        for row in meters_of(judged, site_id)
        if row["point"] == "excluded" and row["medium"] == "electricity" and row["kind"] != "software"
    }
    if metered or declared_none(judged, site_id, "shared_load"):
        return []
    return [
        Finding(
            "BD08", site_id, judged.month, "flag", "shared_load",
            "Nothing is said about offices and other shared loads: E_DC may hold what is not the data centre's. Meter them at point "
            "excluded, or declare shared_load to be none in 'declarations'.",
            "未说明办公等共用负荷:E_DC 可能含有非数据中心用电。请以 excluded 单独计量,或在 declarations 申报 shared_load 为无。",
            quantity="E_DC", seen=0.0, limit=1.0, unit="meters",
        )
    ]  # fmt: skip


def water_closed(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Water is as whole as its supplies: a meter for each on every day, and the WUE category says what the ratio covers.

    理由:用水侧须闭合:每日供水计量点数不少于 water_supply_points,并填报 WUE 类别;没有用水的,应申报无。

    Source: checks.md BD10; ISO/IEC 30134-9 (categories of WUE).
    """
    if absent := missing(judged, "sites", "meters", "counted", "declarations"):
        return absent
    if absent := outside_operation(judged, site_id):
        return absent
    if declared_none(judged, site_id, "water"):
        return []
    site = site_row(judged, site_id)
    stated = site.get("water_supply_points")
    meters = [
        row
        for row in meters_of(judged, site_id)
        if row["point"] == "water_supply" and row["medium"] == "water" and row["kind"] != "software" and not row["check_meter_of"]
    ]
    if stated is None and not meters:
        return NotChecked(
            "nothing is said about water: no meter, no supply points, no declaration", "用水未报送:无计量点、无进水路数、无申报"
        )
    findings = []
    wanted = 1 if stated is None else int(stated)
    low, low_day = fewest_in_force(judged, site, meters)
    if low < wanted:
        findings.append(
            Finding(
                "BD10", site_id, judged.month, "withhold", "water_supply",
                f"Metered water supplies on {low_day}: {low} of {wanted}. Water is withheld. Register the missing meter at water_supply, "
                "correct water_supply_points in 'sites', or declare water to be none in 'declarations'.",
                f"{low_day} 已计量的进水为 {low} 路,应为 {wanted} 路:water 暂缓发布。请登记缺少的 water_supply 计量点,或更正 sites 的 "
                "water_supply_points,或在 declarations 申报 water 为无。",
                quantity="water", seen=float(low), limit=float(wanted), unit="supplies",
            )
        )  # fmt: skip
    if site.get("wue_category") is None and meters:
        findings.append(
            Finding(
                "BD10", site_id, judged.month, "withhold", "wue_category",
                "'sites' states no WUE category: what the litres per kWh cover is not said, and water is withheld. Enter wue_category: 1 "
                "(water of the site) or 2 (with the water of its electricity).",
                "sites 未填 WUE 类别,单位电量用水所含范围不明:water 暂缓发布。请填报 wue_category:1(站内用水)或 2(含发电用水)。",
                quantity="water", unit="1",
            )
        )  # fmt: skip
    return findings


def fewest_in_force(judged: Judged, site: Row, meters: list[Row]) -> tuple[int, str]:
    """Fewest meters in force on a day of the month since the site was commissioned, and the first such day."""
    counts = counts_in_force(judged, site, meters)
    day = min(counts, key=lambda text: counts[text])
    return counts[day], day


def counts_in_force(judged: Judged, site: Row, meters: list[Row]) -> dict[str, int]:
    """How many meters are in force on each day of the month since the site was commissioned (at least on its last day)."""
    day, last = month_first_day(judged.month), month_last_day(judged.month)
    begun = min(site.get("commissioned_on") or "", last.isoformat())
    counts = {}
    while day <= last:
        text = day.isoformat()
        if text >= begun:
            counts[text] = len({r["meter_id"] for r in meters if (r.get("valid_from") or "") <= text <= r["valid_to"]})
        day += timedelta(days=1)
    return counts
