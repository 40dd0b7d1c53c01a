"""BD01, BD02, BD05, CT08 and TL01 where meters are virtual or shared."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from checks.findings import Finding, NotChecked
from checks.rules.boundary import counted_once, placed, registered
from checks.rules.composition import NOWHERE, TWICE
from checks.rules.content import falling
from checks.rules.timeliness import completeness, silent_root

HOUR = 3600
FACTS = {"site_id": "HL01", "expected_s": 744 * HOUR, "n_landed": 0}


def said(findings: list[Finding] | NotChecked) -> list[tuple[str, str, str]]:
    assert isinstance(findings, list)
    return [(f.subject, f.severity, f.quantity) for f in findings]


def fault(what: str, side: str = "E_DC", meter: str = "A-V", other: str = "A-X") -> dict[str, str]:
    return {"site_id": "HL01", "side": side, "what": what, "meter_id": meter, "other_id": other}


def member(name: str = "A-X", meter: str = "A-V", rest: float = 0) -> dict[str, object]:
    return {"site_id": "HL01", "meter_id": meter, "member": name, "rest": rest}


@pytest.mark.parametrize(("rule", "words"), [(placed, NOWHERE), (counted_once, TWICE)])
def test_every_bad_definition_withholds_its_side_and_says_what_to_correct(world, rule, words) -> None:  # type: ignore[no-untyped-def]
    for what in words:
        found = rule(world({"topology_faults": [fault(what)]}), "HL01")
        assert said(found) == [("A-V", "withhold", "E_DC")], what
        assert found[0].code == {placed: "BD02", counted_once: "BD05"}[rule]
        assert (found[0].limit, found[0].unit) == (0.0, "faults" if rule is placed else found[0].unit)
        assert re.search(r"E_DC is withheld.* In 'meter_parts': [a-z].*\.$", found[0].message_en)
        for part in words[what]:  # what is wrong and what to do, each in its language
            assert part.format(other="A-X") in (found[0].message_zh if part in (words[what][1], words[what][3]) else found[0].message_en)
        assert "E_DC 暂缓发布" in found[0].message_zh
        assert ("A-X" in found[0].message_en) == ("{other}" in words[what][0])
        # On no side it flags; another site, and the other rule, have nothing to say.
        assert said(rule(world({"topology_faults": [fault(what, side="")]}), "HL01")) == [("A-V", "flag", "")]
        assert rule(world({"topology_faults": [fault(what)]}), "HL02") == []
        other = counted_once if rule is placed else placed
        assert other(world({"topology_faults": [fault(what)]}), "HL01") == []
    assert rule(world(), "HL01") == []


def test_faults_of_one_meter_are_one_finding(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"topology_faults": [fault("unknown_member"), fault("factor"), fault("parts_cycle"), fault("double", other="A-S")]})
    (where,) = placed(judged, "HL01")  # type: ignore[misc]
    assert "neither a meter in force on those days nor a site" in where.message_en
    assert "other than 1 or -1" in where.message_en
    (twice,) = counted_once(judged, "HL01")  # type: ignore[misc]
    assert "In 'meters': remove one" in twice.message_en
    assert "In 'meter_parts': remove one of the members" in twice.message_en


def test_parts_of_a_meter_that_nobody_registered_are_said_at_every_site(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"topology_faults": [{**fault("unregistered", ""), "site_id": ""}]})
    assert said(placed(judged, "HL01")) == said(placed(judged, "HL02")) == [("A-V", "flag", "")]


def test_what_belongs_to_nobody_is_shown(world) -> None:  # type: ignore[no-untyped-def]
    judged = world({"members": [member("", "A-S", 0.1)]})
    found = placed(judged, "HL01")
    assert said(found) == [("A-S", "flag", "")]
    assert "Up to 10 % of shared meter A-S belongs to no site" in found[0].message_en
    assert "10 % 未分摊" in found[0].message_zh
    most = placed(world({"members": [member("", "A-S", 0.1), member("", "A-S", 0.25), member("", "A-S", 0.2)]}), "HL01")
    assert [(f.seen, f.limit, f.unit) for f in most] == [(0.25, 0.0, "1")]  # type: ignore[union-attr]
    assert placed(judged, "HL02") == placed(world({"members": [member("", "A-S", 0)]}), "HL01") == []


def test_readings_of_a_virtual_meter_are_explained(world) -> None:  # type: ignore[no-untyped-def]
    row = {"site_id": "HL01", "meter_id": "A-V", "at_s": 1, "code": "BD01", "what": "virtual", "seen": 744, "entry": 2, "source_row": 5}
    (finding,) = registered(world({"anomalies": [row]}), "HL01")  # type: ignore[misc]
    assert (finding.seen, finding.unit) == (744.0, "readings")
    assert finding.message_en.startswith("Meter A-V: 744 readings were rejected, because it is virtual")
    assert "虚拟表" in finding.message_zh


# TL01: a virtual meter's incompleteness follows from its member's ----------------------------------------------------------


def incomplete(world, rows, hours_v: float, hours_x: float, **tables: object):  # type: ignore[no-untyped-def]
    """The supply side is the virtual meter A-V, made of A-X; both known for some of their 744 hours."""
    facts = [{**FACTS, "meter_id": m, "metered_s": int(h * HOUR)} for m, h in (("A-V", hours_v), ("A-X", hours_x))]
    own = [{"site_id": "HL01", "side": "E_DC", "meter_id": "A-V"}]
    return world(
        {
            "meter_facts": [r for r in rows["meter_facts"] if r["meter_id"] != "A-S"] + facts,
            "counted": [r for r in rows["counted"] if r["meter_id"] != "A-S"] + [{**r, "sign": 1} for r in own],
            "shares": [r for r in rows["shares"] if r["meter_id"] != "A-S"] + [{**r, "share": 1.0, "last_known_share": 1.0} for r in own],
            "members": [member()],
            **tables,
        }
    )


def test_a_gap_of_a_member_is_the_root(world, rows) -> None:  # type: ignore[no-untyped-def]
    judged = incomplete(world, rows, 500, 500)
    of_v, of_x = completeness(judged, "HL01")  # type: ignore[misc]
    assert said([of_v, of_x]) == [("A-V", "withhold", "E_DC"), ("A-X", "flag", "")]
    assert (of_v.because_of, of_x.because_of) == (of_x.id, None)
    assert "It is computed from A-X, and known only where they all are: send their missing readings (244 hours)." in of_v.message_en
    assert "由 A-X 计算" in of_v.message_zh
    assert silent_root(judged, "HL01", "E_DC") == of_x.id  # what follows from the side follows from the member


def test_a_virtual_meter_without_a_sound_definition_follows_from_that(world, rows) -> None:  # type: ignore[no-untyped-def]
    judged = incomplete(world, rows, 0, 744, topology_faults=[fault("factor")])
    (of_v,) = completeness(judged, "HL01")  # type: ignore[misc]
    (refused,) = placed(judged, "HL01")  # type: ignore[misc]
    assert of_v.because_of == refused.id
    # So does one whose member has none; and one with shares above 1.
    (of_v,) = completeness(incomplete(world, rows, 0, 744, topology_faults=[fault("factor", "", "A-X", "A-Y")]), "HL01")  # type: ignore[misc]
    assert of_v.because_of == placed(incomplete(world, rows, 0, 744, topology_faults=[fault("factor", "", "A-X", "A-Y")]), "HL01")[0].id
    judged = incomplete(world, rows, 0, 744, topology_faults=[fault("shares", other="1.1")])
    assert completeness(judged, "HL01")[0].because_of == counted_once(judged, "HL01")[0].id  # type: ignore[index]


def test_the_worst_member_is_the_root(world, rows) -> None:  # type: ignore[no-untyped-def]
    """A-X is known for 500 hours, A-Y for 400: A-V follows from A-Y, whatever stands first; of equals from the first by name."""
    for hours, root in ((400, "A-Y"), (500, "A-X")):
        judged = incomplete(world, rows, 100, 500, members=[member("A-Y"), member("A-X")])
        facts = [*judged.rows("meter_facts"), {**FACTS, "meter_id": "A-Y", "metered_s": hours * HOUR}]
        found = completeness(incomplete(world, rows, 100, 500, members=[member("A-Y"), member("A-X")], meter_facts=facts), "HL01")
        by_subject = {f.subject: f for f in found}  # type: ignore[union-attr]
        assert by_subject["A-V"].because_of == by_subject[root].id


def test_without_a_composition_every_meter_stands_for_itself(world, rows) -> None:  # type: ignore[no-untyped-def]
    for absent in ("members", "topology_faults"):
        judged = incomplete(world, rows, 0, 500, topology_faults=[fault("factor")])
        judged = replace(judged, tables={name: frame for name, frame in judged.tables.items() if name != absent})
        assert {f.because_of for f in completeness(judged, "HL01")} == {None}  # type: ignore[union-attr]


def test_a_complete_virtual_meter_is_no_finding_and_a_lone_gap_stands_alone(world, rows) -> None:  # type: ignore[no-untyped-def]
    assert completeness(incomplete(world, rows, 744, 744), "HL01") == []
    (of_v,) = completeness(incomplete(world, rows, 690, 744), "HL01")  # type: ignore[misc]
    assert (of_v.severity, of_v.because_of) == ("flag", None)


def test_a_falling_register_of_a_member_withholds_what_the_sum_counts_for(world, rows) -> None:  # type: ignore[no-untyped-def]
    fallen = {"site_id": "HL01", "meter_id": "A-X", "at_s": 1, "code": "CT08", "what": "falling", "seen": 5, "limit": 0}
    judged = incomplete(world, rows, 744, 744, anomalies=[fallen])
    found = falling(judged, "HL01")
    assert said(found) == [("A-X", "withhold", "E_DC")]
    assert "the stretch is a gap. E_DC withheld. Land" in found[0].message_en  # type: ignore[index]
    assert "按缺口处理。E_DC 暂缓发布。请在" in found[0].message_zh  # type: ignore[index]
    alone = falling(incomplete(world, rows, 744, 744, anomalies=[fallen], members=[]), "HL01")
    assert said(alone) == [("A-X", "flag", "")]
    assert "the stretch is a gap. Land" in alone[0].message_en  # type: ignore[index]
