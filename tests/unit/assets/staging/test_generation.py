"""What generation meters say of certificates, what storage gives back, and both in the claims of a month."""

from __future__ import annotations

from typing import Any

import pytest

from assets.staging.generation import Discharge, generated_wh, storage_discharge
from assets.staging.onsite import SiteEnergies
from tests.unit.assets.staging.test_claims import (
    EVIDENCE,
    MWH,
    PV,
    RULES,
    SITES,
    WIND,
    cancel,
    conflicts,
    energy,
    feeds,
    issued,
    month_claims,
    said,
)
from tests.unit.assets.staging.test_claims import generation_meter as one_generation_meter

MONTH = "2025-03"


def generation_meter(*named: str | None, **more: Any) -> dict[str, Any]:
    return one_generation_meter(*named, **{"valid_to": None} | more)


def metered(quantity: int | None, meter: str = "PV1", point: str = "onsite_generation", **more: Any) -> dict[str, Any]:
    row = {
        "site_id": "S1", "measure": f"point:{point}", "meter_id": meter, "quantity": quantity, "known_s": 100, "expected_s": 100,
        "estimated": 0,
    }  # fmt: skip
    return row | more


def test_generation_is_the_sum_of_a_projects_meters() -> None:
    meters = [generation_meter(), generation_meter("PV2"), generation_meter("W1", WIND, point="offsite_generation")]
    rows = [metered(5 * MWH), metered(3 * MWH, "PV2"), metered(70 * MWH, "W1", "offsite_generation"), metered(8 * MWH, "")]
    assert generated_wh(rows, meters, MONTH) == {(PV, MONTH): 8 * MWH, (WIND, MONTH): 70 * MWH}


@pytest.mark.parametrize("row", [metered(None), metered(5 * MWH, known_s=99), metered(5 * MWH, estimated=1)])
def test_what_is_not_metered_all_month_is_not_known(row: dict[str, Any]) -> None:
    meters = [generation_meter(), generation_meter("PV2")]
    assert generated_wh([row, metered(3 * MWH, "PV2")], meters, MONTH) == {}
    assert generated_wh([metered(3 * MWH, "PV2")], meters, MONTH) == {}  # one of the two has no row at all


def test_a_direct_line_says_nothing_of_its_plant() -> None:
    line = generation_meter("DL", WIND, point="direct_line")
    assert generated_wh([metered(5 * MWH, "DL", "direct_line")], [line], MONTH) == {}


def test_storage_that_names_a_project() -> None:
    battery = generation_meter("B1", WIND, point="storage_discharge", entry=3, source_row=9)
    totals = SiteEnergies(energy(storage_discharge={"B1": 12}))
    assert storage_discharge(totals, [battery], MONTH) == [Discharge("S1", "B1", WIND, 12 * MWH, 3, 9)]
    assert storage_discharge(totals, [battery, generation_meter("W1", WIND)], MONTH) == []  # its generation meter says it all
    assert storage_discharge(totals, [generation_meter("B1", None, point="storage_discharge")], MONTH) == []


# In the claims of a month ---------------------------------------------------------------------------------------------------


def claims(generated: dict[tuple[str, str], int] | None = None, energies: Any = None, **rows: Any) -> Any:
    return month_claims(
        feeds(**rows), energies or energy(e_dc=100), SITES, month=MONTH, evidence=EVIDENCE, rules=RULES, generated_wh=generated
    )


def test_certificates_beyond_generation_do_not_count() -> None:
    """30 certificates are cancelled of 30 issued, but the project generated 24.3 MWh: 25 at most, with what was carried."""
    result = claims({(WIND, MONTH): 24_300_000}, certificates=[issued()], certificate_events=[cancel()])
    assert said(result, "seq_start", "seq_end", "quantity_wh", "status", "reason") == [
        (0, 24, 25, "eligible", None), (25, 29, 5, "excluded", "more than generated"),
    ]  # fmt: skip
    assert conflicts(result) == [("CT14", "S1", None, 30.0)]
    assert result.conflicts["limit_mwh"].to_list() == [25.0]
    within = claims({(WIND, MONTH): 29_100_000}, certificates=[issued()], certificate_events=[cancel()])
    assert conflicts(within) == []
    assert said(within, "status", "quantity_wh") == [("eligible", 30)]


def test_where_generation_is_not_known_nothing_is_called_too_much() -> None:
    assert conflicts(claims({}, certificates=[issued()], certificate_events=[cancel()])) == []


def test_held_certificates_beyond_generation_are_not_pending() -> None:
    transfer = cancel(kind="transfer", consumption_month=None)
    result = claims({(WIND, MONTH): 24_300_000}, certificates=[issued()], certificate_events=[transfer])
    assert said(result, "seq_start", "status", "reason") == [(0, "pending", "held, not cancelled"), (25, "excluded", "more than generated")]


def test_the_host_of_a_roof_is_told_of_its_excess() -> None:
    roof = issued(9, project_code=PV, energy_class="self_use", energy_type="solar")
    result = claims({(PV, MONTH): 5 * MWH}, energy(onsite_generation={"PV1": 5}), meters=[generation_meter()], certificates=[roof])
    assert conflicts(result) == [("CT14", "S1", None, 10.0)]


def test_storage_discharge_is_no_claim() -> None:
    battery = generation_meter("B1", WIND, point="storage_discharge")
    result = claims(None, energy(storage_discharge={"B1": 12}), meters=[battery], certificates=[issued()], certificate_events=[cancel()])
    assert sorted(said(result, "source", "quantity_wh", "status", "reason")) == [
        ("certificate", 30, "excluded", "storage discharge"), ("onsite", 12, "excluded", "storage discharge"),
    ]  # fmt: skip


def test_a_row_without_identity_is_left_out_and_said_once() -> None:
    """What rests on it is not counted; it is no unlawful cancellation besides."""
    wrong = issued(gec_code_first="W" * 17 + "0" * 14, gec_code_last="W" * 17 + "9" * 15)
    result = claims(None, certificates=[wrong], certificate_events=[cancel()])
    assert said(result, "status", "reason") == [("excluded", "identity wrong")]
    assert conflicts(result) == [("CT09", "S1", None, 30.0)]
    assert result.conflicts["limit_mwh"].to_list() == [None]
    assert "gec_code_first 不是以项目代码开头的 32 位编码" in result.conflicts["detail_zh"][0]
