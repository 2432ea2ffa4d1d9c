"""Stages inside a pass = the pass under those stages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.analysis import Analysis
from paths.dropoff.dropoff import DropOff
from paths.graph.transitions import Transitions
from paths.journey_map.designed import DesignedJourney
from paths.journey_map.journey_map import JourneyMap
from paths.journeys.conditions import Condition
from paths.journeys.touchpoints import StageRule, StageRules
from paths.views.period import InPeriod, during
from paths.views.segment import InSegment
from paths.views.stages import UnderStages, under
from tests.builder import Row, instant, journeys_of, minutes
from tests.cases import cases
from tests.property.strategies import STAGES, logs

OTHERS = StageRules((StageRule(name="first", events=("a", "b")), StageRule(name="apps", channels=("app",))))
NAMES = ("first", "apps")
QUESTIONS: dict[str, Analysis[Any]] = {
    "paths": Transitions(by_stage=True),
    "dropoff": DropOff(return_window=minutes(60), by_stage=True),
    "map": JourneyMap(stages=NAMES, by="stage"),
    "designed": DesignedJourney(stages=NAMES, targets={}),
}
WEB = Condition("channel", "=", "web")


def answer(analysis: Analysis[Any], rows: list[Row], **scope: Any) -> Any:
    return analysis.reduce([analysis.map(journeys_of(rows, **scope))])


@pytest.mark.parametrize("name", QUESTIONS)
@cases(25)
@given(rows=logs(), as_of=st.integers(0, 400), most=st.sampled_from([3, 10_000]), whole=st.booleans())
def test_stages_of_an_analysis_are_those_of_a_pass_under_them(
    name: str, rows: list[Row], as_of: int, most: int, whole: bool
) -> None:
    scope: dict[str, Any] = {"as_of": as_of, "max_session_events": most}
    inside: Analysis[Any] = UnderStages(
        analysis=InPeriod(analysis=QUESTIONS[name], since=instant(0), until=instant(90)), stages=OTHERS
    )
    segment = () if whole else (WEB,)
    asked = inside if whole else InSegment(analysis=inside, condition=WEB)
    alone = answer(QUESTIONS[name], rows, stages=OTHERS, segment=segment, since=0, until=90, **scope)
    assert answer(asked, rows, stages=STAGES, **scope) == alone


def test_what_rules_read_is_read_and_their_stages_are_found_once() -> None:
    staged = UnderStages(analysis=JourneyMap(stages=NAMES, by="stage"), stages=OTHERS)
    assert "channel" in staged.columns
    journeys = journeys_of([("u", 0, "a", {"channel": "app"}), ("u", 1, "c", {"channel": "app"})])
    view = under(journeys, OTHERS)
    assert under(journeys, OTHERS).stage is view.stage
    assert during(view, 0, 1).stage is view.stage
    assert view.stage.texts() == ["first", "apps"]
    assert journeys.stage.texts() == ["(unmapped)", "(unmapped)"]
