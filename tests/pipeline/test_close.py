"""Closing, restating and signing by people: who may, when, what it amounts to, and what stays for ever.

Candidates are planted as results of the ledger, so that nothing is computed here; computed ones are in ``test_close_computed.py``.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from assets.raw.landing import land
from assets.reports.published import Published
from checks.waivers import Waiver
from pipelines import closing, restating
from pipelines.causes import _clock
from pipelines.cli.reading import board
from pipelines.closing import approve, submit
from pipelines.restating import Order, closure, restate
from pipelines.signing import sign
from pipelines.verify import verify
from resources.calendar import add_months, month_range
from resources.errors import GciError, UsageError
from resources.home import Home
from resources.revisions import closed_of, keep_document, read_document
from resources.schema import entry as log_table
from tests.pipeline.closing import CHECKER, MAKER, READINGS, VERIFIER, close, copy, plant, restated, rewrite
from tests.pipeline.hand_made import MONTHS, register, write_csv

FIRST, SECOND, THIRD = MONTHS


@pytest.fixture
def home(three_months: Path, tmp_path: Path) -> Home:
    """A computed home of its own for a test: one site, three months."""
    return copy(Home.open(three_months), tmp_path / "home")


@pytest.fixture(scope="module")
def final_home(three_months: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """All three months final; tests must not change it."""
    home = copy(Home.open(three_months), tmp_path_factory.mktemp("final") / "home")
    for month in MONTHS:
        close(home, month)
    return home


@pytest.fixture
def final(final_home: Home, tmp_path: Path) -> Home:
    return copy(final_home, tmp_path / "home")


@pytest.fixture
def current(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted results count as computed from all that was landed."""
    for module in (closing, restating):
        monkeypatch.setattr(module, "up_to_date", lambda *_: True)


def numbers(home: Home, month: str) -> dict[str, int]:
    return {one: item.number for one, item in closed_of(home).of_month(month).items()}


def late(home: Home, month: str = FIRST) -> None:
    """One corrected reading of the supply register, landed and not computed."""
    write_csv(home.landing / "meter_readings" / "late.csv", READINGS, register("S1-G", month, 150, start=1001)[100:101])
    land(home)


# maker and checker ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [MAKER, " li  na 李娜", "LI NA 李娜", "ＬＩ　ＮＡ 李娜"])
def test_nobody_approves_what_they_submitted(home: Home, name: str) -> None:
    submit(home, FIRST, by=MAKER)
    with pytest.raises(UsageError, match="maker and checker are two people"):
        approve(home, FIRST, by=name, statement="checked")
    assert numbers(home, FIRST) == {}


def test_two_people_make_a_month_final(home: Home) -> None:
    as_of, head = home.ledger.head()
    done = submit(home, FIRST, by=MAKER)
    assert Published(home).results(FIRST)["S1"]["ttm"]["state"] == "submitted"
    approved = approve(home, FIRST, by=CHECKER, statement="checked against the bills")
    assert dict(approved.revisions) == {"S1": 1}
    (entry,) = home.ledger.entries(kinds=["approval"])
    said = ("submission", "submitted_by", "by", "statement", "as_of", "revisions")
    assert [entry.payload[key] for key in said] == [done.entry, MAKER, CHECKER, "checked against the bills", as_of, {"S1": 1}]
    document = read_document(home, entry.payload["document"])
    assert (document["as_of"], document["head_digest"], document["entities"]) == (as_of, head, ["S1"])
    assert verify(home) == []


def test_the_same_submission_enters_once_and_another_makers_replaces_it(home: Home) -> None:
    first = submit(home, FIRST, by=MAKER)
    assert submit(home, FIRST, by=MAKER.upper()).entry == first.entry
    assert submit(home, FIRST, by="Zhao").entry > first.entry
    with pytest.raises(UsageError, match="zhao submitted"):
        approve(home, FIRST, by="zhao", statement="checked")
    approve(home, FIRST, by=MAKER, statement="checked")  # who submitted what nobody approved may approve another's


@pytest.mark.parametrize(("by", "statement", "said"), [(None, "x", "--by NAME"), (" ", "x", "--by NAME"), (CHECKER, " ", "--statement")])
def test_an_approval_needs_a_name_and_a_statement(home: Home, by: str | None, statement: str, said: str) -> None:
    submit(home, FIRST, by=MAKER)
    with pytest.raises(UsageError, match=said):
        approve(home, FIRST, by=by, statement=statement)


