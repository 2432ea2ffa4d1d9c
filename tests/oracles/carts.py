"""Carts in plain Python: walk one customer's events, keep the list of running carts, and judge each cart by its own list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

HOUR = 3_600_000_000
DAY = 24 * HOUR
ACTIVITY = ("add", "remove", "update", "view_cart", "begin_checkout", "payment")


@dataclass(eq=False)
class Cart:
    """The events of one episode, and the order that ended it."""

    cart_id: str | None
    events: list[Any]
    order: Any = None


def by_customer(events: Sequence[Any]) -> list[list[Any]]:
    return [list(mine) for _, mine in groupby(events, key=lambda e: e.customer)]


def orders_of(events: Sequence[Any], roles: Mapping[str, str]) -> list[tuple[Any, int | None]]:
    """(first row, value net of refunds) of each order of one customer."""
    groups: dict[Any, list[Any]] = {}
    for e in events:
        if roles.get(e.name) == "purchase":
            groups.setdefault(e.get("order_id") or e.at, []).append(e)
    found = []
    for key, rows in groups.items():
        values = [(r.at, r.get("value")) for r in rows if r.get("value") is not None]
        back = [e.get("value") or 0 for e in events if roles.get(e.name) == "refund" and e.get("order_id") == key]
        found.append((rows[0], worth_of(values) - sum(map(abs, back)) if values else None))
    return found


def worth_of(values: Sequence[tuple[int, int]]) -> int:
    """(instant, value) of an order's rows -> its value: what repeats it at a later instant counts once."""
    total = 0
    for number, (_, same) in enumerate(groupby(values, key=lambda v: v[0])):
        lines, before = [value for _, value in same], total
        if number == 0 or sum(lines) != before:
            total += sum(v for v in lines if number == 0 or v != before)
    return total


def carts_of(events: Sequence[Any], roles: Mapping[str, str], recovery: int = 7 * DAY) -> list[Cart]:
    """All carts of one customer in the order of their openings."""
    firsts = {id(row): (row, value) for row, value in orders_of(events, roles)}
    carts: list[Cart] = []
    running: list[Cart] = []
    for e in events:
        running = [c for c in running if e.at - c.events[-1].at <= recovery]
        mine = [c for c in running if c.cart_id == e.get("cart_id")]
        if id(e) in firsts:
            ended = mine if e.get("cart_id") and mine else running
            for cart in ended[-1:]:
                cart.order = firsts[id(e)]
                running.remove(cart)
        elif roles.get(e.name) in ACTIVITY:
            if not mine and roles[e.name] in ("add", "begin_checkout"):
                mine = [Cart(e.get("cart_id"), [])]
                carts += mine
                running += mine
            for cart in mine:
                cart.events.append(e)
    return carts


def items_of(cart: Cart, roles: Mapping[str, str]) -> dict[Any, tuple[int, int | None]]:
    """Item -> (net quantity, last known price)."""
    items: dict[Any, tuple[int, int | None]] = {}
    for e in cart.events:
        role, quantity = roles[e.name], e.get("quantity")
        if role not in ("add", "remove", "update") or (role == "update" and quantity is None):
            continue
        net, price = items.get(e.get("item_id"), (0, None))
        pieces = 1 if quantity is None else quantity
        net = pieces if role == "update" else net + pieces if role == "add" else net - pieces
        items[e.get("item_id")] = net, price if e.get("price") is None else e.get("price")
    return items


def judged(
    cart: Cart, events: Sequence[Any], roles: Mapping[str, str], as_of: int, quiet: int = 4 * HOUR
) -> dict[str, Any]:
    """The episode as a row; `events` are all of its customer's."""
    mine = [*cart.events, *([cart.order[0]] if cart.order else [])]
    seen = {roles[e.name] for e in cart.events}
    left = [(n, price) for n, price in items_of(cart, roles).values() if n > 0]
    last = cart.events[-1]
    pauses = [a.at + quiet for a, b in pairwise(mine) if b.at - a.at > quiet]
    by = None
    if cart.order:
        status = "recovered" if pauses else "converted"
        mails = [e for e in events[: events.index(cart.order[0])] if roles.get(e.name) == "reminder"]
        if pauses:
            by = "reminder" if any(e.at > pauses[0] for e in mails) else "organic"
    elif as_of <= last.at + quiet:
        status = "open"
    else:
        status = "emptied" if "add" in seen and not left else "abandoned"
        pauses.append(last.at + quiet)
    known = all(price is not None for _, price in left) and ("add" in seen or bool(left))
    value = sum(n * (price or 0) for n, price in left) if known else None
    if cart.order and cart.order[1] is not None:
        value = cart.order[1]
    return {
        "customer": last.customer,
        "cart_id": cart.cart_id,
        "kind": "checkout" if seen & {"begin_checkout", "payment"} else "cart",
        "status": status,
        "by": by,
        "opened_at": cart.events[0].at,
        "last_activity_at": last.at,
        "last_step": last.name,
        "quiet_since": pauses[0] if pauses else None,
        "purchase_at": cart.order[0].at if cart.order else None,
        "value": value,
        "items_left": sum(n for n, _ in left),
        "first": cart.events[0],
    }


def episodes(events: Sequence[Any], roles: Mapping[str, str], as_of: int, **times: int) -> list[dict[str, Any]]:
    """Every episode of every customer; times: quiet, recovery."""
    recovery, quiet = times.get("recovery", 7 * DAY), times.get("quiet", 4 * HOUR)
    exist = [e for e in events if e.at < as_of]
    return [
        judged(cart, mine, roles, as_of, quiet)
        for mine in by_customer(exist)
        for cart in carts_of(mine, roles, recovery)
    ]


def browsing(
    events: Sequence[Any],
    sessions: Sequence[Sequence[Any]],
    roles: Mapping[str, str],
    as_of: int,
    recovery: int = 7 * DAY,
) -> list[tuple[str, str]]:
    """(customer, status) of each session that only looked; `sessions` are lists of events."""
    exist = [e for e in events if e.at < as_of]
    orders = [row for mine in by_customer(exist) for row, _ in orders_of(mine, roles)]
    found = []
    for session in sessions:
        did = {roles.get(e.name) for e in session}
        first, limit = session[0], session[-1].at + recovery
        own = [o for o in orders if o.customer == first.customer]
        later = [o for o in own if (o.at, o.recorded) >= (first.at, first.recorded) and o.at <= limit]
        if "view" in did and not did & {"add", "begin_checkout"} and not later:
            found.append((first.customer, "open" if as_of <= limit else "abandoned"))
    return found
