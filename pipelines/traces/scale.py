"""Behind the design power (A2): the row of the feed ``sites`` in force at the month's end."""

from __future__ import annotations

from pipelines.traces.provided import Provided, landed_row
from pipelines.traces.texts import Texts
from pipelines.traces.work import Work

_COLUMNS = ("site_id", "design_power_kw", "stage", "cluster_id", "geography", "valid_from")


def site(work: Work, code: str, texts: Texts) -> Provided:
    """The row and its design power (kW); piece ``design_power_kw``."""
    power = work.site["design_power_kw"]
    return Provided({"site": landed_row(work, texts, work.site, _COLUMNS)}, {} if power is None else {"design_power_kw": power})
