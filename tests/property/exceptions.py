"""What hiding can still gain: the exceptions to "hiding never pays", each with its bound and a deletion that shows it.

Put here what the product can't know, or was told to accept, and why the bound holds; docs/quality.md says the same to people. An
exception that nothing shows any more is removed. Bounds are index points of edition whitepaper-2024.1, where a core indicator of weight w
brings at most w points and K1 four.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.pipeline.planted.tables import MONTHS
from tests.property.hiding import LATER_ASSESSMENT, READINGS, Deletion, Rows, where


@dataclass(frozen=True)
class Exempt:
    """Deletions in ``feed`` may raise the index of a month by at most ``month`` and a trailing one by at most ``ttm`` points."""

    key: str
    feed: str
    month: float
    ttm: float
    why: str
    shown: Callable[[Rows], Deletion]


def _hot_days(rows: Rows) -> Deletion:
    return where(rows, READINGS, meter_id="S2-G1", read_at=lambda at: f"{MONTHS[0]}-09" <= str(at) < f"{MONTHS[0]}-11")


EXEMPT: tuple[Exempt, ...] = (
    Exempt(
        "estimated_hours", READINGS, 6.0, 6.0,
        "Missing hours are estimated by the mean of like days (metering §3) until a meter lacks 10 % of its time (TL01) or 10 % of a "
        "side is estimated (ME05). Where the hidden hours took up to twice their like days, a side is off by at most a tenth: PUE 1.30 "
        "reads 1.17, D1 gains 4.2 points, the others that divide by E_DC below 1.8. With a bill, ME09 withholds from 2 %: below 1.4.",
        _hot_days,
    ),
    Exempt(
        "backup_below_one_percent", "meters", 1.0, 1.0,
        "A generator without a meter whose fuel is reported is flagged, below 1 % of E_DC (BD03): PUE is at most 1 % too low, 0.42 points "
        "of D1 and 0.25 of A1, E1, E2, F1 together. With both generators of a cluster the same share.",
        lambda rows: where(rows, "meters", meter_id="S2-BG"),
    ),
    Exempt(
        "excluded_below_it", "meters", 1.0, 1.0,
        "A load that is excluded below an IT meter and is not registered counts as IT: with a share x of E_IT, PUE − 1 falls by x; of one "
        "twentieth at PUE 1.5 that is 0.025, 0.6 points of D1. Its readings, if they are sent, are told by BD01.",
        lambda rows: where(rows, "meters", meter_id="S1-F"),
    ),
    Exempt(
        "racks_never_shown", "racks", 3.0, 3.0,
        "An empty rack that no snapshot ever shows is known to nobody (one that was shown once counts on: racks_lost). B1 weighs 3.",
        lambda rows: where(rows, "racks", rack_id="S1-R3"),
    ),
    Exempt(
        "devices_never_shown", "devices", 8.0, 21.0,
        "A powered device that no snapshot shows is known to nobody: B2 and B3 weigh 4 each (A1 and F2 only fall). A first month without "
        "any snapshot is left out of trailing values (interim): A1, B1, B2, B3, F2 weigh 21.",
        lambda rows: where(rows, "devices", device_id="S1-D99"),
    ),
    Exempt(
        "idle_hours", "utilisation", 0.64, 4.0,
        "B3 is the mean of known hours, and a fifth may be unknown (CT17): at most 1/0.8 of the true value, 16 points of B3 at 0.48. A "
        "month without any row is left out of the trailing value (interim): B3 weighs 4.",
        lambda rows: where(rows, "utilisation", at=lambda at: str(at)[11:13] < "04"),
    ),
    Exempt(
        "fuel_and_refrigerant_unsaid", "activities", 11.0, 15.0,
        "Scope 1 that nobody reports and no meter shows is not in F1 and F2 (green-power §5, flagged by CT16 where nothing at all is "
        "said): they weigh 11. A month without rows is left out of the trailing sums of K1, which brings at most 4.",
        lambda rows: where(rows, "activities", activity="natural_gas"),
    ),
    Exempt(
        "later_assessment", "practices", 37.0, 37.0,
        "Of each item the newest assessment counts: without it the one before does, for twelve months (TL10). The gain is the difference "
        "of two documented assessments; checklists weigh 31, and 6 of the bonus.",
        lambda rows: where(rows, "practices", assessed_on=LATER_ASSESSMENT),
    ),
)  # fmt: skip


def bound(deleted: Deletion, window: str) -> float:
    """By how many points a deletion may raise an index: the sum over its feeds of their largest exceptions; 0 for most feeds."""
    feeds = deleted.gone
    return sum(max((getattr(one, window) for one in EXEMPT if one.feed == feed), default=0.0) for feed in feeds)
