"""Green Button files: XML of NAESB REQ.21 (ESPI), a feed of UsagePoint, MeterReading, ReadingType and IntervalBlock.

The package defusedxml reads the XML, and refuses document types and entities; what the elements mean is read here. Resources are joined
by their links, as the standard has it. Without its ReadingType a value has no unit, and is not guessed.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces

from assets.raw.formats.base import Collected, Readings, package
from assets.raw.refused import Refused

NAMESPACE = "http://naesb.org/espi"
_ATOM = "http://www.w3.org/2005/Atom"
# uom of ESPI 3.3 (the IEC 61970 unit symbols): what a meter of ours can be read in
_UNITS = {"72": "Wh", "38": "W", "42": "m3", "134": "L"}
# accumulationBehaviour: 4 deltaData, the usual and the default; 1 bulkQuantity, 3 cumulative, 9 summation: registers
_DELTA, _REGISTER = ("", "0", "4"), ("1", "3", "9")
# QualityOfReading: what a meter measured; what was computed in its place; what a person or a later process put there
_QUALITIES = {
    **dict.fromkeys(("0", "11", "14", "17", "18", "19"), "A"),
    **dict.fromkeys(("8", "9", "10", "12", "13"), "E"),
    **dict.fromkeys(("7", "15", "16"), "S"),
}
_WORST = "ASE"
_METER = re.compile(r"(?:UsagePoint/([^/]+)/)?MeterReading/([^/]+)")
_READING = re.compile(rb"<(?:[\w.-]+:)?IntervalReading[\s>].*?</(?:[\w.-]+:)?IntervalReading\s*>", re.DOTALL)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)


@dataclass
class _Entry:
    """An Atom entry: its links by relation, the kinds of resources in it, the fields of its ReadingType, its readings."""

    links: list[tuple[str, str]] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    fields: dict[str, str] = field(default_factory=dict)
    readings: list[dict[str, Any]] = field(default_factory=list)

    def hrefs(self, relation: str) -> list[str]:
        return [href for rel, href in self.links if rel == relation]


class _Feed(ContentHandler):
    """Collects the entries of a feed."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[_Entry] = []
        self.root: tuple[str | None, str] | None = None
        self.known = False
        self._path: list[str] = []
        self._text: list[str] = []
        self._reading: dict[str, Any] = {}
        self._count = 0

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: Any) -> None:
        namespace, local = name
        self.root = self.root or name
        self.known = self.known or namespace == NAMESPACE
        self._path.append(local if namespace in (NAMESPACE, _ATOM) else "")
        self._text = []
        if name == (_ATOM, "entry"):
            self.entries.append(_Entry())
        elif not self.entries:
            return
        elif name == (_ATOM, "link"):
            given = {key[1]: value for key, value in attrs.items()}
            self.entries[-1].links.append((given.get("rel", ""), given.get("href", "").rstrip("/")))
        elif namespace == NAMESPACE and local in ("MeterReading", "ReadingType", "IntervalBlock"):
            self.entries[-1].kinds.add(local)
        elif name == (NAMESPACE, "IntervalReading"):
            self._count += 1
            self._reading = {"number": self._count, "qualities": []}
            self.entries[-1].readings.append(self._reading)

    def characters(self, content: str) -> None:
        self._text.append(content)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:
        local = self._path.pop()
        text, self._text = "".join(self._text).strip(), []
        if not self.entries or not self._path:
            return
        parent, before = self._path[-1], self._path[-2] if len(self._path) > 1 else ""
        if parent == "ReadingType":
            self.entries[-1].fields[local] = text
        elif (parent == "IntervalReading" and local == "value") or (parent == "timePeriod" and before == "IntervalReading"):
            self._reading[local] = text
        elif parent == "ReadingQuality" and local == "quality" and before == "IntervalReading":
            self._reading["qualities"].append(text)


def read(data: bytes) -> Readings:
    """The readings of a Green Button file, meters named ``UsagePoint-MeterReading`` by the ids in its links; Refused with the cause.

    Wh, W, m3 or L after the power of ten; interval values stand at the start of their interval, times in UTC. ``source_row`` counts
    the IntervalReadings of the file.
    """
    feed = _parsed(data)
    types = {href: entry.fields for entry in feed.entries if "ReadingType" in entry.kinds for href in entry.hrefs("self")}
    meters = {href: entry.hrefs("related") for entry in feed.entries if "MeterReading" in entry.kinds for href in entry.hrefs("self")}
    found = Collected()
    for entry in feed.entries:
        if entry.readings:
            _block(entry, types, meters, found)
    return found.readings("espi")


