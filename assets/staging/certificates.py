"""Green electricity certificates: ranges of whole MWh, what was issued, and what became of each part of a range.

Issue and carry, splitting, exact allocation, and the state of every cancelled piece belong here. To whom a piece counts, by which
route and for which month belongs to ``claims.py``. A range is inclusive: one number is one MWh. Rows are plain dicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from assets.staging.claim_rules import ClaimRules

Row = dict[str, Any]
WH_PER_MWH = 1_000_000
_FINAL = {"withdraw": "withdrawn", "freeze": "frozen", "expire": "expired"}


@dataclass(frozen=True, order=True)
class Range:
    """Certificates ``seq_start`` … ``seq_end`` (both included) of one project and production month."""

    project_code: str
    production_month: str
    seq_start: int
    seq_end: int

    @property
    def count(self) -> int:
        """Number of certificates = MWh."""
        return self.seq_end - self.seq_start + 1

    def split(self, count: int) -> tuple[Range, Range]:
        """The first ``count`` certificates and the rest; ValueError unless both parts hold at least one (0…999 at 250: 0…249, 250…999)."""
        if not 0 < count < self.count:
            raise ValueError(f"a range of {self.count} certificates can't be split at {count}")
        middle = self.seq_start + count
        return (
            Range(self.project_code, self.production_month, self.seq_start, middle - 1),
            Range(self.project_code, self.production_month, middle, self.seq_end),
        )

    def merge(self, other: Range) -> Range:
        """This range and the one that begins right after it, as one; ValueError when it doesn't, or is of another project-month."""
        if (other.project_code, other.production_month, other.seq_start) != (self.project_code, self.production_month, self.seq_end + 1):
            raise ValueError(f"{other} does not follow {self}")
        return Range(self.project_code, self.production_month, self.seq_start, other.seq_end)

    def parts(self, counts: Sequence[int]) -> list[Range | None]:
        """The range cut into consecutive parts of the given sizes (None where 0); ValueError unless they sum to its count."""
        if sum(counts) != self.count or min(counts) < 0:
            raise ValueError(f"parts {list(counts)} do not make {self.count} certificates")
        found: list[Range | None] = []
        start = self.seq_start
        for count in counts:
            found.append(Range(self.project_code, self.production_month, start, start + count - 1) if count else None)
            start += count
        return found


def issue(generation_wh: Iterable[int], carry_wh: int = 0) -> list[tuple[int, int]]:
    """Certificates issued month by month and the carry after each: ``n = floor((Wh + carry) / 1 MWh)``, the remainder carried.

    Returns ``(certificates, carry in Wh)`` a month. Source: 国能发新能规〔2024〕67号.
    """
    issued = []
    for energy_wh in generation_wh:
        count, carry_wh = divmod(energy_wh + carry_wh, WH_PER_MWH)
        issued.append((count, carry_wh))
    return issued


