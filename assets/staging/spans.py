"""Sets of certificate numbers as sorted, disjoint ranges (both ends included): union, common part, difference, size.

Arithmetic only; what a set of numbers means belongs to its user.
"""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def union(spans: Iterable[Span]) -> list[Span]:
    """The numbers of all spans, overlaps once; a span that runs backwards holds none."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] <= span[1]):
        if found and start <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def common(one: Iterable[Span], other: Iterable[Span]) -> list[Span]:
    """The numbers that are in both."""
    left, right, found, at = union(one), union(other), [], 0
    for start, end in left:
        while at < len(right) and right[at][1] < start:
            at += 1
        step = at
        while step < len(right) and right[step][0] <= end:
            found.append((max(start, right[step][0]), min(end, right[step][1])))
            step += 1
    return found


def without(one: Iterable[Span], other: Iterable[Span]) -> list[Span]:
    """The numbers that are in the first and not in the second."""
    gone, found, at = union(other), [], 0
    for start, end in union(one):
        while at < len(gone) and gone[at][1] < start:
            at += 1
        first, step = start, at
        while step < len(gone) and gone[step][0] <= end:
            if gone[step][0] > first:
                found.append((first, gone[step][0] - 1))
            first = gone[step][1] + 1
            step += 1
        if first <= end:
            found.append((first, end))
    return found


def size(spans: Iterable[Span]) -> int:
    """How many numbers there are."""
    return sum(end - start + 1 for start, end in union(spans))
