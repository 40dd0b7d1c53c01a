"""A ledger that is older than one of its tables: read without it, and given it when it is next opened for writing."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.errors import GciError
from resources.ledger import Ledger


@pytest.fixture
def older(tmp_path: Path) -> Ledger:
    made = Ledger("sqlite:///ledger.db", tmp_path)
    made.create()
    made.append("file", "sites/a.csv", "sha256:a", {})
    with made.write() as connection:
        connection.exec_driver_sql("DROP TABLE materiality")
    return made


def test_nothing_was_written_to_a_table_that_is_not_there(older: Ledger) -> None:
    assert older.written("materiality") == set()
    assert older.written("finding") == set()


def test_it_gets_the_table_and_keeps_its_log(older: Ledger) -> None:
    head = older.head()
    older.create()
    older.replace("2026-01", "index/site_index", rows={"materiality": []}, as_of=1, code_version="c")
    assert older.rows("materiality", month="2026-01") == []
    assert older.head() == head


def test_the_moment_of_an_entry(older: Ledger) -> None:
    assert older.moment(1).endswith("Z")
    with pytest.raises(GciError, match="no entry 2"):
        older.moment(2)
