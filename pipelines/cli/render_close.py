"""What a person sees of closing: the checklist, revisions, what came late, and the closure of a restatement. Text only."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from assets.reports.words import chinese, percent, points
from pipelines.cli.render import _table, console


def print_revision(payload: dict[str, Any]) -> None:
    """Who made a result final, why, who signed it, and whether today's data say something else."""
    final = payload.get("final")
    if final is None:
        return
    out = console()
    why = f"{final['cause']}: {escape(final['reason'])}" if final["cause"] else escape(final["reason"])
    out.print(f"[bold]Revision 修订 {final['number']}[/] · entry {final['entry']} · {final['at']} · {why}")
    out.print(f"by 提交 {escape(final['by'])}, approved by 批准 {escape(final['approved_by'])}")
    for row in final["signatures"]:
        out.print(
            f"[green]signed 已签署[/] by {escape(row['by'])} ({escape(row['role'])}), entry {row['entry']}: {escape(row['statement'])}"
        )
    if not final["signatures"]:
        out.print("[yellow]not signed by a third party 未经第三方签署[/]")
    if payload.get("candidate"):
        now = payload["candidate"]
        out.print(
            f"[yellow]Data landed since give another result[/] (index {points(now['index'])}, grade {now['grade'] or '–'}; gci show "
            f"{escape(payload['entity_id'])} {payload['month']} --candidate). 之后入库的数据给出不同结果,须重述后方可更改。"
        )
    out.print(f"[dim]head of the revision 修订头摘要 {final['head_digest']}[/]")


def print_checklist(found: dict[str, Any]) -> None:
    """The checklist as a table, with who acts next."""
    out, dates = console(), found["calendar"]
    out.print(f"[bold]Close 结账 {found['month']}[/] · log entry {found['log_number']}")
    due = [f"provisional 初算 {dates['provisional']}", f"sign-off 提交 {dates['sign_off']}", f"final 定稿 {dates['final']}"]
    if dates["certificates_complete"]:
        due.append(f"certificates complete 绿证截止 {dates['certificates_complete']}")
    out.print(f"[dim]Due 期限: {' · '.join(due)} · verification 年度核查 {dates['verification']}[/]")
    table = _table(
        "Site\n站点", "State\n状态", ">Coverage\n完整率", ">Index\n指数", "Missing feeds\n缺少数据", "Withheld\n暂缓", ">Undecided\n未处理",
        ">Waivers\n豁免", ">To send\n待报送",
    )  # fmt: skip
    for row in found["sites"]:
        table.add_row(
            row["site_id"], f"{row['state']} {chinese(row['state'])}", percent(row["coverage"]), points(row["index"]),
            ", ".join(row["missing_feeds"]) or "–", "\n".join(row["withheld"]) or "–", str(len(row["undecided"])), str(row["waivers"]),
            str(len(row["to_send"])),
        )  # fmt: skip
    out.print(table)
    for row in found["sites"]:
        out.print(f"{row['site_id']}: {escape(row['who']['en'])} · {escape(row['who']['zh'])}")
        for item in row["undecided"]:
            out.print(f"  [dim]undecided 未处理: {item}[/]")


def print_closure(month: str, found: list[Any]) -> None:
    """Which final results a restatement changes."""
    out = console()
    out.print(f"[bold]Closure of {month} 影响范围[/]: final results that get a new revision 将产生新修订的最终结果")
    table = _table(
        "Month\n月份",
        "Site or cluster\n站点或集群",
        ">Revision\n修订",
        "Index\n指数",
        "Grade\n等级",
        ">Energy\n能耗",
        ">Emissions\n排放",
        "",
    )
    for item in found:
        said = item.significance
        table.add_row(
            item.month, item.entity_id, f"{item.number} → {item.number + 1}",
            f"{points(item.before['index'])} → {points(item.after['index'])}",
            f"{item.before['grade'] or '–'} → {item.after['grade'] or '–'}",
            percent(said.energy), percent(said.emissions),
            "[bold]must be restated 必须重述[/]" if said.must else "below the threshold 未达阈值",
        )  # fmt: skip
    out.print(table)
    for item in found:
        for en, zh in item.significance.reasons:
            out.print(f"{item.month} {item.entity_id}: {escape(en)} · {escape(zh)}")


def print_late(rows: list[dict[str, Any]]) -> None:
    """Files that came after a month was final, and what the candidates come to."""
    out = console()
    for row in rows:
        where = f"{row['month']} {row['site_id']}"
        for item in row.get("late", ()):
            what = f"{escape(item['file'])}, {item['rows']} rows of the month 行"
            out.print(f"{where} [yellow]late 迟到[/]: {what}, entry 条目 {item['entry']}, {item['at']}")
        if (found := row.get("candidate")) is not None:
            must = "must be restated 必须重述" if found["must_restate"] else "may wait for the true-up or the verification 可待年度核查"
            out.print(f"{where} [yellow]candidate differs 候选结果不同[/]: {must} (gci restate {row['month']} --dry-run)")
            for en, zh in found["reasons"]:
                out.print(f"  {escape(en)} · {escape(zh)}")
