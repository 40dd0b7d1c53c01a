"""Who must send what: what is missing of a month, as requests that a person can paste into a mail, in English and Chinese.

Made from the month's findings, the stretches without metering and the feeds that said nothing. Which fault is one, is decided by the rules;
here it is only put into the words of whoever has to send something. Times are local to the site.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from assets.reports.words import point_zh
from assets.staging.coverage import ABSENT, READINGS
from checks.findings import SEVERITIES
from resources.calendar import HOUR_S, month_first_day, month_last_day, zone

Row = Mapping[str, Any]

# The feed in which a fault of a rule is put right. A rule that is not named asks nobody to send anything.
_FEED_OF_RULE = {
    "BD01": "meters", "BD02": "meters", "BD03": "meters", "BD04": "sites", "BD05": "meters", "BD06": "meters", "BD07": "meters",
    "BD08": "meters", "BD09": "meter_events", "BD10": "meters", "BD11": "meters", "BD13": "ppa_site_shares", "BD14": "devices",
    "CT02": "meters", "CT08": "meter_events", "CT09": "certificates", "CT10": "certificate_events", "CT15": "evidence",
    "CT16": "activities", "CT17": "devices", "ME01": "meters", "ME02": "meters", "ME04": "meters", "ME06": "sites", "ME09": "bills",
    "TL05": "devices", "TL10": "practices",
}  # fmt: skip
_OF_A_FEED = "CT01"  # its subject is the feed
_OF_TIME = ("TL01", "BD12", "ME05")  # what they say of a side, the gaps say better
_ORDER = (*SEVERITIES, "")
_NAMED = 12  # stretches of a meter that are named one by one


def requests(
    site_id: str,
    month: str,
    time_zone: str,
    findings: Sequence[Row],
    gaps: Iterable[Row],
    reported: Iterable[Row],
    missing_feeds: Iterable[str],
) -> list[dict[str, Any]]:
    """What a site has to send, what blocks most first.

    ``findings``: of the site and month; ``gaps``: its rows of staging/gaps; ``reported``: its rows of staging/reported;
    ``missing_feeds``: of its result. Each request has site_id, feed, subject, from, to (local days or times), why (``gap``, ``finding``,
    ``absent``, ``contract``), code (of the rule), severity ('' when no rule asks for it), quantities (withheld), hours and gaps (of
    readings), point, text_en and text_zh. Readings are asked for meter by meter, with the exact stretches; not those of a meter whose
    readings were landed and refused for another reason. Where a side is withheld as a whole for lack of time, all its gaps are asked for.
    """
    roots = [f for f in findings if f["because_of"] is None]
    found = [
        *_readings(site_id, time_zone, findings, gaps),
        *(_of_finding(site_id, month, f) for f in _merged(roots) if f["code"] in (*_FEED_OF_RULE, _OF_A_FEED)),
    ]
    asked = {item["feed"] for item in found}
    found += [item for item in _absent(site_id, month, reported, missing_feeds) if item["feed"] not in asked]
    return sorted(found, key=lambda r: (_ORDER.index(r["severity"]), -len(r["quantities"]), -(r["hours"] or 0), r["feed"], r["subject"]))


def order(sites: Mapping[str, Sequence[Row]]) -> list[str]:
    """Sites with requests, the one of which most is withheld first."""

    def weight(site_id: str) -> tuple[int, int, int, str]:
        items = sites[site_id]
        return (
            -len({quantity for item in items for quantity in item["quantities"]}),
            -sum(item["severity"] == "withhold" for item in items),
            -sum(item["severity"] == "flag" for item in items),
            site_id,
        )

    return sorted((site_id for site_id, items in sites.items() if items), key=weight)


def mail(site_id: str, month: str, time_zone: str, items: Sequence[Row]) -> dict[str, Any]:
    """One paragraph for a site, ready to paste: site_id, text_en, text_zh. Meters that lack the same stretches are named together."""
    held = list(dict.fromkeys(q for item in items for q in item["quantities"]))
    needed = [item for item in items if item["severity"] or item["why"] != "gap"]
    also = [item for item in items if item not in needed]
    en, zh = f"{site_id}, {month}:", f"{site_id} {month}:"
    if needed:
        en, zh = f"{en} please send the following.", f"{zh}请补报以下数据。"
    if held:
        en += f" Until it is there, {' and '.join(held)} {'is' if len(held) == 1 else 'are'} withheld."
        zh += f"补齐之前,{'、'.join(held)} 暂缓发布。"
    texts = _together(needed)
    en += "".join(f" ({number}) {text[0]}" for number, text in enumerate(texts, 1))
    zh += "".join(f"({number}){text[1]}" for number, text in enumerate(texts, 1))
    if also:
        en += f" {'If you have them, also' if needed else 'nothing is withheld for it, but if you have them, please send'}: "
        en += " ".join(text[0] for text in _together(also))
        zh += ("如有,另请补报:" if needed else "以下缺口不影响发布,如有请补报:") + "".join(text[1] for text in _together(also))
    if any(item["gaps"] for item in items):
        en += f" Times are local ({time_zone}); files go to landing/{READINGS}/."
        zh += f"时间为当地时间({time_zone}),文件放入 landing/{READINGS}/。"
    return {"site_id": site_id, "text_en": en, "text_zh": zh}


# Readings ---------------------------------------------------------------------------------------------------------------


def _readings(site_id: str, time_zone: str, findings: Sequence[Row], gaps: Iterable[Row]) -> list[dict[str, Any]]:
    by_id = {f["id"]: f for f in findings}
    silent = [f for f in findings if f["code"] == "TL01"]
    whole = [f for f in findings if f["code"] in _OF_TIME and f["severity"] == "withhold" and f["because_of"] is None]
    refused = {f["subject"] for f in silent if f["because_of"] in by_id and by_id[f["because_of"]]["code"] != "TL01"}
    ordered = sorted(gaps, key=lambda g: (g["meter_id"], g["from_s"]))
    with_gaps = {g["meter_id"] for g in ordered}
    found = []
    for meter, rows in groupby(ordered, key=lambda g: g["meter_id"]):
        stretches = list(rows)
        side = stretches[0]["side"]
        own = [f for f in silent if f["subject"] == meter]
        own += [f for f in whole if f["subject"] not in with_gaps and f["quantity"] in side.split()]
        if meter in refused or not (own or side):
            continue
        severity = min((f["severity"] for f in own), key=_ORDER.index, default="")
        times = [(_local(g["from_s"], time_zone), _local(g["to_s"], time_zone)) for g in stretches]
        hours = sum(g["to_s"] - g["from_s"] for g in stretches) // HOUR_S
        item = {
            "site_id": site_id, "feed": READINGS, "subject": meter, "from": times[0][0], "to": times[-1][1], "severity": severity,
            "quantities": sorted({f["quantity"] for f in own if f["severity"] == "withhold" and f["quantity"]}), "hours": hours,
            "gaps": [list(pair) for pair in times], "point": stretches[0]["point"], "why": "gap",
            "code": own[0]["code"] if own else "",
        }  # fmt: skip
        en, zh = _words([item])
        found.append({**item, "text_en": en, "text_zh": zh})
    return found


def _words(items: Sequence[Row]) -> tuple[str, str]:
    """The request for the readings of meters that lack the same stretches."""
    first, names = items[0], [item["subject"] for item in items]
    pairs = [(a, b) for a, b in first["gaps"][:_NAMED]]
    more = len(first["gaps"]) - len(pairs)
    en = "; ".join(f"{a} to {b}" for a, b in pairs) + (f"; and {more} more up to {first['to']}" if more else "")
    zh = ";".join(f"{a} 至 {b}" for a, b in pairs) + (f";另 {more} 段,至 {first['to']}" if more else "")
    point = first["point"].replace("_", " ")
    each = " each" if len(names) > 1 else ""
    kind = "meter" if len(names) == 1 else "meters"
    return (
        f"Readings of {kind} {', '.join(names)} ({point}): {en} ({first['hours']:,} h{each}).",
        f"计量点 {'、'.join(names)}({point_zh(first['point'])})的读数:{zh}({'各' if each else '共'} {first['hours']:,} 小时)。",
    )


def _together(items: Sequence[Row]) -> list[tuple[str, str]]:
    """Texts in their order: meters with the same point and stretches as one, what one rule says of many as one, absent feeds as one."""
    groups: dict[Any, list[Row]] = {}
    for number, item in enumerate(items):
        gaps = tuple(map(tuple, item["gaps"]))
        keys = {"gap": (item["point"], gaps), "absent": "absent", "finding": (item["code"], item["severity"])}
        key = keys.get(item["why"], number)
        groups.setdefault(key, []).append(item)
    texts = []
    for group in groups.values():
        why, one = group[0]["why"], (group[0]["text_en"], group[0]["text_zh"])
        others = [item["subject"] for item in group[1:]]
        if others and why == "finding":
            one = (f"{one[0]} The same of: {', '.join(others)}.", f"{one[1]}同样情况:{'、'.join(others)}。")
        texts.append(_words(group) if why == "gap" else _nothing(group) if why == "absent" else one)
    return texts


def _nothing(items: Sequence[Row]) -> tuple[str, str]:
    """The request for feeds of which nothing was landed for the month."""
    month = items[0]["from"][:7]
    of = [(f"{item['feed']} ({item['subject']})", f"{item['feed']}({item['subject']})") if item["subject"] else (item["feed"],) * 2
          for item in items]  # fmt: skip
    return (
        f"Rows for {month} of {', '.join(name for name, _ in of)}: nothing was landed, and the indicators that need them are not reported.",
        f"{'、'.join(name for _, name in of)} 的 {month} 数据:尚未入库,相关指标为未报送。",
    )


def _local(at_s: int, time_zone: str) -> str:
    return datetime.fromtimestamp(at_s, UTC).astimezone(zone(time_zone)).strftime("%Y-%m-%d %H:%M")


# Findings and feeds ----------------------------------------------------------------------------------------------------------


def _merged(findings: Sequence[Row]) -> list[Row]:
    """One fault that spoils several quantities once, with all of them; the severest of each."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(findings, key=lambda f: (SEVERITIES.index(f["severity"]), f["code"], f["subject"])):
        if row["severity"] == "info":
            continue
        kept = found.setdefault((row["code"], row["subject"]), {**row, "quantities": []})
        if row["severity"] == "withhold" and row["quantity"] and row["quantity"] not in kept["quantities"]:
            kept["quantities"].append(row["quantity"])
    return list(found.values())


