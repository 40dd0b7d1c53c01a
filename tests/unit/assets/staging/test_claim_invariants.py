"""What no certificate can do: help by being dropped, by being used twice, or by standing in another row."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assets.staging.claims import ClaimsMonth
from tests.unit.assets.staging.test_claims import cancel, counted, issued, run

SITES = ("S1", "S2")
# Disjoint tens of certificates of one project-month, each cancelled for a site, for one month or a period.
LOTS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(SITES), st.sampled_from(["2025-03", "2025-04", None])), min_size=1, max_size=6,
    unique_by=lambda lot: lot[0],
)  # fmt: skip


def books(lots: list[tuple[int, str, str | None]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Issued rows and cancellations; a consumption month of None is the period from March to April."""
    certificates = [issued(seq_start=10 * place, seq_end=10 * place + 9) for place, _, _ in lots]
    events = []
    for place, site, month in lots:
        period = {"consumption_month": month} if month else {"consumption_start": "2025-03", "consumption_end": "2025-04"}
        events.append(cancel(seq_start=10 * place, seq_end=10 * place + 9, site_id=site, **period))
    return certificates, events


def totals(certificates: list[dict[str, Any]], events: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[int, float]]:
    """Claimed and weighted Wh by site and month."""
    found = {}
    for month in ("2025-03", "2025-04"):
        result: ClaimsMonth = run(month=month, certificates=certificates, certificate_events=events)
        for site in SITES:
            claims = counted(result, load=1000, site=site)
            found[site, month] = (claims.claimed_wh, sum(claims.weighted_wh_by_route.values()))
    return found


def never_better(after: dict[Any, tuple[int, float]], before: dict[Any, tuple[int, float]]) -> None:
    for key, (claimed, weighted) in after.items():
        assert claimed <= before[key][0]
        assert weighted <= before[key][1] + 1e-6


@settings(max_examples=25, deadline=None)
@given(lots=LOTS, which=st.integers(0, 5), what=st.sampled_from(["issue", "event"]))
def test_a_certificate_dropped_never_helps(lots: list[Any], which: int, what: str) -> None:
    certificates, events = books(lots)
    before = totals(certificates, events)
    assert sum(claimed for claimed, _ in before.values()) == 10_000_000 * len(lots)  # a sound set: everything counts
    gone = which % len(lots)
    kept = [[row for n, row in enumerate(rows) if n != gone or what != name] for rows, name in ((certificates, "issue"), (events, "event"))]
    after = totals(*kept)
    never_better(after, before)
    assert sum(claimed for claimed, _ in after.values()) == 10_000_000 * (len(lots) - 1)


@settings(max_examples=25, deadline=None)
@given(
    lots=LOTS, which=st.integers(0, 5), site=st.sampled_from(SITES), month=st.sampled_from(["2025-03", "2025-04"]), cut=st.integers(0, 9)
)
def test_a_certificate_used_twice_never_helps(lots: list[Any], which: int, site: str, month: str, cut: int) -> None:
    """Also in part, for another site, for another month."""
    certificates, events = books(lots)
    first = 10 * lots[which % len(lots)][0]
    again = cancel(seq_start=first, seq_end=first + cut, site_id=site, consumption_month=month, on="2025-05-11")
    before, after = totals(certificates, events), totals(certificates, [*events, again])
    never_better(after, before)
    lost = sum(claimed for claimed, _ in before.values()) - sum(claimed for claimed, _ in after.values())
    assert lost == (cut + 1) * 1_000_000  # what is claimed twice counts for nobody


@settings(max_examples=25, deadline=None)
@given(lots=LOTS, which=st.integers(0, 5))
def test_a_certificate_issued_twice_never_helps(lots: list[Any], which: int) -> None:
    certificates, events = books(lots)
    never_better(totals([*certificates, certificates[which % len(lots)]], events), totals(certificates, events))


@settings(max_examples=25, deadline=None)
@given(lots=LOTS, more=st.integers(10, 15), seed=st.integers(0, 99))
def test_order_changes_nothing_and_more_never_lowers(lots: list[Any], more: int, seed: int) -> None:
    certificates, events = books(lots)
    before = totals(certificates, events)
    shuffled = [list(certificates), list(events)]
    for rows in shuffled:
        random.Random(seed).shuffle(rows)
    assert totals(*shuffled) == before
    never_better(before, totals(*books([*lots, (more, "S1", "2025-03")])))
