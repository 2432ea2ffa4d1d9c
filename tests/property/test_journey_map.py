"""The cells, signals, feelings and the designed journey of the kernels = those of the oracle; parts add up in any split."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paths.journey_map.designed import DesignedJourney
from paths.journey_map.friction import SIGNALS, FrictionRules
from paths.journey_map.journey_map import JourneyMap
from paths.journey_map.surveys import Survey
from paths.journeys.goals import GoalRules
from paths.journeys.prepare import prepare
from paths.journeys.touchpoints import UNMAPPED, StageRule, StageRules
from tests.builder import MINUTE, Event, Row, batch_of, events_of, instant, minutes, scope_of
from tests.cases import cases
from tests.oracles import journey_map as oracle
from tests.oracles.sessions import kept_sessions
from tests.property.strategies import as_of_minutes, logs

pytestmark = pytest.mark.usefixtures("tier")

NAMES = ("a", "b", "c", "oops", "call", "purchase", "mail", "csat", "nps")
ORDER = ("look", "buy", "help")
PLACES = {"a": "look", "b": "look", "purchase": "buy", "call": "help", "oops": "help"}
STAGES = StageRules(tuple(StageRule(name=s, events=tuple(n for n, p in PLACES.items() if p == s)) for s in ORDER))
FRICTION = FrictionRules(errors=("oops",), support=("call",), dwell={"a": minutes(2), "b": minutes(5)})
DWELL = {"a": 2 * MINUTE, "b": 5 * MINUTE}
SURVEYS = (Survey(event="csat", kind="csat", about="about"), Survey(event="nps", kind="nps", about="about"))
PASSIVE = frozenset({"mail", "nps"})
WINDOW = timedelta(hours=1)


@st.composite
def surveyed(draw: st.DrawFn) -> list[Row]:
    """A log with answers, some off their scale, some about a touchpoint."""
    rows = draw(logs(names=NAMES, step=5))
    score, about = (
        st.sampled_from([None, "0", "1", "3", "5", "7", "9", "10", "11", "x"]),
        st.sampled_from([None, None, "a", "c", "z"]),
    )
    return [
        (
            who,
            at,
            name,
            {k: v for k, v in (("score", draw(score)), ("about", draw(about))) if v is not None and v != "x"},
        )
        if name in ("csat", "nps")
        else (who, at, name, extra | {"url": draw(st.sampled_from([None, "/x", "/x?q", "/y"]))})
        for who, at, name, extra in rows
    ]


def stage(e: Event) -> str:
    return PLACES.get(e.name, UNMAPPED)


def rank(e: Event) -> int:
    return ORDER.index(PLACES[e.name]) if e.name in PLACES else -1


def asked(rows: list[Row], as_of: int) -> Any:
    batch = batch_of(rows)
    if not {"score", "about"} <= set(batch.columns):  # the store gives every column that is asked for
        rows = [*rows, ("zz", 1000, "pad", {"score": "", "about": ""})]
        batch = batch_of(rows)
    scope = scope_of(as_of=as_of, passive=PASSIVE, stages=STAGES)
    question = JourneyMap(
        stages=ORDER,
        rules=GoalRules(),
        return_window=WINDOW,
        surveys=SURVEYS,
        friction=FRICTION,
        cost={"call": 650},
        min_n=2,
    )
    keys = np.unique(batch.key)
    halves = [batch.take(np.isin(batch.key, part)) for part in (keys[::2], keys[1::2])]
    return question.reduce([question.map(prepare(half, scope)) for half in halves])


def check(rows: list[Row], as_of: int) -> None:
    events = [e for e in events_of(rows) if e.at < instant(as_of)]
    _, sessions = kept_sessions(events, scope_of(passive=PASSIVE).sessions)
    shown = oracle.signals(sessions, events, {"oops"}, {"call"}, DWELL)
    for e in events:
        shown[e.recorded] -= set(SIGNALS) if e.name == "purchase" else set()
    expected = oracle.cells(
        sessions,
        events,
        lambda e: f"{stage(e)} {e.name}",
        rank,
        PASSIVE,
        {"purchase"},
        shown,
        WINDOW // timedelta(microseconds=1),
        instant(as_of),
        len(ORDER) - 1,
    )
    answer = asked(rows, as_of)
    found = {f"{r['stage']} {r['touchpoint']}": r for r in answer.table.to_pylist() if r["touchpoint"] != "pad"}
    assert {k for k, r in found.items() if r["customers"]} == set(expected)
    for name, want in expected.items():
        row = found[name]
        assert [row[k] for k in ("customers", "events", "visits", "sessions", "drop_off")] == [
            want[k] for k in ("customers", "events", "visits", "sessions", "drop_off")
        ]
        assert row["conversion"] == (round(want["converting"] / want["closed"], 6) if want["closed"] else None)
        assert row["goes_on"] == (round(want["goes_on"] / want["goes_on_of"], 6) if want["goes_on_of"] else None)
        able = want["visits"] - want["goals"]
        assert row["friction"] == (round(want["friction"] / able, 6) if able else None)
        visits = [(s, i, e) for s in sessions for i, e in enumerate(s.events) if f"{stage(e)} {e.name}" == name]
        for signal in SIGNALS:
            hits = sum(signal in shown[e.recorded] for _, _, e in visits)
            among = sum(e.name != "purchase" and oracle.room(s, i, signal, {"call"}, DWELL) for s, i, e in visits)
            assert row[f"friction_{signal}"] == (round(hits / among, 6) if among else None)
    check_feelings(events, found, answer.totals)
    check_moments(sessions, events, shown, answer.moments.to_pylist(), as_of)
    calls = sum(e.name == "call" for s in sessions for e in s.events)
    assert sum(r["cost"] or 0 for r in found.values()) == pytest.approx(6.5 * calls)


def check_moments(sessions: Any, events: list[Event], shown: Any, found: list[dict[str, Any]], as_of: int) -> None:
    bad = {e.recorded for e in events if shown[e.recorded] - {"contact"} or called_first(e, events, shown)}
    bad |= {
        v.recorded
        for _, value, v, _ in oracle.answers(events, PASSIVE, {"csat": "csat", "nps": "nps"})
        if v and value < 0
    }
    window = WINDOW // timedelta(microseconds=1)
    want = oracle.moments(sessions, events, bad, {"purchase"}, {"call"}, window, instant(as_of))
    assert {r["touchpoint"] for r in found} == {name for name, sides in want.items() if sides["bad"]}
    for row in found:
        sides = want[row["touchpoint"]]
        assert [row["good"], row["bad"]] == [len(sides["good"]), len(sides["bad"])]
        for side in ("good", "bad"):
            hits = sum(follows for _, follows in sides[side])
            assert row[f"p_goal_{side}"] == (round(hits / len(sides[side]), 6) if sides[side] else None)


def called_first(e: Event, events: list[Event], shown: Any) -> bool:
    """Does the contact that follows come before the customer's next goal?"""
    if "contact" not in shown[e.recorded]:
        return False
    later = [v.name for v in events if v.customer == e.customer and (v.at, v.recorded) > (e.at, e.recorded)]
    return "purchase" not in later[: later.index("call")]


