"""Hiding never pays: no deletion of rows of a valid home raises a published index by more than 0.01, unless something more is withheld.

Hypothesis chooses feeds and rows: single rows, stretches, all of one subject, a share at random, the lowest or highest of a column, whole
files. Exceptions are few, each with a bound and an example (``exceptions``).
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from checks.contracts.registry import FEEDS
from tests.pipeline.planted.tables import MONTHS
from tests.property.exceptions import EXEMPT, Exempt, bound
from tests.property.hiding import (
    EVIDENCE,
    READINGS,
    SUBJECTS,
    TOLERANCE,
    Bench,
    Deletion,
    Published,
    Rows,
    extreme,
    gains,
    in_month,
    numbers,
    rows_of,
    tempting,
    whole_file,
)  # fmt: skip

ROOT = Path(__file__).resolve().parents[2]
ROWS = rows_of(tempting())
UNEXEMPT = sorted(set(ROWS) - {one.feed for one in EXEMPT})


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("hiding"))


@st.composite
def deletions(draw: st.DrawFn, feeds: list[str], most: int = 2) -> Deletion:
    """Some rows of one feed or a few."""
    chosen = draw(st.lists(st.sampled_from(feeds), min_size=1, max_size=most, unique=True))
    gone: dict[str, frozenset[int]] = {}
    for feed in chosen:
        gone |= draw(_of_feed(ROWS, feed)).gone
    return Deletion(gone)


@st.composite
def _of_feed(draw: st.DrawFn, rows: Rows, feed: str) -> Deletion:
    count = len(rows[feed])
    way = draw(st.sampled_from(("row", "stretch", "subject", "month of subject", "share", "extreme", "file")))
    if way == "row":
        return Deletion({feed: frozenset({draw(st.integers(0, count - 1))})})
    if way == "stretch":
        first = draw(st.integers(0, count - 1))
        return Deletion({feed: frozenset(range(first, min(count, first + draw(st.integers(1, 200)))))})
    if way in ("subject", "month of subject"):
        column = SUBJECTS[feed]
        subject = draw(st.sampled_from(sorted({str(row[column]) for row in rows[feed]})))
        month = draw(st.sampled_from(MONTHS)) if way == "month of subject" else ""
        return Deletion(
            {feed: frozenset(n for n, row in enumerate(rows[feed]) if str(row[column]) == subject and (not month or in_month(row, month)))}
        )
    if way == "share":
        share, seed = draw(st.sampled_from((0.01, 0.05, 0.2, 0.5))), draw(st.integers(0, 1000))
        chance = random.Random(seed)
        return Deletion({feed: frozenset(n for n in range(count) if chance.random() < share)})
    if way == "extreme" and (columns := numbers(rows[feed])):
        share = draw(st.sampled_from((0.02, 0.1, 0.3)))
        return extreme(rows, feed, draw(st.sampled_from(columns)), share, highest=draw(st.booleans()))
    return whole_file(rows, feed)


def _too_much(bench: Bench, deleted: Deletion) -> list[str]:
    """What a deletion gains beyond its exceptions."""
    return [str(gain) for gain in bench.gains(deleted) if gain.points > TOLERANCE + bound(deleted, gain.key[2])]


def test_the_home_that_rows_are_deleted_from_fills_every_feed_and_withholds_nothing(bench: Bench) -> None:
    assert set(ROWS) == {*FEEDS, EVIDENCE} == set(SUBJECTS)
    assert all(ROWS.values())
    assert not any(bench.whole.withheld.values())
    assert all(value is not None for value in bench.whole.index.values())


def test_a_higher_index_is_a_gain_only_when_nothing_more_is_withheld() -> None:
    key, nobody = ("S1", "2026-01", "month"), frozenset[tuple[str, str, str]]()
    before = Published({key: 50.0}, {key: nobody}, {key: ("S1",)})
    held = frozenset({("S1", "2026-01", "E_IT")})
    assert [g.points for g in gains(before, Published({key: 50.5}, {key: nobody}, {key: ("S1",)}))] == [0.5]
    assert gains(before, Published({key: 50.01}, {key: nobody}, {key: ("S1",)})) == []
    assert gains(before, Published({key: 50.5}, {key: held}, {key: ("S1",)})) == []
    assert gains(before, Published({key: 50.5}, {key: nobody}, {key: ("S1", "S2")})) == []
    assert gains(before, Published({key: None}, {key: nobody}, {key: ("S1",)})) == []


@settings(max_examples=3, derandomize=True, suppress_health_check=list(HealthCheck))
@given(deleted=deletions(UNEXEMPT))
def test_hiding_never_pays(bench: Bench, deleted: Deletion) -> None:
    note(str(deleted))
    assert _too_much(bench, deleted) == []


@pytest.mark.long
@settings(max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))
@given(deleted=deletions(UNEXEMPT))
def test_hiding_never_pays_in_feeds_without_exception(bench: Bench, deleted: Deletion) -> None:
    note(str(deleted))
    assert _too_much(bench, deleted) == []


@pytest.mark.long
@settings(max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))
@given(deleted=deletions(sorted(ROWS), most=3))
def test_hiding_pays_within_its_bound_at_most(bench: Bench, deleted: Deletion) -> None:
    note(str(deleted))
    assert _too_much(bench, deleted) == []


@pytest.mark.long
@pytest.mark.parametrize("feed", sorted(ROWS))
def test_a_feed_that_is_never_sent_gains_nothing(bench: Bench, feed: str) -> None:
    assert _too_much(bench, whole_file(ROWS, feed)) == []
    if feed != READINGS:
        assert bench.gains(whole_file(ROWS, feed)) == []


@pytest.mark.long
@pytest.mark.parametrize("exempt", EXEMPT, ids=lambda one: one.key)
def test_each_exception_is_needed_holds_its_bound_and_is_said(bench: Bench, exempt: Exempt) -> None:
    found = bench.gains(exempt.shown(ROWS))
    assert found, "nothing shows this exception any more: remove it"
    assert all(gain.points <= getattr(exempt, gain.key[2]) for gain in found)
    page = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    assert f"| `{exempt.key}` | `{exempt.feed}` | {exempt.month:g} | {exempt.ttm:g} | {exempt.why} " in page
