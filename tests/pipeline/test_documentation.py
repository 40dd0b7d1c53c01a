"""Documentation that can't rot: what the product has stands in the docs, and what the docs name exists."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from checks.contracts.registry import ACCOUNTS, FEEDS, STAGED
from checks.rules.catalogue import RULES
from pipelines.cli.main import COMMANDS, cli

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
READMES = ("README.md", "README.zh.md")
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def headings(page: str) -> set[str]:
    return set(re.findall(r"^#+ (.+)$", read(DOCS / page), flags=re.MULTILINE))


def test_every_table_is_described() -> None:
    described = {heading.strip("`") for heading in headings("tables.md")}
    above = [*(f"staging/{name}" for name in STAGED), *ACCOUNTS]
    assert {*FEEDS, *above} <= described
    architecture = read(DOCS / "architecture.md")
    for name in above:
        assert f"`{name}`" in architecture


def test_every_rule_is_described_and_no_other() -> None:
    described = {heading.split()[0] for heading in headings("rules.md") if re.match(r"[A-Z]{2}\d\d ", heading)}
    assert described == {rule.code for rule in RULES}


def test_every_command_is_described() -> None:
    assert {heading.removeprefix("gci ") for heading in headings("commands.md") if heading.startswith("gci ")} == set(COMMANDS)


# what a page tells a person to type -------------------------------------------------------------------------------------


def typed(path: Path) -> Iterator[list[str]]:
    """The ``gci`` and ``make`` commands of a page: lines of its code blocks, and what stands in backticks with arguments."""
    fence = re.compile(r"^```[a-z]*\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
    text = read(path)
    lines = [line for block in fence.findall(text) for line in block.splitlines()]
    lines += re.findall(r"`((?:gci|make) [^`]+)`", fence.sub("", text))
    for line in lines:
        if found := re.match(r"\s*(?:\S*/)?(gci|make)\s+(.+)", line):
            yield [found[1], *shlex.split(found[2], comments=True)]


def test_both_readmes_name_the_same_commands() -> None:
    english, chinese = ({tuple(words) for words in typed(ROOT / name)} for name in READMES)
    assert english == chinese
    assert {words[:2] for words in english} >= {("make", "demo"), ("make", "test"), ("gci", "run"), ("gci", "show"), ("gci", "trace")}


def test_both_readmes_name_the_same_pages() -> None:
    links = [set(re.findall(r"\]\(([^)]+)\)", read(ROOT / name))) - set(READMES) for name in READMES]
    assert links[0] == links[1]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_page_says_to_type_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", read(ROOT / "Makefile"), flags=re.MULTILINE))
    top = click.Context(cli, info_name="gci", **cli.context_settings)
    for program, *words in typed(path):
        if program == "make":
            assert words[0] in targets, words
            continue
        if words[0].startswith("-"):
            continue
        command = cli.get_command(top, words[0])
        assert command is not None, f"{path.name}: gci {words[0]}"
        if path.parent == ROOT:
            words = [__file__ if word == "FILE" else word for word in words]
            command.make_context(words[0], words[1:], parent=top)  # raises for an option or argument that is not


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", read(path)):
        if not link.startswith(("http:", "https:")):
            assert (path.parent / link).exists(), link


# lists that are kept by hand --------------------------------------------------------------------------------------------


def test_the_list_of_records_is_whole() -> None:
    records = {path.name: read(path) for path in (DOCS / "adr").glob("0*.md")}
    listed = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\) \| .+ \|$", read(DOCS / "adr" / "README.md"), flags=re.MULTILINE)
    assert [name for _, name in listed] == sorted(records)
    assert [number for number, _ in listed] == [f"{n:04}" for n in range(1, len(records) + 1)]
    for name, text in records.items():
        assert text.startswith(f"# {name[:4]} "), name
        for part in ("Decision", "Consequences", "Rejected"):
            assert f"**{part}" in text, (name, part)


def test_every_dependency_has_its_reason() -> None:
    data = tomllib.loads(read(ROOT / "pyproject.toml"))
    extras = [item for group in data["project"]["optional-dependencies"].values() for item in group]
    wanted = {Requirement(item).name for item in (*data["project"]["dependencies"], *data["build-system"]["requires"], *extras)}
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", read(DOCS / "dependencies.md"), flags=re.MULTILINE)
    told = {name.strip(): reason.strip() for names, reason in rows if names not in ("package", "---") for name in names.split(",")}
    assert set(told) == wanted
    assert all(told.values())
