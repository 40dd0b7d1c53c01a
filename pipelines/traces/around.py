"""What stands around a number: clause of the edition, documents in force, findings, waivers, log entries, signatures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assets.indicators.registry import BY_CODE
from checks.waivers import WAIVER
from pipelines.traces.work import Moment

_DOCUMENTS = ("edition", "factors", "thresholds", "settings")


def clause_of(moment: Moment, code: str) -> dict[str, Any] | None:
    """What the edition says of an indicator: clause and source, measure, composition; None for an energy or a code it does not have."""
    found = next((item for item in moment.edition.indicators if item.code == code), None)
    if found is None:
        return None
    source = moment.edition.sources.get(found.source)
    return {
        "clause": found.clause, "source": found.source,
        "source_en": source.en if source else None, "source_zh": source.zh if source else None,
        "measure_en": found.measure.en, "measure_zh": found.measure.zh, "inputs": list(found.inputs), "quantities": list(found.quantities),
        "months": found.months, "sites": found.sites, "domain": list(found.domain),
    }  # fmt: skip


def documents(moment: Moment) -> list[dict[str, Any]]:
    """Edition, factors, thresholds and settings in force at the entry, with the digests by which they are kept."""
    found = []
    for kind in _DOCUMENTS:
        entry = moment.home.ledger.latest(kind, moment.as_of)
        if entry is not None:
            found.append({"kind": kind, "name": entry.name, "digest": entry.digest, "entry": entry.n, "at": entry.at})
    return found


def findings_of(payload: dict[str, Any], code: str, sites: Iterable[str]) -> list[dict[str, Any]]:
    """The findings of the month at these sites that touch what the number reads, or no quantity at all."""
    indicator = BY_CODE.get(code)
    reads = {*(indicator.quantities if indicator else (code,)), ""}
    own = set(sites)
    return [row for row in payload["findings"] if row["site_id"] in own and (row["quantity"] or "") in reads]


def waivers_of(moment: Moment, payload: dict[str, Any], code: str) -> list[dict[str, Any]]:
    """The waivers that the number rests on, each with its log entry."""
    entries = {entry.n: entry for entry in moment.home.ledger.entries(kinds=[WAIVER], as_of=moment.as_of)}
    rows = [row for row in payload["waivers"] if code in row.get("indicators", (code,))]
    return [{**row, "at": entries[row["entry"]].at if row["entry"] in entries else None} for row in rows]


def entries_of(moment: Moment, numbers: Iterable[int]) -> list[dict[str, Any]]:
    """The log entries that the trace rests on, in order."""
    wanted = set(numbers)
    return [
        {"entry": e.n, "at": e.at, "kind": e.kind, "name": e.name, "digest": e.digest, "head": e.head}
        for e in moment.home.ledger.entries(as_of=moment.as_of)
        if e.n in wanted
    ]


def signatures_of(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Who signed the revision that is traced; nothing of a result that is not final."""
    return list(payload.get("final", {}).get("signatures", ()))


def numbers_in(node: Any) -> set[int]:
    """Every log entry that a tree names."""
    return {one["entry"] for one in _nodes(node) if isinstance(one.get("entry"), int)}


def rows_in(node: Any) -> set[tuple[int, int]]:
    """Every row of a landed file that a tree shows, by (entry, source_row)."""
    return {(one["entry"], one["source_row"]) for one in _nodes(node) if one.get("entry") is not None and "source_row" in one}


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    ahead = [node]
    while ahead:
        one = ahead.pop()
        if isinstance(one, dict):
            yield one
            ahead += [value for value in one.values() if isinstance(value, dict | list)]
        else:
            ahead += [value for value in one if isinstance(value, dict | list)]
