"""A tree on the terminal as rich draws it, several times faster: a trace has thousands of lines, most of which need no wrapping."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.segment import Segment, Segments
from rich.text import Text
from rich.tree import Tree

_BLANK, _LINE, _FORK, _END = "    ", "│   ", "├── ", "└── "


def print_tree(out: Console, top: Tree) -> None:
    """Print a tree whose labels are markup; lines that are too long go on below, beside the same guides."""
    out.print(Segments(list(_drawn(out, out.width, top, "", ""))), end="")


def _drawn(out: Console, width: int, node: Tree, first: str, below: str) -> Iterator[Segment]:
    """The lines of a node, the first one after ``first``, and of all below it after ``below``."""
    text, room = Text.from_markup(str(node.label), emoji=False), width - len(first)
    lines = [text] if text.cell_len <= room and "\n" not in text.plain else text.wrap(out, room)
    guide = first
    for line in lines:
        yield Segment(guide)
        yield from line.render(out)
        yield Segment.line()
        guide = below
    for number, child in enumerate(node.children, 1):
        last = number == len(node.children)
        yield from _drawn(out, width, child, below + (_END if last else _FORK), below + (_BLANK if last else _LINE))
