"""SEMANTICS: rows of one order fold into one purchase; refunds lower its value."""

from __future__ import annotations

from paths.journeys.goals import GoalRules, goal_values
from tests.builder import Row, journeys_of

RULES = GoalRules(goal=frozenset({"purchase", "signup"}))


def values(rows: list[Row]) -> list[int | None]:
    """The value of each goal in the order of their first rows."""
    found = goal_values(journeys_of(rows), RULES)
    return [int(v) if known else None for v, known in zip(found.value, found.known, strict=True)]


def test_rows_of_one_order_are_one_purchase_whenever_they_come() -> None:
    rows = [
        ("u", 0, "purchase", {"order_id": "o", "value": 100}),
        ("u", 900, "purchase", {"order_id": "o", "value": 50}),
    ]
    assert values(rows) == [150]


def test_orders_of_two_customers_are_two() -> None:
    rows = [("u", 0, "purchase", {"order_id": "o", "value": 100}), ("v", 0, "purchase", {"order_id": "o", "value": 50})]
    assert values(rows) == [100, 50]


def test_without_an_order_purchases_of_one_instant_are_one() -> None:
    rows = [
        ("u", 0, "purchase", {"value": 100}),
        ("u", 0, "purchase", {"value": 50}),
        ("u", 1, "purchase", {"value": 7}),
        ("v", 0, "purchase", {"value": 9}),
    ]
    assert values(rows) == [150, 7, 9]


def test_other_goals_of_one_instant_are_goals_of_their_own() -> None:
    rows = [("u", 0, "signup", {"value": 100}), ("u", 0, "signup", {"value": 50}), ("u", 0, "signup")]
    assert values(rows) == [100, 50, None]


def test_a_value_is_known_if_one_row_has_it() -> None:
    rows = [
        ("u", 0, "purchase", {"order_id": "o"}),
        ("u", 1, "purchase", {"order_id": "o", "value": 0}),
        ("u", 2, "purchase", {"order_id": "p"}),
    ]
    assert values(rows) == [0, None]


def test_a_refund_lowers_its_order_by_its_absolute_amount() -> None:
    order = {"order_id": "o", "value": 1_000}
    rows = [
        ("u", 0, "refund", {**order, "value": 10}),
        ("u", 1, "purchase", order),
        ("u", 2, "refund", {**order, "value": -200}),
        ("u", 3, "refund", {"order_id": "o"}),
    ]
    assert values(rows) == [790]


def test_a_refund_of_another_order_or_customer_or_of_none_lowers_nothing() -> None:
    rows = [
        ("u", 0, "purchase", {"order_id": "o", "value": 100}), ("u", 1, "purchase", {"value": 60}),
        ("u", 2, "refund", {"order_id": "p", "value": 5}),
        ("u", 3, "refund", {"value": 6}), ("v", 3, "refund", {"order_id": "o", "value": 7}),
    ]  # fmt: skip
    assert values(rows) == [100, 60]


def test_a_refund_at_or_after_as_of_is_not_known_yet() -> None:
    rows = [("u", 0, "purchase", {"order_id": "o", "value": 100}), ("u", 10, "refund", {"order_id": "o", "value": 30})]
    found = goal_values(journeys_of(rows, as_of=10), RULES)
    assert found.value.tolist() == [100]


def test_a_batch_without_goals_has_no_values() -> None:
    assert values([]) == []
    assert values([("u", 0, "refund", {"order_id": "o", "value": 1})]) == []
