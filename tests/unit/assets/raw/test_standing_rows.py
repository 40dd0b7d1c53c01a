"""Which of several rows of one key stands; and that a range cancelled for two sites on one day is never hidden by it (CT11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from assets.raw.feeds import Feeds, load
from assets.raw.landing import land
from assets.reference.factors import load_factors
from assets.staging.claim_rules import ClaimRules
from assets.staging.claims import ClaimsMonth, month_claims
from checks.findings import Finding, Judged
from checks.rules.claims import claimed_once
from resources.home import Home

if TYPE_CHECKING:
    from conftest import Drop

RULES = ClaimRules.from_reference(load_factors().data)
WIND = "W" * 17
EVENTS = "project_code,production_month,seq_start,seq_end,kind,on,site_id,replaces_site_id,consumption_month,channel,evidence\n"
CERTIFICATES = (
    "project_code,production_month,seq_start,seq_end,energy_class,energy_type,tradable,issued_on\n"
    f"{WIND},2025-03,0,29,on_grid,wind,yes,2025-04-20\n"
)


def cancel(site: str, replaces: str = "", kind: str = "cancel", on: str = "2025-05-10", evidence: str = "c.pdf") -> str:
    return f"{WIND},2025-03,0,29,{kind},{on},{site},{replaces},2025-03,unbundled,{evidence}\n"


def landed(home: Home, drop: Drop, *files: str) -> Feeds:
    """The feeds after each of the files was landed, one after the other."""
    drop("evidence/c.pdf", "a document")
    drop("certificates/c.csv", CERTIFICATES)
    for number, rows in enumerate(files):
        drop(f"certificate_events/{number}.csv", EVENTS + rows)
        land(home)
    return load(home, home.ledger.head()[0])


def sites(feeds: Feeds) -> list[str | None]:
    return [None if pd.isna(site) else site for site in feeds["certificate_events"]["site_id"]]


def claims(feeds: Feeds) -> ClaimsMonth:
    energies = [{"site_id": site, "measure": "E_DC", "meter_id": "", "quantity": 100_000_000} for site in ("S1", "S2")]
    known = [{"site_id": site, "geography": "CN-HE"} for site in ("S1", "S2")]
    return month_claims(feeds, energies, known, month="2025-03", evidence=feeds.evidence, rules=RULES)


def told(found: ClaimsMonth, site: str) -> list[Finding]:
    tables = {"claims": found.claims.to_pandas(), "claim_conflicts": found.conflicts.to_pandas()}
    findings = claimed_once(Judged("2025-03", ("S1", "S2"), tables, {}), site)
    return findings if isinstance(findings, list) else []


# what stands ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "standing"),
    [
        ([cancel("S1")], ["S1"]),
        # the later row of a key wins, as in every feed
        ([cancel("S1"), cancel("S1", evidence="")], ["S1"]),
        ([cancel(""), cancel("S1")], ["S1"]),
        ([cancel(""), cancel("", evidence="")], [None]),
        # for another site it contradicts, in whatever order and be it in one file
        ([cancel("S1"), cancel("S2")], ["S1", "S2"]),
        ([cancel("S2"), cancel("S1")], ["S1", "S2"]),
        ([cancel("S1") + cancel("S2")], ["S1", "S2"]),
        ([cancel("S1"), cancel("S2"), cancel("S1", evidence="")], ["S1", "S2"]),
        ([cancel("S1"), cancel("")], ["S1", None]),
        # unless it says whom it corrects
        ([cancel("S1"), cancel("S2", replaces="S1")], ["S2"]),
        ([cancel("S1"), cancel("", replaces="S1")], [None]),
        ([cancel("S1"), cancel("S2"), cancel("S1", replaces="S2")], ["S1"]),
        ([cancel("S1"), cancel("S2"), cancel("S2", replaces="S1")], ["S2"]),
        ([cancel("S1"), cancel("S2", replaces="S3")], ["S1", "S2"]),
        ([cancel("S2", replaces="S1"), cancel("S1")], ["S1", "S2"]),  # a correction says nothing of what comes later
        ([cancel("S1"), cancel("S3"), cancel("S2", replaces="S1")], ["S2", "S3"]),
        # a transfer has one holder: the later row is right
        ([cancel("S1", kind="transfer"), cancel("S2", kind="transfer")], ["S2"]),
        # another day is another key
        ([cancel("S1"), cancel("S1", on="2025-05-11")], ["S1", "S1"]),
    ],
)  # fmt: skip
def test_rows_that_stand(home: Home, drop: Drop, files: list[str], standing: list[str | None]) -> None:
    assert sites(landed(home, drop, *files)) == standing


def test_the_row_that_stands_is_the_later_one(home: Home, drop: Drop) -> None:
    feeds = landed(home, drop, cancel("S1"), cancel("S2"), cancel("S2", evidence="new.pdf"))
    rows: list[Any] = feeds["certificate_events"][["site_id", "evidence"]].to_numpy().tolist()
    assert rows == [["S1", "c.pdf"], ["S2", "new.pdf"]]


def test_two_sites_in_one_file_are_no_repeated_key_but_two_claims(home: Home, drop: Drop) -> None:
    feeds = landed(home, drop, cancel("S1") + cancel("S2") + cancel("S2", evidence="new.pdf"))
    assert sites(feeds) == ["S1", "S2"]
    assert feeds.conflicts[["feed", "site_id", "source_row"]].to_numpy().tolist() == [["certificate_events", "S2", 3]]


# what is said of it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [("S1", "S2"), ("S2", "S1")])
def test_one_range_for_two_sites_on_one_day_withholds_both(home: Home, drop: Drop, order: tuple[str, str]) -> None:
    found = claims(landed(home, drop, *map(cancel, order)))
    assert sorted(found.claims.select("site_id", "status", "reason").rows()) == [
        ("S1", "excluded", "claimed twice"), ("S2", "excluded", "claimed twice"),
    ]  # fmt: skip
    for site, other in (("S1", "S2"), ("S2", "S1")):
        (finding,) = told(found, site)
        assert (finding.code, finding.severity, finding.quantity, finding.seen) == ("CT11", "withhold", "claims", 30.0)
        assert f"(also by {other})" in finding.message_en
        assert "names the former site in replaces_site_id" in finding.message_en
        assert "replaces_site_id 填写原站点" in finding.message_zh


def test_a_correction_that_says_so_is_counted_and_nothing_is_withheld(home: Home, drop: Drop) -> None:
    found = claims(landed(home, drop, cancel("S1"), cancel("S2", replaces="S1")))
    assert found.claims.select("site_id", "status").rows() == [("S2", "eligible")]
    assert found.conflicts.is_empty()
    assert told(found, "S1") == told(found, "S2") == []
