"""A1, computing energy efficiency: FP32 compute of powered servers per unit of facility electricity.

The white paper's composite computing power adds storage and network; they are published beside it and unscored.
"""

from __future__ import annotations

from assets.indicators.inputs import Row, SiteMonth
from assets.indicators.measure import IndicatorValue
from assets.indicators.parts import Components, Evaluated, Head, concluded, energy_parts, input_digest, quotient, refused, unknown, unvalued

HEAD = Head("A1", "GFLOPS/W", "GFLOPS·h", "Wh", ("inventory", "E_DC"))


def measure(site: SiteMonth) -> IndicatorValue:
    """Σ FP32 GFLOPS of powered servers × hours / E_DC (GFLOPS/W). Source: white paper ch. 3 §1 (1), FP32 only; method.md §1."""
    answer = refused(HEAD, site) or unknown(HEAD, site, "E_DC")
    if answer:
        return answer
    inventory = inventory_of(site, "gflops")
    if isinstance(inventory, str):
        return unvalued(HEAD, site, "not_reported", inventory)
    components = {
        **energy_parts("E_DC", site.energy["E_DC"]),
        "compute_gflops_h": inventory["gflops"] * site.hours,
        "storage_tb_h": _times(inventory["storage_tb"], site.hours),
        "network_gbps_h": _times(inventory["network_gbps"], site.hours),
    }
    return concluded(HEAD, components, evaluate, site.parameters, input_digest(HEAD, site), carried=is_carried(inventory))


def evaluate(components: Components) -> Evaluated:
    """GFLOPS·h per Wh; beside it storage (TB/kW) and network (Gbps/kW) per mean facility power."""
    compute, e_dc = components["compute_gflops_h"], components["E_DC"]
    value = quotient(compute, e_dc)
    beside = {
        "storage_tb_per_kw": quotient(_times(components["storage_tb_h"], 1000), e_dc),
        "network_gbps_per_kw": quotient(_times(components["network_gbps_h"], 1000), e_dc),
    }
    return Evaluated(value, compute, e_dc, beside, reason="E_DC is 0: GFLOPS/W is not defined" if value is None else None)


def inventory_of(site: SiteMonth, *columns: str) -> Row | str:
    """The inventory row of the month; or, in a sentence, that there is none or that one of its ``columns`` is unknown."""
    if site.inventory is None or site.inventory["status"] == "not_reported":
        return "no CMDB snapshot of racks and devices stands for the month"
    vague = [column for column in columns if site.inventory[column] is None]
    return f"the CMDB does not tell: {', '.join(vague)}" if vague else site.inventory


def is_carried(inventory: Row) -> bool:
    """Whether the inventory is a snapshot of an earlier month, carried forward (TL05)."""
    return bool(inventory["status"] == "carried_forward")


def _times(quantity: float | None, factor: float) -> float | None:
    return None if quantity is None else quantity * factor
