"""SEMANTICS, Drop-off: one test per rule. The return window of these tests is an hour."""

from __future__ import annotations

from typing import Any

import pytest

from paths.dropoff.dropoff import DropOff
from paths.journeys.goals import GoalRules
from paths.journeys.touchpoints import StageRule, StageRules, TouchpointRule, TouchpointRules
from paths.statistics.intervals import wilson
from tests.builder import Row, ask, columns_of, minutes, step

HOUR = minutes(60)
NO_GOAL = GoalRules(goal=frozenset())
OUTCOME = ("touchpoint", "drop_off", "returned", "lost", "in_progress")


def asked(
    rows: list[Row], *, by_stage: bool = False, rules: GoalRules | None = None, **scope: Any
) -> list[dict[str, Any]]:
    return ask(DropOff(return_window=HOUR, by_stage=by_stage, rules=rules or GoalRules()), rows, **scope)


def test_a_session_without_a_goal_drops_off_where_it_ends() -> None:
    rows = [("t", 0, "a"), ("t", 1, "b"), ("u", 0, "a"), ("u", 1, "purchase"), ("u", 2, "b"), ("v", 0, "a")]
    found = columns_of(asked(rows), "touchpoint", "visits", "sessions", "drop_off", "drop_off_rate")
    assert sorted(found) == [("a", 3, 3, 1, 0.333333), ("b", 2, 2, 1, 0.5)]


def test_a_passive_event_among_those_of_a_goal_is_in_no_session() -> None:
    bought = TouchpointRules((TouchpointRule(name="bought", event=("buy", "buy by mail")),))
    goal = GoalRules(goal=frozenset({"bought"}))
    rows = [("t", 0, "a"), ("t", 1, "buy by mail"), ("u", 0, "a")]
    found = asked(rows, rules=goal, touchpoints=bought, passive=frozenset({"buy by mail"}))
    assert columns_of(found, *OUTCOME) == [("a", 2, 1, 1, 0)]


def test_a_goal_within_the_return_window_of_the_end_means_returned() -> None:
    rows = [
        ("t", 0, "a"),
        ("t", 60, "purchase"),
        ("u", 0, "a"),
        ("u", "2026-01-15 01:00:00.000001", "purchase"),
        ("v", 0, "a"),
    ]
    assert columns_of(asked(rows), *OUTCOME) == [("a", 3, 1, 2, 0)]


def test_a_window_is_open_while_as_of_is_at_most_its_end() -> None:
    rows = [("u", 0, "a"), ("v", 5, "b")]
    assert sorted(columns_of(asked(rows, as_of=60), *OUTCOME)) == [("a", 1, 0, 0, 1), ("b", 1, 0, 0, 1)]
    assert sorted(columns_of(asked(rows, as_of=61), *OUTCOME)) == [("a", 1, 0, 1, 0), ("b", 1, 0, 0, 1)]


def test_after_means_later_in_order_not_only_later_in_time() -> None:
    before, after = [("u", 0, "purchase"), ("u", 0, "a")], [("u", 0, "a"), ("u", 0, "purchase")]
    assert columns_of(asked(before), "touchpoint", "conversion") == [("a", 0.0)]
    assert columns_of(asked(after), "touchpoint", "conversion") == [("a", 1.0)]


def test_the_goal_of_another_customer_brings_nobody_back() -> None:
    rows = [("u", 0, "a"), ("v", 40, "purchase")]
    assert columns_of(asked(rows), *OUTCOME) == [("a", 1, 0, 1, 0)]


def test_a_goal_in_a_later_session_converts_the_earlier_one() -> None:
    rows = [("u", 0, "a"), ("u", 1, "purchase"), ("u", 2, "b"), ("u", 50, "purchase"), ("v", 0, "b")]
    assert columns_of(asked(rows), "touchpoint", "drop_off", "conversion") == [("b", 1, 0.5), ("a", 0, 1.0)]


