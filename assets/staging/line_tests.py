"""The tests of a direct green-power line (绿电直连): self-use of generation and of load, and export, with the limits of their day.

What the meters say of a line's energies, and the verdict, belong here. It is reported and not scored: no claim depends on it. What is not
known is never in order. Limits are dated data (``assets/reference/direct_line.yaml``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from assets.staging.claim_books import Books
from assets.staging.contracts import Row, in_force
from assets.staging.onsite import meters_in_month

LINE_SCHEMA = {
    "site_id": pl.String, "contract_id": pl.String, "test": pl.String, "numerator_wh": pl.Int64, "denominator_wh": pl.Int64,
    "share": pl.Float64, "limit": pl.Float64, "at": pl.String, "outcome": pl.String, "basis": pl.String, "source": pl.String,
    "month": pl.String,
}  # fmt: skip
OK, FAILS, UNKNOWN = "ok", "fails", "unknown"


@dataclass(frozen=True)
class LineEnergies:
    """Energies of a direct-line contract in a month, in Wh, None where unknown; ``basis``: how export is known (metered, derived)."""

    generation: int | None
    self_use: int | None
    load: int | None
    export: int | None
    basis: str = "metered"

    def of(self, name: str) -> int | None:
        return {"generation": self.generation, "self_use": self.self_use, "load": self.load, "export": self.export}[name]


def judged(energies: LineEnergies, tests: Iterable[Mapping[str, Any]], month: str) -> list[dict[str, Any]]:
    """Every test with its numbers: ``ok``, ``fails``, or ``unknown`` when an energy is unknown, none was used, or no limit is in force.

    Compared exactly, as whole Wh and the limit as written. Source: 发改能源〔2025〕650号 as given in green-power.md §3.
    """
    found = []
    for test in tests:
        over, under = energies.of(test["numerator"]), energies.of(test["denominator"])
        dated = [row for row in test["limits"] if row["valid_from"] <= month]
        rule = max(dated, key=lambda row: row["valid_from"]) if dated else None
        outcome = UNKNOWN
        if rule is not None and over is not None and under is not None and under > 0:
            share, limit = Fraction(over, under), Fraction(str(rule["value"]))
            outcome = OK if (share >= limit if test["at"] == "least" else share <= limit) else FAILS
        found.append(
            {
                "test": test["test"], "numerator_wh": over, "denominator_wh": under,
                "share": over / under if over is not None and under else None, "limit": rule["value"] if rule else None,
                "at": test["at"], "outcome": outcome, "basis": energies.basis if test["numerator"] == "export" else "metered",
                "source": rule["source"] if rule else "",
            }
        )  # fmt: skip
    return found


def line_tests(
    books: Books, meters: Iterable[Row], generated_wh: Mapping[tuple[str, str], int], no_export: Collection[str], tests: Iterable[Row]
) -> pl.DataFrame:
    """``staging/direct_line_tests``: the tests of every direct-line contract in force, told at each site that has a share of it.

    ``meters``: all registry rows; ``generated_wh``: wholly metered generation by (project, month); ``no_export``: sites that declare that
    they export nothing. LINE_SCHEMA, sorted.
    """
    rows, known = list(tests), meters_in_month(meters, books.month)
    found = []
    for contract_id, contract in sorted(books.contracts.items()):
        if contract["kind"] != "direct_line" or not in_force(contract, books.month):
            continue
        sites = sorted(site_id for site_id, ratio in books.shares_in(contract_id, books.month).by_site.items() if ratio)
        energies = line_energies(books, contract, sites, known, generated_wh, no_export)
        for site_id in sites:
            about = {"site_id": site_id, "contract_id": contract_id, "month": books.month}
            found += [about | row for row in judged(energies, rows, books.month)]
    return pl.DataFrame(found, schema=LINE_SCHEMA).sort("site_id", "contract_id", "test")


def line_energies(
    books: Books, contract: Row, sites: Collection[str], meters: Mapping[str, Mapping[str, Any]],
    generated_wh: Mapping[tuple[str, str], int], no_export: Collection[str],
) -> LineEnergies:  # fmt: skip
    """What the meters say of a direct-line contract: a plant behind the site's own meter, or one at the other end of a line.

    Self-use is what a line brings, and of a plant on site generation − export − its own use; without an export meter (or the declaration
    that nothing is exported) it is unknown. Export of a plant at the other end is what it generates and the line does not bring: its own
    use and the line's losses are in it, so that it is never too small.
    """
    project = contract.get("project_code")
    generation = generated_wh.get((str(project), books.month))
    load = _sum(books.energies.total(site_id, "E_DC") for site_id in sites)
    here = [row for row in meters.values() if row["point"] == "onsite_generation" and project and row["project_code"] == project]
    if here:
        uses = [use for use in books.self_uses if use.project_code == project]
        told = all(books.energies.has(row["site_id"], "point:export") or row["site_id"] in no_export for row in here)
        self_use = _sum(use.quantity_wh for use in uses) if told and uses else None
        return LineEnergies(generation, self_use, load, _sum(use.export_wh for use in uses) if told and uses else None)
    brought = line_wh(books, contract, sites, meters)
    export = None if generation is None or brought is None else max(0, generation - brought)
    return LineEnergies(generation, brought, load, export, "derived")


def line_wh(books: Books, contract: Row, sites: Collection[str], meters: Mapping[str, Mapping[str, Any]]) -> int | None:
    """Metered energy that a contract's line brings to its sites (Wh); None when there is no meter of it, or one is unknown.

    Its meters are those that name its project; meters that name none are its own where no other direct line supplies the site.
    """
    found: list[int | None] = []
    for site_id in sites:
        lines = {name: row for name, row in meters.items() if (row["site_id"], row["point"]) == (site_id, "direct_line")}
        alone = books.direct_lines(site_id) == [contract]
        its = contract.get("project_code")
        own = [name for name, row in lines.items() if (its and row["project_code"] == its) or (alone and not row["project_code"])]
        if len(own) == len(lines) and own:
            found.append(books.energies.total(site_id, "point:direct_line"))  # with what was filled
        else:
            found += [books.energies.of_meter(site_id, "point:direct_line", name) for name in own]
    return _sum(found) if found else None


def _sum(parts: Iterable[int | None]) -> int | None:
    known = list(parts)
    return None if not known or any(part is None for part in known) else sum(part or 0 for part in known)
