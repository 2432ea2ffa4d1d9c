"""The factors' counts are those of units looked at one by one; the odds are those of exact fractions; batches add up."""

from __future__ import annotations

from datetime import timedelta
from math import exp, isclose, log, sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.drivers.drivers import Drivers
from paths.drivers.outcomes import DroppedOff, GoalReached, Outcome, StepTaken
from paths.drivers.rules import Factors
from paths.drivers.table import DriversAnswer
from paths.funnels.funnel import Funnel
from paths.people.factor_members import WithFactor
from paths.statistics.odds import TwoByTwo, q_values
from sessionize.rules import SessionRules
from tests.builder import Row, events_of, instant, journeys_of, minutes, step
from tests.cases import cases
from tests.oracles import drivers as oracle
from tests.oracles import funnel
from tests.oracles.sessions import kept_sessions, may_continue
from tests.property.strategies import as_of_minutes, logs
from tests.property.test_funnels import micro, span, units_of
from tests.property.test_paths import PERIOD, Period, inside, period_options

pytestmark = pytest.mark.usefixtures("tier")

RULES = SessionRules(passive=frozenset({"mail"}), max_duration=minutes(60), max_session_events=12)
GOAL = frozenset({"c"})
WITHIN = st.sampled_from([None, None, 0, 2, 30])


@st.composite
def factors(draw: st.DrawFn, between: bool) -> Factors:
    exposure = timedelta(minutes=draw(st.sampled_from([0, 2, 30, 1440])))
    return Factors(columns=("channel",), exposure=exposure, between=between and draw(st.booleans()))


@st.composite
def questions(draw: st.DrawFn) -> tuple[Outcome, Factors]:
    kind = draw(st.sampled_from(["customers", "sessions", "goal", "drop-off"]))
    if kind == "goal":
        return GoalReached(goal=GOAL), draw(factors(True))
    if kind == "drop-off":
        return DroppedOff(touchpoint="a", goal=GOAL), draw(factors(False))
    names = draw(st.lists(st.sampled_from("abc"), min_size=2, max_size=3))
    steps = tuple(step(n, within=span(draw(WITHIN))) for n in names)
    asked = Funnel(steps=steps, window=span(draw(st.sampled_from([0, 3, 10, 62, 10_080]))), count=kind)
    return StepTaken(funnel=asked, step=draw(st.integers(2, len(steps)))), draw(factors(True))


def expected(rows: list[Row], outcome: Outcome, asked: Factors, as_of: int, period: Period) -> oracle.Found:
    events, sessions = kept_sessions([e for e in events_of(rows) if e.at < instant(as_of)], RULES)
    exposure = None if asked.between else asked.micro
    mine = [s for s in sessions if inside(s.start, period)]

    def over(session: Any) -> bool:
        return not may_continue(session, RULES, instant(as_of))

    if isinstance(outcome, GoalReached):
        return oracle.goals(mine, events, outcome.goal, over, exposure)
    if isinstance(outcome, DroppedOff):
        return oracle.drop_offs(mine, events, outcome.touchpoint, outcome.goal, over, exposure)
    assert isinstance(outcome, StepTaken)
    f = outcome.funnel
    question = funnel.Question(
        tuple(frozenset(m.name for m in s.matchers) for s in f.steps),
        None if f.window is None else micro(f.window // minutes(1)),
        tuple(None if s.within is None else micro(s.within // minutes(1)) for s in f.steps),
    )
    units = units_of(events, sessions, f.count, RULES, instant(as_of), period)
    pairs = list(zip(units, mine, strict=True)) if f.count == "sessions" else [(u, None) for u in units]
    return oracle.steps(pairs, events, question, outcome.step, instant(as_of), exposure)


def table_of(answer: DriversAnswer) -> dict[oracle.Key, tuple[int, int]]:
    return {(r["factor"], r["value"]): (r["units"], r["hits"]) for r in answer.table.to_pylist()}


@given(logs(("a", "b", "c", "mail"), most=22), questions(), as_of_minutes | st.just(10**6), PERIOD)
@cases(50)
def test_factors_are_counted_as_one_unit_after_the_other_and_batches_add_up(
    rows: list[Row], asked: tuple[Outcome, Factors], as_of: int, period: Period
) -> None:
    question = Drivers(outcome=asked[0], factors=asked[1])
    scope: dict[str, Any] = {"as_of": as_of, **vars(RULES), **period_options(period)}
    whole = journeys_of(rows, **scope)
    answer = question.reduce([question.map(whole)])
    found = expected(rows, *asked, as_of, period)
    assert (answer.units, answer.hits, answer.open_) == (
        len(found.units),
        sum(u.hit for u in found.units),
        found.open_,
    )
    assert answer.customers == len({u.at.customer for u in found.units})
    assert table_of(answer) == oracle.counts(found.units, "channel")
    parts = [question.map(journeys_of([r for r in rows if r[0] == c], **scope)) for c in "wuv"]
    assert question.reduce(parts).table == answer.table == question.reduce([question.merge(parts[:2]), parts[2]]).table
    for factor, value in list(table_of(answer))[:3]:
        for having in (True, False):
            who = WithFactor(question=question, factor=factor, value=value, having=having, hit=True)
            n = sum(((factor, value) in {("channel", u.at.get("channel") or "(none)"), *(("touchpoint", m) for m in u.met)}) == having and u.hit for u in found.units)  # fmt: skip
            assert len(who.choose(whole).first) == n


TABLE = st.tuples(*[st.integers(0, 40)] * 4)


@given(st.lists(TABLE, min_size=1, max_size=6))
@cases(40)
def test_the_test_is_fishers_and_the_odds_have_a_half_added_to_each_count(tables: list[tuple[int, ...]]) -> None:
    found = [TwoByTwo(hits=a, misses=b, hits_without=c, misses_without=d) for a, b, c, d in tables]
    exact = [oracle.fisher(*t) for t in tables]  # type: ignore[arg-type]
    for t, p, (a, b, c, d) in zip(found, exact, tables, strict=True):
        assert isclose(t.p_value, p, rel_tol=1e-9)
        ratio = (a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5))
        error = sqrt(sum(1 / (n + 0.5) for n in (a, b, c, d)))
        assert isclose(t.odds_ratio, ratio, rel_tol=1e-9)
        low, high = t.interval
        assert isclose(low, exp(log(ratio) - 1.959963984540054 * error), rel_tol=1e-9)
        assert isclose(low * high, ratio**2, rel_tol=1e-9)
    for q, wanted in zip(q_values([float(p) for p in exact]), oracle.benjamini_hochberg(exact), strict=True):
        assert isclose(q, wanted, rel_tol=1e-9)
