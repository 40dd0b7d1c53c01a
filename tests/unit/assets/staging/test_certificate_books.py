"""The books of certificates: counts by range arithmetic, every planted fault found and nothing else, sums that nothing can shift."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.reference.factors import load_factors
from assets.staging.certificate_books import BOOKS, DIFFERENCES, FAULTS, Reconciled, reconcile
from assets.staging.certificate_step import differing
from assets.staging.certificates import cancelled_pieces
from assets.staging.claim_rules import ClaimRules

PROJECT, MONTH = "P" * 17, "2025-03"
Row = dict[str, Any]
_TEXT = dict.fromkeys(
    ("project_code", "production_month", "kind", "on", "issued_on", "site_id", "channel", "consumption_month", "consumption_start",
     "consumption_end", "status", "month"), pl.String,
)  # fmt: skip
_COLUMNS = {
    "certificates": "project_code production_month seq_start seq_end issued_on entry source_row",
    "events": "project_code production_month seq_start seq_end kind on site_id channel consumption_month consumption_start consumption_end "
    "entry source_row",
    "claims": "project_code production_month seq_start seq_end site_id month status entry source_row",
}


def frame(name: str, rows: list[Row]) -> pl.DataFrame:
    columns = _COLUMNS[name].split()
    data = [{column: row.get(column) for column in columns} for row in rows]
    return pl.DataFrame(data, schema={column: _TEXT.get(column, pl.Int64) for column in columns})


def issued(start: int = 0, end: int = 99, **changes: Any) -> Row:
    return {"project_code": PROJECT, "production_month": MONTH, "seq_start": start, "seq_end": end, "issued_on": "2025-04-20", "entry": 1,
            "source_row": 2} | changes  # fmt: skip


def event(kind: str = "cancel", start: int = 0, end: int = 99, **changes: Any) -> Row:
    on = "2025-05-01" if kind == "transfer" else "2025-05-10"
    return {"project_code": PROJECT, "production_month": MONTH, "seq_start": start, "seq_end": end, "kind": kind, "on": on, "site_id": "S1",
            "channel": "unbundled", "consumption_month": MONTH, "entry": 2, "source_row": 2} | changes  # fmt: skip


def claim(start: int = 0, end: int = 99, status: str = "eligible", **changes: Any) -> Row:
    return {"project_code": PROJECT, "production_month": MONTH, "seq_start": start, "seq_end": end, "site_id": "S1", "month": MONTH,
            "status": status, "entry": 2, "source_row": 2} | changes  # fmt: skip


def held_against(
    certificates: list[Row], events: list[Row], claims: list[Row] | None = None, months: tuple[str, ...] = (MONTH,)
) -> Reconciled:
    return reconcile(frame("certificates", certificates), frame("events", events), frame("claims", claims or []), months)


def sums(found: Reconciled) -> Row:
    (row,) = found.books.to_dicts()
    return {name: value for name, value in row.items() if value and name not in ("project_code", "production_month")}


def told(found: Reconciled) -> list[tuple[str, int, int]]:
    return [(kind, first, last) for kind, _, _, first, last in found.ranges()]


def test_nothing_comes_to_nothing() -> None:
    found = held_against([], [])
    assert (found.books.height, found.differences.height) == (0, 0)
    assert dict(found.books.schema) == BOOKS
    assert dict(found.differences.schema) == DIFFERENCES


def test_a_clean_life() -> None:
    # 100 issued, 60 bought, 50 cancelled and claimed: 30 in one month, 20 left out with a reason
    events = [event("transfer", 0, 59), event("cancel", 0, 49)]
    found = held_against([issued()], events, [claim(0, 29), claim(30, 49, "excluded")])
    assert told(found) == []
    assert sums(found) == {"issued": 100, "transferred": 60, "cancelled": 50, "valid": 50, "claimed": 30, "left_out": 20}


def test_a_split_range_is_the_same_book() -> None:
    # 0…999 cut at 250 gives 0…249 and 250…999
    whole = held_against([issued(0, 999)], [event("cancel", 0, 999)], [claim(0, 999)])
    parts = held_against(
        [issued(0, 249), issued(250, 999)], [event("cancel", 0, 249), event("cancel", 250, 999)], [claim(0, 249), claim(250, 999)]
    )
    assert sums(whole) == sums(parts) == {"issued": 1000, "cancelled": 1000, "untransferred": 1000, "valid": 1000, "claimed": 1000}
    assert told(whole) == told(parts) == []


@pytest.mark.parametrize(
    ("certificates", "events", "claims", "expected"),
    [
        pytest.param([issued(0, 60), issued(50, 99)], [], [], [("issued twice", 50, 60)], id="issued twice"),
        pytest.param([issued(0, 49)], [event("transfer")], [], [("transferred, not issued", 50, 99)], id="transferred, not issued"),
        pytest.param([issued(0, 49)], [event()], [claim(0, 49)], [("cancelled, not issued", 50, 99)], id="cancelled, not issued"),
        pytest.param(
            [issued()], [event(end=60), event(start=40, site_id="S2", on="2025-06-01")], [claim(0, 39), claim(61, 99, site_id="S2")],
            [("cancelled twice", 40, 60)], id="cancelled twice",
        ),
        pytest.param([issued(issued_on="2025-05-11")], [event()], [], [("cancelled before issue", 0, 99)], id="before issue"),
        pytest.param(
            [issued()], [event(), event("withdraw", 90, 99)], [claim(0, 89)], [("cancelled and ended", 90, 99)], id="cancelled and ended"
        ),
        pytest.param(
            [issued()], [event("transfer", 0, 79), event()], [claim()], [("cancelled, not transferred", 80, 99)], id="not transferred"
        ),
        pytest.param([issued()], [event("transfer", 0, 79), event(channel="self_use")], [claim()], [], id="self-use needs no transfer"),
        pytest.param([issued()], [event()], [claim()], [], id="no transfer is known"),
        pytest.param(
            [issued()], [event()], [claim(0, 59), claim(50, 99, site_id="S2")], [("claimed twice", 50, 59)], id="claimed for two sites"
        ),
        pytest.param(
            [issued()], [event()], [claim(), claim(70, 99, "excluded", month="2025-02")], [("claimed twice", 70, 99)], id="in two months"
        ),
        pytest.param([issued()], [event(end=49)], [claim()], [("claimed, not validly cancelled", 50, 99)], id="claimed, not cancelled"),
        pytest.param([issued()], [event()], [claim(0, 79)], [("cancelled, in no claim", 80, 99)], id="in no claim"),
        pytest.param([issued(5, 3)], [event(end=-1)], [], [], id="ranges that run backwards hold nothing"),
    ],
)  # fmt: skip
def test_each_fault_alone(certificates: list[Row], events: list[Row], claims: list[Row], expected: list[tuple[str, int, int]]) -> None:
    found = held_against(certificates, events, claims)
    missing = [("cancelled, in no claim", first, last) for kind, first, last in told(found) if kind == "cancelled, in no claim"]
    assert told(found) == sorted(expected + (missing if not claims else []))
    assert {kind for kind, _, _ in expected} <= set(FAULTS)


def test_a_fault_names_the_rows_that_have_part_in_it() -> None:
    events = [event(end=60, source_row=2), event(start=40, site_id="S2", on="2025-06-01", entry=5, source_row=9)]
    rows = held_against([issued()], events, [claim(0, 39)]).differences.filter(pl.col("kind") == "cancelled twice")
    assert rows.select("site_id", "on", "entry", "source_row", "mwh", "claimed_mwh", "role").rows() == [
        ("S1", "2025-05-10", 2, 2, 21, 0, "cancel"), ("S2", "2025-06-01", 5, 9, 21, 0, "cancel"),
    ]  # fmt: skip


def test_months_that_are_not_looked_at_are_elsewhere_and_not_lost() -> None:
    year = {"consumption_month": None, "consumption_start": "2025-01", "consumption_end": "2025-12"}
    found = held_against([issued()], [event(**year)], [claim(0, 8)], (MONTH,))
    assert sums(found) == {
        "issued": 100, "cancelled": 100, "untransferred": 100, "valid": 100, "claimed": 9, "elsewhere": 91,
    }  # fmt: skip
    months = tuple(f"2025-{n:02d}" for n in range(1, 13))
    assert sums(held_against([issued()], [event(**year)], [claim(0, 8)], months))["lost"] == 91


def test_without_a_period_the_month_of_production_is_looked_at() -> None:
    bare = event(consumption_month=None)
    assert told(held_against([issued()], [bare], [], (MONTH,))) == [("cancelled, in no claim", 0, 99)]
    assert sums(held_against([issued()], [bare], [], ("2025-04",)))["elsewhere"] == 100


def test_what_puts_a_sites_claims_of_a_month_in_doubt() -> None:
    claims = [claim(0, 59), claim(50, 99, site_id="S2", month="2025-02"), claim(50, 59, site_id="S3")]
    found = held_against([issued()], [event("cancel", 0, 98), event(start=99, end=99, site_id=None)], claims)
    rows = differing(found.differences, MONTH).select("kind", "site_id", "seq_start", "seq_end").rows()
    assert rows == [("claimed twice", "S1", 50, 59), ("claimed twice", "S3", 50, 59)]  # S2 is told in its own month


# A hundred thousand ranges ----------------------------------------------------------------------------------------------


def big_ledger(seed: int) -> tuple[list[Row], list[Row], list[Row], set[tuple[str, str, str, int, int]]]:
    """A ledger of 100,000 ranges in order, in which some faults are planted; each alone, in ranges of its own, and what must be found."""
    draw = random.Random(seed)
    certificates, events, claims = [], [], []
    planted: set[tuple[str, str, str, int, int]] = set()
    kinds = ("cancelled twice", "claimed twice", "issued twice", "cancelled, not issued", "claimed, not validly cancelled")
    number = 0
    for project in range(40):
        key = {"project_code": f"PROJECT{project:010d}", "production_month": MONTH}
        at = draw.randrange(1000)
        for _ in range(1000):
            size = draw.randrange(2, 5000)
            span = key | {"seq_start": at, "seq_end": at + size - 1, "entry": 3, "source_row": number}
            number += 1
            fault = draw.choice(kinds) if draw.random() < 0.01 else ""
            first = at + draw.randrange(size)
            last = draw.randrange(first, at + size)
            part = span | {"seq_start": first, "seq_end": last}
            site = f"S{draw.randrange(40)}"
            if fault:
                planted.add((fault, key["project_code"], MONTH, first, last))
            if fault == "cancelled, not issued":  # all but the part is issued
                certificates += [span | {"seq_end": first - 1}, span | {"seq_start": last + 1}]
            else:
                certificates.append(span)
            events += [span | {"kind": "transfer"}, span | {"kind": "cancel", "site_id": site}]
            claims.append(span | {"site_id": site, "status": "eligible"})
            if fault in ("cancelled twice", "cancelled, not issued"):  # the engine leaves such numbers out
                claims[-1] = claims[-1] | {"status": "excluded"}
            if fault == "cancelled twice":
                events.append(part | {"kind": "cancel", "site_id": "S99"})
            if fault == "claimed twice":
                claims.append(part | {"site_id": "S98", "status": "eligible"})
            if fault == "issued twice":
                certificates.append(part)
                claims[-1] = claims[-1] | {"status": "excluded"}
            if fault == "claimed, not validly cancelled":
                events.append(part | {"kind": "freeze"})
                planted.add(("cancelled and ended", key["project_code"], MONTH, first, last))
            if fault == "cancelled, not issued":
                planted.add(("transferred, not issued", key["project_code"], MONTH, first, last))
            at += size + draw.randrange(1, 50)
    certificates = [issued() | row for row in certificates if row["seq_end"] >= row["seq_start"]]
    events = [event(row["kind"]) | row for row in events]
    claims = [claim() | row for row in claims]
    for rows in (certificates, events, claims):
        draw.shuffle(rows)
    return certificates, events, claims, planted


def test_every_planted_double_use_is_found_among_a_hundred_thousand_ranges_and_nothing_else() -> None:
    certificates, events, claims, planted = big_ledger(seed=20260501)
    assert len(certificates) + len(events) > 100_000
    assert len({kind for kind, *_ in planted}) == 7
    found = held_against(certificates, events, claims)
    assert set(found.ranges()) == planted
    assert len(found.ranges()) == len(planted)
    books = found.books.sum().to_dicts()[0]
    assert books["cancelled"] == books["valid"] + books["disputed"]
    assert books["valid"] == books["claimed"] + books["waiting"] + books["left_out"] + books["elsewhere"] + books["lost"]


def test_a_single_project_month_of_a_hundred_thousand_ranges() -> None:
    rows = [(100 * n, 100 * n + 99) for n in range(33_400)]
    certificates = [issued(*row, source_row=n) for n, row in enumerate(rows)]
    events = [event("cancel", *row, source_row=n) for n, row in enumerate(rows)]
    claims = [claim(*row) for row in rows]
    again = event("cancel", 1_000_050, 1_000_149, site_id="S2")  # the second half of one range and the first half of the next
    claims = [row for row in claims if row["seq_start"] not in (1_000_000, 1_000_100)]
    claims += [claim(1_000_000, 1_000_049), claim(1_000_150, 1_000_199), claim(1_000_050, 1_000_149, "excluded")]
    found = held_against(certificates, [*events, again], claims)
    assert told(found) == [("cancelled twice", 1_000_050, 1_000_149)]
    assert found.differences.height == 3  # the two ranges that it overlaps, and itself


# Properties -------------------------------------------------------------------------------------------------------------

spans = st.tuples(st.integers(0, 40), st.integers(1, 20)).map(lambda t: (t[0], t[0] + t[1] - 1))
stories = st.fixed_dictionaries(
    {
        "certificates": st.lists(spans, max_size=4),
        "events": st.lists(st.tuples(spans, st.sampled_from(["cancel", "transfer", "freeze"]), st.sampled_from(["S1", "S2"])), max_size=6),
        "claims": st.lists(st.tuples(spans, st.sampled_from(["eligible", "pending", "excluded"])), max_size=5),
    }
)


def rows_of(story: Row) -> tuple[list[Row], list[Row], list[Row]]:
    return (
        [issued(*span) for span in story["certificates"]],
        [event(kind, *span, site_id=site) for span, kind, site in story["events"]],
        [claim(*span, status) for span, status in story["claims"]],
    )


def numbers(rows: list[Row], **where: str) -> list[int]:
    chosen = [row for row in rows if all(row[name] == value for name, value in where.items())]
    return [n for row in chosen for n in range(row["seq_start"], row["seq_end"] + 1)]


@settings(max_examples=60, deadline=None)
@given(stories)
def test_the_sums_are_those_of_counting_one_by_one(story: Row) -> None:
    certificates, events, claims = rows_of(story)
    found = held_against(certificates, events, claims)
    got = found.books.to_dicts()[0] if found.books.height else dict.fromkeys(BOOKS, 0)
    issue, cancel = numbers(certificates), numbers(events, kind="cancel")
    ended, claimed = set(numbers(events, kind="freeze")), numbers(claims, status="eligible")
    valid = {n for n in set(cancel) if cancel.count(n) == 1 and issue.count(n) == 1 and n not in ended}
    assert got["issued"] == len(set(issue))
    assert got["transferred"] == len(set(numbers(events, kind="transfer")))
    assert (got["cancelled"], got["valid"]) == (len(set(cancel)), len(valid))
    assert got["claimed"] == len(valid & set(claimed))
    assert got["cancelled"] == got["valid"] + got["disputed"]
    assert got["valid"] == got["claimed"] + got["waiting"] + got["left_out"] + got["elsewhere"] + got["lost"]
    twice = {n for kind, first, last in told(found) if kind == "cancelled twice" for n in range(first, last + 1)}
    assert twice == {n for n in cancel if cancel.count(n) > 1}


@settings(max_examples=50, deadline=None)
@given(stories, st.randoms(use_true_random=False))
def test_splitting_and_permuting_ranges_changes_nothing(story: Row, draw: random.Random) -> None:
    def cut(rows: list[Row]) -> list[Row]:
        found = []
        for row in rows:
            middle = draw.randint(row["seq_start"], row["seq_end"])
            halves = [row | {"seq_end": middle}, row | {"seq_start": middle + 1}]
            found += [half for half in halves if half["seq_start"] <= half["seq_end"]]
        draw.shuffle(found)
        return found

    certificates, events, claims = rows_of(story)
    whole, parts = held_against(certificates, events, claims), held_against(cut(certificates), cut(events), cut(claims))
    assert parts.books.equals(whole.books)
    assert parts.ranges() == whole.ranges()


@settings(max_examples=50, deadline=None)
@given(stories)
def test_two_computations_agree_on_what_is_validly_cancelled(story: Row) -> None:
    """The engine cuts ranges into pieces, the books sweep edges: what one calls faultless the other calls valid."""
    certificates, events, _ = rows_of(story)
    full = {"energy_class": "on_grid", "energy_type": "wind", "tradable": True, "scheme": None, "mechanism": None, "ccer": None,
            "gec_code_first": None, "gec_code_last": None, "contract_id": None, "evidence": None}  # fmt: skip
    events = [row | {"site_id": "S1"} for row in events]
    pieces = cancelled_pieces([row | full for row in certificates], [row | full for row in events], RULES)
    faultless = {n for piece in pieces if piece.fault is None for n in range(piece.range.seq_start, piece.range.seq_end + 1)}
    found = held_against(certificates, events, [claim(n, n) for n in sorted(faultless)])
    assert not {kind for kind, *_ in found.ranges()} & {"claimed, not validly cancelled", "claimed twice", "cancelled, in no claim"}


RULES = ClaimRules.from_reference(load_factors().data)
