"""Cart episodes: from the first add or begin_checkout to the purchase, or to the silence after the last activity.

A lane (see paths/carts/activity.py) is cut at its purchases and at gaps longer than recovery_window; each piece holds one
episode at most, which opens at the piece's first add or begin_checkout. Everything is one pass over arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingest.array_types import Bools, Ints
from ingest.scan.batches import Codes
from paths.arrays.counting import next_at_or_after
from paths.carts.activity import Marks, bought, extents, find_marks
from paths.carts.contents import contents
from paths.carts.rules import BEGIN_CHECKOUT, PAYMENT, PURCHASE, REMINDER, ROLES, CartRules, Roles, roles_of
from paths.journeys.goals import Folded
from paths.journeys.journeys import Journeys, memoised
from paths.journeys.scope import NEVER

Small = npt.NDArray[np.int8]

KINDS = ("cart", "checkout")
CART, CHECKOUT = range(len(KINDS))
STATUSES = ("converted", "recovered", "abandoned", "open", "emptied")
CONVERTED, RECOVERED, ABANDONED, OPEN, EMPTIED = range(len(STATUSES))
BY = ("none", "reminder", "organic")
BY_NONE, BY_REMINDER, BY_ORGANIC = range(len(BY))


@dataclass(frozen=True, kw_only=True)
class Episodes:
    """One entry per episode, in the order of their openings in the batch. Instants are microseconds UTC."""

    customer: Ints  # 0, 1, ... in the order of the batch
    first: Ints  # position of the event that opened it
    last: Ints  # position of its last cart activity
    purchase: Ints  # position of the first row of the purchase that ended it, -1 = none
    opened_at: Ints
    last_activity_at: Ints
    purchase_at: Ints  # NEVER = none
    quiet_since: Ints  # when it first went quiet, NEVER = it never was
    kind: Small  # position in KINDS
    status: Small  # position in STATUSES
    by: Small  # position in BY: what a recovered one was recovered by
    value: Ints  # minor units, 0 where it is not known
    known: Bools
    items_left: Ints  # pieces not taken out again
    last_step: npt.NDArray[np.int32]  # touchpoint code of the last cart activity

    def __len__(self) -> int:
        return len(self.first)

    def take(self, rows: Ints | Bools) -> Episodes:
        """These episodes."""
        return Episodes(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True)
class CartRows:
    """The events that carts are about: role of each event, and the orders."""

    role: Roles
    orders: Folded
    roles: Codes  # the roles, and nothing, as nodes that sessions visit

    @staticmethod
    @memoised()
    def of(journeys: Journeys, rules: CartRules) -> CartRows:
        """Of a batch."""
        role = roles_of(journeys, rules)
        return CartRows(
            role=role,
            orders=bought(journeys, role, rules.order_value),
            roles=Codes(role.astype(np.int32), (*ROLES, "")),
        )


@memoised()
def episodes(journeys: Journeys, rules: CartRules) -> Episodes:
    """The cart episodes of a batch as they stand at as_of."""
    return episodes_of(journeys, CartRows.of(journeys, rules), rules)


def episodes_of(journeys: Journeys, rows: CartRows, rules: CartRules) -> Episodes:
    """The same, from rows found before."""
    marks = find_marks(journeys, rows.role, rows.orders, rules)
    first, end = extents(marks, rules.recovery)
    buys = marks.role[end - 1] == PURCHASE
    last = end - 1 - buys
    gone = ~buys & (journeys.scope.as_of > marks.at[last] + rules.quiet)
    since = quiet(marks, first, end, rules.quiet)
    since = np.where(gone, np.minimum(since, marks.at[last] + rules.quiet), since)
    inside = contents(journeys, marks, first, end)
    empty = inside.had_add & (inside.left == 0)
    over = np.where(gone, np.where(empty, EMPTIED, ABANDONED), OPEN)
    status = np.where(buys, np.where(since == NEVER, CONVERTED, RECOVERED), over).astype(np.int8)
    purchase = np.where(buys, marks.position[end - 1], -1)
    paid, paid_known = paid_for(rows.orders, purchase)
    known = paid_known | (inside.priced & (inside.had_add | (inside.left > 0)))
    every = Episodes(
        customer=journeys.customer[marks.position[first]].astype(np.int64),
        first=marks.position[first],
        last=marks.position[last],
        purchase=purchase,
        opened_at=marks.at[first],
        last_activity_at=marks.at[last],
        purchase_at=np.where(buys, marks.at[end - 1], NEVER),
        quiet_since=since,
        kind=kinds(marks, first, end),
        status=status,
        by=recovered_by(journeys, rows.role, status == RECOVERED, purchase, since),
        value=np.where(paid_known, paid, np.where(known, inside.value, 0)),
        known=known,
        items_left=inside.left,
        last_step=journeys.touchpoint.codes[marks.position[last]],
    )
    return every if (every.first[1:] > every.first[:-1]).all() else every.take(np.argsort(every.first))


def quiet(marks: Marks, first: Ints, end: Ints, quiet_period: int) -> Ints:
    """When each episode first went quiet before its last mark; NEVER if it did not."""
    after = np.flatnonzero(marks.at[1:] - marks.at[:-1] > quiet_period) + 1
    woken = next_at_or_after(after, first + 1)
    went = woken < end
    since = marks.at[np.where(went, woken, 1) - 1] + quiet_period if len(marks) else first
    return np.where(went, since, NEVER)


def kinds(marks: Marks, first: Ints, end: Ints) -> Small:
    """CHECKOUT where a begin_checkout or a payment was seen."""
    seen = np.append(0, np.cumsum((marks.role == PAYMENT) | (marks.role == BEGIN_CHECKOUT)))
    return np.where(seen[end] > seen[first], CHECKOUT, CART).astype(np.int8)


def paid_for(orders: Folded, purchase: Ints) -> tuple[Ints, Bools]:
    """(value of each purchase, is it known); purchases are positions of first rows, -1 = none."""
    if not len(orders.first):
        return np.zeros(len(purchase), dtype=np.int64), np.zeros(len(purchase), dtype=bool)
    place = np.searchsorted(orders.first, np.maximum(purchase, orders.first[0]))
    known = (purchase >= 0) & orders.known[place]
    return np.where(known, orders.value[place], 0), known


def recovered_by(journeys: Journeys, role: Roles, recovered: Bools, purchase: Ints, quiet_since: Ints) -> Small:
    """By a reminder if one lies after the moment it first went quiet and, in order, before the purchase."""
    by = np.where(recovered, BY_ORGANIC, BY_NONE).astype(np.int8)
    reminders = np.flatnonzero(role == REMINDER)
    if not len(reminders) or not recovered.any():
        return by
    at, customer = journeys.events.at, journeys.customer
    place = np.searchsorted(reminders, purchase[recovered]) - 1
    newest = reminders[np.maximum(place, 0)]
    mine = (place >= 0) & (customer[newest] == customer[purchase[recovered]]) & (at[newest] > quiet_since[recovered])
    by[np.flatnonzero(recovered)[mine]] = BY_REMINDER
    return by
