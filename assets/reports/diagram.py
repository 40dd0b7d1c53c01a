"""The single-line diagram of a site: supply → distribution → UPS → PDU → loads, with the meters on it, as one inline SVG.

Meters at the same point share a box; boxes are joined as the meters' parents say. What counts and what was found is marked by shape, not by
colour alone. Beyond a number of meters a box shows those with findings first and says how many more there are. The same boundary gives the
same bytes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from assets.reports.words import english, point_zh

Meter = Mapping[str, Any]

WIDTH = 760
SHOWN = 12  # meters of a box that are drawn one by one
_GAP, _ROW, _HEAD, _PAD, _BETWEEN = 26, 14, 30, 2, 10
_LATIN, _WIDE = 6.1, 10.0  # width of a character of a meter's name
_COLUMNS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Supply", "供电", ("grid_supply", "direct_line", "onsite_generation", "backup_generation", "storage_discharge", "storage_charge",
                        "export")),
    ("Distribution", "配电", ("distribution",)),
    ("UPS", "UPS", ("ups_output",)),
    ("PDU", "列头柜", ("pdu_output",)),
    ("Loads", "负荷", ("it_input", "cooling", "lighting", "auxiliary", "excluded")),
)  # fmt: skip
_ATTACHED = frozenset({"direct_line", "onsite_generation", "backup_generation", "storage_discharge", "storage_charge", "export"})
_OUT = frozenset({"export", "storage_charge"})
_BESIDE = ("water_supply", "reclaimed_supply", "water_discharge", "heat_supply", "heat_reuse", "fuel_use", "offsite_generation")


@dataclass(eq=False)
class _Box:
    """The meters of one point, and where they are drawn."""

    point: str
    meters: list[Meter]
    column: int
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    bus: float = 0.0  # x of the line that its children hang on
    height: float = field(init=False)

    def __post_init__(self) -> None:
        self.meters.sort(key=lambda m: (_RANK.get(m["severity"], 2), m["order"]))
        rows = min(len(self.meters), SHOWN) + (len(self.meters) > SHOWN)
        self.height = _HEAD + rows * _ROW + _PAD

    @property
    def middle(self) -> float:
        """Where lines meet the box: at its title."""
        return self.y + _HEAD / 2


_RANK = {"withhold": 0, "flag": 1}


def diagram_svg(boundary: Mapping[str, Any]) -> Markup:
    """The diagram of a boundary as ``assets.reports.boundary.site_boundary`` gives it."""
    meters = [{**meter, "order": order} for order, meter in enumerate(boundary["meters"])]
    points: dict[str, list[Meter]] = defaultdict(list)
    for meter in meters:
        points[meter.get("point") or ""].append(meter)
    present = [column for column in _COLUMNS if any(point in points for point in column[2])]
    boxes = {p: _Box(p, points[p], c) for c, (_, _, names) in enumerate(present) for p in names if p in points}
    edges = _edges(meters, boxes)
    lanes = _lanes(edges, boxes)
    top = 22 + 7 * len(lanes) + 8
    bottom = _place(list(boxes.values()), len(present), top)
    parts = [_headings(present), *_lines(edges, boxes, lanes)]
    parts += [_drawn(box) for box in boxes.values()]
    beside = [_Box(p, points[p], 0) for p in _BESIDE if p in points]
    strange = sorted(set(points) - set(boxes) - set(_BESIDE))
    beside += [_Box(p, points[p], 0) for p in strange]
    if beside:
        bottom = _place_beside(beside, bottom + 26)
        parts += [
            _text(0, beside[0].y - 8, "column", "Water, heat, fuel and others", "水、热、燃料及其他"),
            *(_drawn(box) for box in beside),
        ]
    label = f"Single-line diagram of {boundary['entity_id']} 单线图"
    return Markup(
        f'<svg class="sld" viewBox="-2 0 {WIDTH + 4} {bottom + 4:.0f}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )  # every name in it was escaped


# Lines ------------------------------------------------------------------------------------------------------------------


def _edges(meters: Sequence[Meter], boxes: Mapping[str, _Box]) -> dict[tuple[str, str], bool]:
    """Which point feeds which, as the meters' parents say; False: no parent is stated, so the grid supply is assumed."""
    point_of = {meter["meter_id"]: meter.get("point") or "" for meter in meters}
    found: dict[tuple[str, str], bool] = {}
    for meter in meters:
        point, parent = meter.get("point") or "", meter.get("parent_meter_id")
        above = point_of.get(parent, "") if parent else ""
        if point not in boxes or above == point or meter.get("check_meter_of"):
            continue
        if above in boxes:
            found[above, point] = True
        elif "grid_supply" in boxes and point != "grid_supply":
            found.setdefault(("grid_supply", point), False)
    return dict(sorted(found.items()))


