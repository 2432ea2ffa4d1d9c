"""Carts as literals: steps of one customer, the rules that read them, and the answer."""

from __future__ import annotations

from typing import Any

from paths.carts.counts import Carts
from paths.carts.rules import CartRules
from paths.journeys.journeys import Journeys
from tests.builder import journeys_of

NAMES = {
    "see": "view",
    "add": "add",
    "rem": "remove",
    "upd": "update",
    "cart": "view_cart",
    "chk": "begin_checkout",
    "pay": "payment",
    "buy": "purchase",
    "back": "refund",
    "mail": "reminder",
}
RULES = CartRules(roles={role: frozenset({name}) for name, role in NAMES.items()})
HOUR = 3_600_000_000
A, B = {"item_id": "a", "price": 500}, {"item_id": "b", "price": 300}
ONE, TWO = {"cart_id": "1"}, {"cart_id": "2"}


def journeys(*steps: tuple[Any, ...], **scope: Any) -> Journeys:
    """Steps are (name, hours after ZERO[, columns])."""
    return journeys_of([("u", 60 * s[1], s[0], *s[2:]) for s in steps], **scope)


def answer(batch: Journeys, *, rules: CartRules = RULES, **options: Any) -> Any:
    analysis = Carts(rules=rules, **options)
    return analysis.reduce([analysis.map(batch)])


def counts(batch: Journeys, **options: Any) -> dict[tuple[Any, ...], int]:
    return {tuple(r.values())[:-4]: r["episodes"] for r in answer(batch, **options).table.to_pylist()}
