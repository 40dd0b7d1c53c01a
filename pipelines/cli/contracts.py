"""The contracts of a site in a year: from what was contracted to what counts, and the tests of direct lines. Text and JSON, no computation.

Read from ``staging/contract_balance`` and ``staging/direct_line_tests``; nothing is computed but sums over the months of a year.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
from rich.markup import escape

from assets.reports.claims_words import coming_words
from assets.reports.words import percent
from assets.staging.claim_rules import REASONS
from assets.staging.contract_chain import GAPS, STAGES
from pipelines.cli.render import _table, console
from resources.calendar import month_range
from resources.home import Home

BALANCE, TESTS = "staging/contract_balance", "staging/direct_line_tests"
KINDS = {
    "onsite_owned": "自建现场", "onsite_third_party": "第三方现场", "direct_line": "绿电直连", "green_trade": "绿电交易",
    "financial": "差价合约", "certificate_purchase": "绿证购买",
}  # fmt: skip
STAGE_ZH = {
    "contracted": "合同", "delivered": "交付", "settled": "结算", "certificated": "核发", "cancelled": "核销", "counted": "计入",
}  # fmt: skip
TEST_WORDS = {
    "self_use_of_generation": ("self-use of generation", "自发自用占发电"),
    "self_use_of_load": ("self-use of load", "自发自用占用电"),
    "export_of_generation": ("export of generation", "上网占发电"),
}
_BASIS = {"metered": "metered 计量", "derived": "generation less the line 发电减线路"}
OUTCOME_ZH = {"ok": "达标", "fails": "不达标", "unknown": "未知"}


def contract_lines(home: Home, site_id: str, year: str) -> dict[str, Any]:
    """The contracts that concern a site in a year, month by month, as one JSON object.

    ``contracts``: each with ``share`` of the site by month, ``months`` (quantities of each stage in MWh, null where unknown; ``gaps`` with
    name, Chinese name and MWh, positive: less than the stage before; ``versions`` of the statement; ``site``: what of it is the site's) and
    ``year``, the sums over months (null where one is unknown). ``direct_line``: the tests of each month, and of the year as a ratio of
    sums. ``to_come``: pending energy of the months whose claims are open, by contract and reason, with the share of the year's electricity
    that it would cover, and until when (``claims_until``); ``not_in_time``: the same of the months whose claims are complete. Empty lists
    where nothing was computed, or by a version without these tables.
    """
    balance, tests = _rows(home, BALANCE, year), _rows(home, TESTS, year)
    mine = {
        row["contract_id"] for row in balance if row["ref"] == site_id and row["item"] in ("site", "share")
    }  # fmt: skip
    contracts = []
    for contract_id in sorted(mine):
        own = [row for row in balance if row["contract_id"] == contract_id]
        months = [_month(month, [row for row in own if row["month"] == month], site_id) for month in sorted({row["month"] for row in own})]
        head = {name: own[-1][name] for name in ("contract_id", "kind", "project_code")}
        contracts.append({**head, "kind_zh": KINDS[head["kind"]], "months": months, "year": _year(months)})
    lines = [row for row in tests if row["site_id"] == site_id]
    return {"site_id": site_id, "year": year, "contracts": contracts, "direct_line": _tests(lines), **_pending(home, site_id, year)}


def _pending(home: Home, site_id: str, year: str) -> dict[str, Any]:
    rows = home.ledger.rows("result", entity_id=site_id, window="month", month=month_range(f"{year}-01", f"{year}-12"))
    results = [json.loads(row["payload"]) for row in rows]
    used = [item["denominator"] for result in results for item in result["indicators"] if item["code"] == "E1"]
    used_mwh = sum(wh for wh in used if wh is not None) / 1e6
    found: dict[str, Any] = {}
    for name, is_open in (("to_come", True), ("not_in_time", False)):
        own = [result for result in results if result["claims_open"] is is_open]
        sums: dict[tuple[str, str, str], list[float]] = {}
        for row in (row for result in own for row in result.get("claims_pending", ())):
            sums.setdefault((row["contract_id"] or "", row["reason"], row["reason_zh"]), []).append(row["mwh"])
        found[name] = [
            {
                "contract_id": contract_id or None, "reason": en, "reason_zh": zh, "mwh": _sum(parts),
                "share": _sum(parts) / used_mwh if used_mwh else None,
            }
            for (contract_id, en, zh), parts in sorted(sums.items())
        ]  # fmt: skip
        if is_open:
            found["claims_until"] = max((result["claims_complete_on"] for result in own if result.get("claims_complete_on")), default=None)
    return found


def _rows(home: Home, table: str, year: str) -> list[dict[str, Any]]:
    stored = [item for item in home.ledger.manifests(table_name=table) if item.month.startswith(f"{year}-")]
    frames = [home.lake.read(table, item.month, item.file_digest) for item in stored]
    return pl.concat(frames).to_dicts() if frames else []


def _mwh(wh: int | None) -> float | None:
    return None if wh is None else wh / 1e6


def gap_words(name: str) -> tuple[str, str]:
    """What a gap is, in English and Chinese."""
    return GAPS.get(name) or (name, REASONS.get(name, name))


def _gap(stage: str, name: str, mwh: float | None) -> dict[str, Any]:
    en, zh = gap_words(name)
    return {"stage": stage, "name": name, "en": en, "zh": zh, "mwh": mwh}


def _month(month: str, rows: list[dict[str, Any]], site_id: str) -> dict[str, Any]:
    totals = {row["stage"]: _mwh(row["quantity_wh"]) for row in rows if row["item"] == "total"}
    shares = [row["share_ratio"] for row in rows if (row["item"], row["ref"]) == ("share", site_id)]
    return {
        "month": month,
        "share": shares[0] if shares else None,
        "stages": {stage: totals[stage] for stage in STAGES if stage in totals},
        "gaps": [
            _gap(row["stage"], row["ref"], _mwh(row["quantity_wh"]))
            for row in rows if row["item"] == "gap"
        ],
        "versions": [
            {"version": int(row["ref"]), "settled_mwh": _mwh(row["quantity_wh"]), "entry": row["entry"], "source_row": row["source_row"]}
            for row in rows if row["item"] == "version"
        ],
        "site": {row["stage"]: _mwh(row["quantity_wh"]) for row in rows if (row["item"], row["ref"]) == ("site", site_id)},
    }  # fmt: skip


def _year(months: list[dict[str, Any]]) -> dict[str, Any]:
    stages: dict[str, float | None] = {}
    for stage in STAGES:
        known = [month["stages"][stage] for month in months if stage in month["stages"]]
        if known:
            stages[stage] = None if None in known else _sum(known)
    gaps: dict[tuple[str, str], list[float]] = {}
    for month in months:
        for gap in month["gaps"]:
            gaps.setdefault((gap["stage"], gap["name"]), []).append(gap["mwh"])
    return {
        "stages": stages,
        "gaps": [
            _gap(stage, name, _sum(parts))
            for (stage, name), parts in sorted(gaps.items(), key=lambda item: STAGES.index(item[0][0]))
        ],
        "site": {
            stage: _sum([month["site"][stage] for month in months if stage in month["site"]])
            for stage in STAGES if any(stage in month["site"] for month in months)
        },
    }  # fmt: skip


def _sum(parts: Iterable[float]) -> float:
    """A sum of MWh, exact to the Wh."""
    return sum(round(part * 1e6) for part in parts) / 1e6


def _tests(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for contract_id, test in sorted({(row["contract_id"], row["test"]) for row in rows}):
        own = sorted((row for row in rows if (row["contract_id"], row["test"]) == (contract_id, test)), key=lambda row: row["month"])
        whole = None
        if all(row["numerator_wh"] is not None and row["denominator_wh"] for row in own):
            whole = sum(row["numerator_wh"] for row in own) / sum(row["denominator_wh"] for row in own)
        months = [
            {
                "month": row["month"], "numerator_mwh": _mwh(row["numerator_wh"]), "denominator_mwh": _mwh(row["denominator_wh"]),
                **{name: row[name] for name in ("share", "limit", "outcome", "basis", "source")},
            }
            for row in own
        ]  # fmt: skip
        en, zh = TEST_WORDS[test]
        found.append(
            {"contract_id": contract_id, "test": test, "en": en, "zh": zh, "at": own[-1]["at"], "months": months, "year_share": whole}
        )
    return found


def print_contracts(found: Mapping[str, Any]) -> None:
    """``contract_lines`` as tables, for ``gci certificates``."""
    out = console()
    if not found["contracts"]:
        out.print(f"No contract concerns {found['site_id']} in {found['year']}. {found['year']} 年无相关合同。")
    else:
        out.print("\n[bold]Contracts, from promise to claim 合同电量逐级核对[/] MWh, all sites of the contract 按合同全部站点")
    for contract in found["contracts"]:
        shares = sorted({month["share"] for month in contract["months"] if month["share"] is not None})
        share = f" · share 分摊 {', '.join(f'{100 * one:g} %' for one in shares)}" if shares else ""
        out.print(
            f"[bold]{escape(contract['contract_id'])}[/] {contract['kind']} {contract['kind_zh']} · "
            f"{escape(contract['project_code'] or '–')}{share}"
        )
        stages = [stage for stage in STAGES if stage in contract["year"]["stages"]]
        table = _table(
            "Month\n月份", *(f">{stage}\n{STAGE_ZH[stage]}" for stage in stages), ">this site\n本站点",
            "Between the stages, MWh (− less, + more)\n各环节差额,MWh(− 减少,+ 增加)",
        )  # fmt: skip
        for month in contract["months"]:
            table.add_row(month["month"], *_cells(month, stages), _gaps_text(month))
        table.add_row(f"[bold]{found['year']}[/]", *_cells(contract["year"], stages), _gaps_text(contract["year"]))
        out.print(table)
        for month in contract["months"]:
            if len(month["versions"]) > 1:
                *before, last = month["versions"]
                was = ", ".join(f"v{one['version']} {_text(one['settled_mwh'])}" for one in before)
                out.print(f"  {month['month']}: {was} → v{last['version']} {_text(last['settled_mwh'])} MWh holds 以最后版本为准")
    for said in coming_words(found):
        out.print("\n".join(escape(text) for text in said))
    _print_tests(found)


def _print_tests(found: Mapping[str, Any]) -> None:
    """The tests of direct lines, month by month."""
    if not found["direct_line"]:
        return
    out = console()
    out.print("[bold]Tests of direct lines 绿电直连判定[/] (reported, not scored 仅报告,不计分)")
    table = _table(
        "Contract\n合同", "Test\n判定", "Month\n月份", ">Share\n比值", ">Limit\n限值", "Outcome\n结果", ">MWh / MWh", "Known by\n依据",
    )  # fmt: skip
    for test in found["direct_line"]:
        sign = "≥" if test["at"] == "least" else "≤"
        for month in test["months"]:
            style = {"ok": "green", "fails": "red", "unknown": "yellow"}[month["outcome"]]
            table.add_row(
                escape(test["contract_id"]), f"{test['en']} {test['zh']}", month["month"], percent(month["share"]),
                "none yet 尚无" if month["limit"] is None else f"{sign} {100 * month['limit']:g} %",
                f"[{style}]{month['outcome']} {OUTCOME_ZH[month['outcome']]}[/]",
                f"{_text(month['numerator_mwh'])} / {_text(month['denominator_mwh'])}", _BASIS[month["basis"]],
            )  # fmt: skip
        table.add_row("", "", f"[bold]{found['year']}[/]", percent(test["year_share"]), "", "", "", "")
    out.print(table)


def _cells(row: Mapping[str, Any], stages: Iterable[str]) -> list[str]:
    site = " · ".join(f"{STAGE_ZH[stage]} {_text(part)}" for stage, part in row["site"].items())
    return [*(_text(row["stages"][stage]) if stage in row["stages"] else "–" for stage in stages), site or "–"]


def _gaps_text(row: Mapping[str, Any]) -> str:
    return "\n".join(
        _gap_text(gap) for gap in row["gaps"]
    ) or "–"  # fmt: skip


def _gap_text(gap: Mapping[str, Any]) -> str:
    sign = "−" if gap["mwh"] > 0 else "+"
    return f"{gap['stage']} {sign}{_text(abs(gap['mwh']))} {gap['en']} {gap['zh']}"


def _text(mwh: float | None) -> str:
    return "?" if mwh is None else f"{mwh:,.6f}".rstrip("0").rstrip(".")
