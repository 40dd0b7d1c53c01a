"""The offers file: what is read, in which spellings, and what is said when it is wrong."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from assets.index.offers import COLUMNS, Offer, offers_template, read_offers
from resources.errors import GciError, UsageError

HEADER = "offer_id,price,currency,available_mwh,geography,production_month,energy_type,tradable"
ROW = "A1,5.20,CNY,100,CN-HE,2026-03,wind,1"
OFFER = Offer(2, "A1", Decimal("5.20"), "CNY", 100, "CN-HE", "2026-03", "wind", True)


def write(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "offers.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def test_a_row(tmp_path: Path) -> None:
    assert read_offers(write(tmp_path, HEADER, ROW)) == [OFFER]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_headers_and_values(tmp_path: Path, encoding: str) -> None:
    header = "报价编号,单价(元/张),币种,可售数量,省份,生产月份,能源类型,是否可交易,证书类型,机制电量,是否CCER,投产日期"
    row = '甲一,5.20,人民币,"1,200",河北省,2026年3月,风电,是,绿证,否,否,2021/6/30'
    (offer,) = read_offers(write(tmp_path, header, row, encoding=encoding))
    assert offer == replace(OFFER, offer_id="甲一", available=1200, commissioned_on="2021-06-30")


def test_everything_optional(tmp_path: Path) -> None:
    header = f"{HEADER},scheme,mechanism,ccer,project_code,commissioned_on,seq_start,seq_end,remark"
    row = f"{ROW},I-REC,是,true,{'P' * 17},2020-01-31,11,210,whatever"
    (offer,) = read_offers(write(tmp_path, header, row))
    assert (offer.scheme, offer.mechanism, offer.ccer, offer.project_code) == ("I-REC", True, True, "P" * 17)
    assert (offer.commissioned_on, offer.seq_start, offer.seq_end) == ("2020-01-31", 11, 210)


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("offer_id", "", "row 2: offer_id is blank"),
        ("price", "", "row 2: price is blank"),
        ("price", "5 CNY", "price '5 CNY' must be a price such as 5.20"),
        ("price", "-1", "must be a price"),
        ("price", "1e3", "must be a price"),
        ("price", "nan", "must be a price"),
        ("price", "inf", "must be a price"),
        ("price", "1_000", "must be a price"),
        ("price", "0.00000001", "must be a price"),
        ("currency", "dollars", "must be a currency such as CNY"),
        ("available_mwh", "10.5", "must be a whole number: one certificate is 1 MWh"),
        ("available_mwh", "-3", "must be a whole number"),
        ("available_mwh", "", "available_mwh is blank"),
        ("available_mwh", "9999999999", "a number of MWh that can be"),
        ("geography", "Hebie", "geography 'Hebie' is not known"),
        ("production_month", "March", "must be a month such as 2026-03"),
        ("energy_type", "coal", "energy_type 'coal' is not known"),
        ("tradable", "maybe", "must be yes or no"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, column: str, cell: str, said: str) -> None:
    cells = dict(zip(HEADER.split(","), ROW.split(","), strict=True)) | {column: cell}
    with pytest.raises(GciError, match=said):
        read_offers(write(tmp_path, HEADER, ",".join(cells.values()), ROW.replace("A1", "A2")))


@pytest.mark.parametrize(
    ("more", "cells", "said"),
    [
        ("seq_start", "1", "seq_end '' must be filled when the other number"),
        ("seq_end", "1", "seq_start '' must be filled"),
        ("project_code,seq_start,seq_end", f"{'P' * 17},9,1", "seq_end '1' must be at least seq_start, 9"),
        ("seq_start,seq_end", "1,100", "project_code '' must be filled when certificate numbers are given"),
        ("project_code,seq_start,seq_end", f"{'P' * 17},1,99", "available_mwh '100' must be at most 99"),
        ("commissioned_on", "2020-02-30", "must be a day such as"),
        ("scheme", "REGO", "scheme 'REGO' is not known"),
        ("mechanism", "x", "must be yes or no"),
    ],
)
def test_ranges_and_options(tmp_path: Path, more: str, cells: str, said: str) -> None:
    with pytest.raises(GciError, match=said):
        read_offers(write(tmp_path, f"{HEADER},{more}", f"{ROW},{cells}"))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([""], "offers.csv is empty"),
        ([HEADER], "no rows under its header: there is nothing to buy"),
        ([HEADER.replace("price", "prise"), ROW], "no column 'price'. Is 'prise' meant?"),
        ([HEADER + ",单价", ROW + ",5"], "has the column 'price' twice"),
        ([HEADER, ROW, ROW], "row 3: offer_id 'A1' stands in row 2 already"),
        ([HEADER, ROW, ROW.replace("A1", "A2").replace("CNY", "USD")], "prices in CNY and USD: they can't be compared"),
        ([HEADER, ROW + ",7"], "has 9 cells under 8 columns"),
    ],
)
def test_the_file_as_a_whole(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(GciError, match=said):
        read_offers(write(tmp_path, *lines))


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        read_offers(tmp_path / "none.csv")


def test_binary_data_is_no_offers_file(tmp_path: Path) -> None:
    path = tmp_path / "offers.csv"
    path.write_bytes(b"PK\x03\x04\x00\x00")
    with pytest.raises(GciError, match="binary data"):
        read_offers(path)


def test_the_template_and_the_page_name_every_column() -> None:
    assert offers_template().strip().split(",") == [column.name for column in COLUMNS]
    page = (Path(__file__).resolve().parents[4] / "docs" / "method" / "purchase-plan.md").read_text(encoding="utf-8")
    for column in COLUMNS:
        required = r"\*" if column.required else ""
        assert f"| `{column.name}`{required} |" in page
        assert column.description_en in page
        assert column.description_zh in page
