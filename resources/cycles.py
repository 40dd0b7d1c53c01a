"""How often Python looks for objects that hold each other in cycles.

What is read and computed here is millions of objects, nearly none of them in cycles: with Python's own thresholds looking at them all
every time again is a tenth of a command's time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (50_000, 20, 10)


def look_seldom() -> None:
    """Look less often from now on."""
    gc.set_threshold(*_SELDOM)


@contextmanager
def looking_seldom() -> Iterator[None]:
    """Look less often meanwhile."""
    before = gc.get_threshold()
    look_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)
