"""A home to land files in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from resources.home import Home

Drop = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "landing").mkdir()
    (tmp_path / "gci.toml").write_text('first_month = "2025-01"\n', encoding="utf-8")
    made = Home.open(tmp_path)
    made.ledger.create()
    return made


@pytest.fixture
def drop(home: Home) -> Drop:
    """Drop a file: ``drop('meters/a.csv', 'meter_id,…')``, text as UTF-8 unless an encoding is named."""

    def write(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = home.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write
