"""What a provider of a trace gives, and the words for a landed row that all of them use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.traces.texts import Texts
from pipelines.traces.work import Moment

Node = dict[str, Any]


@dataclass
class Provided:
    """``nodes``: parts of the tree by key. ``pieces``: components of the indicator as its inputs give them.

    ``factors``: dated reference data that was used (name, value, unit, vintage, published_on, source). ``entries``: numbers of log entries
    that were used beside those of the rows shown.
    """

    nodes: Node = field(default_factory=dict)
    pieces: Node = field(default_factory=dict)
    factors: list[Node] = field(default_factory=list)
    entries: set[int] = field(default_factory=set)

    def add(self, other: Provided) -> None:
        self.nodes |= other.nodes
        self.pieces |= other.pieces
        self.factors += [factor for factor in other.factors if factor not in self.factors]
        self.entries |= other.entries


def landed_row(moment: Moment, texts: Texts | None, row: Mapping[str, Any], names: Iterable[str]) -> Node:
    """Some columns of a row of a feed with where it stands: entry, file, digest, row number, and its text when ``texts`` fetches it."""
    said: Node = {name: row[name] for name in names}
    if row.get("entry") is None:
        return said
    name, digest = moment.files[row["entry"]]
    said |= {"entry": row["entry"], "name": name, "digest": digest, "source_row": row["source_row"]}
    return said if texts is None else texts.want(said)


def proof(moment: Moment, evidence: str | None) -> Node | None:
    """A document that a row names: whether it was landed, its digest and log entry."""
    if not evidence:
        return None
    found = moment.feeds.evidence.get(evidence)
    return {"name": evidence, "landed": found is not None, "digest": found[0] if found else None, "entry": found[1] if found else None}
