"""Rules of the boundary (边界) about the supply side: its supplies, sources and generators (BD03), export and generation (BD11).

Put here what must be metered for E_DC to be whole. What the other sides must state is ``sides``.
"""

from __future__ import annotations

from checks.findings import Finding, Judged, NotChecked, Severity
from checks.rules.sides import counts_in_force
from checks.rules.timeliness import silent_root
from checks.rules.view import (
    Row,
    amount,
    declared_none,
    kwh,
    listed,
    meters_of,
    missing,
    outside_operation,
    percent,
    several,
    share_rule,
    shares_of,
    site_row,
    spread,
)
from resources.calendar import month_first_day, month_last_day

_FUELS = ("diesel", "natural_gas")


def supply_closed(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """E_DC is as whole as its supplies: a grid meter for each supply point on every day, sources metered, generators metered or fuel known.

    理由:供电侧须闭合:每日电网计量点数不少于供电电源数(校核表、软件估算除外),站内电源与绿电直连线路均已计量,备用发电机已计量或已报燃料。

    Source: checks.md BD03; metering.md §5 (E_DC).
    """
    if absent := missing(judged, "sites", "meters", "counted"):
        return absent
    if absent := outside_operation(judged, site_id):
        return absent
    site = site_row(judged, site_id)
    meters = _measured(judged, site_id)
    findings = [*_grid(judged, site, meters), *_sources(judged, site, meters), *_direct_lines(judged, site, meters)]
    return findings + _backup(judged, site_id, site, meters)


def _measured(judged: Judged, site_id: str) -> list[Row]:
    """Electricity meters that can count: no check meters, no power estimated by software."""
    return [
        row
        for row in meters_of(judged, site_id)
        if row["medium"] == "electricity" and not row["check_meter_of"] and row["kind"] != "software"
    ]


def _at(meters: list[Row], point: str) -> list[Row]:
    return [row for row in meters if row["point"] == point]


def _grid(judged: Judged, site: Row, meters: list[Row]) -> list[Finding]:
    stated = site.get("supply_points")
    wanted = 1 if stated is None else int(stated)
    counts = counts_in_force(judged, site, _at(meters, "grid_supply"))
    low_day = min(counts, key=lambda text: counts[text])
    low, high = counts[low_day], max(counts.values())
    if low < wanted:
        return [
            Finding(
                "BD03", site["site_id"], judged.month, "withhold", "grid_supply",
                f"Metered grid supplies on {low_day}: {low} of {wanted}. E_DC is withheld. Register the missing meter at grid_supply, "
                "or correct supply_points in 'sites' (0 where only a direct line supplies the site).",
                f"{low_day} 已计量的电网进线为 {low} 路,应为 {wanted} 路:E_DC 暂缓发布。请登记缺少的 grid_supply 计量点,或更正 sites 的 "
                "supply_points(仅由直连线路供电的填 0)。",
                quantity="E_DC", seen=float(low), limit=float(wanted), unit="supplies",
            )
        ]  # fmt: skip
    if high > wanted:
        return [
            Finding(
                "BD03", site["site_id"], judged.month, "flag", "grid_supply",
                f"Metered grid supplies: {high}; 'sites' states {wanted} (1 when left blank). Correct supply_points, "
                "or mark a meter that repeats another with check_meter_of.",
                f"已计量的电网进线为 {high} 路,sites 为 {wanted} 路(空白按 1 路)。请更正 supply_points,或以 check_meter_of 标明校核表。",
                quantity="E_DC", seen=float(high), limit=float(wanted), unit="supplies",
            )
        ]  # fmt: skip
    return []


def _sources(judged: Judged, site: Row, meters: list[Row]) -> list[Finding]:
    stated, site_id = site.get("onsite_sources"), site["site_id"]
    generation = _at(meters, "onsite_generation")
    if stated is None:
        if generation or declared_none(judged, site_id, "onsite_generation"):
            return []
        return [
            Finding(
                "BD03", site_id, judged.month, "flag", "onsite_generation",
                "'sites' does not say how many on-site sources there are, and none is metered: what they generate would be missing from "
                "E_DC. Enter onsite_sources (0 is a statement), or declare onsite_generation to be none in 'declarations'.",
                "sites 未填站内电源数,也没有站内发电计量点:如有站内发电,E_DC 将缺少该部分。请填报 onsite_sources(可为 0),"
                "或在 declarations 申报 onsite_generation 为无。",
                quantity="E_DC", seen=None, limit=None, unit="sources",
            )
        ]  # fmt: skip
    wanted = int(stated)
    counts = counts_in_force(judged, site, generation)
    low_day = min(counts, key=lambda text: counts[text])
    if (low := counts[low_day]) >= wanted:
        return []
    return [
        Finding(
            "BD03", site_id, judged.month, "withhold", "onsite_generation",
            f"Metered on-site sources on {low_day}: {low} of {wanted}. E_DC is withheld. Register the missing meter at "
            "onsite_generation, or correct onsite_sources in 'sites'.",
            f"{low_day} 已计量的站内电源为 {low} 个,应为 {wanted} 个:E_DC 暂缓发布。请登记缺少的 onsite_generation 计量点,或更正 "
            "sites 的 onsite_sources。",
            quantity="E_DC", seen=float(low), limit=float(wanted), unit="sources",
        )
    ]  # fmt: skip


def _direct_lines(judged: Judged, site: Row, meters: list[Row]) -> list[Finding]:
    """A contract for a direct line delivers energy past the grid meters: without a meter of its own it is missing from E_DC."""
    if "ppa_contracts" not in judged.tables or "ppa_site_shares" not in judged.tables:
        return []
    first, last = month_first_day(judged.month).isoformat(), month_last_day(judged.month).isoformat()
    mine = {
        row["contract_id"]
        for row in judged.of_site("ppa_site_shares", site["site_id"])
        if row["share_ratio"] and (row["valid_from"] or "") <= last and (row["valid_to"] or "9999") >= first
    }
    lines = sorted(
        row["contract_id"]
        for row in judged.rows("ppa_contracts")
        if row["kind"] == "direct_line" and row["contract_id"] in mine and row["start_on"] <= last and row["end_on"] >= first
    )
    if not lines or _at(meters, "direct_line"):
        return []
    return [
        Finding(
            "BD03", site["site_id"], judged.month, "withhold", "direct_line",
            f"Contract {listed(lines)} supplies the site over a direct line in {judged.month}, and no meter measures one: E_DC is "
            "withheld. Register its meter at direct_line, or correct the contract or its shares.",
            f"合同 {listed(lines)} 在 {judged.month} 经直连线路供电,但没有 direct_line 计量点:E_DC 暂缓发布。请登记其计量点,或更正合同"
            "或分摊比例。",
            quantity="E_DC", seen=0.0, limit=float(len(lines)), unit="lines",
        )
    ]  # fmt: skip


def _backup(judged: Judged, site_id: str, site: Row, meters: list[Row]) -> list[Finding]:
    generators = int(site.get("backup_generators") or 0)
    registered_meters = sorted({row["meter_id"] for row in meters if row["point"] == "backup_generation"})
    facts = {row["meter_id"]: row for row in judged.of_site("meter_facts", site_id)} if "meter_facts" in judged.tables else {}
    metered = [meter for meter in registered_meters if meter not in facts or facts[meter]["metered_s"]]
    if not generators or metered or _fuel_reported(judged, site_id) or declared_none(judged, site_id, "backup_generation"):
        return []
    material, share = share_rule(judged, shares_of(judged, site_id, "E_DC"), registered_meters)
    severity: Severity = "withhold" if material and share is not None else "flag"  # the rule flags unless the share is known to matter
    carried = carried_zh = ""
    if share:
        text = percent(share, judged.limit("SHARE", "material"))
        carried, carried_zh = f" It last carried {text} of E_DC.", f"其最近份额为 {text}。"
    held, held_zh = (" E_DC is withheld.", "E_DC 暂缓发布。") if severity == "withhold" else ("", "")
    return [
        Finding(
            "BD03", site_id, judged.month, severity, "backup_generation",
            f"The site has {several(generators, 'backup generator')}, and {judged.month} has neither readings of backup generation nor "
            f"its fuel.{carried}{held} Meter it at backup_generation, report its fuel in 'activities' (0 is a statement), or declare it "
            "none in 'declarations'.",
            f"站点有 {generators} 台备用发电机,{judged.month} 既无其计量读数,也无燃料报送。{carried_zh}{held_zh}"
            "请在 backup_generation 计量,或在 activities 报送燃料(可为 0),或在 declarations 申报无。",
            quantity="E_DC", seen=0.0, limit=float(generators), unit="generators",
            because_of=silent_root(judged, site_id, "E_DC") if registered_meters else None,
        )
    ]  # fmt: skip


def _fuel_reported(judged: Judged, site_id: str) -> bool:
    if "activities" in judged.tables and any(
        row["activity"] in _FUELS and row["month"] == judged.month for row in judged.of_site("activities", site_id)
    ):
        return True
    if any(row["point"] == "fuel_use" for row in meters_of(judged, site_id)):
        return True
    return declared_none(judged, site_id, "fuel")


def export_apart(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """What leaves the site is not used there: export has its own meter, and generation is metered gross, before anything is taken off.

    理由:送出的电量不属于本站用电:上网电量须单独计量(或申报无),站内发电须按毛电量计量,否则 E_DC 与自发自用电量均不可信。

    Source: checks.md BD11; metering.md §5 (E_DC = … + generation − export); green-power.md §5 (self-used = generation − export).
    """
    if absent := missing(judged, "sites", "meters", "counted", "energies", "declarations"):
        return absent
    meters = _measured(judged, site_id)
    generation = sorted({row["meter_id"] for row in _at(meters, "onsite_generation")})
    if not generation and declared_none(judged, site_id, "onsite_generation"):
        return []
    if not generation:
        return NotChecked(f"no meter of on-site generation is in force in {judged.month}", f"{judged.month} 没有站内发电计量点")
    findings: list[Finding] = []
    if not _at(meters, "export") and not declared_none(judged, site_id, "export"):
        finding = Finding(
            "BD11", site_id, judged.month, "withhold", "export",
            f"The site generates ({listed(generation)}), and nothing is said of what it exports: E_DC and claims are withheld. Meter it "
            "at point export, or declare export to be none in 'declarations'.",
            f"站点有站内发电({listed(generation)}),但未说明上网电量:E_DC、claims 暂缓发布。请以 export 单独计量,或在 declarations "
            "申报 export 为无。",
            seen=0.0, limit=1.0, unit="meters",
        )  # fmt: skip
        findings += spread(finding, ["E_DC", "claims"])
    findings += _net_meters(judged, site_id, generation)
    return findings + _exports_more(judged, site_id)


def _net_meters(judged: Judged, site_id: str, generation: list[str]) -> list[Finding]:
    """Generation meters computed by subtraction: what they subtract would be subtracted from E_DC once more."""
    if "parts_less" not in judged.tables:
        return []
    findings: list[Finding] = []
    for row in judged.of_site("parts_less", site_id):
        if row["meter_id"] not in generation:
            continue
        finding = Finding(
            "BD11", site_id, judged.month, "withhold", row["meter_id"],
            f"Generation meter {row['meter_id']} is computed with {row['member']} taken off: it is not gross, and E_DC and claims are "
            "withheld. Meter generation before export and own use, and remove the subtracted member from 'meter_parts'.",
            f"发电计量点 {row['meter_id']} 由扣除 {row['member']} 后计算,并非毛发电量:E_DC、claims 暂缓发布。请在上网与自用之前计量发电,"
            "并在 meter_parts 中删除被扣减的成员。",
            seen=1.0, limit=0.0, unit="members",
        )  # fmt: skip
        findings += [one for one in spread(finding, ["E_DC", "claims"]) if one.id not in {f.id for f in findings}]
    return findings


def _exports_more(judged: Judged, site_id: str) -> list[Finding]:
    """More export than everything that can be exported: generation, storage and the direct line together."""
    totals = {row["measure"]: row["quantity"] for row in judged.of_site("energies", site_id) if not row["meter_id"]}
    sources = ("onsite_generation", "backup_generation", "storage_discharge", "direct_line")
    parts = [totals.get(f"point:{point}", 0) for point in sources]
    export = totals.get("point:export")
    if export is None or any(part is None for part in parts):
        return []
    most, limit = sum(parts), judged.limit("BD11", "export_above")
    if export <= most * (1 + limit):
        return []
    finding = Finding(
        "BD11", site_id, judged.month, "withhold", "gross",
        f"The site exports {amount(export)} in {judged.month} and generates {amount(most)}: generation is not metered "
        "gross, or export counts something else. E_DC and claims are withheld. Meter generation before export, or correct the export "
        "meter.",
        f"{judged.month} 上网 {amount(export)},而发电仅 {amount(most)}:发电未按毛电量计量,或上网表计入了其他电量。"
        "E_DC、claims 暂缓发布。请在上网之前计量发电,或更正上网表。",
        seen=kwh(export), limit=kwh(most), unit="kWh",
    )  # fmt: skip
    return spread(finding, ["E_DC", "claims"])
