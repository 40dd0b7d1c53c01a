"""What is at odds among issued certificates: facts for the rules CT09 (identity, overlaps) and CT14 (more than was generated).

One row for each site concerned: the sites that claim or hold some of the numbers in the month, and for CT14 the sites of the project's
meters. What is at odds among claims is ``claim_conflicts.py``.
"""

from __future__ import annotations

from collections.abc import Iterable

from assets.staging.certificates import identity_faults, issued_beyond, issued_twice
from assets.staging.claim_books import Books
from assets.staging.claim_conflicts import conflict_row
from assets.staging.contracts import Row


def issue_conflicts(books: Books, rows: list[Row]) -> list[Row]:
    """Conflicts of the issued rows of the month's project-months. ``rows``: the month's certificate claims, with their ``piece``."""
    return _identity_conflicts(books, rows) + _excess_conflicts(books, rows)


def _identity_conflicts(books: Books, rows: list[Row]) -> list[Row]:
    """CT09: numbers issued twice (``limit_mwh`` 0), and issued rows whose identity is wrong (``limit_mwh`` null: they are left out)."""
    found = []
    told: list[tuple[str, str, int, int, tuple[str, str], Row, float | None]] = []
    for span, _, other in issued_twice(books.certificates):
        detail = ("the same numbers are issued by two rows", "同一编号被两行重复核发")
        told.append((span.project_code, span.production_month, span.seq_start, span.seq_end, detail, other, 0.0))
    for row in books.certificates:
        for detail in identity_faults(row, books.rules):
            told.append((row["project_code"], row["production_month"], row["seq_start"], row["seq_end"], detail, row, None))
    for project, produced, start, end, detail, row, limit in told:
        about = {
            "project_code": project, "production_month": produced, "seq_start": start, "seq_end": end,
            "mwh": float(max(0, end - start + 1)), "limit_mwh": limit, "entry": row.get("entry"), "source_row": row.get("source_row"),
        }  # fmt: skip
        concerned: set[str | None] = set(_concerned(books, rows, project, produced, [(start, end)]))
        if not concerned and produced == books.month:
            concerned = {None}
        found += [conflict_row(books, "CT09", site_id, detail, **about) for site_id in concerned]
    return found


def _excess_conflicts(books: Books, rows: list[Row]) -> list[Row]:
    """CT14: project-months of which more is issued (``mwh``) than their metered generation gives (``limit_mwh``)."""
    found = []
    for (project, produced), issuable in sorted(books.issuable.items()):
        issued = [
            row
            for row in books.certificates
            if (row["project_code"], row["production_month"]) == (project, produced) and not identity_faults(row, books.rules)
        ]
        beyond = issued_beyond(issued, issuable)
        if not beyond:
            continue
        excess = sum(end - start + 1 for start, end in beyond)
        concerned = set(_concerned(books, rows, project, produced, beyond))
        if produced == books.month:
            concerned |= books.onsite_projects.get(project, set())
        detail = (f"{excess} certificates beyond the metered generation do not count", f"超出计量发电量的 {excess} 张绿证不计入")
        about = {
            "project_code": project, "production_month": produced, "seq_start": beyond[0][0], "seq_end": beyond[-1][1],
            "mwh": float(issuable + excess), "limit_mwh": float(issuable), "entry": issued[-1].get("entry"),
            "source_row": issued[-1].get("source_row"),
        }  # fmt: skip
        found += [conflict_row(books, "CT14", site_id, detail, **about) for site_id in sorted(concerned)]
    return found


def _concerned(books: Books, rows: list[Row], project: str, produced: str, spans: Iterable[tuple[int, int]]) -> list[str]:
    """The sites that claim, or hold since a transfer, any of some numbers in the month."""
    claimed = [row for row in rows if row.get("piece") is not None]
    held = [{**piece.event, "seq_start": piece.range.seq_start, "seq_end": piece.range.seq_end} for piece in books.held]
    found = {
        row["site_id"]
        for row in [*claimed, *held]
        for start, end in spans
        if (row["project_code"], row["production_month"]) == (project, produced) and row["seq_start"] <= end and start <= row["seq_end"]
    }
    return sorted(site_id for site_id in found if site_id is not None)
