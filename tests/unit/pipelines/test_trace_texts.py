"""The text of rows in kept files: found by counting lines, the same as the decoder gives, for files that are not quite plain too."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from assets.raw.decode import decode
from assets.raw.landing import Landed, land
from pipelines.documents import note_documents
from pipelines.initialise import initialise
from pipelines.traces import texts
from pipelines.traces.texts import read_texts
from pipelines.traces.work import Moment
from resources.errors import GciError
from resources.home import Home

HEADER = "meter_id,read_at,value,备注\n"
ROWS = [f"M{n % 7},2026-01-{n % 28 + 1:02d} 0{n % 10}:00,{n},说明{n}" for n in range(3000)]
PLAIN = HEADER + "\n".join(ROWS) + "\n"


def dropped(root: Path, name: str, data: bytes) -> tuple[Home, Landed]:
    """A home in which one file of readings was landed."""
    home = initialise(root / "home")
    (home.landing / "meter_readings" / name).write_bytes(data)
    note_documents(home)
    (landed,) = land(home)
    assert landed.status == "landed"
    return home, landed


@pytest.mark.parametrize(
    ("name", "data", "plain"),
    [
        ("plain.csv", PLAIN.encode(), True),
        ("no_last_line_end.csv", PLAIN.rstrip("\n").encode(), True),
        ("windows.csv", PLAIN.replace("\n", "\r\n").encode(), True),
        ("with_mark.csv", b"\xef\xbb\xbf" + PLAIN.encode(), True),
        ("chinese.csv", PLAIN.encode("gb18030"), True),
        ("semicolons.csv", PLAIN.replace(",", ";").encode(), True),
        ("packed.csv.gz", gzip.compress(PLAIN.encode()), True),
        ("quoted.csv", PLAIN.replace("M3,", '"M3",').encode(), True),
        ("blank_lines.csv", PLAIN.replace("M3,", "\nM3,").encode(), False),
        ("line_in_quotes.csv", PLAIN.replace("说明12\n", '"a\nb"\n').encode(), False),
        ("macintosh.csv", PLAIN.replace("\n", "\r").encode(), False),
    ],
)
def test_every_way_gives_the_text_of_the_decoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes, plain: bool
) -> None:
    home, landed = dropped(tmp_path, name, data)
    moment = Moment(home, "2026-01", home.ledger.head()[0])
    decoded = decode(data, name)
    used: list[str] = []

    def counted(*arguments: object, **options: object) -> object:
        used.append("decoder")
        return decode(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(texts, "decode", counted)
    numbers = decoded.frame["source_row"].to_list()
    for wanted in (numbers[:1], numbers[-1:], numbers[5:2000:37], numbers):
        found = read_texts(moment, landed.entry or 0, set(wanted))
        rows = decoded.frame.filter(pl.col("source_row").is_in(wanted)).iter_rows(named=True)
        assert found == {row["source_row"]: {h: row[f"c{n}"] for n, h in enumerate(decoded.header)} for row in rows}
    assert bool(used) is not plain


def test_lines_are_found_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"".join(b"%d\n" % n for n in range(1, 2001)) + b"2001"
    expected: Callable[[int], bytes] = lambda n: b"%d" % n  # noqa: E731
    for block in (1, 7, 64, 1 << 18):
        monkeypatch.setattr(texts, "_BLOCK", block)
        wanted = [1, 2, 999, 1000, 2000, 2001]
        assert texts._lines(data, [*wanted, 2002]) == [(n, expected(n)) for n in wanted]


def test_a_kept_file_that_was_changed_is_named(tmp_path: Path) -> None:
    home, landed = dropped(tmp_path, "a.csv", PLAIN.encode())
    kept: Path = home.lake.file_path(landed.digest)
    kept.write_bytes(kept.read_bytes().replace(b",17,", b",18,"))
    with pytest.raises(GciError, match=r"kept file of meter_readings/a.csv is not what was landed"):
        read_texts(Moment(home, "2026-01", home.ledger.head()[0]), landed.entry or 0, {2})
