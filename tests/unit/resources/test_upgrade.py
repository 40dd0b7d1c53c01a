"""A home of the first release, built here by hand, becomes what a new one is, and keeps every row."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.cli.main import main
from resources.errors import GciError
from resources.ledger import GENESIS, Entry, Ledger
from resources.migrations.upgrade import run_versions, upgrade
from resources.schema import METADATA, SCHEMA_VERSION

# as release 0.1.0 made it; {T} and {I} are what the database calls text and whole numbers
FIRST = """
CREATE TABLE schema_info (version {I} NOT NULL, PRIMARY KEY (version));
CREATE TABLE entry (n {I} NOT NULL, at {T} NOT NULL, kind {T} NOT NULL, name {T} NOT NULL, digest {T} NOT NULL, payload {T} NOT NULL,
  previous_head {T} NOT NULL, head {T} NOT NULL, PRIMARY KEY (n));
CREATE TABLE part (entry {I} NOT NULL, feed {T} NOT NULL, month {T} NOT NULL, digest {T} NOT NULL, file_digest {T} NOT NULL,
  rows {I} NOT NULL, PRIMARY KEY (entry, month), FOREIGN KEY(entry) REFERENCES entry (n));
CREATE TABLE manifest (month {T} NOT NULL, table_name {T} NOT NULL, digest {T} NOT NULL, file_digest {T} NOT NULL, rows {I} NOT NULL,
  as_of {I} NOT NULL, code_version {T} NOT NULL, inputs {T} NOT NULL, seal {T} NOT NULL, PRIMARY KEY (month, table_name));
CREATE TABLE finding (month {T} NOT NULL, table_name {T} NOT NULL, id {T} NOT NULL, site_id {T} NOT NULL, code {T} NOT NULL,
  severity {T} NOT NULL, quantity {T} NOT NULL, subject {T} NOT NULL, seen {F}, "limit" {F}, unit {T} NOT NULL,
  message_en {T} NOT NULL, message_zh {T} NOT NULL, rows_ref {T} NOT NULL, because_of {T}, PRIMARY KEY (month, table_name, id));
CREATE TABLE verdict (month {T} NOT NULL, table_name {T} NOT NULL, site_id {T} NOT NULL, quantity {T} NOT NULL, rule {T} NOT NULL,
  outcome {T} NOT NULL, severity {T} NOT NULL, reason {T} NOT NULL, judged {T} NOT NULL,
  PRIMARY KEY (month, table_name, site_id, quantity, rule));
CREATE TABLE indicator_value (month {T} NOT NULL, table_name {T} NOT NULL, entity_id {T} NOT NULL, "window" {T} NOT NULL,
  code {T} NOT NULL, entity_kind {T} NOT NULL, status {T} NOT NULL, value {F}, payload {T} NOT NULL,
  PRIMARY KEY (month, table_name, entity_id, "window", code));
CREATE TABLE result (month {T} NOT NULL, table_name {T} NOT NULL, entity_id {T} NOT NULL, "window" {T} NOT NULL, entity_kind {T} NOT NULL,
  state {T} NOT NULL, index_value {F}, grade {T} NOT NULL, log_number {I} NOT NULL, output_digest {T} NOT NULL, payload {T} NOT NULL,
  PRIMARY KEY (month, table_name, entity_id, "window"));
INSERT INTO schema_info (version) VALUES (1);
"""
MATERIALITY = """
CREATE TABLE materiality (month {T} NOT NULL, table_name {T} NOT NULL, id {T} NOT NULL, site_id {T} NOT NULL, quantity {T} NOT NULL,
  quantity_low {F}, quantity_high {F}, unit {T} NOT NULL, indicators {T} NOT NULL, index_low {F}, index_high {F},
  reason_en {T} NOT NULL, reason_zh {T} NOT NULL, PRIMARY KEY (month, table_name, id));
