"""The newest lost sessions: those that drop-off counts as lost, newest first, and how they went."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from paths.dropoff.dropoff import DropOff
from paths.dropoff.lost_sessions import STEPS, LastLost, newest_of
from paths.journeys.goals import GoalRules
from tests.builder import Row, ask, columns_of, instant, journeys_of
from tests.property.strategies import logs

GOAL = GoalRules(goal=frozenset({"buy"}))
DAY = 24 * 60


def lost(rows: list[Row], newest: int = 5, **scope: Any) -> list[dict[str, Any]]:
    return ask(LastLost(rules=GOAL, newest=newest), rows, **scope)


def at(row: dict[str, Any]) -> int:
    return round(row["ended_at"].timestamp() * 1e6)


def test_a_lost_session_says_when_it_ended_how_long_it_was_and_how_it_went() -> None:
    found = lost([("u", 0, "a"), ("u", 1, "b"), ("u", 2, "b"), ("u", 3, "a")])
    assert columns_of(found, "touchpoint", "seconds", "events", "visits", "steps") == [
        ("a", 180.0, 4, 3, ["a", "b", "a"])
    ]
    assert at(found[0]) == instant(3)


def test_what_has_a_goal_returned_or_may_still_return_is_not_lost() -> None:
    rows: list[Row] = [("u", 0, "a"), ("u", 1, "buy"), ("v", 0, "a"), ("v", DAY, "buy"), ("w", 20 * DAY, "a")]
    assert lost(rows, as_of=21 * DAY) == []


def test_only_the_last_steps_are_named_and_all_visits_counted() -> None:
    rows = [("u", i, "ab"[i % 2]) for i in range(9)]
    assert columns_of(lost(rows), "visits", "steps") == [(9, ["a", "b", "a", "b", "a"])]
    assert STEPS == 5


def test_the_newest_of_each_touchpoint_stay_whatever_the_batches() -> None:
    rows: list[Row] = [(f"u{i}", i, "a" if i % 2 else "b") for i in range(8)]
    question = LastLost(rules=GOAL, newest=2)
    parts = [question.map(journeys_of([r])) for r in rows]
    answer = question.reduce([question.merge(parts[:3]), *parts[3:]])
    assert answer == question.reduce([question.map(journeys_of(rows))])
    assert [(r["touchpoint"], at(r)) for r in answer.to_pylist()] == [
        (n, instant(i)) for n, i in (("a", 7), ("a", 5), ("b", 6), ("b", 4))
    ]


def test_touchpoints_are_told_apart_however_many_there_are() -> None:
    node, ended = np.array([70_000, 4_464, 70_000], dtype=np.int32), np.array([1, 2, 3])  # 70,000 - 2^16 = 4,464
    assert newest_of(node, ended, 1).tolist() == [1, 2]


def test_of_sessions_that_end_at_one_instant_the_same_are_kept_in_any_order() -> None:
    rows: list[Row] = [(f"u{i}", 0, "a") for i in range(6)]
    question = LastLost(rules=GOAL, newest=2)
    parts = [question.map(journeys_of([r])) for r in rows]
    assert question.reduce(parts) == question.reduce(parts[::-1]) == question.reduce([question.map(journeys_of(rows))])


def test_nothing_is_lost_in_an_empty_store() -> None:
    assert lost([]) == []
    assert isinstance(LastLost().reduce([]), pa.Table)


@given(logs(step=60), st.integers(1, 3))
def test_there_are_as_many_as_drop_off_counts_up_to_the_newest(rows: list[Row], newest: int) -> None:
    counts = {r["touchpoint"]: r["lost"] for r in ask(DropOff(rules=GOAL), rows)}
    found = [r["touchpoint"] for r in lost(rows, newest)]
    for name in {*counts, *found}:
        if name != "buy":
            assert found.count(name) == min(newest, counts.get(name, 0))
