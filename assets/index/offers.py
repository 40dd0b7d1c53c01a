"""The offers file of a purchase plan: what certificates are for sale, as rows of a CSV file.

Reading cells and saying what is wrong with them belongs here; whether an offer counts for a site is for ``purchase_plan.py``. Money is a
decimal as written, never a float.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import polars as pl

from assets.edition.node import nearest
from assets.index.csv_rows import read_csv_rows
from assets.raw.moments import days, months
from checks.contracts.vocabulary import ENERGY_TYPES, GEOGRAPHIES, GEOGRAPHY_PATTERN
from resources.errors import GciError


@dataclass(frozen=True)
class Column:
    """A column of the offers file; ``synonyms`` are accepted headers beside the name."""

    name: str
    required: bool
    description_en: str
    description_zh: str
    synonyms: str


COLUMNS = (
    Column("offer_id", True, "Identifier of the offer", "报价编号", "报价编号 报价单号 编号"),
    Column("price", True, "Price of one certificate (1 MWh), in the currency", "单张绿证(1 MWh)价格", "价格 单价 绿证单价 报价"),
    Column("currency", True, "Currency of the price, e.g. CNY; one for the whole file", "币种,例如 CNY;全文件须一致", "币种 货币"),
    Column("available_mwh", True, "Certificates for sale: whole MWh", "可售数量(张,即 MWh 整数)", "可售电量 可售数量 可售张数 数量 电量"),
    Column("geography", True, "Province of the project (ISO 3166-2)", "项目所在省份(ISO 3166-2)", "省份 所在省份 所在地"),
    Column("production_month", True, "Month of generation", "电量生产月份", "生产月份 电量生产年月 生产年月"),
    Column("energy_type", True, "Kind of energy", "能源类型", "能源类型 电源类型"),
    Column("tradable", True, "Whether it can be traded", "是否可交易", "可交易 是否可交易 交易属性"),
    Column("scheme", False, "Certificate scheme; blank: GEC", "证书体系;空白为 GEC", "证书类型 证书体系"),
    Column("mechanism", False, "Whether it stems from mechanism electricity", "是否机制电量", "机制电量 是否机制电量"),
    Column("ccer", False, "Whether the project has registered CCER for it", "是否登记 CCER", "是否CCER"),
    Column("project_code", False, "Filing code of the project: 17 characters", "项目建档立卡代码(17 位)", "项目代码 项目编码 建档立卡代码"),
    Column("commissioned_on", False, "Day of commissioning of the project; blank: the lower route", "项目投产日期;空白按较低途径",
           "投产日期 并网日期"),
    Column("seq_start", False, "First certificate number; without numbers nobody can tell whether they were used",
           "证书起始序号;缺号段则无法核对是否已用",
           "起始序号 起始编号 序号起"),
    Column("seq_end", False, "Last certificate number, included", "证书终止序号(含)", "终止序号 终止编号 序号止"),
)  # fmt: skip
REQUIRED = tuple(column.name for column in COLUMNS if column.required)
_SCHEMES = {"GEC": "绿证", "I-REC": "IREC", "GO": "", "other": "其他"}
_CURRENCIES = {"CNY": "人民币 元 RMB ¥ ￥"}
_YES, _NO = ("1", "true", "yes", "y", "是", "可交易"), ("0", "false", "no", "n", "否", "不可交易")
_MOST = 10**9  # more certificates than China issues in a year: a slip


@dataclass(frozen=True)
class Offer:
    """One offer, as the file states it. ``row``: its row in the file."""

    row: int
    offer_id: str
    price: Decimal
    currency: str
    available: int
    geography: str
    production_month: str
    energy_type: str
    tradable: bool
    scheme: str = "GEC"
    mechanism: bool = False
    ccer: bool = False
    project_code: str | None = None
    commissioned_on: str | None = None
    seq_start: int | None = None
    seq_end: int | None = None


def offers_template() -> str:
    """The header line of an empty offers file."""
    return ",".join(column.name for column in COLUMNS) + "\n"


def read_offers(path: Path) -> list[Offer]:
    """The offers of a CSV file (UTF-8 or GB18030, English or Chinese headers), in its order.

    UsageError when it can't be read; GciError naming row, column and what is expected for what is wrong in it, and when prices in different
    currencies would have to be compared.
    """
    names = {column.name for column in COLUMNS}
    offers = [_offer(path.name, *row) for row in read_csv_rows(path, REQUIRED, names, _meaning, "there is nothing to buy")]
    seen: dict[str, int] = {}
    for offer in offers:
        if (first := seen.setdefault(offer.offer_id, offer.row)) != offer.row:
            raise GciError(f"{path.name} row {offer.row}: offer_id '{offer.offer_id}' stands in row {first} already.")
    if len(currencies := sorted({offer.currency for offer in offers})) > 1:
        raise GciError(
            f"{path.name} has prices in {' and '.join(currencies)}: they can't be compared. Convert them to one currency, "
            "or make a file and a plan for each."
        )
    return offers


def _meaning(header: str) -> str:
    """The column of a header: by name or synonym, whatever its width, case, blanks and the unit in brackets."""
    folded = _fold(re.sub(r"[(\[【].*[)\]】]$", "", unicodedata.normalize("NFKC", header)))
    return _HEADERS.get(folded, header)


def _fold(text: str) -> str:
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", text)).casefold()


_HEADERS = {_fold(word): column.name for column in COLUMNS for word in (column.name, *column.synonyms.split())}


def _spellings(values: Mapping[str, str]) -> dict[str, str]:
    return {_fold(word): value for value, others in values.items() for word in (value, *others.split())}


_PLACES = _spellings({**GEOGRAPHIES, "CN-NMW": "蒙西", "CN-NME": "蒙东"})
_TYPES, _SCHEME_WORDS, _MONEY = _spellings(ENERGY_TYPES), _spellings(_SCHEMES), _spellings(_CURRENCIES)


def _offer(name: str, number: int, cells: Mapping[str, str]) -> Offer:
    """One row; the first cell that can't be read is named."""
    cell = _Cells(f"{name} row {number}", cells)
    start, end = cell.whole("seq_start"), cell.whole("seq_end")
    available = cell.whole("available_mwh") or 0
    if available > _MOST:
        raise cell.wrong("available_mwh", "a number of MWh that can be")
    project = cell.text("project_code")
    if (start is None) != (end is None):
        raise cell.wrong("seq_end" if end is None else "seq_start", "filled when the other number of the range is")
    if start is not None and end is not None:
        if end < start:
            raise cell.wrong("seq_end", f"at least seq_start, {start}")
        if project is None:
            raise cell.wrong("project_code", "filled when certificate numbers are given: they are numbers of a project")
        if end - start + 1 < available:
            raise cell.wrong("available_mwh", f"at most {end - start + 1}, the certificates from {start} to {end}")
    return Offer(
        row=number, offer_id=cell.required("offer_id"), price=cell.price("price"), currency=cell.currency("currency"), available=available,
        geography=cell.known("geography", _PLACES, GEOGRAPHY_PATTERN), production_month=cell.month("production_month"),
        energy_type=cell.known("energy_type", _TYPES), tradable=cell.flag("tradable"),
        scheme=cell.known("scheme", _SCHEME_WORDS) if cell.text("scheme") else "GEC",
        mechanism=cell.text("mechanism") is not None and cell.flag("mechanism"),
        ccer=cell.text("ccer") is not None and cell.flag("ccer"),
        project_code=project, commissioned_on=cell.day("commissioned_on"), seq_start=start, seq_end=end,
    )  # fmt: skip


