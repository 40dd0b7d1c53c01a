"""An edition's document: from YAML to a validated ``Edition``.

Everything that can be wrong with a document is found here and said with the place, what was seen and what was expected. What an edition
means is in ``tree.py``; where editions lie is in ``edition.py``; the way a mapping is read is in ``node.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from assets.edition.node import Node, read_yaml
from assets.edition.tree import (
    KINDS,
    Anchor,
    Band,
    Cap,
    ChecklistItem,
    Edition,
    Group,
    Indicator,
    MissingRule,
    Pillar,
    ScoreFunction,
    SubScore,
    Words,
)
from resources.digest import PREFIX

FUNCTION_KINDS = ("linear", "log", "step", "share")
MONTH_COMPOSITIONS = ("ratio_of_sums", "last_month", "snapshots", "parts")
SITE_COMPOSITIONS = ("ratio_of_sums", "sum", "weakest", "weighted_by_e_it", "parts")
ENTITY_KINDS = ("site", "cluster")
STAGES = ("planning", "construction", "operation", "retired")
CORE_TOTAL = 100.0


@lru_cache(maxsize=4)
def parse_edition(data: bytes, label: str) -> Edition:
    """The edition that a document (UTF-8 YAML) states, shared; ``label`` names it in messages.

    UsageError for YAML that can't be read, an unknown or missing key, a source that is not listed, anchors out of order or against the
    direction, core weights that do not sum to 100, a code given twice, a cap or grade that makes no sense.
    """
    root = Node(read_yaml(data, label), label)
    sources = {key: _words(root.within("sources", key)) for key in root.mapping("sources")}
    pillars = tuple(_pillar(node, sources) for node in root.nodes("pillars"))
    _unique(root, "pillar", [p.code for p in pillars])
    groups = tuple(_group(node, sources, pillars) for node in root.nodes("groups"))
    _unique(root, "group", [g.code for g in groups])
    indicators, bonus_max = _indicators(root, sources, pillars, groups)
    grades = _grades(root.node("grades"), sources)
    missing = _missing(root.node("missing"), sources, [i.code for i in indicators])
    windows = _sourced(root.node("windows"), sources)
    compensation = _sourced(root.node("compensation"), sources)
    routes = _sourced(root.node("route_weights"), sources)
    flag = _sourced(root.node("estimated_share_flag"), sources)
    cluster = _sourced(root.node("cluster"), sources)
    cmdb = _sourced(root.node("cmdb"), sources)
    edition = Edition(
        name=root.text("edition"),
        digest=PREFIX + hashlib.sha256(data).hexdigest(),
        title=_words(root.node("title")),
        convention=_words(root.node("convention")),
        sources=sources,
        pillars=pillars,
        groups=groups,
        indicators=indicators,
        bonus_max=bonus_max,
        route_weights={name: routes.within("values", name).ratio() for name in routes.mapping("values")},
        delivered_routes=tuple(routes.texts("delivered", list(routes.mapping("values")))),
        grades=grades,
        caps=tuple(_cap(node, sources, indicators, grades, missing) for node in root.nodes("caps", least=0)),
        missing=missing,
        powers=tuple(compensation.numbers("powers")),
        published_window=windows.choice("published", ("month", "ttm")),
        window_months=windows.whole("months"),
        practice_months=windows.whole("practice_months"),
        estimated_share_flag=flag.ratio("electricity"),
        estimated_share_flag_water=flag.ratio("water"),
        missing_power_share_max=cluster.ratio("missing_power_share_max"),
        rated_known_min=cmdb.ratio("rated_known_min"),
        utilisation_known_min=cmdb.ratio("utilisation_known_min"),
        stages=_stages(_sourced(root.node("stages"), sources), [i.code for i in indicators]),
    )
    root.close()
    return edition


# the tree -----------------------------------------------------------------------------------------------------------------


def _pillar(node: Node, sources: dict[str, Words]) -> Pillar:
    _sourced(node, sources).text("clause")
    return Pillar(node.text("code"), node.text("zh"), node.text("en"), node.choice("kind", KINDS))


def _group(node: Node, sources: dict[str, Words], pillars: Iterable[Pillar]) -> Group:
    _sourced(node, sources).text("clause")
    return Group(node.text("code"), node.text("zh"), node.text("en"), node.choice("pillar", [p.code for p in pillars]))


def _indicators(
    root: Node, sources: dict[str, Words], pillars: tuple[Pillar, ...], groups: tuple[Group, ...]
) -> tuple[tuple[Indicator, ...], float]:
    kinds = {p.code: p.kind for p in pillars}
    homes = {g.code: (g.pillar, kinds[g.pillar]) for g in groups}
    nodes = root.nodes("indicators")
    codes = [node.text("code") for node in nodes]
    _unique(root, "indicator", codes)
    place = {code: homes[node.choice("group", list(homes))] for code, node in zip(codes, nodes, strict=True)}
    weights = _sourced(root.node("weights"), sources)
    weight: dict[str, float] = {}
    for kind in KINDS:
        expected = [code for code in codes if place[code][1] == kind]
        given = weights.mapping(kind)
        for code in given:
            weights.within(kind, code).known("indicator", code, expected)
        for code in expected:
            if code not in given:
                raise weights.error(f"{kind} gives no weight for {code}; write 0 when it shall not count.")
            weight[code] = weights.within(kind, code).number(least=0)
    total = sum(weight[code] for code in codes if place[code][1] == "core")
    if abs(total - CORE_TOTAL) > 1e-9:
        raise weights.error(f"the core weights sum to {total:g}; they must sum to {CORE_TOTAL:g}.")
    for pillar in pillars:
        if not any(weight[code] > 0 for code in codes if place[code][0] == pillar.code):
            raise weights.error(f"pillar {pillar.code} has no indicator with a weight.")
    bonus_max = weights.number("bonus_max", least=0)
    found = tuple(_indicator(node, sources, *place[code], weight[code]) for code, node in zip(codes, nodes, strict=True))
    _unique(root, "checklist item", [entry.code for item in found for entry in item.checklist])
    return found, bonus_max


def _indicator(node: Node, sources: dict[str, Words], pillar: str, kind: str, weight: float) -> Indicator:
    direction = node.choice("direction", ("higher", "lower"))
    domain, composition = node.node("domain"), node.node("composition")
    return Indicator(
        code=node.text("code"),
        zh=node.text("zh"),
        en=node.text("en"),
        unit=node.text("unit"),
        direction=direction,
        minimum=domain.optional_number("min"),
        maximum=domain.optional_number("max"),
        unbounded=node.flag("unbounded"),
        group=node.text("group"),
        pillar=pillar,
        kind=kind,
        source=node.choice("source", list(sources)),
        clause=node.text("clause"),
        measure=_words(node.node("measure")),
        quantities=tuple(node.texts("quantities")),
        inputs=tuple(node.texts("inputs")),
        months=composition.choice("months", MONTH_COMPOSITIONS),
        sites=composition.choice("sites", SITE_COMPOSITIONS),
        function=_function(node.node("score"), sources, direction),
        weight=weight,
        checklist=_checklist(node.node("checklist"), sources) if node.has("checklist") else (),
        sub_scores=tuple(_sub_score(part, sources) for part in node.nodes("sub_scores")) if node.has("sub_scores") else (),
    )


def _function(node: Node, sources: dict[str, Words], direction: str) -> ScoreFunction:
    kind = node.choice("kind", FUNCTION_KINDS)
    if kind == "share":
        if direction != "higher":
            raise node.error("a share scores 100 × value, so that higher must be better.")
        _sourced(node, sources)
        return ScoreFunction(kind)
    anchors = tuple(_anchor(anchor, sources) for anchor in node.nodes("anchors", least=1 if kind == "step" else 2))
    sign = 1 if direction == "higher" else -1
    for low, high in pairwise(anchors):
        if high.at <= low.at:
            raise node.error(f"the anchors must rise: {high.at:g} follows {low.at:g}.")
        if sign * (high.points - low.points) < 0:
            raise node.error(f"{direction} is better, but {high.at:g} earns {high.points:g} points and {low.at:g} earns {low.points:g}.")
    if kind == "log" and anchors[0].at <= 0:
        raise node.error(f"a log function needs anchors above 0, not {anchors[0].at:g}.")
    return ScoreFunction(kind, anchors)


def _anchor(node: Node, sources: dict[str, Words]) -> Anchor:
    points = node.number("points", least=0, most=100)
    return Anchor(node.number("at"), points, node.choice("source", list(sources)), node.text("note", default=""))


def _checklist(node: Node, sources: dict[str, Words]) -> tuple[ChecklistItem, ...]:
    _sourced(node, sources)
    items = []
    for level in node.nodes("levels") if node.has("levels") else ():  # explains levels to people; scored by the number alone
        _words(_sourced(level, sources))
        level.ratio("level")
    for item in node.nodes("items"):
        _sourced(item, sources)
        weight = item.number("weight", least=0)
        items.append(ChecklistItem(item.text("code"), item.text("zh"), item.text("en"), weight))
    if not sum(item.weight for item in items) > 0:
        raise node.error("the weights of the items sum to 0.")
    return tuple(items)


def _sub_score(node: Node, sources: dict[str, Words]) -> SubScore:
    _sourced(node, sources).text("note", default="")
    full = node.ratio("full")
    if full == 0:
        raise node.error("'full' must lie above 0.")
    return SubScore(node.text("code"), node.text("zh"), node.text("en"), full)


# grades, caps, missing data -----------------------------------------------------------------------------------------------


def _grades(node: Node, sources: dict[str, Words]) -> tuple[Band, ...]:
    _sourced(node, sources)
    bands = tuple(Band(b.text("grade"), b.number("from"), b.text("zh"), b.text("en")) for b in node.nodes("bands"))
    _unique(node, "grade", [band.grade for band in bands])
    if any(worse.least >= better.least for better, worse in pairwise(bands)):
        raise node.error("the bands go from best to worst, each with a smaller 'from' than the one before.")
    if bands[-1].least != 0:
        raise node.error(f"the last band must start from 0, not {bands[-1].least:g}, so that every index has a grade.")
    return bands


def _cap(node: Node, sources: dict[str, Words], indicators: Iterable[Indicator], grades: Iterable[Band], missing: MissingRule) -> Cap:
    by_code = {item.code: item for item in indicators}
    indicator = by_code[node.choice("indicator", list(by_code))]
    above, below = node.optional_number("above"), node.optional_number("below")
    if (above is None) == (below is None):
        raise node.error("give exactly one of 'above' and 'below'.")
    if (above is None) != (indicator.direction == "higher"):
        worse = "below" if indicator.direction == "higher" else "above"
        raise node.error(f"for {indicator.code} {indicator.direction} is better: a cap must be '{worse}' its limit.")
    if indicator.code not in missing.required:
        raise node.error(f"{indicator.code} must be among the required indicators of [missing], or hiding it would lift the cap.")
    start, end = node.day("valid_from"), node.optional_day("valid_to")
    if end is not None and end < start:
        raise node.error(f"valid_to {end} lies before valid_from {start}.")
    where = node.node("where")
    return Cap(
        name=node.text("name"),
        indicator=indicator.code,
        above=above,
        below=below,
        best_grade=node.choice("best_grade", [band.grade for band in grades]),
        valid_from=start,
        valid_to=end,
        kinds=tuple(node.texts("kinds", ENTITY_KINDS)),
        country=where.text("country", default="") or None,
        design_power_above_kw=where.optional_number("design_power_above_kw"),
        hub=where.flag("hub"),
        commissioned_from=where.optional_day("commissioned_from"),
        source=node.choice("source", list(sources)),
        basis=_words(node.node("basis")),
    )


def _missing(node: Node, sources: dict[str, Words], codes: list[str]) -> MissingRule:
    _sourced(node, sources).choice("rule", ("zero",))
    return MissingRule(node.ratio("coverage_min"), node.ratio("pillar_coverage_min"), tuple(node.texts("required", codes)))


def _stages(node: Node, codes: list[str]) -> dict[str, tuple[str, ...]]:
    return {stage: tuple(node.texts(stage, codes)) for stage in STAGES if node.has(stage)}


def _words(node: Node) -> Words:
    return Words(node.text("zh"), node.text("en"))


def _sourced(node: Node, sources: dict[str, Words]) -> Node:
    """The same node, after its ``source`` was found among the listed ones."""
    node.choice("source", list(sources))
    return node


def _unique(node: Node, what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise node.error(f"{what} {name} is given twice.")
