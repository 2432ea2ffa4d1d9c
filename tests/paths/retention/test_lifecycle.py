"""Who is new, retained, resurrected and dormant; on how many days customers come; when they buy again."""

from __future__ import annotations

import pytest

from ingest.errors import ConfigError
from paths.journeys.conditions import parse_condition
from paths.retention.lifecycle import Lifecycle, Stickiness
from paths.retention.second_goal import SecondGoal
from tests.builder import ask, columns_of, journeys_of

ROWS = [
    ("a", "2026-01-05 10:00", "see", {"channel": "web"}),
    ("a", "2026-01-06 10:00", "see"),
    ("a", "2026-01-13 10:00", "see"),
    ("b", "2026-01-06 10:00", "see"),
    ("b", "2026-02-03 10:00", "see"),
    ("c", "2026-01-12 10:00", "see"),
    ("d", "2026-02-03 10:00", "mail"),
    ("c", "2026-02-10 10:00", "see"),
]
WORDS = {"as_of": "2026-02-11 00:00", "passive": frozenset({"mail"})}
COLUMNS = ("period", "new", "retained", "resurrected", "active", "dormant")


def test_new_retained_and_resurrected_are_active_and_retained_and_dormant_were() -> None:
    assert columns_of(ask(Lifecycle(), ROWS, **WORDS), *COLUMNS) == [
        ("2026-01-05", 2, 0, 0, 2, 0),
        ("2026-01-12", 1, 1, 0, 2, 1),
        ("2026-01-19", 0, 0, 0, 0, 2),
        ("2026-01-26", 0, 0, 0, 0, 0),
        ("2026-02-02", 0, 0, 1, 1, 0),
        ("2026-02-09", None, None, None, None, None),  # it is not over
    ]


def test_a_period_is_selected_by_its_start_and_knows_what_went_before() -> None:
    found = ask(Lifecycle(), ROWS, since="2026-01-06 00:00", until="2026-01-20 00:00", **WORDS)
    assert columns_of(found, *COLUMNS) == [("2026-01-12", 1, 1, 0, 2, 1), ("2026-01-19", 0, 0, 0, 0, 2)]


def test_a_customer_is_selected_by_the_first_event() -> None:
    found = ask(Lifecycle(), ROWS, segment=(parse_condition("channel=web"),), **WORDS)
    assert columns_of(found, *COLUMNS)[:3] == [
        ("2026-01-05", 1, 0, 0, 1, 0),
        ("2026-01-12", 0, 1, 0, 1, 0),
        ("2026-01-19", 0, 0, 0, 0, 1),
    ]


def test_silent_periods_up_to_as_of_have_their_zeros() -> None:
    found = ask(Lifecycle(unit="month"), ROWS[:2], as_of="2026-04-01 00:00")
    assert columns_of(found, "period", "active", "dormant", "complete") == [
        ("2026-01-01", 1, 0, True),
        ("2026-02-01", 0, 1, True),
        ("2026-03-01", 0, 0, True),
    ]


def test_stickiness_is_the_days_active_of_the_customers_active() -> None:
    assert columns_of(ask(Stickiness(), ROWS, **WORDS), "period", "days", "customers", "share") == [
        ("2026-01-05", 1, 1, 0.5),
        ("2026-01-05", 2, 1, 0.5),
        ("2026-01-12", 1, 2, 1.0),
        ("2026-02-02", 1, 1, 1.0),
        ("2026-02-09", None, None, None),
    ]
    with pytest.raises(ConfigError, match="ask by week or month"):
        Stickiness(unit="day")
    with pytest.raises(ConfigError, match='Did you mean "month"'):
        Lifecycle(unit="moth")  # type: ignore[arg-type]


def test_the_second_goal_is_awaited_from_the_first_of_all_and_an_order_is_one_goal() -> None:
    rows = [
        ("a", "2026-01-05 10:00", "purchase", {"order_id": "1"}),
        ("a", "2026-01-05 12:00", "purchase", {"order_id": "1"}),
        ("a", "2026-01-07 10:00", "purchase", {"order_id": "2"}),
        ("b", "2026-01-06 10:00", "purchase"),
        ("c", "2026-01-06 10:00", "see"),
    ]
    question = SecondGoal()
    found = question.reduce([question.map(journeys_of(rows, as_of="2026-01-11 10:00"))])
    assert (found.customers, found.converted, found.median_seconds) == (2, 1, 2 * 86_400)
    later = question.reduce([question.map(journeys_of(rows, as_of="2026-01-11 10:00", since="2026-01-06 00:00"))])
    assert (later.customers, later.converted) == (1, 0)  # the first goal of a lies before the period
