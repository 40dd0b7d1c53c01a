"""The books of certificates: a second computation, by range arithmetic alone, against which the claims are held.

What was issued, transferred, cancelled and claimed of each project-month, and which numbers are at odds, belong here. Nothing of the claims
engine is used, so that one fault can't hide in both: edges of ranges are sorted, and one pass counts how many rows cover each stretch
between two edges. No number is ever looked at by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from resources.calendar import month_range

KEY = ["project_code", "production_month"]
_RANGE = [*KEY, "seq_start", "seq_end"]
# How many rows of a kind cover a stretch of numbers; days are sums over those rows, of use where there is one.
_COUNTERS = (
    "issued", "issued_day", "transferred", "cancelled", "cancelled_day", "self_used", "awaited", "ended", "claimed", "waiting", "left_out",
)  # fmt: skip
ISSUE, TRANSFER, CANCEL, CLAIM = "issue", "transfer", "cancel", "claim"
# What can be wrong with numbers, and whose rows say so. Those of CLAIMED are faults of the claims, the others of what was landed.
FAULTS: dict[str, str] = {
    "issued twice": ISSUE,
    "transferred, not issued": TRANSFER,
    "cancelled, not issued": CANCEL,
    "cancelled twice": CANCEL,
    "cancelled before issue": CANCEL,
    "cancelled and ended": CANCEL,
    "cancelled, not transferred": CANCEL,
    "claimed twice": CLAIM,
    "claimed, not validly cancelled": CLAIM,
    "cancelled, in no claim": CANCEL,
}
CLAIMED = ("claimed twice", "claimed, not validly cancelled", "cancelled, in no claim")
BOOKS = {
    "project_code": pl.String, "production_month": pl.String, "issued": pl.Int64, "transferred": pl.Int64, "cancelled": pl.Int64,
    "self_used": pl.Int64, "untransferred": pl.Int64, "ended": pl.Int64, "valid": pl.Int64, "disputed": pl.Int64, "claimed": pl.Int64,
    "waiting": pl.Int64, "left_out": pl.Int64, "elsewhere": pl.Int64, "lost": pl.Int64, "claimed_wrongly": pl.Int64,
}  # fmt: skip
DIFFERENCES = {
    "kind": pl.String, "project_code": pl.String, "production_month": pl.String, "seq_start": pl.Int64, "seq_end": pl.Int64,
    "mwh": pl.Int64, "claimed_mwh": pl.Int64, "role": pl.String, "site_id": pl.String, "claim_month": pl.String, "on": pl.String,
    "entry": pl.Int64, "source_row": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True)
class Reconciled:
    """``books``: BOOKS, one row for each project-month, in MWh; ``differences``: DIFFERENCES, one row for each number range at odds and
    each landed row (or claim) that has part in it; both sorted."""

    books: pl.DataFrame
    differences: pl.DataFrame

    def ranges(self, *kinds: str) -> list[tuple[str, str, str, int, int]]:
        """The ranges at odds, once each: kind, project, production month, first and last number."""
        chosen = self.differences.filter(pl.col("kind").is_in(kinds)) if kinds else self.differences
        return sorted(chosen.select("kind", *_RANGE).unique().iter_rows())


def reconcile(certificates: pl.DataFrame, events: pl.DataFrame, claims: pl.DataFrame, months: Collection[str]) -> Reconciled:
    """Hold issued, transferred, cancelled and claimed numbers against each other.

    ``certificates``: rows of the feed with sound identity; ``events``: rows of ``certificate_events``; ``claims``: rows of
    ``staging/claims`` that have numbers, of the ``months`` looked at (of all sites). In MWh, of each project-month:
    ``issued`` ≥ ``transferred`` ≥ ``cancelled``, but for self-use (``self_used``), which needs no transfer, and for what has none that is
    known (``untransferred``: at odds only where the project-month has transfers);
    ``cancelled`` = ``valid`` + ``disputed``, valid being issued once, cancelled once, not before its issue, and neither expired, frozen nor
    withdrawn; ``valid`` = ``claimed`` + ``waiting`` (pending) + ``left_out`` (excluded, with a reason) + ``elsewhere`` (for months not
    looked at) + ``lost``. Σ claims = Σ validly cancelled is: ``lost`` and ``claimed_wrongly`` are 0 everywhere.
    Source: green-power.md §1.1 and §2; issue 5, item 1.
    """
    certificates, events, claims = (rows.filter(pl.col("seq_end") >= pl.col("seq_start")) for rows in (certificates, events, claims))
    cancels = events.filter(pl.col("kind") == "cancel")
    transfers = events.filter(pl.col("kind") == "transfer")
    lots = [
        _lots(certificates, issued=pl.lit(1), issued_day=_day("issued_on")),
        _lots(transfers, transferred=pl.lit(1)),
        _lots(
            cancels.join(_looked_at(cancels, months), on=_PERIOD, how="left", nulls_equal=True), cancelled=pl.lit(1),
            cancelled_day=_day("on"), self_used=(pl.col("channel") == "self_use").fill_null(False), awaited=pl.col("awaited"),
        ),
        _lots(events.filter(~pl.col("kind").is_in(["cancel", "transfer"])), ended=pl.lit(1)),
        _lots(
            claims, claimed=pl.col("status") == "eligible", waiting=pl.col("status") == "pending",
            left_out=pl.col("status") == "excluded",
        ),
    ]  # fmt: skip
    edges, stretches = _swept(pl.concat(lots))
    judged = _judged(stretches)
    involved = {ISSUE: certificates, TRANSFER: transfers, CANCEL: cancels, CLAIM: claims}
    faults = [kind for kind, there in judged.select(pl.col(list(FAULTS)).any()).row(0, named=True).items() if there]
    placed = {role: _placed(involved[role], edges) for role in {FAULTS[kind] for kind in faults}}
    found = [_difference(kind, judged, placed[FAULTS[kind]], FAULTS[kind]) for kind in faults]
    differences = (
        pl.concat([pl.DataFrame(schema=DIFFERENCES), *found])
        .unique()
        .sort("kind", *_RANGE, "site_id", "claim_month", "on", "entry", "source_row")
    )
    return Reconciled(_books(judged), differences)


_PERIOD = ["production_month", "consumption_month", "consumption_start", "consumption_end"]


def _looked_at(cancels: pl.DataFrame, months: Collection[str]) -> pl.DataFrame:
    """For each period that certificates were cancelled for: whether the claims of all its months are among those looked at."""
    seen = set(months)

    def awaited(row: Mapping[str, str | None]) -> bool:
        first = row["consumption_start"] or row["consumption_month"]
        last = row["consumption_end"] or row["consumption_month"]
        whole = month_range(first, last) if first and last else []
        return seen.issuperset(whole or [row["production_month"]])

    periods = cancels.select(_PERIOD).unique()
    return periods.with_columns(awaited=pl.Series([awaited(row) for row in periods.iter_rows(named=True)], dtype=pl.Boolean))


def _day(column: str) -> pl.Expr:
    return pl.col(column).str.to_date().to_physical()


def _lots(rows: pl.DataFrame, **counters: pl.Expr) -> pl.DataFrame:
    """Ranges with what each adds to the counters."""
    return rows.select(*_RANGE, *(counters.get(name, pl.lit(0)).cast(pl.Int64).alias(name) for name in _COUNTERS))


def _swept(lots: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All edges in order with their place (``at``, ``place``), and the stretches between them with the counters over what covers each."""
    opened = lots.select(*KEY, *_COUNTERS, at=pl.col("seq_start"))
    closed = lots.select(*KEY, *(-pl.col(name) for name in _COUNTERS), at=pl.col("seq_end") + 1)
    edges = pl.concat([opened, closed]).group_by(*KEY, "at").agg(pl.col(_COUNTERS).sum()).sort(*KEY, "at")
    edges = edges.with_columns(place=pl.int_range(pl.len(), dtype=pl.Int64))
    stretches = edges.with_columns(
        pl.col(_COUNTERS).cum_sum().over(KEY), seq_start=pl.col("at"), seq_end=pl.col("at").shift(-1).over(KEY) - 1
    )
    return edges.select(*KEY, "at", "place"), stretches.filter(pl.col("seq_end").is_not_null())


