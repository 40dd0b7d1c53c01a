"""``gci trace``: a number back to the rows of the files, a sample of them for an auditor, or a row forward to the numbers."""

from __future__ import annotations

import click

from pipelines.cli import lookup
from pipelines.cli.options import format_option, home_option, open_home, print_json
from pipelines.cli.render import console
from pipelines.cli.tree import print_tree
from resources.errors import UsageError


@click.command()
@click.argument("site", required=False, metavar="SITE")
@click.argument("month", required=False, metavar="MONTH")
@click.argument("code", required=False, metavar="CODE")
@click.option(
    "--depth",
    type=click.Choice(["meters", "hours", "rows"]),
    default="meters",
    show_default=True,
    help="How far down every branch is shown.",
)
@click.option("--revision", type=click.IntRange(1), metavar="N", help="Of this final revision; default: the newest.")
@click.option("--sample", "size", type=int, metavar="N", help="N random rows of the readings behind the number, and what became of each.")
@click.option("--seed", default="1", show_default=True, metavar="S", help="The seed of the sample: the same seed draws the same rows.")
@click.option("--reverse", "row", metavar="FILE:ROW", help="Where a row of a landed file was used, or why not; FILE a name or SHA-256.")
@home_option
@format_option
def trace(
    site: str | None, month: str | None, code: str | None, depth: str, revision: int | None, size: int | None, seed: str, row: str | None,
    root: str, output: str,
) -> int:  # fmt: skip
    """Walk a number of a SITE or cluster and MONTH back to the rows of the files. CODE is any indicator (A1 … K1), E_DC, E_IT or water.
    Each level adds up to the one above, and the number is computed again. With --reverse all three may be left out."""
    home = open_home(root)
    if row is not None:
        if size is not None:
            raise UsageError("--reverse follows one row and --sample draws many: name one of them. --reverse 与 --sample 不能同时使用。")
        return _reverse(root, row, site, month, code, output)
    if site is None or month is None or code is None:
        raise UsageError("Name SITE, MONTH and CODE, for example 'gci trace HL01 2026-03 D1', or a row with --reverse FILE:ROW.")
    payload = lookup.result_payload(home, site, month, "ttm", revision)
    home = lookup.home_for(home, site, month, revision)  # of a final month nothing later is read
    if size is not None:
        from pipelines.cli.trace_rows import print_sample
        from pipelines.traces.sample import sample

        found = sample(home, month, code, size, seed, payload)
        print_json(found) if output == "json" else print_sample(found)
        return 0
    from pipelines.cli.trace_tree import draw
    from pipelines.traces.tree import trace as walk

    tree = walk(home, month, code, depth, payload)
    if output == "json":
        print_json(tree)
    else:
        print_tree(console(), draw(tree))
    return 0


def _reverse(root: str, row: str, site: str | None, month: str | None, code: str | None, output: str) -> int:
    from pipelines.cli.trace_rows import print_reverse
    from pipelines.traces.reverse import reverse

    home = open_home(root)
    if month is not None:
        lookup.check_month_of(home, month)
        if site is not None:
            lookup.result_payload(home, site, month, "month")  # says what is wrong with the name
    found = reverse(home, row, site, month, code)
    print_json(found) if output == "json" else print_reverse(found)
    return 0
