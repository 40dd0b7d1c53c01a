"""The JSON of one result: exactly what ``gci show`` prints (interfaces.md §3), and the digest of what it says.

Keys and their order are fixed here. Nothing is computed that is not in the scored values already, but the digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assets.index.aggregate import IndicatorScore
from assets.index.cluster import dispersion
from assets.index.scorecard import Scored
from assets.indicators.measure import IndicatorValue
from assets.indicators.quality import is_provisional, quality_shares, tier_shares
from checks.findings import worst_first
from resources.digest import digest_json

# Left out of the output digest: when and from which log a result was made, and where its rows lay, is no part of what it says.
RUN_KEYS = ("revision", "state", "log_number", "head_digest", "output_digest")
SIGNIFICANT_DIGITS = 12
_EXACT = (str, int, bool, type(None))  # most of a result
_FLOAT = f"%.{SIGNIFICANT_DIGITS}g"


@dataclass(frozen=True)
class ResultFacts:
    """What a result states about itself besides its numbers. ``months_in_window`` counts the months that have values."""

    entity_id: str
    entity_kind: str  # site or cluster
    month: str
    window: str  # ttm or month
    months_in_window: int
    revision: int
    state: str
    log_number: int
    head_digest: str
    claims_open: bool = False
    pending_mwh: float = 0
    index_if_pending_cancelled: float | None = None  # null: as the index
    claims_complete_on: str | None = None  # the last day on which certificates may still come; null: there are none to come
    claims_pending: tuple[Mapping[str, Any], ...] = ()  # what is still to come, by contract and reason


def result_payload(
    values: Mapping[str, IndicatorValue],
    scored: Scored,
    facts: ResultFacts,
    findings: Iterable[Mapping[str, Any]] = (),
    members: Sequence[Mapping[str, Any]] | None = None,
    waivers: Sequence[Mapping[str, Any]] = (),
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The object of ``gci show``.

    ``values`` by indicator code (those that were scored); ``findings`` rows of the ledger's table ``finding`` (or dicts with the same
    keys) of the entity, with a key ``materiality`` where it was computed; ``members`` of a cluster from ``member_facts``, whose
    ``dispersion`` stands beside them; ``waivers`` that its numbers rest on (``remarks.window_waivers``); ``extra``: what else is said
    of the entity. Returns a dict that is canonical JSON: no NaN, null where a value is not known. Findings stand worst first: by severity,
    then by what they can do to the index.
    """
    edition = scored.edition
    indicators = [indicator_json(score, values.get(score.indicator.code), scored, facts.window) for score in scored.scores]
    payload: dict[str, Any] = {
        "entity_id": facts.entity_id,
        "entity_kind": facts.entity_kind,
        "month": facts.month,
        "window": facts.window,
        "months_in_window": facts.months_in_window,
        "interim": facts.window == "ttm" and (facts.months_in_window < edition.window_months or any(i["interim"] for i in indicators)),
        "revision": facts.revision,
        "state": facts.state,
        "log_number": facts.log_number,
        "head_digest": facts.head_digest,
        "edition": edition.name,
        "edition_digest": edition.digest,
        "convention": edition.convention.en,
        "convention_zh": edition.convention.zh,
        **scored.index_json(),
        "indicators": indicators,
        "claims_open": facts.claims_open,
        "pending_mwh": facts.pending_mwh,
        "index_if_pending_cancelled": scored.index if facts.index_if_pending_cancelled is None else facts.index_if_pending_cancelled,
        "claims_complete_on": facts.claims_complete_on,
        "claims_pending": [dict(row) for row in facts.claims_pending],
        "findings": sorted((finding_json(row) for row in findings), key=worst_first),
        "waivers": [dict(row) for row in sorted(waivers, key=lambda row: row["entry"])],
    }
    for item in indicators:
        valued = item["value"] is not None or item["unbounded"]
        item["waivers"] = [row["finding"] for row in payload["waivers"] if valued and item["code"] in row["indicators"]]
    if members is not None:
        payload["members"] = [dict(member) for member in sorted(members, key=lambda m: str(m["entity_id"]))]
        payload["dispersion"] = dispersion(payload["members"])
    payload["output_digest"] = ""  # its place among the keys
    payload |= extra or {}
    payload["output_digest"] = output_digest(payload)
    return payload


def indicator_json(score: IndicatorScore, measured: IndicatorValue | None, scored: Scored, window: str) -> dict[str, Any]:
    """One element of ``indicators``: value, score, and everything that travels with the value."""
    item = score.indicator
    value = measured or IndicatorValue(item.code, score.status, unit=item.unit)
    return {
        "code": item.code,
        "name": item.en,
        "name_zh": item.zh,
        "pillar": item.pillar,
        "group": item.group,
        "value": score.value,
        "unit": item.unit,
        "score": score.score,
        "weight": item.weight,
        "contribution": scored.contributions[item.code],
        "status": score.status,
        "numerator": value.numerator,
        "denominator": value.denominator,
        "numerator_unit": value.numerator_unit,
        "denominator_unit": value.denominator_unit,
        "coverage": value.coverage,
        "estimated_share": value.estimated_share,
        "low": None,
        "high": None,
        "unbounded": value.unbounded,
        "months": value.months,
        "interim": window == "ttm" and score.reported and item.months == "ratio_of_sums" and value.months < scored.edition.window_months,
        "reason": value.reason if score.status == value.status else "it does not apply at the stage of the site",
        "rules_failed": list(value.rules_failed),
        "input_digest": value.input_digest,
        "category": value.category,
        "quality_tier": value.quality_tier,
        "quality_shares": quality_shares(value.quality),
        "quality_of": {name: tier_shares(tiers) for name, tiers in value.quality.items()},
        "provisional": is_provisional(item.code, value.quality_tier),
        "beside": dict(value.beside),
    }


def finding_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """One element of ``findings`` of a row of the ledger."""
    return {
        "id": row["id"],
        "code": row["code"],
        "severity": row["severity"],
        "site_id": row["site_id"],
        "month": row["month"],
        "quantity": row["quantity"],
        "subject": row["subject"],
        "seen": row["seen"],
        "limit": row["limit"],
        "unit": row["unit"],
        "message": row["message_en"],
        "message_zh": row["message_zh"],
        "because_of": row["because_of"],
        "materiality": row.get("materiality"),
    }


def output_digest(payload: Mapping[str, Any]) -> str:
    """Digest of what a result says: values, scores, statuses, grade, and of each finding its code, severity and subject.

    Log number, head, revision, state, the digests of inputs and the texts of findings are left out; floats count with twelve significant
    digits. So the same rows in other files, another order or another log give the same digest.
    """
    said = {key: value for key, value in payload.items() if key not in RUN_KEYS}
    said["indicators"] = [{key: value for key, value in item.items() if key != "input_digest"} for item in payload["indicators"]]
    said["waivers"] = [{key: value for key, value in row.items() if key != "entry"} for row in payload["waivers"]]
    said["findings"] = sorted([f["code"], f["severity"], f["site_id"], f["month"], f["subject"]] for f in payload["findings"])
    return digest_json(_steady(said))


def _steady(value: Any) -> Any:
    """The same structure with floats as text of twelve significant digits; whole numbers stay exact."""
    kind = type(value)
    if kind is dict or isinstance(value, Mapping):
        return {
            key: item if (of := type(item)) in _EXACT else _FLOAT % item if of is float else _steady(item) for key, item in value.items()
        }
    if kind is list or isinstance(value, list | tuple):
        return [item if type(item) in _EXACT else _steady(item) for item in value]
    return _FLOAT % value if isinstance(value, float) else value
