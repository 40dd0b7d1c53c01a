"""Rules as Dagster checks: three states, per month, never blocking."""

from __future__ import annotations

from dataclasses import replace

import dagster as dg

from checks.binding import check_results, check_specs
from checks.findings import Finding, Judged, NotChecked, Rule
from checks.gate import judge
from checks.rules.catalogue import rules_of
from checks.waivers import Granted, Waiver

TABLE = "staging/interval_energy"
KEY = dg.AssetKey(["staging", "interval_energy"])
MONTHS = dg.MonthlyPartitionsDefinition(start_date="2026-01", fmt="%Y-%m", timezone="Asia/Shanghai")
JUDGED = Judged("2026-03", ("HL01", "HL02"), {}, {})


def answering(answers: dict[tuple[str, str], list[Finding] | NotChecked]) -> list[Rule]:
    return [replace(rule, evaluate=lambda judged, site, code=rule.code: answers.get((code, site), [])) for rule in rules_of(TABLE)]


def finding(code: str, site: str, severity: str, subject: str = "M-1", quantity: str = "E_IT") -> Finding:
    return Finding(code, site, "2026-03", severity, subject, "see | this", "见此", quantity, 0.6734567, 0.9, "1")  # type: ignore[arg-type]


ANSWERS: dict[tuple[str, str], list[Finding] | NotChecked] = {
    ("TL01", "HL01"): [finding("TL01", "HL01", "withhold"), finding("TL01", "HL01", "flag", "M-0")],
    ("CT03", "HL02"): [finding("CT03", "HL02", "flag")],
    ("CT04", "HL01"): [finding("CT04", "HL01", "info")],
    ("CT05", "HL01"): NotChecked("no reading was landed", "没有入库读数"),
    ("CT05", "HL02"): NotChecked("no reading was landed", "没有入库读数"),
    ("CT08", "HL02"): NotChecked("no reading was landed", "没有入库读数"),
}


def evaluated() -> dict[str, dg.AssetCheckEvaluation]:
    """The evaluations that Dagster records when an asset of one month reports its checks."""
    rules = answering(ANSWERS)

    @dg.multi_asset(
        specs=[dg.AssetSpec(KEY)], check_specs=check_specs(TABLE, KEY, MONTHS), partitions_def=MONTHS,
    )  # fmt: skip
    def hours(context):  # type: ignore[no-untyped-def]
        said = judge(rules, JUDGED, "sha256:d")
        yield dg.MaterializeResult(asset_key=KEY, check_results=check_results(rules, KEY, said.findings, said.verdicts))

    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.materialize([hours], partition_key="2026-03", instance=instance)
        assert run.success
        return {evaluation.check_name: evaluation for evaluation in run.get_asset_check_evaluations()}


def test_every_state_reaches_dagster() -> None:
    found = evaluated()
    assert set(found) == {rule.code for rule in rules_of(TABLE)}
    states = {code: (e.passed, e.severity.value, e.metadata["result"].value) for code, e in found.items()}
    assert states["TL01"] == (False, "ERROR", "withhold")
    assert states["CT03"] == (False, "WARN", "flag")
    assert states["CT04"] == (True, "WARN", "info")
    assert states["CT05"] == (False, "WARN", "not_checked")
    assert states["CT08"] == (True, "WARN", "pass")  # checked where there was something to check …
    assert found["CT08"].metadata["sites_not_checked"].value == 1  # … and it says where not
    assert states["BD01"] == (True, "WARN", "pass")
    assert {e.partition for e in found.values()} == {"2026-03"}


def test_metadata_counts_and_shows_the_worst_rows_first() -> None:
    metadata = evaluated()["TL01"].metadata
    counts = {name: metadata[name].value for name in ("sites", "sites_failed", "findings_withhold", "findings_flag", "findings_info")}
    assert counts == {"sites": 2, "sites_failed": 1, "findings_withhold": 1, "findings_flag": 1, "findings_info": 0}
    lines = str(metadata["findings"].value).splitlines()
    assert lines[0].startswith("| site · 站点 |")
    assert lines[2] == "| HL01 | withhold | E_IT | M-1 | 0.673457 | 0.9 | 1 | see \\| this | 见此 |"
    assert "| M-0 |" in lines[3]


def test_not_checked_says_why_in_both_languages() -> None:
    assert "| HL01 | no reading was landed / 没有入库读数 |" in str(evaluated()["CT05"].metadata["not_checked"].value)


def test_only_ten_rows_are_shown() -> None:
    rules = [
        r for r in answering({("TL01", "HL01"): [finding("TL01", "HL01", "flag", f"M-{n:02d}") for n in range(13)]}) if r.code == "TL01"
    ]
    said = judge(rules, JUDGED, "d")
    (result,) = check_results(rules, KEY, said.findings, said.verdicts)
    text = str(result.metadata["findings"].value)
    assert "M-09" in text
    assert "M-10" not in text
    assert text.endswith("… 3 more · 另有 3 条")


def test_specs_are_partitioned_never_blocking_and_silent() -> None:
    specs = check_specs(TABLE, KEY, MONTHS)
    assert [spec.name for spec in specs] == [rule.code for rule in rules_of(TABLE)]
    assert all(spec.partitions_def is MONTHS and not spec.blocking and spec.asset_key == KEY for spec in specs)
    assert check_specs("staging/repairs", dg.AssetKey("repairs"), MONTHS) == []


def test_without_a_site_in_force_nothing_was_checked() -> None:
    (result,) = check_results(rules_of(TABLE)[:1], KEY, [], [])
    assert not result.passed
    assert result.severity == dg.AssetCheckSeverity.WARN
    assert result.metadata["result"].value == "not_checked"


def test_a_waived_withhold_is_a_warning_never_a_pass() -> None:
    held = finding("TL01", "HL01", "withhold")
    (rule,) = [replace(r, evaluate=lambda judged, site: [held] if site == "HL01" else []) for r in rules_of(TABLE) if r.code == "TL01"]
    waiver = Waiver(held.id, "TL01", "HL01", "2026-03", "E_IT", "M-1", 0.67, 0.9, "1", "Li", "why", "2026-06-30")
    said = judge([rule], JUDGED, "sha256:d", {held.id: Granted(waiver, 3)})
    (result,) = check_results([rule], KEY, said.findings, said.verdicts)
    assert (result.passed, result.severity.value, result.metadata["result"].value) == (False, "WARN", "waived")
    assert (result.metadata["sites_failed"].value, result.metadata["sites_waived"].value) == (1, 1)
