"""How pages are rendered: what is put in when a template is read says the same as what is made when it is rendered."""

from __future__ import annotations

from assets.reports.pages import bilingual, day_cells, environment, links


def rendered(source: str, **values: object) -> str:
    return environment().from_string(source).render(**values)


def test_fixed_words_say_what_the_function_says() -> None:
    assert rendered('{{ t("a & b", "甲") }}') == rendered('{% set en = "a & b" %}{{ t(en, "甲") }}') == bilingual("a & b", "甲")
    assert rendered('{{ t("PUE", "PUE") }}') == "PUE"
    assert rendered('{{ t("of " ~ name, name) }}', name="<S1>") == bilingual("of <S1>", "<S1>")


def test_a_key_that_is_a_method_of_dictionaries_does_not_hide_it() -> None:
    assert rendered("{% for k, v in d.items() %}{{ k }}{{ v }}{% endfor %}{{ d.day }}", d={"items": 1, "day": 2}) == "items1day22"


def test_links_name_the_page_itself_without_one() -> None:
    assert links(["S1", "a<b"], "S1") == '<b>S1</b><a href="a&lt;b.html">a&lt;b</a>'


def test_the_cells_of_a_day_say_its_share_rounded_down() -> None:
    row = {"site_id": "S<1", "days": [{"day": "2026-01-01", "coverage": 0.999}, {"day": "2026-01-02", "coverage": 0.0}]}
    assert day_cells(row) == (
        '<td class="d s3" title="S&lt;1 2026-01-01: 99.9 %">99</td><td class="d s0" title="S&lt;1 2026-01-02: 0.0 %">0</td>'
    )
