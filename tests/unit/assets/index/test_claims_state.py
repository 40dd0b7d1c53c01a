"""Open or complete: by the products of a site and the calendar; what is pending, from which contract."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from assets.index.claims_state import claims_state, products_of
from assets.reference.calendar_of_claims import ClaimCalendar
from assets.reference.factors import load_factors
from assets.reports.claims_words import claims_words

CALENDAR = ClaimCalendar.from_reference(load_factors().data)
MWH = 1_000_000


def contract(kind: str, clause: str = "bundled", end_on: str = "2025-12-31") -> dict[str, Any]:
    return {"contract_id": "K", "kind": kind, "start_on": "2025-01-01", "end_on": end_on, "attribute_clause": clause}


def share(site_id: str = "S1") -> dict[str, Any]:
    return {"contract_id": "K", "site_id": site_id, "share_ratio": 1.0, "valid_from": "2025-01-01", "valid_to": None}


def claim(status: str, route: str, **changes: Any) -> dict[str, Any]:
    row = {
        "site_id": "S1",
        "status": status,
        "route": route,
        "source": "certificate",
        "contract_id": "K",
        "reason": None,
        "quantity_wh": MWH,
    }
    return row | changes


@pytest.mark.parametrize(
    ("contracts", "claims", "expected"),
    [
        ([contract("green_trade")], [], {"monthly"}),
        ([contract("direct_line")], [], {"monthly"}),
        ([contract("certificate_purchase", "separate")], [], {"annual"}),
        ([contract("onsite_owned")], [], set()),  # counts by its meter
        ([contract("financial")], [], set()),
        ([contract("green_trade", "none")], [], set()),  # brings no certificate
        ([contract("green_trade", end_on="2025-02-28")], [], set()),
        ([], [claim("eligible", "unbundled_near")], {"annual"}),
        ([], [claim("pending", "green_trade"), claim("pending", "unbundled")], {"annual", "monthly"}),
        ([], [claim("eligible", "onsite", source="onsite")], set()),
        ([], [claim("excluded", "")], set()),
        ([], [claim("pending", "unbundled", site_id="S2")], set()),
    ],
)
def test_products(contracts: list[dict[str, Any]], claims: list[dict[str, Any]], expected: set[str]) -> None:
    assert products_of("2025-03", claims, contracts, [share()]).get("S1", set()) == expected
    assert "S1" not in products_of("2025-03", [], contracts, [share("S2")])


@pytest.mark.parametrize(
    ("products", "today", "expected"),
    [
        ({"2025-03": {"monthly"}}, "2025-05-31", (True, "2025-05-31")),
        ({"2025-03": {"monthly"}}, "2025-06-01", (False, "2025-05-31")),
        ({"2025-03": {"monthly"}, "2025-04": {"monthly"}}, "2025-06-01", (True, "2025-06-30")),
        ({"2025-03": {"annual"}}, "2026-03-31", (True, "2026-03-31")),
        ({"2025-03": {"annual", "monthly"}}, "2026-04-01", (False, "2026-03-31")),
        ({"2025-03": set()}, "2025-03-31", (False, None)),
    ],
)
def test_open_by_the_calendar(products: dict[str, set[str]], today: str, expected: tuple[bool, str | None]) -> None:
    state = claims_state(products, [], 100.0 * MWH, CALENDAR, date.fromisoformat(today))
    assert (state.is_open, state.complete_on) == expected


PENDING = [
    claim("pending", "green_trade", reason="settled, not cancelled", quantity_wh=3 * MWH),
    claim("pending", "green_trade", reason="settled, not cancelled", quantity_wh=4 * MWH),
    claim("pending", "unbundled", reason="held, not cancelled", contract_id=None, quantity_wh=2 * MWH),
    claim("pending", "onsite", reason="project not known", contract_id=None, quantity_wh=None),
]


def test_what_is_pending_stands_by_contract_and_reason_even_after_the_end() -> None:
    for today, is_open in ((date(2025, 5, 1), True), (date(2027, 1, 1), False)):  # leaving one uncancelled keeps nothing open
        state = claims_state({"2025-03": {"monthly"}}, PENDING, 100.0 * MWH, CALENDAR, today)
        assert state.is_open is is_open
        assert [(row["contract_id"], row["reason"], row["mwh"], row["share"]) for row in state.pending] == [
            ("K", "settled, not cancelled", 7.0, 0.07), (None, "held, not cancelled", 2.0, 0.02),
        ]  # fmt: skip
    assert claims_state({}, PENDING, None, CALENDAR, date(2025, 5, 1)).pending[0]["share"] is None


def payload(is_open: bool, pending: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "claims_open": is_open, "claims_complete_on": "2026-03-31", "claims_pending": pending, "index": 70.0,
        "index_if_pending_cancelled": 73.5 if is_open else 70.0,
    }  # fmt: skip


def test_words_in_both_languages() -> None:
    pending = [dict(row) for row in claims_state({}, PENDING, 100.0 * MWH, CALENDAR, date(2025, 5, 1)).pending]
    (until_en, until_zh), (en, zh) = claims_words(payload(True, pending))
    assert "2026-03-31" in until_en
    assert "2026-03-31" in until_zh
    assert en == (
        "Still to come, counted as nothing yet: 9 MWh (9.0 % of the electricity): K 7 MWh settled; no contract 2 MWh held. The index would "
        "be 73.50 instead of 70.00."
    )
    assert zh == "待核销,暂不计入:9 MWh(占用电量 9.0 %):K 7 MWh 已结算;无合同 2 MWh 已持有。若全部核销,指数为 73.50(现为 70.00)。"
    (_, (late_en, late_zh)) = claims_words(payload(False, pending))
    assert late_en.startswith("Not cancelled in time, counted as nothing: 9 MWh")
    assert late_zh.startswith("逾期未核销,不计入:9 MWh")
    assert claims_words(payload(False, []) | {"claims_complete_on": None}) == []
