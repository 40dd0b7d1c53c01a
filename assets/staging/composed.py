"""Virtual and shared meters in the staged tables of metering: their hours, their facts, and what became of readings landed for them.

What they are made of is in ``parts.py``, the arithmetic in ``virtual.py`` and ``shared.py``; here the staged tables of the meters with
registers are completed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import polars as pl

from assets.compute import Compute
from assets.staging.intervals import ENERGY, StagedMonth
from assets.staging.meter_facts import FACTS, whole_meters
from assets.staging.meters import Meter, register_meters
from assets.staging.outcome import ANOMALIES, REJECTED
from assets.staging.parts import VIRTUAL, Composition, Definition, composition
from assets.staging.shared import equal_stretches, split_hours
from assets.staging.virtual import seconds_of, virtual_hours

PARTS = {
    "site_id": pl.String, "meter_id": pl.String, "role": pl.String, "member": pl.String, "factor": pl.Float64, "from_s": pl.Int64,
    "to_s": pl.Int64, "refused": pl.String, "month": pl.String,
}  # fmt: skip
_REFUSED_READING = "The meter is virtual: it is computed from its members and has no readings of its own."
_LANDED = ("n_landed", "n_valid", "n_rejected", "n_superseded", "n_rollovers", "n_events")


def with_parts(staged: StagedMonth, of: Composition, registry: pd.DataFrame, zones: Mapping[str, str], default_zone: str) -> StagedMonth:
    """The staged tables with virtual and shared meters in them.

    ``staged``: of the meters that have registers, without the virtual ones; ``registry``: the typed feed ``meters``, all rows; ``zones``:
    time zone by site. Facts are of a site and meter: a virtual meter's time is metered in the hours in which all of its members are, a
    shared meter's at each of its sites. Readings landed for a virtual meter are rejected with BD01. Anomalies of a shared meter stand
    at every site that shares it. Nothing changes where no meter has parts.
    """
    if not of.definitions and not of.virtual:
        return staged
    names = {d.meter_id for d in of.definitions}
    rows = registry[registry["meter_id"].isin(names | of.virtual)]
    none = pd.DataFrame({name: [] for name in ("meter_id", "at_s", "kind", "old_value", "new_value")})
    meters = {m.meter_id: m for m in register_meters(rows, none, month=of.month, site_zones=zones, default_zone=default_zone)}
    virtual = [meter for name, meter in meters.items() if name in of.virtual and meter.expected_s > 0]
    computed = virtual_hours(staged.energy, of, virtual)
    whole = pl.concat([staged.energy, computed.select(list(ENERGY))])
    facts = pl.concat([staged.facts, _virtual_facts(computed, staged.facts, of, virtual)])
    meter_zones = {name: meter.zone for name, meter in meters.items()}
    energy = split_hours(whole, of, meter_zones)
    placed = _by_site(facts, energy, of, meters)
    sites = {name: sorted(placed.filter(pl.col("meter_id") == name)["site_id"]) or [meters[name].site_id] for name in of.shared}
    return StagedMonth(
        energy=energy.select(list(ENERGY)).cast(ENERGY).sort("meter_id", "hour_s", "site_id"),  # type: ignore[arg-type]
        rejected=_explained(staged.rejected, of, meters).sort(list(REJECTED)),
        facts=placed.select(list(FACTS)).cast(FACTS).sort("meter_id", "site_id"),  # type: ignore[arg-type]
        anomalies=_anomalies(staged.anomalies, of, meters, sites).sort(list(ANOMALIES)),
    )


def parts_table(of: Composition, zones: Mapping[str, str], default_zone: str) -> pl.DataFrame:
    """staging/meter_parts: the definitions of the month as they were understood, in instants, sorted.

    A part that goes on is one row, however often others change beside it; a virtual meter without members has one without a member.
    """
    rows: list[tuple[Any, ...]] = []
    open_rows: dict[tuple[Any, ...], int] = {}
    for d in of.definitions:
        from_s, to_s = seconds_of(d, zones.get(d.site_id, default_zone))
        parts: list[tuple[str, str, float]] = [(VIRTUAL, member, float(factor)) for member, factor in d.members if d.meter_id in of.virtual]
        parts += [("shared", site_id, float(share)) for site_id, share in d.shares]
        for part in parts or ([(VIRTUAL, "", 0.0)] if d.meter_id in of.virtual else []):
            key = (d.site_id, d.meter_id, *part, d.refused)
            at = open_rows.get(key)
            if at is not None and rows[at][6] == from_s:
                rows[at] = (*rows[at][:6], to_s, *rows[at][7:])
            else:
                open_rows[key] = len(rows)
                rows.append((d.site_id, d.meter_id, *part, from_s, to_s, d.refused, of.month))
    return pl.DataFrame(rows, schema=PARTS, orient="row").sort("meter_id", "role", "member", "from_s")


# Facts --------------------------------------------------------------------------------------------------------------------


def _virtual_facts(hours: pl.DataFrame, facts: pl.DataFrame, of: Composition, meters: Sequence[Meter]) -> pl.DataFrame:
    """staging/meter_facts of whole virtual meters."""
    own = {row["meter_id"]: row for row in whole_meters(facts).iter_rows(named=True)}
    by_meter = hours.partition_by("meter_id", as_dict=True)
    rows = []
    for meter in meters:
        leaves = {leaf for d in of.by_meter[meter.meter_id] for leaf, _ in d.leaves or ()}
        members = [own[leaf] for leaf in sorted(leaves) if leaf in own]
        estimated_s = sum(m["estimated_s"] for m in members)
        base = {
            "site_id": meter.site_id, "meter_id": meter.meter_id, "point": meter.point, "medium": meter.medium, "kind": VIRTUAL,
            **dict.fromkeys(_LANDED, 0), "median_step_s": max((m["median_step_s"] or 0 for m in members), default=0) or None,
            "first_at_s": None, "last_at_s": None, "before_at_s": None, "after_at_s": None, "month": of.month,
        }  # fmt: skip
        rows.append(_fact(base, by_meter[meter.meter_id,], meter.expected_s, estimated_s))
    return pl.DataFrame(rows, schema=FACTS)


def _fact(base: Mapping[str, Any], hours: pl.DataFrame, expected_s: int, estimated_s: int) -> dict[str, Any]:
    """A row of facts from the hours of one meter at one site.

    Metered is the time of wholly metered hours or, when that is more, what is known but for the time that is estimated behind it
    (``estimated_s``, of all its members and of all the month).
    """
    metered = pl.col("state").is_in(["measured", "profiled"])
    sums = hours.select(
        metered_s=pl.col("known_s").filter(metered).sum(),
        known_s=pl.col("known_s").sum(),
        quantity=pl.when(pl.col("quantity").is_not_null().any()).then(pl.col("quantity").sum()),
        estimated=pl.col("estimated").sum(),
        max_hour_quantity=pl.col("quantity").filter(metered).max(),
    ).row(0, named=True)
    known_s = sums.pop("known_s")
    metered_s = max(sums["metered_s"], known_s - estimated_s)
    times = {"metered_s": metered_s, "estimated_s": known_s - metered_s, "missing_s": expected_s - known_s}
    return {**base, **sums, **times, "expected_s": expected_s}


def _by_site(facts: pl.DataFrame, energy: pl.DataFrame, of: Composition, meters: Mapping[str, Meter]) -> pl.DataFrame:
    """Facts in which a shared meter has a row for each site at which it counts, and none for what belongs to nobody."""
    concerned = sorted(of.shared | {d.meter_id for d in of.definitions if d.refused and d.meter_id not in of.virtual})
    hours = energy.filter(pl.col("meter_id").is_in(concerned)).partition_by("meter_id", "site_id", as_dict=True)
    rows = []
    for fact in whole_meters(facts.filter(pl.col("meter_id").is_in(concerned))).iter_rows(named=True):
        for site_id, expected_s in sorted(_seconds_at(of, meters[fact["meter_id"]]).items()):
            rows.append(_fact({**fact, "site_id": site_id}, hours[fact["meter_id"], site_id], expected_s, fact["estimated_s"]))
    return pl.concat([facts.filter(~pl.col("meter_id").is_in(concerned)), pl.DataFrame(rows, schema=FACTS)])


def _seconds_at(of: Composition, meter: Meter) -> dict[str, int]:
    """For how long a meter counts at each site."""
    found: dict[str, int] = {}
    for d, (from_s, to_s) in equal_stretches(of, meter.meter_id, meter.zone):
        seconds = sum(max(0, min(p.end_s, to_s) - max(p.start_s, from_s)) for p in meter.periods)
        for site_id in _sites(d) if seconds else ():
            found[site_id] = found.get(site_id, 0) + seconds
    return found


def _sites(d: Definition) -> list[str]:
    return [site_id for site_id, share in d.shares if share] if d.shares else [d.site_id]


# What became of readings ------------------------------------------------------------------------------------------------------


def _explained(rejected: pl.DataFrame, of: Composition, meters: Mapping[str, Meter]) -> pl.DataFrame:
    """Readings of virtual meters, which no registry row made readable, with the true reason and their site."""
    return rejected.with_columns(
        reason=pl.when(_of_virtual(of)).then(pl.lit(_REFUSED_READING)).otherwise(pl.col("reason")), site_id=_site(of, meters)
    )


def _anomalies(anomalies: pl.DataFrame, of: Composition, meters: Mapping[str, Meter], sites: Mapping[str, Iterable[str]]) -> pl.DataFrame:
    said = anomalies.with_columns(what=pl.when(_of_virtual(of)).then(pl.lit(VIRTUAL)).otherwise(pl.col("what")), site_id=_site(of, meters))
    shared = [
        said.filter(pl.col("meter_id") == name).with_columns(site_id=pl.lit(site_id))
        for name, places in sites.items()
        for site_id in places
    ]
    return pl.concat([said.filter(~pl.col("meter_id").is_in(sorted(sites))), *shared])


def _of_virtual(of: Composition) -> pl.Expr:
    return pl.col("meter_id").is_in(sorted(of.virtual)).fill_null(False)


def _site(of: Composition, meters: Mapping[str, Meter]) -> pl.Expr:
    of_meter = {name: meters[name].site_id for name in of.virtual if name in meters}
    return pl.coalesce("site_id", pl.col("meter_id").replace_strict(of_meter, default=None, return_dtype=pl.String))


def parts_of(compute: Compute, month: str) -> Composition:
    """:func:`parts.composition` for a month of the home; kept with the feeds, of which alone it is made: the next month asks again."""
    feeds, key = compute.feeds, ("parts", month)
    if key not in feeds.kept:
        feeds.kept[key] = composition(feeds.rows("meter_parts"), feeds.rows("meters"), feeds["sites"]["site_id"], month)
    found: Composition = feeds.kept[key]
    return found
