"""Closing a month: the checklist, the maker's submission, the checker's approval.

A result becomes final by two entries of the log from two people: the first keeps the document of what is submitted, the second says that
exactly this is final. Nothing is computed here. Changing what is final is in ``restating.py``. Source: close.md §2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assets.compute import Compute
from assets.raw.fingerprint import history, window_fingerprint
from assets.reports.published import Results, entities, figures, of_document, state_of, working
from pipelines import close_rules
from pipelines.people import name_of, same_person, text_of
from resources.calendar import trailing_months
from resources.digest import canonical_json
from resources.errors import GciError, UsageError
from resources.home import Home
from resources.ledger import RUN
from resources.revisions import (
    APPROVAL,
    FINAL,
    RESTATED,
    SUBMISSION,
    SUBMITTED,
    Closed,
    closed_of,
    keep_document,
    read_document,
    revision_document,
)


@dataclass(frozen=True)
class Done:
    """An entry that was written: its number, and what became of which site or cluster (revision numbers; 0 while only submitted)."""

    entry: int
    month: str
    revisions: Mapping[str, int]
    document: str
    left: tuple[str, ...] = ()  # clusters that stay as they are, and why


def up_to_date(home: Home, month: str, as_of: int) -> bool:
    """Whether the month was computed from all that the log holds."""
    stored = home.ledger.manifest(month, RUN)
    return stored is not None and stored.digest == window_fingerprint(Compute(home, month, as_of))


def window_of(home: Home, month: str, as_of: int) -> list[str]:
    """The months of the trailing window that the home has."""
    known = {*history(home, home.settings, as_of, month), month}
    return [m for m in trailing_months(month) if m in known]


def submit(home: Home, month: str, *, by: str | None, site: str | None = None) -> Done:
    """The maker submits what was computed of a month (of one site): an entry that keeps the whole of it.

    UsageError for a missing name or nothing left to submit; GciError when the month was not computed from all that was landed.
    """
    maker = name_of(by, "--by", "提交人")
    as_of, head = home.ledger.head()
    results = _computed(home, month, as_of)
    closed = closed_of(home)
    sites = _open_sites(closed, month, entities(results, "site"), site)
    clusters = sorted(c for c in entities(results, "cluster") if _members(results, c).intersection(sites))
    document = revision_document(home.ledger, month, [*sites, *clusters], as_of, window_of(home, month, as_of))
    digest = keep_document(home, document)
    for one in sites:
        waiting = closed.submitted.get((one, month))
        if waiting and waiting.document == digest and same_person(waiting.by, maker) and set(waiting.sites) == set(sites):
            return Done(waiting.entry, month, dict.fromkeys(sites, 0), digest)  # said already
    payload = {
        "month": month, "sites": sites, "by": maker, "as_of": as_of, "log_head": head, "document": digest,
        "outputs": {name: results[name]["ttm"]["output_digest"] for name in (*sites, *clusters)},
        "open": {name: results[name]["month"]["blocks"] for name in sites if results[name]["month"]["blocks"]},
    }  # fmt: skip
    entry = home.ledger.append(SUBMISSION, month, keep_payload(home, payload), payload)
    return Done(entry, month, dict.fromkeys(sites, 0), digest)


def _computed(home: Home, month: str, as_of: int) -> Results:
    results = working(home, month)
    if not results:
        raise GciError(f"{month} was not computed yet. Run 'gci run {month}', then submit it. 当月尚未计算。")
    if not up_to_date(home, month, as_of):
        raise GciError(
            f"{month} was computed from an earlier state of the data, the settings or the program. Run 'gci run {month}', look at it, then "
            "submit it. 计算之后数据、设置或程序有变化,请重新计算并核对后再提交。"
        )
    return results


def _open_sites(closed: Closed, month: str, known: Sequence[str], site: str | None) -> list[str]:
    if site is not None and site not in known:
        raise UsageError(f"There is no site '{site}' in {month}. Known: {', '.join(known)}.")
    asked = [site] if site is not None else list(known)
    still = [one for one in asked if closed.newest(one, month) is None]
    if not still:
        which = f"{site} {month}" if site else f"Every site of {month}"
        raise UsageError(
            f"{which} is final already: what changed since is restated with 'gci restate {month}'. 已为最终结果,如有变化请重述(restate)。"
        )
    return still


def _members(results: Results, cluster: str) -> set[str]:
    return {str(row["entity_id"]) for row in results[cluster]["ttm"].get("members", [])}


def approve(home: Home, month: str, *, by: str | None, statement: str | None, site: str | None = None) -> Done:
    """The checker, another person than the maker, makes what was submitted final: revision 1 of each site, and of complete clusters.

    UsageError when nothing waits, the name is the maker's or the statement is missing; GciError when the month says something else now.
    """
    checker = name_of(by, "--by", "批准人")
    said = text_of(statement, "--statement", "批准意见")
    closed = closed_of(home)
    waiting = {item.entry: item for (one, when), item in closed.submitted.items() if when == month and site in (None, one)}
    if not waiting:
        raise UsageError(
            f"Nothing of {site + ' ' if site else ''}{month} waits for approval. A maker submits it first: "
            f"'gci close {month} --submit --by NAME'. 没有待批准的提交。"
        )
    if len(waiting) > 1:
        listed = "; ".join(f"{', '.join(item.sites)} (by {item.by})" for item in waiting.values())
        raise UsageError(f"Several submissions of {month} wait: {listed}. Name one of their sites with --site. 请用 --site 指明其一。")
    (item,) = waiting.values()
    if same_person(item.by, checker):
        raise UsageError(
            f"{checker} submitted {month} and can't approve it: maker and checker are two people. 提交人与批准人不得为同一人。"
        )
    document = read_document(home, item.document)
    submitted, now = of_document(document), working(home, month)
    changed = sorted(name for name in item.sites if name not in now or figures(now[name]) != figures(submitted[name]))
    if changed or not up_to_date(home, month, home.ledger.head()[0]):
        what = f"{', '.join(changed)} of {month} says" if changed else f"data that can change {month} arrived"
        raise GciError(
            f"Since the submission (entry {item.entry}) {what}{' something else' if changed else ''}. Run 'gci run {month}', look at it, "
            "and submit it again. 提交之后结果或数据已变化,请重新计算并再次提交。"
        )
    clusters, left = complete_clusters(home, closed, month, submitted, item.sites)
    revisions = dict.fromkeys([*item.sites, *clusters], 1)
    payload = {
        "month": month, "submission": item.entry, "submitted_by": item.by, "by": checker, "statement": said, "as_of": item.as_of,
        "document": item.document, "revisions": revisions, "documents": [item.document],
        "rules": home.lake.keep_bytes(close_rules.document()),
    }  # fmt: skip
    entry = home.ledger.append(APPROVAL, month, keep_payload(home, payload), payload)
    return Done(entry, month, revisions, item.document, tuple(left))


def complete_clusters(
    home: Home, closed: Closed, month: str, results: Results, sites: Sequence[str]
) -> tuple[list[str], list[str]]:  # fmt: skip
    """Clusters that are final with these sites, and those that are not, each with the reason.

    A cluster is final when its members are, and when what is final of them is what the cluster was composed from.
    """
    now = working(home, month)
    found, left = [], []
    for cluster in entities(results, "cluster"):
        members = _members(results, cluster)
        others = {one: closed.newest(one, month) for one in sorted(members.difference(sites))}
        waiting = [one for one, revision in others.items() if revision is None]
        differing = [
            one
            for one, revision in others.items()
            if revision is not None and figures(of_document(read_document(home, revision.document))[one]) != figures(now[one])
        ]
        if waiting:
            left.append(f"{cluster}: {', '.join(waiting)} is not final yet 成员尚未全部完成结账")
        elif differing:
            left.append(f"{cluster}: {', '.join(differing)} says something else now than its final revision 成员当前结果与最终修订不一致")
        else:
            found.append(cluster)
    return found, left


def keep_payload(home: Home, payload: Mapping[str, Any]) -> str:
    """Keep what an entry says beside the log; returns the digest, which is the entry's."""
    return home.lake.keep_bytes(canonical_json(payload).encode())


