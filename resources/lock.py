"""One writer at a time: an advisory lock on a file of the home, and with a ledger on a server a lock there too.

The kernel takes a file's lock back when its holder dies, however it dies: nothing is left to clean up. Plain ``fcntl``/``msvcrt``, not
the package filelock: where locks are missing that falls back to files, which a killed process leaves behind, and what stands in the file
is its own; here the file says who holds it. Only commands that write ask for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from resources.errors import GciError

NAME = ".lock"
WAIT_S = 60.0  # for another writer
_EVERY_S = 0.1


@dataclass
class Held:
    """A lock that this process holds: since when (epoch seconds), and how many times it was entered."""

    since_s: float
    depth: int = 1

    @property
    def outermost(self) -> bool:
        return self.depth == 1


# by process too: a child of a fork has the table of its parent, but not its locks
_HELD: dict[tuple[int, Path], Held] = {}


@contextlib.contextmanager
def one_writer(root: Path, what: str, server: contextlib.AbstractContextManager[Callable[[], str]]) -> Iterator[Held]:
    """Hold the lock of a home while its content is changed; inside the same process it may be entered again.

    ``what`` says in a few words what is being done; ``server`` gives a function that asks for the lock of the ledger's server
    (``Database.writer_lock``).
    A second writer waits WAIT_S and says for whom; then GciError says who holds it, since when and what to do.
    """
    key = (os.getpid(), root)
    if (held := _HELD.get(key)) is not None:
        held.depth += 1
        try:
            yield held
        finally:
            held.depth -= 1
        return
    with (root / NAME).open("a+", encoding="utf-8") as handle:
        _wait(lambda: "" if _locked(handle) else _holder(root / NAME))
        try:
            with server as attempt:
                _wait(attempt)
                _write_holder(handle, what)
                _HELD[key] = held = Held(time.time())
                try:
                    yield held
                finally:
                    del _HELD[key]
        finally:
            handle.truncate(0)  # closing the file gives the lock back


def _wait(attempt: Callable[[], str]) -> None:
    """Try until the lock is ours: ``attempt`` returns '', or who holds it."""
    end, said = time.monotonic() + WAIT_S, False
    while holder := attempt():
        if time.monotonic() >= end:
            raise GciError(
                f"Another command is changing this home: {holder}. Wait until it is done, or stop it, and run the same command again; "
                "what it finished is kept. 另一命令正在写入此目录,请等待其结束后重试。"
            )
        if not said:
            said = True
            print(f"Waiting for another command 等待另一命令: {holder} …", file=sys.stderr, flush=True)
        time.sleep(_EVERY_S)


def _write_holder(handle: IO[str], what: str) -> None:
    holder = {
        "pid": os.getpid(), "host": socket.gethostname(), "what": what, "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "since": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }  # fmt: skip
    handle.truncate(0)
    handle.write(json.dumps(holder, ensure_ascii=False) + "\n")
    handle.flush()


def _holder(path: Path) -> str:
    """Who holds the lock, as the file says; it may be between two holders."""
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return f"'{said['what']}', process {said['pid']} on {said['host']}, since {said['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return f"a process that has not said its name (see {path})"


if sys.platform == "win32":
    import msvcrt

    def _locked(handle: IO[str]) -> bool:
        handle.seek(1 << 20)  # a byte that nobody reads: what Windows locks can't be read either
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _locked(handle: IO[str]) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
