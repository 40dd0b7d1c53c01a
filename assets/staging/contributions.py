"""From the stored total of a measure back to the hours of its meters: what a trace shows, and sums again.

Only ``staging/energies`` and ``staging/interval_energy`` are read, so nothing here imports pandas; how the totals are made is
``energies.py``.
"""

from __future__ import annotations

import polars as pl

from assets.staging.energies import PAIRS, SCALED
from resources.calendar import HOUR_S
from resources.errors import GciError

CONTRIBUTION_SCHEMA = {
    "meter_id": pl.String, "sign": pl.Int64, "hour_s": pl.Int64, "quantity": pl.Int64, "state": pl.String, "method": pl.String,
}  # fmt: skip


class Contributions:
    """The hours behind the stored totals of a site; what several measures share is found once.

    ``energy`` and ``energies`` are staging/interval_energy and staging/energies of the month.
    """

    def __init__(self, energy: pl.DataFrame, energies: pl.DataFrame, site_id: str) -> None:
        self.site_id = site_id
        self._own = energies.filter(pl.col("site_id") == site_id).sort("measure", "meter_id", "sign")
        self._hours = energy.filter(pl.col("site_id") == site_id)
        self._counted: dict[str, pl.DataFrame] = {}
        self._known: dict[str, pl.DataFrame] = {}

    def of(self, measure: str) -> pl.DataFrame:
        """``meter_id, sign, hour_s, quantity, state, method`` behind one stored total, sorted by meter and hour.

        Σ sign × quantity is the stored total; what was filled is the row of meter ``(scaled)`` with ``hour_s`` null. Of an unknown total,
        what is known. Empty when the site has no such measure. GciError when the hours don't sum to the stored total.
        """
        stored = self._own.filter(pl.col("measure") == measure)
        total = stored.filter(pl.col("meter_id") == "")
        if total.is_empty():
            return pl.DataFrame(schema=CONTRIBUTION_SCHEMA)
        side, at, ratio = measure.partition("@")
        found = self._hours_of(side)
        # Water that is not read hourly is not masked: its rows are those of the month.
        if at and not stored.drop("measure").equals(self._side(side).drop("measure")):
            for name in PAIRS[at + ratio]:
                found = found.join(self._known_hours(name), on="hour_s", how="semi")
        found = found.filter(pl.col("quantity").is_not_null()).select(list(CONTRIBUTION_SCHEMA))
        filling = {"hour_s": pl.lit(None, pl.Int64), "state": pl.lit("estimated"), "method": pl.lit("scaled")}
        filled = stored.filter(pl.col("meter_id") == SCALED).with_columns(**filling).select(list(CONTRIBUTION_SCHEMA))
        found = pl.concat([found, filled]).sort("meter_id", "hour_s")
        expected = total["quantity"].item()
        if expected is not None and (seen := (found["sign"] * found["quantity"]).sum()) != expected:
            raise GciError(
                f"The hours of {measure} of {self.site_id} sum to {seen}, but its stored total is {expected}. "
                "Run 'gci verify' to see whether a table was changed."
            )
        return found

    def _side(self, side: str) -> pl.DataFrame:
        return self._own.filter(pl.col("measure") == side)

    def _hours_of(self, side: str) -> pl.DataFrame:
        if side not in self._counted:
            self._counted[side] = _counted_hours(self._hours, self._side(side))
        return self._counted[side]

    def _known_hours(self, side: str) -> pl.DataFrame:
        if side not in self._known:
            self._known[side] = _stored_known_hours(self._hours_of(side), self._side(side))
        return self._known[side]


def _counted_hours(hours: pl.DataFrame, side: pl.DataFrame) -> pl.DataFrame:
    """Hours of the meters of a month measure, with their sign: those that give the stored contribution of each meter.

    A meter whose role changed within the month counts before or after the change only; which, its stored sum says.
    """
    first, last = pl.lit(hours["hour_s"].min()), pl.lit(hours["hour_s"].max())
    stored = side.filter(~pl.col("meter_id").is_in(["", SCALED])).select(
        "meter_id",
        "sign",
        "expected_s",
        pl.col("known_s").alias("stored_s"),
        (pl.col("quantity") * pl.col("sign")).fill_null(0).alias("stored"),
    )
    whole = hours.join(stored, on="meter_id")
    agrees = (pl.col("known_s").sum() == pl.col("stored_s").first()) & (pl.col("quantity").sum() == pl.col("stored").first())
    before = whole.filter(pl.col("hour_s") - first < pl.col("expected_s"))
    after = whole.filter(last + HOUR_S - pl.col("hour_s") <= pl.col("expected_s"))
    key = ["meter_id", "sign"]
    chosen, rest = [], stored.select(key)
    for part in (whole, before, after):
        if rest.is_empty():
            break
        fitting = part.group_by(key).agg(agrees.alias("agrees")).filter("agrees").join(rest, on=key, how="semi")
        chosen.append(part.join(fitting, on=key, how="semi"))
        rest = rest.join(fitting, on=key, how="anti")
    return pl.concat([*chosen, whole.join(rest, on=key, how="semi")])


def _stored_known_hours(cells: pl.DataFrame, side: pl.DataFrame) -> pl.DataFrame:
    """The hours known on a side, found again from stored rows: a meter that counts all month must have every hour.

    ``cells``: what ``_counted_hours`` gives.
    """
    month_s = side.filter(pl.col("meter_id") == "")["expected_s"].item()
    always = side.filter(~pl.col("meter_id").is_in(["", SCALED]) & (pl.col("expected_s") == month_s))["meter_id"].to_list()
    complete = cells.filter(pl.col("meter_id").is_in(always)).group_by("hour_s").len().filter(pl.col("len") == len(always))
    known = _hours_where(cells, pl.col("known_s") >= HOUR_S)
    return known.join(complete, on="hour_s", how="semi") if always else known


def _hours_where(cells: pl.DataFrame, holds: pl.Expr) -> pl.DataFrame:
    """The hours in which something holds of every counted meter, one column ``hour_s``; never one in which no meter adds anything."""
    return (
        cells.group_by("hour_s")
        .agg(holds.all().alias("all"), (pl.col("sign") > 0).any().alias("adds"))
        .filter(pl.col("all") & pl.col("adds"))
        .select("hour_s")
        .sort("hour_s")
    )
