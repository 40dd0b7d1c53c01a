"""The table at the end of a backfill: what became of each month, and what of it is still open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.cli.render import _table, console

OUTCOMES = {"computed": "computed 已计算", "unchanged": "unchanged 未变", "no_site": "no site 无站点"}


def print_months(rows: Sequence[Mapping[str, Any]]) -> None:
    """One line for each month of ``pipelines.backfill.summary``, then the counts."""
    out = console()
    table = _table(
        "Month\n月份", "Outcome\n结果", ">Sites, clusters\n站点、集群", ">Withheld\n暂缓发布", ">Not reported\n未报送", ">No grade\n无等级",
        ">Seconds\n秒",
    )  # fmt: skip
    for row in rows:
        outcome = OUTCOMES[row["outcome"]] + (" (candidate 候选)" if row["final"] and row["outcome"] == "computed" else "")
        outcome += "" if row["asked"] else " (before FROM 起始月之前)"
        counts = [str(row[name]) for name in ("entities", "withheld", "not_reported", "no_grade")]
        table.add_row(row["month"], outcome, *counts, f"{row['seconds']:.1f}" if row["seconds"] else "–")
    out.print(table)
    found = Counter(row["outcome"] for row in rows)
    said = ", ".join(f"{found[name]} {words}" for name, words in OUTCOMES.items() if found[name])
    out.print(f"{len(rows)} months: {said}; {sum(row['seconds'] for row in rows):.0f} s.")
