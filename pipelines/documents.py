"""What the log keeps besides files: settings, edition, factors, thresholds, and the end of a waiver.

Each document is an entry when it differs from the latest of its kind, and its text stays in the home by digest: an upgrade of the product
can't lose what an old number was made with.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from assets.compute import settings_document
from assets.edition.load import edition_bytes, load_edition_document
from assets.reference.factors import factor_document
from checks.rules.thresholds import threshold_document, thresholds_at
from checks.waivers import WAIVER, WAIVER_END, day_of, in_force
from resources.digest import canonical_json
from resources.home import Home


def note_documents(home: Home) -> None:
    """Append entries for settings and reference data that changed; UsageError when settings name what does not exist."""
    settings = home.settings
    name = str(home.root / settings.edition) if settings.edition.endswith((".yaml", ".yml")) else settings.edition
    edition = edition_bytes(name)
    load_edition_document(edition, settings.edition)
    thresholds = threshold_document()
    thresholds_at(thresholds, settings.first_month, settings.rules)
    documents = {
        "settings": ("gci.toml", canonical_json(settings_document(settings)).encode()),
        "edition": (settings.edition, edition),
        "factors": ("assets/reference", factor_document()),
        "thresholds": ("checks/rules/thresholds.yaml", thresholds),
    }
    for kind, (label, data) in documents.items():
        home.ledger.append(kind, label, home.lake.keep_bytes(data), {"bytes": len(data)})
    end_waivers(home)


def end_waivers(home: Home, now: datetime | None = None) -> list[int]:
    """Append an entry for each waiver whose last day is over, and return their numbers.

    The log is the only clock: without an entry after its last day, a waiver would count until something else happened to land.
    """
    waivers = home.ledger.entries(kinds=[WAIVER])
    if not waivers:
        return []
    moment, zone = now or datetime.now(UTC), home.settings.timezone
    head, _ = home.ledger.head()
    counting = in_force(waivers, day_of(home.ledger.moment(head), zone))
    over = [item for item in counting.values() if date.fromisoformat(item.waiver.until) < moment.astimezone(ZoneInfo(zone)).date()]
    ended = []
    for item in over:
        document = {"finding": item.waiver.finding, "month": item.waiver.month, "until": item.waiver.until, "waiver": item.entry}
        digest = home.lake.keep_bytes(canonical_json(document).encode())
        ended.append(home.ledger.append(WAIVER_END, item.waiver.finding, digest, document, at=moment))
    return ended


def check_settings(home: Home) -> None:
    """Whether everything that gci.toml names exists: feeds, rules, thresholds, edition; UsageError names the first that does not."""
    from assets.raw.landing import check_feed_settings

    check_feed_settings(home.settings)
    thresholds_at(threshold_document(), home.settings.first_month, home.settings.rules)