def check_feelings(events: list[Event], found: dict[str, Any], totals: Any) -> None:
    answers = oracle.answers(events, PASSIVE, {"csat": "csat", "nps": "nps"})
    felt: dict[str, list[float]] = {}
    for _, value, visit, about in answers:
        if visit is not None or about is not None:
            name = (
                f"{stage(visit)} {visit.name}" if visit is not None else f"{PLACES.get(str(about), UNMAPPED)} {about}"
            )
            felt.setdefault(name, []).append(value)
    assert {k: r["answers"] for k, r in found.items() if r["answers"]} == {k: len(v) for k, v in felt.items()}
    for name, values in felt.items():
        assert found[name]["sentiment"] == pytest.approx(sum(values) / len(values), abs=1e-6)
        if len(values) > 1:
            assert -2 <= found[name]["sentiment_low"] <= found[name]["sentiment"] <= found[name]["sentiment_high"] <= 2
    assert totals["answers_of_nothing"] == sum(visit is None and about is None for _, _, visit, about in answers)


@given(surveyed(), as_of_minutes)
@cases(40)
def test_the_map_is_what_the_oracle_counts(rows: list[Row], as_of: int) -> None:
    check(rows, as_of)


@pytest.mark.proof
@given(surveyed(), as_of_minutes)
@settings(max_examples=3000)
def test_the_map_is_what_the_oracle_counts_many_times(rows: list[Row], as_of: int) -> None:
    check(rows, as_of)


@given(logs(names=NAMES[:7], step=5), as_of_minutes)
@cases(40)
def test_the_designed_journey_is_what_the_oracle_counts(rows: list[Row], as_of: int) -> None:
    events = [e for e in events_of(rows) if e.at < instant(as_of)]
    _, sessions = kept_sessions(events, scope_of(passive=PASSIVE).sessions)
    want = oracle.designed(sessions, rank, len(ORDER))
    question = DesignedJourney(stages=ORDER, targets={})
    answer = question.reduce(
        [question.map(prepare(batch_of(rows), scope_of(as_of=as_of, passive=PASSIVE, stages=STAGES)))]
    )
    assert [answer.totals[k] for k in ("customers", "in_order", "complete")] == [
        want[k] for k in ("customers", "in_order", "complete")
    ]
    found = [[r[k] for k in ("customers", "missing", "repeated", "out_of_order")] for r in answer.table.to_pylist()]
    assert found == want["stages"]
