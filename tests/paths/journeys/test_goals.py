"""SEMANTICS: rows of one order fold into one purchase; refunds lower its value."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from paths.journeys.goals import GoalRules, OrderValue, goal_values
from tests.builder import Row, journeys_of
from tests.oracles.carts import worth_of

RULES = GoalRules(goal=frozenset({"purchase", "signup"}))


def values(rows: list[Row], rules: GoalRules = RULES) -> list[int | None]:
    """The value of each goal in the order of their first rows."""
    found = goal_values(journeys_of(rows), rules)
    return [int(v) if known else None for v, known in zip(found.value, found.known, strict=True)]


def test_rows_of_one_order_are_one_purchase_whenever_they_come() -> None:
    rows = [
        ("u", 0, "purchase", {"order_id": "o", "value": 100}),
        ("u", 900, "purchase", {"order_id": "o", "value": 50}),
    ]
    assert values(rows) == [150]


def order(*rows: tuple[int, int | None], order_value: OrderValue = "auto") -> list[int | None]:
    """The value of one order with these rows (minute, value)."""
    said = [("u", at, "purchase", {"order_id": "o", "value": value}) for at, value in rows]
    return values(said, replace(RULES, order_value=order_value))


def test_rows_at_one_instant_are_its_lines_and_are_added_up() -> None:
    assert order((0, 100), (0, 100), (0, 50)) == [250]


def test_a_later_row_whose_value_equals_the_orders_so_far_is_a_repeat_and_counts_once() -> None:
    assert order((0, 100), (5, 100), (900, 100)) == [100]
    assert order((0, 60), (0, 40), (5, 100)) == [100]
    assert order((0, 100), (5, 100), (5, 100)) == [100]  # twice at one instant
    assert order((0, 60), (0, 40), (5, 60), (5, 40), (7, 100)) == [100]  # its lines, shown again


def test_any_other_later_row_is_added() -> None:
    assert order((0, 100), (5, 20), (6, 120), (7, 30)) == [150]
    assert order((0, 100), (5, 20), (5, 100)) == [120]
    assert order((0, None), (5, 20), (6, None), (7, 20)) == [20]


def test_order_value_sum_or_once_overrides() -> None:
    rows = (0, None), (0, 100), (0, 100), (5, 200), (9, 7)
    assert order(*rows) == [207]
    assert order(*rows, order_value="sum") == [407]
    assert order(*rows, order_value="once") == [100]


@given(
    st.lists(st.tuples(st.sampled_from("op"), st.integers(0, 4), st.sampled_from([None, 0, 1, 2, 3, -1])), max_size=12)
)
def test_orders_are_worth_what_the_oracle_says(rows: list[tuple[str, int, int | None]]) -> None:
    rows = sorted(rows, key=lambda r: r[1])
    expected = []
    for name in dict.fromkeys(r[0] for r in rows):
        known = [(at, value) for o, at, value in rows if o == name and value is not None]
        expected.append(worth_of(known) if known else None)
    assert values([("u", at, "purchase", {"order_id": o, "value": v}) for o, at, v in rows]) == expected


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
        ("u", 0, "purchase", {"order_id": "o", "value": 100}),
        ("u", 1, "purchase", {"value": 60}),
        ("u", 2, "refund", {"order_id": "p", "value": 5}),
        ("u", 3, "refund", {"value": 6}),
        ("v", 3, "refund", {"order_id": "o", "value": 7}),
    ]
    assert values(rows) == [100, 60]


def test_a_refund_at_or_after_as_of_is_not_known_yet() -> None:
    rows = [("u", 0, "purchase", {"order_id": "o", "value": 100}), ("u", 10, "refund", {"order_id": "o", "value": 30})]
    found = goal_values(journeys_of(rows, as_of=10), RULES)
    assert found.value.tolist() == [100]


def test_a_batch_without_goals_has_no_values() -> None:
    assert values([]) == []
    assert values([("u", 0, "refund", {"order_id": "o", "value": 1})]) == []
