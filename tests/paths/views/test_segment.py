"""A segment inside a pass = the pass with --segment."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.analysis import Analysis
from paths.carts.counts import Carts
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.journeys.conditions import Condition
from paths.overview.summary import Summary
from paths.timing.outcomes import Outcomes
from paths.views.period import InPeriod
from paths.views.segment import HELD, InSegment
from tests.builder import Row, batch_of, instant, journeys_of, minutes, scope_of, step
from tests.cases import cases
from tests.property.strategies import logs
from tests.reports.test_kernels import CARTS

SPAN = (instant(0), instant(90))
QUESTIONS: dict[str, Analysis[Any]] = {
    "summary": Summary(),
    "paths": Transitions(),
    "dropoff": DropOff(return_window=minutes(60)),
    "outcomes": Outcomes(spans=(SPAN,)),
    "carts": Carts(rules=CARTS),
    "funnel": Funnel(steps=(step("a"), step("b"), step("purchase")), window=minutes(40)),
}


def answer(analysis: Analysis[Any], rows: list[Row], **scope: Any) -> Any:
    found = analysis.reduce([analysis.map(journeys_of(rows, **scope))])
    return getattr(found, "table", found)


@pytest.mark.parametrize("name", QUESTIONS)
@cases(25)
@given(rows=logs(), as_of=st.integers(0, 400), most=st.sampled_from([3, 10_000]))
def test_units_of_a_segment_are_those_of_the_question_with_that_segment(
    name: str, rows: list[Row], as_of: int, most: int
) -> None:
    web = Condition("channel", "=", "web")
    scope = {"as_of": as_of, "max_session_events": most}
    inside = InSegment(analysis=InPeriod(analysis=QUESTIONS[name], since=SPAN[0], until=SPAN[1]), condition=web)
    alone = answer(QUESTIONS[name], rows, segment=(web,), since=0, until=90, **scope)
    assert answer(inside, rows, **scope) == alone


def test_what_a_segment_needs_is_found_once_for_all_who_ask_of_it_in_turn() -> None:
    rows: list[Row] = [("u", 0, "a", {"channel": "web"}), ("v", 0, "a", {"channel": "app"})]
    journeys = journeys_of(rows)
    inside = InSegment(analysis=Summary(), condition=Condition("channel", "=", "web"))
    inside.map(journeys)
    _, found = vars(journeys)[HELD]
    inside.map(journeys)
    assert vars(journeys)[HELD][1] is found
    InSegment(analysis=Summary(), condition=Condition("channel", "=", "app")).map(journeys)
    assert vars(journeys)[HELD][1] is not found
    assert (len(found), len(batch_of(rows)), inside.columns >= {"channel"}, scope_of().segment) == (1, 2, True, ())
