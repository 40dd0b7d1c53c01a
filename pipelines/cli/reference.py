"""docs/commands.md: every command's help, as the command line prints it."""

from __future__ import annotations

import click

from pipelines.cli.main import COMMANDS, cli


def commands_markdown() -> str:
    """The page, generated; a test compares it with the committed file."""
    lines = [
        "# Commands",
        "",
        "Generated from the command line's own help (`python -m pipelines.cli.reference > docs/commands.md`).",
        "",
        "Commands that only read (`show, status, check, trace, score`) answer within a second and do not import Dagster.",
        "",
    ]
    # with the group's own settings: a command remembers its help option from the first context it was asked in
    top = click.Context(cli, info_name="gci", **{**cli.context_settings, "terminal_width": 110})
    lines += ["```", cli.get_help(top), "```", ""]
    for name in COMMANDS:
        command = cli.get_command(top, name)
        if command is None:
            raise LookupError(name)
        context = click.Context(command, info_name=name, parent=top)
        lines += [f"## gci {name}", "", "```", command.get_help(context), "```", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(commands_markdown(), end="")
