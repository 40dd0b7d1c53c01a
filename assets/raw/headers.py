"""Which column of a file is which column of a contract.

The home's own mapping first, then the contract's names, then the synonyms that the contract lists; a unit in brackets may follow and must
not contradict. Values are not looked at here.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assets.raw.refused import Refused
from checks.contracts.base import Contract
from checks.contracts.registry import FEEDS
from resources.errors import UsageError
from resources.settings import Settings

_BRACKET = re.compile(r"^(.+?)\s*[(\[【]([^()\[\]【】]*)[)\]】]$")
# Units that a header may name in brackets, by the unit of a contract; any other bracket is a remark.
_UNIT_NAMES = {
    "W": "w 瓦", "kW": "kw 千瓦", "MW": "mw 兆瓦",
    "kWh": "kwh 千瓦时 度", "MWh": "mwh 兆瓦时", "GWh": "gwh", "万kWh": "万kwh 万千瓦时 万度",
    "TB": "tb", "GB": "gb", "PB": "pb", "Gbps": "gbps", "Mbps": "mbps", "Tbps": "tbps",
    "TFLOPS": "tflops", "GFLOPS": "gflops", "PFLOPS": "pflops", "min": "min 分钟 分", "h": "h 小时", "s": "s 秒", "U": "u",
    "tce": "tce 吨标准煤", "kg/L": "kg/l 千克/升", "L/kWh": "l/kwh", "%": "% 百分比",
}  # fmt: skip
_UNITS = {spelling: unit for unit, spellings in _UNIT_NAMES.items() for spelling in spellings.split()}


@dataclass(frozen=True)
class HeaderMap:
    """``names``: for each column of the file the name it is stored under, None when it has neither name nor meaning.

    ``mapped``: header as written → contract column. ``unknown``: headers that the contract does not know, as stored.
    """

    names: tuple[str | None, ...]
    mapped: dict[str, str]
    unknown: tuple[str, ...]


def check_feed_settings(settings: Settings) -> None:
    """UsageError when ``[feeds.X]`` names a feed, or maps to a column, that does not exist; the nearest is suggested."""
    for feed, values in settings.feeds.items():
        if feed not in FEEDS:
            raise UsageError(f"gci.toml: [feeds.{feed}] names no feed.{nearest(feed, FEEDS)}")
        for header, column in values.columns.items():
            if column not in (known := FEEDS[feed].by_name):
                hint = nearest(column, known)
                raise UsageError(f"gci.toml: [feeds.{feed}] columns maps '{header}' to '{column}', no column of it.{hint}")


def nearest(word: str, known: Mapping[str, object] | Sequence[str]) -> str:
    """`` Did you mean 'x'?`` with the nearest of the known words, or the list of them."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.5)
    return f" Did you mean '{near[0]}'?" if near else f" Known: {', '.join(known)}."


def map_headers(header: Sequence[str], contract: Contract, own: Mapping[str, str] | None = None) -> HeaderMap:
    """Map the headers of a file to a contract; ``own`` is the mapping of ``gci.toml``.

    Refused when a required column is missing (with what was seen and the accepted names), when two headers mean one column, or when
    the unit in a header is not the column's.
    """
    found: dict[int, str] = {}
    explicit = {_fold(written): column for written, column in (own or {}).items()}
    for position, written in enumerate(header):
        if column := explicit.get(_fold(written)):
            found[position] = column
    _unambiguous(header, found, contract.name)
    chosen = set(found.values())
    accepted = _accepted(contract)
    for position, written in enumerate(header):
        column, named = _meaning(written, accepted)
        if position not in found and column is not None and column not in chosen:
            found[position] = column
            _same_unit(written, column, named, contract)
    _unambiguous(header, found, contract.name)
    _complete(header, set(found.values()), contract)
    names: list[str | None] = []
    taken = {*contract.by_name, "entry", "source_row"}
    for position, written in enumerate(header):
        if position in found:
            names.append(found[position])
        elif not written:
            names.append(None)
        else:
            names.append(_free(written, taken))
            taken.add(str(names[-1]))
    unknown = tuple(name for position, name in enumerate(names) if name is not None and position not in found)
    return HeaderMap(tuple(names), {header[position]: column for position, column in found.items()}, unknown)


def has_required(header: Sequence[str], contract: Contract, own: Mapping[str, str] | None = None) -> bool:
    """Whether every required column is among the headers: how the sheet of a workbook and the feed of a file are recognised."""
    explicit, accepted = {_fold(written): column for written, column in (own or {}).items()}, _accepted(contract)
    found = {explicit.get(_fold(written)) or _meaning(written, accepted)[0] for written in header}
    return found.issuperset(contract.required)


def _fold(written: str) -> str:
    """Letters without width and case, and without blanks, hyphens and underscores."""
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", written)).casefold()


def _accepted(contract: Contract) -> dict[str, str]:
    accepted: dict[str, str] = {}
    for column in contract.columns:
        for word in (*column.synonyms, column.name):
            accepted[_fold(word)] = column.name
    for column in contract.columns:
        accepted[_fold(column.name)] = column.name  # a name is never shadowed by another column's synonym
    return accepted


def _meaning(written: str, accepted: Mapping[str, str]) -> tuple[str | None, str]:
    """The column that a header means, and what it says in brackets."""
    if column := accepted.get(_fold(written)):
        return column, ""
    parts = _BRACKET.match(unicodedata.normalize("NFKC", written).strip())
    return (accepted.get(_fold(parts[1])), parts[2].strip()) if parts else (None, "")


def _same_unit(written: str, column: str, named: str, contract: Contract) -> None:
    """Refuse a header whose bracket names another unit than the column's: a factor of a thousand would go unseen."""
    unit, seen = contract.by_name[column].unit, _UNITS.get(named.casefold())
    if unit and seen is not None and seen != unit:
        want = "1 (0 … 1)" if unit == "1" else unit
        raise Refused(
            f"Header '{written}' gives {seen}, but {column} is in {want}. Convert the values and name the column {column}.",
            f"表头“{written}”的单位为 {seen},而 {column} 的单位应为 {want}。请换算数值并将列名改为 {column}。",
        )


def _unambiguous(header: Sequence[str], found: Mapping[int, str], feed: str) -> None:
    for column in dict.fromkeys(found.values()):
        written = [header[position] for position, name in found.items() if name == column]
        if len(written) > 1:
            en, zh = " and ".join(f"'{w}'" for w in written), "、".join(f"“{w}”" for w in written)
            hint = f'[feeds.{feed}] columns = {{ "{written[0]}" = "{column}" }}'
            raise Refused(
                f"Headers {en} both mean {column}. Remove one, or say which in gci.toml: {hint}.",
                f"表头{zh}都表示 {column}。请删去其一,或在 gci.toml 中指明:{hint}。",
            )


def _complete(header: Sequence[str], found: set[str], contract: Contract) -> None:
    missing = [column for column in contract.required if column not in found]
    if not missing:
        return
    also = [f"{name} ({' / '.join(contract.by_name[name].synonyms)})" for name in missing]
    seen = ", ".join(written for written in header if written)
    raise Refused(
        f"Required columns are missing for {contract.name}: {'; '.join(also)}. Headers seen: {seen}.",
        f"{contract.name} 缺少必填列:{';'.join(also)}。文件中的表头:{seen}。",
    )


def _free(written: str, taken: set[str]) -> str:
    """A name for an unknown column that no other column has."""
    name, count = written, 2
    while name in taken:
        name, count = f"{written} ({count})", count + 1
    return name
