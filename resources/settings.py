"""``gci.toml``: what a home says about itself.

Every key is optional; an unknown one is an error that names it and suggests the nearest. Secrets never stand here: a key
``*_env`` names the environment variable that holds one.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resources.calendar import check_month, zone
from resources.errors import UsageError

DEFAULT_EDITION = "whitepaper-2024.1"

_TOP = {
    "first_month",
    "timezone",
    "engine",
    "ledger",
    "ledger_env",
    "edition",
    "close",
    "rules",
    "sources",
    "feeds",
    "spark",
}
_SECTIONS: dict[str, set[str]] = {"close": {"cutoff_day"}, "spark": {"master"}}
_FEED_KEYS = {"columns", "encoding", "timezone"}
_ENGINES = ("polars", "spark")
_SQLITE = "sqlite:///ledger.db"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MASTER = re.compile(r"local(\[(\d+|\*)\])?|spark://[^\s/]+")


@dataclass(frozen=True)
class FeedSettings:
    """How one feed's files are read: header mapping, encoding (``auto``, ``utf-8``, ``gb18030``), time zone."""

    columns: dict[str, str] = field(default_factory=dict)
    encoding: str = "auto"
    timezone: str | None = None


@dataclass(frozen=True)
class Settings:
    """The settings of a home, with defaults filled in."""

    first_month: str = "2024-01"
    timezone: str = "Asia/Shanghai"
    engine: str = "polars"
    spark_master: str = "local[2]"
    ledger: str = field(default=_SQLITE, repr=False)  # on a server it holds a password
    edition: str = DEFAULT_EDITION
    cutoff_day: int = 8
    rules: dict[str, dict[str, float]] = field(default_factory=dict)
    feeds: dict[str, FeedSettings] = field(default_factory=dict)


def load_settings(path: Path) -> Settings:
    """Read ``gci.toml``; a missing file gives the defaults. UsageError names the key, the value and what is expected."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} can't be read as TOML (UTF-8): {error}.") from None
    return _parse(data, path.name)


def settings_of(document: bytes) -> Settings:
    """The settings as the log keeps them (JSON): what of them can change a number; the rest has its defaults."""
    data = json.loads(document)
    feeds = {name: FeedSettings(**values) for name, values in data.pop("feeds").items()}
    return Settings(**data, feeds=feeds)


def _parse(data: dict[str, Any], name: str) -> Settings:
    _known(data, _TOP, name, "")
    for section, keys in _SECTIONS.items():
        _known(_table(data, section, name), keys, name, f"[{section}] ")
    if data.get("sources"):
        raise UsageError(f"{name}: [sources] is not supported by this version yet; drop files into landing/ instead.")
    if (engine := data.get("engine", Settings.engine)) not in _ENGINES:
        raise UsageError(f'{name}: engine = {engine!r} is none; write engine = "polars" or engine = "spark".')
    master = _table(data, "spark", name).get("master", Settings.spark_master)
    if not isinstance(master, str) or not _MASTER.fullmatch(master):
        raise UsageError(f'{name}: [spark] master = {master!r} is no Spark master; write "local[2]" or "spark://host:7077".')
    ledger = _ledger(data, name)
    cutoff = _table(data, "close", name).get("cutoff_day", Settings.cutoff_day)
    if isinstance(cutoff, bool) or not isinstance(cutoff, int) or not 1 <= cutoff <= 28:
        raise UsageError(f"{name}: [close] cutoff_day = {cutoff!r} is no day of the month from 1 to 28.")
    timezone = _zone(data.get("timezone", Settings.timezone), name, "timezone")
    return Settings(
        first_month=_month(data.get("first_month", Settings.first_month), name),
        timezone=timezone,
        engine=engine,
        spark_master=master,
        ledger=ledger,
        edition=str(data.get("edition", DEFAULT_EDITION)),
        cutoff_day=cutoff,
        rules={code: _numbers(code, values, name) for code, values in _table(data, "rules", name).items()},
        feeds={feed: _feed(feed, values, name) for feed, values in _table(data, "feeds", name).items()},
    )


def _ledger(data: dict[str, Any], name: str) -> str:
    """The URL of the ledger. One with a password comes from the environment only, and no message repeats it."""
    from resources.database import database_url  # settings alone are read without SQLAlchemy

    if "ledger" in data and "ledger_env" in data:
        raise UsageError(f"{name}: ledger and ledger_env both say where the ledger is; write one of them.")
    if "ledger_env" in data:
        variable = data["ledger_env"]
        if not isinstance(variable, str) or not _VARIABLE.fullmatch(variable):
            raise UsageError(
                f'{name}: ledger_env is the name of an environment variable that holds the URL, as in ledger_env = "GCI_LEDGER".'
            )
        if not (url := os.environ.get(variable, "")):
            raise UsageError(f"{name}: ledger_env names the environment variable {variable}, which is not set.")
        where = f"{name}: ledger_env: {variable}"
    else:
        url, where = data.get("ledger", _SQLITE), f"{name}: ledger"
        if not isinstance(url, str):
            raise UsageError(f'{name}: ledger = {url!r} is no URL; write ledger = "sqlite:///ledger.db".')
    try:
        parsed = database_url(url)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    if "ledger" in data and (parsed.password or any("pass" in key for key in parsed.query)):
        raise UsageError(
            f"{name}: ledger holds a password. Put the URL into an environment variable and write its name instead: "
            'ledger_env = "GCI_LEDGER".'
        )
    return url


def _zone(value: Any, name: str, key: str) -> str:
    try:
        zone(str(value))
    except UsageError as error:
        raise UsageError(f"{name}: {key}: {error}") from None
    return str(value)


def _month(value: Any, name: str) -> str:
    try:
        return check_month(str(value))
    except UsageError as error:
        raise UsageError(f"{name}: first_month: {error}") from None


def _feed(feed: str, values: Any, name: str) -> FeedSettings:
    if not isinstance(values, dict):
        raise UsageError(f"{name}: [feeds.{feed}] must be a table.")
    _known(values, _FEED_KEYS, name, f"[feeds.{feed}] ")
    timezone = values.get("timezone")
    if timezone is not None:
        _zone(timezone, name, f"[feeds.{feed}] timezone")
    encoding = values.get("encoding", "auto")
    if encoding not in ("auto", "utf-8", "gb18030", "gbk"):
        raise UsageError(f"{name}: [feeds.{feed}] encoding = '{encoding}'; write auto, utf-8, gbk or gb18030.")
    columns = values.get("columns", {})
    if not isinstance(columns, dict):
        raise UsageError(f'{name}: [feeds.{feed}] columns = {columns!r}; write {{ "your header" = "column" }}.')
    return FeedSettings({str(k): str(v) for k, v in columns.items()}, encoding, timezone)


def _numbers(code: str, values: Any, name: str) -> dict[str, float]:
    if not isinstance(values, dict) or not all(isinstance(v, int | float) for v in values.values()):
        raise UsageError(f"{name}: [rules.{code}] holds thresholds, each a number.")
    return {key: float(value) for key, value in values.items()}


def _table(data: dict[str, Any], section: str, name: str) -> dict[str, Any]:
    value = data.get(section, {})
    if not isinstance(value, dict):
        raise UsageError(f"{name}: [{section}] must be a table.")
    return value


def _known(data: dict[str, Any], known: set[str], name: str, where: str) -> None:
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else f" Known: {', '.join(sorted(known))}."
            raise UsageError(f"{name}: unknown key {where}'{key}'.{hint}")
