"""Steps, outcomes and cart spans = their oracles; a period inside a pass = the pass of that period."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ConfigError
from paths.analysis import Analysis
from paths.carts.by_period import CartSpans
from paths.carts.counts import Carts
from paths.carts.rules import CartRules
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.journeys.goals import GoalRules
from paths.journeys.scope import NEVER
from paths.overview.event_counts import Coverage
from paths.overview.summary import Summary
from paths.sequences.first_steps import StepFlows
from paths.statistics.intervals import discoveries, newcombe, two_proportion_p
from paths.timing.outcomes import Outcomes
from paths.views.period import InPeriod
from tests.builder import Row, ask, batch_of, columns_of, events_of, instant, journeys_of, minutes, step
from tests.cases import cases
from tests.oracles import paths as oracle
from tests.oracles.sessions import kept_sessions
from tests.property.strategies import STAGES, logs, session_rules

CARTS = CartRules(
    roles={
        "add": frozenset({"a"}),
        "begin_checkout": frozenset({"b"}),
        "purchase": frozenset({"purchase"}),
        "view": frozenset({"c"}),
    },
    quiet_period=minutes(20),
    recovery_window=minutes(90),
)
WINDOWS = st.sampled_from([(0, 60), (30, 300), (100, 100), (-10, 5)])


def test_flows_count_sessions_by_place_and_the_goal_they_hold() -> None:
    rows = [("u", 0, "a"), ("u", 1, "a"), ("u", 2, "purchase"), ("v", 0, "a"), ("w", 0, "b"), ("w", 1, "a")]
    found = ask(StepFlows(steps=2), rows)
    assert columns_of(found, "step", "source", "target", "sessions", "with_goal") == [
        (0, "START", "a", 2, 1),
        (0, "START", "b", 1, 0),
        (1, "a", "END", 1, 0),
        (1, "a", "a", 1, 1),
        (1, "b", "a", 1, 0),
    ]


def test_a_run_of_one_touchpoint_is_one_step_where_repeats_collapse() -> None:
    rows = [("u", 0, "a"), ("u", 1, "a"), ("u", 2, "b")]
    found = ask(StepFlows(steps=3, collapse_repeats=True), rows)
    assert columns_of(found, "step", "source", "target") == [(0, "START", "a"), (1, "a", "b"), (2, "b", "END")]


def test_flows_of_fewer_than_two_steps_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least two"):
        StepFlows(steps=1)


@given(logs(step=5), session_rules(), st.booleans(), st.integers(2, 5))
@cases(50)
def test_flows_are_those_of_the_oracle(rows: list[Row], rules: Any, collapse: bool, steps: int) -> None:
    _, sessions = kept_sessions(events_of(rows), rules)
    expected: Counter[tuple[Any, ...]] = Counter()
    goals: Counter[tuple[Any, ...]] = Counter()
    for session in sessions:
        names = ["START", *(n for n, _ in oracle.visits(session, lambda e: e.name, collapse)), "END"]
        for i in range(min(steps, len(names) - 1)):
            expected[i, names[i], names[i + 1]] += 1
            goals[i, names[i], names[i + 1]] += any(e.name == "purchase" for e in session.events)
    found = ask(StepFlows(steps=steps, collapse_repeats=collapse), rows, **vars(rules))
    keys = {(r["step"], r["source"], r["target"]): (r["sessions"], r["with_goal"]) for r in found}
    assert keys == {k: (n, goals[k]) for k, n in expected.items()}


@given(logs(step=5), session_rules(), WINDOWS)
@cases(50)
def test_outcomes_are_those_of_the_oracle(rows: list[Row], rules: Any, window: tuple[int, int]) -> None:
    span = (instant(window[0]), instant(window[1]))
    events, sessions = kept_sessions(events_of(rows), rules)
    mine = [s for s in sessions if span[0] <= s.start < span[1]]
    found = ask(Outcomes(spans=(span,)), rows, **vars(rules))[0]
    assert found["sessions"] == len(mine)
    assert found["customers"] == len({s.events[0].customer for s in mine})
    assert found["converted"] == sum(any(e.name == "purchase" for e in s.events) for s in mine)
    orders: dict[tuple[Any, ...], int] = {}
    for e in events:
        if e.name == "purchase":
            order = e.get("order_id")
            orders.setdefault((e.customer, "order", order) if order else (e.customer, "at", e.at), e.at)
    assert found["goals"] == sum(span[0] <= at < span[1] for at in orders.values())


def test_time_to_a_goal_runs_from_the_first_event_since_the_goal_before() -> None:
    rows = [
        ("u", 0, "mail"),
        ("u", 10, "a"),
        ("u", 40, "purchase"),
        ("u", 50, "a"),
        ("u", 60, "purchase"),
        ("v", 0, "purchase"),
    ]
    found = ask(Outcomes(spans=((instant(0), instant(100)),)), rows, passive=frozenset({"mail"}))[0]
    assert (found["goals"], found["timed_goals"], found["median_seconds"]) == (3, 2, 600)


@given(logs(step=5), WINDOWS, st.integers(50, 400))
@cases(50)
def test_cart_spans_are_the_carts_of_the_span(rows: list[Row], window: tuple[int, int], as_of: int) -> None:
    span = (instant(window[0]), instant(window[1]))
    found = ask(CartSpans(rules=CARTS, spans=(span,)), rows, as_of=as_of)[0]
    whole = InPeriod(analysis=Carts(rules=CARTS), since=span[0], until=span[1])
    totals = whole.reduce([whole.map(journeys_of(rows, as_of=as_of))]).totals
    names = ("converted", "recovered", "abandoned", "open", "emptied", "abandonment_rate")
    assert {n: found[n] for n in names} == {n: totals[n] for n in names}


ANALYSES: tuple[Analysis[Any], ...] = (
    Summary(),
    Coverage(),
    Transitions(),
    DropOff(return_window=minutes(60)),
    DropOff(by_stage=True),
    StepFlows(steps=3),
    Funnel(steps=tuple(step(n) for n in ("a", "b", "purchase")), window=minutes(45)),
    Funnel(steps=tuple(step(n) for n in ("a", "b")), count="sessions"),
    CartSpans(rules=CARTS, spans=((instant(0), instant(60)),)),
)


@given(logs(step=5), WINDOWS, st.booleans())
@cases(50)
def test_a_period_inside_a_pass_is_the_pass_of_that_period(
    rows: list[Row], window: tuple[int, int], limited: bool
) -> None:
    options: dict[str, Any] = {"as_of": 250, "stages": STAGES, "passive": frozenset({"mail"})}
    if limited:
        options["max_session_events"] = 3
    since, until = instant(window[0]), instant(window[1])
    narrow, wide = journeys_of(rows, since=window[0], until=window[1], **options), journeys_of(rows, **options)
    for analysis in ANALYSES:
        inside = InPeriod(analysis=analysis, since=since, until=until)
        assert inside.columns == analysis.columns
        assert inside.lookback(7) == analysis.lookback(since)
        assert inside.reduce([inside.map(wide)]) == analysis.reduce([analysis.map(narrow)])


def test_a_period_leaves_the_journeys_of_the_pass_as_they_are() -> None:
    journeys = journeys_of([("u", 0, "a"), ("u", 90, "a")])
    InPeriod(analysis=Summary(), since=instant(30)).map(journeys)
    assert (journeys.scope.since, journeys.scope.until) == (-NEVER, NEVER)
    assert journeys.selected.tolist() == [True, True]
    assert len(batch_of([("u", 0, "a")])) == 1


def test_newcombe_gives_the_intervals_of_its_paper() -> None:
    # Newcombe 1998, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10
    assert newcombe(56, 70, 48, 80) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))
    assert newcombe(9, 10, 3, 10) == (pytest.approx(0.1705, abs=1e-4), pytest.approx(0.8090, abs=1e-4))
    assert newcombe(0, 0, 3, 10) == (None, None)


def test_equal_rates_are_no_discovery_and_small_families_are_judged_as_published() -> None:
    assert two_proportion_p(5, 10, 50, 100) == pytest.approx(1.0)
    assert two_proportion_p(0, 10, 0, 100) == two_proportion_p(1, 0, 0, 0) == 1.0
    # Benjamini and Hochberg 1995, section 3.2: the first four of fifteen
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert discoveries(p) == [True] * 4 + [False] * 11
    assert discoveries([]) == []


def test_goal_rules_decide_what_holds_a_goal() -> None:
    rows = [("u", 0, "a"), ("v", 0, "b")]
    found = ask(StepFlows(steps=2, rules=GoalRules(goal=frozenset({"b"}))), rows)
    assert {r["target"]: r["with_goal"] for r in found if r["step"] == 0} == {"a": 0, "b": 1}
