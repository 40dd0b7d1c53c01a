"""What can be different in the world around a home: the time at which files are landed, and which factors have been published.

Put here what a fault needs that no file of a home can say. Each is a context manager for ``Tables.around``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from unittest.mock import patch

from assets.reference.factors import factor_document
from resources import log


class Clock:
    """A clock for the log that stands at a moment until it is set anew; moments are ISO 8601 with offset."""

    def __init__(self, moment: str) -> None:
        self.moment = moment

    @contextmanager
    def stands(self) -> Iterator[None]:
        clock = self

        class Now(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return datetime.fromisoformat(clock.moment).astimezone()

        with patch.object(log, "datetime", Now):
            yield


def later_factors(data_year: str, published_on: str) -> Callable[[], AbstractContextManager[object]]:
    """The reference facts with one more, invented vintage of grid factors: the newest one again, of another year and day."""
    data = json.loads(factor_document())
    newest = max(row["data_year"] for row in data["grid_factors_cn"])
    source = "invented for tests"
    again = {"data_year": data_year, "published_on": published_on, "source": source}
    data["grid_factors_cn"] += [{**row, **again} for row in data["grid_factors_cn"] if row["data_year"] == newest]
    data["grid_factor_checks"]["vintages"].append(again)
    document = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return lambda: patch("pipelines.documents.factor_document", lambda: document)
