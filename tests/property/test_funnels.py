"""Funnels of the kernel = the exhaustive oracle; the laws of depth; breakdowns add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.scan.batches import NONE
from paths.funnels.funnel import Funnel
from sessionize.rules import SessionRules
from tests.builder import Event, Row, ask, events_of, instant, minutes, step
from tests.cases import cases
from tests.oracles import funnel as oracle
from tests.oracles.paths import nearest_rank
from tests.oracles.sessions import Session, kept_sessions, may_continue
from tests.property.strategies import as_of_minutes, logs
from tests.property.test_paths import PERIOD, Period, inside, near, period_options

pytestmark = pytest.mark.usefixtures("tier")

LOG = logs(("a", "b", "c", "mail"), customers="uv", most=18)
WINDOWS = st.sampled_from([None, 0, 3, 10, 30, 62, 10_080])


@st.composite
def questions(draw: st.DrawFn, different: bool = False) -> tuple[list[frozenset[str]], list[int | None]]:
    """(steps, minutes within which each follows the one before)."""
    if different:
        names = draw(st.permutations(["a", "b", "c", "mail"]))
        steps = [frozenset({n}) for n in names[: draw(st.integers(1, 4))]]
    else:
        sets = st.frozensets(st.sampled_from(["a", "b", "c", "mail"]), min_size=1, max_size=2)
        steps = draw(st.lists(sets, min_size=1, max_size=3) | st.lists(sets, min_size=3, max_size=4))
    within = draw(st.lists(st.sampled_from([None, None, 0, 2, 10, 30]), min_size=len(steps), max_size=len(steps)))
    return steps, within


def span(n: int | None) -> timedelta | None:
    return None if n is None else minutes(n)


def micro(n: int | None) -> int | None:
    return None if n is None else n * 60_000_000


def units_of(
    events: list[Event], sessions: list[Session], count: str, rules: SessionRules, as_of: int, period: Period
) -> list[oracle.Unit]:
    if count == "sessions":
        return [
            oracle.Unit(s.events, lambda e: True, may_continue(s, rules, as_of))
            for s in sessions
            if inside(s.start, period)
        ]
    people = dict.fromkeys(e.customer for e in events)
    return [oracle.Unit([e for e in events if e.customer == c], lambda e: inside(e.at, period)) for c in people]


def check_funnel(
    rows: list[Row],
    steps: list[frozenset[str]],
    within: list[int | None],
    window: int | None,
    count: str,
    ties: str,
    as_of: int,
    period: Period,
) -> None:
    rules = SessionRules(passive=frozenset({"mail"}), max_duration=minutes(60), max_session_events=12)
    events, sessions = kept_sessions([e for e in events_of(rows) if e.at < instant(as_of)], rules)
    question = oracle.Question(tuple(steps), micro(window), tuple(micro(w) for w in within), ties)
    units = units_of(events, sessions, count, rules, instant(as_of), period)
    found = [r for u in units if (r := oracle.reported(u, question, instant(as_of)))]
    following = {s.events[i].recorded: s.events[i + 1].name for s in sessions for i in range(len(s.events) - 1)}
    funnel = Funnel(
        steps=tuple(step(*sorted(s), within=span(w)) for s, w in zip(steps, within, strict=True)),
        window=span(window),
        count=count,
        ties=ties,
        breakdown="channel",
    )
    answer = ask(funnel, rows, as_of=as_of, **vars(rules), **period_options(period))
    groups = {u.chain[0].get("channel") or NONE for u in found}
    assert {r["channel"] for r in answer} == groups
    for group in groups:
        mine = [u for u in found if (u.chain[0].get("channel") or NONE) == group]
        expected = oracle.counts(mine, len(steps), lambda e: following.get(e.recorded, "END"))
        compare([r for r in answer if r["channel"] == group], expected)
    whole = ask(replace(funnel, breakdown=None), rows, as_of=as_of, **vars(rules), **period_options(period))
    compare(whole, oracle.counts(found, len(steps), lambda e: following.get(e.recorded, "END")))
    for i, row in enumerate(whole, 1):
        for c in ("reached", "dropped", "in_progress"):
            assert row[c] == sum(r[c] for r in answer if r["step"] == i)


def compare(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert [r["step"] for r in found] == list(range(1, len(expected) + 1))
    for row, want in zip(found, expected, strict=True):
        assert {k: row[k] for k in ("reached", "dropped", "in_progress")} == {
            k: want[k] for k in ("reached", "dropped", "in_progress")
        }
        assert near(row["median_seconds"], nearest_rank(want["times"], 50))
        assert near(row["p90_seconds"], nearest_rank(want["times"], 90))
        assert {n["touchpoint"]: n["units"] for n in row["dropped_next"]} == want["dropped_next"]
    for row, after in pairwise(found):
        assert row["reached"] == after["reached"] + row["dropped"] + row["in_progress"]
    assert (found[-1]["dropped"], found[-1]["in_progress"]) == (0, 0)


COUNT = st.sampled_from(["customers", "sessions"])
ANY_CASE = (LOG, questions(), WINDOWS, COUNT, as_of_minutes | st.just(10**6), PERIOD)
TIES_CASE = (LOG, questions(different=True), WINDOWS, COUNT, as_of_minutes | st.just(10**6), PERIOD)
Steps = tuple[list[frozenset[str]], list[int | None]]


@given(*ANY_CASE)
@cases(100)
def test_the_funnel_is_that_of_every_choice_of_events(
    rows: list[Row], steps: Steps, window: int | None, count: str, as_of: int, period: Period
) -> None:
    check_funnel(rows, *steps, window, count, "recorded", as_of, period)


@pytest.mark.proof
@given(*ANY_CASE)
@settings(max_examples=2000)
def test_the_funnel_is_that_of_every_choice_of_events_proved(
    rows: list[Row], steps: Steps, window: int | None, count: str, as_of: int, period: Period
) -> None:
    check_funnel(rows, *steps, window, count, "recorded", as_of, period)


@given(*TIES_CASE)
@cases(100)
def test_with_ties_by_step_events_of_one_instant_come_in_any_order(
    rows: list[Row], steps: Steps, window: int | None, count: str, as_of: int, period: Period
) -> None:
    check_funnel(rows, *steps, window, count, "step", as_of, period)


@pytest.mark.proof
@given(*TIES_CASE)
@settings(max_examples=2000)
def test_with_ties_by_step_events_of_one_instant_come_in_any_order_proved(
    rows: list[Row], steps: Steps, window: int | None, count: str, as_of: int, period: Period
) -> None:
    check_funnel(rows, *steps, window, count, "step", as_of, period)


@given(LOG, st.integers(0, 100), st.integers(0, 100))
@cases(40)
def test_a_wider_window_reaches_no_step_less_often(rows: list[Row], one: int, other: int) -> None:
    steps = tuple(step(n) for n in "abc")
    narrow, wide = (ask(Funnel(steps=steps, window=minutes(m)), rows) for m in sorted((one, other)))
    assert all(n["reached"] <= w["reached"] for n, w in zip(narrow, wide, strict=True))
