"""``gci verify``: prints what differs from what the log says."""

from __future__ import annotations

from dataclasses import asdict

import click

from pipelines.cli.options import format_option, home_option, open_home, print_json
from pipelines.cli.writing import progress_lines
from resources.calendar import check_month


@click.command()
@click.argument("month", required=False)
@home_option
@format_option
def verify(month: str | None, root: str, output: str) -> int:
    """Check the chain of the log, every kept file and every digest (of MONTH; default: all). Exit 1 names what differs."""
    from pipelines.verify import verify as check_all

    home = open_home(root)
    if month is not None:
        check_month(month)
    with progress_lines("Verifying 校验") as progress:
        problems = check_all(home, month, progress)
    number, head = home.ledger.head()
    if output == "json":
        print_json({"valid": not problems, "log_number": number, "head_digest": head, "problems": [asdict(p) for p in problems]})
    elif problems:
        for item in problems:
            click.echo(f"DIFFERS 不一致  {item.where}\n  expected 应为 {item.expected}\n  seen 实为     {item.seen}")
        click.echo(f"{len(problems)} difference{'s' if len(problems) > 1 else ''}. Keep the folder as it is and find out who changed it.")
    else:
        click.echo(f"All is as the log says 校验通过: {number} entries, head {head}.")
    return 1 if problems else 0
