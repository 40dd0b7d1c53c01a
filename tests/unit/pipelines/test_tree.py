"""Trees on the terminal: rich's own drawing is the second formula."""

from __future__ import annotations

import io
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.tree import Tree

from pipelines.cli.tree import print_tree

LABELS = st.lists(
    st.sampled_from(["[bold]PUE[/]", "电量未知", "744 of 744 hours", "[dim]sha256:0123456789abcdef…[/]", "\\[not markup]", "x" * 50]),
    min_size=1,
).map(" ".join)
TREES = st.recursive(
    LABELS.map(Tree), lambda below: st.builds(lambda label, nodes: _tree(label, nodes), LABELS, st.lists(below, max_size=4)), max_leaves=12
)


def _tree(label: str, nodes: list[Tree]) -> Tree:
    tree = Tree(label)
    tree.children.extend(nodes)
    return tree


def _drawn(draw: Callable[[Console], None], width: int, colour: bool) -> list[str]:
    out = io.StringIO()
    draw(Console(file=out, width=width, highlight=False, force_terminal=colour, color_system="standard" if colour else None))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@given(TREES, st.sampled_from([40, 80, 160]))
@settings(max_examples=150)
def test_a_tree_is_drawn_as_rich_draws_it(tree: Tree, width: int) -> None:
    assert _drawn(lambda out: print_tree(out, tree), width, False) == _drawn(lambda out: out.print(tree), width, False)


def test_a_tree_by_hand() -> None:
    tree = _tree("D1 = 1.5", [_tree("E_DC [dim]= 3[/]", [Tree("G: a long line that goes on")]), Tree("E_IT = 2")])
    assert _drawn(lambda out: print_tree(out, tree), 24, False) == [
        "D1 = 1.5",
        "├── E_DC = 3",
        "│   └── G: a long line",
        "│       that goes on",
        "└── E_IT = 2",
    ]
    assert _drawn(lambda out: print_tree(out, tree), 24, True)[1] == "├── E_DC \x1b[2m= 3\x1b[0m"
