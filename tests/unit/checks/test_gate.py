"""The gate over a real ledger: what is not judged does not enter, one site's fault stays its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from checks.findings import QUANTITIES, Finding, Judged, NotChecked, Rule
from checks.gate import Gate, finding_row, fold, judge
from checks.rules.catalogue import RULES
from checks.waivers import Granted, Waiver
from resources.ledger import Ledger, Manifest

MONTH = "2026-03"
TABLES = sorted({rule.table for rule in RULES})
JUDGED = Judged(MONTH, ("HL01", "HL02"), {}, {})


def finding(code: str, site: str, severity: str, quantity: str, subject: str = "M-1", because_of: str | None = None) -> Finding:
    return Finding(code, site, MONTH, severity, subject, "en", "zh", quantity, 0.5, 0.9, "1", ((3, 7),), because_of)  # type: ignore[arg-type]


def rules(answers: dict[tuple[str, str], list[Finding] | NotChecked]) -> list[Rule]:
    """The catalogue with fixed answers by (code, site); silence else."""
    return [replace(rule, evaluate=lambda judged, site, code=rule.code: answers.get((code, site), [])) for rule in RULES]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger("sqlite:///ledger.db", tmp_path)
    made.create()
    return made


def compute(
    ledger: Ledger, answers: dict[tuple[str, str], list[Finding] | NotChecked], tables: list[str] = TABLES, version: str = "1"
) -> None:
    """What the steps do: write each table's manifest together with the verdicts of its rules."""
    for table in tables:
        digest = f"sha256:{table}-{version}"
        said = judge([rule for rule in rules(answers) if rule.table == table], JUDGED, digest)
        manifest = Manifest(MONTH, table, digest, digest, 1, 1, "c", {})
        ledger.replace(MONTH, table, [manifest], {"finding": said.findings, "verdict": said.verdicts}, as_of=1, code_version="c")


def test_all_pass_lets_everything_in(ledger: Ledger) -> None:
    compute(ledger, {})
    assert Gate(ledger, MONTH).withheld("HL01") == {}


def test_nothing_computed_withholds_everything_a_rule_can_withhold(ledger: Ledger) -> None:
    withheld = Gate(ledger, MONTH).withheld("HL01")
    assert set(withheld) == set(QUANTITIES)
    assert withheld["factors"] == ("CT16 (no verdict)",)
    assert withheld["inventory"] == ("CT01 (no verdict)", "CT17 (no verdict)", "TL05 (no verdict)")
    assert "BD05 (no verdict)" in withheld["E_DC"]
    assert list(withheld) == list(QUANTITIES)


def test_a_withhold_keeps_its_quantity_and_its_site(ledger: Ledger) -> None:
    compute(ledger, {("BD05", "HL01"): [finding("BD05", "HL01", "withhold", "E_IT")]})
    assert Gate(ledger, MONTH).withheld("HL01") == {"E_IT": ("BD05",)}
    assert Gate(ledger, MONTH).withheld("HL02") == {}


def test_flags_and_info_keep_nothing_out(ledger: Ledger) -> None:
    compute(
        ledger,
        {
            ("TL01", "HL01"): [finding("TL01", "HL01", "flag", "E_IT"), finding("TL01", "HL01", "flag", "", "M-2")],
            ("CT08", "HL01"): [finding("CT08", "HL01", "info", "E_IT")],
            ("CT15", "HL01"): [finding("CT15", "HL01", "flag", "practices")],
        },
    )
    assert Gate(ledger, MONTH).withheld("HL01") == {}


def test_not_checked_is_a_verdict(ledger: Ledger) -> None:
    compute(ledger, {("CT12", "HL01"): NotChecked("no claims", "没有绿电主张")})
    assert Gate(ledger, MONTH).withheld("HL01") == {}
    rows = ledger.rows("verdict", month=MONTH, rule="CT12", site_id="HL01")
    assert [(r["outcome"], r["severity"], r["reason"]) for r in rows] == [("not_checked", "", "no claims / 没有绿电主张")]


def test_several_rules_in_catalogue_order(ledger: Ledger) -> None:
    compute(
        ledger,
        {
            ("TL01", "HL01"): [finding("TL01", "HL01", "withhold", "E_IT")],
            ("BD12", "HL01"): [finding("BD12", "HL01", "withhold", "E_IT", "D1"), finding("BD12", "HL01", "withhold", "E_DC", "D1")],
        },
    )
    assert Gate(ledger, MONTH).withheld("HL01") == {"E_DC": ("BD12",), "E_IT": ("BD12", "TL01")}


