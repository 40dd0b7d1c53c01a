"""What every format hands to landing: the table of text, and what the file states beside its readings.

No format is read here, and nothing of the registry of meters is known.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from assets.raw.refused import Refused

HEADER = ("meter_id", "read_at", "value", "quality")


@dataclass(frozen=True)
class FileFacts:
    """``stated``: for each meter the (kind, unit, minutes) of its readings, as the registry of meters must have them.

    ``left_out``: channels that no meter of ours can have, with their unit. ``problems``: source_row → why a reading can't be used.
    """

    stated: dict[str, list[tuple[str, str, float | None]]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    problems: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Readings:
    """``frame``: columns c0 … c3 (meter_id, read_at, value, quality as text) and ``source_row``, one value for one reading."""

    frame: pl.DataFrame
    encoding: str
    facts: FileFacts


class Collected:
    """Readings as they are found in a file."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str | None, str | None, str | None, int]] = []
        self._stated: dict[str, dict[tuple[str, str, float | None], None]] = {}
        self._left_out: dict[str, None] = {}
        self.problems: dict[int, str] = {}

    def add(self, meter_id: str, read_at: str, value: str | None, quality: str | None, source_row: int) -> None:
        self._rows.append((meter_id, read_at or None, value or None, quality or None, source_row))

    def state(self, meter_id: str, kind: str, unit: str, minutes: float | None = None) -> None:
        self._stated.setdefault(meter_id, {})[kind, unit, minutes] = None

    def leave_out(self, meter_id: str, unit: str) -> None:
        self._left_out[f"{meter_id} ({unit or '?'})"] = None

    def readings(self, encoding: str) -> Readings:
        """Everything found; Refused when there is no reading."""
        if not self._rows:
            seen = f" Left out: {', '.join(self._left_out)}." if self._left_out else ""
            seen_zh = f"未采用:{'、'.join(self._left_out)}。" if self._left_out else ""
            raise Refused(
                f"The file holds no reading of energy, power or volume that a meter can have.{seen}",
                f"文件中没有可用的电量、功率或体积读数。{seen_zh}",
            )
        schema = {**dict.fromkeys(("c0", "c1", "c2", "c3"), pl.String), "source_row": pl.Int64}
        stated = {meter: list(kinds) for meter, kinds in self._stated.items()}
        return Readings(
            pl.DataFrame(self._rows, schema=schema, orient="row"), encoding, FileFacts(stated, tuple(self._left_out), self.problems)
        )


def package(module: str, distribution: str, what: str) -> Any:
    """An optional package; Refused with its name when it is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise Refused(
            f"{what} files are read with the package {distribution}, which is not installed. Run 'pip install {distribution}' "
            "and land the file again.",
            f"读取 {what} 文件需要软件包 {distribution},但尚未安装。请运行 pip install {distribution} 后重新入库。",
        ) from None