def test_nothing_is_approved_twice_and_nothing_final_is_submitted(home: Home) -> None:
    with pytest.raises(UsageError, match="Nothing of 2025-11 waits"):
        approve(home, FIRST, by=CHECKER, statement="checked")
    close(home, FIRST)
    with pytest.raises(UsageError, match="Nothing of 2025-11 waits"):
        approve(home, FIRST, by=CHECKER, statement="checked")
    with pytest.raises(UsageError, match=r"final already.*gci restate 2025-11"):
        submit(home, FIRST, by=MAKER)
    with pytest.raises(UsageError, match="no site 'S9'"):
        submit(home, SECOND, by=MAKER, site="S9")


def test_what_is_not_computed_from_all_that_was_landed_is_not_submitted(home: Home) -> None:
    late(home)
    for month in MONTHS:  # the first is read by all three
        with pytest.raises(GciError, match=f"gci run {month}"):
            submit(home, month, by=MAKER)
    with pytest.raises(GciError, match="was not computed yet"):
        submit(home, "2026-02", by=MAKER)


def test_data_that_came_after_the_submission_stop_the_approval(home: Home) -> None:
    submit(home, FIRST, by=MAKER)
    late(home)
    with pytest.raises(GciError, match=r"Since the submission .* something that can change 2025-11 did"):
        approve(home, FIRST, by=CHECKER, statement="checked")


def test_another_result_than_the_submitted_one_is_not_approved(home: Home, current: None) -> None:
    submit(home, FIRST, by=MAKER)
    plant(home, FIRST, {"S1": 160})
    assert Published(home).results(FIRST)["S1"]["ttm"]["state"] == "provisional"
    with pytest.raises(GciError, match="S1 of 2025-11 came to another result"):
        approve(home, FIRST, by=CHECKER, statement="checked")
    submit(home, FIRST, by=MAKER)
    assert dict(approve(home, FIRST, by=CHECKER, statement="checked").revisions) == {"S1": 1}


