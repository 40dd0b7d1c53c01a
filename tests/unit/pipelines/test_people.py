"""Names of people: one person however the name is typed, and none without a name."""

from __future__ import annotations

import pytest

from pipelines.people import name_of, same_person, text_of
from resources.errors import UsageError


@pytest.mark.parametrize("other", ["Li Na", "li na", " Li  Na ", "LiNa", "ＬＩ Ｎａ", "Li\u3000Na", "Li\tNa"])
def test_one_person(other: str) -> None:
    assert same_person("Li Na", other)


@pytest.mark.parametrize("other", ["Li Ni", "Na Li", "李娜", ""])
def test_two_people(other: str) -> None:
    assert not same_person("Li Na", other)


def test_chinese_names_and_case_beyond_ascii() -> None:
    assert same_person("王 伟", "王伟")
    assert same_person("Weiß", "WEISS")
    assert not same_person("王伟", "王玮")


def test_what_is_kept() -> None:
    assert name_of("  Li   Na ", "--by", "提交人") == "Li Na"
    assert text_of(" checked\n", "--statement", "批准意见") == "checked"


@pytest.mark.parametrize("missing", [None, "", "  \u3000"])
def test_a_missing_name_or_text_is_said(missing: str | None) -> None:
    with pytest.raises(UsageError, match=r"--by NAME is missing.*缺少提交人"):
        name_of(missing, "--by", "提交人")
    with pytest.raises(UsageError, match=r"--reason TEXT is missing.*缺少重述原因"):
        text_of(missing, "--reason", "重述原因")
