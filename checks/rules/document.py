"""The rules as a page people read: ``docs/rules.md``, made of the catalogue and the thresholds.

Put here only how that page looks. ``python -m checks.rules.document > docs/rules.md`` writes it; a test holds it to the code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from checks.findings import Rule
from checks.rules.catalogue import RULES
from checks.rules.thresholds import Threshold, read_thresholds, threshold_document

_SEVERITIES = {"withhold": "withhold · 暂缓发布", "flag": "flag · 提示", "info": "info · 说明"}
_FAMILIES = {
    "BD": "Boundary · 边界", "CT": "Content · 内容", "ME": "Method · 方法", "TL": "Time · 时限",
}  # fmt: skip


def rules_markdown() -> str:
    """The page: one section for each family, one entry for each rule and the table it judges, with its limits, reason and source."""
    thresholds = read_thresholds(threshold_document())
    return "\n".join(_lines(thresholds)) + "\n"


def _lines(thresholds: tuple[Threshold, ...]) -> Iterator[str]:
    yield "# Rules of the collection boundary · 数据采集规则"
    yield ""
    yield "<!-- Generated: python -m checks.rules.document > docs/rules.md -->"
    yield ""
    yield (
        "A rule answers for each site and month `pass`, `fail` or `not_checked` (its input is absent: never the same as pass). "
        "`withhold` keeps the "
        "quantity out of every indicator until a new verdict, `flag` stands beside the number, `info` explains. A home may tighten a "
        "limit in "
        "`gci.toml` (`[rules.CODE]`), never loosen it."
    )
    yield ""
    yield (
        "每条规则对每个站点、每个月给出 `pass`(通过)、`fail`(不通过)或 `not_checked`(未检查:缺少输入,不等于通过)。`withhold` "
        "使该量在新判定之前不进入任何指标,"
        "`flag` 随数值一并提示,`info` 仅作说明。限值可在 `gci.toml` 的 `[rules.CODE]` 中收紧,不得放宽。"
    )
    share = [t for t in thresholds if t.code == "SHARE"]
    yield from ("", "## Share rule · 份额规则", "")
    yield (
        "A fault of one meter withholds its side only when the meters concerned carry at least this share of the side (E_DC, E_IT, water)"
        " in the month "
        "or, when that is unknown, in the last known month; else it flags. A share that was never known counts as material."
    )
    yield ""
    yield (
        "单个计量点的问题,仅当所涉计量点在当月(未知时取最近已知月份)占本侧的份额达到下列限值时,本侧才暂缓发布,"
        "否则仅提示;从未知晓的份额按达到处理。"
    )
    yield ""
    yield from _limits(share)
    yield from ("", "## Quality tiers · 质量等级", "")
    yield "Limits of the quality tiers Q1 to Q5 (`docs/method/quality.md`). 质量等级 Q1 至 Q5 的限值(见 `docs/method/quality.md`)。"
    yield ""
    yield from _limits([t for t in thresholds if t.code == "QUALITY"])
    for family, title in _FAMILIES.items():
        yield from ("", f"## {title}")
        for rule in RULES:
            if rule.code.startswith(family):
                yield from _entry(rule, [t for t in thresholds if t.code == rule.code])


def _entry(rule: Rule, thresholds: list[Threshold]) -> Iterator[str]:
    yield from ("", f"### {rule.code} {rule.title_en} · {rule.title_zh}", "")
    quantities = ", ".join(f"`{quantity}`" for quantity in rule.quantities) or "–"
    yield f"* judges · 检查对象: `{rule.table}`"
    yield f"* worst outcome · 最重等级: {_SEVERITIES[rule.severity]}"
    yield f"* quantities · 涉及的量: {quantities}"
    for paragraph in rule.reason.split("\n\n"):
        yield from ("", " ".join(line.strip() for line in paragraph.splitlines()))
    if thresholds:
        yield ""
        yield from _limits(thresholds)


def _limits(thresholds: list[Threshold]) -> Iterator[str]:
    yield "| limit · 限值 | value · 数值 | unit · 单位 | from · 起始 | meaning | 含义 | source · 来源 |"
    yield "|---|---|---|---|---|---|---|"
    for threshold in thresholds:
        for dated in threshold.values:
            yield (
                f"| `{threshold.code}.{threshold.name}` | {dated.value:g} | {threshold.unit} | {dated.valid_from} | {threshold.text_en} | "
                f"{threshold.text_zh} | {dated.source} |"
            )


if __name__ == "__main__":
    sys.stdout.write(rules_markdown())
