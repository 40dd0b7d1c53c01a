"""``gci close``, ``gci restate`` and ``gci sign``: what two or three people do to make a month final, change it, and vouch for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from assets.reports.words import chinese, number, percent, points
from pipelines.cli import lookup
from pipelines.cli.options import format_option, home_option, open_home, print_json
from pipelines.cli.render import _table, console
from pipelines.cli.writing import compute, land_home, print_landed
from resources.errors import UsageError
from resources.home import Home

# In both languages: what `gci restate --cause` and `gci diff` name.
CAUSE_WORDS = {
    "LATE_DATA": ("late data", "迟到数据"), "CORRECTED_READING": ("corrected readings", "更正读数"),
    "METER_EVENT": ("meter events", "电表事件"), "BOUNDARY": ("boundary", "边界"), "FACTOR": ("factors", "因子"), "METHOD": ("method", "方法"),
    "CERTIFICATE": ("certificates and contracts", "绿证与合同"), "CODE_DEFECT": ("code", "程序"),
}  # fmt: skip


@click.command()
@click.argument("month")
@click.option("--site", metavar="SITE", help="This site alone; default: every site of the month that is not final yet.")
@click.option("--submit", is_flag=True, help="The maker: submit what was computed.")
@click.option("--approve", is_flag=True, help="The checker, another person: make what was submitted final.")
@click.option("--by", metavar="NAME", help="With --submit or --approve: who does it.")
@click.option("--statement", metavar="TEXT", help="With --approve: what the checker vouches for.")
@home_option
@format_option
def close(month: str, site: str | None, submit: bool, approve: bool, by: str | None, statement: str | None, root: str, output: str) -> int:
    """The checklist of MONTH; with --submit and then --approve by another person, the month is final as revision 1.

    A final month is never overwritten: 'gci run' computes a candidate beside it, 'gci restate' makes a new revision.
    """
    from pipelines import closing

    home = open_home(root)
    lookup.check_month_of(home, month)
    if submit and approve:
        raise UsageError("--submit and --approve are two acts of two people: run them one after the other. 提交与批准须分别进行。")
    if not (submit or approve):
        if given := [option for option, value in (("--by", by), ("--statement", statement)) if value is not None]:
            raise UsageError(f"{', '.join(given)} needs --submit or --approve.")
        found = closing.checklist(home, month, site)
        if output == "json":
            print_json(found)
        else:
            print_checklist(found)
        return 0
    if submit and statement is not None:
        raise UsageError("--statement belongs to --approve.")
    done = closing.submit(home, month, by=by, site=site) if submit else closing.approve(home, month, by=by, statement=statement, site=site)
    if approve:
        write_pages(home, [month])
    head = home.ledger.head(done.entry)[1]
    if output == "json":
        print_json(
            {"month": month, "entry": done.entry, "head_digest": head, "state": "submitted" if submit else "final",
             "revisions": dict(done.revisions), "document": done.document, "left": list(done.left)}
        )  # fmt: skip
        return 0
    names = ", ".join(done.revisions)
    if submit:
        click.echo(f"Entry {done.entry}: {names} {month} is submitted. 已提交。")
        click.echo(f"Another person approves it 由他人批准: gci close {month} --approve --by NAME --statement TEXT")
    else:
        click.echo(f"Entry {done.entry}: {names} {month} is final, revision 1. 已成为最终结果(修订 1)。")
        for words in done.left:
            click.echo(f"Not final 尚未完成: {words}")
        click.echo(f"Head digest, to be kept by a witness 头摘要,请交由第三方留存: {head}")
    return 0


def write_pages(home: Home, months: list[str]) -> None:
    """Write the report pages of some months again: they say which revision is final."""
    from assets.reports.site import write_site

    write_site(home, months)


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


@click.command()
@click.argument("month")
@click.option("--cause", required=True, metavar="CODE", help=f"One of {', '.join(CAUSE_WORDS)}.")
@click.option("--reason", metavar="TEXT", help="What happened, in a sentence.")
@click.option("--by", metavar="NAME", help="Who restates.")
@click.option("--approved-by", metavar="NAME", help="Who approves it, another person.")
@click.option("--site", metavar="SITE", help="This site alone.")
@click.option("--dry-run", is_flag=True, help="Only show the closure: which final months would get a new revision, and how they move.")
@home_option
@format_option
def restate(
    month: str, cause: str, reason: str | None, by: str | None, approved_by: str | None, site: str | None, dry_run: bool, root: str,
    output: str,
) -> int:  # fmt: skip
    """Make a new revision of the final MONTH and of every later final month that it moves, up to eleven months on, at once.

    New files are landed and candidates computed first; the closure is shown before anything is written.
    """
    from pipelines import restating

    home = open_home(root)
    lookup.check_month_of(home, month)
    if cause not in restating.CAUSES:
        raise UsageError(f"'{cause}' is no cause. Known: {', '.join(restating.CAUSES)}.")
    if month not in restating.final_months(home, site):
        restating.closure(home, month, site)  # says that it is not final
    landed = land_home(home)
    if output == "table":
        print_landed(landed, whole=False)
    compute(home, restating.final_months(home))
    found = restating.closure(home, month, site)
    if output == "table":
        print_closure(month, found)
    if dry_run:
        if output == "json":
            print_json({"month": month, "closure": [item.json() for item in found]})
        return 0
    done = restating.restate(home, month, found, cause=cause, reason=reason, by=by, approved_by=approved_by)
    write_pages(home, sorted(done.revisions))
    head = home.ledger.head(done.entry)[1]
    if output == "json":
        print_json(
            {"month": month, "entry": done.entry, "head_digest": head, "cause": cause, "closure": [item.json() for item in found],
             "revisions": done.revisions}
        )  # fmt: skip
        return 0
    for when, revisions in done.revisions.items():
        click.echo(f"{when}: {', '.join(f'{one} revision {n}' for one, n in revisions.items())}")
    words = " ".join(CAUSE_WORDS[cause])
    click.echo(f"Entry {done.entry}: restated for {words}. Earlier revisions stay readable (gci show … --revision N). 已重述,旧修订保留。")
    click.echo(f"Head digest 头摘要: {head}")
    return 0


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


@click.command()
@click.argument("month")
@click.option(
    "--role", default="verifier", show_default=True, metavar="ROLE", help="verifier: a third-party verification body (第三方验证机构)."
)
@click.option("--by", metavar="NAME", help="Who signs: neither maker nor checker.")
@click.option("--statement", metavar="TEXT", help="What is vouched for.")
@click.option("--evidence", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="A statement that is kept.")
@click.option("--site", metavar="ENTITY", help="This site or cluster alone.")
@home_option
@format_option
def sign(
    month: str, role: str, by: str | None, statement: str | None, evidence: Path | None, site: str | None, root: str, output: str
) -> int:  # fmt: skip
    """Bind a third party to the head digest of the newest revisions of MONTH: an entry of the log with statement and evidence."""
    from pipelines import signing

    home = open_home(root)
    lookup.check_month_of(home, month)
    done = signing.sign(home, month, role=role, by=by, statement=statement, evidence=evidence, site=site)
    write_pages(home, [month])
    if output == "json":
        print_json({"month": month, "entry": done.entry, "head_digest": done.head, "signed": list(done.signed)})
        return 0
    for row in done.signed:
        names = ", ".join(f"{one} revision {number(n)}" for one, n in row["revisions"].items())
        click.echo(f"Entry {done.entry} signs {names}: head {row['head']}. 已签署。")
    return 0
