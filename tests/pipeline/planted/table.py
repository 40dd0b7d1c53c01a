"""The committed table of planted faults, and the page that shows it: ``docs/faults.md``.

``python -m tests.pipeline.planted.table > docs/faults.md`` writes the page; a test holds it. Entries are in the ``faults_…`` modules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.pipeline.planted import faults_boundary, faults_content_time, faults_method
from tests.pipeline.planted.fault import YOUNG, Fault, Found
from tests.pipeline.planted.tables import MONTHS

FAMILIES = ("BD", "CT", "ME", "TL")
FAULTS: dict[str, Fault] = {
    fault.key: fault
    for family in FAMILIES
    for fault in (*faults_boundary.FAULTS, *faults_content_time.FAULTS, *faults_method.FAULTS)
    if fault.root.startswith(family)
}  # fmt: skip


def expected(fault: Fault) -> set[Found]:
    """Every finding of the home in which only this fault is planted."""
    return set(fault.finds | YOUNG)


def faults_markdown() -> str:
    """The page: one section for each fault, by the rule that is its root."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    first, last = MONTHS
    yield from ("# Planted faults · 预设故障", "", "<!-- Generated: python -m tests.pipeline.planted.table > docs/faults.md -->", "")
    yield (
        f"Each fault below is planted alone in a small home that is in order (two invented sites, {first} and {last}, every feed "
        "filled: `tests/pipeline/planted/`). The home is then landed and computed, and what the rules find in it must be "
        "exactly the rows shown, no more and no less. Not shown, because it is found in each of them: history is shorter "
        "than twelve months (TL08, info, both sites, both months)."
    )
    yield ""
    yield (
        f"下列每个故障单独植入一个小型正常数据仓(两个虚构站点,{first} 与 {last},所有数据集齐备),"
        "入库并计算后,规则所发现的问题须与所列各行完全一致,"
        "不多不少。历史不足十二个月(TL08,说明)在每例中均会出现,不再列出。"
    )
    yield ""
    yield "*follows · 归并*: the finding follows from another one (`because_of`) and is folded under it. 该问题由另一问题引起,归并显示。"
    for fault in sorted(FAULTS.values(), key=lambda one: (FAMILIES.index(one.root[:2]), one.root)):
        yield from ("", f"## {fault.root} · {fault.key}", "", f"{_sentence(fault.en)}", "", f"{fault.zh}。")
        if fault.finds:
            yield from (
                "",
                "| site · 站点 | month · 月份 | rule · 规则 | severity · 等级 | quantity · 量 | subject · 对象 | follows · 归并 |",
            )
            yield "|---|---|---|---|---|---|---|"
        for one in sorted(fault.finds):
            cells = (one.site_id, one.month, one.code, one.severity, one.quantity or "–", one.subject, "yes · 是" if one.follows else "–")
            yield f"| {' | '.join(cells)} |"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


if __name__ == "__main__":
    sys.stdout.write(faults_markdown())
