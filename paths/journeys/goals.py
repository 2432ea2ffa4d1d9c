"""Goals and their value: order rows fold into one, refunds lower the value of their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ingest.array_types import Bools, Ints
from paths.arrays.counting import ranges
from paths.journeys.journeys import Journeys, memoised


@memoised()
def holding_goal(journeys: Journeys, goal: frozenset[str]) -> npt.NDArray[np.bool_]:
    """bool per session: does it hold an event of a name or touchpoint of the goal?"""
    return journeys.sessions_with(journeys.answers_to(goal))


VALUE_COLUMNS = frozenset({"value", "order_id"})

OrderValue = Literal["auto", "sum", "once"]
"""How the values of an order's rows make its value. auto: rows at one instant are added up, a later row that repeats the order's
value so far counts once, any other later row is added; sum: all rows are added up; once: the first value that a row has."""


@dataclass(frozen=True, kw_only=True)
class GoalRules:
    """What a goal is, and which names buy and refund."""

    goal: frozenset[str] = frozenset({"purchase"})
    purchase: frozenset[str] = frozenset({"purchase"})
    refund: frozenset[str] = frozenset({"refund"})
    order_value: OrderValue = "auto"


@dataclass(frozen=True)
class Folded:
    """One entry per goal: position of its first row, its value in minor units net of refunds, and is the value known."""

    first: Ints
    value: Ints
    known: Bools


def fold(
    journeys: Journeys, rows: Bools, same_instant: Bools, refunds: Bools, order_value: OrderValue = "auto"
) -> Folded:
    """Fold the marked rows of each customer into orders, in the order of their first rows.

    Rows with one order_id are one; rows without one are one where `same_instant` holds and event_at is equal, else each
    stands for itself. `order_value` says what their values come to; refunds of the same order_id, whatever their sign, are
    taken off.
    """
    at = np.flatnonzero(rows)
    order = journeys.events.text("order_id").codes
    customer = journeys.customer
    has_order, at_instant = order[at] >= 0, same_instant[at]
    kind = np.where(has_order, 0, np.where(at_instant, 1, 2))
    what = np.where(has_order, order[at], np.where(at_instant, journeys.events.at[at], at))
    keys = np.stack([customer[at].astype(np.int64), kind.astype(np.int64), what.astype(np.int64)])
    first, group = grouped(keys)
    total, known = worths(journeys, at, group, len(first), order_value)
    total -= refunded(journeys, refunds, at[first], order, customer)
    sequence = np.argsort(at[first], kind="stable")
    return Folded(at[first][sequence], np.where(known, total, 0)[sequence], known[sequence])


def worths(journeys: Journeys, at: Ints, group: Ints, size: int, order_value: OrderValue) -> tuple[Ints, Bools]:
    """(value, is it known) of each group of rows; the positions `at` ascend."""
    value = journeys.events.number("value").take(at)
    valued = np.flatnonzero(value.valid)
    worth, group = value.values[valued], group[valued]
    total, known = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool)
    known[group] = True
    if order_value == "once":
        total[group[::-1]] = worth[::-1]  # backwards: the first row is written last
        return total, known
    np.add.at(total, group, worth)
    if order_value == "auto":
        take_repeats_off(total, group, journeys.events.at[at[valued]], worth)
    return total, known


def take_repeats_off(total: Ints, group: Ints, at: Ints, worth: Ints) -> None:
    """Take off the values of later rows that repeat what their group had come to before: a page that was loaded again.

    So does a row whose value is that of the group so far, and so do rows of one later instant that come to it together: the
    lines of the order, shown again. One round for the n-th instants of all groups that have so many.
    """
    order = np.argsort(group, kind="stable")
    group, at, worth = group[order], at[order], worth[order]
    begins = np.append(True, group[1:] != group[:-1])[: len(group)]
    lines = np.flatnonzero(begins | np.append(True, at[1:] != at[:-1])[: len(group)])  # each instant of each group
    if len(lines) == begins.sum():
        return
    size, owner = np.diff(lines, append=len(group)), group[lines]
    number = np.arange(len(lines)) - np.flatnonzero(begins[lines])[np.cumsum(begins[lines]) - 1]
    sums, so_far = np.add.reduceat(worth, lines), np.zeros(len(total), dtype=np.int64)
    so_far[owner[number == 0]] = sums[number == 0]
    later = np.flatnonzero(number)
    later = later[np.argsort(number[later], kind="stable")]
    for here in np.split(later, np.flatnonzero(np.diff(number[later])) + 1):
        rows, line = ranges(lines[here], size[here]), np.repeat(np.arange(len(here)), size[here])
        before = so_far[owner[here]]
        again = (worth[rows] == before[line]) | (sums[here] == before)[line]
        repeated = np.zeros(len(here), dtype=np.int64)
        np.add.at(repeated, line[again], worth[rows[again]])
        so_far[owner[here]] = before + sums[here] - repeated
        total[owner[here]] -= repeated


def ascending(keys: Ints) -> bool:
    """Does no key column come before the one on its left? Rows without an order_id stand like that."""
    rising = np.ones(max(0, keys.shape[1] - 1), dtype=bool)
    for row in keys[::-1]:
        rising = (row[1:] > row[:-1]) | (row[1:] == row[:-1]) & rising
    return bool(rising.all())


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
    """int64 [len(firsts)], minor units: what was refunded of each order. refunds: bool per event; order: int32 per event, -1 for none."""
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
    purchase, refund = journeys.answers_to(rules.purchase), journeys.answers_to(rules.refund)
    return fold(journeys, goal, purchase, refund, rules.order_value)
