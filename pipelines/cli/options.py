"""Options and output that every command shares."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from resources.home import Home

F = TypeVar("F", bound=Callable[..., Any])

# Exit status of a command that did its work but whose result lacks a scored indicator or a grade.
INCOMPLETE = 3


def home_option(function: F) -> F:
    return click.option(
        "--home", "root", envvar="GCI_HOME", default="./var", show_default=True, metavar="DIR",
        help="The home folder (also from GCI_HOME).",
    )(function)  # fmt: skip


def format_option(function: F) -> F:
    return click.option(
        "--format", "output", type=click.Choice(["table", "json"]), default="table", show_default=True,
        help="json is one object on stdout.",
    )(function)  # fmt: skip


def open_home(root: str) -> Home:
    """Open a home and check that this code knows its ledger."""
    home = Home.open(root)
    home.ledger.check_version()
    return home


@contextlib.contextmanager
def writing_home(root: str, what: str) -> Iterator[Home]:
    """Open a home to change it, as its one writer; ``what`` is what others who wait are told."""
    from pipelines.sweep import writing

    with writing(open_home(root), what) as home:
        yield home


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))
