"""What is found with compiled loops, with the loops as they are written, and with NumPy alone is one and the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.compiled import Choice, Loop
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.journey_map.cells import cells, stage_ranks
from paths.journey_map.designed import arrivals
from paths.journey_map.friction import FrictionRules, signals
from paths.journey_map.visit_signs import counted, signs_of
from paths.journeys.journeys import Journeys
from paths.journeys.prepare import prepare
from paths.journeys.scope import Scope
from paths.overview.extent import events_by, extent
from paths.sequences.first_steps import StepFlows
from paths.timing.time_to_goal import first_touches
from paths.views.period import during
from paths.views.stages import under
from paths.visits import stage_progress as module
from paths.visits.node_sets import by_customer, followed, members, visited
from paths.visits.session_states import states_of
from paths.visits.stage_progress import going_on, top_later
from paths.visits.visits import endings, stays, visit_counts
from tests.builder import Row, batch_of, step
from tests.cases import cases
from tests.property.test_past import ALL_COLUMNS, DAY, SINCE, STAGES, SURVEYS, UNTIL, histories, scopes

pytest.importorskip("numba")
ORDER, GOAL, WINDOW = ("look", "buy"), frozenset({"buy"}), 3 * DAY
FRICTION = FrictionRules(errors=("rem",), support=("back",), dwell={"see": timedelta(minutes=5)})
NO_RULES = FrictionRules()
STEPS = tuple(step(name) for name in ("see", "add", "buy"))


def everything(journeys: Journeys) -> dict[str, Any]:
    """What the functions with loops find."""
    touchpoint, stage = journeys.touchpoint, journeys.stage
    cell, keys = cells(journeys, "touchpoint")
    ranks, ranks_of_stages = stage_ranks([k.stage for k in keys], ORDER), stage_ranks(stage.names, ORDER)
    there, chosen = visited(journeys, touchpoint), journeys.chosen
    found: dict[str, Any] = {
        "visited": there,
        "customers": by_customer(journeys, there[:, chosen], chosen),
        "members": members(there, len(touchpoint.names)),
        "stages": visited(journeys, stage),
        "followed": followed(journeys, touchpoint, GOAL, WINDOW),
        "followed stages": followed(journeys, stage, GOAL, WINDOW),
        "top": top_later(journeys, ORDER, WINDOW),
        "top of more stages": top_later(journeys, (*ORDER, "nobody's"), WINDOW),
        "going on": going_on(journeys, cell, ranks, ORDER, WINDOW),
        "stages going on": going_on(journeys, stage, ranks_of_stages, ORDER, WINDOW),
        "states": vars(states_of(journeys, GOAL, WINDOW)),
        "counts": visit_counts(journeys, touchpoint),
        "stays": stays(journeys, touchpoint, False),
        "stays of stages": stays(journeys, stage, True),
        "ends": endings(journeys, touchpoint, False),
        "ends of stages": endings(journeys, stage, True),
        "arrivals": arrivals(journeys, ORDER),
        "events": events_by(journeys, touchpoint),
        "extent": extent(journeys),
        "first": first_touches(journeys),
        "signals": signals(journeys, FRICTION),
        "plain signals": signals(journeys, NO_RULES),
        "signs": counted(journeys, signs_of(journeys, FRICTION, GOAL, SURVEYS), cell, GOAL, WINDOW),
    }
    asked = (
        Transitions(),
        Transitions(collapse_repeats=True),
        StepFlows(steps=3, collapse_repeats=True),
        Funnel(steps=STEPS),
    )
    return found | {repr(a): sorted(map(repr, a.map(journeys).to_pylist())) for a in asked}


def plain(value: Any) -> Any:
    """As lists."""
    if isinstance(value, dict):
        return {name: plain(v) for name, v in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [plain(v) for v in value] if isinstance(value, tuple | list) else value


@contextmanager
def tier(compiled: bool, call: Callable[..., Any] = Loop.__call__) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, np.errstate(over="ignore"):
        patch.setattr(Choice, "always", compiled)
        patch.setattr(Loop, "__call__", call)
        yield


def as_written(loop: Loop[..., Any], *args: Any) -> Any:
    return loop.plain(*args)


PERIODS = st.sampled_from([None, (SINCE, UNTIL), (SINCE, SINCE + 2 * DAY), (UNTIL + 100 * DAY, UNTIL + 101 * DAY)])


@given(histories(), scopes(), PERIODS, st.booleans())
@cases(30)
def test_all_tiers_find_the_same(
    rows: list[Row], scope: Scope, period: tuple[int, int] | None, no_passive: bool
) -> None:
    rows = [r for r in rows if r[2] != "mail"] if no_passive else rows
    batch, found = batch_of([*rows, ALL_COLUMNS]), []
    for compiled, call in ((False, Loop.__call__), (True, Loop.__call__), (True, as_written)):
        with tier(compiled, call):
            journeys = under(prepare(batch, scope), STAGES)
            found.append(plain(everything(during(journeys, *period) if period else journeys)))
    for name, value in found[0].items():
        assert found[1][name] == value, name
        assert found[2][name] == value, name
    with tier(True), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "WORD", 4)  # fewer than there are touchpoints, as many as there are stages
        journeys = under(prepare(batch, scope), STAGES)
        assert top_later(journeys, ORDER, WINDOW).tolist() == found[0]["top"]
