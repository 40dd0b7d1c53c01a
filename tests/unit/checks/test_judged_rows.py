"""The judged tables as rows: made once, every null None, and by site."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from checks.findings import Judged

FRAME = pd.DataFrame(
    {
        "site_id": pd.Series(["S1", None, "S2", "", "S1"], dtype=object),
        "text": pd.Series(["a", np.nan, None, "", "b"], dtype=object),
        "whole": pd.array([1, None, 3, 4, 5], dtype="Int64"),
        "number": [0.5, np.nan, 1.5, 2.5, 3.5],
        "flag": pd.array([True, None, False, True, True], dtype="boolean"),
        "months": pd.Series([["2026-01"], [], ["2026-02"], [], []], dtype=object),
    }
)


def judged() -> Judged:
    return Judged("2026-03", ("S1", "S2"), {"t": FRAME, "none": FRAME.iloc[:0]}, {})


def test_every_kind_of_null_is_none_and_values_are_plain() -> None:
    rows = judged().rows("t")
    assert rows[1] == {"site_id": None, "text": None, "whole": None, "number": None, "flag": None, "months": []}
    assert rows[0] == {"site_id": "S1", "text": "a", "whole": 1, "number": 0.5, "flag": True, "months": ["2026-01"]}
    assert [type(value) for value in rows[0].values()] == [str, str, int, float, bool, list]
    assert judged().rows("none") == []


def test_rows_of_a_site_and_of_nobody() -> None:
    world = judged()
    assert [row["text"] for row in world.of_site("t", "S1")] == ["a", "b"]
    assert [row["text"] for row in world.of_site("t", None)] == [None, ""]
    assert world.of_site("t", "S9") == world.of_site("none", "S1") == []


def test_a_frame_is_read_once_and_another_world_reads_its_own() -> None:
    world = judged()
    assert world.rows("t") is world.rows("t")
    assert world.of_site("t", "S2")[0] is world.rows("t")[2]
    other = replace(world, tables={"t": FRAME.iloc[2:3]})
    assert [row["text"] for row in other.rows("t")] == [None]