def test_conversion_counts_from_the_first_visit_to_the_touchpoint() -> None:
    rows = [("u", 0, "a"), ("u", 1, "purchase"), ("u", 2, "a"), ("u", 3, "b")]
    assert columns_of(asked(rows), "touchpoint", "conversion") == [("a", 1.0), ("b", 0.0)]


def test_conversion_is_over_sessions_whose_return_window_is_closed() -> None:
    rows = [("u", 0, "a"), ("v", 50, "a"), ("v", 51, "purchase"), ("w", 0, "b"), ("w", 50, "b")]
    found = {r["touchpoint"]: r for r in asked(rows, as_of=100)}
    assert found["a"]["conversion"] == 0.0  # v converted, but its window is open
    assert found["a"]["lost"] == 1
    assert [asked([("u", 50, "a")], as_of=100)[0][c] for c in ("conversion", "leak", "in_progress")] == [None, 0.0, 1]


def test_leak_is_lost_times_conversion_and_leaks_add_up() -> None:
    rows = [(f"u{i}", m, "a") for i in range(4) for m in (0, 1)] + [("u0", 2, "purchase"), ("u1", 2, "b")]
    found = {r["touchpoint"]: r for r in asked(rows)}
    assert (found["a"]["lost"], found["a"]["conversion"], found["a"]["leak"]) == (2, 0.25, 0.5)
    assert (found["b"]["lost"], found["b"]["conversion"], found["b"]["leak"]) == (1, 0.0, 0.0)


def test_value_at_risk_is_leak_times_the_mean_goal_value_net_of_refunds() -> None:
    rows = [
        ("u", 0, "a"),
        ("u", 1, "purchase", {"value": 6_000, "order_id": "o1"}),
        ("u", 2, "purchase", {"value": 4_000, "order_id": "o1"}),
        ("u", 9, "refund", {"value": -2_000, "order_id": "o1"}),
        ("v", 0, "a"),
        ("w", 0, "purchase", {"value": 2_000}),
        ("x", 0, "purchase"),
    ]
    row = next(r for r in asked(rows) if r["touchpoint"] == "a")
    assert (row["leak"], row["value_at_risk"]) == (0.5, 25.0)  # one order of 80, one purchase of 20: 50 on average


def test_without_a_goal_that_has_a_value_there_is_no_value_at_risk() -> None:
    rows = [("u", 0, "a"), ("u", 1, "purchase"), ("v", 0, "a")]
    assert columns_of(asked(rows), "leak", "value_at_risk") == [(0.5, None)]


def test_the_mean_goal_value_is_that_of_the_period() -> None:
    rows = [
        ("u", 0, "a"),
        ("u", 1, "purchase", {"value": 1_000}),
        ("v", 0, "a"),
        ("w", 200, "purchase", {"value": 9_000}),
    ]
    assert columns_of(asked(rows, until=100), "value_at_risk") == [(5.0,)]
    assert columns_of(asked(rows), "value_at_risk") == [(25.0,)]


def test_the_worst_value_at_risk_comes_first_then_drop_off_then_name() -> None:
    rows = [
        ("t", 0, "d"),
        ("u", 0, "c"),
        ("v", 0, "b"),
        ("w", 0, "c"),
        ("x", 0, "a"),
        ("x", 1, "purchase"),
        ("y", 0, "a"),
    ]
    assert columns_of(asked(rows), "touchpoint", "leak", "drop_off") == [
        ("a", 0.5, 1),
        ("c", 0.0, 2),
        ("b", 0.0, 1),
        ("d", 0.0, 1),
    ]


def test_a_goal_node_has_no_row() -> None:
    rules = TouchpointRules((TouchpointRule(name="shop", event=("purchase", "a"), channel=("web",)),))
    rows = [("u", 0, "a", {"channel": "web"}), ("u", 1, "purchase", {"channel": "web"}), ("u", 2, "purchase")]
    assert columns_of(asked(rows), "touchpoint") == [("a",)]
    assert columns_of(asked(rows, touchpoints=rules), "touchpoint", "visits", "conversion") == [("shop", 2, 1.0)]


