"""Restating what is final: which months it moves, and the new revision of all of them in one entry.

A final result changes in one way only: two people, a cause and a reason, and revision n+1 of every final month that the change reaches.
Old revisions stay. Source: close.md §2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assets.reports.cause_words import CAUSES
from assets.reports.published import Published, members_of, working
from pipelines import close_rules
from pipelines.close_rules import Significance, significance
from pipelines.closing import complete_clusters, keep_payload, up_to_date, window_of
from pipelines.people import name_of, same_person, text_of
from resources.calendar import add_months, trailing_months
from resources.errors import GciError, UsageError
from resources.home import Home
from resources.revisions import RESTATEMENT, closed_of, keep_document, revision_document


@dataclass(frozen=True)
class Moved:
    """A final result that says something else today: its revision, both trailing results, and whether it must be restated."""

    entity_id: str
    kind: str
    month: str
    number: int
    before: dict[str, Any]
    after: dict[str, Any]
    significance: Significance
    members: tuple[str, ...] = ()  # of a cluster: those of then and of now

    def json(self) -> dict[str, Any]:
        return {
            "entity_id": self.entity_id, "entity_kind": self.kind, "month": self.month, "revision": self.number,
            "index_from": self.before["index"], "index_to": self.after["index"], "grade_from": self.before["grade"],
            "grade_to": self.after["grade"], "significance": self.significance.json(),
        }  # fmt: skip


@dataclass(frozen=True)
class Order:
    """Who restates for which cause and why, and who approves it."""

    cause: str
    reason: str
    by: str
    approved_by: str

    @staticmethod
    def of(cause: str | None, reason: str | None, by: str | None, approved_by: str | None) -> Order:
        """UsageError for an unknown cause, a missing name or reason, or one person for both."""
        if cause not in CAUSES:
            said = f"'{cause}' is no cause" if cause else "--cause CODE is missing: why does the month change"
            raise UsageError(f"{said}. Known: {', '.join(CAUSES)}. 请写明原因代码。")
        maker, why = name_of(by, "--by", "重述人"), text_of(reason, "--reason", "重述原因")
        checker = name_of(approved_by, "--approved-by", "批准人")
        if same_person(maker, checker):
            raise UsageError(
                f"{checker} can't approve their own restatement: --approved-by names another person. 重述人与批准人不得为同一人。"
            )
        return Order(cause, why, maker, checker)


@dataclass(frozen=True)
class Restated:
    """An entry that was written: its number, and the new revision numbers by month and entity."""

    entry: int
    revisions: dict[str, dict[str, int]]


def final_months(home: Home, site: str | None = None) -> list[str]:
    """Months of which something (of a site, when given) is final."""
    return sorted({month for entity, month in closed_of(home).revisions if site in (None, entity)})


def moved(home: Home, months: Sequence[str] | None = None) -> list[Moved]:
    """Every final result whose figures differ from those computed last (of some months, or of all), oldest first."""
    shown = Published(home)
    found = []
    for month in sorted({when for _, when in shown.closed.revisions}):
        if months is not None and month not in months:
            continue
        now = working(home, month)
        for entity, revision in shown.closed.of_month(month).items():
            if entity in now and shown.differs(revision, entity, now[entity]):
                before, after = shown.finals(entity, month)["ttm"], now[entity]["ttm"]
                kind, both = before["entity_kind"], members_of({"ttm": before}) | members_of(now[entity])
                found.append(
                    Moved(entity, kind, month, revision.number, before, after, significance(before, after), tuple(sorted(both)))
                )  # fmt: skip
    return found


def closure(home: Home, month: str, site: str | None = None) -> list[Moved]:
    """The final results that a restatement of a month changes: those from it to eleven months on whose figures differ.

    With ``site`` its own and those of clusters that it is or was in. Everything landed counts, so nothing that the month reads may differ
    before it for the same site: GciError names the month to begin with. GciError too when the month says what its final revision says;
    UsageError when it is not final.
    """
    if month not in final_months(home, site):
        raise UsageError(
            f"{site + ' ' if site else ''}{month} is not final: 'gci run {month}' computes it anew, no restatement is needed. "
            "该月尚未结账,无须重述。"
        )
    found = [item for item in moved(home) if site in (None, item.entity_id, *item.members)]
    within = [item for item in found if month <= item.month <= add_months(month, 11)]
    if not any(item.month == month for item in within):
        hint = f" What differs: {', '.join(sorted({i.month for i in found}))}. 有变化的月份如上。" if found else ""
        raise GciError(
            f"{month} says today what its final revision says: there is nothing to restate. 当前结果与最终修订一致,无须重述。{hint}"
        )
    concerned = {item.entity_id for item in within}
    earlier = sorted(i.month for i in found if i.month in trailing_months(month)[:-1] and i.kind == "site" and i.entity_id in concerned)
    if earlier:
        raise GciError(
            f"{earlier[0]} differs from its final revision as well, and {month} reads it. Restate {earlier[0]}: its closure holds {month}. "
            f"更早的 {earlier[0]} 也有变化,请先重述该月,其影响范围包含 {month}。"
        )
    return within


def repeated(home: Home, month: str, order: Order) -> Restated | None:
    """The restatement that is there already in the same words of the same people: a command that was stopped is repeated."""
    for entry in reversed(home.ledger.entries(kinds=[RESTATEMENT])):
        said = entry.payload
        if entry.name == month and order == Order(said["cause"], said["reason"], said["by"], said["approved_by"]):
            return Restated(entry.n, {when: dict(item["revisions"]) for when, item in said["months"].items()})
    return None


def restate(home: Home, month: str, found: Sequence[Moved], order: Order) -> Restated:
    """Write revision n+1 of everything in the closure of a month, as one entry. ``found`` is what :func:`closure` gave and was shown.

    A cluster that becomes complete by it gets revision 1. GciError when a month is not computed from all that was landed, or a cluster
    would no longer follow from its members.
    """
    as_of, head = home.ledger.head()
    shown = Published(home)
    months: dict[str, dict[str, Any]] = {}
    for when in sorted({item.month for item in found}):
        if not up_to_date(home, when, as_of):
            raise GciError(f"{when} is not computed from all that was landed. Run 'gci run {when}' and restate again.")
        here = [item for item in found if item.month == when]
        names = [*(item.entity_id for item in here if item.kind == "site"), *_clusters(home, shown, when, here)]
        document = revision_document(home.ledger, when, names, as_of, window_of(home, when, as_of))
        numbers = {one: (newest.number if (newest := shown.closed.newest(one, when)) else 0) + 1 for one in names}
        months[when] = keep_document(home, document).payload(numbers) | {"revisions": numbers}
    kept = sorted(item[name] for item in months.values() for name in ("document", "summary"))
    payload = {
        "month": month, "cause": order.cause, "reason": order.reason, "by": order.by, "approved_by": order.approved_by,
        "as_of": as_of, "log_head": head, "months": months, "documents": kept,
        "rules": home.lake.keep_bytes(close_rules.document()),
    }  # fmt: skip
    entry = home.ledger.append(RESTATEMENT, month, keep_payload(home, payload), payload)
    return Restated(entry, {when: dict(item["revisions"]) for when, item in months.items()})


def _clusters(home: Home, shown: Published, month: str, found: Sequence[Moved]) -> list[str]:
    """Clusters that get a revision with what moved in a month; GciError for one that is final and would not follow from its members."""
    sites = [item.entity_id for item in found if item.kind == "site"]
    differing = [item.entity_id for item in found if item.kind == "cluster"]
    complete, left = complete_clusters(shown, month, working(home, month), sites, differing)
    for words in left:
        cluster = words.split(":")[0]
        if cluster in differing:
            raise GciError(
                f"{words}. {cluster} {month} is final, and would not follow from its members any more: close the member that is not final "
                f"('gci close {month} --site SITE …'), or restate without --site. 集群须与其成员一致。"
            )
    return complete
