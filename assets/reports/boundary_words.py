"""The collection boundary in words: subjects, roles, remarks and changes, each in English and Chinese.

For ``gci show --boundary`` and the report alike. Only words: what they say is decided in ``assets/staging/boundary.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.reports.words import point_zh

Pair = tuple[str, str]
Found = Mapping[str, Any]

_ROLES: dict[str, Pair] = {
    "check": ("check meter", "校核表"),
    "member": ("member of a virtual meter", "虚拟表成员"),
    "not_counted": ("not counted", "不计入"),
    "water": ("water", "用水"),
}
_SUBJECTS: dict[str, Pair] = {
    "site": ("Site", "站点"),
    "supply": ("Supply points", "供电电源"),
    "direct_line": ("Direct lines", "绿电直连"),
    "onsite_sources": ("On-site sources", "站内电源"),
    "backup": ("Backup generation", "备用发电"),
    "storage": ("Storage", "储能"),
    "export": ("Export", "上网电量"),
    "it": ("IT measuring points", "IT 计量点"),
    "excluded": ("Excluded loads", "不计入的负荷"),
    "water": ("Water", "用水"),
    "heat": ("Heat", "热量"),
}
_FIELDS: dict[str, Pair] = {
    "role": ("role", "作用"), "stated": ("stated", "申报"), "metered": ("metered", "已计量"), "category": ("category", "类别"),
    "point": ("point", "点位"), "parent_meter_id": ("parent", "上级表"), "kind": ("kind", "类型"), "unit": ("unit", "单位"),
    "multiplier": ("multiplier", "倍率"), "accuracy_class": ("accuracy class", "准确度等级"), "capacity": ("capacity", "量程"),
    "transformer_class": ("transformer class", "互感器等级"), "calibrated_until": ("calibrated until", "检定有效期至"),
    "check_meter_of": ("check meter of", "所校核的表"), "members": ("members", "成员"), "shares": ("shares", "分摊比例"),
    "share": ("share", "分摊比例"), "until": ("in force until", "有效期至"), "declared_none": ("declared none", "申报无"),
    "register_digits": ("register digits", "表盘位数"), "interval_minutes": ("interval", "采集间隔"), "stage": ("stage", "阶段"),
    "cluster_id": ("cluster", "集群"), "end_on": ("ends on", "截止日期"), "annual_mwh": ("MWh a year", "年电量 MWh"),
}  # fmt: skip
_KINDS: dict[str, Pair] = {"subject": ("", ""), "meter": ("meter ", "计量点 "), "contract": ("contract ", "合同 ")}
_STORAGE: dict[str, Pair] = {
    "none": ("none", "无"),
    "inside": ("inside the boundary", "边界内"),
    "outside": ("outside the boundary", "边界外"),
}


def role(meter: Found) -> Pair:
    """``+E_DC``, ``check meter``: the role of a meter."""
    text = meter["role"]
    if text[0] in "+-":
        sides = text.replace("-", "−").split()
        return " ".join(sides), " ".join(side.replace("water", "用水") for side in sides)
    return _ROLES[text]


def subjects(found: Found) -> list[tuple[Pair, Pair]]:
    """Each subject of a site's boundary: its name, and what is stated and metered."""
    said = {
        "supply": _supply(found["supply"]),
        "direct_line": _metered(found["direct_line"]),
        "onsite_sources": _metered(found["onsite_sources"]),
        "backup": _metered(found["backup"]),
        "storage": _storage(found["storage"]),
        "export": _metered(found["export"]),
        "it": _it(found["it"]),
        "excluded": _metered(found["excluded"]),
        "water": _water(found["water"]),
        "heat": _metered(found["heat"], "metered_supply", "metered_reuse"),
    }
    return [(_SUBJECTS[name], text) for name, text in said.items()]


def _metered(values: Found, *counts: str) -> Pair:
    """``2 stated, 2 metered``: what is stated where something can be, and how much of it has a meter."""
    en, zh = [], []
    if "stated" in values:
        en.append(f"{values['stated']} stated")
        zh.append(f"申报 {values['stated']}")
    n = sum(values[name] for name in counts or ("metered",))
    en.append(f"{n} metered")
    zh.append(f"已计量 {n}")
    if values.get("fuel_metered"):
        en.append(f"{values['fuel_metered']} fuel meters")
        zh.append(f"燃料表 {values['fuel_metered']}")
    if values.get("declared_none"):
        en.append("declared none")
        zh.append("申报无")
    return ", ".join(en), ",".join(zh)