def test_another_program_version_stops_the_approval(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(home, FIRST, by=MAKER)
    monkeypatch.setattr("assets.raw.fingerprint.code_version", lambda layer: "sha256:another")
    monkeypatch.setattr("assets.raw.fingerprint._cache", OrderedDict())
    with pytest.raises(GciError, match="the program"):
        approve(home, FIRST, by=CHECKER, statement="checked")


# sites and clusters ---------------------------------------------------------------------------------------------------


def cluster(home: Home, s1: int = 150, s2: int = 140, month: str = FIRST) -> None:
    plant(home, month, {"S1": s1, "S2": s2}, {"C1": ("S1", "S2")})


def test_a_cluster_is_final_with_its_last_member(home: Home, current: None) -> None:
    cluster(home)
    submit(home, FIRST, by=MAKER)
    first = approve(home, FIRST, by=CHECKER, statement="S1", site="S1")
    assert (dict(first.revisions), first.left) == ({"S1": 1}, ("C1: S2 is not final yet 成员尚未全部完成结账",))
    states = {one: windows["ttm"]["state"] for one, windows in Published(home).results(FIRST).items()}
    assert states == {"S1": "final", "S2": "submitted", "C1": "provisional"}
    assert dict(approve(home, FIRST, by=CHECKER, statement="the rest").revisions) == {"S2": 1, "C1": 1}


def test_a_cluster_is_not_final_from_other_figures_than_its_members_final_ones(home: Home, current: None) -> None:
    cluster(home)
    close(home, FIRST, "S1")
    cluster(home, s1=151)
    done = close(home, FIRST, "S2")
    assert dict(done.revisions) == {"S2": 1}
    assert done.left[0].startswith("C1: S1 says something else now than its final revision")
    assert restated(home, FIRST, site="S1").revisions == {FIRST: {"S1": 2, "C1": 1}}  # now it follows from its members


def test_a_cluster_that_was_left_behind_is_closed_by_itself(home: Home, current: None) -> None:
    cluster(home)
    close(home, FIRST, "S1")
    cluster(home, s1=151)
    close(home, FIRST, "S2")
    with pytest.raises(UsageError, match="final already"):
        submit(home, FIRST, by=MAKER)
    cluster(home)  # the member says again what it said: nothing is to be restated
    assert dict(submit(home, FIRST, by=MAKER).revisions) == {"C1": 0}
    cluster(home, s1=151)
    with pytest.raises(GciError, match="S1 says something else"):
        approve(home, FIRST, by=CHECKER, statement="checked")
    cluster(home)
    assert dict(approve(home, FIRST, by=CHECKER, statement="checked").revisions) == {"C1": 1}


def test_a_cluster_is_approved_as_it_was_submitted_or_not_at_all(home: Home, current: None) -> None:
    cluster(home)
    close(home, FIRST, "S1")
    cluster(home, s1=170)
    submit(home, FIRST, by=MAKER, site="S2")  # holds the cluster composed of S1 with 170
    cluster(home)
    with pytest.raises(GciError, match="C1 of 2025-11 came to another result"):
        approve(home, FIRST, by=CHECKER, statement="checked")


def test_a_later_submission_of_one_site_is_approved_apart(home: Home, current: None) -> None:
    cluster(home)
    submit(home, FIRST, by=MAKER)
    submit(home, FIRST, by="Zhao", site="S1")
    with pytest.raises(UsageError, match=r"Several submissions .*--site"):
        approve(home, FIRST, by=CHECKER, statement="checked")
    assert dict(approve(home, FIRST, by=CHECKER, statement="checked", site="S2").revisions) == {"S2": 1}
    assert dict(approve(home, FIRST, by=CHECKER, statement="checked").revisions) == {"S1": 1, "C1": 1}


def test_a_site_that_appears_in_a_final_cluster_is_closed_and_the_cluster_restated(home: Home, current: None) -> None:
    cluster(home)
    close(home, FIRST)
    plant(home, FIRST, {"S1": 150, "S2": 140, "S3": 200}, {"C1": ("S1", "S2", "S3")})
    with pytest.raises(GciError, match=r"S3 is not final yet.*close the member"):
        restated(home, FIRST, "BOUNDARY")
    done = close(home, FIRST)
    assert dict(done.revisions) == {"S3": 1}  # the cluster is final: it changes by restatement only
    assert "restate it" in done.left[0]
    assert restated(home, FIRST, "BOUNDARY").revisions == {FIRST: {"C1": 2}}
    assert [problem for problem in verify(home) if "revision" in problem.expected] == []


def test_a_cluster_of_other_members_with_the_same_figures_differs(home: Home, current: None) -> None:
    plant(home, FIRST, {"S1": 150, "S2": 150, "S3": 150}, {"C1": ("S1", "S2"), "C2": ("S3",)})
    close(home, FIRST)
    plant(home, FIRST, {"S1": 150, "S2": 150, "S3": 150}, {"C1": ("S1", "S3"), "C2": ("S2",)})
    assert [item.entity_id for item in closure(home, FIRST)] == ["C1", "C2"]
    assert restated(home, FIRST, "BOUNDARY").revisions == {FIRST: {"C1": 2, "C2": 2}}


def test_one_site_is_restated_alone_only_where_its_cluster_still_follows(home: Home, current: None) -> None:
    plant(home, FIRST, {"S1": 150, "S2": 140, "S3": 130, "S4": 130}, {"C1": ("S1", "S2"), "C2": ("S3", "S4")})
    close(home, FIRST)
    plant(home, FIRST, {"S1": 151, "S2": 140, "S3": 131, "S4": 130}, {"C1": ("S1", "S2"), "C2": ("S3", "S4")})
    assert [item.entity_id for item in closure(home, FIRST, "S1")] == ["C1", "S1"]
    assert restated(home, FIRST, site="S1").revisions == {FIRST: {"S1": 2, "C1": 2}}  # the other cluster may wait
    plant(home, FIRST, {"S1": 151, "S2": 140, "S3": 132, "S4": 133}, {"C1": ("S1", "S2"), "C2": ("S3", "S4")})
    with pytest.raises(GciError, match=r"C2: S4 says something else .*without --site"):
        restated(home, FIRST, site="S3")
    assert numbers(home, FIRST) == {"S1": 2, "S2": 1, "S3": 1, "S4": 1, "C1": 2, "C2": 1}


# the closure of a restatement -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_years(three_months: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Twenty-six final months of two sites, planted; tests must not change it."""
    home = copy(Home.open(three_months), tmp_path_factory.mktemp("years") / "home")
    with pytest.MonkeyPatch.context() as patch:
        for module in (closing, restating):
            patch.setattr(module, "up_to_date", lambda *_: True)
        for month in month_range("2022-01", "2024-02"):
            plant(home, month, {"S1": 150, "S2": 140})
            close(home, month)
    return home


@pytest.fixture
def years(two_years: Home, tmp_path: Path, current: None) -> Home:
    return copy(two_years, tmp_path / "home")


def differ(home: Home, first: str, last: str, site: str = "S1") -> None:
    for month in month_range(first, last):
        plant(home, month, {"S1": 150, "S2": 140} | {site: 160})


def test_up_to_eleven_months_on_and_not_one_more(years: Home) -> None:
    differ(years, "2022-03", "2023-03")  # thirteen months: the last is moved by something else
    assert [item.month for item in closure(years, "2022-03")] == month_range("2022-03", "2023-02")
    done = restated(years, "2022-03")
    assert list(done.revisions) == month_range("2022-03", "2023-02")
    assert [item.month for item in closure(years, "2023-03")] == ["2023-03"]


def test_one_entry_for_all_months(years: Home) -> None:
    differ(years, "2022-03", "2022-05")
    before = years.ledger.head()[0]
    done = restated(years, "2022-03")
    assert years.ledger.head()[0] == done.entry == before + 1
    revisions = [closed_of(years).newest("S1", month) for month in month_range("2022-03", "2022-05")]
    assert {(item.number, item.entry, item.cause, item.by, item.approved_by) for item in revisions if item} == {
        (2, done.entry, "LATE_DATA", MAKER, CHECKER)
    }
    assert numbers(years, "2022-04") == {"S1": 2, "S2": 1}  # the other site says what it said


def test_a_restatement_that_fails_half_way_leaves_nothing(years: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    differ(years, "2022-03", "2022-05")
    found, head = closure(years, "2022-03"), years.ledger.head()
    monkeypatch.setattr(restating, "up_to_date", lambda home, month, as_of: month != "2022-05")
    with pytest.raises(GciError, match="2022-05 is not computed"):
        restate(years, "2022-03", found, Order("METHOD", "why", MAKER, CHECKER))
    assert years.ledger.head() == head


def test_an_earlier_month_that_differs_is_restated_first(years: Home) -> None:
    differ(years, "2022-03", "2022-06")
    with pytest.raises(GciError, match="Restate 2022-03: its closure holds 2022-05"):
        closure(years, "2022-05")


def test_an_earlier_month_of_another_site_or_beyond_the_window_does_not_matter(years: Home) -> None:
    differ(years, "2022-01", "2022-01")  # not read by 2023-02
    differ(years, "2023-02", "2023-02")
    differ(years, "2023-01", "2023-01", site="S2")
    assert [(item.entity_id, item.month) for item in closure(years, "2023-02")] == [("S1", "2023-02")]


def test_nothing_to_restate(years: Home) -> None:
    with pytest.raises(GciError, match="there is nothing to restate"):
        closure(years, "2022-03")
    differ(years, "2022-03", "2022-03")
    with pytest.raises(GciError, match="What differs: 2022-03"):
        closure(years, "2022-04")
    with pytest.raises(UsageError, match="2024-03 is not final"):
        closure(years, "2024-03")
    with pytest.raises(UsageError, match="S9 2022-03 is not final"):
        closure(years, "2022-03", "S9")


@pytest.mark.parametrize(
    ("cause", "reason", "by", "approved_by", "said"),
    [
        ("NOPE", "why", MAKER, CHECKER, "'NOPE' is no cause. Known: LATE_DATA, CORRECTED_READING"),
        (None, "why", MAKER, CHECKER, "--cause CODE is missing"),
        ("METHOD", " ", MAKER, CHECKER, "--reason TEXT is missing"),
        ("METHOD", "why", None, CHECKER, "--by NAME is missing"),
        ("METHOD", "why", MAKER, None, "--approved-by NAME is missing"),
        ("METHOD", "why", MAKER, MAKER.lower(), "another person"),
    ],
)
def test_who_restates_says_why_and_is_not_alone(cause: str, reason: str, by: str, approved_by: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Order.of(cause, reason, by, approved_by)


# what stays for ever --------------------------------------------------------------------------------------------------


def test_a_revision_shows_the_same_bytes_whatever_is_computed_restated_or_dropped(
    home: Home, current: None, gci: Callable[..., Any]
) -> None:  # fmt: skip
    close(home, FIRST)

    def shown(number: int, *more: str) -> str:
        return str(gci("show", "S1", FIRST, "--revision", number, "--home", home.root, "--format", "json", *more)[1])

    first, month, boundary = shown(1), shown(1, "--window", "month"), shown(1, "--boundary")
    assert json.loads(first)["final"]["number"] == 1
    plant(home, FIRST, {"S1": 160})
    newest = json.loads(gci("show", "S1", FIRST, "--home", home.root, "--format", "json")[1])
    assert (newest["index"], newest["candidate"]["index"]) == (json.loads(first)["index"], 98.4)
    restated(home, FIRST)
    second = shown(2)
    home.ledger.drop_derived()
    assert (shown(1), shown(1, "--window", "month"), shown(1, "--boundary"), shown(2)) == (first, month, boundary, second)
    assert json.loads(second)["index"] == 98.4
    (row,) = (row for row in board(home, None) if row["month"] == FIRST)
    assert (row["state"], row["revision"], row["candidate"]) == ("restated", 2, None)
    assert gci("check", "S1", FIRST, "--home", home.root)[0] == 3


def test_late_data_are_listed_by_site_before_anything_is_computed(final: Home) -> None:
    rows = [*register("S1-G", FIRST, 150, start=1001)[100:103], ("S9-X", f"{FIRST}-05 00:00", "1")]
    write_csv(final.landing / "meter_readings" / "late.csv", READINGS, rows)
    land(final)
    found = {row["month"]: row for row in board(final, None)}
    number = final.ledger.head()[0]
    assert [(item["entry"], item["file"], item["rows"]) for item in found[FIRST]["late"]] == [(number, "meter_readings/late.csv", 4)]
    assert found[SECOND]["late"] == []
    assert found[FIRST]["candidate"] is None  # nothing was computed from it yet


def test_the_board_says_whether_a_candidate_must_be_restated(final: Home, current: None) -> None:
    # the published twelve months up to 2025-11 are one month of 150 kWh × 720 h
    plant(final, FIRST, {"S1": 108_000_000})
    restated(final, FIRST)
    plant(final, FIRST, {"S1": 113_399_999})
    assert board(final, FIRST)[0]["candidate"]["must_restate"] is False
    plant(final, FIRST, {"S1": 113_400_000})
    found = board(final, FIRST)[0]["candidate"]
    assert (found["must_restate"], found["energy"]) == (True, 0.05)


# the third party ------------------------------------------------------------------------------------------------------


def test_a_third_party_signs_heads_and_a_restated_month_is_not_signed_any_more(final: Home, current: None, tmp_path: Path) -> None:
    evidence = tmp_path / "statement.pdf"
    evidence.write_bytes(b"assured")
    revision = closed_of(final).newest("S1", FIRST)
    assert revision is not None
    done = sign(final, FIRST, role="verifier", by=VERIFIER, statement="limited assurance", evidence=evidence)
    assert done.signed == ({"entry": revision.entry, "head": revision.head, "revisions": {"S1": 1}},)
    assert sign(final, FIRST, role="verifier", by=VERIFIER, statement="limited assurance", evidence=evidence).entry == done.entry
    assert [row["signed"] for row in board(final, None)] == [True, False, False]
    assert verify(final) == []
    plant(final, FIRST, {"S1": 160})
    restated(final, FIRST)
    assert board(final, FIRST)[0]["signed"] is False
    old = Published(final).final("S1", FIRST, "ttm", 1)
    assert old is not None
    assert [row["by"] for row in old["final"]["signatures"]] == [VERIFIER]


@pytest.mark.parametrize("name", [MAKER, CHECKER.upper(), "ＬＩ ＮＡ李娜"])
def test_a_third_party_is_neither_maker_nor_checker(final: Home, name: str) -> None:
    with pytest.raises(UsageError, match="a third party signs"):
        sign(final, FIRST, role="verifier", by=name, statement="x", evidence=None)


def test_what_can_t_be_signed(home: Home) -> None:
    with pytest.raises(UsageError, match="there is no revision to sign"):
        sign(home, FIRST, role="verifier", by=VERIFIER, statement="x", evidence=None)
    with pytest.raises(UsageError, match="'auditor' is no role"):
        sign(home, FIRST, role="auditor", by=VERIFIER, statement="x", evidence=None)


# verification ---------------------------------------------------------------------------------------------------------


def found(home: Home) -> str:
    return "\n".join(f"{item.where} | {item.expected} | {item.seen}" for item in verify(home))


@pytest.mark.parametrize("which", ["document", "summary"])
def test_a_changed_or_missing_document_is_found(final: Home, which: str) -> None:
    revision = closed_of(final).newest("S1", FIRST)
    assert revision is not None
    path = final.lake.file_path(getattr(revision, which))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert f"lake/files/{path.name}" in found(final)
    path.unlink()
    assert f"file kept with entry {revision.entry}: lake/files/{path.name} | sha256:{path.name} | missing" in found(final)


def test_a_table_that_only_an_old_revision_names_is_checked(home: Home) -> None:
    close(home, FIRST)
    path, other = (energies(home, month) for month in (FIRST, SECOND))
    home.ledger.drop_derived()  # only the kept document names the table now
    assert verify(home) == []
    data = path.read_bytes()
    for damaged, said in ((other.read_bytes(), path.stem), (data[:200], "unreadable"), (None, "missing")):
        path.unlink()
        if damaged is not None:
            path.write_bytes(damaged)
        assert f"table {FIRST} staging/energies of the revisions of entry" in found(home)
        assert said in found(home)


def energies(home: Home, month: str) -> Path:
    item = home.ledger.manifest(month, "staging/energies")
    assert item is not None
    return home.lake.table_path("staging/energies", month, item.file_digest)


def changed(home: Home, kind: str, change: Callable[[dict[str, Any]], Any]) -> str:
    """Change the newest entry of a kind in a rewritten, self-consistent chain; what verification says then."""
    entry = home.ledger.entries(kinds=[kind])[-1]
    payload = json.loads(json.dumps(entry.payload))
    change(payload)
    rewrite(home, {entry.n: payload})
    return found(home)


def test_rewriting_nothing_is_no_difference(final: Home) -> None:
    heads = [entry.head for entry in final.ledger.entries()]
    rewrite(final, {})
    assert [entry.head for entry in final.ledger.entries()] == heads
    assert verify(final) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda said: said.update(by="LI NA 李娜"), "two people"),
        (lambda said: said.update(submitted_by="Zhao"), "submitted by Zhao"),
        (lambda said: said.update(revisions={"S1": 2}), "2026-01 | revision 1 | revision 2"),
        (lambda said: said.update(as_of=3), "to approve what was submitted"),
        (lambda said: said["outputs"]["S1"].update(ttm="sha256:0"), "outputs of S1"),
        (lambda said: said.update(submission=1), "entry 1 submitted something else"),
    ],
)
def test_an_approval_that_does_not_hold_in_a_consistent_chain(final: Home, change: Callable[[dict[str, Any]], Any], said: str) -> None:
    assert said in changed(final, "approval", change)