def test_a_stale_digest_is_no_verdict(ledger: Ledger) -> None:
    compute(ledger, {})
    changed = Manifest(MONTH, "staging/interval_energy", "sha256:new", "sha256:new", 1, 2, "c", {})
    ledger.replace(MONTH, "staging/interval_energy", [changed], as_of=2, code_version="c")
    withheld = Gate(ledger, MONTH).withheld("HL02")
    assert set(withheld) == {"E_DC", "E_IT", "water"}
    assert withheld["water"] == ("CT01 (no verdict)", "CT02 (no verdict)", "CT08 (no verdict)", "TL01 (no verdict)")


def test_a_new_verdict_opens_the_gate_again(ledger: Ledger) -> None:
    compute(ledger, {("TL01", "HL01"): [finding("TL01", "HL01", "withhold", "E_IT")]})
    assert Gate(ledger, MONTH).withheld("HL01") == {"E_IT": ("TL01",)}
    compute(ledger, {}, ["staging/interval_energy"], version="2")
    assert Gate(ledger, MONTH).withheld("HL01") == {}


def test_a_later_run_of_only_the_index_does_not_open_it(ledger: Ledger) -> None:
    compute(ledger, {("BD05", "HL01"): [finding("BD05", "HL01", "withhold", "E_DC")]})
    compute(ledger, {}, ["index/site_index"], version="2")
    assert Gate(ledger, MONTH).withheld("HL01") == {"E_DC": ("BD05",)}


def test_an_unknown_site_has_no_verdict(ledger: Ledger) -> None:
    compute(ledger, {})
    assert set(Gate(ledger, MONTH).withheld("HL99")) == set(QUANTITIES)


def test_another_month_is_another_gate(ledger: Ledger) -> None:
    compute(ledger, {})
    assert "E_DC" in Gate(ledger, "2026-04").withheld("HL01")


def test_the_root_of_a_withheld_month(ledger: Ledger) -> None:
    root = finding("TL01", "HL01", "withhold", "E_IT")
    follower = finding("BD12", "HL01", "withhold", "E_IT", "D1", root.id)
    compute(ledger, {("TL01", "HL01"): [root], ("BD12", "HL01"): [follower]})
    assert Gate(ledger, MONTH).root("HL01") == root.id
    assert Gate(ledger, MONTH).root("HL02") is None


# judge ----------------------------------------------------------------------------------------------------------------


def rule(code: str) -> Rule:
    return next(r for r in RULES if r.code == code)


def test_rows_for_the_ledger() -> None:
    found = finding("TL01", "HL01", "withhold", "E_IT")
    said = judge([replace(rule("TL01"), evaluate=lambda judged, site: [found] if site == "HL01" else [])], JUDGED, "sha256:d")
    assert said.findings == [
        {
            "id": found.id, "site_id": "HL01", "code": "TL01", "severity": "withhold", "quantity": "E_IT",
            "subject": "M-1", "seen": 0.5, "limit": 0.9,
            "unit": "1", "message_en": "en", "message_zh": "zh", "rows_ref": "[[3,7]]", "because_of": None,
        }
    ]  # fmt: skip
    assert json.loads(said.findings[0]["rows_ref"]) == [[3, 7]]
    outcomes = {(v["site_id"], v["quantity"]): (v["outcome"], v["severity"], v["judged"]) for v in said.verdicts}
    passed = ("pass", "", "sha256:d")
    assert outcomes == {
        ("HL01", "E_DC"): passed, ("HL01", "E_IT"): ("fail", "withhold", "sha256:d"), ("HL01", "water"): passed,
        ("HL02", "E_DC"): passed, ("HL02", "E_IT"): passed, ("HL02", "water"): passed,
    }  # fmt: skip


def test_a_rule_without_quantities_has_a_verdict_too() -> None:
    said = judge([replace(rule("TL08"), evaluate=lambda judged, site: [finding("TL08", site, "info", "", "history")])], JUDGED, "d")
    assert [(v["site_id"], v["quantity"], v["outcome"], v["severity"]) for v in said.verdicts] == [
        ("HL01", "", "fail", "info"),
        ("HL02", "", "fail", "info"),
    ]


def test_a_rule_that_raises_stops_the_step() -> None:
    def broken(judged: Judged, site_id: str) -> list[Finding]:
        raise KeyError("column")

    with pytest.raises(KeyError):
        judge([replace(rule("TL01"), evaluate=broken)], JUDGED, "d")


