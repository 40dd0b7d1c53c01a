"""The single-line diagram: everything is on it, nothing overlaps, the same boundary gives the same bytes."""

from __future__ import annotations

import random
import re
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import pytest

from assets.reports.diagram import SHOWN, WIDTH, diagram_svg

# A character of the diagram's fonts, generously: names are in a monospaced font of 10 px.
LATIN, WIDE = 6.2, 11.0


def meter(
    name: str, point: str, parent: str | None = None, role: str = "not_counted", severity: str | None = None, **more: Any
) -> dict[str, Any]:
    codes = ["TL01", "ME02", "CT05"] if severity else []
    return {"meter_id": name, "point": point, "parent_meter_id": parent, "role": role, "severity": severity, "findings": codes, **more}


def small() -> list[dict[str, Any]]:
    return [
        meter("S1-G", "grid_supply", role="+E_DC"), meter("S1-T", "distribution", "S1-G"), meter("S1-I", "pdu_output", "S1-T", "+E_IT"),
        meter("S1-C", "cooling", "S1-T"), meter("S1-W", "water_supply", role="+water"),
    ]  # fmt: skip


def large() -> list[dict[str, Any]]:
    rows = [meter(f"变电站电网进线计量点{n}", "grid_supply", role="+E_DC", severity="flag" if n == 2 else None) for n in range(1, 4)]
    rows += [meter("PV", "onsite_generation", "变电站电网进线计量点1", "+E_DC"), meter("EX", "export", "变电站电网进线计量点1", "-E_DC")]
    rows += [meter(f"A-LONG-NAME-OF-A-TRANSFORMER-{n}", "distribution", "变电站电网进线计量点1") for n in range(10)]
    rows += [meter(f"UPS-{n}", "ups_output", f"A-LONG-NAME-OF-A-TRANSFORMER-{n % 10}") for n in range(20)]
    rows += [meter(f"PDU-{n}", "pdu_output", f"UPS-{n % 20}", "+E_IT", {77: "withhold", 9: "flag"}.get(n)) for n in range(100)]
    rows += [meter(f"RACK-{n}", "it_input", f"PDU-{n}") for n in range(40)]
    rows += [meter(f"COOL-{n}", "cooling", f"A-LONG-NAME-OF-A-TRANSFORMER-{n % 10}", severity="withhold") for n in range(20)]
    rows += [meter("L", "lighting"), meter("X", "excluded", "PDU-1", "-E_DC -E_IT"), meter("Q", ""), meter("W", "water_supply")]
    return rows


def drawn(meters: list[dict[str, Any]]) -> ElementTree.Element:
    return ElementTree.fromstring(str(diagram_svg({"entity_id": "S1", "meters": meters})))


def boxes_of_texts(svg: ElementTree.Element) -> list[tuple[float, float, float, float, str]]:
    """Left, top, right, bottom of every text, both languages shown."""
    found = []
    for node in svg.iter("text"):
        said = "".join(node.itertext())
        width = sum(WIDE if ord(letter) > 0x2E7F else LATIN for letter in said)
        x, y = float(node.attrib["x"]), float(node.attrib["y"])
        left = x - width if node.get("text-anchor") == "end" else x
        found.append((left, y - 9, left + width, y + 1, said))
    return found


@pytest.mark.parametrize("meters", [small(), large(), []], ids=["small", "large", "none"])
def test_no_text_lies_on_another_or_outside(meters: list[dict[str, Any]]) -> None:
    svg = drawn(meters)
    texts = boxes_of_texts(svg)
    height = float(svg.attrib["viewBox"].split()[3])
    for a, b in combinations(texts, 2):
        assert min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1]), (a, b)
    for left, top, right, bottom, said in texts:
        assert left >= 0, said
        assert right <= WIDTH + 2, said
        assert 0 <= top <= bottom <= height, said


def test_no_box_lies_on_another() -> None:
    found = [
        [float(box.attrib[name]) for name in ("x", "y", "width", "height")] for box in drawn(large()).iter("rect") if "rx" in box.attrib
    ]
    assert len(found) == 12  # points with a meter, and one without a point
    for (x, y, w, h), (p, q, v, u) in combinations(found, 2):
        assert x + w <= p or p + v <= x or y + h <= q or q + u <= y


def test_beyond_a_number_the_rest_is_counted_and_no_finding_is_hidden() -> None:
    svg = drawn(large())
    names = ["".join(node.itertext()) for node in svg.iter("text") if node.attrib["class"] == "name"]
    assert "PDU-77" in names
    assert "PDU-9" in names
    assert len([name for name in names if name.startswith("PDU-")]) == SHOWN
    tips = ["".join(node.itertext()) for node in svg.iter("title")]
    more = ["".join(node.itertext()) for node in svg.iter("text") if node.attrib["class"] == "more"]
    assert {f"+{100 - SHOWN}", f"+{20 - SHOWN} ▲{20 - SHOWN}"} <= set(more)
    assert f"{20 - SHOWN} more, {20 - SHOWN} with findings · 另 {20 - SHOWN} 块,其中 {20 - SHOWN} 块有问题" in tips


def test_every_small_meter_is_named_with_its_mark_and_role() -> None:
    text = str(diagram_svg({"entity_id": "S1", "meters": [*small(), meter("S1-K", "grid_supply", role="check", severity="withhold")]}))
    for name in ("S1-G", "S1-T", "S1-I", "S1-C", "S1-W", "S1-K"):
        assert f">{name}</text>" in text
    assert len(re.findall('class="meter counts"', text)) == 3
    assert len(re.findall('class="meter check"', text)) == 1
    assert '<path class="mark withhold"' in text  # a triangle: a shape, not a colour alone
    assert ">TL01 ME02…</text>" in text  # the box is wide enough for the name and two codes


def test_lines_follow_the_parents_and_what_has_none_is_dashed() -> None:
    whole = str(diagram_svg({"entity_id": "S1", "meters": small()}))
    assert "assumed" not in whole
    unstated = [{**row, "parent_meter_id": None} for row in small()]
    assert str(diagram_svg({"entity_id": "S1", "meters": unstated})).count('class="wire assumed"') == 3


def test_the_same_meters_give_the_same_picture() -> None:
    assert diagram_svg({"entity_id": "S1", "meters": large()}) == diagram_svg({"entity_id": "S1", "meters": large()})


def test_names_are_escaped() -> None:
    odd = random.Random(1).choice(['<script>"&', "<b>'&"])
    text = str(diagram_svg({"entity_id": odd, "meters": [meter(odd, "grid_supply")]}))
    assert odd not in text
    ElementTree.fromstring(text)
