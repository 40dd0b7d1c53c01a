"""What stands behind a virtual or shared meter in a trace: its members with their signs, its shares, down to the rows.

The sums of every level are compared with the one above, as everywhere in a trace. Only staged tables are read: the definitions are those
that the month was computed with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from assets.staging.parts import NOBODY
from resources.calendar import utc_text
from resources.errors import GciError


@dataclass(frozen=True)
class Behind:
    """The staged tables that say what a meter is made of; ``rows_of`` gives the rows of the files behind a meter that has a register."""

    parts: pl.DataFrame | None  # staging/meter_parts; None where a month was computed before there was one
    energy: pl.DataFrame  # staging/interval_energy of the meters concerned, at all sites
    depth: str
    rows_of: Callable[[str], dict[str, Any]]

    def meter(self, meter_id: str, hours: pl.DataFrame, sign: int) -> dict[str, Any]:
        """What to add to a meter's node: ``shared`` and ``members`` where it has any, else ``rows``.

        ``hours`` (hour_s): those that count; ``sign``: how the meter counts above. ``members`` sum to the meter, of a shared one to its
        ``whole``. GciError when they don't.
        """
        if self.parts is None:
            return {"rows": self.rows_of(meter_id)}
        own = self.parts.filter(pl.col("meter_id") == meter_id)
        found: dict[str, Any] = {}
        counted = hours.select("hour_s").unique()
        if refused := sorted(set(own["refused"]) - {""}):
            found["refused"] = refused
        if (shares := own.filter(pl.col("role") == "shared")).height:
            found["shared"] = self._shares(meter_id, shares, counted, sign)
        members = own.filter(pl.col("role") == "virtual")
        if members.height:
            found["members"] = self._members(meter_id, members.filter(pl.col("refused") == ""), counted, sign)
        else:
            found["rows"] = self.rows_of(meter_id)
        return found

    def _whole(self, meter_id: str, hours: pl.DataFrame) -> pl.DataFrame:
        """The meter's own hours, those of all its sites together."""
        own = self.energy.filter(pl.col("meter_id") == meter_id).join(hours, on="hour_s", how="semi")
        return own.group_by("hour_s").agg(pl.col("quantity").sum(), pl.col("state", "method").first()).sort("hour_s")

    def _shares(self, meter_id: str, shares: pl.DataFrame, hours: pl.DataFrame, sign: int) -> dict[str, Any]:
        own = self.energy.filter(pl.col("meter_id") == meter_id).join(hours, on="hour_s", how="semi")
        sums = own.group_by("site_id").agg(sign * pl.col("quantity").sum()).sort("site_id")
        parts = dict(sums.iter_rows())
        return {
            "whole": sum(parts.values()),
            "nobody": parts.pop(NOBODY, 0),
            "parts": [{"site_id": site_id, "quantity": quantity} for site_id, quantity in parts.items()],
            "shares": [
                {"site_id": row["member"], "share": row["factor"], "from": utc_text(row["from_s"]), "to": utc_text(row["to_s"])}
                for row in shares.sort("member", "from_s").iter_rows(named=True)
            ],
        }

    def _members(self, meter_id: str, members: pl.DataFrame, hours: pl.DataFrame, sign: int) -> list[dict[str, Any]]:
        found = []
        for (member, factor), stretches in members.group_by("member", "factor", maintain_order=True):
            own = pl.concat([
                self._whole(str(member), hours.filter(pl.col("hour_s").is_between(from_s, to_s, closed="left")))
                for from_s, to_s in stretches.select("from_s", "to_s").iter_rows()
            ])  # fmt: skip
            times = sign * int(factor)
            states = own.group_by("state", "method").agg(pl.len().alias("hours"), (times * pl.col("quantity")).sum().alias("quantity"))
            node: dict[str, Any] = {
                "meter_id": member, "sign": times, "quantity": int(times * own["quantity"].sum()),
                "states": states.sort("state", "method").to_dicts(),
            }  # fmt: skip
            if self.depth in ("hours", "rows"):
                node["hours"] = [{**h, "hour": utc_text(h.pop("hour_s")), "sign": times} for h in own.to_dicts()]
            found.append(node | self.meter(str(member), own, times))
        whole = int(sign * self._whole(meter_id, hours)["quantity"].sum())
        if (seen := sum(node["quantity"] for node in found)) != whole:
            raise GciError(f"The members of meter {meter_id} sum to {seen}, but it has {whole}. Run 'gci verify'.")
        return found
