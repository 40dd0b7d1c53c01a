"""A random sample of the readings behind a number, for an auditor: which rows, what they say, what became of each.

The population are all landed rows of the month of the meters that count, used or not. Which rows are drawn depends on the seed and on
what was landed, never on the order in which rows lie: the rows stand sorted by the digest of their file and their row number, and the
i-th draw is the row at ``SHA-256("seed,i") mod population`` (rows drawn before are passed over). Anybody can draw again with that.
"""

from __future__ import annotations

import hashlib
from typing import Any

import polars as pl

from pipelines.traces.energies import Energies
from pipelines.traces.fates import Fates
from pipelines.traces.table import TRACEABLE
from pipelines.traces.texts import Texts
from pipelines.traces.tree import measures_of
from pipelines.traces.work import Moment, Work
from resources.calendar import utc_text
from resources.errors import GciError, UsageError
from resources.home import Home

METHOD = (
    "rows sorted by (SHA-256 of their file, row number) and numbered from 0; draw i = 1, 2, … takes row SHA-256('SEED,i') mod population, "
    "passing over rows drawn before"
)


def sample(home: Home, month: str, code: str, size: int, seed: str, payload: dict[str, Any]) -> dict[str, Any]:
    """``size`` rows drawn with ``seed`` from the readings behind a number of a site or cluster, and the population they stand for.

    ``payload``: the trailing result. UsageError for an unknown code, one without readings, or a size below 1; GciError where the
    population does not add up to the trace.
    """
    if code not in TRACEABLE:
        raise UsageError(f"'{code}' can't be traced. Traceable: {', '.join(TRACEABLE)}.")
    if size < 1:
        raise UsageError(f"--sample {size}: a sample has at least one row.")
    moment = Moment(home, month, payload["log_number"])
    sites = [payload["entity_id"]]
    if payload["entity_kind"] == "cluster":
        sites = sorted(row["site_id"] for row in moment.sites.values() if row["cluster_id"] == payload["entity_id"])
    behind = []
    for site_id in sites:
        work = Work(home, month, moment.as_of, site_id)
        behind.append(Energies(work, measures_of(work, code), Texts(work)))
    measures = [side for energies in behind for side in _sides(energies)]
    rows = _together([energies.readings.placed.filter("own") for energies in behind])
    if rows.is_empty():
        raise UsageError(
            f"No readings are behind {code} of {payload['entity_id']}: its rows all stand in the trace (--depth rows). "
            f"{code} 不含表计读数,其全部数据行见 --depth rows。"
        )
    population = {**_counts(behind, rows.height), "measures": measures}
    drawn = _drawn(moment, rows, min(size, rows.height), seed)
    return {
        "entity_id": payload["entity_id"], "entity_kind": payload["entity_kind"], "month": month, "code": code,
        "seed": seed, "size": drawn.height, "method": METHOD, "population": population,
        "rows": _told(moment, drawn, behind),
        "log_number": payload["log_number"], "head_digest": payload["head_digest"],
    }  # fmt: skip


def _together(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """The rows of several sites, each once."""
    if len(frames) == 1:
        return frames[0]
    return pl.concat([frame.cast({"meter_id": pl.String}) for frame in frames]).unique(["entry", "source_row", "meter_id"])


def _sides(energies: Energies) -> list[dict[str, Any]]:
    """The measures that the rows stand for: the total, and what its meters and fillings come to (compared)."""
    found = []
    for side in energies.sides():
        states: dict[str, int] = {}
        for meter in side["meters"]:
            for state in meter["states"]:
                states[state["state"]] = states.get(state["state"], 0) + state["quantity"]
        if side["total"] is not None and sum(states.values()) != side["total"]:
            raise GciError(
                f"The hours of {side['measure']} sum to {sum(states.values())}, but its total is {side['total']}. Run 'gci verify'."
            )
        meters = [meter["meter_id"] for meter in side["meters"]]
        found.append({
            "site_id": energies.work.site_id, "measure": side["measure"], "unit": side["unit"], "total": side["total"],
            "by_state": dict(sorted(states.items())), "meters": meters,
        })  # fmt: skip
    return found


def _counts(behind: list[Energies], height: int) -> dict[str, int]:
    """How many rows there are and what became of them, by the facts of their meters; the rows found must be as many."""
    facts: dict[str, dict[str, Any]] = {}
    for energies in behind:
        facts |= energies.facts_of_meters
    kinds = ("valid", "rejected", "superseded")
    counts = {"rows": sum(row["n_landed"] for row in facts.values()), "meters": len(facts)}
    counts |= {kind: sum(row[f"n_{kind}"] for row in facts.values()) for kind in kinds}
    if counts["rows"] != height or counts["rows"] != sum(counts[kind] for kind in kinds):
        raise GciError(f"{height} rows stand in the parts, but the facts of their meters say {counts}. Run 'gci verify'.")
    return counts


def _drawn(moment: Moment, rows: pl.DataFrame, size: int, seed: str) -> pl.DataFrame:
    """The drawn rows in the order of the draws, with their place in the sorted population."""
    ranks = {entry: rank for rank, entry in enumerate(sorted(rows["entry"].unique(), key=lambda n: moment.files[n][1]))}
    rank = pl.col("entry").replace_strict(ranks, return_dtype=pl.Int64)
    order = rows.select(rank * 2**44 + pl.col("source_row")).to_series().arg_sort()
    places: dict[int, int] = {}  # place → number of the draw
    number = 0
    while len(places) < size:
        number += 1
        places.setdefault(place_of(seed, number, rows.height), number)
    return rows[order[list(places)].to_list()].with_columns(place=pl.Series(list(places)), draw=pl.Series(list(places.values())))


def place_of(seed: str, number: int, population: int) -> int:
    """The place of a draw: ``SHA-256("seed,number") mod population``."""
    return int.from_bytes(hashlib.sha256(f"{seed},{number}".encode()).digest(), "big") % population


def _told(moment: Moment, drawn: pl.DataFrame, behind: list[Energies]) -> list[dict[str, Any]]:
    fates, texts = Fates(moment, set(drawn["meter_id"])), Texts(moment)
    superseded = {name: row["n_superseded"] for energies in behind for name, row in energies.facts_of_meters.items()}
    fates.check(superseded)
    found = []
    for row in drawn.iter_rows(named=True):
        node = {
            "draw": row["draw"], "place": row["place"], "meter_id": row["meter_id"], "entry": row["entry"], "source_row": row["source_row"],
            "at": None if row["at_s"] is None else utc_text(row["at_s"]), **fates.of(row["meter_id"], row["entry"], row["source_row"]),
        }  # fmt: skip
        found.append(texts.want(node))
    texts.fill()
    return found
