"""The catalogue as a whole: lists agree, a clean month is silent, an absent input is never a pass, every rule stays on its site."""

from __future__ import annotations

import importlib
import re
from dataclasses import is_dataclass, replace
from pathlib import Path

import polars as pl
import pytest

from assets.staging.units import UnitError, unit_factor
from checks.contracts.names import FEED_NAMES
from checks.contracts.vocabulary import MEDIA, METER_POWER_UNITS, METER_UNITS, POINTS_OF_MEDIUM, UNITS
from checks.contracts.vocabulary import POINTS as POINT_WORDS
from checks.findings import QUANTITIES, NotChecked, Rule
from checks.rules import catalogue
from checks.rules.catalogue import RULES, rules_of, withholders
from checks.rules.document import rules_markdown
from checks.rules.feeds import FEED_QUANTITIES
from checks.rules.thresholds import read_thresholds, threshold_document

CODES = [
    *(f"BD{n:02d}" for n in range(1, 15)),
    *(f"CT{n:02d}" for n in range(1, 19)),
    *("ME01", "ME02", "ME03", "ME04", "ME05", "ME06", "ME08", "ME09"),
    *("TL01", "TL02", "TL03", "TL04", "TL05", "TL06", "TL08", "TL09", "TL10"),
]
BY_RULE = [pytest.param(rule, id=f"{rule.code}-{rule.table.split('/')[1]}") for rule in RULES]


def test_exactly_the_rules_of_the_design() -> None:
    assert sorted({rule.code for rule in RULES}) == CODES
    assert len({(rule.code, rule.table) for rule in RULES}) == len(RULES)


def test_thresholds_belong_to_rules() -> None:
    assert {t.code for t in read_thresholds(threshold_document())} <= {*CODES, "SHARE", "QUALITY"}


def test_one_list_of_points_and_of_feeds() -> None:
    assert frozenset().union(*POINTS_OF_MEDIUM.values()) == set(POINT_WORDS)
    assert set(POINTS_OF_MEDIUM) == set(MEDIA)
    assert set(FEED_QUANTITIES) == set(FEED_NAMES)


def test_the_units_a_rule_names_are_those_that_staging_counts() -> None:
    for power, units in ((False, METER_UNITS), (True, METER_POWER_UNITS)):
        for medium in MEDIA:
            for unit in UNITS:
                if unit in units.get(medium, ()):
                    assert unit_factor(medium, unit, power=power) > 0
                else:
                    with pytest.raises(UnitError):
                        unit_factor(medium, unit, power=power)


def test_what_rules_hand_to_one_another_cant_be_changed() -> None:
    """Rows, limits and findings are shared by all rules of a month."""
    values = {
        value
        for name in (path.stem for path in Path(catalogue.__file__).parent.glob("*.py"))
        for value in vars(importlib.import_module(f"checks.rules.{name}")).values()
        if isinstance(value, type) and is_dataclass(value)
    }
    assert {value.__name__ for value in values} >= {"Change", "Flow", "Threshold", "Dated", "Finding"}
    assert all(value.__dataclass_params__.frozen for value in values)  # type: ignore[attr-defined]


@pytest.mark.parametrize("rule", BY_RULE)
def test_spec_is_whole(rule: Rule) -> None:
    assert set(rule.quantities) <= set(QUANTITIES)
    assert "理由:" in rule.reason
    assert "Source:" in rule.reason
    assert (rule.severity == "withhold") <= bool(rule.quantities) or rule.code == "ME06"  # it withholds a trailing value, no quantity


@pytest.mark.parametrize("rule", BY_RULE)
def test_silent_on_a_clean_month(rule: Rule, world) -> None:  # type: ignore[no-untyped-def]
    judged = world()
    for site in ("HL01", "HL02"):
        assert rule.evaluate(judged, site) == []


def test_frames_made_by_polars_read_the_same(world) -> None:  # type: ignore[no-untyped-def]
    """Nulls arrive as NaN and whole numbers beside them as floats: neither is a value."""
    judged = world()
    frames = {name: pl.DataFrame(frame.to_dict("records"), schema=list(frame.columns)).to_pandas() for name, frame in judged.tables.items()}
    judged = replace(judged, tables=frames)
    for rule in RULES:
        for site in ("HL01", "HL02"):
            assert rule.evaluate(judged, site) == [], rule.code


@pytest.mark.parametrize("rule", BY_RULE)
def test_absent_input_is_not_checked_and_says_what(rule: Rule, world) -> None:  # type: ignore[no-untyped-def]
    nothing = replace(world(), tables={})
    found = rule.evaluate(nothing, "HL01")
    assert isinstance(found, NotChecked)
    assert "absent in 2026-03" in found.reason_en
    assert found.reason_zh.startswith("2026-03 缺少")


@pytest.mark.parametrize("rule", BY_RULE)
def test_a_site_without_any_rows_is_not_checked(rule: Rule, world) -> None:  # type: ignore[no-untyped-def]
    """Nothing of a site was landed: no rule may call that a pass, but for those that only look for faults in a registry."""
    found = rule.evaluate(world(), "HL99")
    if rule.code in ("BD02", "CT16"):  # no meter, no factor asked for: nothing there to be wrong
        assert found == []
    else:
        assert isinstance(found, NotChecked)


def test_rules_by_table_and_quantity() -> None:
    assert [rule.code for rule in rules_of("staging/claims")] == [
        "BD11", "BD13", "CT09", "CT10", "CT11", "CT12", "CT13", "CT14", "CT15", "CT16", "CT18", "TL06", "TL09", "TL10",
    ]  # fmt: skip
    assert [rule.code for rule in rules_of("staging/certificate_books")] == ["CT11"]
    assert [rule.code for rule in rules_of("index/site_index")] == ["ME06", "TL08"]
    assert [rule.code for rule in rules_of("staging/inventory")] == ["BD14", "CT17", "TL05"]
    assert [rule.code for rule in withholders("E_IT")] == [
        "BD02", "BD04", "BD05", "BD06", "BD07", "BD09", "BD12", "CT01", "CT01", "CT02", "CT08", "ME04", "ME05", "TL01",
    ]  # fmt: skip
    assert [rule.code for rule in withholders("claims")] == ["BD11", "BD11", "BD13", "CT01", "CT09", "CT10", "CT11", "CT11", "CT12"]
    assert [rule.code for rule in withholders("inventory")] == ["CT01", "CT17", "TL05"]
    assert [rule.code for rule in withholders("factors")] == ["CT16"]
    assert [rule.code for rule in withholders("practices")] == ["CT01"]


def test_the_page_is_the_catalogue() -> None:
    page = Path(__file__).resolve().parents[4] / "docs" / "rules.md"
    text = page.read_text(encoding="utf-8")
    assert text == rules_markdown(), "run: python -m checks.rules.document > docs/rules.md"
    headings = re.findall(r"^### (\w\w\d\d) ", text, flags=re.M)
    assert headings == [rule.code for rule in RULES]
    for threshold in read_thresholds(threshold_document()):
        assert f"`{threshold.code}.{threshold.name}`" in text
