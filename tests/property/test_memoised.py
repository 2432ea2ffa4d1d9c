"""Many questions of one batch, of several periods and stages: each is answered as if it were the only one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.analysis import Analysis
from paths.journeys.prepare import prepare
from paths.journeys.scope import Scope
from paths.journeys.touchpoints import StageRule, StageRules
from paths.views.period import InPeriod
from paths.views.stages import Staged
from tests.builder import Row, batch_of
from tests.cases import cases
from tests.property.test_past import (
    ALL_COLUMNS,
    DAY,
    SINCE,
    UNTIL,
    histories,
    map_questions,
    questions,
    scopes,
)

pytestmark = pytest.mark.usefixtures("tier")
OTHERS = StageRules((StageRule(name="buy", events=("see", "add")), StageRule(name="look", channels=("app",))))


def elsewhere(analysis: Analysis[Any]) -> Analysis[Any]:
    """The same of other periods and other stages."""
    if isinstance(analysis, Staged):
        return replace(analysis, analysis=elsewhere(analysis.analysis), stages=OTHERS)
    if isinstance(analysis, InPeriod):
        return replace(analysis, since=SINCE - 4 * DAY, until=UNTIL - DAY)
    return analysis


def all_questions() -> list[Analysis[Any]]:
    asked = [*questions(timedelta(days=2), timedelta(days=3), carts=True), *map_questions()]
    return [*asked, *map(elsewhere, asked)]


@given(histories(), scopes(), st.randoms(use_true_random=False))
@cases(25)
def test_each_question_is_answered_as_if_it_were_the_only_one(rows: list[Row], scope: Scope, random: Any) -> None:
    batch, asked = batch_of([*rows, ALL_COLUMNS]), all_questions()
    random.shuffle(asked)
    together = prepare(batch, scope)
    for analysis in asked:
        assert analysis.map(together).equals(analysis.map(prepare(batch, scope))), analysis
