"""Behind CPU/GPU utilisation (B3): which rows speak for which servers, for how long, and how busy they say they were."""

from __future__ import annotations

import polars as pl

from assets.staging.inventory import capacity
from assets.staging.utilisation import busy_hours, spoken_hours
from pipelines.traces.inventory import Snapshot
from pipelines.traces.provided import Node, Provided
from pipelines.traces.texts import Texts
from pipelines.traces.work import Work
from resources.calendar import add_months, month_bounds_s, month_range, utc_text
from resources.errors import GciError

_HOURS = ("fp32_hours", "fp32_used_hours", "cpu_fp32_hours", "cpu_used_hours", "gpu_fp32_hours", "gpu_used_hours")


def utilisation(work: Work, code: str, texts: Texts) -> Provided:
    """Capacity-hours known and used, from the landed rows again; pieces of B3. GciError when they are not what was staged."""
    row, held = work.inventory, Snapshot(work)
    if row is None or held.devices is None:
        return Provided({"utilisation": {"rows": 0, "series": []}})
    compute = capacity(held.devices)
    around = month_range(add_months(work.month, -1), add_months(work.month, 1))
    landed = work.feeds.counting("utilisation", around).filter(pl.col("site_id") == work.site_id)
    start_s, end_s = month_bounds_s(work.month, work.zone)
    own = landed.filter(pl.col("at_s").is_between(start_s, end_s, closed="left")).sort("scope", "device_id", "at_s")
    found = busy_hours(spoken_hours(own, work.month, {work.site_id: work.zone}).get(work.site_id), compute)
    sums: Node = dict.fromkeys(_HOURS)
    if found is not None:
        cpu, gpu = found
        known, used = cpu.known + gpu.known, cpu.used + gpu.used
        both = type(cpu)(known, used)
        sums = {
            "fp32_hours": both.known_hours, "fp32_used_hours": both.used_hours, "cpu_fp32_hours": cpu.known_hours,
            "cpu_used_hours": cpu.used_hours, "gpu_fp32_hours": gpu.known_hours, "gpu_used_hours": gpu.used_hours,
        }  # fmt: skip
    for name, value in sums.items():
        if row[name] != value:
            raise GciError(f"The utilisation rows of {work.site_id} give {name} = {value}, but {row[name]} was staged. Run 'gci verify'.")
    series = own.group_by("scope", "device_id", maintain_order=True).agg(
        rows=pl.len(), first_s=pl.col("at_s").min(), last_s=pl.col("at_s").max(), cpu_mean=pl.col("cpu_ratio").mean(),
        gpu_mean=pl.col("gpu_ratio").mean(),
    )  # fmt: skip
    node: Node = {
        "rows": own.height, **sums, "coverage": row["utilisation_coverage"], "gflops": sum(one.gflops for one in compute),
        "series": [{**s, "first": utc_text(s.pop("first_s")), "last": utc_text(s.pop("last_s"))} for s in series.to_dicts()],
        "files": [
            {"entry": n, "name": work.files[n][0], "digest": work.files[n][1], "rows": count}
            for n, count in sorted(own.group_by("entry").len().iter_rows())
        ],
    }  # fmt: skip
    shown = own if work.depth == "rows" else pl.concat([own.head(1), own.tail(1)]).unique(["entry", "source_row"], maintain_order=True)
    names = ["scope", "device_id", "at_s", "cpu_ratio", "gpu_ratio", "entry", "source_row"]
    node["shown"] = [texts.want({**one, "at": utc_text(one.pop("at_s"))}) for one in shown.select(names).to_dicts()]
    pieces = {} if row["gflops"] is None else {**sums, "capacity_hours": row["gflops"] * work.hours / 1000}
    return Provided({"utilisation": node}, pieces)