def test_a_restatement_by_one_person_or_of_another_number(final: Home, current: None, tmp_path: Path) -> None:
    plant(final, FIRST, {"S1": 160})
    restated(final, FIRST)
    other = copy(final, tmp_path / "other")
    assert "two people" in changed(final, "restatement", lambda said: said.update(approved_by=MAKER))
    assert "S1 2025-11 | revision 2 | revision 3" in changed(
        other, "restatement", lambda said: said["months"][FIRST]["revisions"].update(S1=3)
    )


def test_a_signature_of_another_head(final: Home) -> None:
    sign(final, FIRST, role="verifier", by=VERIFIER, statement="x", evidence=None)
    assert "signs entry" in changed(final, "signature", lambda said: said["signed"][0].update(head="sha256:" + "0" * 64))


def test_a_summary_that_says_something_else_than_its_document(final: Home) -> None:
    entry = final.ledger.entries(kinds=["approval"])[-1]
    document = read_document(final, entry.payload["document"])
    document["rows"]["result"][0]["grade"] = "1"
    other = keep_document(final, document)
    (submission,) = (item for item in final.ledger.entries(kinds=["submission"]) if item.n == entry.payload["submission"])
    rewrite(final, {n.n: {**n.payload, "summary": other.summary} for n in (submission, entry)})
    assert f"summary of entry {entry.n}" in found(final)


