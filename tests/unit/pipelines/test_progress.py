"""The time that is left, and the lines that say it: worked out by hand with a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.cli import progress
from pipelines.cli.progress import Pace, kept_so_far, progress_lines, words
from pipelines.cli.render_months import print_months


def clock(*moments: float) -> Pace:
    ticks: Iterator[float] = iter(moments)
    return Pace(lambda: next(ticks))


def test_nothing_is_estimated_before_something_is_done() -> None:
    assert clock(0, 5).left(0, 36) is None


def test_the_rest_goes_at_the_pace_of_what_was_done() -> None:
    pace = clock(100, 104, 110)  # 4 s, then 6 s
    assert pace.left(1, 36) == 4 * 35
    assert pace.left(2, 36) == 5 * 34
    assert pace.left(2, 36) == 5 * 34  # asked again while nothing was done: no other answer


def test_only_the_latest_twelve_count() -> None:
    """Twelve months of 1 s and twelve of 3 s: what follows is expected to take 3 s each."""
    moments = [*range(13), *range(15, 51, 3)]
    pace = clock(*moments)
    answers = [pace.left(number, 36) for number in range(1, 25)]
    assert answers[11] == 24 * 1
    assert answers[-1] == 12 * 3


def test_several_done_at_once_share_their_time() -> None:
    assert clock(0, 10).left(5, 15) == 2 * 10


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (None, ""),
        (0.2, "about 1 s left 约剩 1 秒"),
        (59.4, "about 59 s left 约剩 59 秒"),
        (150, "about 2 min left 约剩 2 分钟"),
        (7200, "about 2.0 h left 约剩 2.0 小时"),
    ],
)
def test_words(left: float | None, said: str) -> None:
    assert words(left) == said


def test_without_a_terminal_there_are_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    monkeypatch.setattr(progress.Pace, "left", lambda _self, number, total: 3.0 * (total - number) if number else None)
    with progress_lines("Computing 计算") as move:
        move("2026-01", 0, 3)
        move("2026-02", 1, 3)
        move("", 3, 3)
    said = capsys.readouterr().err.splitlines()
    assert said == ["Computing 计算: 2026-01 (1 of 3)", "Computing 计算: 2026-02 (2 of 3, about 6 s left 约剩 6 秒)"]


def test_an_interrupt_says_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        with kept_so_far() as counted:
            counted(lambda *_: None)("2026-05", 4, 36)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "4 of 36 months were computed before the interrupt 中断前已计算 4/36 个月" in capsys.readouterr().err


def test_the_table_of_months(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"asked": True, "seconds": 0, "entities": 51, "withheld": 0, "not_reported": 0, "no_grade": 0, "final": 0}
    print_months(
        [
            row | {"month": "2024-01", "outcome": "no_site", "entities": 0},
            row | {"month": "2024-02", "outcome": "unchanged", "asked": False},
            row | {"month": "2024-03", "outcome": "computed", "seconds": 4.25, "withheld": 3, "no_grade": 2},
            row | {"month": "2024-04", "outcome": "computed", "seconds": 5.0, "final": 51},
        ]
    )
    said = capsys.readouterr().out
    lines = {line.split()[0]: " ".join(line.split()) for line in said.splitlines() if line.strip().startswith("2024")}
    assert lines["2024-01"] == "2024-01 no site 无站点 0 0 0 0 –"
    assert lines["2024-02"].startswith("2024-02 unchanged 未变 (before FROM 起始月之前) 51")
    assert lines["2024-03"] == "2024-03 computed 已计算 51 3 0 2 4.2"
    assert lines["2024-04"] == "2024-04 computed 已计算 (candidate 候选) 51 0 0 0 5.0"
    assert "4 months: 2 computed 已计算, 1 unchanged 未变, 1 no site 无站点; 9 s." in said
