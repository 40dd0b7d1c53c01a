"""How far a long command is: a bar on a terminal, plain lines otherwise, with an estimate of the time that is left."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Progress = Callable[[str, int, int], None]  # what is at hand ('' at the end), how many are done, of how many

EVERY_S = 2.0  # without a terminal, progress is a line now and then
_LATEST = 12  # the time that is left follows the pace of so many: the months of a backfill become longer as their windows fill


class Pace:
    """How long the latest things took; ``now`` gives the time in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._number = now, 0
        self._since = now()
        self._took: deque[float] = deque(maxlen=_LATEST)

    def left(self, number: int, total: int) -> float | None:
        """Seconds that the rest will take when ``number`` of ``total`` are done: at the mean of the latest. None while nothing is done."""
        done = number - self._number
        if done > 0:
            moment = self._now()
            self._took += [(moment - self._since) / done] * done
            self._number, self._since = number, moment
        return (total - number) * sum(self._took) / len(self._took) if self._took else None


def words(left: float | None) -> str:
    """``about 4 min left 约剩 4 分钟``; '' while nobody can know."""
    if left is None:
        return ""
    if left < 60:
        return f"about {max(round(left), 1)} s left 约剩 {max(round(left), 1)} 秒"
    if left < 90 * 60:
        return f"about {round(left / 60)} min left 约剩 {round(left / 60)} 分钟"
    return f"about {left / 3600:.1f} h left 约剩 {left / 3600:.1f} 小时"


@contextmanager
def progress_lines(title: str) -> Iterator[Progress]:
    """A bar on a terminal, plain lines otherwise; both on stderr."""
    pace = Pace()
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(title, total=None, left="")

            def move(name: str, number: int, total: int) -> None:
                bar.update(task, description=f"{title} {name}", completed=number, total=total, left=words(pace.left(number, total)))

            yield move
    else:
        said = time.monotonic()

        def say(name: str, number: int, total: int) -> None:
            nonlocal said
            left = words(pace.left(number, total))
            if name and time.monotonic() - said >= EVERY_S:
                said = time.monotonic()
                click.echo(f"{title}: {name} ({number + 1} of {total}{left and f', {left}'})", err=True)

        yield say


@contextmanager
def kept_so_far() -> Iterator[Callable[[Progress], Progress]]:
    """Says at Ctrl-C how many months were computed; ``yield``s what wraps a progress to count them."""
    heard = (0, 0)

    def counted(progress: Progress) -> Progress:
        def hear(name: str, number: int, total: int) -> None:
            nonlocal heard
            heard = number, total
            progress(name, number, total)

        return hear

    try:
        yield counted
    except KeyboardInterrupt:
        click.echo(
            f"\n{heard[0]} of {heard[1]} months were computed before the interrupt 中断前已计算 {heard[0]}/{heard[1]} 个月.", err=True
        )
        raise
