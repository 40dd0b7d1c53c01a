"""The ledger, the same on SQLite and PostgreSQL: numbers without gaps, one order, exact values, all or nothing."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from resources.errors import GciError
from resources.ledger import GENESIS, Item, Ledger, Manifest, seal

PART = {"feed": "sites", "month": "2026-01", "digest": "sha256:p", "file_digest": "sha256:q", "rows": 3_000_000_000}
# sorted by code points, which is the order of their UTF-8 bytes: capitals before small letters, Chinese after Latin, and beyond it emoji
TEXTS = ["", " ", "A-1", "A1", "B", "_", "a", "a-1", "a1", "b", "é", "华北", "电表", "\uff21", "😀"]
FLOATS = [0.1, 1 / 3, 1e-300, 1.7976931348623157e308, 5e-324, -2.5, 123456789.123456789, 0.0]


@pytest.fixture
def ledger(ledger_url: str, tmp_path: Path) -> Ledger:
    made = Ledger(ledger_url, tmp_path)
    made.create()
    return made


def finding(id_: str, **other: Any) -> dict[str, Any]:
    row = {
        "id": id_, "site_id": "S1", "code": "TL01", "severity": "flag", "quantity": "E_DC", "subject": "M", "seen": None, "limit": None,
        "unit": "1", "message_en": "en", "message_zh": "中文", "rows_ref": "[]", "because_of": None,
    }  # fmt: skip
    return row | other


def head_by_hand(previous: str, *fields: Any) -> str:
    """The chain as docs/architecture.md says it: sha256 of the canonical JSON of the fields and the head before."""
    text = json.dumps([*fields, previous], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_an_entry_is_chained_as_documented(ledger: Ledger) -> None:
    at = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
    assert ledger.head() == (0, GENESIS)
    assert ledger.append("file", "sites/甲.csv", "sha256:a", {"rows": 1, "b": "中"}, [PART], at=at) == 1
    payload = {"rows": 1, "b": "中", "parts": [["2026-01", "sha256:p", "sha256:q", 3_000_000_000]]}
    head = head_by_hand(GENESIS, 1, "2026-03-01T12:00:05Z", "file", "sites/甲.csv", "sha256:a", payload)
    assert ledger.head() == (1, head)
    (entry,) = ledger.entries()
    assert (entry.payload, entry.head, entry.previous_head, entry.expected_head()) == (payload, head, GENESIS, head)
    assert [p.rows for p in ledger.parts_of(1)] == [3_000_000_000]
    assert [p.entry for p in ledger.parts("sites", 1, ["2026-01"])] == [1]
    assert ledger.parts("sites", 0) == []
    assert ledger.part_entries() == {1}


def test_what_is_known_enters_once(ledger: Ledger) -> None:
    assert ledger.append("file", "sites/a.csv", "sha256:a", {}) == 1
    assert ledger.append("file", "sites/b.csv", "sha256:a", {}) == 1  # the same bytes in the same feed
    assert ledger.append("file", "meters/a.csv", "sha256:a", {}) == 2
    assert ledger.append("file", "Sites/a.csv", "sha256:a", {}) == 3  # another folder: names are compared exactly
    assert ledger.append("quarantine", "sites/a.csv", "sha256:x", {}) == 4
    assert ledger.append("quarantine", "sites/a.csv", "sha256:x", {}) == 4
    assert ledger.append("file", "sites/a.csv", "sha256:x", {}) == 5  # its cause is gone
    assert ledger.append("settings", "gci.toml", "sha256:s", {}) == 6
    assert ledger.append("settings", "gci.toml", "sha256:s", {}) == 6
    assert ledger.append("settings", "gci.toml", "sha256:t", {}) == 7
    assert ledger.append("settings", "gci.toml", "sha256:s", {}) == 8  # back again: it differs from the latest
    found = ledger.find_file("sites", "sha256:x")
    assert found is not None
    assert found.n == 5
    assert ledger.find_file("sites", "sha256:none") is None
    latest = ledger.latest("settings", as_of=7)
    assert latest is not None
    assert latest.digest == "sha256:t"
    assert [e.n for e in ledger.entries(kinds=["settings"], as_of=7)] == [6, 7]


def test_a_folder_with_signs_of_its_own_is_one_folder(ledger: Ledger) -> None:
    assert ledger.append("file", "a_b/x", "sha256:a", {}) == 1
    assert ledger.append("file", "aXb/x", "sha256:a", {}) == 2
    assert ledger.append("file", "a%/x", "sha256:a", {}) == 3
    assert ledger.append("file", "a%/y", "sha256:a", {}) == 3


def test_many_entries_in_one_transaction(ledger: Ledger) -> None:
    items = [
        Item("file", "sites/a.csv", "sha256:a", {}, [PART]),
        Item("file", "sites/b.csv", "sha256:a", {}),  # known by then
        Item("settings", "gci.toml", "sha256:s", {}),
    ]
    assert ledger.append_many(items) == [1, 1, 2]
    assert ledger.append_many(items) == [1, 1, 2]
    assert ledger.append_many([]) == []
    assert [e.n for e in ledger.entries()] == [1, 2]
    assert ledger.entries()[1].previous_head == ledger.entries()[0].head


def test_many_entries_enter_all_or_none(ledger: Ledger) -> None:
    broken = [Item("settings", "gci.toml", "sha256:s", {}), Item("settings", "gci.toml", "sha256:t", {"x": float("nan")})]
    with pytest.raises(ValueError, match="JSON"):
        ledger.append_many(broken)
    twice = {**PART, "month": "2026-01"}
    with pytest.raises(sa.exc.IntegrityError):
        ledger.append_many([Item("file", "sites/a.csv", "sha256:a", {}), Item("file", "sites/b.csv", "sha256:b", {}, [PART, twice])])
    assert ledger.head() == (0, GENESIS)
    assert ledger.part_entries() == set()


def _append(url: str, base: Path, who: int, count: int, gate: Any) -> None:
    ledger = Ledger(url, base)
    gate.wait()
    for number in range(count):
        ledger.append_many([Item("waiver", f"{who}-{number}-{k}", f"sha256:{who}-{number}-{k}", {}) for k in range(2)])


def test_processes_that_append_at_once_never_take_one_number(ledger: Ledger, ledger_url: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(2)
    children = [context.Process(target=_append, args=(ledger_url, tmp_path, who, 10, gate)) for who in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 2
    entries = ledger.entries()
    assert [e.n for e in entries] == list(range(1, 41))
    for before, entry in zip([None, *entries], entries, strict=False):
        assert entry.previous_head == (before.head if before else GENESIS)
        assert entry.expected_head() == entry.head
    assert len({e.name for e in entries}) == 40


def test_time_never_runs_backwards(ledger: Ledger) -> None:
    ledger.append("settings", "a", "sha256:1", {}, at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    ledger.append("settings", "a", "sha256:2", {"bytes": 1}, at=datetime(2026, 3, 1, 11, 59, 59, tzinfo=UTC))
    ledger.append("settings", "a", "sha256:3", {}, at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert [e.at for e in ledger.entries()] == ["2026-03-01T12:00:00Z"] * 3
    assert [e.payload for e in ledger.entries()] == [{}, {"bytes": 1, "clock": "2026-03-01T11:59:59Z"}, {}]
    assert all(e.expected_head() == e.head for e in ledger.entries())


def test_the_moment_of_an_entry(ledger: Ledger) -> None:
    ledger.append("settings", "a", "sha256:1", {}, at=datetime(2026, 3, 1, tzinfo=UTC))
    assert ledger.moment(1) == "2026-03-01T00:00:00Z"
    with pytest.raises(GciError, match="no entry 2"):
        ledger.moment(2)


def test_rows_come_back_in_one_order_and_exactly(ledger: Ledger) -> None:
    rows = [finding(text, seen=FLOATS[n % len(FLOATS)], limit=float(n)) for n, text in enumerate(TEXTS)]
    ledger.replace("2026-01", "t", rows={"finding": rows[::-1]}, as_of=0, code_version="c")
    found = ledger.rows("finding", month="2026-01")
    assert [row["id"] for row in found] == TEXTS == sorted(TEXTS)
    assert [row["seen"] for row in found] == [row["seen"] for row in rows]
    assert {type(row["seen"]) for row in found} == {float}


def test_a_seal_is_the_same_on_every_database(ledger: Ledger) -> None:
    """The digest that manifests keep, worked out here from the rows alone."""
    rows = [finding("b", seen=1 / 3, limit=None), finding("a", seen=-0.0, message_en="cut\0off"), finding("华", seen=5, limit=float("nan"))]
    ledger.replace("2026-01", "t", rows={"finding": rows}, as_of=0, code_version="c")
    by_hand = []
    for id_, seen, text in (("a", 0.0, "cut␀off"), ("b", 1 / 3, "en"), ("华", 5.0, "en")):
        by_hand.append(
            ["2026-01", "t", id_, "S1", "TL01", "flag", "E_DC", "M", seen, None, "1", text, "中文", "[]", None]
        )  # the columns in the order of the table
    text = json.dumps(by_hand, separators=(",", ":"), ensure_ascii=False)
    stored = ledger.manifest("2026-01", "ledger/finding@t")
    assert stored is not None
    assert stored.digest == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    assert ledger.stored_seal("2026-01", "ledger/finding@t") == stored.expected_seal()
    with ledger.read() as connection:
        assert seal(connection, "finding", "2026-01", "t") == stored.digest


def test_replacing_replaces_what_the_step_wrote_and_nothing_else(ledger: Ledger) -> None:
    ledger.replace("2026-01", "t", rows={"finding": [finding("a"), finding("b")]}, as_of=0, code_version="c")
    ledger.replace("2026-01", "u", rows={"finding": [finding("c")]}, as_of=0, code_version="c")
    ledger.replace("2026-01", "t", rows={"finding": [finding("d", site_id="S2")]}, as_of=0, code_version="c")
    assert [row["id"] for row in ledger.rows("finding")] == ["d", "c"]
    assert [row["id"] for row in ledger.rows("finding", site_id="S2")] == ["d"]
    assert [row["id"] for row in ledger.rows("finding", id=["c", "x"])] == ["c"]
    assert ledger.rows("finding", id=[]) == []
    assert ledger.written("finding") == {("2026-01", "t"), ("2026-01", "u")}
    assert ledger.written("verdict") == set()
    ledger.drop_derived()
    assert (ledger.rows("finding"), ledger.manifests(), ledger.written("finding")) == ([], [], set())


def test_a_failed_step_leaves_what_was_there(ledger: Ledger) -> None:
    ledger.replace("2026-01", "t", rows={"finding": [finding("a")]}, as_of=0, code_version="c")
    before = ledger.manifests()
    with pytest.raises(sa.exc.IntegrityError):
        ledger.replace("2026-01", "t", rows={"finding": [finding("b"), finding("b")]}, as_of=1, code_version="d")
    assert [row["id"] for row in ledger.rows("finding")] == ["a"]
    assert ledger.manifests() == before


def manifest(table: str, digest: str, inputs: dict[str, str] | None = None) -> Manifest:
    return Manifest("2026-01", table, digest, "", 0, 0, "c", inputs or {})


@pytest.mark.parametrize(("digest", "left"), [("sha256:a", ["a", "run"]), ("sha256:b", ["a"])])
def test_a_step_that_leaves_something_else_takes_the_seal_of_the_month_away(ledger: Ledger, digest: str, left: Sequence[str]) -> None:
    ledger.replace("2026-01", "run", [manifest("a", "sha256:a"), manifest("run", "sha256:r", {"a": "sha256:a"})], as_of=0, code_version="c")
    ledger.replace("2026-01", "a", [manifest("a", digest)], as_of=0, code_version="c")
    assert [m.table_name for m in ledger.manifests("2026-01")] == left


def test_readers_can_change_nothing(ledger: Ledger) -> None:
    with pytest.raises(GciError, match=r"read-?only"), ledger.read() as connection:
        connection.exec_driver_sql("DELETE FROM entry")


def test_creating_again_changes_nothing(ledger: Ledger) -> None:
    ledger.append("settings", "a", "sha256:1", {})
    head = ledger.head()
    ledger.create()
    assert ledger.head() == head


def test_a_newer_ledger_is_refused(ledger: Ledger) -> None:
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE schema_info SET version = 99")
    for refused in (ledger.check_version, ledger.create):
        with pytest.raises(GciError, match="newer version \\(schema 99"):
            refused()


def test_an_older_ledger_is_read_and_not_written(ledger: Ledger) -> None:
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE schema_info SET version = 1")
        connection.exec_driver_sql("DROP TABLE materiality")
    ledger.check_version()
    assert ledger.written("materiality") == set()
    assert ledger.rows("materiality", month="2026-01") == []
    with pytest.raises(GciError, match="gci upgrade"):
        ledger.create()
    with pytest.raises(GciError, match="gci upgrade"):
        ledger.check_version(writing=True)


def test_a_ledger_that_is_not_there_yet(ledger_url: str, tmp_path: Path) -> None:
    ledger = Ledger(ledger_url, tmp_path)
    ledger.check_version(writing=True)
    assert ledger.version() is None
    with pytest.raises(GciError, match="gci land"):
        ledger.entries()
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_somebody_else_is_left_alone(ledger_url: str, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()
    ledger = Ledger(ledger_url, tmp_path)
    with ledger.write() as connection:
        connection.exec_driver_sql("CREATE TABLE entry (id INTEGER)")
    with pytest.raises(GciError, match="table 'entry' but no 'schema_info'"):
        ledger.create()
