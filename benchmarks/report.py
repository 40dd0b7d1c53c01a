"""What the pages of measurements have in common: the machine, tables, whether an aim was met, and where tables stand in a page."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

GIB = 2**30


def table(header: str, rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the names of its columns between bars."""
    names = [name.strip() for name in header.split("|")]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (names, ["---"] * len(names), *rows))


def met(aims: Sequence[tuple[str, bool]]) -> str:
    """Each aim with whether it was met; – where there is none."""
    return "; ".join(f"{aim}: {'met' if reached else '**not met**'}" for aim, reached in aims) or "–"


def machine(*packages: str) -> str:
    """When and on what was measured: processor, memory, system, versions of some packages, load."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {model}, {len(os.sched_getaffinity(0))} cores, {memory / GIB:.0f} GiB; "
        f"Linux {platform.release()}, Python {platform.python_version()}, {versions}. "
        f"Load when it ended: {os.getloadavg()[2]:.1f} (15 minutes)."
    )


def marks(name: str) -> tuple[str, str]:
    """The comments of a page between which the tables of a benchmark stand."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def replaced(page: str, name: str, tables: str) -> str:
    """The page with the tables of a benchmark replaced; ValueError when it has no place for them."""
    begin, end = marks(name)
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"the page has no single {begin} … {end}")
    return re.sub(f"{begin}.*{end}", lambda _: f"{begin}\n\n{tables}\n\n{end}", page, flags=re.DOTALL)
