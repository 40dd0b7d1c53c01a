"""A healthy fleet is quiet: simulate one, compute its months with the product, and say what the rules found.

``python -m benchmarks.healthy`` runs 20 sites with 200 meters over a year; ``--sites 3 --months 2`` a small one. What it found is in
docs/quality.md. The fleet is ``healthy_fleet``; nothing is judged here but by the product's own rules.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.raw.landing import land
from benchmarks.healthy_fleet import Written, write_fleet
from benchmarks.healthy_loads import History
from pipelines.backfill import compute_months
from pipelines.documents import note_documents
from pipelines.initialise import initialise
from resources.home import Home

FIRST = "2025-01"
COMPLETENESS = ("TL01", "TL02")  # readings are missing, in the month or at its edges; and what follows from that
ALLOWED = 0.02  # of the site-months may be flagged beyond completeness


@dataclass(frozen=True)
class Quiet:
    """What the rules found: findings by rule and severity (roots and followers), site-months flagged beyond completeness."""

    site_months: int
    rules: dict[tuple[str, str], int]
    withheld: list[dict[str, Any]]
    flagged: list[dict[str, Any]]  # roots of flags beyond completeness

    @property
    def flagged_site_months(self) -> int:
        return len({(row["site_id"], row["month"]) for row in self.flagged})

    @property
    def share(self) -> float:
        return self.flagged_site_months / self.site_months


def make(root: Path, history: History, sites: int, seed: int) -> tuple[Home, Written]:
    """A home with the simulated fleet landed."""
    home = initialise(root)
    with home.settings_path.open("a", encoding="utf-8") as settings:  # the days read before the first month are no month to compute
        settings.write(f'\nfirst_month = "{history.months[0]}"\n')
    home = Home.open(root)
    written = write_fleet(home.landing, history, sites, seed)
    broken = [one for one in land(home) if one.status != "landed" or one.rejected]
    if broken:
        raise RuntimeError(f"not landed as it is: {broken[0]}")
    note_documents(home)
    return home, written


def heard(home: Home, history: History, sites: Sequence[str]) -> Quiet:
    """What the ledger says of the months of a history."""
    rows = [row for month in history.months for row in home.ledger.rows("finding", month=month)]
    code = {row["id"]: row["code"] for row in rows}
    beyond = [row for row in rows if row["severity"] != "info" and code.get(_root(row, rows), row["code"]) not in COMPLETENESS]
    return Quiet(
        len(history.months) * len(sites),
        dict(sorted(Counter((row["code"], row["severity"]) for row in rows).items())),
        [row for row in rows if row["severity"] == "withhold"],
        [row for row in beyond if row["severity"] == "flag"],
    )


def _root(row: dict[str, Any], rows: Iterable[dict[str, Any]]) -> str:
    by_id = {one["id"]: one for one in rows}
    while row["because_of"] in by_id:
        row = by_id[row["because_of"]]
    return str(row["id"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.healthy", description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, default=20)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="keep the home in this folder; else it is made in a temporary one")
    parser.add_argument("--show", type=int, default=3, help="findings of each rule to print")
    options = parser.parse_args(arguments)
    history = History.of(FIRST, options.months)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        home, written = make(options.home or Path(folder) / "home", history, options.sites, options.seed)
        landed = time.monotonic()
        print(f"{options.sites} simulated sites, {written.meters} meters each, {options.months} months, seed {options.seed}: "
              f"{written.readings:,} readings written and landed in {landed - begun:,.0f} s", flush=True)  # fmt: skip
        done = compute_months(home, history.months, progress=lambda month, n, of: print(f"  {month} {n}/{of}", file=sys.stderr, flush=True))
        print(f"computed in {time.monotonic() - landed:,.0f} s ({max(one.seconds for one in done):.0f} s the longest month), peak memory "
              f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")  # fmt: skip
        quiet = heard(home, history, written.sites)
    print("\nrule  severity   findings")
    for (code, severity), count in quiet.rules.items():
        print(f"{code}  {severity:9}  {count:,}")
    for code in sorted({row["code"] for row in (*quiet.withheld, *quiet.flagged)}):
        own = [row for row in (*quiet.withheld, *quiet.flagged) if row["code"] == code]
        print(f"\n{code}, for example:")
        for row in own[: options.show]:
            print(f"  {row['site_id']} {row['month']} {row['severity']} {row['subject']}: {row['message_en']}")
    print(f"\nwithheld: {len(quiet.withheld)} findings; flagged beyond completeness: {quiet.flagged_site_months} of {quiet.site_months} "
          f"site-months ({100 * quiet.share:.1f} %, allowed {100 * ALLOWED:.0f} %)")  # fmt: skip
    return 0 if not quiet.withheld and quiet.share <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
