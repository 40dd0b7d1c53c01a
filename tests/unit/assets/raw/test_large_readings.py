"""A large file lands piece by piece as it lands whole: the same parts, digests, counts and words."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.raw import large_readings
from assets.raw.landing import Landed, land
from resources.home import Home
from resources.lake import content_digest

HEADER = "电表编号,抄表时间,止码,读数性质,备注"
ODD = [
    "M-1,2026-03-01 00:00,,实测,", "M-1,2026-03-01 00:15,--,A,", "M-1,2026-03-01 00:30,abc,A,x", ",2026-03-01 00:45,1,A,",
    "M-2,noon,2,E,", "M-2,2026-03-01 01:00,3.1234567,E,", "M-2,2026-03-01 01:00:00+08:00,4,,", "M-2,2026-03-31 24:00,5,M,",
    "M-2,2026-02-28 23:45,6,S,late", " M-3 ,2026/3/1 1:15, 7 ,估算,", 'M-3,2026-03-01 01:30,"1,234.5",A,', "M-3,2026-03-01 01:45,8,maybe,",
    "M-3,2026-03-01 02:00,1e3,A,", "M-3,2026-03-01 02:15,-0.5,A,", "M-3,2026-03-01 02:30,99999999999999999999,A,", ",,,,", "M-3,,1,A,",
    "M-3,2026-03-01 02:45,NaN,A,", "M-3,2026-03-01 03:00,123456789012.123456,A,", "M-3,2026-03-01 03:00,1,A,", "M-3,2026-03-01 03:00,0,A,",
    "M-3,2026-03-01 03:00,0,A,", "M-3,2026-03-01 03:15,0.000001,A,", "电表,2026-03-01 03:15,.5,A,", "M-3,2026-03-01 03:30,inf,A,",
]  # fmt: skip


def _text(lines: list[str], end: str = "\n") -> str:
    plain = [f"M-{i % 7},2026-03-{1 + i // 96 % 31:02d} {i // 4 % 24:02d}:{i % 4 * 15:02d},{i * 1.25},实测,{i}" for i in range(1500)]
    return end.join([HEADER, *plain[:700], *lines, *plain[700:]]) + end


def _landed(folder: Path, data: bytes) -> tuple[Landed, dict[str, tuple[str, str, int]], Home]:
    (folder / "landing" / "meter_readings").mkdir(parents=True)
    (folder / "landing" / "meter_readings" / "a.csv").write_bytes(data)
    home = Home.open(folder)
    (result,) = land(home)
    parts = home.ledger.parts("meter_readings", result.entry or 0)
    return result, {part.month: (part.digest, part.file_digest, part.rows) for part in parts}, home


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything is large; returns what was landed piece by piece."""
    seen: list[str] = []
    whole = large_readings._Large.land

    def watched(self: large_readings._Large) -> large_readings.Landing:
        found = whole(self)
        seen.append(self.encoding)
        return found

    monkeypatch.setattr(large_readings._Large, "land", watched)
    for name, value in (("LARGE", 0), ("_PIECE", 2_000), ("_TOGETHER", 400)):
        monkeypatch.setattr(large_readings, name, value)
    return seen


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_pieces_give_what_the_whole_gives(tmp_path: Path, small_pieces: list[str], encoding: str, end: str) -> None:
    data = _text(ODD, end).encode(encoding)
    pieces, by_pieces, home = _landed(tmp_path / "pieces", data)
    assert small_pieces == ["gb18030" if encoding == "gb18030" else encoding]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_readings, "LARGE", 2**60)
        whole, by_whole, _ = _landed(tmp_path / "whole", data)
    assert pieces == whole
    assert by_pieces == by_whole
    assert set(by_pieces) == {"2026-02", "2026-03", "2026-04"}
    for part in home.ledger.parts("meter_readings", 1):
        rows = home.lake.read("parts/meter_readings", part.month, part.file_digest)
        assert content_digest(rows, provenance=True) == part.file_digest
        assert rows["meter_id"].is_sorted(nulls_last=False)
    assert not list((home.lake.root / "parts" / "meter_readings").glob(".runs-*"))


@pytest.mark.parametrize(
    "line", ['M-1,2026-03-01 00:00,"a\nb",A,', "M-1,2026-03-01 00:00,1,A,,,,", '="M-1",2026-03-01 00:00,1,A,', "M-1,2026-03-01 00:00,1"]
)
def test_what_is_unusual_is_read_with_care(tmp_path: Path, small_pieces: list[str], line: str) -> None:
    data = _text([line]).encode()
    pieces, by_pieces, _ = _landed(tmp_path / "pieces", data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_readings, "LARGE", 2**60)
        whole, by_whole, _ = _landed(tmp_path / "whole", data)
    assert (pieces, by_pieces) == (whole, by_whole)


def test_gbk_is_found_out_late(tmp_path: Path, small_pieces: list[str]) -> None:
    lines = ["meter_id,read_at,value,quality"] + [f"M-1,2026-03-01 {i // 60:02d}:{i % 60:02d},{i},A" for i in range(600)]
    data = "\n".join([*lines, "电表,2026-03-01 12:00,1,实测"]).encode("gbk")
    pieces, parts, _ = _landed(tmp_path, data)
    assert (small_pieces, pieces.encoding, pieces.rows, list(parts)) == (["gb18030"], "gb18030", 601, ["2026-03"])


def test_a_missing_column_is_refused_at_once(tmp_path: Path, small_pieces: list[str]) -> None:
    pieces, parts, _ = _landed(tmp_path, b"meter_id,value\n" + b"M-1,1\n" * 1000)
    assert (pieces.status, parts, small_pieces) == ("quarantined", {}, [])
    assert "read_at" in pieces.message_en
