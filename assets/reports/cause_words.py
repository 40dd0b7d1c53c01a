"""The causes of a change in both languages: what ``gci restate --cause`` and ``gci diff`` name."""

from __future__ import annotations

CAUSE_WORDS = {
    "LATE_DATA": ("late data", "迟到数据"),
    "CORRECTED_READING": ("corrected readings", "更正读数"),
    "METER_EVENT": ("meters and meter events", "电表与电表事件"),
    "BOUNDARY": ("boundary", "边界"),
    "FACTOR": ("factors", "因子"),
    "METHOD": ("method", "方法"),
    "CERTIFICATE": ("certificates and contracts", "绿证与合同"),
    "CODE_DEFECT": ("program", "程序"),
}
# In the order in which a change is split among them.
CAUSES = tuple(CAUSE_WORDS)
