"""The trend chart of a page: the trailing index of up to thirteen months as one inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from resources.calendar import add_months

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 220, 36, 16, 14, 30
_BANDS = (("1", 85), ("2", 70), ("3", 55), ("4", 40))  # drawn as guides; the grade itself comes with the result


def trend_svg(month: str, series: Sequence[dict[str, Any] | None]) -> Markup:
    """The index over months that end with ``month``; a month without a result is a gap, an interim one a hollow point."""
    count = len(series)

    def x(position: int) -> float:
        return _LEFT + position * (_WIDTH - _LEFT - _RIGHT) / max(count - 1, 1)

    def y(value: float) -> float:
        return _TOP + (100 - value) * (_HEIGHT - _TOP - _BOTTOM) / 100

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Index by month 指数逐月">']
    for name, value in ((None, 0), *_BANDS, (None, 100)):
        parts.append(f'<line class="guide" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        parts.append(f'<text class="axis" x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value}</text>')
        if name:
            parts.append(f'<text class="band" x="{_WIDTH - _RIGHT}" y="{y(value) - 3:.1f}" text-anchor="end">{name}</text>')
    runs: list[list[tuple[float, float]]] = [[]]
    marks = []
    for position, payload in enumerate(series):
        label = add_months(month, position - count + 1)
        parts.append(f'<text class="axis" x="{x(position):.1f}" y="{_HEIGHT - 10}" text-anchor="middle">{label[2:]}</text>')
        if payload is None or payload["index"] is None:
            runs.append([])
            continue
        point = (x(position), y(payload["index"]))
        runs[-1].append(point)
        kind = "point" if payload["months_in_window"] == 12 else "point interim"
        tip = f"{label}: {payload['index']:.2f} ({payload['months_in_window']}/12)"
        marks.append(f'<circle class="{kind}" cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="4"><title>{tip}</title></circle>')
    for run in runs:
        if len(run) > 1:
            parts.append('<polyline class="line" points="' + " ".join(f"{px:.1f},{py:.1f}" for px, py in run) + '"/>')
    return Markup("".join([*parts, *marks, "</svg>"]))
