"""Planted faults whose root is a rule of content (内容, CT) or of time (时限, TL).

One function for each change, one entry for each fault; README.md says how.
"""

from __future__ import annotations

from tests.pipeline.planted.fault import JANUARY, Fault, Found, found, interim
from tests.pipeline.planted.tables import Tables


def _nothing(tables: Tables) -> None:
    """The valid home as it is."""


def _silent_it(tables: Tables) -> None:
    tables.lose("S2-I2", "2026-01-10 00:00", "2026-01-20 00:00")


FAULTS: tuple[Fault, ...] = (
    Fault(
        "young_history", "TL08",
        "the home is in order, but has two months only: trailing values are interim",
        "数据无误,但仅有两个月:滚动值为阶段值",
        _nothing, found(),
    ),
    Fault(
        "silent_it_meter", "TL01",
        "an IT meter of S2 has no readings for ten days: E_IT is withheld",
        "S2 的一块 IT 计量表连续十天无读数:E_IT 暂缓发布",
        _silent_it,
        found(
            Found("S2", JANUARY, "TL01", "withhold", "E_IT", "S2-I2"),
            Found("S2", JANUARY, "ME05", "withhold", "E_IT", "E_IT", True),
            interim("S2", JANUARY),
        ),
    ),
)  # fmt: skip
