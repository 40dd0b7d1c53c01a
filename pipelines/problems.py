"""What verification finds: one thing that is not as the log says, and the check of one table that all of it shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from resources.errors import GciError
from resources.home import Home
from resources.lake import ContentDigest


@dataclass(frozen=True)
class Problem:
    """One thing that is not as the log says: where, and what was expected and seen (digests or words)."""

    where: str
    expected: str
    seen: str


def table_problems(home: Home, table: str, month: str, file_digest: str, what: str, digest: str = "") -> Iterator[Problem]:
    """Whether a table in the lake holds what its name says, and what its ``digest`` without provenance says where that is given."""
    path = home.lake.table_path(table, month, file_digest)
    where = f"{what}: {path.relative_to(home.root).as_posix()}"
    try:
        frame = home.lake.read(table, month, file_digest)
        seen = ContentDigest(frame.schema)
        seen.add(frame)
    except GciError:
        yield Problem(where, file_digest, "missing")
    except Exception as error:  # a damaged Parquet file fails in many ways; each is the answer here
        yield Problem(where, file_digest, f"unreadable: {str(error).splitlines()[0]}")
    else:
        if seen.whole != file_digest:
            yield Problem(where, file_digest, seen.whole)
        elif digest and seen.content != digest:
            yield Problem(f"{where}, without provenance", digest, seen.content)