def test_a_clock_that_was_set_back_is_no_change(home: Home) -> None:
    with home.ledger.write() as connection:  # the log is dated by a clock that ran ahead
        last = home.ledger.entries()[-1]
        connection.execute(log_table.update().where(log_table.c.n == last.n).values(at="2099-01-01T00:00:00Z"))
    rewrite(home, {})
    close(home, FIRST)
    assert "clock" in home.ledger.entries()[-1].payload
    assert "approval" not in found(home)


# an outside witness ---------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_witness_finds_a_rewritten_chain_that_is_valid_in_itself(
    final: Home, current: None, tmp_path: Path, gci: Callable[..., Any]
) -> None:  # fmt: skip
    root = ("--home", final.root)
    shown = tmp_path / "shown.json"
    shown.write_text(gci("show", "S1", SECOND, *root, "--format", "json")[1])
    entries = final.ledger.entries()
    heads = tmp_path / "heads.csv"
    heads.write_text("n,head\n" + "".join(f"{item.n},{item.head}\n" for item in entries))
    honest = [entries[-1].head, f"3:{entries[2].head}", shown, heads]
    for head in honest:
        assert gci("verify", *root, "--head", head)[0] == 0
    target = next(item for item in entries if item.kind == "approval")
    rewrite(final, {target.n: {**target.payload, "statement": "checked twice"}})
    status, out, _ = gci("verify", *root)
    assert status == 0, out  # in itself it is valid
    for head in honest:
        status, out, _ = gci("verify", *root, "--head", head)
        assert status == (0 if head is honest[1] else 1), out
    assert f"log: entry {target.n} (approval {FIRST}" in gci("verify", *root, "--head", heads)[1]
    assert "one of the entries 10 to 13" in gci("verify", *root, "--head", shown, "--head", honest[1])[1]
    assert "one digest alone can't name" in gci("verify", *root, "--head", entries[-1].head)[1]