def _supply(values: Found) -> Pair:
    en, zh = _metered(values)
    return (f"{en} (nobody stated how many: one is assumed)", f"{zh}(未申报路数,按 1 路计)") if values.get("assumed") else (en, zh)


def _storage(values: Found) -> Pair:
    en, zh = _STORAGE.get(values.get("stated", ""), ("not stated", "未申报"))
    n, m = values["metered_charge"], values["metered_discharge"]
    en, zh = f"{en}; {n} charging and {m} discharging metered", f"{zh};充电表 {n},放电表 {m}"
    return (f"{en}, counted", f"{zh},计入") if values["counted"] else (en, zh)


def _it(values: Found) -> Pair:
    if "category" not in values:
        return "the PUE category is not stated", "未填 PUE 类别"
    point = values["point"]
    n, category = values["metered"], values["category"]
    return (
        f"PUE category {category}: {n} {'meter counts' if n == 1 else 'meters count'} at {point.replace('_', ' ')}, no other point does",
        f"PUE 类别 {category}:{point_zh(point)} {n} 块表计入,其他点位不计入",
    )


def _water(values: Found) -> Pair:
    en, zh = _metered(values)
    category = values.get("category")
    en = f"{en}; " + (f"WUE category {category}" if category else "the WUE category is not stated")
    zh = f"{zh};" + (f"WUE 类别 {category}" if category else "未填 WUE 类别")
    n, m = values["metered_reclaimed"], values["metered_discharge"]
    return f"{en}; {n} reclaimed and {m} discharge meters, not counted", f"{zh};再生水表 {n}、排水表 {m},不计入"


def cadence(meter: Found) -> str:
    """Median time between readings; of an interval meter without any its stated length."""
    seconds = meter["cadence_s"] or 60 * meter.get("interval_minutes", 0)
    if not seconds:
        return "–"
    return f"{seconds / 60:g} min" if seconds <= 7200 else f"{seconds / 3600:.3g} h"


def remarks(meter: Found) -> Pair:
    """What a meter checks, is made of or shared by, and when it was in force or changed; empty when there is nothing to say."""
    en, zh = [], []

    def say(english: str, chinese: str) -> None:
        en.append(english)
        zh.append(chinese)

    if meter.get("check_meter_of"):
        say(f"checks {meter['check_meter_of']}", f"校核 {meter['check_meter_of']}")
    if meter.get("members"):
        sum_of = " ".join(f"{'+' if factor > 0 else '−'} {name}" for name, factor in meter["members"]).removeprefix("+ ")
        say(f"= {sum_of}", f"= {sum_of}")
    if meter.get("shares"):
        parts = ", ".join(f"{site} {100 * share:g} %" for site, share in meter["shares"])
        say(f"shared: {parts}", f"共用:{parts}")
    if meter.get("refused"):
        say("its definition is refused", "定义被拒")
    for name, words in (("from", ("since", "自")), ("until", ("until", "至"))):
        if meter.get(name):
            say(f"{words[0]} {meter[name]}", f"{words[1]} {meter[name]}")
    if meter.get("changed_on"):
        say(f"changed on {', '.join(meter['changed_on'])}", f"变更于 {'、'.join(meter['changed_on'])}")
    return "; ".join(en), ";".join(zh)


def change(item: Found) -> Pair:
    """One change since the month before."""
    kind, name = _KINDS[item["kind"]], (item["id"], item["id"])
    if item["kind"] == "subject":
        name = _SUBJECTS.get(item["id"], name)
    en, zh = kind[0] + name[0], kind[1] + name[1]
    if item["change"] != "changed":
        return f"{en}: {item['change']}", f"{zh}:{'新增' if item['change'] == 'added' else '移除'}"
    field = _FIELDS.get(item["field"], (item["field"].replace("_", " "), item["field"]))
    before, after = _value(item["before"]), _value(item["after"])
    return f"{en}: {field[0]} {before} → {after}", f"{zh}:{field[1]} {before} → {after}"


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(" ".join(str(part) for part in item) if isinstance(item, list) else str(item) for item in value)
    return str(value)