def _judged(stretches: pl.DataFrame) -> pl.DataFrame:
    """Stretches with their MWh, whether they are validly cancelled, and one column of truth for each fault."""
    rows = pl.col("claimed") + pl.col("waiting") + pl.col("left_out")
    once = (pl.col("issued") == 1) & (pl.col("cancelled") == 1)
    bare = (pl.col("transferred") == 0) & (pl.col("cancelled") > pl.col("self_used"))
    early = once & (pl.col("cancelled_day") < pl.col("issued_day"))
    with_state = stretches.with_columns(
        mwh=pl.col("seq_end") - pl.col("seq_start") + 1,
        rows=rows,
        valid=once & ~early & (pl.col("ended") == 0),
        bare=bare,
        transfers_known=(pl.col("transferred").max() > 0).over(KEY),
    )
    faults = {
        "issued twice": pl.col("issued") > 1,
        "transferred, not issued": (pl.col("transferred") > 0) & (pl.col("issued") == 0),
        "cancelled, not issued": (pl.col("cancelled") > 0) & (pl.col("issued") == 0),
        "cancelled twice": pl.col("cancelled") > 1,
        "cancelled before issue": early,
        "cancelled and ended": (pl.col("cancelled") > 0) & (pl.col("ended") > 0),
        "cancelled, not transferred": pl.col("transfers_known") & bare,
        "claimed twice": (pl.col("claimed") > 1) | (pl.col("rows") > pl.max_horizontal(pl.col("cancelled"), pl.lit(1))),
        "claimed, not validly cancelled": (pl.col("claimed") > 0) & ~pl.col("valid"),
        "cancelled, in no claim": pl.col("valid") & (pl.col("rows") == 0) & (pl.col("awaited") > 0),
    }  # fmt: skip
    return with_state.with_columns(**faults)


