"""``gci export openlineage``: valid events, one name for a dataset, back to every landed file of the month, always the same."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openlineage.client.event_v2 import RunEvent
from openlineage.client.transport.file import FileConfig, FileTransport

from checks.contracts.lineage import columns_of
from checks.rules.catalogue import RULES
from pipelines.lineage.events import month_events
from pipelines.lineage.record import MonthRecord, namespace_of, read_record
from pipelines.lineage.send import lines
from resources.home import Home
from resources.ledger import RUN
from tests.pipeline.hand_made import MONTHS, SITE_HEADER, site_row, write_csv
from tests.pipeline.openlineage_schemas import facets, faults

MONTH = "2026-01"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def record(computed_home: Path) -> MonthRecord:
    return read_record(Home.open(computed_home).ledger, MONTH)


@pytest.fixture(scope="module")
def events(record: MonthRecord) -> list[Json]:
    """The events as whoever receives them reads them."""
    return parsed(month_events(record))


def parsed(events: list[RunEvent]) -> list[Json]:
    return [json.loads(line) for line in lines(events).splitlines()]


def complete(events: list[Json]) -> dict[str, Json]:
    """COMPLETE events by job."""
    return {event["job"]["name"]: event for event in events if event["eventType"] == "COMPLETE"}


def above(events: list[Json], name: str) -> set[str]:
    """Every dataset that a dataset is made from, however far: the walk that a reader of the events makes."""
    made_by = {output["name"]: event for event in events for output in event["outputs"]}
    found: set[str] = set()
    stack = [name]
    while stack:
        event = made_by.get(stack.pop())
        new = {item["name"] for item in event["inputs"]} - found if event else set()
        found |= new
        stack += new
    return found


# the form ---------------------------------------------------------------------------------------------------------------


def test_every_event_and_every_facet_is_valid(events: list[Json]) -> None:
    assert len(events) > 100
    for event in events:
        assert faults(event) == [], event["job"]["name"]
    keys = {(where, key) for event in events for where, key, _ in facets(event)}
    assert keys == {
        ("run facets", "gci_computation"), ("run facets", "parent"), ("run facets", "processing_engine"), ("run facets", "test"),
        ("job facets", "documentation"), ("job facets", "jobType"), ("job facets", "sourceCodeLocation"),
        ("input facets", "gci_entry"), ("input facets", "schema"), ("input facets", "version"),
        ("input inputFacets", "dataQualityAssertions"),
        ("output facets", "columnLineage"), ("output facets", "dataQualityMetrics"), ("output facets", "documentation"),
        ("output facets", "gci_table"), ("output facets", "schema"), ("output facets", "version"),
        ("output outputFacets", "outputStatistics"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "spoil",
    [
        lambda e: e.pop("eventTime"),
        lambda e: e.update(eventType="DONE"),
        lambda e: e["run"].pop("runId"),
        lambda e: e["outputs"][0].pop("namespace"),
        lambda e: e["outputs"][0].update(colour="green"),
        lambda e: e["outputs"][0]["facets"]["schema"].update(fields="none"),
        lambda e: e["outputs"][0]["facets"]["version"].pop("datasetVersion"),
        lambda e: e["outputs"][0]["facets"]["columnLineage"]["fields"]["site_id"]["inputFields"][0].pop("field"),
        lambda e: e["outputs"][0]["facets"]["gci_table"].update(digest="sha256:short"),
        lambda e: e["run"]["facets"]["gci_computation"].update(revision=0),
        lambda e: e["job"]["facets"].update(jobType=e["run"]["facets"]["parent"]),
    ],
)
def test_the_schemas_refuse_what_is_wrong(events: list[Json], spoil: Callable[[Json], object]) -> None:
    event = copy.deepcopy(complete(events)["staging/interval_energy"])
    assert faults(event) == []
    spoil(event)
    assert faults(event) != []


def test_each_run_starts_and_completes_once_and_its_parent_is_the_month(events: list[Json]) -> None:
    runs = defaultdict(list)
    for event in events:
        runs[event["run"]["runId"]].append((event["eventType"], event["job"]["name"]))
    assert all([kind for kind, _ in run] == ["START", "COMPLETE"] and len({job for _, job in run}) == 1 for run in runs.values())
    (month,) = [run_id for run_id, run in runs.items() if run[0][1] == "month"]
    parents = {e["run"]["facets"]["parent"]["run"]["runId"] for e in events if e["job"]["name"] != "month"}
    assert parents == {month}
    assert [events[0]["job"]["name"], events[-1]["job"]["name"]] == ["month", "month"]


def test_an_event_says_when_the_log_says_it(computed_home: Path, events: list[Json]) -> None:
    ledger = Home.open(computed_home).ledger
    assert {event["eventTime"] for event in events} == {ledger.moment(7)}
    assert datetime.fromisoformat(ledger.moment(7)).tzinfo is not None
    for event in events:
        said = event["run"]["facets"]["gci_computation"]
        assert (said["month"], said["revision"], said["logNumber"], said["headDigest"]) == (MONTH, 1, 7, ledger.head(7)[1])
        assert said["edition"] == "whitepaper-2024.1"


def test_nothing_of_the_machine_is_in_the_events(computed_home: Path, record: MonthRecord) -> None:
    text = lines(month_events(record)).decode()
    for word in (str(computed_home), str(Path.cwd()), str(Path.home()), "/tmp", "/usr", computed_home.name + "/"):
        assert word not in text
    assert re.fullmatch(r"gci://[0-9a-f]{16}", record.namespace)


# what they say ------------------------------------------------------------------------------------------------------------


def test_tables_are_told_as_their_manifests_have_them(computed_home: Path, events: list[Json]) -> None:
    stored = {
        m.table_name: m for m in Home.open(computed_home).ledger.manifests(MONTH)
        if not m.table_name.startswith("ledger/") and m.table_name not in (RUN, "run/own")
    }  # fmt: skip
    runs = {name: event for name, event in complete(events).items() if name != "month" and not name.startswith("checks/")}
    assert set(runs) == set(stored)
    for name, event in runs.items():
        (output,) = event["outputs"]
        assert output["name"] == f"{name}/{MONTH}"
        assert output["facets"]["version"]["datasetVersion"] == stored[name].digest
        assert output["outputFacets"]["outputStatistics"]["rowCount"] == stored[name].rows
        assert event["job"]["facets"]["sourceCodeLocation"]["version"] == stored[name].code_version
        assert event["run"]["facets"]["gci_computation"]["inputs"] == stored[name].inputs
        assert [field["name"] for field in output["facets"]["schema"]["fields"]] == [column.name for column in columns_of(name)]
        seen = {item["name"]: item["facets"]["version"]["datasetVersion"] for item in event["inputs"]}
        assert sorted(seen.values()) == sorted(d for key, d in stored[name].inputs.items() if key != "uncovered"), name


def test_a_dataset_has_one_name_and_one_version(events: list[Json]) -> None:
    versions = defaultdict(set)
    for event in complete(events).values():
        for dataset in (*event["inputs"], *event["outputs"]):
            assert dataset["namespace"] == event["job"]["namespace"] == events[0]["job"]["namespace"]
            versions[dataset["name"]].add(dataset["facets"]["version"]["datasetVersion"])
    assert all(len(found) == 1 for found in versions.values())
    made = {output["name"] for event in events for output in event["outputs"]}
    read = {item["name"] for event in events for item in event["inputs"]}
    others = {name for name in read - made if not name.startswith(("landed/", "documents/"))}
    assert others == set()  # this home has one month: what is read was landed, is a document, or was made


def test_from_the_index_one_comes_to_every_landed_file_of_the_month_and_to_no_other(record: MonthRecord, events: list[Json]) -> None:
    reached = {name for name in above(events, f"index/site_index/{MONTH}") if name.startswith("landed/")}
    assert reached == {"landed/1/meter_readings/2026-01.csv", "landed/2/meters/meters.csv", "landed/3/sites/sites.csv"}
    assert reached == {f"landed/{e.n}/{e.name}" for e in record.entries.values() if e.kind == "file"}


@pytest.mark.long
def test_other_months_are_datasets_of_their_own(three_months: Path) -> None:
    """The index of January reads the indicators of November and December: as those months left them, not as they were last materialized."""
    home = Home.open(three_months)
    told = {month: complete(parsed(month_events(read_record(home.ledger, month)))) for month in MONTHS}
    inputs = {d["name"]: d["facets"]["version"]["datasetVersion"] for d in told["2026-01"]["index/site_index"]["inputs"]}
    for month in MONTHS:
        stored = home.ledger.manifest(month, "indicators/pue")
        assert stored is not None
        assert inputs[f"indicators/pue/{month}"] == stored.digest
        (made,) = told[month]["indicators/pue"]["outputs"]  # under the same name in the events of its month
        assert (made["name"], made["facets"]["version"]["datasetVersion"]) == (f"indicators/pue/{month}", stored.digest)
    value = told["2026-01"]["index/site_index"]["outputs"][0]["facets"]["columnLineage"]["fields"]["index_value"]["inputFields"]
    assert {end["name"] for end in value if end["name"].startswith("indicators/pue/")} == {f"indicators/pue/{month}" for month in MONTHS}


def test_columns_lead_back_to_columns_of_the_inputs(events: list[Json]) -> None:
    columns = {
        (dataset["name"], field["name"])
        for event in complete(events).values()
        for dataset in (*event["inputs"], *event["outputs"])
        for field in dataset["facets"].get("schema", {}).get("fields", ())
    }
    for name, event in complete(events).items():
        inputs = {item["name"] for item in event["inputs"]}
        for output in event["outputs"]:
            for column, said in output["facets"]["columnLineage"]["fields"].items():
                for end in said["inputFields"]:
                    assert end["name"] in inputs, (name, column, end)
                    assert (end["name"], end["field"]) in columns, (name, column, end)
    value = complete(events)["raw/meter_readings"]["outputs"][0]["facets"]["columnLineage"]["fields"]["meter_readings.value"]
    assert [(end["name"], end["field"]) for end in value["inputFields"]] == [("landed/1/meter_readings/2026-01.csv", "value")]


def test_verdicts_are_assertions_on_the_table_that_was_judged(computed_home: Path, events: list[Json]) -> None:
    rows = Home.open(computed_home).ledger.rows("verdict", month=MONTH)
    runs = {name: event for name, event in complete(events).items() if name.startswith("checks/")}
    assert set(runs) == {f"checks/{rule.table}" for rule in RULES}
    said = []
    for name, event in runs.items():
        (judged,) = event["inputs"]
        assert judged["name"] == f"{name.removeprefix('checks/')}/{MONTH}"
        assertions = judged["inputFacets"]["dataQualityAssertions"]["assertions"]
        said += [(a["assertion"], a["params"]["site_id"], a["params"]["quantity"], a["success"]) for a in assertions]
        tests = event["run"]["facets"]["test"]["tests"]
        skipped = [test for test in tests if test["status"] == "skip"]
        assert len(tests) - len(skipped) == len(assertions)
        assert all(test["actual"] for test in skipped)  # why it was not checked
    assert sorted(said) == sorted(
        (row["rule"], row["site_id"], row["quantity"], row["outcome"] == "pass") for row in rows if row["outcome"] != "not_checked"
    )
    assert ("BD03", "S1", "E_DC", False) in said  # no statement about backup generation and storage: gci run names it


# the same again, and after a change ---------------------------------------------------------------------------------------


def test_written_twice_the_files_are_equal_byte_for_byte(computed_home: Path, tmp_path: Path, gci: Any) -> None:
    first, second = tmp_path / "a.ndjson", tmp_path / "b.jsonl"
    for path in (first, second):
        status, out, err = gci("export", "openlineage", MONTH, "--home", computed_home, "--to", path)
        assert (status, err) == (0, "")
        assert str(path) in out
    assert first.read_bytes() == second.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.ndjson", "b.jsonl"}  # nothing half-written beside


def test_the_clients_own_file_transport_writes_the_same_lines(record: MonthRecord, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    transport = FileTransport(FileConfig(log_file_path=str(path), append=True))
    made = month_events(record)
    for event in made:
        transport.emit(event)
    assert path.read_bytes() == lines(made)


def test_a_run_that_nothing_changed_keeps_its_id(record: MonthRecord, events: list[Json]) -> None:
    """Another CMDB file by hand: its table, and what names the digest of that as input, are other runs; and so is the month."""
    cmdb, inventory = record.manifests["raw/cmdb"], record.manifests["staging/inventory"]
    other = "sha256:" + "1" * 64
    manifests = {
        **record.manifests, "raw/cmdb": replace(cmdb, digest=other, inputs={"entry 2": record.entries[2].digest}),
        "staging/inventory": replace(inventory, inputs={**inventory.inputs, "raw/cmdb": other}),
    }  # fmt: skip
    found = parsed(month_events(replace(record, manifests=manifests)))
    old, new = ({name: event["run"]["runId"] for name, event in complete(one).items()} for one in (events, found))
    assert {name for name in old if old[name] != new[name]} == {"raw/cmdb", "staging/inventory", "month"}
    # log number and moment are no part of a run's identity: the same is computed again at a later entry
    later = {name: replace(item, as_of=6) for name, item in record.manifests.items()}
    again = parsed(month_events(replace(record, manifests=later)))
    assert {name: event["run"]["runId"] for name, event in complete(again).items() if name != "month"} == {
        name: run_id for name, run_id in old.items() if name != "month"
    }


@pytest.mark.long
def test_a_changed_file_changes_only_what_comes_after_it(computed_home: Path, tmp_path: Path, events: list[Json]) -> None:
    """A rack of 5 kW is landed: the CMDB and what reads it have new runs; readings, energies and claims have the runs they had."""
    from pipelines.cli.main import main

    root = tmp_path / "home"
    shutil.copytree(computed_home, root)
    home = Home.open(root)
    write_csv(
        home.landing / "racks" / "racks.csv", ("rack_id", "site_id", "snapshot_on", "u_height", "rated_kw", "fitted_on"),
        [("R1", "S1", "2026-01-31", "42", "5", "2025-01-01")],
    )  # fmt: skip
    assert main(["run", MONTH, "--home", str(root)]) == 3
    after = parsed(month_events(read_record(home.ledger, MONTH)))
    old, new = ({name: event["run"]["runId"] for name, event in complete(found).items()} for found in (events, after))
    changed = {name for name in old if old[name] != new[name] and not name.startswith("checks/")}
    below = {name for name in complete(after) if "landed/8/racks/racks.csv" in above(after, f"{name}/{MONTH}")}
    assert changed == below | {"month"}
    assert {"raw/cmdb", "staging/inventory", "indicators/rack_utilisation", "index/site_index", "reports/pages"} <= changed
    assert not changed & {"raw/meter_readings", "raw/registry", "staging/interval_energy", "staging/energies", "staging/claims"}
    # a new row of a feed that was there: the sites file is one more input of the registry alone
    write_csv(home.landing / "sites" / "more.csv", SITE_HEADER, [site_row("S2")])
    assert main(["run", MONTH, "--home", str(root)]) == 3
    last = parsed(month_events(read_record(home.ledger, MONTH)))
    assert {item["name"] for item in complete(last)["raw/registry"]["inputs"]} == {
        "landed/2/meters/meters.csv", "landed/3/sites/sites.csv", "landed/9/sites/more.csv",
    }  # fmt: skip
    assert complete(last)["raw/meter_readings"]["run"]["runId"] == old["raw/meter_readings"]


def test_another_revision_is_other_runs_of_the_same_datasets(record: MonthRecord, events: list[Json]) -> None:
    entry = replace(record.entries[7], n=8, at="2026-02-09T08:00:00Z", kind="approval", name=MONTH)
    final = replace(record, revision=2, closed=entry, entries={**record.entries, 8: entry})
    found = parsed(month_events(final))
    assert all(faults(event) == [] for event in found)
    assert not {event["run"]["runId"] for event in found} & {event["run"]["runId"] for event in events}
    assert {d["name"] for e in found for d in e["outputs"]} == {d["name"] for e in events for d in e["outputs"]}
    assert complete(found)["month"]["eventTime"] == "2026-02-09T08:00:00Z"
    assert complete(found)["month"]["run"]["facets"]["gci_computation"]["revision"] == 2


def test_the_namespace_is_the_homes_wherever_it_lies(computed_home: Path, record: MonthRecord, tmp_path: Path) -> None:
    shutil.copy(computed_home / "ledger.db", tmp_path / "ledger.db")
    (tmp_path / "landing").mkdir()
    assert read_record(Home.open(tmp_path).ledger, MONTH).namespace == record.namespace
    other = replace(record.entries[1], head="sha256:" + "0" * 64)
    assert namespace_of(other) == "gci://0000000000000000" != record.namespace


# wrong questions ----------------------------------------------------------------------------------------------------------


def test_what_can_t_be_exported_is_said(computed_home: Path, tmp_path: Path, gci: Any) -> None:
    home = ("--home", computed_home)
    status, _, err = gci("export", "openlineage", "2026-02", *home)
    assert status == 1
    assert "2026-02 was not computed yet. Run 'gci run 2026-02'" in err
    for arguments, said in (
        (("2026",), "2026"),
        (("2023-01",), "first month"),
        ((MONTH, "--site", "S1"), "--site is for ghg"),
        ((MONTH, "--to", tmp_path / "x.csv"), "Name it x.ndjson"),
        ((MONTH, "--to", tmp_path / "no" / "x.ndjson"), "there is no folder"),
        ((MONTH, "--url", "localhost:5000"), "--url must be http"),
        ((MONTH, "--url", "http://"), "--url must be http"),
        ((MONTH, "--url", "http://host:port"), "--url must be http"),
    ):
        status, out, err = gci("export", "openlineage", *arguments, *home)
        assert (status, out) == (2, ""), arguments
        assert said in err
    status, _, err = gci("export", "ghg", MONTH, *home, "--url", "http://127.0.0.1")
    assert status == 2
    assert "--url is for openlineage" in err
    assert list(tmp_path.iterdir()) == []


def test_by_default_the_file_is_in_reports(computed_home: Path, gci_json: Any, record: MonthRecord) -> None:
    said = gci_json("export", "openlineage", MONTH, "--home", computed_home)
    path = computed_home / "reports" / "openlineage" / f"{MONTH}.ndjson"
    assert said == {"file": str(path), "month": MONTH, "revision": 1, "namespace": record.namespace,
                    "events": len(path.read_bytes().splitlines()), "sent": 0}  # fmt: skip
