"""Editions: what the built-in one says, and what is refused with its place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from assets.edition.load import edition_bytes, edition_names, load_edition, load_edition_document
from assets.edition.tree import Edition
from assets.indicators.registry import INDICATORS
from resources.errors import UsageError

Change = Callable[[dict[str, Any]], None]


def changed(change: Change) -> bytes:
    document = yaml.load(edition_bytes("whitepaper-2024.1"), yaml.BaseLoader)
    document = _numbers(document)
    change(document)
    return yaml.safe_dump(document, allow_unicode=True).encode()


def _numbers(value: Any, key: str = "") -> Any:
    """BaseLoader keeps everything as text: make numbers again where the document has numbers."""
    if isinstance(value, dict):
        return {name: _numbers(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item, key) for item in value]
    if key in ("unit", "grade", "best_grade", "valid_from", "commissioned_from", "code", "note"):
        return value
    if value in ("true", "false"):
        return value == "true"
    try:
        return float(value)
    except ValueError:
        return value


def indicator(document: dict[str, Any], code: str) -> dict[str, Any]:
    return next(item for item in document["indicators"] if item["code"] == code)


def test_the_tree_of_the_white_paper(edition: Edition) -> None:
    assert [p.zh for p in edition.pillars] == ["算力安全高效性", "算力绿色低碳性", "能碳管理智能性", "全生命周期绿色管理"]
    assert [p.kind for p in edition.pillars] == ["core", "core", "core", "bonus"]
    assert [g.zh for g in edition.groups] == [
        "算力生产力", "算力利用水平", "绿色选址", "资源消耗水平", "可再生能源水平", "碳利用水平",
        "综合能源管理", "碳排放管理", "全生命周期管理制度", "循环利用",
    ]  # fmt: skip
    assert " ".join(edition.codes) == "A1 A2 A3 A4 B1 B2 B3 C1 D1 D2 E1 E2 F1 F2 G1 H1 J1 J2 K1"
    assert all(item.group == item.code[0] for item in edition.indicators)


def test_weights_of_the_pillars(edition: Edition) -> None:
    by_pillar = {p.code: sum(i.weight for i in edition.indicators if i.pillar == p.code) for p in edition.pillars}
    assert by_pillar == {"safe_efficient": 30, "green_low_carbon": 50, "smart_management": 20, "lifecycle": 10}
    core = edition.weights("core")
    assert core["E1"] + core["E2"] > core["D1"]


def test_what_other_layers_read(edition: Edition) -> None:
    siting = {"C1.hub": 0.3, "C1.renewable": 0.2, "C1.latency": 0.2, "C1.approval": 0.2, "C1.density": 0.1}
    assert edition.checklist_weights()["C1"] == siting
    assert {code: len(items) for code, items in edition.checklist_weights().items()} == {
        "A3": 5, "A4": 4, "C1": 5, "G1": 10, "H1": 6, "J1": 2, "J2": 4,
    }  # fmt: skip
    assert edition.recovery_full() == {"reclaimed_water": 0.5, "heat_reuse": 0.2, "retired_equipment": 0.8}
    assert edition.stages["planning"] == edition.stages["construction"] == ("A2", "A3", "A4", "C1", "J2")
    assert (edition.window_months, edition.practice_months, edition.missing_power_share_max) == (12, 12, 0.05)
    assert edition.stages["retired"] == ()
    assert (edition.rated_known_min, edition.utilisation_known_min) == (0.95, 0.80)
    assert {code for code in edition.codes if edition.indicator(code).domain == (0, 1)} == {
        "A3", "A4", "B1", "B2", "B3", "C1", "E1", "E2", "G1", "H1", "J1", "J2", "K1",
    }  # fmt: skip
    assert (edition.indicator("D1").domain, edition.indicator("F1").domain) == ((1, None), (0, None))
    assert (edition.estimated_share_flag, edition.estimated_share_flag_water) == (0.02, 0.10)
    assert edition.route_weights["direct_line"] == 1.0


def test_every_value_has_a_source_or_the_mark_convention(edition: Edition) -> None:
    assert edition.sources["convention"].en == "project convention"
    assert {anchor.source for item in edition.indicators for anchor in item.function.anchors} <= set(edition.sources)
    with pytest.raises(UsageError, match=r"anchors\[1\].*the key 'source' is missing"):
        load_edition_document(changed(lambda d: indicator(d, "D1")["score"]["anchors"][0].pop("source")))
    with pytest.raises(UsageError, match=r"weights.*the key 'source' is missing"):
        load_edition_document(changed(lambda d: d["weights"].pop("source")))


def test_the_digest_is_that_of_the_bytes(edition: Edition) -> None:
    data = edition_bytes("whitepaper-2024.1")
    assert edition.digest == "sha256:" + hashlib.sha256(data).hexdigest()
    assert load_edition_document(data) == edition


def test_editions_by_name_and_by_path(edition: Edition, tmp_path: Path) -> None:
    assert "whitepaper-2024.1" in edition_names()
    copy = tmp_path / "my edition.yaml"
    copy.write_bytes(edition_bytes("whitepaper-2024.1"))
    assert load_edition(copy) == load_edition(str(copy)) == edition
    with pytest.raises(UsageError, match=r"Did you mean 'whitepaper-2024\.1'\?"):
        load_edition("whitepaper-2024")


def test_a_copy_through_yaml_says_the_same(edition: Edition) -> None:
    again = load_edition_document(changed(lambda d: None))
    assert again.indicators == edition.indicators
    assert again.caps == edition.caps


def set_weight(code: str, weight: float) -> Change:
    return lambda d: d["weights"]["core"].update({code: weight})


REFUSED: list[tuple[str, Change]] = [
    (r"unknown key 'bonus_maximum'\. Did you mean 'bonus_max'\?", lambda d: d["weights"].update(bonus_maximum=10)),
    (r"edition: unknown key 'capps'\. Did you mean 'caps'\?", lambda d: d.update(capps=[])),
    (r"indicators\[D1\]: unknown key 'scores'\. Did you mean 'score'\?", lambda d: indicator(d, "D1").update(scores={})),
    (r"the key 'grades' is missing", lambda d: d.pop("grades")),
    (r"the key 'pillars' is missing; is 'pilars' a slip", lambda d: d.update(pilars=d.pop("pillars"))),
    (r"the core weights sum to 101; they must sum to 100", set_weight("D1", 17)),
    (r"weights\.core\.D9: unknown indicator 'D9'\. Did you mean 'D1' or 'D2'\?", set_weight("D9", 0)),
    (r"core gives no weight for D1", lambda d: d["weights"]["core"].pop("D1")),
    (r"weights\.core\.D1: -1 lies outside", set_weight("D1", -1)),
    (r"weights\.core\.D1: must be a number, not 'sixteen'", lambda d: d["weights"]["core"].update(D1="sixteen")),
    (r"pillar smart_management has no indicator", lambda d: d["weights"]["core"].update(G1=0, H1=0, D1=36)),
    (r"indicator D1 is given twice", lambda d: d["indicators"].append(indicator(d, "D1"))),
    (r"group A is given twice", lambda d: d["groups"].append(d["groups"][0])),
    (r"checklist item A3\.fire is given twice", lambda d: indicator(d, "A4")["checklist"]["items"][0].update(code="A3.fire")),
    (r"unknown value 'gb40878'\. Did you mean 'gb40879'\?", lambda d: d["caps"][0].update(source="gb40878")),
    (r"indicators\[D1\]\.group: unknown value 'Z'", lambda d: indicator(d, "D1").update(group="Z")),
    (r"the anchors must rise: 1\.1 follows 1\.1", lambda d: indicator(d, "D1")["score"]["anchors"][1].update(at=1.1)),
    (r"lower is better, but 1\.2 earns 100 points and 1\.1 earns 90", lambda d: _swap_points(d)),
    (r"101 lies outside 0 to 100", lambda d: indicator(d, "D1")["score"]["anchors"][0].update(points=101)),
    (r"a log function needs anchors above 0", lambda d: indicator(d, "A1")["score"]["anchors"][0].update(at=0)),
    (r"must be a list of at least 2", lambda d: indicator(d, "E2")["score"].update(anchors=indicator(d, "E2")["score"]["anchors"][:1])),
    (r"unknown value 'cubic'\.", lambda d: indicator(d, "E2")["score"].update(kind="cubic")),
    (r"give exactly one of 'above' and 'below'", lambda d: d["caps"][0].update(below=1.2)),
    (r"a cap must be 'above' its limit", lambda d: (d["caps"][0].pop("above"), d["caps"][0].update(below=1.2))),
    (r"D2 must be among the required indicators", lambda d: d["caps"][0].update(indicator="D2")),
    (r"unknown value '6'\.", lambda d: d["caps"][0].update(best_grade="6")),
    (r"best_grade: must be text, not 5", lambda d: d["caps"][0].update(best_grade=5)),
    (r"'2022-13-01' is no date", lambda d: d["caps"][0].update(valid_from="2022-13-01")),
    (r"valid_to 2021-01-01 lies before valid_from", lambda d: d["caps"][0].update(valid_to="2021-01-01")),
    (r"each with a smaller 'from'", lambda d: d["grades"]["bands"][1].update({"from": 90})),
    (r"the last band must start from 0", lambda d: d["grades"]["bands"].pop()),
    (r"unknown value 'X1'\.", lambda d: d["missing"]["required"].append("X1")),
    (r"cmdb: the key 'utilisation_known_min' is missing", lambda d: d["cmdb"].pop("utilisation_known_min")),
    (r"cmdb\.rated_known_min: 95 lies outside 0 to 1", lambda d: d["cmdb"].update(rated_known_min=95)),
    (r"missing\.coverage_min: 80 lies outside 0 to 1", lambda d: d["missing"].update(coverage_min=80)),
    (r"sub_scores\[heat_reuse\]: 'full' must lie above 0", lambda d: indicator(d, "K1")["sub_scores"][1].update(full=0)),
    (r"windows\.months: must be a whole number", lambda d: d["windows"].update(months=11.5)),
    (r"stages\.planning: unknown value 'A9'", lambda d: d["stages"]["planning"].append("A9")),
    (r"caps: must be a list\.", lambda d: d.update(caps={})),
    (r"higher must be better", lambda d: indicator(d, "A3").update(direction="lower")),
]


def _swap_points(document: dict[str, Any]) -> None:
    anchors = indicator(document, "D1")["score"]["anchors"]
    anchors[0]["points"], anchors[1]["points"] = 90, 100


@pytest.mark.parametrize(("message", "change"), REFUSED, ids=[message[:40] for message, _ in REFUSED])
def test_what_is_refused(message: str, change: Change) -> None:
    with pytest.raises(UsageError, match=message):
        load_edition_document(changed(change))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "holds no edition"),
        (b"- a\n- b\n", "holds no edition"),
        (b"edition: [", "can't be read as YAML"),
        (b"edition: a\nedition: b\n", "the key 'edition' is given twice"),
        (b"\xff\xfe\x00", "is no UTF-8 text"),
        (b"edition: !!python/object:os.system x\n", "can't be read as YAML"),
    ],
)
def test_what_is_no_edition(data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_edition_document(data, "mine.yaml")


def test_the_edition_and_the_measures_agree(edition: Edition) -> None:
    """The edition says of each indicator what its measure does: unit, direction, composition, and the quantities it reads."""
    assert tuple(item.code for item in INDICATORS) == edition.codes
    for made in INDICATORS:
        item = edition.indicator(made.code)
        assert (made.direction, made.months, made.sites) == (item.direction, item.months, item.sites), made.code
        assert (made.head.unit, set(made.quantities)) == (item.unit, set(item.quantities)), made.code
