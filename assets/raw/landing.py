"""Dropped files into the log: kept unchanged, decoded once, split into parts.

Each file is one transaction; a broken one is quarantined with its cause and stops no other. What rows mean beyond their own text
is not decided here but in ``feeds.py`` and in staging.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import polars as pl

from assets.raw.decode import Decoded, decode
from assets.raw.formats import FileFacts
from assets.raw.headers import HeaderMap, check_feed_settings, has_required, map_headers, nearest
from assets.raw.large_readings import land_large
from assets.raw.moments import instants, month_of, months
from assets.raw.readings_text import SCHEMA as READINGS
from assets.raw.readings_text import read_readings
from assets.raw.refused import Refused
from assets.raw.typed import type_rows
from checks.contracts.base import Contract
from checks.contracts.registry import FEEDS
from resources.calendar import month_first_day
from resources.digest import digest_file
from resources.errors import GciError, UsageError
from resources.home import Home
from resources.lake import Stored
from resources.settings import FeedSettings, Settings

EVIDENCE = "evidence"
Status = Literal["landed", "unchanged", "quarantined", "unknown_feed"]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Landed:
    """What became of one file. ``entry`` is its number in the log (None: not in the log); ``rejected`` counts rows with a problem."""

    feed: str
    file: str
    status: Status
    entry: int | None = None
    rows: int = 0
    rejected: int = 0
    months: tuple[str, ...] = ()
    encoding: str = ""
    digest: str = ""
    message_en: str = ""
    message_zh: str = ""


@dataclass(frozen=True)
class _Content:
    """A decoded file: its parts by month, and what the log says about it."""

    parts: dict[str, pl.DataFrame]
    rows: int
    rejected: int
    encoding: str
    headers: HeaderMap = field(repr=False)
    facts: FileFacts = field(default_factory=FileFacts, repr=False)

    @property
    def months(self) -> tuple[str, ...]:
        return tuple(sorted(month for month in self.parts if month))


def land(home: Home, progress: Progress | None = None) -> list[Landed]:
    """Land every new file under ``landing/``, in the order of feed and file name; returns what became of each.

    ``progress(label, done, total)`` is called before each file and at the end. UsageError for ``[feeds.X]`` that names no feed;
    GciError when the home can't be written.
    """
    check_feed_settings(home.settings)
    home.ledger.create()
    results: list[Landed] = []
    files = list(dropped_files(home.landing))
    for done, (feed, path) in enumerate(files):
        if progress:
            progress(f"{feed}/{path.name}", done, len(files))
        results.append(_land_one(home, feed, path))
    if progress and files:
        progress("", len(files), len(files))
    return results


def explain(home: Home, path: Path, feed: str | None = None) -> Landed:
    """What landing would make of a file, writing nothing. The feed is that of its folder, or the one feed whose headers fit.

    UsageError when the file does not exist or its feed can't be told.
    """
    check_feed_settings(home.settings)
    if not path.is_file():
        raise UsageError(f"{path} is no file.")
    if feed is not None and feed not in FEEDS:
        raise UsageError(f"'{feed}' is no feed.{nearest(feed, FEEDS)}")
    if feed is None:
        feed = path.parent.name if path.parent.name in FEEDS else _guess(path, home.settings)
    digest = digest_file(path)
    try:
        content = _content(path.read_bytes(), path.name, FEEDS[feed], home.settings)
    except Refused as cause:
        return Landed(feed, path.name, "quarantined", digest=digest, message_en=cause.en, message_zh=cause.zh)
    return _landed(Landed(feed, path.name, "landed", digest=digest), content)


# one file ---------------------------------------------------------------------------------------------------------------


def dropped_files(landing: Path) -> Iterator[tuple[str, Path]]:
    """(feed folder, path) of everything dropped; hidden and temporary files are not; '' for what lies outside the folders."""
    if not landing.is_dir():
        return
    for folder in sorted(landing.iterdir(), key=lambda path: path.name):
        if _hidden(folder):
            continue
        if folder.is_dir():
            yield from ((folder.name, path) for path in sorted(folder.iterdir(), key=lambda path: path.name) if not _hidden(path))
        else:
            yield "", folder


def _hidden(path: Path) -> bool:
    return path.name.startswith((".", "~$"))


def _land_one(home: Home, feed: str, path: Path) -> Landed:
    result = Landed(feed, path.name, "unknown_feed")
    if feed not in FEEDS and feed != EVIDENCE:
        return _misplaced(result)
    if path.is_dir():
        en = f"landing/{feed}/{path.name} is a folder; folders inside a feed's folder are not read. Move its files up."
        zh = f"landing/{feed}/{path.name} 是文件夹;输入表文件夹内的子文件夹不读取,请将文件上移一级。"
        return replace(result, message_en=en, message_zh=zh)
    try:
        digest = digest_file(path)
    except OSError as error:
        en, zh = f"{path.name} can't be read: {error.strerror}.", f"{path.name} 无法读取:{error.strerror}。"
        return replace(result, status="quarantined", message_en=en, message_zh=zh)
    # Quarantined bytes are not known: they are looked at again, as a mapping or an encoding in gci.toml may have made them readable.
    if (known := home.ledger.find_file(feed, digest)) is not None:
        return _unchanged(replace(result, entry=known.n, digest=digest), known.payload)
    try:
        kept = home.lake.keep_file(path, digest)
        return _enter(home, replace(result, digest=digest), kept)
    except OSError as error:
        raise GciError(f"{path.name} can't be kept in {home.lake.root}: {error.strerror}. Check its permissions and free space.") from None


def _enter(home: Home, result: Landed, kept: Path) -> Landed:
    """The entry of a kept file: with its parts, as evidence, or as quarantine."""
    name = f"{result.feed}/{result.file}"
    before, _ = home.ledger.head()
    try:
        if result.feed == EVIDENCE:
            if not (size := kept.stat().st_size):
                raise Refused("The document is empty (0 bytes).", "文件为空(0 字节)。")
            result = replace(result, status="landed", message_en="document kept", message_zh="佐证文件已留存")
            payload: dict[str, Any] = {"bytes": size}
            entry = home.ledger.append(EVIDENCE, name, result.digest, payload)
        else:
            content, written = _parts(home, result, kept)
            parts = [
                {"feed": result.feed, "month": s.month, "digest": s.digest, "file_digest": s.file_digest, "rows": s.rows} for s in written
            ]
            result = _landed(replace(result, status="landed"), content)
            payload = {
                "feed": result.feed, "rows": content.rows, "months": list(content.months), "encoding": content.encoding,
                "rejected": content.rejected, "columns": content.headers.mapped, "unknown_columns": list(content.headers.unknown),
            }  # fmt: skip
            if content.facts.stated:  # what a metering standard says of its meters; staging holds the registry against it
                payload |= {"stated": content.facts.stated, "left_out": list(content.facts.left_out)}
            entry = home.ledger.append("file", name, result.digest, payload, parts)
    except Refused as cause:
        payload = {"feed": result.feed, "cause_en": cause.en, "cause_zh": cause.zh}
        result = replace(result, status="quarantined", message_en=cause.en, message_zh=cause.zh)
        entry = home.ledger.append("quarantine", name, result.digest, payload)
    # an old number: the log had these bytes already, perhaps because another command landed them meanwhile
    return _unchanged(replace(result, entry=entry), payload) if entry <= before else replace(result, entry=entry)


def _parts(home: Home, result: Landed, kept: Path) -> tuple[_Content, list[Stored]]:
    """A kept file's parts, in the lake; a large file of readings is never held whole."""
    contract = FEEDS[result.feed]
    if contract.name == "meter_readings":
        own = home.settings.feeds.get(contract.name, FeedSettings())
        if large := land_large(kept, result.file, contract, own, home.lake):
            parts = {stored.month: pl.DataFrame(schema=READINGS) for stored in large.parts}
            return _Content(parts, large.rows, large.rejected, large.encoding, large.headers), large.parts
    content = _content(kept.read_bytes(), result.file, contract, home.settings)
    return content, [home.lake.write(f"parts/{result.feed}", month, frame) for month, frame in content.parts.items()]


