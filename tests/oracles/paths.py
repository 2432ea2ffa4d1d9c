"""Edges and drop-off, counted by hand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from itertools import groupby, pairwise
from typing import Any

from tests.builder import Event
from tests.oracles.carts import worth_of
from tests.oracles.sessions import Session

Node = Callable[[Event], str]


def nearest_rank(values: Sequence[int], percent: int) -> float | None:
    """The quantile in seconds."""
    if not values:
        return None
    rank = next(k for k in range(1, len(values) + 1) if 100 * k >= percent * len(values))
    return sorted(values)[rank - 1] / 1_000_000


def visits(session: Session, node: Node, collapse: bool) -> list[tuple[str, Event]]:
    """(node, first event of the visit)."""
    if not collapse:
        return [(node(e), e) for e in session.events]
    return [(name, next(run)) for name, run in groupby(session.events, node)]


def edges(sessions: Sequence[Session], node: Node, collapse: bool = False) -> dict[tuple[str, str], dict[str, Any]]:
    """By (source, target): transitions, sessions, customers, the times in microseconds."""
    found: dict[tuple[str, str], list[tuple[int, str, int | None]]] = defaultdict(list)
    for number, session in enumerate(sessions):
        path = visits(session, node, collapse)
        owner = session.events[0].customer
        for source, target in pairwise([("START", None), *path, ("END", None)]):
            time = target[1].at - source[1].at if source[1] and target[1] else None
            found[source[0], target[0]].append((number, owner, time))
    return {
        edge: {
            "transitions": len(hits),
            "sessions": len({n for n, _, _ in hits}),
            "customers": len({c for _, c, _ in hits}),
            "times": [t for _, _, t in hits if t is not None],
        }
        for edge, hits in found.items()
    }


def goal_values(events: Sequence[Event], goals: Collection[str], in_period: Callable[[Event], bool]) -> list[int]:
    """The value of each goal that has one: rows of one order are one goal, purchases of one instant too."""
    orders: dict[tuple[Any, ...], list[Event]] = defaultdict(list)
    for e in events:
        if e.name in goals:
            order = e.get("order_id")
            what = ("order", order) if order else ("at", e.at) if e.name == "purchase" else ("row", e.recorded)
            orders[e.customer, *what].append(e)
    values = []
    for (customer, kind, what), rows in orders.items():
        known = [(e.at, e.get("value")) for e in rows if e.get("value") is not None]
        back = [
            abs(e.get("value") or 0)
            for e in events
            if (e.customer, e.name) == (customer, "refund") and kind == "order" and e.get("order_id") == what
        ]
        if known and in_period(rows[0]):
            values.append(worth_of(known) - sum(back))
    return values


def drop_off(
    events: Sequence[Event],
    sessions: Sequence[Session],
    goals: Collection[str],
    as_of: int,
    window: int,
    node: Node,
    *,
    collapse: bool,
) -> dict[str, dict[str, Any]]:
    """By node; `sessions` are those that count, `events` everything that exists."""
    place = {e.recorded: i for i, e in enumerate(events)}
    goal_at = [(e.customer, place[e.recorded], e.at) for e in events if e.name in goals]
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for s in sessions:
        end, owner = place[s.events[-1].recorded], s.events[0].customer
        back = any(c == owner and p > end and at - s.end <= window for c, p, at in goal_at)
        inside = [place[e.recorded] for e in s.events if e.name in goals]
        closed = not as_of <= s.end + window
        path = visits(s, node, collapse)
        for name, _ in path:
            rows[name]["visits"] += 1
        for name in {n for n, _ in path}:
            first = next(place[e.recorded] for n, e in path if n == name)
            rows[name]["sessions"] += 1
            rows[name]["closed"] += closed
            rows[name]["converting"] += closed and (back or any(p > first for p in inside))
        for e in s.events:
            rows[node(e)]["others"] += e.name not in goals
        if not inside:
            name = path[-1][0]
            rows[name]["drop_off"] += 1
            rows[name]["returned" if back else "lost" if closed else "in_progress"] += 1
            if not back and closed:
                rows[name]["after " + (path[-2][0] if len(path) > 1 else "START")] += 1
    return {name: dict(row) for name, row in rows.items() if row["others"] or not goals}
