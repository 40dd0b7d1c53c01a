"""NEM12 (interval) and NEM13 (register) files: AEMO, Meter Data File Format Specification NEM12 & NEM13.

The package nemreader knows what stands in each record. The order of records is walked here, because a reading must keep its place in the
file, and because what is missing or out of order is refused here and not skipped. Times are Eastern Standard Time (+10:00) all year.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from assets.raw.formats.base import Collected, Readings, package
from assets.raw.refused import Refused

# A reading's source_row is line × 1000 + its place in the line: interval 1 … 288 of a 300 record, 1 previous and 2 current of a 250.
PLACES = 1000
_SHORTEST = 5  # minutes
_MINUTES = 24 * 60
_START = re.compile(rb'^(?:\xef\xbb\xbf)?\s*"?(?:100|200|250|300)"?\s*,')
_QUALITY = re.compile(r"[AEFSVN]\d{0,2}")
_LETTERS = {"A": "A", "E": "E", "F": "S", "S": "S"}  # F: final substitute
_UNITS = {"wh": "Wh", "kwh": "kWh", "mwh": "MWh"}

Record = tuple[int, list[str]]


@dataclass
class _Day:
    """A 300 record: its line, its texts, its readings by the library, and the 400 records that follow it."""

    line: int
    values: list[str]
    quality: str
    readings: list[Any]
    covered: int = 0
    closed: bool = False
    events: list[Any] = field(default_factory=list)


def recognised(data: bytes) -> bool:
    """Whether a file begins as one, be it without its header."""
    return _START.match(data[:200]) is not None


def read(data: bytes) -> Readings:
    """The readings of a NEM12 or NEM13 file, meters named ``NMI-suffix``; Refused with the line at fault.

    Interval values stand at the start of their interval. Reactive energy, volts and the like are left out.
    """
    records = list(_records(data))
    version = _framed(records)
    library = package("nemreader.nem_reader", "nemreader", version)
    found = Collected()
    if version == "NEM12":
        _intervals(records[1:-1], library, found)
    else:
        _registers(records[1:-1], library, found)
    return found.readings(version.lower())


def raw_texts(data: bytes, wanted: set[int]) -> dict[int, dict[str, str]]:
    """The lines that hold some readings, by source_row."""
    lines = _text(data).splitlines()
    places = {row: divmod(row, PLACES) for row in sorted(wanted)}
    return {
        row: {"line": str(line), "place": str(place), "text": lines[line - 1]}
        for row, (line, place) in places.items()
        if 0 < line <= len(lines)
    }


# records ----------------------------------------------------------------------------------------------------------------


def _text(data: bytes) -> str:
    """Fields that matter are ASCII; remarks may be in any single-byte encoding."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _records(data: bytes) -> Iterator[Record]:
    reader = csv.reader(_text(data).splitlines(), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise _at(reader.line_num, f"can't be read ({error})", f"无法读取({error})") from None


def _at(line: int, en: str, zh: str) -> Refused:
    return Refused(f"Line {line} {en}.", f"第 {line} 行{zh}。")


def _framed(records: Sequence[Record]) -> str:
    """The version, when the file has its first and last record; Refused otherwise."""
    line, first = records[0]
    if first[0] != "100":
        raise _at(line, "should be the header record 100; without it the file is incomplete", "应为文件头记录 100;缺少它则文件不完整")
    version = first[1] if len(first) > 1 else ""
    if version not in ("NEM12", "NEM13"):
        raise _at(line, f"names the version '{version}'; NEM12 and NEM13 are read", f"的版本为“{version}”;仅支持 NEM12 和 NEM13")
    for number, row in records[1:-1]:
        if row[0] in ("100", "900"):
            raise _at(number, f"is a record {row[0]} inside the file; drop files one by one", f"为文件中间的记录 {row[0]};请逐个放入文件")
    line, last = records[-1]
    if last[0] != "900":
        raise Refused(
            f"The file breaks off after line {line}: the end record 900 is missing. Copy it again.",
            f"文件在第 {line} 行后中断:缺少结束记录 900。请重新复制。",
        )
    return version


def _parsed(line: int, parse: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return parse(*arguments)
    except (ValueError, IndexError, TypeError, KeyError) as error:
        raise _at(line, f"can't be read ({error})", f"无法读取({error})") from None


def _padded(row: list[str], width: int) -> list[str]:
    """A record whose last, empty fields were not written."""
    return [*row, *[""] * (width - len(row))]


def _unit(uom: str) -> str | None:
    return _UNITS.get(uom.lower())


def _stated(moment: datetime) -> str:
    """Market time is UTC+10 the year round, also where clocks are put forward."""
    return f"{moment:%Y-%m-%d %H:%M:%S}+10:00"


# NEM12 ------------------------------------------------------------------------------------------------------------------


def _intervals(records: Sequence[Record], library: Any, found: Collected) -> None:
    details: Any = None
    day: _Day | None = None
    for line, row in records:
        match row[0]:
            case "200":
                _close(day, details, found, library)
                details, day = _details(line, row, library), None
            case "300":
                if details is None:
                    raise _at(line, "is a record 300 before any record 200", "为记录 300,但其前没有记录 200")
                _close(day, details, found, library)
                day = _day(line, row, details, library)
            case "400":
                if day is None or day.closed:
                    raise _at(line, "is a record 400 that follows no record 300", "为记录 400,但其前没有记录 300")
                _event(line, row, day, details, library)
            case "500":
                if day is None:
                    raise _at(line, "is a record 500 that follows no record 300", "为记录 500,但其前没有记录 300")
                day.closed = True
            case other:
                raise _at(line, f"begins with '{other}', no record of NEM12", f"以“{other}”开头,不是 NEM12 的记录")
    _close(day, details, found, library)


def _details(line: int, row: list[str], library: Any) -> Any:
    details = _parsed(line, library.parse_200_row, row)
    minutes = details.interval_length
    if minutes < _SHORTEST or _MINUTES % minutes:
        raise _at(line, f"has the interval length {minutes}, which does not divide a day", f"的间隔长度 {minutes} 无法整除一天")
    if not details.nmi or not details.nmi_suffix:
        raise _at(line, "has no NMI or no suffix", "缺少 NMI 或后缀")
    return details


def _day(line: int, row: list[str], details: Any, library: Any) -> _Day:
    minutes = details.interval_length
    count = _MINUTES // minutes
    quality = row[2 + count] if len(row) > 2 + count else ""
    if not _QUALITY.fullmatch(quality):
        raise _at(
            line, f"should have {count} values of {minutes} minutes and then their quality, but has '{quality}' there",
            f"应有 {count} 个 {minutes} 分钟的值及其质量标识,该处却为“{quality}”",
        )  # fmt: skip
    record = _parsed(line, library.parse_300_row, _padded(row, count + 7), minutes, details.uom, details.meter_serial_number)
    return _Day(line, row[2 : 2 + count], quality, record.interval_values)


def _event(line: int, row: list[str], day: _Day, details: Any, library: Any) -> None:
    event = _parsed(line, library.parse_400_row, _padded(row, 6), details.interval_length)
    if event.start_interval != day.covered + 1:
        raise _at(
            line, f"begins at interval {event.start_interval}, where {day.covered + 1} should follow",
            f"从间隔 {event.start_interval} 开始,而应接续 {day.covered + 1}",
        )  # fmt: skip
    day.covered = event.end_interval
    day.events.append(event)


def _close(day: _Day | None, details: Any, found: Collected, library: Any) -> None:
    """Take the readings of a day, with the qualities of its 400 records."""
    if day is None:
        return
    if (day.quality == "V" or day.events) and day.covered != len(day.values):
        raise _at(
            day.line, f"has the quality {day.quality}, but its records 400 cover {day.covered} of {len(day.values)} intervals",
            f"的质量标识为 {day.quality},其记录 400 却只覆盖 {len(day.values)} 个间隔中的 {day.covered} 个",
        )  # fmt: skip
    meter_id, unit = f"{details.nmi}-{details.nmi_suffix}", _unit(details.uom)
    if unit is None:
        found.leave_out(meter_id, details.uom)
        return
    readings = day.readings
    for event in day.events:
        readings = _parsed(day.line, library.update_reading_events, readings, event)
    found.state(meter_id, "interval", unit, details.interval_length)
    for place, (text, reading) in enumerate(zip(day.values, readings, strict=True), 1):
        value, quality = _said(text, reading.quality_method)
        found.add(meter_id, _stated(reading.t_start), value, quality, day.line * PLACES + place)


def _said(text: str, method: str) -> tuple[str | None, str | None]:
    """The value as written, and our letter of its quality; N is null data, whatever stands there. An unknown quality stays as it is."""
    letter = method[:1]
    if letter == "N":
        return None, None
    return text, _LETTERS.get(letter, method)


# NEM13 ------------------------------------------------------------------------------------------------------------------


def _registers(records: Sequence[Record], library: Any, found: Collected) -> None:
    rows: dict[str, list[tuple[int, list[str]]]] = {}
    for line, row in records:
        if row[0] == "250":
            rows.setdefault(_pair(line, row, library, found), []).append((line, row))
        elif row[0] != "550":
            raise _at(line, f"begins with '{row[0]}', no record of NEM13", f"以“{row[0]}”开头,不是 NEM13 的记录")
        elif not rows:
            raise _at(line, "is a record 550 that follows no record 250", "为记录 550,但其前没有记录 250")
    for pairs in rows.values():
        _follow(pairs, found)


def _pair(line: int, row: list[str], library: Any, found: Collected) -> str:
    """Both readings of a 250 record; returns their meter."""
    if len(row) < 20:
        raise _at(line, f"has {len(row)} fields; a record 250 has at least 20", f"有 {len(row)} 个字段;记录 250 至少有 20 个")
    fields = _padded(row, 23)
    fields[18] = fields[18] or "0"  # a quantity may be null, which the library does not read
    data = _parsed(line, library.parse_250_row, fields)
    meter_id, unit = f"{data.nmi}-{data.nmi_suffix}", _unit(data.uom)
    if unit is None:
        found.leave_out(meter_id, data.uom)
        return meter_id
    found.state(meter_id, "register", unit)
    both = (
        (row[8], data.previous_register_read_datetime, row[9], data.previous_quality_method),
        (row[13], data.current_register_read_datetime, row[14], data.current_quality_method),
    )
    for place, (text, moment, written, method) in enumerate(both, 1):
        value, quality = _said(text, method)
        found.add(meter_id, _stated(moment) if moment else written, value, quality, line * PLACES + place)
    return meter_id


def _follow(pairs: Sequence[tuple[int, list[str]]], found: Collected) -> None:
    """Mark the records of a register whose stated quantity is neither its difference nor its rollover, times one whole multiplier."""
    differences = {line: _difference(row) for line, row in pairs}
    factors = {d[1] / d[0] for d in differences.values() if d is not None and d[0]}
    shared = factors.pop() if len(factors) == 1 else Decimal(1)
    factor = shared if shared >= 1 and shared == shared.to_integral_value() else Decimal(1)
    for line, row in pairs:
        difference = differences[line]
        if difference is None or difference[0] * factor == difference[1]:
            continue
        reason = f"line {line}: the stated quantity {row[18]} does not follow from the readings {row[8]} and {row[13]}"
        found.problems.update({line * PLACES + place: reason for place in (1, 2)})


def _difference(row: list[str]) -> tuple[Decimal, Decimal] | None:
    """(register difference, stated quantity); over a rollover when that is what is stated. None without a quantity."""
    try:
        before, after, quantity = (Decimal(row[field]) for field in (8, 13, 18))
    except InvalidOperation:
        return None
    size = Decimal(10) ** len(row[8].split(".")[0])
    difference = after - before
    return (difference + size if difference < 0 < quantity else difference), quantity