def _lanes(edges: Mapping[tuple[str, str], bool], boxes: Mapping[str, _Box]) -> dict[str, int]:
    """The points that feed something other than the next column: each has a lane above the boxes."""
    far = [a for a, b in edges if boxes[b].column not in (boxes[a].column, boxes[a].column + 1)]
    return {point: number for number, point in enumerate(dict.fromkeys(far))}


def _lines(edges: Mapping[tuple[str, str], bool], boxes: Mapping[str, _Box], lanes: Mapping[str, int]) -> list[str]:
    parts = []
    fed: dict[str, list[tuple[_Box, bool]]] = defaultdict(list)
    for (above, fed_point), stated in edges.items():
        fed[above].append((boxes[fed_point], stated))
    for above, below in fed.items():
        source = boxes[above]
        near = [(box, stated) for box, stated in below if box.column in (source.column, source.column + 1)]
        far = [(box, stated) for box, stated in below if (box, stated) not in near]
        lane = 22.0 + 7 * lanes.get(above, 0)
        heights = [source.middle, *(box.middle for box, _ in near), *([lane] if far else [])]
        parts.append(_path("bus", (source.bus, min(heights)), (source.bus, max(heights))))
        parts.append(_path("wire", (source.x + source.width, source.middle), (source.bus, source.middle)))
        parts.append(f'<circle class="joint" cx="{source.bus:.1f}" cy="{source.middle:.1f}" r="2"/>')
        for box, stated in near:
            kind = "wire" if stated else "wire assumed"
            if box.column == source.column:  # attached to the same bus: a source feeds it, export and charging take from it
                parts.append(_path(kind, (source.bus, box.middle), (box.x + box.width, box.middle)))
                parts.append(_arrow(box.x + box.width, box.middle, -1) if box.point in _OUT or box.point not in _ATTACHED else "")
            else:
                parts.append(_path(kind, (source.bus, box.middle), (box.x, box.middle)))
                parts.append(_arrow(box.x, box.middle, 1))
            parts.append(f'<circle class="joint" cx="{source.bus:.1f}" cy="{box.middle:.1f}" r="2"/>')
        for box, stated in far:
            side = -1 if box.column else 1  # left of the first column is no room
            edge = box.x if box.column else box.x + box.width
            down = edge + side * (4 + 3 * (lanes[above] % 3))
            parts.append(
                _path("wire" if stated else "wire assumed", (source.bus, lane), (down, lane), (down, box.middle), (edge, box.middle))
            )
            parts.append(_arrow(edge, box.middle, -side))
    return parts


def _path(kind: str, *points: tuple[float, float]) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _arrow(x: float, y: float, way: int) -> str:
    return f'<path class="arrow" d="M{x:.1f} {y:.1f} l{-5 * way} -3 v6 z"/>'


# Boxes ------------------------------------------------------------------------------------------------------------------


def _grid(columns: int) -> tuple[float, float]:
    """Width of a box, and from one column to the next; right of each column is room for lines."""
    width = min((WIDTH - _GAP * columns) / max(columns, 1), 190.0)
    return width, (WIDTH - _GAP - width) / max(columns - 1, 1)


def _place(boxes: Sequence[_Box], columns: int, top: float) -> float:
    """Give every box its place; returns the lower edge of the lowest."""
    width, step = _grid(columns)
    at, buses = dict.fromkeys(range(columns), top), dict.fromkeys(range(columns), 0)
    for box in boxes:
        box.x, box.y, box.width = box.column * step, at[box.column], width
        box.bus = box.x + width + 5 + 3 * (buses[box.column] % 4)
        buses[box.column] += 1
        at[box.column] = box.y + box.height + _BETWEEN
    return max((box.y + box.height for box in boxes), default=top)


