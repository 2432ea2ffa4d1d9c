"""Sessions that only looked: a view, no add or begin_checkout, and no purchase until recovery_window after their end."""

from __future__ import annotations

import numpy as np

from ingest.array_types import Bools, Ints
from paths.arrays.counting import next_at_or_after
from paths.carts.episodes import CartRows
from paths.carts.rules import ADD, BEGIN_CHECKOUT, VIEW, CartRules
from paths.journeys.journeys import Journeys
from paths.visits.node_sets import visited


def browsing(journeys: Journeys, rows: CartRows, rules: CartRules) -> tuple[Ints, Bools]:
    """(the sessions, is recovery_window after their end still open at as_of). Purchases count by their first rows."""
    sessions, at = journeys.sessions, journeys.events.at
    roles = visited(journeys, rows.roles)[0]
    view, begun = (sum(np.uint64(1) << np.uint64(r) for r in some) for some in ((VIEW,), (ADD, BEGIN_CHECKOUT)))
    looking = np.flatnonzero((roles & (view | begun)) == view)
    first, limit = sessions.first[looking], journeys.ended_at[looking] + rules.recovery
    following = next_at_or_after(rows.orders.first, first)
    there = following < len(journeys)
    following = np.where(there, following, first)
    same = there & (journeys.customer[following] == journeys.customer[first])
    browsed = ~(same & (at[following] <= limit))
    return looking[browsed], journeys.scope.as_of <= limit[browsed]