def raw_texts(data: bytes, wanted: set[int]) -> dict[int, dict[str, str]]:
    """The IntervalReading elements with these numbers, and the lines on which they begin."""
    plain = _COMMENT.sub(lambda match: re.sub(rb"[^\n]", b" ", match[0]), data)
    found = {}
    for number, match in enumerate(_READING.finditer(plain), 1):
        if number in wanted:
            line = plain.count(b"\n", 0, match.start()) + 1
            found[number] = {"line": str(line), "text": " ".join(match[0].decode("utf-8", "replace").split())}
    return found


def _parsed(data: bytes) -> _Feed:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused("The XML is in UTF-16. Save it as UTF-8.", "XML 为 UTF-16 编码。请另存为 UTF-8。")
    sax = package("defusedxml.sax", "defusedxml", "Green Button")
    unsafe = package("defusedxml.common", "defusedxml", "Green Button").DefusedXmlException
    feed, parser = _Feed(), sax.make_parser()
    parser.forbid_dtd = True
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(feed)
    try:
        parser.parse(io.BytesIO(data))
    except unsafe:
        raise Refused(
            "The XML declares a document type or entities, which Green Button does not need and which can be harmful. Export it again.",
            "XML 声明了文档类型或实体,Green Button 不需要且可能有害。请重新导出。",
        ) from None
    except SAXParseException as error:
        line, cause = error.getLineNumber(), error.getMessage()
        raise Refused(
            f"The XML is truncated or damaged at line {line} ({cause}). Export it again.",
            f"XML 在第 {line} 行不完整或已损坏({cause})。请重新导出。",
        ) from None
    if not feed.known:
        namespace, local = feed.root or (None, "")
        raise Refused(
            f"The XML is no Green Button file: its root is {local} of namespace '{namespace or ''}', and nothing in it is of {NAMESPACE}.",
            f"该 XML 不是 Green Button 文件:根元素为 {local},命名空间为“{namespace or ''}”,其中没有 {NAMESPACE} 的内容。",
        )
    return feed


def _block(entry: _Entry, types: dict[str, dict[str, str]], meters: dict[str, list[str]], found: Collected) -> None:
    """The readings of one entry with an IntervalBlock."""
    link = next((match for href in (*entry.hrefs("self"), *entry.hrefs("up")) if (match := _METER.search(href))), None)
    if link is None:
        raise Refused("An IntervalBlock has no link that names its MeterReading.", "某个 IntervalBlock 没有指明其 MeterReading 的链接。")
    meter_id = "-".join(part for part in link.groups() if part)
    of_type = next((types[href] for href in meters.get(link.string[: link.end()], ()) if href in types), None)
    if of_type is None:
        raise Refused(
            f"The file does not hold the ReadingType of MeterReading {meter_id}, so the unit of its values is unknown. "
            "Export the whole subscription.",
            f"文件中没有 MeterReading {meter_id} 的 ReadingType,其数值单位未知。请导出完整的订阅数据。",
        )
    uom, behaviour = of_type.get("uom", ""), of_type.get("accumulationBehaviour", "")
    unit = _UNITS.get(uom)
    kind = "power" if unit == "W" else "interval" if behaviour in _DELTA else "register" if behaviour in _REGISTER else None
    if unit is None or kind is None:
        found.leave_out(meter_id, f"uom {uom}" if unit is None else f"accumulationBehaviour {behaviour}")
        return
    for reading in entry.readings:
        start, length = _whole(reading.get("start")), _whole(reading.get("duration") or of_type.get("intervalLength"))
        minutes = None
        if kind == "interval":
            minutes = None if length is None else length // 60 if length % 60 == 0 else length / 60
        found.state(meter_id, kind, unit, minutes)
        at = start if start is None or kind != "register" else start + (length or 0)
        found.add(
            meter_id, _utc(at) or reading.get("start", ""), _scaled(reading.get("value", ""), of_type), _quality(reading, of_type),
            reading["number"],
        )  # fmt: skip


def _whole(text: str | None) -> int | None:
    try:
        return int(text or "")
    except ValueError:
        return None


def _utc(seconds: int | None) -> str | None:
    try:
        return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}Z"
    except (ValueError, OverflowError, OSError):
        return None


def _scaled(text: str, of_type: dict[str, str]) -> str:
    """The value times the power of ten, exactly; what is no number stays as written."""
    try:
        return f"{Decimal(text).scaleb(int(of_type.get('powerOfTenMultiplier') or 0)):f}"
    except (InvalidOperation, ValueError):
        return text


def _quality(reading: dict[str, Any], of_type: dict[str, str]) -> str | None:
    """The worst of the reading's qualities, else the default of its type; an unknown code stays as written."""
    codes = reading["qualities"] or [of_type.get("defaultQuality", "")]
    letters = [_QUALITIES.get(code, code) for code in codes if code]
    unknown = [letter for letter in letters if letter not in _WORST]
    return unknown[0] if unknown else max(letters, key=_WORST.index, default=None)
