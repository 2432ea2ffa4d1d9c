"""Carts one by one, and whom to remind of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from ingest.errors import ConfigError
from paths.carts.listing import CART_LIST, CartList
from paths.carts.reminders import REMINDERS, SENT, due, reminder_key
from paths.journeys.prepare import prepare
from tests.builder import Row, ask, batch_of, columns_of, instant, key_of, scope_of
from tests.cart_steps import RULES, A

HOURS = 60
IDS = {"customer_id": None, "anonymous_id": None}


def listed(rows: list[Row], as_of: float = 72 * HOURS, **options: Any) -> list[dict[str, Any]]:
    rows = [(r[0], r[1], r[2], {**IDS, "customer_id": r[0], **(r[3] if len(r) > 3 else {})}) for r in rows]
    return ask(CartList(rules=RULES, **options), rows, as_of=as_of)


def at(hours: float) -> datetime:
    return datetime(2026, 1, 15, tzinfo=UTC) + timedelta(hours=hours)


# ---- the list


def test_one_row_is_one_episode_sorted_by_opening_and_key() -> None:
    rows = [("b", 0, "add"), ("a", 0, "add"), ("a", 30, "buy"), ("a", 60, "add"), ("c", -60, "add")]
    assert columns_of(listed(rows), "customer_id", "status") == [
        ("c", "abandoned"),
        ("a", "converted"),
        ("b", "abandoned"),
        ("a", "abandoned"),
    ]


def test_a_row_says_what_is_known_of_the_cart() -> None:
    rows = [
        ("a", 0, "add", {**A, "cart_id": "k", "quantity": 2}),
        ("a", 60, "pay", {"cart_id": "k"}),
        ("a", 360, "mail"),
    ]
    assert listed([*rows, ("a", 600, "buy", {"cart_id": "k", "value": 950})]) == [
        {
            "customer_id": "a",
            "kind": "checkout",
            "status": "recovered",
            "opened_at": at(0),
            "last_activity_at": at(1),
            "last_step": "pay",
            "value": 9.5,
            "known": True,
            "items_left": 2,
            "by": "reminder",
            "quiet_since": at(5),
            "purchase_at": at(10),
            "cart_id": "k",
            "last_reminder_at": at(6),
            "bought_since": True,
            "customer_key": key_of("a"),
        }
    ]
    (unknown,) = listed([("a", 0, "add", {"item_id": "x"})])
    assert (unknown["value"], unknown["known"], unknown["by"], unknown["purchase_at"]) == (None, False, None, None)


def test_the_customer_is_named_by_the_last_known_id_else_the_last_anonymous_one() -> None:
    rows = [
        ("a", 0, "add", {"customer_id": None, "anonymous_id": "n1"}),
        ("a", 9, "see", {"customer_id": "C"}),
        ("a", 10, "see", {"customer_id": None, "anonymous_id": "n2"}),
    ]
    assert columns_of(listed(rows), "customer_id") == [("C",)]
    nobody = [(r[0], r[1], r[2], {"anonymous_id": f"n{i}", "customer_id": None}) for i, r in enumerate(rows)]
    assert columns_of(listed(nobody), "customer_id") == [("n2",)]


def test_statuses_and_period_choose() -> None:
    rows = [("a", 0, "add"), ("b", 0, "add"), ("b", 10, "buy"), ("c", 48 * HOURS, "add")]
    assert columns_of(listed(rows, statuses=frozenset({"abandoned"})), "customer_id") == [("a",), ("c",)]
    given = [(*r, {**IDS, "customer_id": r[0]}) for r in rows]
    late = ask(CartList(rules=RULES), given, since="2026-01-16 00:00")
    assert columns_of(late, "customer_id") == [("c",)]
    with pytest.raises(ConfigError, match='Did you mean "abandoned"'):
        CartList(rules=RULES, statuses=frozenset({"abandonned"}))


def test_contactable_is_the_customers_last_word_on_it() -> None:
    rows = [
        ("a", 0, "add", {"mailable": "no"}),
        ("a", 9, "see", {"mailable": "Yes"}),
        ("a", 10, "see"),
        ("b", 0, "add", {"mailable": "1"}),
        ("b", 1, "see", {"mailable": "0"}),
        ("c", 0, "add"),
    ]
    assert columns_of(listed(rows, contactable="mailable"), "customer_id", "contactable") == [
        ("a", True),
        ("b", False),
        ("c", False),
    ]
    assert CartList(rules=RULES, contactable="mailable").columns >= {
        "mailable",
        "customer_id",
        "anonymous_id",
        "cart_id",
    }


def test_a_list_of_split_batches_is_the_list_of_the_whole() -> None:
    rows = [(c, 7 * i, "add", {**IDS, "customer_id": c}) for i, c in enumerate("dacb")]
    analysis = CartList(rules=RULES)
    parts = [analysis.map(prepared([r for r in rows if r[0] in some])) for some in ("ad", "cb", "")]
    assert analysis.reduce(parts).equals(analysis.reduce([analysis.map(prepared(rows))]))
    assert analysis.reduce([]).schema == CART_LIST


def prepared(rows: list[Row]) -> Any:
    if not rows:
        rows = [("z", 0, "add", IDS)]
        return prepare(batch_of(rows), scope_of(as_of=0))
    return prepare(batch_of(rows), scope_of())


# ---- reminders


def abandoned(*hours: float, **further: Any) -> pa.Table:
    """One abandoned cart of customer a, b, ... with its last activity at each of these hours after ZERO."""
    rows = [
        {
            "customer_id": "abcdef"[i],
            "kind": "cart",
            "status": "abandoned",
            "opened_at": at(h - 1),
            "last_activity_at": at(h),
            "last_step": "add",
            "value": None,
            "known": False,
            "items_left": 1,
            "customer_key": i,
            **further,
        }
        for i, h in enumerate(hours)
    ]
    schema = CART_LIST.append(pa.field("contactable", pa.bool_())) if "contactable" in further else CART_LIST
    return pa.Table.from_pylist(rows, schema=schema)


def reminded(episodes: pa.Table, hours: float = 72, **options: Any) -> list[str]:
    found: list[str] = due(episodes, due_at=instant(60 * hours), **options).column("customer_id").to_pylist()
    return found


def sent(*rows: tuple[int, float]) -> pa.Table:
    return pa.Table.from_pylist([{"customer_key": k, "sent_at": at(h)} for k, h in rows], schema=SENT)


def test_only_abandoned_carts_are_reminded_of() -> None:
    rows = [("a", 0, "add"), ("b", 0, "add"), ("b", 10, "buy"), ("c", 0, "add"), ("c", 1, "rem")]
    table = pa.Table.from_pylist(listed(rows, as_of=24 * HOURS), schema=CART_LIST)
    assert reminded(table, 24) == ["a"]


def test_younger_than_reminder_max_age_since_the_last_cart_activity() -> None:
    assert reminded(abandoned(0, -0.01, 10)) == ["a", "c"]  # exactly three days is still young
    assert reminded(abandoned(0, 50), reminder_max_age=timedelta(days=1)) == ["b"]
    assert reminded(abandoned(73)) == []  # not yet


def test_no_purchase_of_the_customer_since_its_last_activity() -> None:
    one, two, other = ({"cart_id": i} for i in "123")
    rows = [
        ("a", 0, "add", one),
        ("a", 5, "add", two),
        ("a", 9, "buy", two),  # bought another cart
        ("b", 0, "buy", other),
        ("b", 0, "add", one),  # bought before, if only in recorded order
        ("c", 0, "buy", {**other, "order_id": "o"}),
        ("c", 5, "add", one),
        ("c", 9, "buy", {**other, "order_id": "o"}),  # a row of an order made before
    ]
    table = pa.Table.from_pylist(listed(rows, as_of=24 * HOURS), schema=CART_LIST)
    assert reminded(table, 24) == ["b", "c"]
    assert reminded(abandoned(60, bought_since=True)) == []


def test_contactable_where_mapped() -> None:
    assert reminded(abandoned(10, contactable=True)) == ["a"]
    assert reminded(abandoned(10, contactable=False)) == []


def test_not_suppressed() -> None:
    assert reminded(abandoned(10, 11, 12), suppressed=["b", "nobody"]) == ["a", "c"]


def test_cool_down_kept_against_reminder_events_and_what_was_sent() -> None:
    assert reminded(abandoned(60, last_reminder_at=at(50))) == []
    assert reminded(abandoned(60, last_reminder_at=at(72 - 168))) == []  # exactly reached is still inside
    assert reminded(abandoned(60, last_reminder_at=at(71.9 - 168))) == ["a"]
    assert reminded(abandoned(60, 60), sent=sent((0, 50), (0, -500))) == ["b"]
    assert reminded(abandoned(60, last_reminder_at=at(50)), cooldown=timedelta(0)) == ["a"]
    assert reminded(abandoned(60, last_reminder_at=at(50)), cooldown=timedelta(hours=21)) == ["a"]


def test_reminders_at_or_after_the_due_instant_do_not_exist_yet() -> None:
    assert reminded(abandoned(60, last_reminder_at=at(72)), sent=sent((0, 72), (0, 80))) == ["a"]


def test_one_row_per_episode_with_a_key_that_names_nothing_else() -> None:
    table = abandoned(60, 60, 60)
    first, later = (due(table, due_at=instant(60 * h)) for h in (72, 90))
    assert first.equals(later)
    assert first.schema == REMINDERS
    keys = first.column("key").to_pylist()
    assert len(set(keys)) == 3
    assert keys[0] == reminder_key(0, instant(59 * 60), None) == "de0d6ddd3bf9f020"
    assert (
        len({reminder_key(1, 2, None), reminder_key(1, 2, "k"), reminder_key(2, 2, None), reminder_key(1, 3, None)})
        == 4
    )


def test_no_episodes_no_reminders() -> None:
    assert due(CART_LIST.empty_table(), due_at=0, sent=SENT.empty_table()).equals(REMINDERS.empty_table())
