"""The command line's promises: documented, quick to start, JSON with the keys of the contract."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.reference import commands_markdown
from tests.pipeline.hand_made import make_home

ROOT = Path(__file__).resolve().parents[2]

RESULT_KEYS = {
    "entity_id", "entity_kind", "month", "window", "months_in_window", "revision", "state", "log_number", "head_digest", "edition",
    "edition_digest", "index", "index_low", "index_high", "core", "bonus", "grade", "grade_from_score", "binding_cap", "weight_coverage",
    "pillars", "indicators", "claims_open", "pending_mwh", "index_if_pending_cancelled", "findings", "output_digest",
}  # fmt: skip
INDICATOR_KEYS = {
    "code", "name", "value", "unit", "score", "weight", "status", "numerator", "denominator", "numerator_unit", "denominator_unit",
    "coverage", "estimated_share", "low", "high", "rules_failed", "input_digest", "category", "quality_tier", "beside",
}  # fmt: skip
FINDING_KEYS = {"id", "code", "severity", "subject", "seen", "limit", "message", "because_of"}


def test_the_commands_page_is_what_the_command_line_says() -> None:
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == commands_markdown()


def test_show_has_every_key_of_the_contract(computed_home: Path, gci_json: Any) -> None:
    payload = gci_json("show", "S1", "2026-01", "--home", computed_home)
    assert set(payload) >= RESULT_KEYS
    assert len(payload["indicators"]) == 19
    assert all(set(item) >= INDICATOR_KEYS for item in payload["indicators"])
    assert all(set(item) >= FINDING_KEYS for item in payload["findings"])
    assert set(payload["pillars"]) == {"safe_efficient", "green_low_carbon", "smart_management", "lifecycle"}
    assert payload["head_digest"].startswith("sha256:")
    assert (payload["revision"], payload["state"], payload["window"]) == (1, "provisional", "ttm")


def test_status_has_every_key_of_the_contract(computed_home: Path, gci_json: Any) -> None:
    (row,) = gci_json("status", "--home", computed_home)["rows"]
    assert set(row) >= {"site_id", "month", "state", "coverage", "missing_feeds", "findings", "blocks"}
    assert (row["site_id"], row["month"], row["coverage"]) == ("S1", "2026-01", 1.0)
    assert "devices" in row["missing_feeds"]


def test_score_needs_no_home(tmp_path: Path, gci_json: Any) -> None:
    path = tmp_path / "values.csv"
    path.write_text("entity_id,code,value,status\nX,D1,1.30,\nX,E1,0.80,\n", encoding="utf-8")
    (entity,) = gci_json("score", "--values", path, "--on", "2026-03-31")["entities"]
    assert set(entity) >= {
        "entity_id", "index", "index_low", "index_high", "core", "bonus", "grade", "grade_from_score", "binding_cap", "weight_coverage",
        "pillars", "scores",
    }  # fmt: skip
    # D1 at 1.30 scores 60 of weight 16, E1 at 0.80 scores 90 of weight 12, everything else is missing
    assert entity["index"] == pytest.approx((16 * 60 + 12 * 90) / 100)
    assert entity["weight_coverage"] == pytest.approx(0.28)
    assert entity["grade"] is None


@pytest.mark.parametrize("command", [("show", "S1", "2026-01"), ("status",), ("check", "S1", "2026-01"), ("trace", "S1", "2026-01", "D1")])
def test_reading_commands_import_no_heavy_library(computed_home: Path, command: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom pipelines.cli.main import main\n"
        "main(sys.argv[1:])\n"
        "heavy = {'dagster', 'pandas', 'pandera'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command, "--home", str(computed_home)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_score_imports_no_heavy_library(tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    path.write_text("entity_id,code,value,status\nX,D1,1.30,\n", encoding="utf-8")
    code = (
        "import sys\nfrom pipelines.cli.main import main\nmain(sys.argv[1:])\n"
        "sys.exit(str({'dagster', 'pandas', 'pandera'} & set(sys.modules) or '') or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "score", "--values", str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_the_settings_template_is_itself_valid(tmp_path: Path, gci: Any) -> None:
    """Every commented key of the template is a known one."""
    assert gci("init", tmp_path / "home")[0] == 0
    path = tmp_path / "home" / "gci.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text(
        "\n".join(line.removeprefix("# ") if "=" in line or line.startswith("# [") else line for line in lines), encoding="utf-8"
    )
    status, _, err = gci("status", "--home", tmp_path / "home")
    assert status == 0, err


def test_help_lists_every_command(gci: Any) -> None:
    status, out, _ = gci("--help")
    assert status == 0
    for command in ("init", "demo", "land", "run", "backfill", "status", "show", "check", "trace", "score", "verify", "report", "ui"):
        assert command in out


def test_a_month_that_was_landed_and_not_computed_waits(tmp_path: Path, gci: Any, gci_json: Any) -> None:
    home = make_home(tmp_path / "home", ("2026-01", "2026-02"))
    gci("land", "--home", home.root)
    # March holds only the two readings that close February
    assert gci_json("status", "--home", home.root) == {"rows": [], "not_computed": ["2026-01", "2026-02"]}