def test_without_a_goal_drop_off_counts_all_ends() -> None:
    rows = [("u", 0, "a"), ("u", 1, "purchase"), ("v", 0, "a")]
    found = asked(rows, rules=NO_GOAL)
    assert columns_of(found, "touchpoint", "drop_off") == [("a", 1), ("purchase", 1)]
    names = ("returned", "lost", "in_progress", "conversion", "leak", "value_at_risk")
    assert columns_of(found, *names) == [(None,) * 6] * 2


def test_by_stage_consecutive_events_of_one_stage_are_one_visit() -> None:
    stages = StageRules((StageRule(name="look", events=("a", "b")),))
    rows = [
        ("u", 0, "a"),
        ("u", 1, "b"),
        ("u", 2, "c"),
        ("u", 3, "a"),
        ("u", 4, "purchase"),
        ("v", 0, "b"),
        ("v", 1, "a"),
    ]
    found = asked(rows, by_stage=True, stages=stages)
    assert columns_of(found, "stage", "visits", "sessions", "drop_off", "conversion") == [
        ("look", 3, 2, 1, 0.5),
        ("(unmapped)", 2, 1, 0, 1.0),
    ]


def test_by_stage_a_goal_inside_the_first_visit_follows_it() -> None:
    stages = StageRules((StageRule(name="shop", events=("a", "purchase")),))
    assert columns_of(asked([("u", 0, "a"), ("u", 1, "purchase")], by_stage=True, stages=stages), "conversion") == [
        (1.0,)
    ]
    assert columns_of(asked([("u", 0, "purchase"), ("u", 1, "a")], by_stage=True, stages=stages), "conversion") == [
        (0.0,)
    ]


def test_what_the_lost_did_last_and_where_the_returned_came_back() -> None:
    rows = [
        ("t", 0, "x"),
        ("t", 1, "a"),
        ("u", 0, "x"),
        ("u", 1, "a"),
        ("v", 0, "y"),
        ("v", 1, "a"),
        ("w", 0, "a"),
        ("w", 40, "z"),
        ("w", 41, "purchase"),
        ("s", 0, "b"),
    ]
    found = {r["touchpoint"]: (r["lost_after"], r["returned_at"]) for r in asked(rows)}
    assert found == {"a": ("x", "z"), "b": ("START", None), "x": (None, None), "y": (None, None), "z": (None, None)}


def test_of_two_that_are_as_frequent_the_first_by_name_is_named() -> None:
    rows = [("t", 0, "b"), ("t", 1, "z"), ("u", 0, "a"), ("u", 1, "z"), ("v", 0, "b"), ("v", 1, "b"), ("v", 2, "c")]
    assert columns_of(asked(rows), "touchpoint", "lost_after")[:2] == [("z", "a"), ("c", "b")]


def test_passive_events_do_not_end_a_session() -> None:
    rows = [("u", 0, "a"), ("u", 1, "email_sent"), ("v", 0, "email_sent")]
    assert columns_of(asked(rows, passive=frozenset({"email_sent"})), *OUTCOME) == [("a", 1, 0, 1, 0)]


def test_the_period_and_the_segment_select_sessions_by_their_start_and_goals_after_it_still_count() -> None:
    web = {"channel": "web"}
    rows = [
        ("u", 0, "a", web),
        ("u", 50, "purchase"),
        ("u", 200, "a", web),
        ("v", 0, "a"),
        ("w", 0, "b", {"channel": "app"}),
    ]
    (condition,) = step("x", where="channel=web").matchers[0].conditions
    assert columns_of(asked(rows, until=40, segment=(condition,)), *OUTCOME) == [("a", 1, 1, 0, 0)]


@pytest.mark.parametrize(
    "hits, trials, low, high", [(0, 10, 0.0, 0.277533), (5, 10, 0.236593, 0.763407), (10, 10, 0.722467, 1.0)]
)
def test_the_interval_is_wilsons(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson(hits, trials) == (low, high)
    assert wilson(0, 0) == (None, None)