def _books(judged: pl.DataFrame) -> pl.DataFrame:
    """The sums of each project-month, in MWh."""

    def mwh(where: pl.Expr) -> pl.Expr:
        return pl.col("mwh").filter(where).sum().cast(pl.Int64)

    def some(name: str) -> pl.Expr:
        return pl.col(name) > 0

    valid = pl.col("valid")
    left = valid & ~some("claimed")
    summed = judged.group_by(KEY).agg(
        **{name: mwh(some(name)) for name in ("issued", "transferred", "cancelled", "self_used", "ended")},
        untransferred=mwh(pl.col("bare")),
        valid=mwh(valid),
        disputed=mwh(some("cancelled") & ~valid),
        claimed=mwh(valid & some("claimed")),
        waiting=mwh(left & some("waiting")),
        left_out=mwh(left & ~some("waiting") & some("left_out")),
        elsewhere=mwh(valid & (pl.col("rows") == 0) & (pl.col("awaited") == 0)),
        lost=mwh(pl.col("cancelled, in no claim")),
        claimed_wrongly=mwh(pl.col("claimed twice") | pl.col("claimed, not validly cancelled")),
    )
    return summed.select(pl.col(name).cast(dtype) for name, dtype in BOOKS.items()).sort(KEY)


def _placed(rows: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Rows with the places of the first and the last stretch that they cover."""
    first = edges.rename({"at": "seq_start", "place": "first"})
    after = edges.select(*KEY, seq_end=pl.col("at") - 1, last=pl.col("place") - 1)
    return rows.join(first, on=[*KEY, "seq_start"], how="left").join(after, on=[*KEY, "seq_end"], how="left")


def _difference(kind: str, judged: pl.DataFrame, rows: pl.DataFrame, role: str) -> pl.DataFrame:
    """The ranges of one fault, stretches that adjoin made one, each beside every row of ``role`` that covers some of it."""
    hit = judged.filter(pl.col(kind))
    # the edge at which a project-month ends begins no stretch: places follow each other only where numbers do
    begins = pl.col("place") != pl.col("place").shift(1) + 1
    ranges = (
        hit.with_columns(run=begins.fill_null(True).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col(KEY).first(), pl.col("seq_start").first(), pl.col("seq_end").last(), pl.col("mwh").sum(),
            claimed_mwh=pl.col("mwh").filter(pl.col("claimed") > 0).sum(), first=pl.col("place").first(), last=pl.col("place").last(),
        )
    )  # fmt: skip
    # ranges of one fault never overlap: those that a row has part in stand together
    of_row = rows.with_columns(
        low=ranges["last"].search_sorted(rows["first"], "left").cast(pl.Int64),
        high=ranges["first"].search_sorted(rows["last"], "right").cast(pl.Int64),
    ).filter(pl.col("high") > pl.col("low"))
    said = of_row.select(
        *(pl.col(name) if name in rows.columns else pl.lit(None, DIFFERENCES[name]).alias(name) for name in ("site_id", "on")),
        (pl.col("month") if role == CLAIM else pl.lit(None, pl.String)).alias("claim_month"),
        "entry", "source_row", place=pl.int_ranges("low", "high"),
    ).explode("place")  # fmt: skip
    named = ranges.with_columns(place=pl.int_range(pl.len(), dtype=pl.Int64), kind=pl.lit(kind), role=pl.lit(role))
    return named.join(said, on="place", how="left").select(pl.col(name).cast(dtype) for name, dtype in DIFFERENCES.items())
