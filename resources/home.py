"""A home folder: where its parts lie, opened once per command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from resources.errors import GciError
from resources.lake import Lake
from resources.ledger import Ledger
from resources.lock import Held, one_writer
from resources.settings import Settings, load_settings


@dataclass(frozen=True)
class Home:
    """A home folder (interfaces.md §1). Opening it reads ``gci.toml``; nothing is written."""

    root: Path

    @staticmethod
    def open(root: Path | str) -> Home:
        """Open an existing home; GciError when the folder is not one."""
        home = Home(Path(root).expanduser().resolve())
        if not home.settings_path.exists() and not home.landing.is_dir():
            raise GciError(
                f"{home.root} is no home of gci (no gci.toml, no landing/). Make one with 'gci init {root}', or name another with --home."
            )
        home.settings  # noqa: B018  a wrong gci.toml is said before anything else happens
        return home

    @cached_property
    def settings(self) -> Settings:
        return load_settings(self.settings_path)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.settings.ledger, self.root)

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.root / "lake")

    @contextlib.contextmanager
    def writing(self, what: str, *, upgrading: bool = False) -> Iterator[Held]:
        """Be the one writer of this home, for ``what`` (a few words); inside it may be entered again. Every command that writes does.

        GciError when another process stays the writer for a minute, or when the ledger is of a version that this code can't write; an older
        one only with ``upgrading``.
        """
        with one_writer(self.root, what, self.ledger.writer_lock(what)) as held:
            if held.outermost:
                self.ledger.check_version(writing=not upgrading)
            yield held

    @property
    def settings_path(self) -> Path:
        return self.root / "gci.toml"

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"
