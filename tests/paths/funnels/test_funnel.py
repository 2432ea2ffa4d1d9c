"""SEMANTICS, Funnels: one test per rule of ordered funnels."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.errors import ConfigError
from paths.funnels.funnel import Funnel
from paths.journeys.touchpoints import TouchpointRule, TouchpointRules
from tests.builder import Row, ask, columns_of, minutes, step

pytestmark = pytest.mark.usefixtures("tier")

ABC = (step("a"), step("b"), step("c"))
DEPTHS = ("reached", "dropped", "in_progress")


def asked(rows: list[Row], **options: Any) -> list[dict[str, Any]]:
    """The answer to a > b > c within an hour; options of the funnel or of the scope."""
    mine = {k: options.pop(k) for k in ("steps", "window", "count", "ties", "breakdown") if k in options}
    return ask(Funnel(**{"steps": ABC, "window": minutes(60), **mine}), rows, **options)


def reached(rows: list[Row], **options: Any) -> list[int]:
    return [r["reached"] for r in asked(rows, **options)]


def test_others_may_lie_between_the_steps() -> None:
    assert reached([("u", 0, "a"), ("u", 1, "x"), ("u", 2, "b"), ("u", 3, "a"), ("u", 4, "c")]) == [1, 1, 1]


def test_steps_in_another_order_are_not_reached() -> None:
    assert reached([("u", 0, "c"), ("u", 1, "b"), ("u", 2, "a"), ("v", 0, "b"), ("v", 1, "c")]) == [1, 0, 0]


def test_different_steps_take_different_events() -> None:
    steps = (step("a"), step("a"), step("a", "b"))
    assert reached(
        [("u", 0, "a"), ("v", 0, "a"), ("v", 1, "a"), ("w", 0, "a"), ("w", 1, "a"), ("w", 2, "b")], steps=steps
    ) == [3, 2, 1]


def test_the_window_runs_from_the_first_event_and_is_closed_at_its_end() -> None:
    rows = [
        ("u", 0, "a"),
        ("u", 30, "b"),
        ("u", 60, "c"),
        ("v", 0, "a"),
        ("v", 30, "b"),
        ("v", "2026-01-15 01:00:00.000001", "c"),
    ]
    assert reached(rows) == [2, 2, 1]
    assert reached(rows, window=None) == [2, 2, 2]
    assert reached(rows, window=minutes(0)) == [2, 0, 0]


def test_every_first_step_may_start_a_chain() -> None:
    assert reached([("u", 0, "a"), ("u", 50, "a"), ("u", 70, "b"), ("u", 100, "c")]) == [1, 1, 1]


def test_a_step_may_have_a_window_of_its_own_from_the_step_before() -> None:
    steps = (step("a"), step("b", within=minutes(10)), step("c", within=minutes(10)))
    rows = [
        ("u", 0, "a"),
        ("u", 5, "a"),
        ("u", 15, "b"),
        ("u", 25, "c"),
        ("v", 0, "a"),
        ("v", 11, "b"),
        ("w", 0, "a"),
        ("w", 9, "b"),
        ("w", 20, "c"),
    ]
    assert reached(rows, steps=steps) == [3, 2, 1]


def test_a_chain_of_a_session_lies_in_one_session() -> None:
    rows = [("u", 0, "a"), ("u", 1, "b"), ("u", 32, "c"), ("u", 33, "a"), ("v", 0, "a")]
    assert reached(rows) == [2, 1, 1]
    assert reached(rows, count="sessions") == [3, 1, 0]


def test_passive_events_are_steps_of_customers_and_not_of_sessions() -> None:
    rows = [("u", 0, "email"), ("u", 1, "b"), ("u", 2, "c")]
    steps = (step("email"), step("b"))
    assert reached(rows, steps=steps, passive=frozenset({"email"})) == [1, 1]
    assert reached(rows, steps=steps, passive=frozenset({"email"}), count="sessions") == [0, 0]


def test_the_reported_chain_reaches_its_depth_first_and_every_step_is_as_late_as_it_can_be() -> None:
    rows = [
        ("u", 0, "a"),
        ("u", 1, "b"),
        ("u", 5, "a"),
        ("u", 6, "b"),
        ("u", 8, "b"),
        ("u", 20, "c"),
        ("u", 21, "b"),
        ("u", 22, "c"),
    ]
    found = asked(rows)
    assert [r["median_seconds"] for r in found] == [None, 180.0, 720.0]  # a at 5, b at 8, c at 20


def test_at_depth_one_the_earliest_first_step_is_reported() -> None:
    rows = [("u", 0, "a", {"channel": "web"}), ("u", 5, "a", {"channel": "app"})]
    assert columns_of(asked(rows, breakdown="channel"), "channel", "step", "reached") == [
        ("web", 1, 1),
        ("web", 2, 0),
        ("web", 3, 0),
    ]


def test_a_unit_is_in_progress_while_a_window_of_some_chain_is_open_at_as_of() -> None:
    rows = [("u", 0, "a"), ("u", 10, "b"), ("v", 20, "a")]
    assert columns_of(asked(rows, as_of=60), *DEPTHS) == [(2, 0, 1), (1, 0, 1), (0, 0, 0)]
    assert columns_of(asked(rows, as_of=61), *DEPTHS) == [(2, 0, 1), (1, 1, 0), (0, 0, 0)]
    assert columns_of(asked(rows, as_of=81), *DEPTHS) == [(2, 1, 0), (1, 1, 0), (0, 0, 0)]


def test_a_later_start_keeps_a_unit_in_progress_at_its_depth() -> None:
    rows = [("u", 0, "a"), ("u", 10, "b"), ("u", 50, "a")]
    assert columns_of(asked(rows, as_of=100), *DEPTHS) == [(1, 0, 0), (1, 0, 1), (0, 0, 0)]


def test_a_step_window_that_is_over_ends_progress() -> None:
    steps = (step("a"), step("b", within=minutes(10)))
    rows = [("u", 0, "a")]
    assert columns_of(asked(rows, steps=steps, as_of=10), *DEPTHS) == [(1, 0, 1), (0, 0, 0)]
    assert columns_of(asked(rows, steps=steps, as_of=11), *DEPTHS) == [(1, 1, 0), (0, 0, 0)]


@pytest.mark.parametrize(
    "as_of, rules, in_progress",
    [
        (35, {}, 1),  # exactly idle_timeout after the last event at 5
        (36, {}, 0),
        (20, {"max_duration": minutes(19)}, 0),
        (19, {"max_duration": minutes(19)}, 1),
    ],
)
def test_a_session_is_in_progress_while_it_may_go_on(as_of: int, rules: dict[str, Any], in_progress: int) -> None:
    found = asked([("u", 0, "a"), ("u", 5, "x")], count="sessions", as_of=as_of, **rules)
    assert found[0]["in_progress"] == in_progress


def test_a_session_that_a_cut_or_the_next_one_ended_is_not_in_progress() -> None:
    rows = [("u", "2026-01-15 23:55", "a")]
    before, at = "2026-01-15 23:59", "2026-01-16 00:00"
    assert [asked(rows, count="sessions", as_of=t, cut_at_midnight=True)[0]["in_progress"] for t in (before, at)] == [
        1,
        0,
    ]
    followed = [("u", 0, "a", {"channel": "web"}), ("u", 1, "x", {"channel": "app"})]
    assert asked(followed, count="sessions", as_of=2, cut_on="channel")[0]["in_progress"] == 0
    assert asked(followed, count="sessions", as_of=2)[0]["in_progress"] == 1


def test_reached_is_reached_of_the_next_step_plus_dropped_plus_in_progress() -> None:
    rows = [("t", 0, "a"), ("u", 50, "a"), ("v", 0, "a"), ("v", 1, "b"), ("w", 0, "a"), ("w", 1, "b"), ("w", 2, "c")]
    assert columns_of(asked(rows, as_of=100), *DEPTHS) == [(4, 1, 1), (2, 1, 0), (1, 0, 0)]


def test_recorded_order_decides_ties_unless_ties_are_by_step() -> None:
    rows = [("u", 0, "b"), ("u", 0, "a"), ("u", 0, "c")]
    assert reached(rows) == [1, 0, 0]
    assert reached(rows, ties="step") == [1, 1, 1]
    assert reached([("u", 0, "b"), ("u", 1, "a")], ties="step") == [1, 0, 0]


def test_the_period_selects_chains_by_their_first_event() -> None:
    rows = [("u", 0, "a"), ("u", 20, "b"), ("v", 15, "a"), ("v", 40, "b")]
    assert reached(rows, since=10) == [1, 1, 0]
    assert reached(rows, until=10) == [1, 1, 0]  # steps after until still count
    assert reached(rows, since=10, until=15) == [0, 0, 0]


def test_a_session_funnel_selects_sessions_by_their_start() -> None:
    rows = [("u", 0, "x"), ("u", 20, "a"), ("u", 21, "b")]
    assert reached(rows, count="sessions", since=10) == [0, 0, 0]
    assert reached(rows, count="sessions", until=10) == [1, 1, 0]


def test_a_segment_is_judged_at_the_reported_chains_first_event() -> None:
    web, app = {"channel": "web"}, {"channel": "app"}
    rows = [("u", 0, "a", web), ("u", 5, "a", app), ("u", 6, "b"), ("v", 0, "x", app), ("v", 1, "a", web)]
    (condition,) = step("x", where="channel=app").matchers[0].conditions
    assert reached(rows, segment=(condition,)) == [1, 1, 0]


def test_a_breakdown_reads_the_reported_chains_first_event_and_adds_up() -> None:
    web, app = {"channel": "web"}, {"channel": "app"}
    rows = [
        ("t", 0, "a", web),
        ("t", 1, "b", app),
        ("u", 0, "a", web),
        ("v", 0, "a", app),
        ("w", 0, "a"),
        ("w", 1, "b", web),
    ]
    found = columns_of(asked(rows, steps=ABC[:2], breakdown="channel"), "channel", "step", "reached", "dropped")
    assert found == [
        ("web", 1, 2, 1),
        ("web", 2, 1, 0),
        ("(none)", 1, 1, 0),
        ("(none)", 2, 1, 0),
        ("app", 1, 1, 1),
        ("app", 2, 0, 0),
    ]


def test_rates_are_of_the_first_step_and_of_the_previous() -> None:
    rows = [("t", 0, "a"), ("u", 0, "a"), ("u", 1, "b"), ("v", 0, "a"), ("v", 1, "b"), ("v", 2, "c")]
    found = asked(rows)
    assert columns_of(found, "conversion_rate", "step_conversion_rate") == [
        (1.0, None),
        (0.666667, 0.666667),
        (0.333333, 0.5),
    ]
    assert all(r["ci_low"] <= r["conversion_rate"] <= r["ci_high"] for r in found)


def test_what_the_dropped_did_next_is_the_touchpoint_after_their_last_step_in_that_session() -> None:
    rows = [
        ("s", 0, "a"),
        ("s", 1, "x"),
        ("s", 2, "y"),
        ("t", 0, "a"),
        ("t", 40, "x"),
        ("u", 0, "a"),
        ("u", 1, "email"),
        ("u", 2, "x"),
        ("v", 0, "a"),
        ("v", 1, "b"),
        ("v", 2, "c"),
    ]
    first = asked(rows, passive=frozenset({"email"}))[0]
    assert first["dropped_next"] == [{"touchpoint": "x", "units": 2}, {"touchpoint": "END", "units": 1}]


def test_next_is_end_where_the_chain_ends_on_a_passive_event() -> None:
    rows = [("u", 0, "a"), ("u", 1, "email"), ("u", 2, "x")]
    found = asked(rows, steps=(step("a"), step("email"), step("b")), passive=frozenset({"email"}))
    assert found[1]["dropped_next"] == [{"touchpoint": "END", "units": 1}]


def test_a_name_never_seen_gives_zero() -> None:
    assert reached([("u", 0, "a")], steps=(step("never"), step("a"))) == [0, 0]
    found = asked([])
    assert (
        columns_of(found, *DEPTHS, "conversion_rate", "ci_low", "median_seconds") == [(0, 0, 0, None, None, None)] * 3
    )


def test_a_step_may_have_conditions_and_several_names() -> None:
    rows = [("u", 0, "a", {"value": 500}), ("u", 1, "b"), ("v", 0, "a", {"value": 4_999}), ("v", 1, "c"), ("w", 0, "a")]
    assert reached(rows, steps=(step("a", where="value<50"), step("b", "c"))) == [2, 2]
    assert [r["name"] for r in asked(rows, steps=(step("a"), step("b", "c")))] == ["a", "b|c"]


def test_a_step_named_as_a_rule_is_the_touchpoint_and_every_other_the_event() -> None:
    rules = TouchpointRules((TouchpointRule(name="product", event=("view",), url=("/p/*",)),))
    rows = [("u", 0, "view", {"url": "/p/1"}), ("v", 0, "view", {"url": "/"}), ("w", 0, "view")]
    assert reached(rows, steps=(step("product"),), touchpoints=rules) == [1]
    assert reached(rows, steps=(step("view"),), touchpoints=rules) == [3]
    assert reached(rows, steps=(step("event:view"),), touchpoints=rules) == [3]


@pytest.mark.parametrize("options", [{"steps": ()}, {"count": "visits"}, {"ties": "time"}])
def test_a_funnel_that_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Funnel(**{"steps": ABC, **options})
