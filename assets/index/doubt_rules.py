"""Which doubt a rule's finding means: one line for each rule of the catalogue, or why it has no bound.

A rule that is in neither list is not quantified, and says so. The functions are in ``doubts_of_sides.py`` and ``doubts_of_claims.py``.
"""

from __future__ import annotations

from collections.abc import Callable

from assets.index import doubts_of_claims as claims
from assets.index import doubts_of_sides as sides
from assets.index.doubts import INVENTORY, UNKNOWN, Doubt, NotQuantified, Row, SiteTables

Rule = Callable[[Row, SiteTables], "Doubt | NotQuantified"]
_RULES: dict[str, Rule] = {
    **dict.fromkeys(("TL01", "TL04", "CT02", "CT04", "CT08", "BD12"), sides.unmetered),
    "TL02": sides.stood_still, "CT06": sides.stood_still, "CT07": sides.at_zero,
    "ME01": sides.class_error, "ME04": sides.multiplier, "ME05": sides.estimated, "ME09": sides.bill,
    "BD05": sides.counted_twice, "BD06": sides.residual, "BD07": sides.excess, "BD11": claims.kept,
    **dict.fromkeys(("CT10", "CT11", "CT12", "BD13"), claims.claimed), "CT09": claims.identity,
    "CT13": claims.claimed_too_little, "TL06": claims.claimed_too_little, "CT14": claims.issued_too_much,
    "CT15": claims.document, "TL10": claims.document, "CT18": claims.surplus, "CT01": sides.rejected,
}  # fmt: skip


# Rules whose fault has no bound in the data, and why; any other without a function above is UNKNOWN.
_UNBOUNDED: dict[str, NotQuantified] = {
    "BD01": NotQuantified("what a meter that nobody registered stands for is not known", "未登记计量点代表什么未知"),
    "BD02": NotQuantified("what the meter would count for is not known", "该计量点应如何计入未知"),
    "BD03": NotQuantified("a supply that is not metered has no bound", "未计量的供电没有上限"),
    "BD04": NotQuantified("where IT is measured is not stated", "未申报 IT 计量位置"),
    "BD08": NotQuantified("shared loads that are not metered have no bound", "未计量的共用负荷没有上限"),
    "BD09": NotQuantified("what the meter measured without its event is not known", "缺少事件,该计量点的计量内容未知"),
    "BD10": NotQuantified("water that is not metered has no bound", "未计量的用水没有上限"),
    "BD14": INVENTORY,
        "CT03": NotQuantified("which of two values is right is not known", "两个数值孰是未知"),
    "CT05": NotQuantified("what the hour was without the excess is not known", "扣除超出部分后的数值未知"),
    "CT16": NotQuantified("without the factor or the fuel there is no bound on emissions", "缺少因子或燃料数据,排放没有上限"),
    "CT17": INVENTORY,
    "ME02": NotQuantified("a meter without valid calibration has no error limit", "未在校准有效期内,没有误差限"),
    "ME03": NotQuantified("the month's total holds; when within the month is assumed", "月总量成立,月内分布为假定"),
    "ME06": NotQuantified("values of two categories can't be compared", "两种类别的数值不可比"),
    "ME08": NotQuantified("a reading by hand has no error limit", "人工抄表没有误差限"),
    "TL03": NotQuantified("it counts in the next revision only", "仅在下一版次计入"),
    "TL05": INVENTORY,
    "TL08": NotQuantified("the months that are missing have no bound", "缺少的月份没有界限"),
    "TL09": NotQuantified("it names a candidate and changes nothing", "仅为候选因子,不改变数值"),
}  # fmt: skip


def doubt_of(finding: Row, site: SiteTables) -> Doubt | NotQuantified:
    """What a finding (a row of the ledger) puts in doubt."""
    rule = _RULES.get(finding["code"])
    return rule(finding, site) if rule is not None else _UNBOUNDED.get(finding["code"], UNKNOWN)
