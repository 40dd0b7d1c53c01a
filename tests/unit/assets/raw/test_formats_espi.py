"""Green Button files: what is read, and every way in which a file is refused."""

from __future__ import annotations

import sys

import pytest

from assets.raw.decode import Decoded, decode
from assets.raw.formats import raw_texts
from assets.raw.refused import Refused

pytest.importorskip("defusedxml", reason="the optional package defusedxml is not installed")

T0 = 1_767_225_600  # 2026-01-01 00:00 UTC


def reading(start: object, value: object, *, seconds: object = 900, qualities: tuple[int, ...] = ()) -> str:
    quality = "".join(f"<ReadingQuality><quality>{code}</quality></ReadingQuality>" for code in qualities)
    return (
        f"<IntervalReading><cost>7</cost>{quality}<timePeriod><duration>{seconds}</duration><start>{start}</start></timePeriod>"
        f"<value>{value}</value></IntervalReading>"
    )


def feed(
    *readings: str, of_type: str = "<uom>72</uom>", related: str = "ReadingType/7", up: str = "UsagePoint/U1/MeterReading/M1"
) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
 <entry><link rel="self" href="ReadingType/7"/><content><ReadingType xmlns="http://naesb.org/espi">{of_type}</ReadingType></content></entry>
 <entry><link rel="self" href="UsagePoint/U1/MeterReading/M1"/><link rel="related" href="{related}"/>
  <content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>
 <!-- <IntervalReading>not a reading</IntervalReading> -->
 <entry><link rel="up" href="{up}/IntervalBlock"/><content><IntervalBlock xmlns="http://naesb.org/espi">
  <interval><duration>1800</duration><start>{T0}</start></interval>
  {chr(10).join(readings)}
 </IntervalBlock></content></entry>
</feed>""".encode()


def read(*readings: str, **options: str) -> Decoded:
    return decode(feed(*readings, **options), "a.xml")


def refusal(data: bytes, name: str = "a.xml") -> Refused:
    with pytest.raises(Refused) as caught:
        decode(data, name)
    assert caught.value.zh
    assert caught.value.zh != caught.value.en
    return caught.value


def test_an_interval_stands_at_its_start_in_utc() -> None:
    decoded = read(reading(T0, 270), reading(T0 + 900, 210))
    assert decoded.header == ("meter_id", "read_at", "value", "quality")
    assert decoded.encoding == "espi"
    assert decoded.frame.rows() == [("U1-M1", "2026-01-01 00:00:00Z", "270", None, 1), ("U1-M1", "2026-01-01 00:15:00Z", "210", None, 2)]
    assert decoded.facts.stated == {"U1-M1": [("interval", "Wh", 15)]}


@pytest.mark.parametrize(("power", "value", "text"), [("3", "12", "12000"), ("-3", "55000001", "55000.001"), ("0", "-4", "-4")])
def test_the_power_of_ten_is_applied_exactly(power: str, value: str, text: str) -> None:
    decoded = read(reading(T0, value), of_type=f"<uom>72</uom><powerOfTenMultiplier>{power}</powerOfTenMultiplier>")
    assert decoded.frame["c2"].to_list() == [text]


@pytest.mark.parametrize(
    ("codes", "letter"),
    [((), "A"), ((0,), "A"), ((17,), "A"), ((7,), "S"), ((8,), "E"), ((9,), "E"), ((12,), "E"), ((17, 8), "E"),
     ((17, 7), "S"), ((99,), "99")],
)  # fmt: skip
def test_the_worst_quality_of_a_reading_counts(codes: tuple[int, ...], letter: str) -> None:
    decoded = read(reading(T0, 1, qualities=codes), of_type="<uom>72</uom><defaultQuality>14</defaultQuality>")
    assert decoded.frame["c3"].to_list() == [letter]


@pytest.mark.parametrize(
    ("of_type", "stated", "at"),
    [
        ("<uom>72</uom><accumulationBehaviour>4</accumulationBehaviour>", ("interval", "Wh", 15), "2026-01-01 00:00:00Z"),
        ("<uom>72</uom><accumulationBehaviour>3</accumulationBehaviour>", ("register", "Wh", None), "2026-01-01 00:15:00Z"),
        ("<uom>38</uom><accumulationBehaviour>12</accumulationBehaviour>", ("power", "W", None), "2026-01-01 00:00:00Z"),
        ("<uom>42</uom>", ("interval", "m3", 15), "2026-01-01 00:00:00Z"),
    ],
)
def test_kind_and_unit_come_from_the_reading_type(of_type: str, stated: tuple[str, str, float | None], at: str) -> None:
    decoded = read(reading(T0, 1), of_type=of_type)
    assert decoded.facts.stated == {"U1-M1": [stated]}
    assert decoded.frame["c1"].to_list() == [at]


def test_days_of_two_lengths_are_stated_as_two_kinds() -> None:
    decoded = read(reading(T0, 1, seconds=86_400), reading(T0 + 86_400, 1, seconds=82_800))
    assert decoded.facts.stated == {"U1-M1": [("interval", "Wh", 1440), ("interval", "Wh", 1380)]}


def test_what_is_no_number_stays_as_written_for_its_row_alone() -> None:
    decoded = read(reading("soon", "much"), reading(T0, 1))
    assert decoded.frame.rows()[0] == ("U1-M1", "soon", "much", None, 1)


def test_the_text_of_a_reading_is_found_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "defusedxml.sax", None)
    data = feed(reading(T0, 270), reading(T0 + 900, 210))
    assert raw_texts(data, "a.xml", {2}) == {2: {"line": "10", "text": reading(T0 + 900, 210)}}
    cause = refusal(data)
    assert "pip install defusedxml" in cause.en
    assert "pip install defusedxml" in cause.zh
    assert "://" not in cause.en + cause.zh


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]><feed xmlns="http://www.w3.org/2005/Atom">&lol3;</feed>"""
OUTSIDE = (
    b"""<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/hostname">]><feed xmlns="http://naesb.org/espi">&x;</feed>"""
)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (BOMB, ["document type or entities"]),
        (OUTSIDE, ["document type or entities"]),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"><entry/></feed>', ["no Green Button", "Atom", "naesb.org/espi"]),
        (b"<Report><Meter/></Report>", ["no Green Button", "Report"]),
        (feed(reading(T0, 1))[:-40], ["truncated or damaged at line"]),
        (b"not XML", ["truncated or damaged at line 1"]),
        ("<a/>".encode("utf-16"), ["UTF-16"]),
        (feed(reading(T0, 1), related="ReadingType/8"), ["ReadingType of MeterReading U1-M1", "unit"]),
        (feed(reading(T0, 1), up="UsagePoint/U1/MeterReading/M2"), ["ReadingType of MeterReading U1-M2"]),
        (feed(reading(T0, 1), up="Elsewhere/1"), ["names its MeterReading"]),
        (feed(reading(T0, 1), of_type="<uom>169</uom>"), ["no reading", "U1-M1 (uom 169)"]),
        (feed(reading(T0, 1), of_type="<uom>72</uom><accumulationBehaviour>2</accumulationBehaviour>"), ["accumulationBehaviour 2"]),
        (feed(), ["no reading"]),
    ],
)
def test_what_is_refused(data: bytes, words: list[str]) -> None:
    cause = refusal(data)
    for word in words:
        assert word in cause.en


def test_xml_named_csv_is_refused_as_before() -> None:
    assert "XML" in refusal(feed(reading(T0, 1)), "a.csv").en
