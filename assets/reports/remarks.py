"""Words for what stands beside a number: what a finding can do to it, who waived one, how well it is known.

English and Chinese as equals, for the terminal and the pages alike. Nothing is computed; a result of an older version says nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.reports.words import number

Row = Mapping[str, Any]
_MEGA = {"Wh": ("MWh", 1e6), "L": ("m³", 1e3)}  # what people read instead of the units we count in
_ITEMS_ZH = {"items": "项"}


def materiality_words(finding: Row) -> tuple[str, str] | None:
    """What a finding can do to its quantity, to indicators and to the trailing index.

    None where nobody looked (an older result), and of a mere explanation that has no number.
    """
    said = finding.get("materiality")
    if said is None or (finding["severity"] == "info" and said["index_low"] is None):
        return None
    if said["index_low"] is None:
        return f"What it can do is not quantified: {said['reason_en']}.", f"影响未量化:{said['reason_zh']}。"
    unit, size = _MEGA.get(said["unit"], (said["unit"], 1.0))
    low, high = (said[f"quantity_{end}"] / size for end in ("low", "high"))
    values = [f"{code} {_range(ends)}" for code, ends in sorted(said["indicators"].items())]
    index = f"{signed(said['index_low'], 2)} … {signed(said['index_high'], 2)}"
    named = ", ".join(values)
    quantity = finding["quantity"]
    en = f"It can change {quantity} by {signed(low)} … {signed(high)} {unit}" + (f"; {named}" if named else "") + f"; the index by {index}."
    zh = f"可使 {quantity} 变动 {signed(low)} … {signed(high)} {_ITEMS_ZH.get(unit, unit)}" + (f";{named}" if named else "")
    zh += f";指数变动 {index}。"
    if said["reason_en"]:
        en, zh = f"{en} ({said['reason_en']})", f"{zh}({said['reason_zh']})"
    return en, zh


def signed(value: float, places: int | None = None) -> str:
    """A change with its sign; one that rounds to nothing is 0."""
    text = f"{abs(value):.{places}f}" if places is not None else number(abs(value), 3)
    return text if not value or not float(text.replace(",", "")) else f"{'+' if value > 0 else '−'}{text}"


def _range(ends: list[float | None]) -> str:
    low, high = (number(end) for end in ends)
    return low if low == high else f"{low} … {high}"


def waiver_words(waiver: Row) -> tuple[str, str]:
    """Who let a finding pass, until when and why."""
    what = f"{waiver['code']} {waiver['month']} {waiver['subject']} ({waiver['quantity']})"
    seen = "" if waiver["seen"] is None else f", seen {number(waiver['seen'])}"
    seen_zh = "" if waiver["seen"] is None else f",所见 {number(waiver['seen'])}"
    if waiver["limit"] is not None and seen:
        seen, seen_zh = f"{seen} against {number(waiver['limit'])}", f"{seen_zh},限值 {number(waiver['limit'])}"
    return (
        f"{what} waived by {waiver['by']} until {waiver['until']}: {waiver['reason']} (entry {waiver['entry']}{seen})",
        f"{what} 由 {waiver['by']} 豁免至 {waiver['until']}:{waiver['reason']}(条目 {waiver['entry']}{seen_zh})",
    )


def shares_words(indicator: Row) -> str:
    """``Q1 80 % Q3 20 %``: the shares of the tiers; empty where there is none."""
    shares = indicator.get("quality_shares") or {}
    return " ".join(f"{tier} {_percent(share)}" for tier, share in shares.items())


def _percent(share: float) -> str:
    whole = 100 * share
    return f"{whole:.0f} %" if whole in (0.0, 100.0) or 1 <= whole <= 99 else f"{whole:.2g} %" if whole < 1 else f"{whole:.4g} %"