def _content(data: bytes, name: str, contract: Contract, settings: Settings) -> _Content:
    """Decode a file of a feed and split it into parts; Refused with the cause."""
    own = settings.feeds.get(contract.name, FeedSettings())
    fits = partial(has_required, contract=contract, own=own.columns)
    decoded = decode(data, name, encoding=own.encoding, excel=contract.name != "meter_readings", fits=fits)
    headers = map_headers(decoded.header, contract, own.columns)
    frame = _named(decoded, headers)
    if contract.name == "meter_readings":
        parts = read_readings(frame, decoded.facts.problems)
        rejected = sum(part.height - part["problem"].null_count() for part in parts.values())
    else:
        first_day = month_first_day(settings.first_month).isoformat()
        parts = _by_month(frame, contract)
        typed = type_rows(contract, frame.with_columns(entry=pl.lit(0, dtype=pl.Int64)), first_day)
        rejected = int(typed.broken.sum())
    return _Content(parts, frame.height, rejected, decoded.encoding, headers, decoded.facts)


def _named(decoded: Decoded, headers: HeaderMap) -> pl.DataFrame:
    """The columns under their stored names; a column without a header is dropped when it is blank, else named by its place."""
    chosen = []
    for position, name in enumerate(headers.names):
        column = decoded.frame[f"c{position}"]
        if name is None and column.null_count() < len(column):
            name = f"column {position + 1}"
        if name is not None:
            chosen.append(column.alias(name))
    return pl.DataFrame([*chosen, decoded.frame["source_row"]])


