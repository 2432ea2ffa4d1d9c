"""SEMANTICS, Funnels: strict and any order, optional steps, exclusions, trends."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.errors import ConfigError
from paths.funnels.funnel import Funnel
from paths.funnels.spec import Exclusion
from paths.journeys.matchers import Matcher, Step
from tests.builder import DAY, MINUTE, Row, ask, columns_of, minutes, step

pytestmark = pytest.mark.usefixtures("tier")

AB, ABC = (step("a"), step("b")), (step("a"), step("b"), step("c"))


def asked(rows: list[Row], steps: tuple[Step, ...] = ABC, **options: Any) -> list[dict[str, Any]]:
    """The answer within an hour; options of the funnel or of the scope."""
    mine = {k: options.pop(k) for k in list(options) if k in Funnel.__dataclass_fields__}
    return ask(Funnel(**{"steps": steps, "window": minutes(60), **mine}), rows, **options)


def reached(rows: list[Row], steps: tuple[Step, ...] = ABC, **options: Any) -> list[int]:
    return [r["reached"] for r in asked(rows, steps, **options)]


def optional(name: str) -> Step:
    return Step(matchers=(Matcher(name=name),), optional=True)


def without(name: str, after: int = 1, before: int = 99) -> tuple[Exclusion, ...]:
    return (Exclusion(matchers=(Matcher(name=name),), after=after, before=before),)


def test_strict_takes_the_customers_very_next_event() -> None:
    assert reached([("u", 0, "a"), ("u", 1, "x"), ("u", 2, "b")], AB, order="strict") == [1, 0]
    assert reached([("u", 0, "a"), ("u", 1, "a"), ("u", 2, "b")], AB, order="strict") == [1, 1]


def test_strict_skips_passive_and_ignored_events() -> None:
    rows = [("u", 0, "a"), ("u", 1, "mail"), ("u", 2, "x"), ("u", 3, "b")]
    assert reached(rows, AB, order="strict", passive=frozenset(["mail"])) == [1, 0]
    assert reached(rows, AB, order="strict", passive=frozenset(["mail"]), ignored=frozenset("x")) == [1, 1]


def test_a_strict_chain_with_an_event_behind_it_is_not_in_progress() -> None:
    rows = [("u", 0, "a"), ("v", 0, "a"), ("v", 1, "x")]
    assert columns_of(asked(rows, AB, order="strict", as_of=30), "dropped", "in_progress") == [(1, 1), (0, 0)]


def test_any_order_counts_the_units_with_at_least_i_different_steps_within_the_window() -> None:
    rows = [("u", 0, "c"), ("u", 1, "b"), ("u", 2, "a"), ("v", 0, "b"), ("w", 0, "a"), ("w", 61, "b")]
    answer = asked(rows, order="any")
    assert columns_of(answer, "name", "reached", "median_seconds") == [("1", 3, None), ("2", 1, None), ("3", 1, None)]


def test_any_order_gives_different_events_to_different_steps() -> None:
    assert reached([("u", 0, "a")], (step("a"), step("a")), order="any") == [1, 0]
    assert reached([("u", 0, "a"), ("u", 1, "a")], (step("a"), step("a")), order="any") == [1, 1]
    assert reached([("u", 0, "a"), ("u", 1, "b")], (step("a", "b"), step("a")), order="any") == [
        1,
        1,
    ]  # b takes the first


def test_an_exclusion_ends_a_chain_of_any_order() -> None:
    assert reached([("u", 0, "b"), ("u", 1, "x"), ("u", 2, "a")], AB, order="any", exclusions=without("x")) == [1, 0]


def test_an_optional_step_counts_the_units_that_reach_it_when_it_alone_is_made_needed() -> None:
    rows = [("u", 0, "a"), ("u", 1, "c"), ("v", 0, "a"), ("v", 1, "b"), ("v", 2, "c"), ("w", 0, "a"), ("w", 1, "b")]
    answer = asked(rows, (step("a"), optional("b"), step("c")))
    assert columns_of(answer, "reached", "dropped", "step_conversion_rate") == [
        (3, 1, None),
        (2, None, 0.666667),
        (2, 0, 0.666667),
    ]


def test_optional_steps_are_each_judged_alone() -> None:
    steps = (step("a"), optional("b"), optional("d"), step("c"))
    assert reached([("u", 0, "a"), ("u", 1, "d"), ("u", 2, "b")], steps) == [1, 1, 1, 0]


def test_an_exclusion_ends_the_chain_and_steps_reached_before_still_count() -> None:
    rows = [("u", 0, "a"), ("u", 1, "x"), ("u", 2, "b"), ("v", 0, "a"), ("v", 1, "b"), ("v", 2, "x"), ("v", 3, "c")]
    assert reached(rows, exclusions=without("x", 1, 2)) == [2, 1, 1]
    assert reached(rows, exclusions=without("x")) == [2, 1, 0]


def test_a_chain_that_an_exclusion_ended_is_not_in_progress() -> None:
    rows = [("u", 0, "a"), ("u", 1, "x"), ("v", 0, "a")]
    assert columns_of(asked(rows, AB, exclusions=without("x"), as_of=30), "dropped", "in_progress") == [(1, 1), (0, 0)]


def test_exclusion_customer_leaves_the_unit_out_wholly() -> None:
    rows = [("u", 0, "a"), ("u", 1, "x"), ("u", 2, "a"), ("u", 3, "b"), ("v", 0, "a"), ("v", 1, "b"), ("v", 2, "x")]
    assert reached(rows, AB, exclusions=without("x", 1, 2), exclusion="customer") == [
        1,
        1,
    ]  # after completion it no longer matters
    assert reached(rows, AB, exclusions=without("x", 1, 2)) == [2, 2]


def test_the_unit_of_exclusion_customer_is_the_session_where_sessions_are_counted() -> None:
    rows = [("u", 0, "a"), ("u", 1, "x"), ("u", 100, "a"), ("u", 101, "b")]
    funnel = {"exclusions": without("x", 1, 2), "exclusion": "customer"}
    assert reached(rows, AB, **funnel) == [0, 0]
    assert reached(rows, AB, count="sessions", **funnel) == [1, 1]


def test_exclusions_are_numbered_as_written_optional_steps_included() -> None:
    steps = (step("a"), optional("b"), step("c"), step("d"))
    rows = [("u", 0, "a"), ("u", 1, "c"), ("u", 2, "x"), ("u", 3, "d")]
    assert reached(rows, steps, exclusions=without("x", 3, 4)) == [1, 0, 1, 0]
    assert reached(
        [("u", 0, "a"), ("u", 1, "x"), ("u", 2, "c"), ("u", 3, "d")], steps, exclusions=without("x", 3, 4)
    ) == [1, 0, 1, 1]


def test_a_trend_has_a_funnel_for_each_time_of_the_reported_chains_first_event() -> None:
    day = DAY // MINUTE
    rows = [
        ("u", 0, "a"),
        ("u", 1, "b"),
        ("v", 0, "a"),
        ("w", 40 * day, "a"),
        *((f"z{i}", i * day, "a") for i in range(9)),
    ]
    answer = asked(rows, AB, by="month")
    assert columns_of(answer, "month", "step", "reached") == [
        ("2026-01-01", 1, 11),
        ("2026-01-01", 2, 1),
        ("2026-02-01", 1, 1),
        ("2026-02-01", 2, 0),
    ]


def test_top_folds_the_other_values_of_a_breakdown() -> None:
    rows = [
        ("u", 0, "a", {"channel": "x"}),
        ("v", 0, "a", {"channel": "x"}),
        ("w", 0, "a", {"channel": "y"}),
        ("z", 0, "a"),
    ]
    answer = asked(rows, (step("a"),), breakdown="channel", top=1)
    assert columns_of(answer, "channel", "reached") == [("x", 2), ("(other)", 2)]


@pytest.mark.parametrize(
    "options",
    [
        {"order": "any", "steps": (step("a"), step("b", within=minutes(1)))},
        {"order": "any", "exclusions": without("x", 1, 2)},
        {"order": "strict", "steps": (step("a"), optional("b"), step("c"))},
        {"steps": (optional("a"), step("b"))},
        {"steps": (step("a"), optional("b"), step("c")), "exclusions": without("x", 1, 2)},
        {"exclusions": without("x", 3, 2)},
        {"breakdown": "channel", "by": "day"},
        {"order": "strict", "ties": "step"},
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Funnel(**{"steps": ABC, **options})


def test_a_breakdown_may_read_a_number_or_the_events_name() -> None:
    rows = [("u", 0, "a", {"quantity": 2}), ("v", 0, "a", {"quantity": 10}), ("w", 0, "a")]
    assert columns_of(asked(rows, (step("a"),), breakdown="quantity"), "quantity", "reached") == [
        ("(none)", 1),
        ("10", 1),
        ("2", 1),
    ]
    assert columns_of(asked(rows, (step("a"),), breakdown="event"), "event", "reached") == [("a", 3)]
