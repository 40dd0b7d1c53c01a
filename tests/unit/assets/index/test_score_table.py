"""``gci score``: what a table gives, and what is said when it is wrong."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from assets.edition.tree import Edition
from assets.index.score_table import score_table
from resources.errors import GciError, UsageError

DAY = date(2026, 3, 31)
ROOT = Path(__file__).resolve().parents[4]
SECOND = {
    "A1": "24", "A2": "20000", "A3": "0.80", "A4": "0.70", "B1": "0.71", "B2": "0.52", "B3": "0.36", "C1": "0.75", "D1": "1.29",
    "D2": "1.4", "E1": "0.62", "E2": "0.434", "F1": "0.30", "F2": "14", "G1": "0.80", "H1": "0.6666666666666666", "J1": "1", "J2": "0.75",
    "K1": "0.35",
}  # fmt: skip


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "values.csv"
    path.write_bytes(text.encode(encoding))
    return path


def table(values: dict[str, str], entity: str = "X1", header: str = "entity_id,code,value,status", tail: str = ",") -> str:
    return header + "\n" + "".join(f"{entity},{code},{value}{tail}\n" for code, value in values.items())


def only(folder: Path, edition: Edition, text: str, encoding: str = "utf-8", on: date = DAY) -> dict[str, Any]:
    entities = score_table(write(folder, text, encoding), edition, on)["entities"]
    assert len(entities) == 1
    found: dict[str, Any] = entities[0]
    return found


def test_the_second_month(tmp_path: Path, edition: Edition) -> None:
    answer = score_table(write(tmp_path, table(SECOND)), edition, DAY)
    assert (answer["on"], answer["edition"], answer["edition_digest"]) == ("2026-03-31", "whitepaper-2024.1", edition.digest)
    entity = answer["entities"][0]
    assert set(entity) >= {
        "entity_id", "index", "index_low", "index_high", "core", "bonus", "grade", "grade_from_score", "binding_cap", "weight_coverage",
        "pillars", "scores",
    }  # fmt: skip
    assert entity["index"] == pytest.approx(75.312052452, abs=1e-9)
    assert (entity["grade"], entity["binding_cap"], entity["weight_coverage"]) == ("2", None, 1.0)
    assert entity["scores"]["D1"] == pytest.approx(62)
    assert set(entity["scores"]) == set(edition.codes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_and_chinese_headers(tmp_path: Path, edition: Edition, encoding: str) -> None:
    text = "站点编号,指标代码,数值,状态\n怀来一号,D1,1.29,实测\n怀来一号,E1,,未报送\n怀来一号,D2,,不适用\n"
    entity = only(tmp_path, edition, text, encoding)
    assert entity["entity_id"] == "怀来一号"
    assert entity["statuses"]["D1"] == "measured"
    assert entity["statuses"]["D2"] == "not_applicable"
    assert entity["statuses"]["E1"] == "not_reported"


def test_blank_status_follows_the_value(tmp_path: Path, edition: Edition) -> None:
    entity = only(tmp_path, edition, "entity_id,code,value\nX1,D1,1.29\nX1,D2,\n")
    assert (entity["statuses"]["D1"], entity["statuses"]["D2"], entity["statuses"]["E1"]) == ("measured", "not_reported", "not_reported")
    assert entity["values"]["D2"] is None
    assert entity["grade"] is None
    assert "E1" in entity["grade_missing"]["needs"]


def test_not_applicable_leaves_the_mean(tmp_path: Path, edition: Edition) -> None:
    entity = only(tmp_path, edition, table({**SECOND, "D2": ""}).replace("X1,D2,,", "X1,D2,,not_applicable"))
    assert entity["index"] == pytest.approx(75.153288296, abs=1e-9)
    assert entity["scores"]["D2"] is None


def test_rows_in_any_order_and_entities_by_name(tmp_path: Path, edition: Edition) -> None:
    lines = table(SECOND, "B").splitlines() + table({**SECOND, "D1": "1.5"}, "A").splitlines()[1:]
    one = score_table(write(tmp_path, "\n".join(lines)), edition, DAY)
    other = score_table(write(tmp_path, "\n".join([lines[0], *reversed(lines[1:])])), edition, DAY)
    assert one == other
    assert [e["entity_id"] for e in one["entities"]] == ["A", "B"]


def test_unbounded(tmp_path: Path, edition: Edition) -> None:
    entity = only(tmp_path, edition, table({**SECOND, "F2": "unbounded"}))
    assert (entity["scores"]["F2"], entity["values"]["F2"]) == (100.0, None)
    with pytest.raises(GciError, match="A1 value 'unbounded' is no number"):
        only(tmp_path, edition, table({**SECOND, "A1": "unbounded"}))


STRONG = dict.fromkeys(SECOND, "1") | {"A1": "100", "A2": "20000", "D1": "1.15", "D2": "0.4", "E1": "0.79", "F1": "0.05", "F2": "90"}
HUB = "entity_id,code,value,hub"


@pytest.mark.parametrize(
    ("header", "tail", "on", "grade"),
    [
        (HUB, ",张家口", DAY, "2"),
        (HUB, ",", DAY, "1"),
        (HUB, ",no", DAY, "1"),
        (HUB, ",否", DAY, "1"),
        (HUB, ",张家口", date(2025, 11, 30), "1"),
        (f"{HUB},commissioned_on", ",张家口,2023-05-01", DAY, "1"),
        (f"{HUB},commissioned_on", ",张家口,2024-05-01", DAY, "2"),
        (f"{HUB},geography", ",yes,SG", DAY, "1"),
        (f"{HUB},design_power_kw", ",yes,200", DAY, "1"),
        (f"{HUB},kind", ",yes,cluster", DAY, "1"),
    ],
)
def test_facts_of_the_entity(tmp_path: Path, edition: Edition, header: str, tail: str, on: date, grade: str) -> None:
    entity = only(tmp_path, edition, table(STRONG, header=header, tail=tail), on=on)
    assert entity["grade_from_score"] == "1"
    assert entity["grade"] == grade


def test_facts_may_stand_in_one_row_only(tmp_path: Path, edition: Edition) -> None:
    text = table(STRONG, header=HUB).replace("X1,E1,0.79,", "X1,E1,0.79,张家口")
    assert only(tmp_path, edition, text)["binding_cap"] == "hub, E1 < 0.80"


def test_design_power_is_that_of_a2(tmp_path: Path, edition: Edition) -> None:
    high = {**STRONG, "D1": "1.31", "E1": "1"}
    assert only(tmp_path, edition, table(high))["binding_cap"] == "PUE > 1.30"
    assert only(tmp_path, edition, table({**high, "A2": "240"}))["binding_cap"] is None


def test_category_and_stage(tmp_path: Path, edition: Edition) -> None:
    text = table({**STRONG, "D1": "1.31"}, header="entity_id,code,value,category").replace("X1,D1,1.31,", "X1,D1,1.31,mixed")
    assert only(tmp_path, edition, text)["binding_cap"] is None
    planned = only(tmp_path, edition, table(STRONG, header="entity_id,code,value,stage", tail=",planning"))
    assert planned["grade"] is None
    assert planned["statuses"]["D1"] == "not_applicable"


HEAD = "entity_id,code,value,status\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "values.csv is empty"),
        ("\n \n", "values.csv is empty"),
        ("\nentity_id,code,value\nX1,D1,1.2\n", "has no column 'entity_id'. Its columns are"),
        (HEAD, "has no rows"),
        ("entity,code,value\nX1,D1,1.2\n", r"has no column 'entity_id'\. Is 'entity' meant\?"),
        ("entity_id,code,value,value\nX1,D1,1.2,1.2\n", "the column 'value' twice"),
        (HEAD + "X1,D1,1.29,\nX1,D1,1.30,\n", "row 3: D1 of X1 is given twice"),
        (HEAD + ",D1,1.29,\n", "row 2: entity_id is blank"),
        (HEAD + "X1,PUE,1.29,\n", "row 2: unknown indicator 'PUE' in edition whitepaper-2024.1"),
        (HEAD + "X1,d1,1.29,\n", r"unknown indicator 'd1' .*Did you mean 'D1'\?"),
        (HEAD + "X1,D3,1.29,\n", r"Did you mean 'D1' or 'D2'\?"),
        (HEAD + "X1,D1,good,\n", "row 2: D1 value 'good' is no number"),
        (HEAD + "X1,E1,62%,\n", r"E1 value '62%' is no number\. Write 0\.85 for 85 %"),
        (HEAD + 'X1,A2,"20,000",\n', "A2 value '20,000' is no number. Write digits"),
        (HEAD + "X1,A2,20_000,\n", "is no number"),
        (HEAD + "X1,A2,20,000,\n", "row 2 has 5 cells under 4 columns"),
        (HEAD + "X1,D1,nan,\n", "is no number"),
        (HEAD + "X1,D1,inf,\n", "is no number"),
        (HEAD + "X1,B2,1.2,\n", r"B2 IT load factor is 1\.2, but can only be 0 to 1"),
        (HEAD + "X1,D1,0.9,\n", r"D1 PUE is 0\.9, but can only be at least 1"),
        (HEAD + "X1,E1,62,\n", r"E1 Renewable share is 62, but can only be 0 to 1 \(1\)\. Write 0\.62 for 62 %"),
        (HEAD + "X1,D1,1.29,mesured\n", r"unknown status 'mesured'\. Did you mean 'measured'\?"),
        (HEAD + "X1,D1,1.29,not_reported\n", "D1 has the value '1.29' and the status not_reported"),
        (HEAD + "X1,D1,,measured\n", "D1 is measured but has no value"),
        ("entity_id,code,value,hub\nX1,D1,1.29,a\nX1,D2,1.4,b\n", "row 3: hub of X1 is 'b' here and 'a' above"),
        ("entity_id,code,value,commissioned_on\nX1,D1,1.29,2024/5/1\n", "commissioned_on '2024/5/1' is no date"),
        ("entity_id,code,value,design_power_kw\nX1,D1,1.29,big\n", "design_power_kw 'big' is no number"),
        ("entity_id,code,value,kind\nX1,D1,1.29,fleet\n", "kind 'fleet' is neither site nor cluster"),
        ('entity_id,code,value\nX1,D1,"1.29\n', "can't be read as CSV"),
        ("%PDF-1.7\0\n", "is no CSV text"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, edition: Edition, text: str, message: str) -> None:
    with pytest.raises(GciError, match=message):
        score_table(write(tmp_path, text), edition, DAY)


def test_no_such_file_is_a_usage_error(tmp_path: Path, edition: Edition) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        score_table(tmp_path / "absent.csv", edition, DAY)
    with pytest.raises(UsageError, match="can't be read"):
        score_table(tmp_path, edition, DAY)


def test_bytes_that_are_no_text(tmp_path: Path, edition: Edition) -> None:
    path = tmp_path / "values.csv"
    path.write_bytes(b"\xff\xff\xff")
    with pytest.raises(GciError, match="no text in UTF-8 or GB18030"):
        score_table(path, edition, DAY)


def test_scoring_loads_no_heavy_library() -> None:
    code = "import sys, assets.index.score_table, assets.edition.load, assets.index.payload; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert not {"pandas", "numpy", "polars", "pandera", "dagster", "scipy", "sqlalchemy"} & set(loaded)
