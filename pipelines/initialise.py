"""Making a home: folders, header-only templates, and a commented gci.toml."""

from __future__ import annotations

from pathlib import Path

from checks.contracts.registry import FEEDS, template_csv
from resources.errors import UsageError
from resources.home import Home

SETTINGS = """\
# Settings of this home. Every key is optional; an unknown one is an error that suggests the nearest.
# 本目录的设置。所有键均可省略；写错的键会报错并提示最接近的名称。

# first_month = "2024-01"          # the first month that may be computed 首个可计算月份
# timezone = "Asia/Shanghai"       # of sites and feeds that name none 默认时区
# edition = "whitepaper-2024.1"    # which edition of the index scores 指标版本

# [close]
# cutoff_day = 8                   # day of the next month on which a month is computed 次月计算日

# [rules.TL01]                     # thresholds may only be tightened 阈值只能收紧
# withhold_below = 0.95

# [feeds.meter_readings]           # headers of your own, beside the built-in Chinese and English ones 自有表头映射
# columns = { "我的表号" = "meter_id", "我的时间" = "read_at", "我的读数" = "value" }
# encoding = "auto"                # or utf-8, gbk, gb18030
# timezone = "Asia/Shanghai"
"""


def initialise(root: Path) -> Home:
    """Make (or complete) the home in ``root``; what exists is left as it is. UsageError when a file stands in the way."""
    if root.is_file():
        raise UsageError(f"{root} is a file. Name a folder for the new home.")
    home = Home(root.expanduser().resolve())
    for feed in (*FEEDS, "evidence"):
        (home.landing / feed).mkdir(parents=True, exist_ok=True)
    templates = home.root / "templates"
    templates.mkdir(exist_ok=True)
    for feed in FEEDS:
        # BOM: a spreadsheet then shows Chinese that is typed into the template as it is
        (templates / f"{feed}.csv").write_text(template_csv(feed), encoding="utf-8-sig")
    home.reports.mkdir(exist_ok=True)
    if not home.settings_path.exists():
        home.settings_path.write_text(SETTINGS, encoding="utf-8")
    with home.writing("gci init"):
        home.ledger.create()
    return home
