"""Strugglers: customers with >= 3 sessions that reached an intent stage (cart or later) and no goal."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.errors import ConfigError
from paths.journeys.touchpoints import StageRule, StageRules
from paths.people.strugglers import Strugglers
from tests.builder import Row, ask, columns_of, journeys_of

NAMES = frozenset({"add", "pay"})


def visits(customer: str, *sessions: str, start: int = 0) -> list[Row]:
    """Sessions two hours apart: "view add" has two events."""
    return [
        (customer, start + 120 * i + j, event)
        for i, events in enumerate(sessions)
        for j, event in enumerate(events.split())
    ]


def found(rows: list[Row], question: Strugglers | None = None, **scope: Any) -> list[tuple[Any, ...]]:
    return columns_of(
        ask(question or Strugglers(names=NAMES), rows, **scope), "customer", "sessions", "intent_sessions", "sticks_at"
    )


def test_three_sessions_with_intent_and_no_goal_make_a_struggler() -> None:
    rows = visits("u", "add", "view", "add view", "view pay") + visits("v", "add", "add", "view")
    assert found(rows) == [("u", 4, 3, "add")]


def test_a_goal_ends_the_struggle_wherever_it_lies() -> None:
    assert found(visits("u", "add", "add", "add", "purchase")) == []
    assert found(visits("u", "purchase", "add", "add", "add")) == []
    assert found(visits("u", "add", "add", "add", "purchase"), Strugglers(names=NAMES, goal=frozenset({"gift"}))) == [
        ("u", 4, 3, "add")
    ]


def test_they_stick_where_most_of_their_sessions_with_intent_end_and_ties_go_by_name() -> None:
    assert found(visits("u", "add z", "add z", "add b", "b b b"))[0][3] == "z"
    assert found(visits("u", "add z", "add b", "add c"))[0][3] == "b"


def test_sessions_and_goals_are_those_of_the_period() -> None:
    rows = visits("u", "purchase", "add", "add", "add")
    assert found(rows, since=60) == [("u", 3, 3, "add")]
    assert found(rows, since=180) == []


def test_a_session_of_a_stage_of_intent_counts_once_and_a_passive_event_does_not() -> None:
    stages = StageRules((StageRule(name="cart", events=("add", "mail")),))
    question = Strugglers(stages=frozenset({"cart"}))
    assert found(visits("u", "add add", "add", "view"), question, stages=stages) == []
    assert found(visits("u", "add", "add", "view mail"), question, stages=stages) == [("u", 3, 3, "add")]
    assert found(visits("u", "add", "add", "view mail"), question, stages=stages, passive=frozenset({"mail"})) == []


def test_the_most_sessions_with_intent_come_first_with_their_first_and_last_instant() -> None:
    rows = visits("u", "add", "add", "add") + visits("v", "add", "add", "add", "add view")
    table = ask(Strugglers(names=NAMES), rows)
    assert [r["customer"] for r in table] == ["v", "u"]
    assert (table[0]["last_at"] - table[0]["first_at"]).total_seconds() == 361 * 60


def test_batches_add_up_and_no_events_are_no_strugglers() -> None:
    question = Strugglers(names=NAMES)
    one, two = visits("u", "add", "add", "add"), visits("v", "add", "add", "add")
    parts = [question.map(journeys_of(rows)) for rows in (two, one, [])]
    assert question.reduce(parts) == question.reduce([question.map(journeys_of(one + two))])
    assert question.reduce([]).schema == question.reduce(parts).schema


def test_nobody_struggles_without_a_session() -> None:
    with pytest.raises(ConfigError, match="at least one"):
        Strugglers(least=0)
