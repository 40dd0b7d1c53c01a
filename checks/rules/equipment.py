"""Rules of the boundary (边界) about equipment: where racks and devices stand (BD14).

Put here what a snapshot of the CMDB must say of places. Whether its numbers are plausible is a rule of content.
"""

from __future__ import annotations

from collections.abc import Sequence

from checks.findings import Finding, Judged, NotChecked
from checks.rules.view import Row, by_key, listed, missing, refs, several


def placed_equipment(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """Equipment that stands nowhere is counted nowhere: racks have a known site, powered devices a rack or a reason, and no room is lost.

    理由:设备须有归属:机架属于已知站点,加电设备有机架或说明原因,上一快照中的机房不得无故消失,否则 inventory 不完整。

    Source: checks.md BD14; project convention.
    """
    if absent := missing(judged, "sites", "racks", "devices"):
        return absent
    racks, devices = _of_month(judged, "racks", site_id), _of_month(judged, "devices", site_id)
    strangers = _strangers(judged, site_id)
    if not racks and not devices and not strangers:
        return NotChecked(f"the site has no snapshot of racks or devices for {judged.month}", f"{judged.month} 没有机架、设备快照")
    return [*strangers, *_homeless(judged, site_id, racks, devices), *_lost_rooms(judged, site_id, racks)]


def _of_month(judged: Judged, feed: str, site_id: str, age: int = 0) -> list[Row]:
    return [row for row in judged.of_site(feed, site_id) if row["age"] == age]


def _strangers(judged: Judged, site_id: str) -> list[Finding]:
    """Racks and devices of sites that nobody registered: they are said at every site."""
    known = {row["site_id"] for row in judged.rows("sites")}
    findings = []
    for feed, key in (("racks", "rack_id"), ("devices", "device_id")):
        rows = [row for row in judged.rows(feed) if row["site_id"] not in known and row["age"] == 0]
        for stranger, own in by_key(rows, "site_id").items():
            names = listed(sorted(str(row[key]) for row in own), 3)
            findings.append(
                Finding(
                    "BD14", site_id, judged.month, "flag", f"{feed} of {stranger}",
                    f"{several(len(own), feed[:-1])} ({names}) of site {stranger}, which 'sites' does not have: they count nowhere. "
                    "Correct site_id, or land the site.",
                    f"{feed} 中有 {len(own)} 行({names})所属站点 {stranger} 不在 sites 中,不计入任何站点。请更正 site_id 或补报该站点。",
                    seen=float(len(own)), limit=0.0, unit="rows", rows=refs(own),
                )
            )  # fmt: skip
    return findings


def _homeless(judged: Judged, site_id: str, racks: Sequence[Row], devices: Sequence[Row]) -> list[Finding]:
    """Powered devices without a rack and without a reason, and those in a rack that the snapshot does not have."""
    there = {row["rack_id"] for row in racks}
    standing = [
        row for row in devices
        if row["powered_on"] is not False and not row["no_rack_reason"]
        and not (row["retired_on"] and row["retired_on"] <= row["snapshot_on"])
    ]  # fmt: skip
    chassis = {row["device_id"] for row in devices}
    bare = [row for row in standing if not row["rack_id"] and row["parent_device_id"] not in chassis]
    lost = [row for row in standing if row["rack_id"] and racks and row["rack_id"] not in there]
    findings = []
    for subject, rows, en, zh in (
        ("no rack", bare, "without a rack", "没有机架编号"),
        ("unknown rack", lost, "in racks that the snapshot of racks does not have", "所在机架不在机架快照中"),
    ):
        if not rows:
            continue
        names = listed(sorted(str(row["device_id"]) for row in rows), 3)
        findings.append(
            Finding(
                "BD14", site_id, judged.month, "flag", subject,
                f"{several(len(rows), 'powered device')} {en} ({names}): they fill no rack, and rack utilisation is too low. Enter "
                "rack_id, or no_rack_reason for what stands elsewhere.",
                f"有 {len(rows)} 台加电设备{zh}({names}),未计入任何机架,上架率偏低。请填报 rack_id;不在机架内的,请填报 no_rack_reason。",
                quantity="inventory", seen=float(len(rows)), limit=0.0, unit="devices", rows=refs(rows),
            )
        )  # fmt: skip
    return findings


def _lost_rooms(judged: Judged, site_id: str, racks: Sequence[Row]) -> list[Finding]:
    """Rooms of the snapshot before this one that have no rack any more, although not all of their racks were retired."""
    if not racks:
        return []
    day, rooms = max(row["snapshot_on"] for row in racks), {row["room"] for row in racks}
    here = {row["rack_id"] for row in racks}
    before = [row for row in _of_month(judged, "racks", site_id, age=1) if row["room"] and row["room"] not in rooms]
    findings = []
    for room, rows in by_key(before, "room").items():
        left = [row for row in rows if row["rack_id"] not in here and not (row["retired_on"] and row["retired_on"] <= day)]
        if not left:
            continue
        once = max(row["snapshot_on"] for row in rows)
        findings.append(
            Finding(
                "BD14", site_id, judged.month, "flag", room,
                f"Room {room} had {several(len(rows), 'rack')} on {once} and has none on {day}. Land the snapshot with "
                "all rooms, or land its racks once more with their retired_on.",
                f"机房 {room} 在 {once} 有 {len(rows)} 个机架,{day} 一个也没有。请报送含全部机房的快照,或补报这些机架的 "
                "retired_on。",
                quantity="inventory", seen=float(len(left)), limit=0.0, unit="racks", rows=refs(left),
            )
        )  # fmt: skip
    return findings
