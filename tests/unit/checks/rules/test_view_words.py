"""What rules share when they write for people, and what members of a virtual meter carry."""

from __future__ import annotations

import pytest

from checks.rules.view import amount, apart, by_key, listed, moment, percent, refs, rows_counted, several, shares_of, sides_reached


@pytest.mark.parametrize(
    ("quantity", "medium", "written"),
    [
        (1_300_000, "electricity", "1,300 kWh"),  # Wh
        (1_300_000, "heat", "1,300 kWh"),
        (1_300, "water", "1,300 L"),  # L
        (1_300_000, "diesel", "1,300 L"),  # mL
        (1_300_000, "natural_gas", "1,300 Nm3"),  # normal L
    ],
)
def test_quantities_are_written_in_the_unit_of_people(quantity: int, medium: str, written: str) -> None:
    assert amount(quantity, medium) == written


def test_numbers_show_on_which_side_of_a_limit_they_lie() -> None:
    assert [apart(2.0), apart(2.04), apart(1.8004, 1.8, 2), apart(1.84, 1.8, 2)] == ["2", "2.0", "1.8004", "1.84"]
    assert [percent(0.9), percent(0.8996, 0.9), percent(0.673)] == ["90 %", "89.96 %", "67.3 %"]


def test_words_for_one_and_for_several() -> None:
    assert [several(1, "glitch", "glitches"), several(2, "glitch", "glitches"), several(1_000, "row")] == [
        "1 glitch",
        "2 glitches",
        "1,000 rows",
    ]
    assert [listed("abcde"), listed("abcdef"), listed(["x", "y", "z"], 2)] == ["a, b, c, d, e", "a, b, c, d, e … (+1)", "x, y … (+1)"]


def test_rows_are_named_and_counted() -> None:
    rows = [{"entry": 1, "source_row": n, "seen": 2} for n in range(7)]
    assert refs(rows) == ((1, 0), (1, 1), (1, 2), (1, 3), (1, 4))
    assert refs([{"entry": None, "source_row": 3}, {"entry": 4, "source_row": None}, {"entry": 4, "source_row": 5}]) == ((4, 5),)
    assert rows_counted(rows) == 14
    assert moment("Asia/Shanghai", 0) == "1970-01-01T08:00:00+08:00"
    assert moment("Asia/Shanghai", None) == "?"
    assert list(by_key([{"k": "b", "n": 1}, {"k": "a", "n": 2}, {"k": "b", "n": 3}], "k").items()) == [
        ("a", [{"k": "a", "n": 2}]),
        ("b", [{"k": "b", "n": 1}, {"k": "b", "n": 3}]),
    ]


def test_a_member_of_a_virtual_meter_carries_what_it_does(world, rows) -> None:  # type: ignore[no-untyped-def]
    members = [
        {"site_id": "HL01", "meter_id": "A-I", "member": "A-M", "rest": False},
        {"site_id": "HL01", "meter_id": "A-Z", "member": "A-N"},
    ]
    judged = world({"members": members})
    known = shares_of(judged, "HL01", "E_IT")
    assert known["A-M"] == known["A-I"] > 0
    assert "A-N" not in known  # nothing is known of A-Z
    assert sides_reached(judged, "HL01")["A-M"] == sides_reached(judged, "HL01")["A-I"] == ["E_IT"]
    assert "A-N" not in sides_reached(judged, "HL01")
    assert "A-M" not in shares_of(world(without=("members",)), "HL01", "E_IT")
