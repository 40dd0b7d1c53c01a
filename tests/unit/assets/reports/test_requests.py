"""Who must send what: requests and the paragraph to paste, in both languages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assets.reports.board import site_days, step
from assets.reports.pages import whole_percent
from assets.reports.requests import mail, order, requests
from assets.staging.coverage import COVERAGE
from resources.calendar import local_s

MONTH, ZONE = "2026-03", "Asia/Shanghai"


def gap(meter: str, day: int, hour: int, length: int, side: str = "E_IT") -> dict[str, Any]:
    at = local_s(datetime(2026, 3, day, hour), ZONE)
    return {"site_id": "S1", "meter_id": meter, "point": "pdu_output", "side": side, "from_s": at, "to_s": at + 3600 * length}


def finding(code: str, subject: str, severity: str = "withhold", quantity: str = "E_IT", because_of: str | None = None) -> dict[str, Any]:
    return {
        "id": f"{code}-{subject}-{quantity}", "code": code, "subject": subject, "severity": severity, "quantity": quantity,
        "because_of": because_of, "message_en": f"{code} of {subject}.", "message_zh": f"{subject} 的 {code}。",
    }  # fmt: skip


def asked(findings: list[dict[str, Any]], gaps: list[dict[str, Any]], absent: tuple[str, ...] = (), **row: Any) -> list[dict[str, Any]]:
    reported = [row] if row else []
    return requests("S1", MONTH, ZONE, findings, gaps, reported, absent)


def test_a_silent_meter_is_asked_for_with_its_exact_local_times() -> None:
    (item,) = asked([finding("TL01", "P1")], [gap("P1", 3, 10, 4), gap("P1", 5, 0, 24)])
    assert (item["feed"], item["subject"], item["severity"], item["quantities"], item["hours"]) == (
        "meter_readings", "P1", "withhold", ["E_IT"], 28,
    )  # fmt: skip
    assert (item["from"], item["to"]) == ("2026-03-03 10:00", "2026-03-06 00:00")
    assert item["gaps"] == [["2026-03-03 10:00", "2026-03-03 14:00"], ["2026-03-05 00:00", "2026-03-06 00:00"]]
    assert item["text_en"] == (
        "Readings of meter P1 (pdu output): 2026-03-03 10:00 to 2026-03-03 14:00; 2026-03-05 00:00 to 2026-03-06 00:00 (28 h)."
    )
    assert item["text_zh"] == (
        "计量点 P1(PDU输出)的读数:2026-03-03 10:00 至 2026-03-03 14:00;2026-03-05 00:00 至 2026-03-06 00:00(共 28 小时)。"
    )


def test_what_blocks_most_comes_first() -> None:
    found = asked(
        [
            finding("TL01", "A", "flag"),
            finding("TL01", "B"),
            finding("BD03", "grid_supply", quantity="E_DC"),
            finding("ME02", "C", "flag", ""),
        ],
        [gap("A", 1, 0, 9), gap("B", 1, 0, 90), gap("D", 1, 0, 1), gap("U", 1, 0, 5, side="")],
        ("practices",),
    )
    # U counts nowhere and no rule asks for it
    assert [(item["severity"], item["feed"], item["subject"]) for item in found] == [
        ("withhold", "meter_readings", "B"), ("withhold", "meters", "grid_supply"), ("flag", "meter_readings", "A"),
        ("flag", "meters", "C"), ("", "meter_readings", "D"), ("", "practices", ""),
    ]  # fmt: skip


def test_a_meter_whose_readings_are_refused_is_not_asked_for_more_of_them() -> None:
    root = finding("CT02", "P1")
    found = asked([root, finding("TL01", "P1", because_of=root["id"])], [gap("P1", 1, 0, 744)])
    assert [(item["feed"], item["why"]) for item in found] == [("meters", "finding")]


def test_one_fault_that_spoils_two_sides_is_asked_for_once() -> None:
    (item,) = asked([finding("BD11", "EX", quantity="E_DC"), finding("BD11", "EX", quantity="claims")], [])
    assert item["quantities"] == ["E_DC", "claims"]
    assert (item["text_en"], item["text_zh"]) == ("BD11: BD11 of EX.", "BD11:EX 的 BD11。")


def test_infos_and_followers_ask_for_nothing() -> None:
    assert asked([finding("BD01", "Z", "info", ""), finding("BD03", "backup", because_of="TL01-x")], []) == []


def test_a_missing_feed_is_asked_for_unless_a_finding_does() -> None:
    found = asked([finding("TL05", "devices", "withhold", "inventory")], [], ("devices", "sites (design_power_kw)"))
    assert [(item["feed"], item["subject"], item["why"]) for item in found] == [
        ("devices", "devices", "finding"), ("sites", "design_power_kw", "absent"),
    ]  # fmt: skip
    (item,) = asked([], [], site_id="S1", feed="ppa_settlements", state="absent", missing="K1, K2")
    assert item["text_en"] == "The settlement of 2026-03 of contract K1, K2."
    assert item["text_zh"] == "合同 K1, K2 的 2026-03 结算单。"


def test_the_paragraph_names_meters_with_the_same_gap_together() -> None:
    gaps = [gap("A", 3, 10, 4), gap("B", 3, 10, 4), gap("C", 4, 0, 1)]
    told = mail("S1", MONTH, ZONE, asked([finding("TL01", "A"), finding("TL01", "B")], gaps, ("practices", "racks")))
    assert told["text_en"] == (
        "S1, 2026-03: please send the following. Until it is there, E_IT is withheld. (1) Readings of meters A, B (pdu output): "
        "2026-03-03 10:00 to 2026-03-03 14:00 (4 h each). (2) Rows for 2026-03 of practices, racks: nothing was landed, and the indicators "
        "that need them are not reported. If you have them, also: Readings of meter C (pdu output): 2026-03-04 00:00 to 2026-03-04 01:00 "
        "(1 h). Times are local (Asia/Shanghai); files go to landing/meter_readings/."
    )
    assert told["text_zh"] == (
        "S1 2026-03:请补报以下数据。补齐之前,E_IT 暂缓发布。(1)计量点 A、B(PDU输出)的读数:2026-03-03 10:00 至 2026-03-03 14:00"
        "(各 4 小时)。(2)practices、racks 的 2026-03 数据:尚未入库,相关指标为未报送。如有,另请补报:计量点 C(PDU输出)的读数:"
        "2026-03-04 00:00 至 2026-03-04 01:00(共 1 小时)。时间为当地时间(Asia/Shanghai),文件放入 landing/meter_readings/。"
    )
    assert "\n" not in told["text_en"] + told["text_zh"]


def test_where_a_side_is_withheld_for_lack_of_time_all_its_gaps_are_asked_for() -> None:
    side = finding("BD12", "E_IT")
    found = asked([side, finding("TL01", "A", "flag")], [gap("A", 1, 0, 2), gap("B", 1, 0, 1), gap("G", 1, 0, 3, side="E_DC")])
    assert [(item["subject"], item["severity"], item["quantities"]) for item in found] == [
        ("A", "withhold", ["E_IT"]), ("B", "withhold", ["E_IT"]), ("G", "", []),
    ]  # fmt: skip
    # a meter that withholds its side by itself makes no demand on the others
    found = asked([finding("TL01", "A")], [gap("A", 1, 0, 2), gap("B", 1, 0, 1)])
    assert [(item["subject"], item["severity"]) for item in found] == [("A", "withhold"), ("B", "")]


def test_what_a_rule_says_of_many_meters_is_said_once() -> None:
    told = mail("S1", MONTH, ZONE, asked([finding("ME02", name, "flag", "") for name in ("A", "B", "C")], []))
    assert told["text_en"] == "S1, 2026-03: please send the following. (1) ME02: ME02 of A. The same of: B, C."
    assert told["text_zh"] == "S1 2026-03:请补报以下数据。(1)ME02:A 的 ME02。同样情况:B、C。"


def test_a_breach_of_a_contract_is_asked_for_in_its_feed() -> None:
    (item,) = asked([finding("CT01", "racks", "flag", "")], [])
    assert (item["feed"], item["code"]) == ("racks", "CT01")


def test_a_gap_that_no_rule_minds_is_no_demand() -> None:
    told = mail("S1", MONTH, ZONE, asked([], [gap("C", 4, 0, 1)]))
    assert told["text_en"].startswith("S1, 2026-03: nothing is withheld for it, but if you have them, please send: Readings of meter C")
    assert told["text_zh"].startswith("S1 2026-03:以下缺口不影响发布,如有请补报:计量点 C")


def test_many_stretches_are_named_up_to_a_dozen() -> None:
    (item,) = asked([finding("TL01", "A")], [gap("A", day, 0, 1) for day in range(1, 16)])
    assert item["text_en"].endswith("; and 3 more up to 2026-03-15 01:00 (15 h).")
    assert len(item["gaps"]) == 15


def test_sites_are_ordered_by_what_is_withheld() -> None:
    sites = {
        "S1": asked([finding("TL01", "A", "flag")], [gap("A", 1, 0, 1)]), "S2": asked([finding("TL01", "A")], [gap("A", 1, 0, 1)]),
        "S3": [], "S4": asked([finding("BD11", "X", quantity="E_DC"), finding("BD11", "X", quantity="claims")], []),
    }  # fmt: skip
    assert order(sites) == ["S4", "S2", "S1"]


# the scale -----------------------------------------------------------------------------------------------------------------


def test_steps_of_the_scale() -> None:
    assert [step(share) for share in (1.0, 0.9999, 0.95, 0.9499, 0.5, 0.49, 0.001, 0.0)] == [4, 3, 3, 2, 2, 1, 1, 0]
    assert [whole_percent(share) for share in (1.0, 0.9999, 0.005, 0.0)] == ["100", "99", "1", "0"]


def test_a_day_of_a_site_is_the_sum_of_its_counted_meters() -> None:
    import polars as pl

    rows = [
        ("S1", "telemetry", "", "2026-03-01", "", 86_400, 43_200, MONTH),
        ("S1", "meter_readings", "A", "2026-03-01", "E_DC", 86_400, 86_400, MONTH),
        ("S1", "meter_readings", "B", "2026-03-01", "E_IT", 86_400, 64_800, MONTH),
        ("S1", "meter_readings", "C", "2026-03-01", "", 86_400, 0, MONTH),  # does not count
    ]
    found = site_days(pl.DataFrame(rows, schema=COVERAGE, orient="row"))
    assert [(row["feed"], row["coverage"]) for row in found] == [("meter_readings", 0.875), ("telemetry", 0.5)]
    assert found[0]["days"] == [{"day": "2026-03-01", "coverage": 0.875, "expected_s": 172_800, "metered_s": 151_200}]
