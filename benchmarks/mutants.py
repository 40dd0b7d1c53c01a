"""Mutation test of ``checks/rules``: how many changed rules the unit tests notice. ``python -m benchmarks.mutants``.

Cosmic Ray makes the changes, which must be installed beside the test tools (docs/quality.md); here a random sample of them is drawn and
judged, each in a fork of this process so that pandas and pytest are imported once. Run by hand on Linux; nothing of the tree is written.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

RULES = Path("checks/rules")
TESTS = Path("tests/unit/checks/rules")
LEFT_OUT = ("__init__", "catalogue", "document")  # the list of rules and the page made of it hold no judgement
TIMEOUT_S = 600
# Changes that a person could make by mistake. Left out: Cosmic Ray's exotic replacements (a shift for a sum), which any test
# notices and which would flatter the result, and those of ``|``, which here stands in annotations that are never evaluated.
OPERATORS = (
    "NumberReplacer", "AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_USub", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ZeroIterationForLoop",
    "ReplaceContinueWithBreak", "RemoveDecorator", "ExceptionReplacer", "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_NotEq_Eq", "ReplaceComparisonOperator_Is_IsNot", "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceComparisonOperator_Lt_LtE", "ReplaceComparisonOperator_LtE_Lt", "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_GtE_Gt", "ReplaceComparisonOperator_Lt_GtE", "ReplaceComparisonOperator_Gt_LtE",
    "ReplaceBinaryOperator_Add_Sub", "ReplaceBinaryOperator_Sub_Add", "ReplaceBinaryOperator_Mul_Div", "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_FloorDiv_Mul",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """The ``occurrence``-th place of an operator in a module."""

    module: str
    operator: str
    occurrence: int

    def source(self) -> str:
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        changed = mutate_code(_path(self.module).read_text(), get_operator(f"core/{self.operator}")(), self.occurrence)
        assert changed is not None, self
        return str(changed)


def _path(module: str) -> Path:
    return RULES / f"{module}.py"


def mutants() -> list[Mutant]:
    """Every change of every module, in a fixed order."""
    from cosmic_ray.ast import ast_nodes, get_ast_from_path
    from cosmic_ray.plugins import get_operator

    found = []
    for path in sorted(RULES.glob("*.py")):
        if path.stem in LEFT_OUT:
            continue
        tree = get_ast_from_path(path)
        for name in OPERATORS:
            operator = get_operator(f"core/{name}")()
            places = sum(len(list(operator.mutation_positions(node))) for node in ast_nodes(tree))
            found += [Mutant(path.stem, name, at) for at in range(places)]
    return found


def ordered_tests(module: str) -> list[str]:
    """All test files of the rules; those that name the module first, so that most mutants die early."""
    files = sorted(TESTS.glob("test_*.py"))
    near = [file for file in files if file.stem in (f"test_{module}", f"test_{module}_rules")]
    named = [file for file in files if file not in near and f"checks.rules.{module}" in file.read_text()]
    return [str(file) for file in [*near, *named, *(file for file in files if file not in near and file not in named)]]


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed text."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, path, source

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(self.path))

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.path)
        exec(compile(self.source, str(self.path), "exec"), module.__dict__)


def _child(mutant: Mutant, source: str) -> None:
    """In a fork: the tests against the mutant. Leaves with pytest's exit status."""
    import pytest

    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    sys.meta_path.insert(0, _Mutated(f"checks.rules.{mutant.module}", _path(mutant.module), source))
    status = 1
    with contextlib.suppress(BaseException):
        status = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore", *ordered_tests(mutant.module)]))
    os._exit(status)


def judged(sample: Sequence[Mutant], jobs: int) -> dict[Mutant, str]:
    """``killed``, ``survived`` or ``timeout`` (killed too: the tests noticed) of each mutant."""
    left, running, verdicts = list(reversed(sample)), dict[int, tuple[Mutant, float]](), dict[Mutant, str]()
    while left or running:
        while left and len(running) < jobs:
            mutant = left.pop()
            source = mutant.source()
            child = os.fork()
            if child == 0:
                _child(mutant, source)
            running[child] = (mutant, time.monotonic())
        done, status = os.waitpid(-1, os.WNOHANG)
        if done:
            mutant, _ = running.pop(done)
            code = os.waitstatus_to_exitcode(status)
            verdicts[mutant] = "survived" if code == 0 else "timeout" if code == -signal.SIGKILL else "killed"
            if code == 0:
                print(f"survived: {_path(mutant.module)} {mutant.operator} #{mutant.occurrence}\n{_difference(mutant)}", flush=True)
            continue
        for child, (_, begun) in running.items():
            if time.monotonic() - begun > TIMEOUT_S:
                os.kill(child, signal.SIGKILL)
        time.sleep(0.05)
    return verdicts


def _difference(mutant: Mutant) -> str:
    old, new = _path(mutant.module).read_text().splitlines(), mutant.source().splitlines()
    return "\n".join(f"  {at + 1}: {a.strip()}\n    → {b.strip()}" for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)


def main() -> None:
    parser = argparse.ArgumentParser(description="Mutation test of checks/rules on a random sample of all changes.")
    parser.add_argument("--sample", type=int, default=400, help="how many mutants (0: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--modules", nargs="*", help="only these modules of checks/rules")
    asked = parser.parse_args()
    for name in ("hypothesis", "pandas", "polars", "pytest"):
        importlib.import_module(name)  # once, for all forks

    found = [mutant for mutant in mutants() if not asked.modules or mutant.module in asked.modules]
    sample = random.Random(asked.seed).sample(found, min(asked.sample or len(found), len(found)))
    print(f"{len(found)} mutants of {len({m.module for m in found})} modules; judging {len(sample)} (seed {asked.seed})", flush=True)
    verdicts = judged(sample, asked.jobs)
    counts, modules = Counter(verdicts.values()), Counter(m.module for m, v in verdicts.items() if v == "survived")
    killed = len(verdicts) - counts["survived"]
    print(f"killed {killed} of {len(verdicts)} ({killed / len(verdicts):.1%}); {dict(counts)}")
    print("survivors by module:", dict(modules.most_common()))


if __name__ == "__main__":
    main()
