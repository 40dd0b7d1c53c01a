"""The factor set: what is refused at loading, and which factor a month gets."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from assets.reference.factors import Factor, FactorSet, MissingFactor, factor_document, factor_facts, load_factors
from resources.errors import GciError

FACTORS = load_factors()
SHARED = Path(__file__).resolve().parents[4] / "../shared/facts/electricity_co2_factors_cn.csv"


def document(**changes: Any) -> bytes:
    return json.dumps({**json.loads(factor_document()), **changes}).encode()


def grid_rows() -> list[dict[str, str]]:
    return [dict(row) for row in FACTORS.data["grid_factors_cn"]]


def changed(place: str, year: str, **cells: str) -> list[dict[str, str]]:
    return [row | cells if (row["geography"], row["data_year"], row["kind"]) == (place, year, "average") else row for row in grid_rows()]


def test_the_copy_equals_the_facts() -> None:
    if not SHARED.exists():
        pytest.skip("the shared facts are not beside the project")
    with SHARED.open(encoding="utf-8") as handle:
        assert list(csv.DictReader(handle)) == grid_rows()


def test_twenty_provinces_fell_and_ten_rose() -> None:
    provinces = [row for row in grid_rows() if row["level"] == "province"]
    now, before = ({r["geography"]: r["value"] for r in provinces if r["data_year"] == year} for year in ("2023", "2022"))
    names = {row["geography"]: row["name_zh"] for row in provinces}
    assert len(now) == len(before) == 30
    assert {names[p] for p in now if now[p] > before[p]} == {"福建", "江西", "湖南", "广东", "广西", "重庆", "四川", "贵州", "云南", "青海"}
    assert sum(now[p] < before[p] for p in now) == 20


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param(changed("CN-AH", "2023", name_zh="3安徽"), "should be 安徽", id="page number glued to the name"),
        pytest.param(changed("CN-AH", "2023", value="0.65533"), "'0.65533'", id="page number glued to the value"),
        pytest.param(changed("CN-AH", "2023", value="30.6553"), "'30.6553'", id="page number before the value"),
        pytest.param(changed("CN-JS", "2022", value="597.8000"), "'597.8000'", id="1000 times"),
        pytest.param(changed("CN-JS", "2022", value="0.5978", unit="kgCO2/MWh"), "unit 'kgCO2/MWh'", id="unit split"),
        pytest.param(changed("CN-JS", "2022", unit="kgCO2e/kWh"), "unit 'kgCO2e/kWh'", id="a life-cycle footprint"),
        pytest.param(
            [*grid_rows(), {**changed("CN-SOUTHWEST", "2023")[-1], "geography": "CN-XZ", "name_zh": "西藏", "level": "province"}],
            "CN-XZ 西藏 2023: unknown geography, or one without a published factor",
            id="西藏 filled with 西南",
        ),
        pytest.param(
            [*grid_rows(), {**grid_rows()[80], "geography": "CN-ZJK", "name_zh": "张家口", "level": "city"}],
            "CN-ZJK",
            id="unknown city mapped",
        ),
        pytest.param([*grid_rows(), grid_rows()[5]], "average twice", id="duplicate"),
        pytest.param(grid_rows()[:-1], "CN-SOUTHWEST 2023: average is absent", id="a row lost"),
        pytest.param(changed("CN-HE", "2023", published_on="2023-12-31"), "not of a notice", id="another publication day"),
        pytest.param(changed("CN-HE", "2023", value="0.9600"), "'0.9600'", id="too high"),
        pytest.param(changed("CN-HE", "2023", value="0.0400"), "'0.0400'", id="too low"),
        pytest.param(changed("CN-HE", "2023", value="0.651"), "'0.651'", id="three decimals"),
        pytest.param(changed("CN-HE", "2023", value=""), "''", id="blank"),
        pytest.param(changed("CN-HE", "2023", value="0.7516"), "CN-HE moved the other way", id="wrong direction"),
        pytest.param(changed("CN-HE", "2023", kind="residual"), "kind 'residual' is not published", id="a provincial residual"),
        pytest.param(changed("CN-HE", "2023", level="region"), "should be 河北", id="wrong level"),
    ],
)
def test_a_faulty_table_is_refused(rows: list[dict[str, str]], said: str) -> None:
    with pytest.raises(GciError) as error:
        FactorSet.from_document(document(grid_factors_cn=rows))
    assert said in str(error.value)


def test_swapped_values_of_two_rows_are_refused() -> None:
    rows = grid_rows()
    up, down = (next(r for r in rows if r["geography"] == p and r["data_year"] == "2023") for p in ("CN-GZ", "CN-HB"))
    up["value"], down["value"] = down["value"], up["value"]
    with pytest.raises(GciError, match="CN-GZ, CN-HB moved the other way"):
        FactorSet.from_document(document(grid_factors_cn=rows))


def test_fuels_follow_from_their_derivation() -> None:
    fuels = json.loads(json.dumps(FACTORS.data["fuels"]))
    fuels["fuels"][0]["value"] = 3.1959
    with pytest.raises(GciError, match=r"diesel \(national\) is 3.1959, but its derivation gives 3.0959"):
        FactorSet.from_document(document(fuels=fuels))
    fuels = {**FACTORS.data["fuels"], "default_set": "mine"}
    with pytest.raises(GciError, match="default set 'mine'"):
        FactorSet.from_document(document(fuels=fuels))
    with pytest.raises(GciError, match="default set 'AR7'"):
        FactorSet.from_document(document(gwp={**FACTORS.data["gwp"], "default_set": "AR7"}))
    with pytest.raises(GciError, match="stands twice"):
        FactorSet.from_document(document(fuels={**FACTORS.data["fuels"], "fuels": FACTORS.data["fuels"]["fuels"] * 2}))


def test_a_document_is_the_same_set() -> None:
    kept = factor_document()
    assert load_factors(kept) == FACTORS
    assert factor_document() == kept
    for broken in (b"", b"{}", b"[1]", b'{"grid_factors_cn": 3}'):
        with pytest.raises(GciError, match="can't be read"):
            FactorSet.from_document(broken)


def test_an_unquoted_date_is_named(tmp_path: Path) -> None:
    (tmp_path / "gwp.yaml").write_text("valid_from: 2024-01-01\n", encoding="utf-8")
    with pytest.raises(GciError, match=r"gwp.yaml can't be read .*quotes"):
        factor_document(tmp_path)


# Choosing -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("month", "cutoff_day", "vintage", "value", "late"),
    [
        ("2026-03", 8, "2023", 0.6516, False),
        ("2025-12", 8, "2023", 0.6516, False),  # published 2025-12-31, cut-off 2026-01-08
        ("2025-11", 8, "2022", 0.7252, False),  # cut-off 2025-12-08
        ("2024-11", 20, "2022", 0.7252, False),  # published on the cut-off
        ("2024-11", 19, "2021", 0.7901, False),  # published the day after it
        ("2024-03", 12, "2021", 0.7901, False),
        ("2024-03", 11, "2021", 0.7901, True),  # none was out: the first one published later
        ("2023-01", 8, "2021", 0.7901, True),
    ],
)
def test_the_newest_published_by_the_cut_off(month: str, cutoff_day: int, vintage: str, value: float, late: bool) -> None:
    factor = FACTORS.grid("CN-HE", "average", month, cutoff_day)
    assert isinstance(factor, Factor)
    assert (factor.vintage, factor.value, factor.published_late, factor.unit) == (vintage, value, late, "kgCO2/kWh")


@pytest.mark.parametrize(
    ("place", "kind"),
    [("CN-XZ", "average"), ("CN-ZJK", "average"), ("张家口", "average"), ("DE", "residual"), ("CN-HE", "residual"), ("CN", "marginal")],
)
def test_a_missing_factor_names_itself(place: str, kind: str) -> None:
    missing = FACTORS.grid(place, kind, "2026-03", 8)
    assert missing == MissingFactor(place, kind, "2026-03")
    assert missing.text_en == f"no {kind} factor for {place} in 2026-03"
    assert place in missing.text_zh


def test_national_residual_and_fossil() -> None:
    values = [FACTORS.grid("CN", kind, "2026-03", 8) for kind in ("average", "residual", "fossil")]
    assert [v.value for v in values if isinstance(v, Factor)] == [0.5306, 0.6096, 0.8273]


def test_both_mongolias_use_the_provinces_factor() -> None:
    for place in ("CN-NMW", "CN-NME", "CN-NM"):
        factor = FACTORS.grid(place, "average", "2026-03", 8)
        assert isinstance(factor, Factor)
        assert (factor.name, factor.value) == ("CN-NM", 0.6479)


def test_fuel_and_refrigerant() -> None:
    diesel = FACTORS.fuel("diesel", "2025-03")
    assert isinstance(diesel, Factor)
    assert (diesel.value, diesel.vintage) == (3.0959, "national")  # not the IPCC value: one set per inventory
    assert FACTORS.fuel("peat", "2025-03") == MissingFactor("peat", "fuel", "2025-03")
    assert FACTORS.fuel("diesel", "2019-12") == MissingFactor("diesel", "fuel", "2019-12")
    for name in ("R-410A", "R410a", "r 410A"):
        gwp = FACTORS.gwp(name, "2025-03")
        assert isinstance(gwp, Factor)
        assert (gwp.name, gwp.value, gwp.vintage) == ("R-410A", 2256, "AR6")
    assert FACTORS.gwp("R-999", "2025-03") == MissingFactor("R-999", "gwp", "2025-03")
    assert isinstance(FACTORS.gwp("R-22", "2019-12"), MissingFactor)


def test_facts_for_the_rules() -> None:
    facts = factor_facts(FACTORS, [("S1", "CN-HE"), ("S2", "CN-XZ")], "2024-02", 8)
    assert [(f["site_id"], f["geography"], f["kind"], f["value"], f["published_late"]) for f in facts] == [
        ("S1", "CN-HE", "average", 0.7901, True),
        ("S1", "CN", "residual", 0.5942, True),
        ("S1", "CN", "fossil", 0.8426, True),
        ("S2", "CN-XZ", "average", None, None),
        ("S2", "CN", "residual", 0.5942, True),
        ("S2", "CN", "fossil", 0.8426, True),
    ]
    assert facts[3]["missing_en"] == "no average factor for CN-XZ in 2024-02"
    assert facts[0]["missing_en"] is None
    assert len({frozenset(fact) for fact in facts}) == 1


@pytest.mark.parametrize(
    ("month", "vintage", "later"),
    # 2022 was published on 2024-12-20, 2023 on 2025-12-31; the cut-off is the 8th of the next month
    [
        ("2023-01", "2021", "2023"),
        ("2024-06", "2021", "2023"),
        ("2025-11", "2022", "2023"),
        ("2025-12", "2023", None),
        ("2026-03", "2023", None),
    ],
)
def test_a_later_vintage_is_a_candidate_and_never_used(month: str, vintage: str, later: str | None) -> None:
    factors = load_factors()
    used, candidate = factors.grid("CN-HE", "average", month, 8), factors.grid_later("CN-HE", "average", month, 8)
    assert isinstance(used, Factor)
    assert used.vintage == vintage
    assert (candidate.vintage if candidate else None) == later
    assert factors.grid_later("XX", "average", month, 8) is None
