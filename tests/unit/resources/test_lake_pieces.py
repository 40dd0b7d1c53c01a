"""A table written piece by piece is the table written at once, and its digest says what it says, whatever the order of rows."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.lake import ContentDigest, Lake, content_digest

SCHEMA = pl.Schema({"name": pl.String, "at_s": pl.Int64, "ok": pl.Boolean, "entry": pl.Int64, "source_row": pl.Int64})
ROW = st.tuples(
    st.one_of(st.none(), st.sampled_from(["", "a", "b", 'c"', "电表"])), st.one_of(st.none(), st.integers(-3, 3)),
    st.one_of(st.none(), st.booleans()), st.integers(1, 2), st.integers(2, 5),
)  # fmt: skip


def table(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=12), st.randoms(use_true_random=False), st.integers(1, 5))
def test_pieces_and_order_change_no_digest(rows: list[tuple[object, ...]], random: object, size: int) -> None:
    once = table(rows)
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert [content_digest(table(rows), provenance=p) for p in (False, True)] == [content_digest(once, provenance=p) for p in (False, True)]
    ordered = once.sort("name", "at_s", "ok", "entry", "source_row", nulls_last=False)
    pieces = ContentDigest(SCHEMA)
    for start in range(0, ordered.height, size):
        pieces.add(ordered.slice(start, size))
    assert (pieces.content, pieces.whole) == (content_digest(once), content_digest(once, provenance=True))


def test_a_digest_covers_every_cell_and_tells_nothing_from_an_empty_text() -> None:
    row = ("a", 1, True, 1, 2)
    others = [("b", 1, True, 1, 2), ("a", 2, True, 1, 2), ("a", 1, False, 1, 2), ("", 1, True, 1, 2), (None, 1, True, 1, 2)]
    digests = {content_digest(table([other])) for other in [row, *others]}
    assert len(digests) == 6
    moved = ("a", 1, True, 2, 3)
    assert content_digest(table([row])) == content_digest(table([moved]))
    assert content_digest(table([row]), provenance=True) != content_digest(table([moved]), provenance=True)


def test_a_table_in_pieces_is_the_same_in_the_lake(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    frame = table([("a", at, None, 1, at) for at in range(10)])
    once = lake.write("t", "2026-03", frame)
    path = lake.table_path("t", "2026-03", once.file_digest)
    path.unlink()
    with lake.writer("t", "2026-03", SCHEMA) as writer:
        for start in (0, 3, 7):
            writer.add(frame.slice(start, {0: 3, 3: 4, 7: 3}[start]).reverse())
        pieces = writer.close()
    assert pieces == once
    assert lake.read("t", "2026-03", once.file_digest).equals(frame)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_pieces_out_of_order_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with lake.writer("t", "", SCHEMA) as writer:
        writer.add(table([("b", 1, True, 1, 2)]))
        with pytest.raises(ValueError, match="order"):
            writer.add(table([("a", 1, True, 1, 2)]))
    assert list((tmp_path / "t" / "all").iterdir()) == []


def test_an_empty_table_in_pieces(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with lake.writer("t", "2026-03", SCHEMA) as writer:
        assert writer.close() == lake.write("t", "2026-03", table([]))
