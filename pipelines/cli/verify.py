"""``gci verify``: prints what differs from what the log says, from a recomputation, and from what a witness kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from pipelines.cli import lookup
from pipelines.cli.options import format_option, home_option, open_home, print_json
from pipelines.cli.writing import progress_lines
from pipelines.problems import Problem
from pipelines.recompute import Recomputed
from resources.calendar import check_month
from resources.errors import UsageError
from resources.home import Home
from resources.revisions import closed_of


@click.command()
@click.argument("month", required=False)
@click.option("--recompute", "again", is_flag=True, help="Compute the final revisions again from the files and compare bit for bit.")
@click.option("--revision", type=click.IntRange(1), metavar="N", help="With --recompute: this revision; default: the newest.")
@click.option("--engine", type=click.Choice(["polars", "spark"]), help="With --recompute: another engine than the home's.")
@click.option(
    "--head", "heads", multiple=True, metavar="DIGEST|FILE",
    help="A head digest that somebody else kept (sha256:…, N:sha256:…), or an evidence pack: names the first entry that differs.",
)  # fmt: skip
@home_option
@format_option
def verify(
    month: str | None, again: bool, revision: int | None, engine: str | None, heads: tuple[str, ...], root: str, output: str
) -> int:  # fmt: skip
    """Check the chain of the log, every kept file and every digest (of MONTH; default: all). Exit 1 names what differs."""
    from pipelines.verify import verify as check_all

    home = open_home(root)
    if month is not None:
        check_month(month)
    if not again and (revision is not None or engine is not None):
        raise UsageError("--revision and --engine belong to --recompute.")
    kept = _kept(heads)
    with progress_lines("Verifying 校验") as progress:
        problems = check_all(home, month, progress)
    if kept:
        from pipelines.witness import head_problems

        problems += head_problems(home.ledger.entries(), kept)
    # a recomputation from files that are not what the log says would compare with nothing
    done = _recomputed(home, month, revision, engine) if again and not problems else []
    problems += [problem for item in done for problem in item.problems]
    number, head = home.ledger.head()
    if output == "json":
        rows = [{**asdict(item), "revisions": dict(item.revisions)} for item in done]
        print_json(
            {
                "valid": not problems,
                "log_number": number,
                "head_digest": head,
                "problems": [asdict(p) for p in problems],
                "recomputed": rows,
            }
        )
    else:
        _print(number, head, problems, done, again, kept)
    return 1 if problems else 0


def _kept(heads: Sequence[str]) -> dict[str, int | None]:
    if not heads:
        return {}
    from pipelines.witness import witnessed

    return witnessed(heads)


def _recomputed(home: Home, month: str | None, revision: int | None, engine: str | None) -> list[Recomputed]:
    from pipelines.recompute import recompute

    if month is not None and not closed_of(home).of_month(month):
        lookup.check_month_of(home, month)
        raise UsageError(f"Nothing of {month} is final: there is no revision to recompute. 'gci close {month}' says what is missing.")
    with progress_lines("Recomputing 重算") as progress:
        return recompute(home, month, revision, engine, progress)


def _print(number: int, head: str, problems: list[Problem], done: list[Recomputed], again: bool, kept: dict[str, Any]) -> None:
    for item in problems:
        click.echo(f"DIFFERS 不一致  {item.where}\n  expected 应为 {item.expected}\n  seen 实为     {item.seen}")
    for row in done:
        names = ", ".join(f"{entity} revision {n}" for entity, n in row.revisions.items())
        outcome = f"{len(row.problems)} differences 有差异" if row.problems else "equal bit for bit 逐位一致"
        click.echo(f"Recomputed 重算 {row.month} at entry {row.as_of} ({names}): {row.compared} tables and rows, {outcome}.")
        if row.code_differs:
            meaning = (
                "a difference may be a CODE_DEFECT, not tampering 差异可能来自程序" if row.problems else "and the figures are the same"
            )
            click.echo(f"  The program is another version than the one that computed it 程序版本不同: {meaning}.")
    if again and not done and not problems:
        click.echo("Nothing is final yet: there is no revision to recompute. 尚无最终修订。")
    if problems:
        if again and not done:
            click.echo("Not recomputed: first the log and the files must be what they were. 未重算。")
        click.echo(f"{len(problems)} difference{'s' if len(problems) > 1 else ''}. Keep the folder as it is and find out who changed it.")
    else:
        told = f", {len(kept)} head{'s' if len(kept) > 1 else ''} of a witness found in it" if kept else ""
        click.echo(f"All is as the log says 校验通过: {number} entries, head {head}{told}.")
