"""What the log keeps besides files: settings, edition, factors, thresholds.

Each is an entry when it differs from the latest of its kind, and its text stays in the home by digest: an upgrade of the product can't
lose what an old number was made with.
"""

from __future__ import annotations

from assets.compute import settings_document
from assets.edition.load import edition_bytes, load_edition_document
from assets.reference.factors import factor_document
from checks.rules.thresholds import threshold_document, thresholds_at
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


def check_settings(home: Home) -> None:
    """Whether everything that gci.toml names exists: feeds, rules, thresholds, edition; UsageError names the first that does not."""
    from assets.raw.landing import check_feed_settings

    check_feed_settings(home.settings)
    thresholds_at(threshold_document(), home.settings.first_month, home.settings.rules)