def _of_finding(site_id: str, month: str, finding: Row) -> dict[str, Any]:
    """What a finding asks for: its own message says what to send or correct."""
    feed: str = _FEED_OF_RULE.get(finding["code"]) or finding["subject"]
    return {
        **_request(site_id, feed, finding["subject"], month, "finding"), "code": finding["code"],
        "severity": finding["severity"], "quantities": sorted(finding["quantities"]),
        "text_en": f"{finding['code']}: {finding['message_en']}", "text_zh": f"{finding['code']}:{finding['message_zh']}",
    }  # fmt: skip


def _absent(site_id: str, month: str, reported: Iterable[Row], missing_feeds: Iterable[str]) -> list[dict[str, Any]]:
    """Feeds without which an indicator is not reported, and contracts without their settlement."""
    found = []
    for name in sorted(set(missing_feeds)):
        feed, _, what = name.partition(" (")
        item = _request(site_id, feed, what.rstrip(")"), month, "absent")
        en, zh = _nothing([item])
        found.append({**item, "text_en": en, "text_zh": zh})
    for row in reported:
        if row["feed"] == "ppa_settlements" and row["state"] == ABSENT:
            en, zh = f"The settlement of {month} of contract {row['missing']}.", f"合同 {row['missing']} 的 {month} 结算单。"
            found.append({**_request(site_id, row["feed"], row["missing"], month, "contract"), "text_en": en, "text_zh": zh})
    return found


def _request(site_id: str, feed: str, subject: str, month: str, why: str) -> dict[str, Any]:
    first, last = month_first_day(month).isoformat(), month_last_day(month).isoformat()
    return {
        "site_id": site_id, "feed": feed, "subject": subject, "from": first, "to": last, "severity": "", "quantities": [], "hours": None,
        "gaps": [], "point": "", "why": why, "code": "",
    }  # fmt: skip
