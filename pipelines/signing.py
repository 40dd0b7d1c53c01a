"""A third party's signature: bound to the head digest of the revisions of a month.

The head of the entry that made a revision final covers everything before it: the files, the numbers, the approval. Signing that head signs
them all. A restated month is not signed until somebody signs again. Source: close.md §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.closing import keep_payload
from pipelines.people import name_of, same_person, text_of
from resources.digest import digest_file
from resources.errors import UsageError
from resources.home import Home
from resources.revisions import SIGNATURE, Revision, closed_of

ROLES = ("verifier",)


@dataclass(frozen=True)
class Signed:
    """An entry that was written: its number, its head, and the heads that it signs with the revisions behind each."""

    entry: int
    head: str
    signed: tuple[dict[str, Any], ...]


def sign(
    home: Home, month: str, *, role: str, by: str | None, statement: str | None, evidence: Path | None, site: str | None = None
) -> Signed:
    """Sign the newest revisions of a month (of one site or cluster), as a third party.

    UsageError for a missing name or statement, a month without a final revision, or a name that made or approved one of them: a third
    party is nobody of the two. ``evidence`` is a file that is kept with the entry.
    """
    name, said = name_of(by, "--by", "签署人"), text_of(statement, "--statement", "核查意见")
    if role not in ROLES:
        raise UsageError(f"'{role}' is no role. Known: {', '.join(ROLES)}.")
    found = {one: item for one, item in closed_of(home).of_month(month).items() if site in (None, one)}
    if not found:
        raise UsageError(
            f"Nothing of {site + ' ' if site else ''}{month} is final: there is no revision to sign. 该月没有最终修订,无法签署。"
        )
    for item in found.values():
        if same_person(name, item.by) or same_person(name, item.approved_by):
            raise UsageError(
                f"{name} made {item.entity_id} {month} final and can't verify it: a third party signs. 第三方不得为提交人或批准人。"
            )
    kept = None
    if evidence is not None:
        kept = {"name": evidence.name, "digest": digest_file(evidence)}
        home.lake.keep_file(evidence, kept["digest"])
    heads = _heads(found)
    payload = {
        "month": month, "role": role, "by": name, "statement": said, "evidence": kept, "signed": heads,
        "documents": [kept["digest"]] if kept else [],
    }  # fmt: skip
    entry = home.ledger.append(SIGNATURE, month, keep_payload(home, payload), payload)
    return Signed(entry, home.ledger.head(entry)[1], tuple(heads))


def _heads(found: dict[str, Revision]) -> list[dict[str, Any]]:
    by_entry: dict[int, dict[str, Any]] = {}
    for one, item in sorted(found.items()):
        row = by_entry.setdefault(item.entry, {"entry": item.entry, "head": item.head, "revisions": {}})
        row["revisions"][one] = item.number
    return [by_entry[n] for n in sorted(by_entry)]
