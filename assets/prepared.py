"""Steps of a month that were worked out beforehand, by another process: what such a step returned, and the change that leaves it.

``pipelines/ahead.py`` works them out and offers them; the wrapper of a step takes an offered one instead of computing it, and leaves it in
the ledger itself. Tables are in the lake already: there they are named by their content, and nothing names them before the ledger does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assets.compute import Compute, Step
from resources.home import Home


@dataclass(frozen=True)
class Prepared:
    """A step that is not left yet: what it returned, and the keyword arguments of each ``Ledger.replace`` that leaves it."""

    step: Step
    changes: tuple[dict[str, Any], ...]


_offered: dict[tuple[Home, str, int], Mapping[str, Prepared]] = {}


@contextlib.contextmanager
def offered(home: Home, month: str, as_of: int, steps: Mapping[str, Prepared]) -> Iterator[None]:
    """While a run of ``month`` at ``as_of`` lasts, its steps may take these, by the name of their function."""
    _offered[home, month, as_of] = steps
    try:
        yield
    finally:
        del _offered[home, month, as_of]


def done(compute: Compute, step: Callable[[Compute], Step]) -> Step:
    """The step of a month: left as it was prepared, else computed."""
    prepared = _offered.get((compute.home, compute.month, compute.as_of), {}).get(step.__name__)
    if prepared is None:
        return step(compute)
    for change in prepared.changes:
        compute.home.ledger.replace(**change)
    return prepared.step
