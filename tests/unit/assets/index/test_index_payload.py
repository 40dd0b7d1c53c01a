"""The JSON of a result: its keys, what is null, and what its digest covers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from assets.edition.tree import Edition
from assets.index.cluster import member_facts
from assets.index.grade import EntityFacts
from assets.index.payload import ResultFacts, output_digest, result_payload
from assets.index.scorecard import score_entity
from assets.indicators.measure import IndicatorValue
from checks.findings import Finding

Values = dict[str, IndicatorValue]
FACTS = ResultFacts("HL01", "site", "2026-03", "ttm", 12, 1, "provisional", 412, "sha256:head")
TOP = {
    "entity_id", "entity_kind", "month", "window", "months_in_window", "revision", "state", "log_number", "head_digest", "edition",
    "edition_digest", "index", "index_low", "index_high", "core", "bonus", "grade", "grade_from_score", "binding_cap", "weight_coverage",
    "pillars", "indicators", "claims_open", "pending_mwh", "index_if_pending_cancelled", "findings", "output_digest",
}  # fmt: skip
OF_INDICATOR = {
    "code", "name", "value", "unit", "score", "weight", "status", "numerator", "denominator", "numerator_unit", "denominator_unit",
    "coverage", "estimated_share", "low", "high", "rules_failed", "input_digest", "category", "quality_tier", "beside",
}  # fmt: skip


def finding(code: str, severity: str, subject: str) -> dict[str, Any]:
    found = Finding(code, "HL01", "2026-03", severity, subject, "seen and expected", "所见与应有", "E_IT", 0.93, 0.95, "1", ((3, 17),))  # type: ignore[arg-type]
    return {
        "id": found.id, "site_id": "HL01", "month": "2026-03", "code": code, "severity": severity, "quantity": "E_IT", "subject": subject,
        "seen": 0.93, "limit": 0.95, "unit": "1", "message_en": found.message_en, "message_zh": found.message_zh, "rows_ref": "[[3,17]]",
        "because_of": None, "table_name": "staging/meter_facts",
    }  # fmt: skip


@pytest.fixture
def values(second: Values) -> Values:
    pue = IndicatorValue(
        "D1", "measured", 1.29, "1", 10_449_000_000, 8_100_000_000, "Wh", "Wh", 0.998, 0.004, "PUE2", months=12, input_digest="sha256:in",
        beside={"ePUE_all_carriers": 1.301}, quality_tier="Q1",
    )  # fmt: skip
    return {code: replace(value, months=12) for code, value in second.items()} | {"D1": pue}


def result(values: Values, edition: Edition, facts: ResultFacts = FACTS, **more: Any) -> dict[str, Any]:
    scored = score_entity(values, edition, on=date(2026, 3, 31), facts=EntityFacts(geography="CN-HE", design_power_kw=20000))
    return result_payload(values, scored, facts, **more)


def test_every_key_of_the_contract(values: Values, edition: Edition) -> None:
    payload = result(values, edition, findings=[finding("TL01", "flag", "M-0007")])
    assert set(payload) >= TOP
    assert [item["code"] for item in payload["indicators"]] == list(edition.codes)
    assert all(set(item) >= OF_INDICATOR for item in payload["indicators"])
    assert set(payload["findings"][0]) >= {"id", "code", "severity", "subject", "seen", "limit", "message", "because_of"}
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload


def test_what_travels_with_a_number(values: Values, edition: Edition) -> None:
    pue = next(item for item in result(values, edition)["indicators"] if item["code"] == "D1")
    assert (pue["name"], pue["name_zh"], pue["group"], pue["pillar"]) == ("PUE", "PUE", "D", "green_low_carbon")
    assert (pue["value"], pue["score"], pue["weight"], pue["category"]) == (1.29, pytest.approx(62.0), 16, "PUE2")
    assert (pue["numerator"], pue["denominator"], pue["numerator_unit"]) == (10_449_000_000, 8_100_000_000, "Wh")
    assert (pue["low"], pue["high"], pue["interim"], pue["unbounded"]) == (None, None, False, False)
    assert pue["beside"] == {"ePUE_all_carriers": 1.301}


def test_what_is_not_known_is_null(values: Values, edition: Edition) -> None:
    unknown = {
        **values,
        "E1": IndicatorValue("E1", "withheld", rules_failed=("CT11",), reason="one certificate, two claims"),
        "F2": IndicatorValue("F2", "measured", None, "TFLOPS/(tCO2e/a)", unbounded=True, months=12),
    }
    del unknown["H1"]
    payload = result(unknown, edition)
    by_code = {item["code"]: item for item in payload["indicators"]}
    assert (by_code["E1"]["value"], by_code["E1"]["score"], by_code["E1"]["rules_failed"]) == (None, 0.0, ["CT11"])
    assert (by_code["H1"]["value"], by_code["H1"]["status"], by_code["H1"]["unit"]) == (None, "not_reported", "1")
    assert (by_code["F2"]["value"], by_code["F2"]["unbounded"], by_code["F2"]["score"]) == (None, True, 100.0)
    assert payload["grade"] is None
    assert payload["grade_missing"]["needs"] == ["E1"]
    assert "E1" in payload["grade_missing"]["text_zh"]


def test_a_graded_result_misses_nothing(values: Values, edition: Edition) -> None:
    payload = result(values, edition)
    assert (payload["grade"], payload["grade_missing"], payload["binding_cap"]) == ("2", None, None)
    assert payload["index_low"] == payload["index"] == payload["index_high"] == payload["index_if_pending_cancelled"]
    assert [(row["p"], row["core"]) for row in payload["compensation"]] == [
        (0.5, pytest.approx(68.323997015)), (0, pytest.approx(68.2361)), (-1, pytest.approx(68.061209)),
    ]  # fmt: skip


def test_the_binding_cap_is_named(values: Values, edition: Edition) -> None:
    payload = result({**values, "D1": replace(values["D1"], value=1.6), "E1": replace(values["E1"], value=1.0)}, edition)
    assert payload["binding_cap"] == "PUE > 1.50"
    cap = next(cap for cap in payload["caps"] if cap["name"] == "PUE > 1.50")
    assert (cap["seen"], cap["limit"], cap["outcome"], cap["best_grade"]) == (1.6, 1.5, "exceeded", "5")


def test_pending_claims(values: Values, edition: Edition) -> None:
    facts = replace(FACTS, claims_open=True, pending_mwh=120, index_if_pending_cancelled=77.5)
    payload = result(values, edition, facts)
    assert (payload["claims_open"], payload["pending_mwh"], payload["index_if_pending_cancelled"]) == (True, 120, 77.5)


def test_interim(values: Values, edition: Edition) -> None:
    assert result(values, edition)["interim"] is False
    assert result(values, edition, replace(FACTS, months_in_window=11))["interim"] is True
    withheld_month = {**values, "D1": replace(values["D1"], months=11)}
    payload = result(withheld_month, edition)
    assert payload["interim"] is True
    assert [item["code"] for item in payload["indicators"] if item["interim"]] == ["D1"]
    last_month = {**values, "A3": replace(values["A3"], months=1), "B1": replace(values["B1"], months=3)}
    assert result(last_month, edition)["interim"] is False
    assert result(withheld_month, edition, replace(FACTS, window="month", months_in_window=1))["interim"] is False


def test_findings_come_worst_first(values: Values, edition: Edition) -> None:
    rows = [
        finding("ME04", "info", "M-1"),
        finding("TL01", "flag", "M-7"),
        finding("BD05", "withhold", "M-2"),
        finding("TL01", "flag", "M-3"),
    ]
    found = result(values, edition, findings=rows)["findings"]
    assert [(f["code"], f["subject"]) for f in found] == [("BD05", "M-2"), ("TL01", "M-3"), ("TL01", "M-7"), ("ME04", "M-1")]


def test_members_of_a_cluster(values: Values, edition: Edition) -> None:
    one, two = (result(values, edition, replace(FACTS, entity_id=site)) for site in ("HL02", "HL01"))
    members = member_facts([one, two], {"HL01": 300.0, "HL02": 100.0})
    payload = result(values, edition, replace(FACTS, entity_id="HL", entity_kind="cluster"), members=members)
    assert [(m["entity_id"], m["pue"], m["e_it_wh"], m["design_power_share"]) for m in payload["members"]] == [
        ("HL01", 1.29, 8_100_000_000, 0.75), ("HL02", 1.29, 8_100_000_000, 0.25),
    ]  # fmt: skip
    assert payload["dispersion"]["pue"] == {"members": 2, "min": 1.29, "max": 1.29, "sd": 0.0}
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload
    assert not {"members", "dispersion"} & set(result(values, edition))


def test_what_does_not_apply_says_why(values: Values, edition: Edition) -> None:
    """A retired site has no scores, though its window has values of the months before."""
    scored = score_entity(values, edition, on=date(2026, 3, 31), facts=EntityFacts(stage="retired"))
    payload = result_payload(values, scored, FACTS)
    assert (payload["index"], payload["grade"], payload["weight_coverage"]) == (None, None, None)
    assert {(i["status"], i["value"], i["reason"]) for i in payload["indicators"]} == {
        ("not_applicable", None, "it does not apply at the stage of the site")
    }
    assert {i["reason"] for i in result(values, edition)["indicators"]} == {None}


def test_the_digest_leaves_out_when_and_where(values: Values, edition: Edition) -> None:
    rows = [finding("TL01", "flag", "M-7"), finding("BD05", "withhold", "M-2")]
    one = result(values, edition, findings=rows)
    later = replace(FACTS, log_number=999, head_digest="sha256:other", revision=2, state="final")
    moved = [{**row, "rows_ref": "[[9,2]]", "message_en": "other words"} for row in reversed(rows)]
    other_file = {code: replace(value, input_digest="sha256:split") for code, value in reversed(values.items())}
    assert result(other_file, edition, later, findings=moved)["output_digest"] == one["output_digest"]
    assert output_digest(one) == one["output_digest"]


def test_the_digest_covers_what_is_said(values: Values, edition: Edition) -> None:
    base = result(values, edition, findings=[finding("TL01", "flag", "M-7")])["output_digest"]
    others = [
        result({**values, "D1": replace(values["D1"], numerator=10_449_000_001)}, edition, findings=[finding("TL01", "flag", "M-7")]),
        result({**values, "D1": replace(values["D1"], status="estimated")}, edition, findings=[finding("TL01", "flag", "M-7")]),
        result({**values, "D2": replace(values["D2"], value=1.41)}, edition, findings=[finding("TL01", "flag", "M-7")]),
        result(values, edition, findings=[finding("TL01", "withhold", "M-7")]),
        result(values, edition, findings=[finding("TL01", "flag", "M-8")]),
        result(values, edition, findings=[]),
        result(values, edition, replace(FACTS, month="2026-02"), findings=[finding("TL01", "flag", "M-7")]),
        result(values, replace(edition, digest="sha256:mine"), findings=[finding("TL01", "flag", "M-7")]),
    ]
    digests = [other["output_digest"] for other in others]
    assert base not in digests
    assert len(set(digests)) == len(digests)


def test_the_digest_is_steady_in_the_last_bit(values: Values, edition: Edition) -> None:
    nudged = {**values, "D2": replace(values["D2"], value=1.4 + 2e-16)}
    assert result(nudged, edition)["output_digest"] == result(values, edition)["output_digest"]


def test_findings_stand_by_severity_and_then_by_what_they_can_do(values: Values, edition: Edition) -> None:
    rows = [
        {**finding("TL01", "flag", "a"), "materiality": {"index_reach": 0.1}},
        {**finding("ME05", "flag", "b"), "materiality": {"index_reach": 2.0}},
        {**finding("BD05", "withhold", "c"), "materiality": {"index_reach": 0.0}},
        finding("CT08", "flag", "d"),
    ]
    payload = result(values, edition, findings=rows)
    assert [f["code"] for f in payload["findings"]] == ["BD05", "ME05", "TL01", "CT08"]
    assert payload["findings"][1]["materiality"] == {"index_reach": 2.0}
    assert payload["findings"][3]["materiality"] is None


def test_quality_beside_a_number(values: Values, edition: Edition) -> None:
    pue = replace(values["D1"], quality={"E_DC": {"Q1": 9, "Q4": 1}, "E_IT": {"Q2": 5}}, quality_tier="Q4")
    by_code = {item["code"]: item for item in result({**values, "D1": pue}, edition)["indicators"]}
    assert by_code["D1"]["quality_shares"] == {"Q2": 0.9, "Q4": 0.1}
    assert by_code["D1"]["quality_of"] == {"E_DC": {"Q1": 0.9, "Q4": 0.1}, "E_IT": {"Q2": 1.0}}
    assert (by_code["D1"]["provisional"], by_code["D2"]["provisional"]) == (True, False)
    assert (by_code["B1"]["quality_tier"], by_code["B1"]["quality_shares"]) == (None, {})


def test_waivers_stand_at_the_result_and_at_the_numbers_that_rest_on_them(values: Values, edition: Edition) -> None:
    waiver = {"finding": "TL01-x", "by": "Li", "reason": "r", "until": "2026-06-30", "entry": 7, "indicators": ["D1", "E1"]}
    unknown = {**values, "E1": IndicatorValue("E1", "withheld", rules_failed=("CT11",))}
    payload = result(unknown, edition, waivers=[waiver])
    assert payload["waivers"] == [waiver]
    assert {i["code"]: i["waivers"] for i in payload["indicators"] if i["waivers"]} == {"D1": ["TL01-x"]}
    assert result(unknown, edition)["output_digest"] != payload["output_digest"]
    later = result(unknown, edition, waivers=[{**waiver, "entry": 9}])
    assert later["output_digest"] == payload["output_digest"]  # where it stands in the log is no part of what is said
