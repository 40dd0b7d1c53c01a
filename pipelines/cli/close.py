"""``gci close``, ``gci restate`` and ``gci sign``: what two or three people do to make a month final, change it, and vouch for it."""

from __future__ import annotations

from pathlib import Path

import click

from assets.reports.cause_words import CAUSE_WORDS
from assets.reports.words import number
from pipelines.cli import lookup
from pipelines.cli.options import format_option, home_option, open_home, print_json
from pipelines.cli.render_close import print_checklist, print_closure
from pipelines.cli.writing import compute, land_home, print_landed
from pipelines.sweep import writing
from resources.errors import GciError, UsageError
from resources.home import Home


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
    with writing(home, f"gci close {month}"):
        if submit:
            done = closing.submit(home, month, by=by, site=site)
        else:
            done = closing.approve(home, month, by=by, statement=statement, site=site)
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


@click.command()
@click.argument("month")
@click.option("--cause", metavar="CODE", help=f"One of {', '.join(CAUSE_WORDS)}.")
@click.option("--reason", metavar="TEXT", help="What happened, in a sentence.")
@click.option("--by", metavar="NAME", help="Who restates.")
@click.option("--approved-by", metavar="NAME", help="Who approves it, another person.")
@click.option("--site", metavar="SITE", help="This site alone.")
@click.option("--dry-run", is_flag=True, help="Only show the closure: which final months would get a new revision, and how they move.")
@home_option
@format_option
def restate(
    month: str, cause: str | None, reason: str | None, by: str | None, approved_by: str | None, site: str | None, dry_run: bool, root: str,
    output: str,
) -> int:  # fmt: skip
    """Make a new revision of the final MONTH and of every later final month that it moves, up to eleven months on, at once.

    New files are landed and candidates computed first; the closure is shown before anything is written.
    """
    from pipelines import restating

    home = open_home(root)
    lookup.check_month_of(home, month)
    order = None if dry_run else restating.Order.of(cause, reason, by, approved_by)
    if month not in restating.final_months(home, site):
        restating.closure(home, month, site)  # says that it is not final
    with writing(home, f"gci restate {month}"):
        landed = land_home(home)
        if output == "table":
            print_landed(landed, whole=False)
        compute(home, restating.final_months(home))
        try:
            found = restating.closure(home, month, site)
        except GciError:
            done = None if order is None else restating.repeated(home, month, order)
            if done is None:
                raise
            found = []  # written already, by a command that was stopped before it could say so
        else:
            if output == "table":
                print_closure(month, found)
            if order is None:
                if output == "json":
                    print_json({"month": month, "closure": [item.json() for item in found]})
                return 0
            done = restating.restate(home, month, found, order)
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
    words = " ".join(CAUSE_WORDS[cause or ""])
    click.echo(f"Entry {done.entry}: restated for {words}. Earlier revisions stay readable (gci show … --revision N). 已重述,旧修订保留。")
    click.echo(f"Head digest 头摘要: {head}")
    return 0


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
    with writing(home, f"gci sign {month}"):
        done = signing.sign(home, month, role=role, by=by, statement=statement, evidence=evidence, site=site)
        write_pages(home, [month])
    if output == "json":
        print_json({"month": month, "entry": done.entry, "head_digest": done.head, "signed": list(done.signed)})
        return 0
    for row in done.signed:
        names = ", ".join(f"{one} revision {number(n)}" for one, n in row["revisions"].items())
        click.echo(f"Entry {done.entry} signs {names}: head {row['head']}. 已签署。")
    return 0
