"""Rules of content (内容) about feeds: the contract of every row, one statement for each key.

Put here what holds for the rows of any feed. What readings say is ``content``.
"""

from __future__ import annotations

from collections import Counter

from checks.findings import Finding, Judged, NotChecked
from checks.rules.view import SIDES, by_key, listed, missing, percent, refs, several, spread

# What a feed's rows serve; a feed that serves no quantity is flagged only.
FEED_QUANTITIES: dict[str, tuple[str, ...]] = {
    "sites": SIDES,
    "declarations": (),
    "meters": SIDES,
    "meter_parts": SIDES,
    "meter_readings": SIDES,
    "meter_events": SIDES,
    "bills": (),
    "racks": ("inventory",),
    "devices": ("inventory",),
    "utilisation": ("utilisation",),
    "projects": ("claims",),
    "ppa_contracts": ("claims",),
    "ppa_site_shares": ("claims",),
    "ppa_settlements": ("claims",),
    "certificates": ("claims",),
    "certificate_events": ("claims",),
    "activities": ("fuel",),
    "practices": ("practices",),
    "telemetry": (),
    "tariffs": (),
}


def contract(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """A row that breaks its contract is left out and said so; many of them put in doubt what the feed serves.

    理由:不符合数据约定(必填列、类型、取值)的行不参与计算并予以说明;占比过高时,该数据集所支撑的量不可信。

    Source: checks.md CT01 and failure policy; project convention.
    """
    if absent := missing(judged, "feeds_rejected", "feeds_counts"):
        return absent
    landed = Counter({row["feed"]: int(row["rows"]) for row in judged.of_site("feeds_counts", site_id)})
    rejected = [row for row in judged.of_site("feeds_rejected", site_id) if row["rule_code"] == "CT01"]
    nobodys = [row for row in judged.of_site("feeds_rejected", None) if row["rule_code"] == "CT01"]
    if not landed and not rejected and not nobodys:
        return NotChecked("the site has no rows in any feed", "该站点在任何数据集中均无数据")
    findings = []
    for feed, rows in by_key(rejected, "feed").items():
        count = len({(row["entry"], row["source_row"]) for row in rows})
        said = (f"{row['column']} = {row['seen']!r}: {row['reason_en']}" for row in rows)
        said_zh = (f"{row['column']} = {row['seen']!r}:{row['reason_zh']}" for row in rows)
        findings += _breaches(judged, site_id, feed, count, max(landed[feed], count), refs(rows), listed(said, 3), listed(said_zh, 3))
    for feed, rows in by_key(nobodys, "feed").items():
        count = len({(row["entry"], row["source_row"]) for row in rows})
        first = rows[0]
        findings.append(
            Finding(
                "CT01", site_id, judged.month, "flag", f"{feed} (no site)",
                f"{several(count, 'row')} of '{feed}' without a known site {'breaks' if count == 1 else 'break'} the contract and "
                f"{'is' if count == 1 else 'are'} left out: {first['column']} = {first['seen']!r}: {first['reason_en']}. Land a corrected "
                "file.",
                f"{feed} 中有 {count} 行未指明已知站点且不符合数据约定,未参与计算:{first['column']} = {first['seen']!r}:"
                f"{first['reason_zh']}。请更正后重新报送。",
                seen=float(count), limit=0.0, unit="rows", rows=refs(rows),
            )
        )  # fmt: skip
    return findings


def readings_contract(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """The contract of meter readings: text in a number column and the like; not blanks, nor readings of unregistered or refused meters.

    理由:读数的数据约定:数值列出现文本等。空值、未登记计量点的读数(BD01)与无法计量的计量点的读数(CT02)不在此计。

    Source: checks.md CT01 and failure policy; project convention.
    """
    if absent := missing(judged, "rejected_counts", "rejected_rows", "meter_facts", "anomalies"):
        return absent
    facts = judged.of_site("meter_facts", site_id)
    # Of a meter that CT01 refuses all month long no row is used, and each is rejected with that code: CT02 tells of the meter.
    refused = {row["meter_id"] for row in judged.of_site("anomalies", site_id) if (row["code"], row["what"]) == ("CT01", "refused")}
    theirs = sum(int(row["n_landed"]) for row in facts if row["meter_id"] in refused and row["n_landed"] == row["n_rejected"])
    landed = sum(int(row["n_landed"]) for row in facts) - theirs
    count = sum(int(row["rows"]) for row in judged.of_site("rejected_counts", site_id) if row["rule_code"] == "CT01") - theirs
    if not landed and not count:
        return NotChecked(
            f"no reading of a meter that can be counted was landed for {judged.month}", f"{judged.month} 没有可计量的入库读数"
        )
    if not count:
        return []
    rows = [r for r in judged.of_site("rejected_rows", site_id) if r["rule_code"] == "CT01" and r["meter_id"] not in refused]
    said = listed((f"{row['meter_id']} shows {row['raw_value'] or 'no text'!r}: {row['reason'].rstrip('.')}" for row in rows), 3)
    said_zh = listed((f"{row['meter_id']} 为 {row['raw_value'] or '空'!r}" for row in rows), 3)
    return _breaches(judged, site_id, "meter_readings", count, max(landed, count), refs(rows), said, said_zh)


def _breaches(
    judged: Judged, site_id: str, feed: str, count: int, landed: int, rows: tuple[tuple[int, int], ...], said_en: str, said_zh: str
) -> list[Finding]:
    limit, quantities = judged.limit("CT01", "withhold_above"), FEED_QUANTITIES[feed]
    share = count / landed
    withheld = bool(quantities) and share > limit
    held, held_zh = (f" {', '.join(quantities)} withheld.", f"{'、'.join(quantities)} 暂缓发布。") if withheld else ("", "")
    finding = Finding(
        "CT01", site_id, judged.month, "withhold" if withheld else "flag", feed,
        f"{count:,} of {several(landed, 'row')} of '{feed}' {'breaks' if count == 1 else 'break'} the contract and "
        f"{'is' if count == 1 else 'are'} left out ({percent(share, limit)}, limit {percent(limit, limit)}).{held} {said_en}. Land a "
        "corrected file.",
        f"{feed} 的 {landed} 行中有 {count} 行({percent(share, limit)},限值 {percent(limit, limit)})不符合数据约定,未参与计算。"
        f"{held_zh}{said_zh}。请更正后重新报送。",
        seen=share, limit=limit, unit="1", rows=rows,
    )  # fmt: skip
    # A flag stands beside what the feed serves when that is one quantity; only a withheld fault is spread over several.
    return spread(finding, quantities) if withheld else spread(finding, quantities if len(quantities) == 1 else ("",))


def keys_unique(judged: Judged, site_id: str) -> list[Finding] | NotChecked:
    """One key, one statement: a file that says two things under one key leaves open which is meant; the last row was taken.

    理由:同一文件内同一主键出现不同内容,无法判断以何为准;已取最后一行并予以提示。

    Source: checks.md CT03; interfaces.md §2 (the later landed one wins).
    """
    if absent := missing(judged, "feeds_conflicts", "feeds_counts"):
        return absent
    rows = judged.of_site("feeds_conflicts", site_id) + judged.of_site("feeds_conflicts", None)
    if not rows and not judged.of_site("feeds_counts", site_id):
        return NotChecked("the site has no rows in any feed", "该站点在任何数据集中均无数据")
    findings = []
    for feed, group in by_key(rows, "feed").items():
        keys = sorted({str(row["key"]) for row in group})
        quantities = FEED_QUANTITIES[feed]
        sole = next(iter(quantities)) if len(quantities) == 1 else ""
        findings.append(
            Finding(
                "CT03", site_id, judged.month, "flag", feed,
                f"{several(len(keys), 'key')} of '{feed}' with different values in one file; the last row was taken: {listed(keys, 3)}. "
                "Land a corrected file with one row for each key.",
                f"{feed} 有 {len(keys)} 个主键在同一文件中重复且内容不同,已取最后一行:{listed(keys, 3)}。请重新报送每个主键仅一行的文件。",
                quantity=sole, seen=float(len(keys)), limit=0.0, unit="keys", rows=refs(group),
            )
        )  # fmt: skip
    return findings
