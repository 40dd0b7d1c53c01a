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
from assets.reports.published import Published, Results, entities, members_of, working
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
    Submitted,
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

    Sites that are final already are left out; where all are, clusters that were left behind are submitted by themselves.

    UsageError for a missing name or nothing left to submit; GciError when the month was not computed from all that was landed.
    """
    maker = name_of(by, "--by", "提交人")
    as_of, head = home.ledger.head()
    results = _computed(home, month, as_of)
    shown = Published(home)
    closed = shown.closed
    sites = _open_sites(closed, month, entities(results, "site"), site)
    if not sites and site is None:
        sites = _left_clusters(shown, month, results)
    if not sites:
        which = f"{site} {month}" if site else f"Every site of {month}"
        raise UsageError(
            f"{which} is final already: what changed since is restated with 'gci restate {month}'. 已为最终结果,如有变化请重述(restate)。"
        )
    clusters = sorted(
        c for c in entities(results, "cluster") if closed.newest(c, month) is None and members_of(results[c]).intersection(sites)
    )
    document = revision_document(home.ledger, month, [*sites, *clusters], as_of, window_of(home, month, as_of))
    if (said := _said_already(home, closed, month, sites, maker, document)) is not None:
        return Done(said.entry, month, dict.fromkeys(sites, 0), said.document)
    kept = keep_document(home, document)
    payload = {
        "month": month, "sites": sites, "by": maker, "as_of": as_of, "log_head": head, **kept.payload([*sites, *clusters]),
        "documents": [kept.document, kept.summary],
        "open": {name: blocks for name in sites if (blocks := results[name]["month"].get("blocks"))},
    }  # fmt: skip
    entry = home.ledger.append(SUBMISSION, month, keep_payload(home, payload), payload)
    return Done(entry, month, dict.fromkeys(sites, 0), kept.document)


def _said_already(
    home: Home, closed: Closed, month: str, sites: Sequence[str], maker: str, document: Mapping[str, Any]
) -> Submitted | None:  # fmt: skip
    """The waiting submission of these sites by the same maker that says the same, whatever the log holds beside it by now."""
    waiting = {item.entry: item for one in sites if (item := closed.submitted.get((one, month))) is not None}
    for item in waiting.values():
        if set(item.sites) == set(sites) and same_person(item.by, maker):
            then = read_document(home, item.document)
            if {**document, "as_of": 0, "head_digest": ""} == {**then, "as_of": 0, "head_digest": ""}:
                return item
    return None


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
    return [one for one in asked if closed.newest(one, month) is None]


def _left_clusters(shown: Published, month: str, now: Results) -> list[str]:
    """Clusters that no member waits for and that are not final yet: a member said something else when the last one became final."""
    waiting = [one for one in entities(now, "cluster") if shown.closed.newest(one, month) is None]
    return complete_clusters(shown, month, now, (), waiting)[0]


def approve(home: Home, month: str, *, by: str | None, statement: str | None, site: str | None = None) -> Done:
    """The checker, another person than the maker, makes what was submitted final: revision 1 of each site, and of complete clusters.

    Said again by the same person in the same words (a command that was stopped is repeated) it is the entry that is there already.
    UsageError when nothing waits, the name is the maker's or the statement is missing; GciError when the month says something else now.
    """
    checker = name_of(by, "--by", "批准人")
    said = text_of(statement, "--statement", "批准意见")
    shown = Published(home)
    if (done := _approved(shown.closed, month, site, checker, said)) is not None:
        return done
    item, sites = _waiting(shown.closed, month, site)
    if same_person(item.by, checker):
        raise UsageError(
            f"{checker} submitted {month} and can't approve it: maker and checker are two people. 提交人与批准人不得为同一人。"
        )
    now = working(home, month)
    clusters, left = complete_clusters(shown, month, now, sites)
    lone = [one for one in sites if one in now and members_of(now[one])]  # clusters submitted by themselves
    for words in complete_clusters(shown, month, now, (), lone)[1]:
        raise GciError(f"{words}. Close or restate that site first. 请先完成成员站点。")
    changed = sorted(name for name in (*sites, *clusters) if name not in now or shown.differs(item, name, now[name]))
    if changed or not up_to_date(home, month, home.ledger.head()[0]):
        what = f"{', '.join(changed)} of {month} came to another result" if changed else f"something that can change {month} did"
        raise GciError(
            f"Since the submission (entry {item.entry}) {what}: data, settings, the program, or a waiver or certificates by date. Run "
            f"'gci run {month}', look at it, and submit it again. 提交之后结果、数据、设置或程序已变化,请重新计算并再次提交。"
        )
    revisions = dict.fromkeys([*sites, *clusters], 1)
    payload = {
        "month": month, "submission": item.entry, "submitted_by": item.by, "by": checker, "statement": said, "as_of": item.as_of,
        "document": item.document, "summary": item.summary, "outputs": {one: dict(item.outputs[one]) for one in sorted(revisions)},
        "revisions": revisions, "rules": home.lake.keep_bytes(close_rules.document()), "documents": [item.document, item.summary],
    }  # fmt: skip
    entry = home.ledger.append(APPROVAL, month, keep_payload(home, payload), payload)
    return Done(entry, month, revisions, item.document, tuple(left))


def _approved(closed: Closed, month: str, site: str | None, checker: str, said: str) -> Done | None:
    """What this person approved in these words before, when nothing waits."""
    if any(when == month and site in (None, one) for one, when in closed.submitted):
        return None
    newest = [item for one, item in closed.of_month(month).items() if site in (None, one)]
    mine = [item for item in newest if item.cause is None and item.reason == said and same_person(item.approved_by, checker)]
    if not mine:
        return None
    last = max(mine, key=lambda item: item.entry)
    revisions = {item.entity_id: item.number for item in mine if item.entry == last.entry}
    return Done(last.entry, month, revisions, last.document)


def _waiting(closed: Closed, month: str, site: str | None) -> tuple[Submitted, list[str]]:
    """The submission that waits, and those of its sites that nobody submitted again since; with ``site`` that one alone."""
    found: dict[int, tuple[Submitted, list[str]]] = {}
    for (one, when), item in sorted(closed.submitted.items()):
        if when == month and site in (None, one):
            found.setdefault(item.entry, (item, []))[1].append(one)
    if not found:
        raise UsageError(
            f"Nothing of {site + ' ' if site else ''}{month} waits for approval. A maker submits it first: "
            f"'gci close {month} --submit --by NAME'. 没有待批准的提交。"
        )
    if len(found) > 1:
        listed = "; ".join(f"{', '.join(sites)} (by {item.by})" for item, sites in found.values())
        raise UsageError(f"Several submissions of {month} wait: {listed}. Name a site with --site. 请用 --site 指明其一。")
    return next(iter(found.values()))


def complete_clusters(
    shown: Published, month: str, now: Results, sites: Sequence[str], restated: Sequence[str] | None = None
) -> tuple[list[str], list[str]]:  # fmt: skip
    """Clusters of what was computed last (``now``) that are final once these sites are, and those that are not, each with the reason.

    A cluster is final when its members are, and when what is final of them is what it was composed from: what they say now. Looked at are
    clusters with one of the sites, and the final ones that a restatement changes (``restated``; others stay as they are).
    """
    found, left = [], []
    for cluster in entities(now, "cluster"):
        members = members_of(now[cluster])
        if not members.intersection(sites) and cluster not in (restated or ()):
            continue
        others = {one: shown.closed.newest(one, month) for one in sorted(members.difference(sites))}
        waiting = [one for one, revision in others.items() if revision is None]
        differing = [
            one for one, item in others.items() if item is not None and (one not in now or shown.differs(item, one, now[one]))
        ]  # fmt: skip
        if shown.closed.newest(cluster, month) is not None and cluster not in (restated or ()):
            if restated is None:
                left.append(f"{cluster}: it is final with other members, restate it ('gci restate {month}') 该集群已为最终结果,请重述")
        elif waiting:
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
    shown = Published(home)
    results = shown.results(month)
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
        state = payload["state"]
        waiting = shown.closed.submitted.get((one, month)) if state == SUBMITTED else None
        row: dict[str, Any] = {
            "site_id": one, "state": state, "coverage": payload["coverage"], "missing_feeds": payload["missing_feeds"],
            "withheld": payload["blocks"], "undecided": [f["id"] for f in undecided], "waivers": len(payload["waivers"]),
            "grade": ttm["grade"], "index": ttm["index"], "up_to_date": current, "to_send": asked.get(one, []),
            "submitted_by": waiting.by if waiting else None, "candidate": ttm.get("candidate"),
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
        if row["candidate"] is None:
            return {"en": "nobody: it is final", "zh": "无,已为最终结果"}
        how = f"'gci restate {month} --dry-run'"
        return {"en": f"two people: today's data give another result, see {how}", "zh": f"两人:当前数据给出不同结果,见 {how}"}
    if not row["up_to_date"]:
        return {
            "en": f"the maker: data, settings or program changed since, run 'gci run {month}'",
            "zh": f"提交人:数据、设置或程序有变化,请运行 'gci run {month}'",
        }
    if state == SUBMITTED:
        how = f"'gci close {month} --approve --by NAME --statement TEXT'"
        return {
            "en": f"a checker other than {row['submitted_by']}: {how}",
            "zh": f"批准人({row['submitted_by']} 以外):核对后批准",
        }
    submit = f"'gci close {month} --submit --by NAME'"
    if row["undecided"] or row["to_send"]:
        sends, open_ = len(row["to_send"]), len(row["undecided"])
        return {
            "en": f"the site: {sends} things to send, {open_} withholding findings without a decision; the maker may submit it as it is: "
            f"{submit}",
            "zh": f"站点:待报送 {sends} 项,未处理的暂缓问题 {open_} 个;也可按现状提交",
        }
    return {"en": f"the maker: {submit}", "zh": "提交人:提交当月结果"}
