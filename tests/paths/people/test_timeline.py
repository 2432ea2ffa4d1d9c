"""A customer's journey: every event in order, with what it was."""

from __future__ import annotations

from typing import Any

from paths.carts.rules import CartRules
from paths.journeys.touchpoints import StageRule, StageRules
from paths.people.timeline import GoalSums, Timeline
from tests.builder import Row, ask, columns_of

CARTS = CartRules(
    roles={"add": frozenset({"add"}), "purchase": frozenset({"purchase"}), "remove": frozenset({"remove"})}
)


def told(rows: list[Row], question: Timeline | None = None, **scope: Any) -> list[dict[str, Any]]:
    rows = [(c, at, name, {"properties": None, **(more[0] if more else {})}) for c, at, name, *more in rows]
    return ask(question or Timeline(), rows, **scope)


def test_sessions_are_numbered_for_each_customer_and_passive_events_are_in_none() -> None:
    rows: list[Row] = [("u", 0, "mail"), ("u", 1, "a"), ("u", 90, "b"), ("v", 0, "a"), ("v", 1, "mail"), ("v", 2, "a")]
    found = columns_of(told(rows, passive=frozenset({"mail"})), "session", "note")
    assert found == [
        (None, "passive"),
        (1, "session start"),
        (2, "session start"),
        (1, "session start"),
        (None, "passive"),
        (1, None),
    ]


def test_a_row_has_what_was_recorded() -> None:
    stages = StageRules((StageRule(name="buy", events=("purchase",)),))
    seen = {"channel": "web", "url": "/x?y", "properties": '{"a":"b"}', "colour": "red"}
    rows: list[Row] = [("u", 0, "a", seen), ("u", 1, "purchase", {"value": 1999, "order_id": "o1", "colour": None})]
    one, two = told(rows, Timeline(promoted=("colour",)), stages=stages)
    assert (one["event"], one["touchpoint"], one["stage"], one["channel"], one["url"]) == (
        "a",
        "a",
        None,
        "web",
        "/x?y",
    )
    assert (one["value"], one["properties"], one["colour"]) == (None, '{"a":"b"}', "red")
    assert (two["stage"], two["value"], two["order_id"], two["note"], two["colour"]) == (
        "buy",
        19.99,
        "o1",
        "goal",
        None,
    )


def test_notes_say_where_carts_open_and_what_became_of_them() -> None:
    rows: list[Row] = [
        ("u", 0, "add", {"item_id": "i"}),
        ("u", 1, "purchase"),
        ("v", 0, "add", {"item_id": "i"}),
        ("v", 300, "purchase"),
        ("w", 0, "add", {"item_id": "i"}),
        ("w", 1, "look"),
        ("x", 0, "add", {"item_id": "i"}),
        ("x", 1, "remove", {"item_id": "i"}),
        ("y", 590, "add", {"item_id": "i"}),
    ]
    rows = [
        (c, at, n, {"price": None, "quantity": None, "cart_id": None, **(m[0] if m else {})}) for c, at, n, *m in rows
    ]
    notes = [
        n for r in told(rows, Timeline(carts=CARTS), as_of=600) for n in (r["note"] or "").split("; ") if "cart" in n
    ]
    assert notes == [
        "cart opened",
        "cart converted",
        "cart opened",
        "cart recovered (organic)",
        "cart opened",
        "cart abandoned",
        "cart opened",
        "cart emptied",
        "cart opened",
        "cart open",
    ]


def test_events_of_an_excluded_session_are_told_and_marked_and_carts_do_not_see_them() -> None:
    rows: list[Row] = [("u", 0, "a"), ("u", 1, "a"), ("u", 2, "a"), ("u", 90, "add"), ("u", 400, "a")]
    rows = [(c, at, n, {"item_id": None, "price": None, "quantity": None, "cart_id": None}) for c, at, n in rows]
    found = told(rows, Timeline(carts=CARTS), max_session_events=2)
    assert columns_of(found, "session", "note")[:2] == [(1, "session start; excluded session"), (1, "excluded session")]
    assert found[3]["note"] == "session start; cart opened; cart abandoned"


def test_only_the_period_is_told_and_numbers_stay() -> None:
    rows: list[Row] = [("u", 0, "a"), ("u", 90, "b"), ("u", 200, "c")]
    assert columns_of(told(rows, since=50, until=200), "event", "session") == [("b", 2)]
    assert told(rows, as_of=0) == []
    assert Timeline().reduce([]).schema == Timeline().schema


def test_goals_are_counted_as_orders_with_their_value() -> None:
    rows: list[Row] = [
        ("u", 0, "purchase", {"value": 100, "order_id": "o"}),
        ("u", 1, "purchase", {"value": 50, "order_id": "o"}),
        ("u", 2, "purchase"),
        ("u", 3, "refund", {"value": 30, "order_id": "o"}),
    ]
    assert ask(GoalSums(), rows) == [{"goals": 2, "with_value": 1, "value": 120}]
    assert ask(GoalSums(), rows, since=1) == [{"goals": 1, "with_value": 0, "value": 0}]
    assert GoalSums().reduce([]).to_pylist() == [{"goals": 0, "with_value": 0, "value": 0}]
