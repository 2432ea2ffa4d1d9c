"""Contributions add up to the move exactly, and are those of an oracle; what they are made of is counted one unit after the other."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from paths.drivers.contributions import Part, of_parts, of_presence, of_steps
from paths.drivers.counts import COLUMN, MET, OPEN, UNITS
from paths.drivers.moves import explained
from paths.drivers.outcomes import GoalReached, Outcome, StepTaken
from paths.drivers.rules import Factors
from paths.drivers.why import Why
from paths.funnels.funnel import Funnel
from paths.statistics.clusters import SUMS
from tests.builder import Row, journeys_of, step
from tests.cases import cases
from tests.oracles import why as oracle
from tests.oracles.drivers import Unit
from tests.property.strategies import as_of_minutes, logs
from tests.property.test_drivers import GOAL, RULES, expected
from tests.property.test_funnels import span
from tests.property.test_paths import Period, period_options


@st.composite
def counted(draw: st.DrawFn) -> oracle.Counts:
    n, n0 = draw(st.integers(0, 50)), draw(st.integers(0, 50))
    return n, draw(st.integers(0, n)), n0, draw(st.integers(0, n0))


def added(values: Any) -> Part:
    return Part(*(sum(column) for column in zip(*values, strict=True)))


def move(whole: Part) -> Fraction:
    return Fraction(whole.hits, whole.n) - Fraction(whole.hits_before, whole.n_before)


@given(st.dictionaries(st.integers(0, 9), counted(), min_size=1, max_size=6))
@cases(200)
def test_the_parts_of_all_units_add_up_to_the_move_exactly(values: dict[int, oracle.Counts]) -> None:
    whole = added(values.values())
    if not whole.n or not whole.n_before:
        return
    found = of_parts({k: Part(*v) for k, v in values.items()}, whole)
    assert sum(c.total for c in found.values()) == move(whole)
    assert {k: tuple(c) for k, c in found.items()} == oracle.parts(values)  # type: ignore[arg-type]


@given(counted(), counted(), st.booleans())
@cases(100)
def test_who_met_what_one_side_alone_has_is_held_against_the_others_of_that_side(
    some: oracle.Counts, others: oracle.Counts, new: bool
) -> None:
    met = Part(*some[:2], 0, 0) if new else Part(0, 0, *some[:2])
    whole = added([met, Part(*others)])
    if not whole.n or not whole.n_before:
        return
    own, rest = of_presence(met, whole)
    assert own.total + rest.total == move(whole)
    if others[0] and others[2] and some[0]:
        now, before = (Fraction(others[i + 1], others[i]) for i in (0, 2))
        assert rest.total == now - before
    if not some[0]:
        assert own.total == 0


@given(st.lists(st.integers(0, 60), min_size=3, max_size=6), st.lists(st.integers(0, 60), min_size=3, max_size=6))
@cases(200)
def test_the_steps_add_up_to_the_move_exactly(now: list[int], before: list[int]) -> None:
    length = min(len(now), len(before))
    now, before = (sorted(side, reverse=True)[:length] for side in (now, before))
    if not now[0] or not before[0]:
        return
    parts = [Part(now[i], now[i + 1], before[i], before[i + 1]) for i in range(length - 1)]
    found = of_steps(parts)
    assert sum(found) == Fraction(now[-1], now[0]) - Fraction(before[-1], before[0])
    assert found == oracle.steps([oracle.both(tuple(p)) for p in parts])  # type: ignore[arg-type]


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    if draw(st.booleans()):
        return GoalReached(goal=GOAL)
    steps = tuple(step(n) for n in ("a", "b", "c"))
    asked = Funnel(steps=steps, window=span(draw(st.sampled_from([3, 62]))), count=draw(st.sampled_from(["customers", "sessions"])))  # fmt: skip
    return StepTaken(funnel=asked, step=draw(st.integers(2, 3)))


def clustered(units: list[Unit], every: list[Unit]) -> tuple[int, ...]:
    """The sums over customers of Clustered, and of their units here times all of theirs."""
    n, x, m = (Counter(u.at.customer for u in some) for some in (units, [u for u in units if u.hit], every))
    pairs = [(n[c], x[c]) for c in n]
    sums = (len(units), sum(x.values()), len(n), sum(a * a for a, _ in pairs), sum(a * b for a, b in pairs))
    return (*sums, sum(b * b for _, b in pairs), sum(n[c] * m[c] for c in n))


@given(logs(("a", "b", "c", "mail"), most=22), outcomes(), as_of_minutes | st.just(10**6))
@cases(40)
def test_what_a_move_is_made_of_is_counted_one_unit_after_the_other(
    rows: list[Row], outcome: Outcome, as_of: int
) -> None:
    period: Period = (None, 300)
    scope: dict[str, Any] = {"as_of": as_of, **vars(RULES), **period_options(period)}
    question = Why(outcome=outcome, factors=Factors(columns=("channel",)))
    parts = [question.map(journeys_of([r for r in rows if r[0] == c], **scope)) for c in "vuw"]
    table = question.reduce(parts)
    assert table.to_pylist() == question.reduce([question.map(journeys_of(rows, **scope))]).to_pylist()
    found = {(r["kind"], r["value"]): tuple(r[c] for c in (*SUMS, "shared")) for r in table.to_pylist()}
    units = expected(rows, outcome, Factors(columns=("channel",), between=True), as_of, period)
    wanted = {(COLUMN, v): clustered([u for u in units.units if (u.at.get("channel") or "(none)") == v], units.units) for v in {u.at.get("channel") or "(none)" for u in units.units}}  # fmt: skip
    met = [(u, u.met | {u.at.name}) for u in units.units]
    wanted |= {(MET, v): clustered([u for u, m in met if v in m], units.units) for v in {v for _, m in met for v in m}}
    if units.units:
        wanted[UNITS, ""] = clustered(units.units, units.units)
    assert {k: v for k, v in found.items() if k[0] != OPEN} == wanted
    assert found.get((OPEN, ""), (0,))[0] == units.open_


@given(logs(("a", "b", "c", "mail"), most=24), logs(("a", "b", "c", "d"), most=24))
@cases(40)
def test_every_question_of_two_periods_adds_up_to_the_same_move(now: list[Row], before: list[Row]) -> None:
    steps = tuple(step(n) for n in ("a", "b", "c"))
    outcome = StepTaken(funnel=Funnel(steps=steps, window=span(62), count="sessions"), step=3, start=1)
    question = Why(outcome=outcome, factors=Factors(columns=("channel", "url")), steps=2)
    sides = [question.reduce([question.map(journeys_of(rows, **vars(RULES)))]) for rows in (now, before)]
    found = explained(sides[0], sides[1], outcome.names, min_n=1)
    if found.total is None:
        assert not found.cells
        return
    sums: dict[Any, Fraction] = {}
    for c in found.cells:
        key = (c.kind, None if c.kind == "step" else c.name)
        sums[key] = sums.get(key, Fraction(0)) + c.contribution.total
    assert set(sums.values()) <= {found.total}
    assert ("step", None) in sums
