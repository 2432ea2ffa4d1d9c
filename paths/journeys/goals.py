"""Goals and their value: order rows fold into one, refunds lower the value of their order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingest.array_types import Bools, Ints
from paths.journeys.journeys import Journeys, memoised


@memoised()
def holding_goal(journeys: Journeys, goal: frozenset[str]) -> npt.NDArray[np.bool_]:
    """Per session: does it hold a goal?"""
    return journeys.sessions_with(journeys.answers_to(goal))


VALUE_COLUMNS = frozenset({"value", "order_id"})


@dataclass(frozen=True, kw_only=True)
class GoalRules:
    """What a goal is, and which names buy and refund."""

    goal: frozenset[str] = frozenset({"purchase"})
    purchase: frozenset[str] = frozenset({"purchase"})
    refund: frozenset[str] = frozenset({"refund"})


@dataclass(frozen=True)
class Folded:
    """One entry per goal: position of its first row, its value in minor units net of refunds, and is the value known."""

    first: Ints
    value: Ints
    known: Bools


def fold(journeys: Journeys, rows: Bools, same_instant: Bools, refunds: Bools) -> Folded:
    """Fold the marked rows of each customer into orders, in the order of their first rows.

    Rows with one order_id are one; rows without one are one where `same_instant` holds and event_at is equal, else each
    stands for itself. Values add up over the rows; refunds of the same order_id, whatever their sign, are taken off.
    """
    at = np.flatnonzero(rows)
    order = journeys.events.text("order_id").codes
    value = journeys.events.number("value")
    customer = journeys.customer
    has_order, at_instant = order[at] >= 0, same_instant[at]
    kind = np.where(has_order, 0, np.where(at_instant, 1, 2))
    what = np.where(has_order, order[at], np.where(at_instant, journeys.events.at[at], at))
    keys = np.stack([customer[at].astype(np.int64), kind.astype(np.int64), what.astype(np.int64)])
    first, group = grouped(keys)
    total = np.zeros(len(first), dtype=np.int64)
    np.add.at(total, group, value.values[at])
    known = np.zeros(len(first), dtype=bool)
    known[group[value.valid[at]]] = True
    total -= refunded(journeys, refunds, at[first], order, customer)
    sequence = np.argsort(at[first], kind="stable")
    return Folded(at[first][sequence], np.where(known, total, 0)[sequence], known[sequence])


def ascending(keys: Ints) -> bool:
    """Does no key column come before the one on its left? Rows without an order_id stand like that."""
    found = np.ones(max(0, keys.shape[1] - 1), dtype=bool)
    for row in keys[::-1]:
        found = (row[1:] > row[:-1]) | (row[1:] == row[:-1]) & found
    return bool(found.all())


def grouped(keys: Ints) -> tuple[Ints, Ints]:
    """(index of the first column of each distinct key column, group of each column)."""
    order = np.arange(keys.shape[1]) if ascending(keys) else np.lexsort(keys[::-1])
    ordered = keys[:, order]
    fresh = (
        np.append(True, (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)) if keys.shape[1] else np.zeros(0, dtype=bool)
    )
    number = np.cumsum(fresh) - 1
    group = np.empty(keys.shape[1], dtype=np.int64)
    group[order] = number
    return order[fresh], group


def refunded(
    journeys: Journeys, refunds: Bools, firsts: Ints, order: npt.NDArray[np.int32], customer: npt.NDArray[np.int32]
) -> Ints:
    """What was refunded of each of these orders."""
    at = np.flatnonzero(refunds)
    at = at[order[at] >= 0]
    result = np.zeros(len(firsts), dtype=np.int64)
    if not len(at) or not len(firsts):
        return result
    size = int(order.max()) + 2
    amounts = np.abs(journeys.events.number("value").values[at])
    codes, group = np.unique(customer[at].astype(np.int64) * size + order[at], return_inverse=True)
    sums = np.zeros(len(codes), dtype=np.int64)
    np.add.at(sums, group, amounts)
    wanted = customer[firsts].astype(np.int64) * size + order[firsts]
    place = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    return np.where((order[firsts] >= 0) & (codes[place] == wanted), sums[place], 0)


@memoised()
def goal_values(journeys: Journeys, rules: GoalRules) -> Folded:
    """All goals of the batch; purchases of one instant are one, other goals are not."""
    goal = journeys.answers_to(rules.goal)
    return fold(journeys, goal, journeys.answers_to(rules.purchase), journeys.answers_to(rules.refund))
