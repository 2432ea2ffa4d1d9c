"""Strugglers: customers who come to the cart again and again and never reach the goal; and where they stick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from ingest.array_types import Bools, Ints
from ingest.errors import ConfigError
from paths.analysis import Lookback
from paths.arrays.counting import tally
from paths.carts.listing import instants
from paths.journeys.customer_ids import ID_COLUMNS
from paths.journeys.journeys import Journeys
from paths.people.members import identities

STRUGGLERS = pa.schema(
    [
        pa.field("customer", pa.string()),
        pa.field("sessions", pa.int64()),
        pa.field("intent_sessions", pa.int64()),
        pa.field("first_at", pa.timestamp("us", tz="UTC")),
        pa.field("last_at", pa.timestamp("us", tz="UTC")),
        pa.field("sticks_at", pa.string()),
        pa.field("customer_key", pa.int64()),
    ]
)
"""One row is one customer, the most intent sessions first. `customer` is raw; first_at, last_at: start of the first and end of
the last session that counts; sticks_at: the touchpoint at which most intent sessions end (ties: the first by name)."""

NO_MEMBERS = -1


@dataclass(frozen=True, kw_only=True)
class Strugglers:
    """Customers with at least `least` selected sessions that reach a stage of intent, and no goal in the period.

    An event shows intent if it is in one of `stages` or answers to one of `names`.
    """

    stages: frozenset[str] = field(default_factory=frozenset)
    names: frozenset[str] = field(default_factory=frozenset)
    goal: frozenset[str] = frozenset({"purchase"})
    least: int = 3
    columns: frozenset[str] = frozenset(ID_COLUMNS)

    def __post_init__(self) -> None:
        if self.least < 1:
            raise ConfigError(f"strugglers have at least one session with intent, not {self.least}.")

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The customers of a batch."""
        sessions, events = journeys.sessions, journeys.events
        chosen = np.flatnonzero(journeys.selected_sessions)
        owner = journeys.customer[sessions.first[chosen]].astype(np.int64)
        intent = self.with_intent(journeys)[chosen]
        customers = len(journeys.customer_starts)
        count, wanting = (np.bincount(o, minlength=customers) for o in (owner, owner[intent]))
        bought = np.zeros(customers, dtype=bool)
        bought[journeys.customer[journeys.answers_to(self.goal) & journeys.in_period]] = True
        mine = np.flatnonzero((wanting >= self.least) & ~bought)
        first = np.searchsorted(owner, mine)
        last = np.searchsorted(owner, mine, "right") - 1
        at = most_frequent_end(journeys, chosen[intent], owner[intent], customers)
        customer = identities(journeys, mine)
        start, end = events.at[sessions.first[chosen[first]]], events.at[sessions.last[chosen[last]]]
        return pa.table(
            [
                customer,
                count[mine],
                wanting[mine],
                instants(start),
                instants(end),
                pa.array(journeys.touchpoint.names, pa.string()).take(pa.array(at[mine])),
                events.key[journeys.customer_starts[mine]],
            ],
            schema=STRUGGLERS,
        )

    def with_intent(self, journeys: Journeys) -> Bools:
        """bool per session: does one of its events show intent?"""
        shows = journeys.answers_to(self.names)
        if self.stages:
            stage = journeys.stage
            shows = shows | stage.lookup(np.array([n in self.stages for n in stage.names], dtype=bool), False)
        intent = np.zeros(len(journeys.sessions) + 1, dtype=bool)  # passive events write to the last place
        intent[journeys.sessions.index[shows]] = True
        return intent[:-1]

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The STRUGGLERS table."""
        whole = pa.concat_tables(parts) if parts else STRUGGLERS.empty_table()
        return whole.sort_by(
            [("intent_sessions", "descending"), ("last_at", "descending"), ("customer_key", "ascending")]
        )


def most_frequent_end(journeys: Journeys, session: Ints, owner: Ints, customers: int) -> Ints:
    """Per customer: the touchpoint code at which most of these sessions end, -1 without any; ties go by name."""
    names = journeys.touchpoint.names
    by_name = np.argsort(np.array(names, dtype=object)) if names else np.zeros(0, dtype=np.int64)
    rank = np.empty(len(names), dtype=np.int64)
    rank[by_name] = np.arange(len(names))
    size = max(1, len(names))
    code, n = tally(
        owner.astype(np.int64) * size + rank[journeys.touchpoint.codes[journeys.sessions.last[session]]],
        max(1, customers) * size,
    )
    who, place = np.divmod(code, size)
    order = np.lexsort((-place, n, who))  # of each customer the last one: most sessions, then the first name
    touchpoint = np.full(customers, NO_MEMBERS, dtype=np.int64)
    touchpoint[who[order]] = by_name[place[order]] if len(order) else place[order]
    return touchpoint
