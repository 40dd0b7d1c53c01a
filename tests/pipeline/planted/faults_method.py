"""Planted faults whose root is a rule of method (方法, ME).

One function for each change, one entry for each fault; README.md says how.
"""

from __future__ import annotations

from tests.pipeline.planted.fault import DECEMBER, JANUARY, Fault, Found, each_month, found, interim
from tests.pipeline.planted.tables import Tables


def _no_class(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-P1"}, accuracy_class=None)


def _poor_class(t: Tables) -> None:
    t.set("meters", {"meter_id": "S1-P1"}, accuracy_class="2")


def _calibration_over(t: Tables) -> None:
    t.set("meters", {"meter_id": "S2-G1"}, calibrated_until="2026-01-20")


def _slow(t: Tables) -> None:
    kept = [row for row in t.readings("S1-P2") if int(row["read_at"][11:13]) % 3 == 0]
    t.readings("S1-P2")[:] = kept


def _no_multiplier(t: Tables) -> None:
    t.set("meters", {"meter_id": "S2-G2"}, multiplier=None)


def _multiplier_changed(t: Tables) -> None:
    t.renew("meters", {"meter_id": "S1-C"}, "2026-01-15", multiplier=2)
    rows = t.readings("S1-C")
    first = next(float(row["value"]) for row in rows if row["read_at"] == "2026-01-15 00:00")
    for row in rows:
        if row["read_at"] > "2026-01-15":
            row["value"] = f"{first + (float(row['value']) - first) / 2:.3f}"


def _estimated(t: Tables) -> None:
    t.set("meters", {"meter_id": "S2-I1"}, kind="interval", interval_minutes=60, interval_label="start", register_digits=None)
    for meter, day in (("S2-I1", "2026-01-10"), ("S2-I2", "2026-01-20")):
        for row in t.readings(meter):
            if row["read_at"].startswith(day):
                row["quality"] = "E"


def _category_changed(t: Tables) -> None:
    t.renew("sites", {"site_id": "S1"}, "2026-01-01", pue_category=1)


def _by_hand(t: Tables) -> None:
    for row in t.readings("S1-P2"):
        if "2026-01-01" <= row["read_at"] < "2026-01-03":
            row["quality"] = "M"


def _bill_above_meter(t: Tables) -> None:
    bill = t.one("bills", meter_id="S1-G", period_start="2026-01-01")
    bill["quantity"] = f"{float(bill['quantity']) * 1.03:.2f}"


FAULTS: tuple[Fault, ...] = (
    Fault(
        "no_class", "ME01", "an IT meter of S1 has no accuracy class", "S1 一块 IT 表没有准确度等级",
        _no_class, found(each_month(Found("S1", DECEMBER, "ME01", "flag", "E_IT", "S1-P1"))),
    ),
    Fault(
        "poor_class", "ME01", "an IT meter of S1 is of class 2, where 1 is the limit", "S1 一块 IT 表为 2 级,限值为 1 级",
        _poor_class, found(each_month(Found("S1", DECEMBER, "ME01", "flag", "E_IT", "S1-P1"))),
    ),
    Fault(
        "calibration_over", "ME02", "the calibration of a supply meter of S2 ends on 20 January", "S2 一块进线表的检定有效期至一月二十日",
        _calibration_over, found(Found("S2", JANUARY, "ME02", "flag", "E_DC", "S2-G1")),
    ),
    Fault(
        "slow", "ME03", "an IT meter of S1 is read every three hours", "S1 一块 IT 表每三小时一读",
        _slow, found(each_month(Found("S1", DECEMBER, "ME03", "flag", "E_IT", "S1-P2"))),
    ),
    Fault(
        "no_multiplier", "ME04", "a supply meter of S2 has no multiplier: 1 is taken", "S2 一块进线表未填倍率:按 1 计",
        _no_multiplier, found(each_month(Found("S2", DECEMBER, "ME04", "flag", "E_DC", "S2-G2"))),
    ),
    Fault(
        "multiplier_changed", "ME04",
        "the multiplier of S1's cooling meter changes on 15 January without an event: the register can't be joined there",
        "S1 制冷电表倍率于一月十五日变更而无事件:前后示数无法衔接",
        _multiplier_changed,
        found(Found("S1", JANUARY, "ME04", "flag", "", "S1-C"), Found("S1", JANUARY, "CT08", "flag", "", "S1-C", True)),
    ),
    Fault(
        "estimated", "ME05", "each of S2's IT meters sends one day of estimates: 3 % of E_IT is estimated",
        "S2 两块 IT 表各有一天为估读:E_IT 估算占比 3 %",
        _estimated, found(Found("S2", JANUARY, "ME05", "flag", "E_IT", "E_IT")),
    ),
    Fault(
        "category_changed", "ME06",
        "S1 goes over from PUE category 2 to 1 in January: trailing values that mix them are withheld, the month's are not",
        "S1 一月由 PUE 类别 2 改为类别 1:混合口径的滚动值暂缓发布,当月值不受影响",
        _category_changed, found(Found("S1", JANUARY, "ME06", "withhold", "", "pue_category")),
    ),
    Fault(
        "by_hand", "ME08", "an IT meter of S1 was read by hand for two days of January", "S1 一块 IT 表一月有两天为人工抄表",
        _by_hand, found(Found("S1", JANUARY, "ME08", "flag", "E_IT", "S1-P2")),
    ),
    Fault(
        "bill_above_meter", "ME09", "S1's bill for January is 3 % above its meter: E_DC is withheld",
        "S1 一月账单比计量高 3 %:E_DC 暂缓发布",
        _bill_above_meter, found(Found("S1", JANUARY, "ME09", "withhold", "E_DC", "S1-G 2026-01-01"), interim("S1", JANUARY)),
    ),
)  # fmt: skip
