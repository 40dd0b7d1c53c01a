"""What a person sees in the terminal: results, the board, the review of a month. Text only, no computation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from assets.reports.claims_words import claims_words
from assets.reports.ratios import ratio_rows
from assets.reports.remarks import materiality_words, shares_words, waiver_words
from assets.reports.words import GRADE_ZH, chinese, english, merged, number, percent, points
from checks.rules.catalogue import RULES
from resources.home import Home

_STYLE = {"withhold": "bold red", "flag": "yellow", "info": "dim", "withheld": "bold red", "not_reported": "yellow"}
_OUTCOME = {"pass": "[green]pass 通过[/]", "fail": "[red]fail 不通过[/]", "not_checked": "[yellow]not checked 未检查[/]",
            "noted": "pass, with a note 通过,有说明", "waived": "[yellow]fail, waived 不通过,已豁免[/]"}  # fmt: skip


def console() -> Console:
    """A console that is wide enough for the tables where no terminal says how wide it is."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=160)


def _table(*headings: str) -> Table:
    """An open table; a heading that begins with ``>`` has its column aligned to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading.removeprefix(">"), justify="right" if heading.startswith(">") else "left")
    return table


def print_result(payload: dict[str, Any]) -> None:
    """``gci show`` as tables."""
    out = console()
    grade = f"index grade {payload['grade']} 指数{GRADE_ZH[payload['grade']]}" if payload["grade"] else "no grade 无等级"
    window = f"{payload['months_in_window']} of 12 months" if payload["window"] == "ttm" else "this month alone"
    out.print(
        f"[bold]{escape(payload['entity_id'])}[/] · {payload['month']} · {window} · {payload['state']} {chinese(payload['state'])}"
        f" · log entry {payload['log_number']}"
    )
    open_end = payload["index_high"] != payload["index"]
    complete = "interim 阶段值" if payload["interim"] else "nothing is missing 无缺失项"
    reach = f"to {points(payload['index_high'])} if what is missing were perfect" if open_end else complete
    out.print(f"[bold]Index 指数 {points(payload['index'])}[/] ({reach}) · [bold]{grade}[/]")
    if payload["binding_cap"]:
        out.print(f"Capped 等级上限: {escape(str(payload['binding_cap']))} (from score: {payload['grade_from_score']})")
    if payload["grade_missing"]:
        for language in ("text", "text_zh"):
            out.print(f"[yellow]{escape(payload['grade_missing'][language])}[/]")
    pillars = " · ".join(f"{english(name)} {chinese(name)} {number(value, 3)}" for name, value in payload["pillars"].items())
    out.print(f"{pillars}")
    core = f"core 基础 {number(payload['core'])} + bonus 附加 {number(payload['bonus'])}"
    out.print(f"{core} · weight coverage 权重覆盖率 {percent(payload['weight_coverage'])}\n")
    table = _table(
        "", "Indicator\n指标", ">Value\n值", "Unit\n单位", ">Score\n得分", ">Weight\n权重", "Status\n状态",
        ">Coverage\n完整率", "Quality\n质量", "Rules\n规则",
    )  # fmt: skip
    for item in payload["indicators"]:
        status = item["status"]
        value = "∞" if item.get("unbounded") else number(item["value"])
        table.add_row(
            item["code"],
            item["name"] if item["name"] == item["name_zh"] else f"{item['name']} {item['name_zh']}",
            value,
            item["unit"],
            number(item["score"], 3),
            f"{item['weight']:g}",
            f"[{_STYLE.get(status, 'none')}]{status} {chinese(status)}[/]",
            percent(item["coverage"]),
            (item["quality_tier"] or "–") + (" [yellow]provisional 暂定[/]" if item.get("provisional") else ""),
            " ".join([*item["rules_failed"], *(f"{code} waived 豁免" for code in _waived_codes(payload, item))]),
        )
    out.print(table)
    _print_ratios(out, payload)
    _print_quality(out, payload["indicators"])
    for said in claims_words(payload):
        out.print("\n".join(f"[cyan]{escape(text)}[/]" for text in said))
    print_waivers(payload.get("waivers", []))
    _print_findings(out, payload["findings"])
    out.print(f"[dim]head {payload['head_digest']}\noutput {payload['output_digest']}[/]")


def _waived_codes(payload: dict[str, Any], item: dict[str, Any]) -> list[str]:
    return sorted({row["code"] for row in payload.get("waivers", ()) if row["finding"] in item.get("waivers", ())})


def _print_ratios(out: Console, payload: dict[str, Any]) -> None:
    """The shares of renewable electricity side by side."""
    rows = ratio_rows(payload)
    if not rows:
        return
    table = _table("", "Renewable shares, side by side\n可再生能源各口径占比", ">Share\n占比", "Basis\n口径")
    for row in rows:
        en, zh = (escape(text) for text in row["note"])
        table.add_row(row["code"], " ".join(row["name"]), percent(row["value"]), f"{en}\n[dim]{zh}[/]")
    out.print(table)


def _print_quality(out: Console, indicators: list[dict[str, Any]]) -> None:
    """The shares of the quality tiers, and what the label means."""
    shares = [f"{item['code']} {words}" for item in indicators if (words := shares_words(item))]
    if shares:
        out.print(f"[dim]Quality tiers, shares of what each reads 质量等级占比: {' · '.join(shares)}[/]")
    if any(item.get("provisional") for item in indicators):
        out.print("[yellow]Provisional: D1, E1 or F1 below quality tier Q2. 暂定:D1、E1、F1 质量等级低于 Q2。[/]")


def print_waivers(waivers: list[dict[str, Any]]) -> None:
    """Who let which finding pass: never silent."""
    out = console()
    if waivers:
        out.print(f"[bold yellow]Waivers 豁免[/] ({len(waivers)})")
    for row in waivers:
        en, zh = waiver_words(row)
        state = {"waiting": " · waiting for a computation 待计算", "over": " · over 已到期"}.get(row.get("state", ""), "")
        out.print(f"  [bold]{escape(row['finding'])}[/]{state}\n  {escape(en)}\n  {escape(zh)}")


def _print_findings(out: Console, findings: list[dict[str, Any]]) -> None:
    if not findings:
        out.print("No findings. 无问题。")
        return
    findings = merged(findings)
    out.print(f"[bold]Findings 问题[/] ({len(findings)})")
    roots = [f for f in findings if f["because_of"] is None]
    followers = [f for f in findings if f["because_of"] is not None]
    for item in roots:
        _print_finding(out, item, "")
        for follower in followers:
            if follower["because_of"] == item["id"]:
                _print_finding(out, follower, "    ↳ ")
    known = {item["id"] for item in roots}
    for item in followers:
        if item["because_of"] not in known:
            _print_finding(out, item, "")


def _print_finding(out: Console, item: dict[str, Any], indent: str) -> None:
    severity = item["severity"]
    month = f"{item['month']} " if "month" in item else ""
    names = f" [dim]{' '.join(item.get('ids') or [item['id']])}[/]" if severity == "withhold" else ""
    out.print(
        f"{indent}[{_STYLE[severity]}]{severity} {chinese(severity)}[/] [bold]{item['code']}[/] {month}{escape(item['subject'])}{names}"
    )
    for text in (item.get("message_en") or item.get("message"), item["message_zh"]):
        out.print(f"{' ' * len(indent)}  {escape(str(text))}")
    for text in materiality_words(item) or ():
        out.print(f"{' ' * len(indent)}  [dim]{escape(text)}[/]")


def print_board(home: Home, rows: list[dict[str, Any]], month: str | None, waiting: list[str]) -> None:
    """``gci status`` as a table, and below it what was found, site by site."""
    out = console()
    landed = {(item.name.split("/", 1)[0], item.digest) for item in home.ledger.entries(kinds=["file"])}
    quarantined = [item for item in home.ledger.entries(kinds=["quarantine"]) if (item.name.split("/", 1)[0], item.digest) not in landed]
    if not rows:
        out.print("Nothing was computed" + (f" for {month}" if month else " yet") + f". Run 'gci run {month or 'MONTH'}'.")
    else:
        table = _table(
            "Month\n月份",
            "Site\n站点",
            "State\n状态",
            "Coverage\n完整率",
            "Findings\n问题",
            "Missing feeds\n缺少数据",
            "Blocks the close\n关账障碍",
        )
        for row in rows:
            counts = [f"[{_STYLE[s]}]{sum(f['severity'] == s for f in row['findings'])} {s}[/]" for s in ("withhold", "flag", "info")
                      if any(f["severity"] == s for f in row["findings"])]  # fmt: skip
            table.add_row(
                row["month"], row["site_id"], _state_words(row), percent(row["coverage"]), " ".join(counts) or "–",
                ", ".join(row["missing_feeds"]) or "–", ", ".join(row["blocks"]) or "–",
            )  # fmt: skip
        out.print(table)
        for (when, site), group in groupby(rows, key=lambda r: (r["month"], r["site_id"])):
            for row in group:
                for item in row["findings"]:
                    out.print(
                        f"{when} {site} [{_STYLE[item['severity']]}]{item['severity']}[/] [bold]{item['code']}[/] "
                        f"{escape(item['subject'])}: {escape(item['message'])}"
                    )
        print_waivers([waiver for row in rows for waiver in row["waivers"]])
    if waiting:
        out.print(f"Readings landed, month not computed 已入库未计算: {', '.join(waiting)}. Run 'gci backfill {waiting[0]} {waiting[-1]}'.")
    for item in quarantined:
        out.print(f"[red]quarantined[/] {escape(item.name)}: {escape(item.payload['cause_en'])}")


def _state_words(row: dict[str, Any]) -> str:
    """The state of a site-month; of a final one its revision, whether it is signed, and whether a candidate differs."""
    words = f"{row['state']} {chinese(row['state'])}"
    if row.get("revision"):
        words += f" · rev 修订 {row['revision']}" + (" · signed 已签署" if row["signed"] else "")
    return words + (" [yellow]· candidate differs 有变化[/]" if row.get("candidate") else "")


_FAMILIES = {"BD": "boundary 边界", "CT": "content 内容", "ME": "method 方法", "TL": "time 时限"}


def print_checks(site: str, month: str, verdicts: list[dict[str, Any]], findings: list[dict[str, Any]]) -> None:
    """``gci check`` as a review: what it comes to, what was found, the rules that have something to say, and those that pass."""
    out = console()
    order = {"fail": 0, "waived": 1, "not_checked": 2, "pass": 3}
    by_rule: dict[str, list[dict[str, Any]]] = {}
    for row in verdicts:
        by_rule.setdefault(row["rule"], []).append(row)
    titles = {rule.code: f"{rule.title_en}\n{rule.title_zh}" for rule in RULES}
    table = _table(
        "Rule\n规则", "What it asks\n检查内容", "Result\n结果", "Severity\n级别", "Puts in doubt\n影响",
        "Why not checked, who waived\n未检查原因、豁免",
    )  # fmt: skip
    passed: dict[str, list[str]] = {}
    for rule, rows in sorted(by_rule.items()):
        worst = min(rows, key=lambda r: order[r["outcome"]])
        if worst["outcome"] == "pass":
            passed.setdefault(rule[:2], []).append(rule)
            continue
        failed = [r["quantity"] for r in rows if r["outcome"] in ("fail", "waived") and r["quantity"]]
        outcome = "noted" if (worst["outcome"], worst["severity"]) == ("fail", "info") else worst["outcome"]
        table.add_row(
            rule, titles.get(rule, ""), _OUTCOME[outcome], worst["severity"], ", ".join(dict.fromkeys(failed)), escape(worst["reason"])
        )
    held = _quantities(row for row in verdicts if (row["outcome"], row["severity"]) == ("fail", "withhold"))
    said = f"[red]Withheld 暂缓发布: {held}.[/]" if held else "Nothing is withheld. 无暂缓发布项。"
    if waived := _quantities(row for row in verdicts if row["outcome"] == "waived"):
        said += f" [yellow]Waived 已豁免: {waived}.[/]"
    count = sum(map(len, passed.values()))
    out.print(f"[bold]{escape(site)}[/] · {month}\n{said} {count} of {len(by_rule)} rules pass. {len(by_rule)} 条规则中 {count} 条通过。\n")
    _print_findings(out, findings)
    if table.row_count:
        out.print(table)
    for family, codes in passed.items():
        out.print(f"[green]pass 通过[/] {_FAMILIES.get(family, family)}: {' '.join(codes)}")


def _quantities(rows: Iterable[dict[str, Any]]) -> str:
    """``E_IT (TL01, ME05)``: quantities in doubt, each with the rules that say so."""
    rules: dict[str, list[str]] = {}
    for row in rows:
        if row["quantity"]:
            rules.setdefault(row["quantity"], []).append(row["rule"])
    return ", ".join(f"{quantity} ({', '.join(codes)})" for quantity, codes in rules.items())


def print_repairs(repaired: list[dict[str, Any]]) -> None:
    """What was repaired in the month, meter by meter, after the rules of ``gci check``."""
    out = console()
    if not repaired:
        out.print("Nothing was repaired. 无修复。")
        return
    out.print("\n[bold]What was repaired 修复说明[/]")
    for meter_id, rows in groupby(repaired, key=lambda row: row["meter_id"]):
        out.print(f"[bold]{escape(meter_id)}[/]")
        for row in rows:
            out.print(f"  {escape(row['text_en'])}\n  [dim]{escape(row['text_zh'])}[/]")


def print_scores(payloads: Sequence[dict[str, Any]], done: Sequence[Any]) -> None:
    """What a run or backfill made: a line for each entity and month, then what was computed and skipped."""
    out = console()
    table = _table(
        "Month\n月份", "Site, cluster\n站点、集群", ">Index\n指数", "Index grade\n指数等级", ">PUE", ">Renewable\n可再生", ">CUE",
        ">Months\n月数", "Findings\n本月问题",
    )  # fmt: skip
    for payload in payloads:
        values = {item["code"]: item for item in payload["indicators"]}
        codes = sorted({f["code"] for f in payload["findings"] if f["because_of"] is None and f["severity"] != "info"})
        table.add_row(
            payload["month"], payload["entity_id"], number(payload["index"]),
            f"{payload['grade']} {GRADE_ZH[payload['grade']]}" if payload["grade"] else "– none 无",
            *(_cell(values[code]) for code in ("D1", "E1", "F1")), f"{payload['months_in_window']}/12", " ".join(codes) or "–",
        )  # fmt: skip
    out.print(table)
    for payload in payloads[-1:]:
        if payload["grade_missing"]:
            out.print(f"[yellow]{escape(payload['grade_missing']['text'])}\n{escape(payload['grade_missing']['text_zh'])}[/]")
    for payload in payloads:
        if names := sorted({f"{row['code']} {row['by']}" for row in payload.get("waivers", ())}):
            out.print(f"[yellow]{escape(payload['entity_id'])} {payload['month']} rests on waivers 含豁免: {escape(', '.join(names))}[/]")
    computed = [item for item in done if item.outcome == "computed"]
    seconds = sum(item.seconds for item in computed)
    extra = [item.month for item in computed if not item.asked]
    note = f", among them {', '.join(extra)}" if extra else ""
    out.print(f"{len(computed)} months computed in {seconds:.0f} s{note}; {len(done) - len(computed)} unchanged.")


def _cell(item: dict[str, Any]) -> str:
    return number(item["value"], 3) if item["value"] is not None else f"[{_STYLE.get(item['status'], 'dim')}]{chinese(item['status'])}[/]"
