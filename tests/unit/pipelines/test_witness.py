"""The log held against heads that somebody kept: what is confirmed, and which entry is named."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from pipelines.witness import head_problems, witnessed
from resources.errors import UsageError
from resources.ledger import Entry

ENTRIES = [Entry(n, f"2026-01-0{n}T00:00:00Z", "file", f"sites/{n}.csv", "", {}, "", f"sha256:{n:064x}") for n in range(1, 8)]


def head(n: int) -> str:
    return f"sha256:{n:064x}"


OTHER = "sha256:" + "f" * 64


def places(kept: dict[str, int | None], entries: list[Entry] = ENTRIES) -> list[str]:
    return [problem.where.split(" is the first")[0] for problem in head_problems(entries, kept)]


def test_an_honest_log_holds_every_head() -> None:
    assert places({head(3): None, head(5): 5}) == []


@pytest.mark.parametrize(
    ("kept", "place"),
    [
        ({OTHER: None}, "log: head that a witness kept"),
        ({OTHER: 5}, "log: one of the entries 1 to 5"),
        ({OTHER: 5, head(3): 3}, "log: one of the entries 4 to 5"),
        ({OTHER: 5, head(4): None}, "log: entry 5 (file sites/5.csv, 2026-01-05T00:00:00Z)"),
        ({OTHER: 1}, "log: entry 1 (file sites/1.csv, 2026-01-01T00:00:00Z)"),
        ({OTHER: 5, "sha256:" + "e" * 64: 4, head(3): 3}, "log: entry 4 (file sites/4.csv, 2026-01-04T00:00:00Z)"),
        ({OTHER: 4, head(6): 6}, "log: one of the entries 1 to 4"),
    ],
)
def test_the_first_that_differs_is_named_as_narrowly_as_the_heads_allow(kept: dict[str, int | None], place: str) -> None:
    assert places(kept) == [place]


def test_a_truncated_log_ends_before_the_witness() -> None:
    (problem,) = head_problems(ENTRIES[:4], {head(3): 3, head(7): 7})
    assert problem.where.startswith("log: one of the entries 4 to 5 is the first that differs")
    assert problem.seen == "missing: the log ends at entry 4"
    assert places({head(7): None, head(2): None}, ENTRIES[:4]) == ["log: head that a witness kept"]
    assert places({head(1): 1}, []) == ["log: entry 1"]


def test_a_number_that_does_not_belong_to_its_head_is_a_slip() -> None:
    (problem,) = head_problems(ENTRIES, {head(3): 5})
    assert (problem.expected, problem.seen) == ("entry 5", "entry 3 has this head: the log holds it")


def test_heads_are_read_from_digests_files_and_packs(tmp_path: Path) -> None:
    shown = tmp_path / "shown.json"
    shown.write_text(json.dumps({"head_digest": head(2), "log_number": 2, "final": {"entry": 4, "head_digest": head(4)}, "index": 6.0}))
    split = tmp_path / "diff.json"
    split.write_text(json.dumps({"from": {"log_number": 2, "entry": 4, "head_digest": head(4)}}))
    table = tmp_path / "heads.csv"
    table.write_text("n,head\n" + "".join(f"{n},{head(n)}\n" for n in range(1, 4)))
    pack = tmp_path / "pack.zip"
    with zipfile.ZipFile(pack, "w") as archive:
        archive.write(table, "S1-2025-12/heads.csv")
    assert witnessed([head(3), f"5:{head(5)}"]) == {head(3): None, head(5): 5}
    assert witnessed([str(shown)]) == {head(2): 2, head(4): 4}
    assert witnessed([str(split)]) == {head(4): 4}
    assert witnessed([str(table)]) == witnessed([str(pack)]) == {head(n): n for n in range(1, 4)}
    assert witnessed([f"3:{head(3)}", head(3)]) == {head(3): 3}  # a bare digest takes no number away


@pytest.mark.parametrize("wrong", ["sha256:12", f"0:{head(1)}", "nowhere.json", head(1).upper()])
def test_what_is_no_head_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="neither a digest"):
        witnessed([wrong])


def test_a_file_without_a_head_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for text in ("{}", "no json", "[]"):
        path.write_text(text)
        with pytest.raises(UsageError, match="holds no head digest"):
            witnessed([str(path)])