@dataclass(frozen=True)
class _Cells:
    """The cells of a row, and how each kind of them is read."""

    where: str
    cells: Mapping[str, str]

    def wrong(self, column: str, expected: str) -> GciError:
        return GciError(f"{self.where}: {column} '{self.cells.get(column, '')}' must be {expected}.")

    def text(self, column: str) -> str | None:
        text = unicodedata.normalize("NFKC", self.cells.get(column, "")).strip()
        return None if text in ("", "-", "--", "—", "/") else text

    def required(self, column: str) -> str:
        text = self.text(column)
        if text is None:
            raise GciError(f"{self.where}: {column} is blank.")
        return text

    def price(self, column: str) -> Decimal:
        text = self.required(column)
        try:
            value = Decimal(text) if "_" not in text and "e" not in text.casefold() else Decimal("nan")
        except InvalidOperation:
            value = Decimal("nan")
        exponent = value.as_tuple().exponent
        if not value.is_finite() or value < 0 or value >= 10**9 or (isinstance(exponent, int) and exponent < -6):
            raise self.wrong(column, "a price such as 5.20: digits with a point, at least 0, without currency or thousands separator")
        return value

    def whole(self, column: str) -> int | None:
        """A whole number of at least 0; None for a blank in a column that may be blank."""
        text = self.text(column)
        if text is None and column not in REQUIRED:
            return None
        text = self.required(column)
        if re.fullmatch(r"\d{1,3}(,\d{3})+", text):
            text = text.replace(",", "")
        if not re.fullmatch(r"\d{1,18}(\.0+)?", text):
            raise self.wrong(column, "a whole number" + (": one certificate is 1 MWh" if column == "available_mwh" else ""))
        return int(text.split(".")[0])

    def flag(self, column: str) -> bool:
        text = self.required(column).casefold()
        if text not in (*_YES, *_NO):
            raise self.wrong(column, "yes or no (1/0, true/false, 是/否)")
        return text in _YES

    def known(self, column: str, spellings: Mapping[str, str], pattern: str | None = None) -> str:
        text = self.required(column)
        if (value := spellings.get(_fold(text))) is not None:
            return value
        if pattern and re.fullmatch(pattern, text):
            return text
        hint = nearest(text, sorted(set(spellings.values())))
        raise GciError(f"{self.where}: {column} '{text}' is not known.{hint}")

    def currency(self, column: str) -> str:
        text = self.required(column)
        value = _MONEY.get(_fold(text), text.upper())
        if not re.fullmatch(r"[A-Z]{3}", value):
            raise self.wrong(column, "a currency such as CNY")
        return value

    def month(self, column: str) -> str:
        month = months(pl.Series([self.required(column)]))[0]
        if month is None:
            raise self.wrong(column, "a month such as 2026-03")
        return str(month)

    def day(self, column: str) -> str | None:
        text = self.text(column)
        day = None if text is None else days(pl.Series([text]))[0]
        if text is not None and day is None:
            raise self.wrong(column, "a day such as 2021-06-30")
        return None if day is None else str(day)
