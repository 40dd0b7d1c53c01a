"""BD13: which shares of a contract count on which day of March 2026; what they sum to at most is worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from checks.findings import NotChecked
from checks.rules.contracts import attributes_kept, contracts_sound


def share(site: str, ratio: float, begun: str | None = "2025-01-01", until: str | None = None) -> dict[str, Any]:
    return {"contract_id": "K1", "site_id": site, "share_ratio": ratio, "valid_from": begun, "valid_to": until}


@pytest.mark.parametrize(
    ("shares", "highest"),
    [
        # 0.9 until the 9th, 0.3 from the 10th on, beside 0.2: 1.1 in the first days
        ([share("HL01", 0.9), share("HL01", 0.3, "2026-03-10"), share("HL02", 0.2)], 1.1),
        # 0.2 until the 9th, 0.9 from the 10th on, in any order of the rows
        ([share("HL01", 0.9, "2026-03-10"), share("HL01", 0.2), share("HL02", 0.2)], 1.1),
        # the last day of the month is in it, the day after is not
        ([share("HL01", 0.5), share("HL02", 0.6, "2026-03-31")], 1.1),
        ([share("HL01", 0.5), share("HL02", 0.6, "2026-04-01")], 0.5),
        # a share that ends on the first day counts on it; one that ended the day before does not
        ([share("HL01", 0.5), share("HL02", 0.6, until="2026-03-01")], 1.1),
        ([share("HL01", 0.5), share("HL02", 0.6, until="2026-02-28")], 0.5),
        # one ends, the other begins the day after
        ([share("HL01", 0.2, until="2026-03-09"), share("HL02", 0.5, "2026-03-10")], 0.5),
        ([share("HL01", 0.6, until="2026-03-10"), share("HL02", 0.5, "2026-03-10")], 1.1),
        ([share("HL01", 0.5, None), share("HL02", 0.25, None)], 0.75),
        ([share("HL01", 0.5), share("HL02", 0.1234567894)], 0.623456789),  # nine decimals are told
    ],
)
def test_the_highest_sum_of_a_day_is_told(world, shares: list[dict[str, Any]], highest: float) -> None:  # type: ignore[no-untyped-def]
    over = {"kind": "BD13", "site_id": "HL01", "contract_id": "K1"}
    (found,) = contracts_sound(world({"ppa_site_shares": shares, "claim_conflicts": [over]}), "HL01")  # type: ignore[misc]
    assert (found.seen, found.limit) == (highest, 1.0)


@pytest.mark.parametrize(("begun", "checked"), [("2026-03-01", False), ("2026-03-02", True)])
def test_a_share_of_nothing_ends_the_one_before(world, begun: str, checked: bool) -> None:  # type: ignore[no-untyped-def]
    """From the first of the month on: the site has no share in it. From the second on: it had one for a day."""
    found = contracts_sound(world({"ppa_site_shares": [share("HL01", 0.5), share("HL01", 0.0, begun)]}), "HL01")
    assert isinstance(found, NotChecked) != checked


def test_energy_whose_attribute_was_sold_is_told_in_mwh(world) -> None:  # type: ignore[no-untyped-def]
    row = {"kind": "CT12", "site_id": "HL01", "contract_id": "K2", "project_code": "P" * 17}
    judged = world({"declarations": [], "claim_conflicts": [{**row, "mwh": mwh} for mwh in (0.0, 1234.56)]})
    (found,) = attributes_kept(judged, "HL01")  # type: ignore[misc]
    assert found.seen == 1234.56
    assert "the attribute of 1,234.6 MWh generated on site" in found.message_en
    assert "1,234.6 MWh 站内发电" in found.message_zh
