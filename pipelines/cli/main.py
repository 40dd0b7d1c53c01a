"""Entry point of ``gci``: the list of commands and what happens to errors.

Commands are loaded by name, so that a reading command never imports Dagster or pandas. An error that a person can act on is one
message on stderr; a traceback appears only with ``--debug``.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
import traceback
from collections.abc import Sequence

import click

from resources.cycles import look_seldom
from resources.errors import GciError

COMMANDS = {
    "init": "pipelines.cli.writing",
    "demo": "pipelines.cli.writing",
    "land": "pipelines.cli.writing",
    "run": "pipelines.cli.writing",
    "backfill": "pipelines.cli.writing",
    "report": "pipelines.cli.writing",
    "ui": "pipelines.cli.writing",
    "status": "pipelines.cli.reading",
    "show": "pipelines.cli.reading",
    "check": "pipelines.cli.reading",
    "close": "pipelines.cli.close",
    "restate": "pipelines.cli.close",
    "diff": "pipelines.cli.diff",
    "sign": "pipelines.cli.close",
    "trace": "pipelines.cli.trace",
    "certificates": "pipelines.cli.certificates",
    "verify": "pipelines.cli.verify",
    "pack": "pipelines.cli.pack",
    "upgrade": "pipelines.cli.upgrade",
    "score": "pipelines.cli.score",
    "export": "pipelines.cli.export",
}


class _Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="green-compute-index", prog_name="gci")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Computes the data-centre full-lifecycle green computing power index (数据中心全生命周期绿色算力指数).

    Start with 'gci demo' (a simulated fleet), or 'gci init DIR' and files dropped into DIR/landing/.

    Exit status: 0 done; 1 failed; 2 wrong usage; 3 done, but something scored is withheld or not reported, or there is no grade.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``gci`` with arguments (default: the process's) and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        result = cli.main(arguments, prog_name="gci", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Abort:
        return _fail("Interrupted. What was finished is kept; the same command goes on from there.", 1)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f"\nTry '{context.command_path} --help'." if context is not None else ""
        return _fail(f"{error.format_message()}{hint}", 2)
    except GciError as error:
        return _fail(str(error), error.exit_code, arguments)
    except BrokenPipeError:
        # the reader of our output went away (gci show … | head): not our failure
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(_storage_message(error), 1, arguments)
    except Exception as error:  # whatever is left is a bug of ours, and said so
        if _of_polars(error):
            return _fail(_table_message(error), 1, arguments)
        return _fail(
            f"Internal error: {type(error).__name__}: {error}. Nothing half-done was kept. Run again with 'gci --debug …' and report it.",
            1,
            arguments,
        )


def _storage_message(error: OSError) -> str:
    name = error.filename or "the home folder"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{name} can't be written: {error.strerror}. Make the home folder writable, or name another with --home."
    if error.errno == errno.ENOSPC:
        return f"The disk is full while writing {name}. Free some space and run the same command again; nothing is lost."
    return f"{name}: {error.strerror or error}."


def _of_polars(error: Exception) -> bool:
    """Whether reading a table failed. Commands that never loaded Polars did not read one."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(error, polars.exceptions.ComputeError)


def _table_message(error: Exception) -> str:
    return (
        f"A table in lake/ is damaged and can't be read ({str(error).splitlines()[0]}). Run 'gci verify' to see which. Restore it from a "
        "backup; one that is computed (not under lake/parts) may be deleted instead, and 'gci run' makes it again. 数据表已损坏。"
    )


def _fail(message: str, status: int, arguments: Sequence[str] = ()) -> int:
    if "--debug" in arguments:
        traceback.print_exc()
    click.echo(f"gci: {message}", err=True)
    return status


def run() -> None:
    """Console script."""
    look_seldom()
    sys.exit(main())


if __name__ == "__main__":
    run()
