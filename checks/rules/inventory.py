"""Rules about the CMDB: what its rows can be at all (CT17), how much of it is known (CT17), and how old its snapshot is (TL05).

Put here what a snapshot of racks and devices must be to stand for a month. That nothing of it is lost or placeless is ``boundary``
(BD14); what is summed of it is decided where the inventory is staged.
"""

from __future__ import annotations

from collections import defaultdict

from checks.findings import Finding, Judged, NotChecked
from checks.rules.view import Row, by_key, listed, missing, percent, refs, several
from resources.calendar import month_last_day

_FEEDS_ZH = {"racks": "机柜", "devices": "设备"}


def plausible_inventory(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """An inventory says what can be there: racks and devices are possible in themselves, rated power is known of nearly all devices, and
    utilisation covers most capacity and hours.

    理由:台账须合乎实际:设备不高于机柜、机柜不超装、单台设备不超过整柜额定功率、额定功率不是冗余电源之和;上电设备额定功率已知者不少于 95 %,
    利用率覆盖的算力与小时不少于 80 %,否则 inventory、utilisation 暂缓发布。

    Redundant power supplies don't add power: a rated_w that reaches the sum of two or more supplies is taken for such a sum and flagged;
    the sums of the inventory use a device's own figure in any case. Devices that are off are left out.

    Source: checks.md CT17; method.md §1 (B1, B2, B3); thresholds are project convention.
    """
    if absent := missing(judged, "inventory", "racks", "devices"):
        return absent
    row = next(iter(judged.of_site("inventory", site_id)), None)
    if row is None or row["status"] == "not_reported":
        return NotChecked(f"no CMDB snapshot stands for {judged.month}", f"{judged.month} 没有可用的 CMDB 快照")
    return [*_impossible(judged, site_id), *_known(judged, site_id, row)]


def _impossible(judged: Judged, site_id: str) -> list[Finding]:
    racks = {str(row["rack_id"]): row for row in judged.of_site("racks", site_id) if row["age"] == 0}
    devices = [row for row in judged.of_site("devices", site_id) if row["age"] == 0 and row["powered_on"] is not False]
    by_rack: dict[str, list[Row]] = defaultdict(list)
    inside = {row["device_id"] for row in devices if row["parent_device_id"]}  # a chassis states the height of its blades
    for row in devices:
        if row["rack_id"] and row["device_id"] not in inside:
            by_rack[str(row["rack_id"])].append(row)
    found: dict[str, list[tuple[str, float, float, Row]]] = defaultdict(list)
    for rack_id, there in sorted(by_rack.items()):
        rack = racks.get(rack_id)
        if rack is None:
            continue  # BD14
        height, filled = float(rack["u_height"]), sum(float(row["u_size"] or 0) for row in there)
        if filled > height + 1e-9:
            found["full"].append((rack_id, filled, height, rack))
        rated = float(rack["rated_kw"]) * 1000
        found["strong"] += [
            (str(row["device_id"]), float(row["rated_w"]), rated, row) for row in there if row["rated_w"] and float(row["rated_w"]) > rated
        ]
    for row in devices:
        if row["rated_w"] is None:
            continue
        name, rated_w, supplies, each = str(row["device_id"]), float(row["rated_w"]), row["psu_count"], row["psu_w"]
        if not rated_w:
            found["powerless"].append((name, rated_w, rated_w, row))
        elif supplies and each and supplies >= 2 and rated_w >= supplies * each:
            found["summed"].append((name, rated_w, float(supplies * each), row))
    return [_one(judged, site_id, kind, rows) for kind, rows in sorted(found.items()) if rows]


# Of each kind: subject, unit, and what is seen and what to do about it, in English and Chinese.
_KINDS = {
    "full": (
        "over-full racks", "U", "hold more height units than they have ({seen:g} U in {limit:g} U)", "correct u_size, u_height or rack_id",
        "所装设备高度超过机柜高度({seen:g} U / {limit:g} U)", "请更正 u_size、u_height 或 rack_id",
    ),
    "powerless": (
        "powered devices without power", "W", "are powered on with a rated power of {seen:g} W",
        "state rated_w, or leave it blank where it is unknown", "已上电而额定功率为 {seen:g} W", "请填报 rated_w,未知时留空",
    ),
    "strong": (
        "devices above their rack", "W", "are rated higher than their whole rack ({seen:g} W in a rack of {limit:g} W)",
        "correct rated_w, or rated_kw of the rack", "额定功率超过整个机柜({seen:g} W / {limit:g} W)", "请更正 rated_w 或机柜的 rated_kw",
    ),
    "summed": (
        "summed power supplies", "W", "state the sum of their power supplies as rated power ({seen:g} W; supplies {limit:g} W): redundant "
        "supplies don't add power", "state what the device draws at most", "将各电源功率之和填为额定功率({seen:g} W,电源合计 {limit:g} W):"
        "冗余电源不叠加", "请填报设备本身的最大功率",
    ),
}  # fmt: skip


def _one(judged: Judged, site_id: str, kind: str, rows: list[tuple[str, float, float, Row]]) -> Finding:
    subject, unit, en, do, zh, do_zh = _KINDS[kind]
    _, seen, limit, _row = max(rows, key=lambda r: (r[1] - r[2], r[0]))
    names, what = listed(name for name, *_ in rows), "rack" if kind == "full" else "device"
    return Finding(
        "CT17", site_id, judged.month, "flag", subject,
        f"{several(len(rows), what)} of the CMDB snapshot {en.format(seen=seen, limit=limit)}: {names}. In '{what}s', {do}.",
        f"CMDB 快照中有 {len(rows)} {'个机柜' if kind == 'full' else '台设备'}{zh.format(seen=seen, limit=limit)}:{names}。{do_zh}。",
        quantity="inventory", seen=seen, limit=limit, unit=unit, rows=refs([row for *_, row in rows]),
    )  # fmt: skip


def _known(judged: Judged, site_id: str, row: Row) -> list[Finding]:
    """Rated power and utilisation that are known of too few: what is measured of them would stand for the rest."""
    findings = []
    rated, least = row["rated_known_share"], judged.limit("CT17", "rated_known")
    if rated is not None and rated < least:
        findings.append(
            Finding(
                "CT17", site_id, judged.month, "withhold", "rated power",
                f"The rated power of {percent(rated, least)} of the powered devices is known (limit "
                f"{percent(least)}): inventory is withheld. "
                "Fill in rated_w in 'devices', from the type plate or the data sheet.",
                f"上电设备中额定功率已知者为 {percent(rated, least)}(限值 {percent(least)}):inventory 暂缓发布。"
                "请按铭牌或产品手册在 devices 补填 rated_w。",
                quantity="inventory", seen=rated, limit=least, unit="1",
            )
        )  # fmt: skip
    covered, least = row["utilisation_coverage"], judged.limit("CT17", "utilisation_covered")
    if covered is not None and covered < least:
        findings.append(
            Finding(
                "CT17", site_id, judged.month, "withhold", "utilisation",
                f"Utilisation is known for {percent(covered, least)} of the computing capacity and hours of {judged.month} (limit "
                f"{percent(least)}): utilisation is withheld. Send 'utilisation' of all servers, GPUs and hours.",
                f"{judged.month} 利用率覆盖的算力与小时占比为 {percent(covered, least)}(限值 {percent(least)}):utilisation 暂缓发布。"
                "请补报全部服务器、GPU 与时段的 utilisation。",
                quantity="utilisation", seen=covered, limit=least, unit="1",
            )
        )  # fmt: skip
    return findings


def snapshot_age(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Racks and devices are counted at the end of the month: a snapshot of its last days is the month's, an older one is carried forward,
    for 31 days at most.

    理由:机柜与设备按月末计:距月末 5 天以内的快照为当月快照;更早的沿用并予提示,最长 31 天;再早则 inventory 暂缓发布。

    A feed that the site never sent is not told: what reads it is not reported.

    Source: checks.md TL05; thresholds are project convention.
    """
    if absent := missing(judged, "snapshot_days"):
        return absent
    rows = judged.of_site("snapshot_days", site_id)
    if not rows:
        return NotChecked(f"the site sent no CMDB snapshot up to {judged.month}", f"截至 {judged.month} 该站点未报送 CMDB 快照")
    near, carried = judged.limit("TL05", "near_days"), judged.limit("TL05", "carried_days")
    last = month_last_day(judged.month).isoformat()
    findings = []
    for day, group in by_key([row for row in rows if row["age_days"] > near], "newest_on").items():
        age, feeds = max(float(row["age_days"]) for row in group), sorted(str(row["feed"]) for row in group)
        old = age > carried
        names, names_zh = " and ".join(feeds), "、".join(_FEEDS_ZH[feed] for feed in feeds)
        effect, effect_zh = ("inventory is withheld", "inventory 暂缓发布") if old else (
            "it is carried forward, and what rests on it is marked so", "沿用该快照,相关数值标注为沿用")  # fmt: skip
        findings.append(
            Finding(
                "TL05", site_id, judged.month, "withhold" if old else "flag", ", ".join(feeds),
                f"The newest snapshot of {names} is of {day}, {several(int(age), 'day')} before {last} (limit "
                f"{carried if old else near:g} days): {effect}. Export {names} as of {last} and land the file.",
                f"{names_zh}最新快照为 {day},距 {last} 有 {age:g} 天(限值 {carried if old else near:g} 天):{effect_zh}。"
                f"请导出 {last} 的{names_zh}快照并重新报送。",
                quantity="inventory", seen=age, limit=float(carried if old else near), unit="d", rows=refs(group),
            )
        )  # fmt: skip
    return findings
