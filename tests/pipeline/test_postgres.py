"""A home whose ledger is on PostgreSQL computes what one on SQLite does, digest for digest, and its URL is nowhere in the home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resources.home import Home
from tests.pipeline.hand_made import make_home

SEALED = ("finding", "verdict", "indicator_value", "materiality")  # a result states the head of its log, whose entries have their own times


@pytest.mark.long
def test_a_month_on_postgresql_equals_one_on_sqlite(
    computed_home: Path, tmp_path: Path, postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch, gci: Any, gci_json: Any
) -> None:
    url = postgres()
    monkeypatch.setenv("GCI_LEDGER", url)
    home = make_home(tmp_path / "home")
    (home.root / "ledger.db").unlink()
    (home.root / "gci.toml").write_text('ledger_env = "GCI_LEDGER"\n', encoding="utf-8")
    home = Home.open(home.root)
    assert gci("run", "2026-01", "--home", home.root)[0] == 3
    assert not (home.root / "ledger.db").exists()
    expected = Home.open(computed_home).ledger
    manifests = {m.table_name: (m.digest, m.rows, m.as_of) for m in home.ledger.manifests() if not m.table_name.startswith("ledger/result")}
    assert manifests == {
        m.table_name: (m.digest, m.rows, m.as_of) for m in expected.manifests() if not m.table_name.startswith("ledger/result")
    }
    assert all(any(name.startswith(f"ledger/{table}@") for name in manifests) for table in SEALED)
    for table in SEALED:
        assert home.ledger.rows(table) == expected.rows(table)
    digests = [[row["output_digest"] for row in ledger.rows("result")] for ledger in (home.ledger, expected)]
    assert digests[0] == digests[1]
    assert gci("verify", "--home", home.root)[0] == 0
    ours, theirs = (gci_json("show", "S1", "2026-01", "--home", root) for root in (home.root, computed_home))
    assert ours["output_digest"] == theirs["output_digest"]
    again = gci_json("backfill", "2026-01", "2026-01", "--home", home.root)
    assert [m["outcome"] for m in again["months"]] == ["unchanged"]
    hidden = url.encode()
    assert [path for path in home.root.rglob("*") if path.is_file() and hidden in path.read_bytes()] == []
