"""Whatever the order of late files, runs, closes, restatements and signatures: the chain is valid, every final figure stays readable as
it was, and can be reproduced. Source: the last sentence of the issue of the close, close.md §1 and §2.

The short test plants results, the long one lands files and computes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.reports.published import Published
from pipelines import closing, restating
from pipelines.closing import approve, submit
from pipelines.recompute import recompute
from pipelines.signing import sign
from pipelines.verify import verify
from resources.digest import canonical_json
from resources.errors import GciError
from resources.home import Home
from resources.revisions import closed_of
from tests.pipeline.closing import CHECKER, FIRST, MAKER, READINGS, SECOND, VERIFIER, copy, plant, restated, update
from tests.pipeline.hand_made import make_home, register, write_csv

# Some are several at once, so that many of the histories come to second and third revisions.
ACTS = ("change", "run", "submit", "approve", "restate", "sign", "close", "correct")
MONTHS = (FIRST, SECOND)
acts = st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(MONTHS), st.integers(1, 4)), min_size=4, max_size=14)


class History:
    """A home on which people act; what each revision said when it was made is remembered beside it."""

    def __init__(self, home: Home, change: Callable[[str, int], object], run: Callable[[], object]) -> None:
        self.home, self.change, self.run = home, change, run
        self.remembered: dict[tuple[str, str, int], str] = {}

    def act(self, act: str, month: str, amount: int) -> None:
        """One act; a refusal is an answer and changes nothing of what is final."""
        before = closed_of(self.home).revisions
        try:
            match act:
                case "change":
                    self.change(month, amount)
                case "run":
                    self.run()
                case "submit":
                    submit(self.home, month, by=MAKER)
                case "approve":
                    approve(self.home, month, by=CHECKER, statement="checked")
                case "restate":
                    restated(self.home, month)
                case "close":
                    self.act("submit", month, amount)
                    self.act("approve", month, amount)
                case "correct":
                    for part in ("change", "run", "restate"):
                        self.act(part, month, amount)
                case "sign":
                    sign(self.home, month, role="verifier", by=VERIFIER, statement=f"assured {amount}", evidence=None)
        except GciError:
            assert closed_of(self.home).revisions == before
        self.remember()

    def remember(self) -> None:
        for (entity, month), found in closed_of(self.home).revisions.items():
            for item in found:
                self.remembered.setdefault((entity, month, item.number), self.said(entity, month, item.number))

    def said(self, entity: str, month: str, number: int) -> str:
        shown = Published(self.home)
        results = [shown.final(entity, month, window, number) for window in ("month", "ttm")]
        return canonical_json([{k: v for k, v in (result or {}).items() if k != "final"} for result in results])

    def holds(self) -> None:
        """The chain is valid, numbers are 1, 2, 3 …, and every revision ever made says what it said."""
        assert verify(self.home) == []
        found = closed_of(self.home).revisions
        for key, revisions in found.items():
            assert [item.number for item in revisions] == list(range(1, len(revisions) + 1)), key
        assert {key: self.said(*key) for key in self.remembered} == self.remembered
        assert len(self.remembered) == sum(map(len, found.values()))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One site, two months, landed and computed; tests copy it."""
    home = make_home(tmp_path_factory.mktemp("tiny") / "home", MONTHS)
    update(home, *MONTHS)
    return home


@contextmanager
def a_copy(home: Home) -> Iterator[Home]:
    with tempfile.TemporaryDirectory() as folder:
        yield copy(home, Path(folder) / "home")


SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@given(acts)
@settings(max_examples=5, suppress_health_check=SLOW)
def test_any_order_with_planted_results(three_months: Path, happened: list[tuple[str, str, int]]) -> None:
    with a_copy(Home.open(three_months)) as home, pytest.MonkeyPatch.context() as patch:
        for module in (closing, restating):
            patch.setattr(module, "up_to_date", lambda *_: True)

        def change(month: str, amount: int) -> None:
            plant(home, month, {"S1": 150 + amount})

        for month in MONTHS:
            change(month, 0)
        history = History(home, change, lambda: None)
        for act in happened:
            history.act(*act)
        problems = [problem for problem in verify(home) if "rows of table result" not in problem.where]
        assert problems == []
        assert {key: history.said(*key) for key in history.remembered} == history.remembered


@pytest.mark.long
@given(acts)
@settings(max_examples=10, suppress_health_check=SLOW)
def test_any_order_with_files_and_computed_results(tiny: Home, happened: list[tuple[str, str, int]]) -> None:
    with a_copy(tiny) as home:

        def change(month: str, amount: int) -> None:
            start = 1000 if month == FIRST else 1000 + 744 * 150
            rows = [(m, at, f"{float(v) + 100 * amount:g}") for m, at, v in register("S1-G", month, 150, start=start)[300:310]]
            number = len(list((home.landing / "meter_readings").iterdir()))
            write_csv(home.landing / "meter_readings" / f"late-{number}.csv", READINGS, rows)

        history = History(home, change, lambda: update(home, *MONTHS))
        for act in [("close", SECOND, 1), *happened, ("run", FIRST, 1), ("submit", FIRST, 1), ("approve", FIRST, 1), ("restate", FIRST, 1)]:
            history.act(*act)
        history.holds()
        again = [recompute(home, None, number) for number in sorted({number for *_, number in history.remembered})]
        assert [problem for done in again for item in done for problem in item.problems] == []
        assert sum(len(item.revisions) for done in again for item in done) == len(history.remembered)