def allocate(quantity: int, weights: Sequence[Fraction | int]) -> list[int]:
    """Split a whole quantity in proportion to weights by largest remainder: the parts sum to ``quantity`` exactly.

    Ties go to the earlier position, so callers order by a stable key. ValueError when nothing can be shared out (no weight above 0).
    Source: green-power.md §1.6.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights must be at least 0 and not all 0")
    exact = [Fraction(quantity) * weight / total for weight in weights]
    parts = [share.numerator // share.denominator for share in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for index in order[: quantity - sum(parts)]:
        parts[index] += 1
    return parts


@dataclass(frozen=True)
class Piece:
    """A part of one cancelled range whose certificates all share one fate. ``fault``: why it counts for nothing, else None.

    ``issued``: the row it was issued by; ``event``: the cancellation; ``here``: all events of these certificates, in order; ``others``:
    the other cancellations among them.
    """

    range: Range
    event: Row
    issued: Row | None
    fault: str | None
    here: tuple[Row, ...] = ()

    @property
    def others(self) -> tuple[Row, ...]:
        return tuple(e for e in self.here if e["kind"] == "cancel" and e is not self.event)


def stretches(*groups: Sequence[Row]) -> Iterator[tuple[int, int, list[list[Row]]]]:
    """The numbers between two edges of ranges of one project-month, with the rows of each group that cover them, as they are ordered.

    One pass over the sorted edges; numbers that no row covers are left out, ranges that run backwards cover none.
    """
    edges: dict[int, list[tuple[bool, int, int]]] = defaultdict(list)
    for which, rows in enumerate(groups):
        for number, row in enumerate(rows):
            if row["seq_start"] <= row["seq_end"]:
                edges[row["seq_start"]].append((True, which, number))
                edges[row["seq_end"] + 1].append((False, which, number))
    there: list[set[int]] = [set() for _ in groups]
    start = 0
    for edge in sorted(edges):
        if any(there):
            yield start, edge - 1, [[rows[number] for number in sorted(own)] for rows, own in zip(groups, there, strict=True)]
        for begins, which, number in edges[edge]:
            if begins:
                there[which].add(number)
            else:
                there[which].remove(number)
        start = edge


Said = tuple[str, str]  # in English and in Chinese


def identity_faults(row: Row, rules: ClaimRules) -> list[Said]:
    """What is wrong with the identity of an issued row (CT09): project code, range, registry codes. Empty when nothing is.

    Codes are of the first and the last certificate: they are one code exactly where the range is one certificate (quantity = range).
    """
    faults: list[Said] = []
    code, length, count = str(row["project_code"]), rules.validity["gec_code_length"], row["seq_end"] - row["seq_start"] + 1
    if len(code) != (wanted := rules.validity["project_code_length"]):
        faults.append((f"project code of {len(code)} characters instead of {wanted}", f"项目代码为 {len(code)} 位,应为 {wanted} 位"))
    if count < 1 or row["seq_start"] < 0:
        faults.append(("range runs backwards", "号段起止颠倒"))
    for column in ("gec_code_first", "gec_code_last"):
        text = row.get(column)
        if text is not None and (len(text) != length or not text.startswith(code)):
            faults.append((
                f"{column} is no code of {length} characters that starts with the project code",
                f"{column} 不是以项目代码开头的 {length} 位编码",
            ))  # fmt: skip
    first, last = row.get("gec_code_first"), row.get("gec_code_last")
    if not faults and first is not None and last is not None and (first == last) != (count == 1):
        stands, stands_zh = ("one certificate", "一张") if first == last else ("several certificates", "多张")
        faults.append((f"the codes stand for {stands}, the range for {count}", f"首末编码对应{stands_zh}绿证,号段却为 {count} 张"))
    return faults


def cancelled_pieces(
    certificates: Iterable[Row], events: Iterable[Row], rules: ClaimRules, issuable: Mapping[tuple[str, str], int] | None = None
) -> list[Piece]:
    """Every cancelled range, cut where its fate changes (another row, another event), in a stable order.

    ``certificates``, ``events``: rows of the two feeds for one or many project-months; ``issuable``: the most certificates that the
    generation of a project-month gives, where it is known. Faults, the first that applies: not issued (no row), identity wrong (CT09),
    issued twice, claimed twice (CT11), cancelled before issue and illegal state (CT10), withdrawn, frozen, expired, ccer, mechanism,
    provincial account, foreign scheme, more than generated (CT14). Source: green-power.md §2.
    """
    issued, happened = _by_project_month(certificates), _by_project_month(events)
    pieces = []
    for key in sorted(happened):
        rows, unidentified, excess = _sorted_out(issued.get(key, []), rules, (issuable or {}).get(key))
        found: dict[int, list[Piece]] = defaultdict(list)
        for start, end, (by, nobody, beyond, here) in stretches(rows, unidentified, excess, happened[key]):
            for event in here:
                if event["kind"] != "cancel":
                    continue
                piece = Piece(Range(*key, start, end), event, by[0] if by else None, None, tuple(here))
                fault = _fault(piece, by, rules)
                if fault == "not issued" and nobody:
                    fault = "identity wrong"
                elif fault is None and beyond:
                    fault = "more than generated"
                found[id(event)].append(replace(piece, fault=fault))
        pieces += [piece for event in happened[key] for piece in found.get(id(event), ())]
    return pieces


def held_pieces(
    certificates: Iterable[Row], events: Iterable[Row], rules: ClaimRules, issuable: Mapping[tuple[str, str], int] | None = None
) -> list[Piece]:
    """Ranges transferred to a site and neither passed on, cancelled nor ended: held, shown as pending. ``event`` is the last transfer."""
    issued, happened = _by_project_month(certificates), _by_project_month(events)
    pieces = []
    for key in sorted(happened):
        rows, _unidentified, excess = _sorted_out(issued.get(key, []), rules, (issuable or {}).get(key))
        found: dict[int, list[Piece]] = defaultdict(list)
        for start, end, (by, beyond, here) in stretches(rows, excess, happened[key]):
            if len(by) != 1 or not here or here[-1].get("site_id") is None or any(e["kind"] != "transfer" for e in here):
                continue
            fault = _flag_fault(by[0], here[-1], rules) or ("more than generated" if beyond else None)
            found[id(here[-1])].append(Piece(Range(*key, start, end), here[-1], by[0], fault, tuple(here)))
        pieces += [piece for event in happened[key] for piece in found.get(id(event), ())]
    return pieces


def issuable_count(generation_wh: int) -> int:
    """The most certificates that the generation of one project-month gives: ``floor((Wh + carry) / 1 MWh)``, the carry below 1 MWh.

    The carry of a project depends on all its months before; where they are not known it is taken as the most that it can be (project
    convention), so that nothing is called too much that may have been issued. Source: checks.md CT14; 国能发新能规〔2024〕67号.
    """
    return (generation_wh + WH_PER_MWH - 1) // WH_PER_MWH


def issued_beyond(rows: Iterable[Row], issuable: int) -> list[tuple[int, int]]:
    """The numbers beyond the first ``issuable`` ones that some rows of one project-month issue, as ranges; a number issued twice is one."""
    found, left, after = [], issuable, -1
    for row in sorted(rows, key=lambda r: (r["seq_start"], r["seq_end"])):
        start = max(row["seq_start"], after)
        count = row["seq_end"] - start + 1
        if count <= 0:
            continue
        if count > left:
            found.append((start + left, row["seq_end"]))
        left, after = max(0, left - count), row["seq_end"] + 1
    return found


def _sorted_out(rows: list[Row], rules: ClaimRules, issuable: int | None) -> tuple[list[Row], list[Row], list[Row]]:
    """Issued rows that count, those without identity, and the numbers beyond what was generated (as rows of seq_start and seq_end)."""
    unidentified = [row for row in rows if identity_faults(row, rules)]
    sound = [row for row in rows if row not in unidentified]
    beyond = [] if issuable is None else issued_beyond(sound, issuable)
    return sound, unidentified, [{"seq_start": start, "seq_end": end} for start, end in beyond]


def issued_twice(certificates: Iterable[Row]) -> list[tuple[Range, Row, Row]]:
    """Numbers that two rows claim to have issued (CT09): the common range and both rows."""
    found = []
    for key, rows in sorted(_by_project_month(certificates).items()):
        pairs: dict[tuple[int, int], tuple[Row, Row]] = {}
        for _start, _end, (by,) in stretches(rows):
            pairs |= {(id(one), id(other)): (one, other) for number, one in enumerate(by) for other in by[number + 1 :]}
        for one, other in pairs.values():
            start, end = max(one["seq_start"], other["seq_start"]), min(one["seq_end"], other["seq_end"])
            found.append((Range(*key, start, end), one, other))
    return found


def _by_project_month(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by project and production month, in the order things happened (then by range, so that row order never matters)."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        found[row["project_code"], row["production_month"]].append(row)
    for group in found.values():
        group.sort(key=_happened)
    return found


def _happened(row: Mapping[str, Any]) -> tuple[str, int, str, int, int]:
    # On one day a transfer comes before the cancellation it serves.
    kind = str(row.get("kind", ""))
    return (
        str(row.get("on") or row.get("issued_on")), int(kind != "transfer"), kind, int(row["seq_start"]), int(row["seq_end"]),
    )  # fmt: skip


def _fault(piece: Piece, by: list[Row], rules: ClaimRules) -> str | None:
    """Why a piece counts for nothing; ``by``: the rows that issue it."""
    if not by:
        return "not issued"
    if len(by) > 1:
        return "issued twice"
    if piece.others:
        return "claimed twice"
    if piece.event["on"] < by[0]["issued_on"]:
        return "cancelled before issue"
    ended = [_FINAL[e["kind"]] for e in piece.here if e["kind"] in _FINAL]
    if ended:
        return ended[0]
    if illegal_states(piece.event, piece.here):
        return "illegal state"
    return _flag_fault(by[0], piece.event, rules)


def illegal_states(event: Row, here: Sequence[Row]) -> list[Said]:
    """What is illegal in the life of certificates that ``event`` cancels (CT10); ``here``: all their events in order.

    Legal: issued → transferred* → cancelled | expired | frozen | withdrawn; held by whom it is cancelled for, where transfers are known
    (self-use needs none); not resold after a green-power trade. Source: green-power.md §2.
    """
    faults = []
    transfers = [e for e in here if e["kind"] == "transfer"]
    if any(e["on"] > event["on"] for e in here if e["kind"] != "cancel"):
        faults.append(("something happened after the cancellation", "核销之后又发生变动"))
    if any(e["kind"] in _FINAL and e["on"] <= event["on"] for e in here):
        faults.append(("cancelled after it had expired, been frozen or withdrawn", "过期、冻结或撤销之后又核销"))
    if any(e.get("channel") == "green_trade" for e in transfers[:-1]):
        faults.append(("resold after a green-power trade", "绿电交易之后又转售"))
    last = next((e for e in reversed(transfers) if e["on"] <= event["on"]), None)
    holder, user = (last or {}).get("site_id"), event.get("site_id")
    if holder is not None and user is not None and holder != user and event.get("channel") != "self_use":
        faults.append((f"held by {holder}, cancelled for {user}", f"由 {holder} 持有,却核销给 {user}"))
    return faults


def _flag_fault(issued: Row, event: Row, rules: ClaimRules) -> str | None:
    """What the issued row or the channel says against counting (CT13)."""
    if issued.get("ccer") is True:
        return "ccer"
    if issued.get("mechanism") is True:
        return "mechanism"
    if event.get("channel") == "provincial":
        return "provincial account"
    scheme = issued.get("scheme") or "GEC"
    return None if scheme in rules.validity["schemes_accepted"] else "foreign scheme"
