"""What moves carts: cart activity and purchases, each in the lane of the cart that it belongs to.

A lane is a customer, or a customer's cart_id where carts have one. A purchase whose cart_id has a running cart belongs to
that lane; any other one ends the customer's newest running cart, whichever lane that is in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ingest.array_types import Bools, Ints
from ingest.scan.batches import Codes, Column, EventBatch
from paths.arrays.counting import next_at_or_after, positions
from paths.carts.rules import ADD, BEGIN_CHECKOUT, PURCHASE, REFUND, VIEW_CART, CartRules, Roles, number_at, text_at
from paths.journeys.goals import Folded, OrderValue, fold
from paths.journeys.journeys import Journeys

NO_LANE = -1
FAR = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class Marks:
    """Cart activity and the first rows of purchases; arrays of one length, lane by lane, each lane in order."""

    position: Ints  # in the batch
    lane: Ints  # equal for the same cart_id of the same customer
    at: Ints  # microseconds UTC
    role: Roles

    def __len__(self) -> int:
        return len(self.position)

    def take(self, rows: npt.NDArray[np.int64] | Bools) -> Marks:
        """These marks."""
        return Marks(position=self.position[rows], lane=self.lane[rows], at=self.at[rows], role=self.role[rows])


def bought(journeys: Journeys, role: Roles, order_value: OrderValue) -> Folded:
    """The orders of the batch: position of the first row, value net of refunds, known; ascending positions."""
    rows = np.flatnonzero(role <= REFUND)
    events = journeys.events
    columns: dict[str, Column] = {
        "order_id": text_at(events, "order_id", rows),
        "value": number_at(events, "value", rows),
    }
    few = EventBatch.of(events.keys.take(events.customer.take(rows)), events.at[rows], events.event.take(rows), columns)
    small = replace(journeys, events=few, touchpoint=journeys.touchpoint.take(rows), memo={})
    buys = role[rows] == PURCHASE
    orders = fold(small, buys, buys, ~buys, order_value)
    return Folded(rows[orders.first], orders.value, orders.known)


def find_marks(journeys: Journeys, role: Roles, orders: Folded, rules: CartRules) -> Marks:
    """The marks of a batch; purchases that can end no cart are left out."""
    counts = (role > REFUND) & (role <= VIEW_CART)
    counts[orders.first] = True
    position = positions(counts)
    customer = journeys.customer[position].astype(np.int64)
    marks = Marks(position=position, lane=customer, at=journeys.events.at[position], role=role[position])
    cart = text_at(journeys.events, "cart_id", position)
    if not (cart.codes >= 0).any():
        return marks
    marks = replace(marks, lane=lanes(marks, customer, cart, rules.recovery))
    marks = marks.take(marks.lane != NO_LANE)
    return marks.take(np.argsort(marks.lane, kind="stable"))


def lanes(marks: Marks, customer: Ints, cart: Codes, recovery: int) -> Ints:
    """The lane of each mark, NO_LANE for a purchase that ends no cart. Marks come in the order of the batch."""
    lane = customer * (len(cart.names) + 1) + cart.codes + 1
    buys, named = marks.role == PURCHASE, cart.codes >= 0
    loose = buys & ~(named & ends_its_own(replace(marks, lane=lane), named | ~buys, recovery))
    if not loose.any():
        return lane
    fresh = np.append(True, (customer[1:] != customer[:-1]) | (marks.at[1:] - marks.at[:-1] > recovery))
    block, start = np.cumsum(fresh) - 1, np.flatnonzero(fresh)  # no cart runs from one block into the next
    low = np.minimum.reduceat(np.where(buys, FAR, lane), start)
    high = np.maximum.reduceat(np.where(buys, NO_LANE, lane), start)
    own = np.where(named | ~buys, lane, NO_LANE)
    lane[loose] = np.where(low == high, low, NO_LANE)[block[loose]]  # one lane: there is nothing to choose
    contested = (low < high) & np.logical_or.reduceat(loose, start)
    rows = np.flatnonzero(contested[block])
    if len(rows):
        lane[rows] = newest_first(marks.take(rows), own[rows], block[rows], recovery)
    return lane


def ends_its_own(marks: Marks, counts: Bools, recovery: int) -> Bools:
    """Per mark: is it a purchase that finds a running cart in its own lane, as far as the marks of that lane tell?"""
    rows = np.flatnonzero(counts)
    rows = rows[np.argsort(marks.lane[rows], kind="stable")]
    mine = marks.take(rows)
    _, end = extents(mine, recovery)
    ends = np.zeros(len(marks), dtype=bool)
    ends[rows[end - 1]] = mine.role[end - 1] == PURCHASE
    return ends


def extents(marks: Marks, recovery: int) -> tuple[Ints, Ints]:
    """(first mark, mark behind the last one) of each episode, its purchase included."""
    if not len(marks):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    cut = (marks.lane[1:] != marks.lane[:-1]) | (marks.at[1:] - marks.at[:-1] > recovery)
    start = np.flatnonzero(np.append(True, cut | (marks.role[:-1] == PURCHASE)))
    end = np.append(start[1:], len(marks))
    first = next_at_or_after(np.flatnonzero((marks.role == ADD) | (marks.role == BEGIN_CHECKOUT)), start)
    there = first < end
    return first[there], end[there]


def newest_first(marks: Marks, lane: Ints, block: Ints, recovery: int) -> Ints:
    """Give each purchase whose lane has no running cart the lane of the newest running one. Its own lane is NO_LANE for none.

    The only loop over events: which cart is the newest running one depends on all purchases before. It is run for the
    blocks only in which such a purchase meets several carts, and is linear in their marks.
    """
    active = marks.role != PURCHASE
    again = active[1:] & active[:-1] & (lane[1:] == lane[:-1]) & (block[1:] == block[:-1])
    head = np.flatnonzero(np.append(True, ~again))  # neighbours in one lane are one step: nothing comes between them
    opens = np.logical_or.reduceat((marks.role == ADD) | (marks.role == BEGIN_CHECKOUT), head).tolist()
    last = marks.at[np.append(head[1:], len(lane)) - 1].tolist()
    steps = zip(block[head].tolist(), lane[head].tolist(), marks.at[head].tolist(), active[head].tolist(), strict=True)
    last_seen, running, now = lane[head].tolist(), dict[int, int](), -1  # running: lane -> last activity, newest last
    for i, (where, mine, at, moves) in enumerate(steps):
        if where != now:
            running, now = {}, where
        if moves:
            if mine in running and at - running[mine] > recovery:
                del running[mine]
            if mine in running or opens[i]:
                running[mine] = last[i]
        elif mine in running and at - running[mine] <= recovery:
            del running[mine]
        else:
            last_seen[i] = NO_LANE
            while running and last_seen[i] == NO_LANE:
                newest, seen = running.popitem()
                last_seen[i] = newest if at - seen <= recovery else NO_LANE
    settled = lane.copy()
    settled[head] = last_seen
    return settled