def checklist(home: Home, month: str, site: str | None = None) -> dict[str, Any]:
    """What stands between a month and its close: by site the state, coverage, what is missing, withheld or undecided, and who must act."""
    from assets.reports.board import month_board

    as_of, _ = home.ledger.head()
    results, closed = working(home, month), closed_of(home)
    if not results:
        raise GciError(f"{month} was not computed yet. Run 'gci run {month}'. 当月尚未计算。")
    known = entities(results, "site")
    if site is not None and site not in known:
        raise UsageError(f"There is no site '{site}' in {month}. Known: {', '.join(known)}.")
    current = up_to_date(home, month, as_of)
    board = month_board(home, month, [results[one]["month"] for one in known])
    asked: dict[str, list[Any]] = {}
    for item in board["to_send"] if board else ():
        asked.setdefault(item["site_id"], []).append(item)
    rows = []
    for one in known if site is None else [site]:
        payload, ttm = results[one]["month"], results[one]["ttm"]
        undecided = [
            f for f in payload["findings"] if f["severity"] == "withhold" and f["because_of"] is None and not _waived(payload, f["id"])
        ]
        state = state_of(home, closed, one, month, results[one])
        row: dict[str, Any] = {
            "site_id": one, "state": state, "coverage": payload["coverage"], "missing_feeds": payload["missing_feeds"],
            "withheld": payload["blocks"], "undecided": [f["id"] for f in undecided], "waivers": len(payload["waivers"]),
            "grade": ttm["grade"], "index": ttm["index"], "up_to_date": current, "to_send": asked.get(one, []),
        }  # fmt: skip
        rows.append(row | {"who": _who(month, state, row)})
    return {
        "month": month, "calendar": close_rules.calendar(month, home.settings.cutoff_day) | _true_up(results), "log_number": as_of,
        "sites": rows,
    }  # fmt: skip


def _waived(payload: Mapping[str, Any], finding: str) -> bool:
    return any(row["finding"] == finding for row in payload["waivers"])


def _true_up(results: Results) -> dict[str, str | None]:
    days = [w["month"]["claims_complete_on"] for w in results.values() if w["month"]["claims_complete_on"]]
    return {"certificates_complete": max(days, default=None)}


def _who(month: str, state: str, row: Mapping[str, Any]) -> dict[str, str]:
    """Who acts next on a site-month, in both languages."""
    if state in (FINAL, RESTATED):
        return {"en": "nobody: it is final", "zh": "无,已为最终结果"}
    if not row["up_to_date"]:
        return {
            "en": f"the maker: data, settings or program changed since, run 'gci run {month}'",
            "zh": f"提交人:数据、设置或程序有变化,请运行 'gci run {month}'",
        }
    if state == SUBMITTED:
        return {"en": f"the checker: 'gci close {month} --approve --by NAME --statement TEXT'", "zh": "批准人:核对并批准"}
    if row["undecided"] or row["to_send"]:
        return {
            "en": f"the site: {len(row['to_send'])} things to send, {len(row['undecided'])} withholding findings without a decision",
            "zh": f"站点:待报送 {len(row['to_send'])} 项,未处理的暂缓问题 {len(row['undecided'])} 个",
        }
    return {"en": f"the maker: 'gci close {month} --submit --by NAME'", "zh": "提交人:提交当月结果"}
