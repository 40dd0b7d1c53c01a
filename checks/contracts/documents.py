"""What people read of the contracts: ``docs/tables.md``.

Generated only; a test holds the committed page against ``tables_markdown()``.
"""

from __future__ import annotations

from checks.contracts.base import FIRST_MONTH, Column, Contract
from checks.contracts.registry import ACCOUNTS, FEEDS, STAGED

_INTRO = """# Tables · 数据表

Generated from `checks/contracts` by `tables_markdown()`; don't edit. 由 `checks/contracts` 生成,请勿手改。

`*` required · 必填. Dates `YYYY-MM-DD`, months `YYYY-MM`, instants ISO 8601; empty text is null.
日期 `YYYY-MM-DD`,月份 `YYYY-MM`,时刻 ISO 8601;空白即空值。

Headers are recognised by the column's name or by a name in the column "headers"; a unit in brackets may follow, e.g. `止码(kWh)`.
表头按列名或"表头"一栏的名称识别,可在括号内附单位。

Files that can be dropped, NEM12, NEM13 and Green Button too: [formats.md](formats.md). 可放入的文件格式见 [formats.md](formats.md)。

## Feeds · 输入表
"""


def tables_markdown() -> str:
    """The data dictionary of all feeds, staged tables and accounts, in English and Chinese."""
    blocks = [_INTRO]
    blocks += [_section(contract, feed=True) for contract in FEEDS.values()]
    blocks.append("## Staged tables · 中间表\n")
    blocks += [_section(contract, feed=False) for contract in STAGED.values()]
    blocks.append("## Tables of accounts · 核算表\n")
    blocks += [_section(contract, feed=False) for contract in ACCOUNTS.values()]
    return "\n".join(blocks)


def _section(contract: Contract, *, feed: bool) -> str:
    name = contract.name if feed or "/" in contract.name else f"staging/{contract.name}"
    lines = [f"### `{name}`", "", f"{contract.title_en}. {contract.title_zh}。", ""]
    split = f" Split by month of · 按月拆分依据: `{contract.time_column}`." if contract.time_column else ""
    lines += [f"Key · 主键: {', '.join(f'`{column}`' for column in contract.key)}.{split}", ""]
    if feed:
        lines += ["| column · 列 | kind · 类型 | unit · 单位 | description · 说明 | values · 取值 | headers · 表头 |"]
        lines += ["|---|---|---|---|---|---|"]
        lines += [_feed_row(column) for column in contract.columns]
    else:
        lines += ["| column · 列 | kind · 类型 | unit · 单位 | description · 说明 |", "|---|---|---|---|"]
        lines += [f"| {_name(column)} | {column.kind} | {column.unit} | {_description(column)} |" for column in contract.columns]
    return "\n".join(lines) + "\n"


def _feed_row(column: Column) -> str:
    cells = [_name(column), column.kind, column.unit, _description(column), _values(column), " ".join(column.synonyms)]
    return f"| {' | '.join(cells)} |"


def _name(column: Column) -> str:
    return f"`{column.name}`" + ("*" if column.required else "")


def _description(column: Column) -> str:
    return f"{column.description_en} · {column.description_zh}"


def _values(column: Column) -> str:
    """What a value may be, in words that need no language: lists, bounds, patterns, defaults."""
    said = []
    if column.allowed:
        said.append(", ".join(f"`{value}`" for value in column.allowed))
    elif column.values:
        said.append(", ".join(f"`{value}`" for value in dict.fromkeys(column.values.values())) + " …")
    if column.min is not None:
        said.append(f"≥ {column.min:g}")
    if column.max is not None:
        said.append(f"≤ {column.max:g}")
    if column.pattern:
        said.append("`" + column.pattern.replace("|", "\\|") + "`")
    if column.not_before:
        said.append(f"≥ `{column.not_before}`")
    if column.bounds_by:
        said += [
            f"`{value}`: ≥ {low:g}" + (f", ≤ {high:g}" if high is not None else "") for value, (low, high) in column.bounds_by[1].items()
        ]
    if column.default:
        said.append("default · 默认 " + (f"`{FIRST_MONTH}`" if column.default == FIRST_MONTH else f"`{column.default}`"))
    if column.default_from:
        said.append(f"default · 默认 = `{column.default_from}`")
    return "; ".join(said)
