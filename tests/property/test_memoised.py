"""Many questions of one batch, of several periods and stages: each is answered as if it were the only one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.analysis import Analysis
from paths.journeys.journeys import Journeys, Memo, memoised
from paths.journeys.prepare import prepare
from paths.journeys.scope import Scope
from paths.journeys.touchpoints import StageRule, StageRules
from paths.views.period import InPeriod
from paths.views.stages import UnderStages
from tests.builder import Row, batch_of, scope_of
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
HIDDEN = {"period": {"since", "until"}, "stages": {"stages"}}


class Sealed(Scope):
    """A scope that refuses to say what a memoised function does not say it looks at."""

    hidden: frozenset[str]

    def __getattribute__(self, name: str) -> Any:
        if name in HIDDEN["period"] | HIDDEN["stages"] and name in object.__getattribute__(self, "hidden"):
            raise AssertionError(f"a memoised function looks at the scope's {name} and does not say so")
        return super().__getattribute__(name)


def sealed(journeys: Journeys, period: bool, stages: bool) -> Journeys:
    """The same journeys, with the same memo, under such a scope; nested functions are held to what the outer one says."""
    hidden = frozenset().union(*(HIDDEN[n] for n, said in (("period", period), ("stages", stages)) if not said))
    scope = object.__new__(Sealed)
    vars(scope).update(vars(journeys.scope))
    vars(scope)["hidden"] = hidden | vars(journeys.scope).get("hidden", frozenset())
    whole = None if journeys.whole is None else sealed(journeys.whole, period, stages)
    return replace(journeys, scope=scope, whole=whole)


OTHERS = StageRules((StageRule(name="buy", events=("see", "add")), StageRule(name="look", channels=("app",))))


def elsewhere(analysis: Analysis[Any]) -> Analysis[Any]:
    """The same of other periods and other stages."""
    if isinstance(analysis, UnderStages):
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


@given(histories(), scopes())
@cases(8)
def test_a_memoised_function_looks_at_no_more_of_the_scope_than_it_says(rows: list[Row], scope: Scope) -> None:
    batch = batch_of([*rows, ALL_COLUMNS])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Memo, "given", sealed)
        guarded = [(a, a.map(prepare(batch, scope))) for a in all_questions()]
    for analysis, part in guarded:
        assert part.equals(analysis.map(prepare(batch, scope))), analysis


@memoised()
def forgetful(journeys: Journeys) -> int:
    return len(journeys.chosen)


@memoised(stages=True)
def forgetful_of_the_period(journeys: Journeys) -> int:
    return len(journeys.stage.names) + int(journeys.selected.sum())


def test_a_function_that_forgets_to_say_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Memo, "given", sealed)
    for function in (forgetful, forgetful_of_the_period):
        with pytest.raises(AssertionError, match="looks at the scope's since"):
            function(prepare(batch_of([ALL_COLUMNS]), scope_of(since=0)))