def _place_beside(boxes: Sequence[_Box], top: float) -> float:
    """Boxes without lines, in rows of four."""
    width, bottom = (WIDTH - 3 * _GAP) / 4, top
    for number, box in enumerate(boxes):
        if number % 4 == 0 and number:
            top = bottom + _BETWEEN
        box.x, box.y, box.width = (number % 4) * (width + _GAP), top, width
        bottom = max(bottom, box.y + box.height)
    return bottom


def _headings(columns: Sequence[tuple[str, str, tuple[str, ...]]]) -> str:
    _, step = _grid(len(columns))
    return "".join(_text(number * step, 11, "column", en, zh) for number, (en, zh, _) in enumerate(columns))


def _drawn(box: _Box) -> str:
    title = english(box.point) if box.point else "no point"
    counts = any(meter["role"].startswith(("+", "-")) for meter in box.meters)
    parts = [
        f'<rect class="box{" counted" if counts else ""}" x="{box.x:.1f}" y="{box.y:.1f}" rx="4" '
        f'width="{box.width:.1f}" height="{box.height:.1f}"/>',
        f'<text class="title" x="{box.x + 7:.1f}" y="{box.y + 12:.1f}"><tspan lang="en">{escape(title)}</tspan></text>',
        f'<text class="title" x="{box.x + 7:.1f}" y="{box.y + 25:.1f}"><tspan lang="zh">{escape(point_zh(box.point))}</tspan></text>',
    ]
    y = box.y + _HEAD + _ROW - 4
    for meter in box.meters[:SHOWN]:
        parts.append(_meter(meter, box, y))
        y += _ROW
    if rest := box.meters[SHOWN:]:
        found = sum(meter["severity"] is not None for meter in rest)
        more, more_zh = (f", {found} with findings", f",其中 {found} 块有问题") if found else ("", "")
        tip = f"{len(rest)} more{more} · 另 {len(rest)} 块{more_zh}"
        text = f"+{len(rest)}" + (f" ▲{found}" if found else "")
        parts.append(f'<g><title>{tip}</title><text class="more" x="{box.x + 7:.1f}" y="{y:.1f}">{text}</text></g>')
    return "".join(parts)


def _meter(meter: Meter, box: _Box, y: float) -> str:
    """One meter: a disc when it counts, a ring when not, a dashed ring for a check meter, a square for a virtual one; and its findings."""
    x, name, role = box.x + 13, meter["meter_id"], meter["role"]
    kind = "meter counts" if role.startswith(("+", "-")) else "meter check" if role == "check" else "meter"
    shape = f'<circle class="{kind}" cx="{x:.1f}" cy="{y - 4:.1f}" r="4"/>'
    if meter.get("kind") == "virtual":
        shape = f'<rect class="{kind}" x="{x - 4:.1f}" y="{y - 8:.1f}" width="8" height="8"/>'
    mark, room, codes = "", box.width - 26, ""
    if meter["severity"] is not None:
        room -= 18
        first = list(meter["findings"][:2])
        rest = "…" if len(meter["findings"]) > 2 else ""
        # the name goes before the codes: they stand in the table too
        told = [" ".join(first) + rest, first[0] + ("…" if len(meter["findings"]) > 1 else ""), ""]
        codes = next(text for text in told if not text or _long(name) + _long(text) <= room)
        room -= _long(codes)
        right = box.x + box.width - 6
        mark = f'<path class="mark {meter["severity"]}" d="M{right - _long(codes) - 6:.1f} {y - 9:.1f} l5 9 h-10 z"/>'
        if codes:
            mark += f'<text class="code {meter["severity"]}" x="{right:.1f}" y="{y:.1f}" text-anchor="end">{escape(codes)}</text>'
    shown = name
    while _long(shown) > room and len(shown) > 2:
        shown = "…" + shown.lstrip("…")[1:]  # names differ at their ends
    tip = " · ".join([name, role, *meter["findings"]])
    return f'<g><title>{escape(tip)}</title>{shape}<text class="name" x="{x + 9:.1f}" y="{y:.1f}">{escape(shown)}</text>{mark}</g>'


def _long(text: str) -> float:
    return sum(_WIDE if ord(letter) > 0x2E7F else _LATIN for letter in text)


def _text(x: float, y: float, kind: str, en: str, zh: str) -> str:
    if en == zh:
        return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(en)}</text>'
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}"><tspan lang="en">{escape(en)} </tspan><tspan lang="zh">{escape(zh)}</tspan></text>'
    )