def test_a_log_cut_short_is_found_by_its_witness(final: Home, gci: Callable[..., Any]) -> None:
    entries = final.ledger.entries()
    with final.ledger.write() as connection:
        connection.execute(log_table.delete().where(log_table.c.n > entries[-3].n))
    assert gci("verify", "--home", final.root)[0] == 0  # a shorter log is valid in itself
    status, out, _ = gci("verify", "--home", final.root, "--head", f"{entries[-1].n}:{entries[-1].head}")
    assert (status, f"the log ends at entry {entries[-3].n}" in out) == (1, True)


# views of the past ----------------------------------------------------------------------------------------------------


def test_what_was_known_on_a_day(
    home: Home, gci: Callable[..., Any], gci_json: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = ("--home", home.root)
    days = iter(["2090-01-10", "2090-01-11", "2090-01-20"])

    def on(day: str) -> None:
        import datetime as times

        import resources.log

        class Clock(times.datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return cls.fromisoformat(f"{day}T04:00:00+00:00").astimezone(tz)

        monkeypatch.setattr(resources.log, "datetime", Clock)

    number, head = home.ledger.head()
    on(next(days))
    submit(home, FIRST, by=MAKER)
    on(next(days))
    approve(home, FIRST, by=CHECKER, statement="checked")
    on(next(days))
    monkeypatch.setattr(restating, "up_to_date", lambda *_: True)
    plant(home, FIRST, {"S1": 160})
    restated(home, FIRST)

    def known(day: str) -> dict[str, Any]:
        found: dict[str, Any] = gci_json("show", "S1", FIRST, *root, "--as-of", day)
        return found

    before = known("2090-01-09")
    assert (before["state"], before["log_number"], before["head_digest"]) == ("provisional", number, head)
    assert "final" not in before
    assert (known("2090-01-11")["state"], known("2090-01-19")["final"]["number"]) == ("final", 1)
    assert (known("2090-01-20")["final"]["number"], known("2090-01-20")["index"]) == (2, 98.4)
    status, _, err = gci("show", "S1", FIRST, *root, "--as-of", "2001-01-01")
    assert (status, "Nothing was known" in err) == (2, True)
    assert gci("show", "S1", FIRST, *root, "--as-of", "2090-13-01")[0] == 2


def test_what_only_days_changed_counts_with_waivers_that_ran_out_else_with_certificates(home: Home) -> None:
    first, _ = home.ledger.head()
    waiver = Waiver("TL01-1", "TL01", "S1", FIRST, "E_IT", "S1-I", 0.9, 0.95, "1", "Li", "log checked", "2090-01-05")

    def enters(kind: str, payload: dict[str, Any], at: str) -> int:
        return home.ledger.append(kind, f"x/{at}", f"sha256:{at}", payload, at=datetime.fromisoformat(f"2090-01-{at}:00:00+00:00"))

    granted = enters("waiver", waiver.document(), "01T04")
    other, after, same = (enters("evidence", {}, at) for at in ("02T04", "06T04", "06T05"))
    assert _clock(home, first, granted) == "CERTIFICATE"
    assert _clock(home, granted, other) == "CERTIFICATE"
    assert _clock(home, other, after) == "METHOD"
    assert _clock(home, after, same) is None


# what the commands print ----------------------------------------------------------------------------------------------


def test_the_commands_from_checklist_to_signature(home: Home, gci: Callable[..., Any], gci_json: Callable[..., Any]) -> None:
    root = ("--home", home.root)
    checklist = gci_json("close", SECOND, *root)
    (row,) = checklist["sites"]
    assert (row["site_id"], row["state"], row["up_to_date"], row["withheld"]) == ("S1", "provisional", True, [])
    assert checklist["calendar"]["provisional"] == "2026-01-08"
    assert "提交人" in gci("close", SECOND, *root)[1] or "站点" in gci("close", SECOND, *root)[1]
    submitted = gci_json("close", SECOND, "--submit", "--by", MAKER, *root)
    assert (submitted["state"], submitted["revisions"], submitted["head_digest"]) == ("submitted", {"S1": 0}, home.ledger.head()[1])
    assert gci_json("close", SECOND, *root)["sites"][0]["submitted_by"] == MAKER
    assert f"other than {MAKER}" in gci("close", SECOND, *root)[1]
    assert gci_json("status", SECOND, *root)["rows"][0]["state"] == "submitted"
    approved = gci_json("close", SECOND, "--approve", "--by", CHECKER, "--statement", "checked", *root)
    assert (approved["state"], approved["revisions"], approved["left"]) == ("final", {"S1": 1}, [])
    assert "nobody: it is final" in gci("close", SECOND, *root)[1]
    signed = gci_json("sign", SECOND, "--by", VERIFIER, "--statement", "assured", *root)
    assert signed["signed"][0]["head"] == approved["head_digest"]
    shown = gci_json("show", "S1", SECOND, *root)
    assert (shown["revision"], shown["state"], shown["final"]["head_digest"]) == (1, "final", approved["head_digest"])
    assert [item["by"] for item in shown["final"]["signatures"]] == [VERIFIER]
    status = gci_json("status", SECOND, *root)["rows"][0]
    assert (status["state"], status["revision"], status["signed"], status["late"], status["candidate"]) == ("final", 1, True, [], None)
    assert VERIFIER in (home.reports / SECOND / "S1.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ("close", SECOND, "--submit", "--approve", "--by", MAKER),
        ("close", SECOND, "--by", MAKER),
        ("close", SECOND, "--submit", "--by", MAKER, "--statement", "x"),
        ("close", SECOND, "--site", "S9"),
        ("close", "2025-1"),
        ("restate", SECOND),
        ("restate", SECOND, "--cause", "METHOD", "--reason", "x", "--by", "a", "--approved-by", "b"),
        ("diff", "S1", SECOND, "--from", "1", "--to", "2"),
        ("diff", "S9", SECOND, "--from", "1", "--to", "2"),
        ("sign", SECOND, "--by", VERIFIER, "--statement", "x"),
        ("show", "S1", SECOND, "--revision", "1"),
        ("show", "S1", SECOND, "--revision", "1", "--candidate"),
        ("verify", "--revision", "1"),
        ("verify", "--engine", "spark"),
        ("verify", SECOND, "--recompute"),
        ("verify", "--head", "nothing"),
    ],
)
def test_wrong_usage_is_said_with_exit_status_two_and_changes_nothing(
    three_months: Path, gci: Callable[..., Any], arguments: tuple[str, ...]
) -> None:
    head = Home.open(three_months).ledger.head()
    status, out, err = gci(*arguments, "--home", three_months)
    assert (status, out, err.startswith(("gci: ", "Usage"))) == (2, "", True), err
    assert Home.open(three_months).ledger.head() == head


def test_recomputing_a_revision_that_is_none(final_home: Home, gci: Callable[..., Any]) -> None:
    status, _, err = gci("verify", "--recompute", "--revision", "7", "--home", final_home.root)
    assert (status, "has a revision 7" in err) == (2, True)


def test_months_count_from_the_closed_one() -> None:
    assert add_months("2022-03", 11) == "2023-02"
