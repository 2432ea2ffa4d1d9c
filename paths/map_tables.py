"""The visits of a map, counted in one walk: how often each cell has which combination of flags.

A combination is a number with a bit for each flag; how often a flag holds is a sum over the combinations that have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ingest.compiled import worth
from paths import loops
from paths.counting import AnyInts, Flags, combinations, combined, first_of_group, units_at
from paths.friction import SIGNALS

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FEELING, BAD = "feeling", "bad"
SIGNS = (*SIGNALS, FEELING, BAD)
"""Flags of a visit: its signals; an answer below 0 speaks of it; any of these that a goal may have failed by."""
FIRSTS = ("closed", "follows", "has_later", "goes_on", "ends")
"""Flags of a session's first visit to a cell: its return_window is over; a goal follows; there is a stage behind that of the
cell; an event there follows in time; the session ends in the cell without a goal."""


class Tables(NamedTuple):
    """Counts by cell."""

    visits: Ints  # [cell, combination of SIGNS]: visits that show them
    customers: Ints  # [cell, SIGNS and one more]: customers with a visit that shows it, or with any
    sessions: Ints  # [cell, combination of FIRSTS]: sessions that were there
    closed: Ints  # [cell, does a goal follow, combination of SIGNS]: closed sessions by the decisive ones of their visits there


class Walk(NamedTuple):
    """Visits in order, and what is known of their sessions and of the events; as `loops.map_tables` takes them."""

    node: AnyInts  # per visit: its cell ...
    session: AnyInts
    owner: AnyInts  # ... its customer ...
    place: Ints  # ... its first event ...
    shown: Flags  # ... the SIGNS that it shows ...
    decisive: Flags  # ... and those that a goal may have failed by
    size: int  # cells
    closed: Bools  # per session, as in SessionStates
    holds: Bools
    comes_back: Bools
    last_goal: Ints
    window_end: Ints
    end_cell: AnyInts  # per session: the cell of its last event
    rank: Ints  # per event: the number of its stage, -1 = none ...
    next_stage: Ints  # ... and the customer's next event at a later one, -1 = none
    at: Ints
    stages: int

    def tables(self) -> Tables:
        """All counts."""
        if worth() and self.size * (2 << len(SIGNS)) <= loops.ROOM:
            return Tables(*loops.map_tables(*self, len(SIGNS), len(FIRSTS)))
        first, group = first_of_group(self.session, self.node, max(1, self.size))
        cell, session = self.node[first], self.session[first]
        flags = self.flags(cell, session, self.place[first])
        closed = np.flatnonzero(flags["closed"])
        signs = np.zeros(len(first), dtype=np.uint8)
        for sign, rows in rows_by_sign(self.decisive):
            signs[group.take(rows)] |= 1 << sign
        ending = cell[closed].astype(np.int64) * 2 + flags["follows"][closed]
        ended = combinations(ending, signs[closed], 2 * self.size, len(SIGNS))
        return Tables(
            visits=combinations(self.node, self.shown, self.size, len(SIGNS)),
            customers=self.customers(),
            sessions=combinations(cell, combined(flags, len(first), FIRSTS), self.size, len(FIRSTS)),
            closed=ended.reshape(self.size, 2, 1 << len(SIGNS)),
        )

    def flags(self, cell: AnyInts, session: AnyInts, place: Ints) -> dict[str, Bools]:
        """FIRSTS of first visits."""
        rank, later = self.rank[place], self.next_stage[place]
        return {
            "closed": self.closed[session],
            "follows": (self.last_goal[session] > place) | self.comes_back[session],
            "has_later": (rank >= 0) & (rank < self.stages - 1),
            "goes_on": (later >= 0) & (self.at[later] <= self.window_end[session]),
            "ends": (self.end_cell[session] == cell) & ~self.holds[session],
        }

    def customers(self) -> Ints:
        """As in Tables."""
        found = np.zeros((self.size, len(SIGNS) + 1), dtype=np.int64)
        found[:, -1] = units_at(self.owner, self.node, self.size)
        for sign, rows in rows_by_sign(self.shown):
            found[:, sign] = units_at(self.owner.take(rows), self.node.take(rows), self.size)
        return found


def rows_by_sign(flags: Flags) -> Iterator[tuple[int, Ints]]:
    """(number, rows) of each of SIGNS that any row has."""
    there = np.bitwise_or.reduce(flags)
    for sign in range(len(SIGNS)):
        if there >> sign & 1:
            yield sign, np.flatnonzero((flags >> sign & 1).view(np.bool_))
