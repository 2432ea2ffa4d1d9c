"""Where nodes are very many, pairs of session and node are counted instead of sets: the answers are the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.analysis import Analysis
from paths.dropoff.dropoff import DropOff
from paths.graph.nodes import Nodes
from paths.journeys.prepare import prepare
from paths.journeys.scope import Scope
from paths.views.period import InPeriod
from paths.views.stages import UnderStages
from tests.builder import Row, batch_of
from tests.cases import cases
from tests.property.test_past import ALL_COLUMNS, GOAL, SINCE, STAGES, UNTIL, histories, map_questions, scopes

pytestmark = pytest.mark.usefixtures("tier")


def questions() -> list[Analysis[Any]]:
    asked: list[Analysis[Any]] = [
        DropOff(rules=GOAL),
        DropOff(rules=GOAL, by_stage=True),
        Nodes(),
        Nodes(by_stage=True),
    ]
    return [
        *map_questions(),
        *(UnderStages(analysis=InPeriod(analysis=a, since=SINCE, until=UNTIL), stages=STAGES) for a in asked),
    ]


@given(histories(), scopes(), st.sampled_from([0, 2, 5]))
@cases(25)
def test_pairs_are_counted_as_sets_are(rows: list[Row], scope: Scope, most: int) -> None:
    batch = batch_of([*rows, ALL_COLUMNS])
    for analysis in questions():
        expected = analysis.map(prepare(batch, scope))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("paths.visits.reach.MOST", most)
            patch.setattr("paths.visits.node_sets.MOST", most)
            assert analysis.map(prepare(batch, scope)).equals(expected), analysis
