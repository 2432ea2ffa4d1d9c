"""Any split of the customers into batches, in any order, adds up to the same answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paths.analysis import Analysis, Merging
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.overview.summary import Summary
from paths.sequences.variants import Variants
from tests.builder import Row, journeys_of, minutes, step
from tests.cases import cases
from tests.property.strategies import STAGES, URL_RULES, logs

STEPS = tuple(step(n) for n in ("a", "b", "purchase"))
ANALYSES: tuple[Analysis[Any], ...] = (
    Summary(),
    Transitions(),
    Transitions(collapse_repeats=True, by_stage=True),
    Variants(),
    DropOff(return_window=minutes(60)),
    DropOff(by_stage=True),
    Funnel(steps=STEPS, window=minutes(45)),
    Funnel(steps=STEPS, count="sessions", ties="step", breakdown="channel"),
)
RULES = {"passive": frozenset({"mail"}), "max_session_events": 8, "touchpoints": URL_RULES, "stages": STAGES}
SCOPE: dict[str, Any] = {"as_of": 250, "since": 10, "until": 200, **RULES}


def check_split(rows: list[Row], batch: dict[str, int]) -> None:
    parts = [journeys_of([r for r in rows if batch[r[0]] == n], **SCOPE) for n in range(3)]
    whole = journeys_of(rows, **SCOPE)
    for analysis in ANALYSES:
        one = analysis.reduce([analysis.map(whole)])
        assert analysis.reduce([analysis.map(p) for p in parts]) == one
        assert analysis.reduce([analysis.map(p) for p in reversed(parts)]) == one
        if isinstance(analysis, Merging):
            *some, last = (analysis.map(p) for p in parts)
            assert analysis.reduce([analysis.merge(some), last]) == one
        assert one.schema == analysis.reduce([]).schema


SPLIT = st.fixed_dictionaries({c: st.integers(0, 2) for c in "uvw"})


@given(logs(step=5), SPLIT)
@cases(30)
def test_batches_of_whole_customers_add_up_to_the_answer_of_one(rows: list[Row], batch: dict[str, int]) -> None:
    check_split(rows, batch)


@pytest.mark.proof
@given(logs(step=5), SPLIT)
@settings(max_examples=2000)
def test_batches_of_whole_customers_add_up_to_the_answer_of_one_proved(rows: list[Row], batch: dict[str, int]) -> None:
    check_split(rows, batch)