def _by_month(frame: pl.DataFrame, contract: Contract) -> dict[str, pl.DataFrame]:
    """Parts by month of the contract's time column ('' without one); rows without a readable time go to the most common month."""
    if frame.is_empty():
        return {}
    if contract.time_column is None:
        return {"": frame}
    stated = frame[contract.time_column]
    kind = contract.by_name[contract.time_column].kind
    month = months(stated) if kind == "month" else month_of(instants(stated)["local_s"])
    common = month.drop_nulls().mode().sort()
    label = month.fill_null(str(common[0]) if len(common) else "")
    return {str(value): frame.filter(label == value) for value in label.unique().sort()}


# words ------------------------------------------------------------------------------------------------------------------


def _landed(result: Landed, content: _Content) -> Landed:
    """The result with what was found, and one sentence about it."""
    en, zh = "1 row" if content.rows == 1 else f"{content.rows} rows", f"{content.rows} 行"
    if not content.rows:
        en, zh = "a header without rows: a statement that there are none", "只有表头:表示没有数据行"
    if content.rejected:
        en, zh = f"{en}, {content.rejected} with a problem (CT01)", f"{zh},其中 {content.rejected} 行有问题(CT01)"
    if content.headers.unknown:
        en = f"{en}; columns not used: {', '.join(content.headers.unknown)}"
        zh = f"{zh};未使用的列:{'、'.join(content.headers.unknown)}"
    if content.facts.left_out:
        en = f"{en}; channels not used: {', '.join(content.facts.left_out)}"
        zh = f"{zh};未使用的通道:{'、'.join(content.facts.left_out)}"
    return replace(
        result, rows=content.rows, rejected=content.rejected, months=content.months, encoding=content.encoding, message_en=en, message_zh=zh
    )


def _unchanged(result: Landed, payload: dict[str, Any]) -> Landed:
    """Bytes that the log has already: with what it said of them."""
    en, zh = f"landed before as entry {result.entry}", f"此前已入库,日志条目 {result.entry}"
    if "cause_en" in payload:
        en = f"quarantined before as entry {result.entry}: {payload['cause_en']}"
        zh = f"此前已隔离,日志条目 {result.entry}:{payload['cause_zh']}"
    return replace(
        result, status="unchanged", rows=payload.get("rows", 0), rejected=payload.get("rejected", 0), encoding=payload.get("encoding", ""),
        months=tuple(payload.get("months", ())), message_en=en, message_zh=zh,
    )  # fmt: skip


def _misplaced(result: Landed) -> Landed:
    if not result.feed:
        en = f"{result.file} lies in landing/ itself; put it into the folder of its feed, for example landing/meters/."
        zh = f"{result.file} 直接放在 landing/ 下;请放入对应输入表的文件夹,例如 landing/meters/。"
        return replace(result, message_en=en, message_zh=zh)
    known = [*FEEDS, EVIDENCE]
    near = nearest(result.feed, known)
    en = f"landing/{result.feed} is the folder of no feed; {result.file} was not read.{near}"
    return replace(result, message_en=en, message_zh=f"landing/{result.feed} 不是输入表文件夹,{result.file} 未读取。{_near_zh(near)}")


def _near_zh(near: str) -> str:
    return near.replace(" Did you mean ", "是否应为 ").replace(" Known: ", "可用:").rstrip(".?") + ("?" if "Did" in near else "。")


def _guess(path: Path, settings: Settings) -> str:
    """The feed whose required columns a file has; of several the one that knows most of its headers."""
    data = path.read_bytes()
    fitting: list[tuple[int, str]] = []
    cause: Refused | None = None
    for feed, contract in FEEDS.items():
        own = settings.feeds.get(feed, FeedSettings())
        try:
            decoded = decode(data, path.name, encoding=own.encoding, fits=partial(has_required, contract=contract, own=own.columns))
            headers = map_headers(decoded.header, contract, own.columns)
        except Refused as refused:
            cause = cause or refused
            continue
        fitting.append((len(headers.unknown), feed))
    best = [feed for unknown, feed in sorted(fitting) if unknown == min(fitting)[0]]
    if len(best) != 1:
        told = f"fits {', '.join(best)}" if best else f"fits no feed ({cause.en if cause else 'no headers'})"
        raise UsageError(f"{path.name} {told}. Name the feed it is for.")
    return best[0]