"""
ROWS = """
INSERT INTO part VALUES (1, 'sites', '', 'sha256:p', 'sha256:q', 7);
INSERT INTO finding VALUES ('2026-01', 't', 'f1', 'S1', 'TL01', 'flag', 'E_DC', 'M', 0.1, NULL, '1', 'en', '中文', '[]', NULL);
"""
TYPES = {
    "sqlite": {"T": "TEXT", "I": "INTEGER", "F": "FLOAT"},
    "postgresql": {"T": 'TEXT COLLATE "C"', "I": "BIGINT", "F": "DOUBLE PRECISION"},
}


def first_release(url: str, base: Path, *, materiality: bool) -> Ledger:
    """A ledger of schema 1 with one entry, one part and one finding."""
    if url.startswith("sqlite"):
        (base / "ledger.db").touch()
    ledger = Ledger(url, base)
    types = TYPES[ledger.kind]
    entry = Entry(1, "2026-02-01T00:00:00Z", "file", "sites/a.csv", "sha256:a", {"rows": 7}, GENESIS, "")
    with ledger.write() as connection:
        for statement in (FIRST + (MATERIALITY if materiality else "")).split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement.format(**types))
        connection.execute(
            sa.text("INSERT INTO entry VALUES (1, :at, 'file', 'sites/a.csv', 'sha256:a', '{\"rows\"\\:7}', :previous, :head)"),
            {"at": entry.at, "previous": GENESIS, "head": entry.expected_head()},
        )
        for statement in ROWS.strip().splitlines():
            connection.exec_driver_sql(statement.rstrip(";"))
    return ledger


def schema_of(ledger: Ledger) -> dict[str, Any]:
    """Every table as the database itself describes it: columns in order, types, collations, nulls, keys."""
    with ledger.read() as connection:
        found = sa.inspect(connection)
        return {
            table: {
                "columns": [(c["name"], str(c["type"]), getattr(c["type"], "collation", None), c["nullable"], c["default"])
                            for c in found.get_columns(table)],
                "key": found.get_pk_constraint(table)["constrained_columns"],
                "foreign": [(k["constrained_columns"], k["referred_table"], k["referred_columns"]) for k in found.get_foreign_keys(table)],
                "unique": found.get_unique_constraints(table),
                "indexes": found.get_indexes(table),
            }
            for table in sorted(found.get_table_names())
        }  # fmt: skip


@pytest.fixture
def newest(ledger_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """The schema of a new home on the same kind of database."""
    url = ledger_url if ledger_url.startswith("sqlite") else request.getfixturevalue("postgres")()
    (tmp_path / "new").mkdir()
    ledger = Ledger(url, tmp_path / "new")
    ledger.create()
    return schema_of(ledger)


def test_a_new_ledger_has_the_declared_tables(newest: dict[str, Any], ledger_url: str) -> None:
    assert set(newest) == set(METADATA.tables)
    texts = [column for table in newest.values() for column in table["columns"] if column[1].startswith("TEXT")]
    assert len(texts) > 50
    assert {column[2] for column in texts} == {None if ledger_url.startswith("sqlite") else "C"}


@pytest.mark.parametrize("materiality", [False, True])
def test_an_older_home_becomes_what_a_new_one_is(ledger_url: str, tmp_path: Path, newest: dict[str, Any], materiality: bool) -> None:
    ledger = first_release(ledger_url, tmp_path, materiality=materiality)
    assert ledger.version() == 1
    before, entries, found = schema_of(ledger), ledger.entries(), ledger.rows("finding")
    done = upgrade(ledger)
    assert done is not None
    assert (done.before, done.after) == (1, SCHEMA_VERSION)
    assert schema_of(ledger) == newest
    assert before != newest
    assert ledger.entries() == entries
    assert entries[0].head == entries[0].expected_head()
    assert (ledger.rows("finding"), found[0]["seen"]) == (found, 0.1)
    assert [p.rows for p in ledger.parts_of(1)] == [7]
    assert ledger.revision() == f"{SCHEMA_VERSION:04d}"
    ledger.create()
    assert ledger.append("settings", "gci.toml", "sha256:s", {}) == 2
    again = upgrade(ledger)
    assert again is not None
    assert (again.before, again.after, again.copy) == (SCHEMA_VERSION, SCHEMA_VERSION, None)


def test_all_versions_one_after_the_other_make_a_new_ledger(ledger_url: str, tmp_path: Path, newest: dict[str, Any]) -> None:
    (tmp_path / "ledger.db").touch()
    ledger = Ledger(ledger_url, tmp_path)
    with ledger.write() as connection:
        run_versions(connection, 0)
    assert schema_of(ledger) == newest
    assert ledger.version() == SCHEMA_VERSION


def test_a_failed_upgrade_changes_nothing(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = first_release(ledger_url, tmp_path, materiality=False)
    before = schema_of(ledger)

    def broken(connection: sa.Connection, version: int) -> None:
        run_versions(connection, version)
        connection.exec_driver_sql("INSERT INTO no_such_table VALUES (1)")

    monkeypatch.setattr("resources.migrations.upgrade.run_versions", broken)
    with pytest.raises(GciError, match="no_such_table"):
        upgrade(ledger)
    assert schema_of(ledger) == before
    assert ledger.version() == 1


def test_a_newer_one_is_refused_and_an_absent_one_is_nothing_to_do(ledger_url: str, tmp_path: Path) -> None:
    ledger = Ledger(ledger_url, tmp_path)
    assert upgrade(ledger) is None
    ledger.create()
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE schema_info SET version = 99")
    with pytest.raises(GciError, match="newer version"):
        upgrade(ledger)


@pytest.fixture
def older_home(tmp_path: Path) -> Path:
    (tmp_path / "landing" / "sites").mkdir(parents=True)
    first_release("sqlite:///ledger.db", tmp_path, materiality=False)
    return tmp_path


def test_the_command_says_from_what_to_what_and_keeps_a_copy(older_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["upgrade", "--home", str(older_home)]) == 0
    assert f"from schema 1 to {SCHEMA_VERSION}" in capsys.readouterr().out
    (copy,) = older_home.glob("ledger.schema-1.*.db")
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT version FROM schema_info").fetchall() == [(1,)]
        assert connection.execute("SELECT count(*) FROM entry").fetchall() == [(1,)]
    connection.close()
    assert main(["upgrade", "--home", str(older_home)]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert len(list(older_home.glob("ledger.schema-*"))) == 1


@pytest.mark.parametrize("command", [["land"], ["run", "2026-01"], ["backfill", "2026-01", "2026-01"], ["report"]])
def test_what_writes_asks_for_the_upgrade_first(older_home: Path, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    assert main([*command, "--home", str(older_home)]) == 1
    assert "Run 'gci upgrade'" in capsys.readouterr().err
    assert Ledger("sqlite:///ledger.db", older_home).version() == 1


def test_an_older_home_can_be_read(older_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--home", str(older_home)]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", [["upgrade"], ["status"], ["verify"], ["land"], ["show", "S1", "2026-01"]])
def test_every_command_refuses_a_newer_ledger(older_home: Path, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    with Ledger("sqlite:///ledger.db", older_home).write() as connection:
        connection.exec_driver_sql("UPDATE schema_info SET version = 99")
    assert main([*command, "--home", str(older_home)]) == 1
    assert "newer version" in capsys.readouterr().err


def test_a_home_without_a_ledger_has_nothing_to_upgrade(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "landing").mkdir()
    assert main(["upgrade", "--home", str(tmp_path)]) == 0
    assert "no ledger" in capsys.readouterr().out


def test_the_versions_are_a_chain_to_the_newest() -> None:
    names = sorted(path.name for path in (Path(__file__).parents[3] / "resources/migrations/versions").glob("v*.py"))
    assert [name[1:5] for name in names] == [f"{n:04d}" for n in range(1, SCHEMA_VERSION + 1)]