@pytest.mark.parametrize(
    "wrong",
    [
        [finding("TL01", "HL01", "withhold", "claims")],  # a quantity its spec doesn't name: the gate would not know
        [finding("TL04", "HL01", "withhold", "E_IT")],
        [finding("TL01", "HL02", "flag", "E_IT")],
        [finding("TL01", "HL01", "withhold", "")],
        [finding("TL01", "HL01", "flag", "E_IT"), finding("TL01", "HL01", "withhold", "E_IT")],
    ],
)
def test_a_rule_may_not_say_more_than_its_spec(wrong: list[Finding]) -> None:
    with pytest.raises(ValueError, match="TL01"):
        judge([replace(rule("TL01"), evaluate=lambda judged, site: wrong)], replace(JUDGED, site_ids=("HL01",)), "d")


def test_a_flag_rule_may_not_withhold() -> None:
    with pytest.raises(ValueError, match="CT15"):
        judge([replace(rule("CT15"), evaluate=lambda judged, site: [finding("CT15", site, "withhold", "claims")])], JUDGED, "d")


def test_findings_fold_under_their_root() -> None:
    root, lone = finding("TL01", "HL01", "withhold", "E_IT"), finding("CT16", "HL01", "withhold", "factors", because_of="TL01-gone")
    child = finding("BD12", "HL01", "withhold", "E_IT", "D1", root.id)
    grandchild = finding("ME05", "HL01", "flag", "E_IT", "E_IT", child.id)
    folded = fold([finding_row(f) for f in (grandchild, root, child, lone)])
    assert [(top["id"], [f["id"] for f in under]) for top, under in folded] == [(root.id, [grandchild.id, child.id]), (lone.id, [])]


def test_a_waived_withhold_still_fails_and_lets_its_quantity_in(ledger: Ledger) -> None:
    first, second = finding("TL01", "HL01", "withhold", "E_IT", "M-1"), finding("TL01", "HL01", "withhold", "E_IT", "M-2")
    answers: dict[tuple[str, str], list[Finding] | NotChecked] = {("TL01", "HL01"): [first, second]}
    table = next(rule.table for rule in RULES if rule.code == "TL01")
    names = {
        f.id: Granted(Waiver(f.id, "TL01", "HL01", MONTH, "E_IT", f.subject, 0.5, 0.9, "1", "Li", "why", "2026-06-30"), 3)
        for f in (first, second)
    }

    def verdict(waived: list[Finding]) -> dict[str, object]:
        compute(ledger, {})
        said = judge(
            [rule for rule in rules(answers) if rule.table == table], JUDGED, f"sha256:{table}-1", {f.id: names[f.id] for f in waived}
        )
        digest = f"sha256:{table}-1"
        manifest = Manifest(MONTH, table, digest, digest, 1, 1, "c", {})
        ledger.replace(MONTH, table, [manifest], {"finding": said.findings, "verdict": said.verdicts}, as_of=1, code_version="c")
        (row,) = ledger.rows("verdict", month=MONTH, rule="TL01", site_id="HL01", quantity="E_IT")
        return row

    assert (verdict([first])["outcome"], Gate(ledger, MONTH).withheld("HL01")) == ("fail", {"E_IT": ("TL01",)})
    assert Gate(ledger, MONTH).waived("HL01") == {}
    row = verdict([first, second])
    assert (row["outcome"], row["severity"]) == ("waived", "withhold")
    assert row["reason"] == "; ".join(f"{n.waiver.text_en} / {n.waiver.text_zh}" for n in names.values())
    assert Gate(ledger, MONTH).withheld("HL01") == {}
    assert Gate(ledger, MONTH).waived("HL01") == {"E_IT": ("TL01",)}
    assert Gate(ledger, MONTH).root("HL01") is None
    assert {r["severity"] for r in ledger.rows("finding", month=MONTH, site_id="HL01", code="TL01")} == {"withhold"}


def test_bd07_is_never_waived(ledger: Ledger) -> None:
    impossible = finding("BD07", "HL01", "withhold", "E_DC", "month")
    waiver = Granted(Waiver(impossible.id, "BD07", "HL01", MONTH, "E_DC", "month", 1, 0, "kWh", "Li", "why", "2026-06-30"), 3)
    said = judge([r for r in rules({("BD07", "HL01"): [impossible]}) if r.code == "BD07"], JUDGED, "sha256:x", {impossible.id: waiver})
    assert [(v["outcome"], v["severity"]) for v in said.verdicts if (v["site_id"], v["quantity"]) == ("HL01", "E_DC")] == [
        ("fail", "withhold")
    ]
