"""Of each node: how many sessions visit it, from how many of those a goal or a higher stage follows.

Sessions are sets of nodes (paths/visits/node_sets.py). Where nodes are very many, such as addresses of pages, a set would have far
more room than a session has nodes: then the different pairs of session and node are listed instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ingest.array_types import AnyInts, Bools, Ints, Words
from ingest.scan.batches import Codes
from paths.arrays.counting import first_rows, units_at
from paths.journeys.journeys import Journeys, memoised
from paths.visits.node_sets import MOST, WORD, by_customer, followed, members, visited
from paths.visits.session_states import closed_sessions, states_of
from paths.visits.stage_progress import going_on, highest_ahead, top_later


class Reached(Protocol):
    """Sessions and nodes that belong together."""

    def sessions(self, some: Ints) -> Ints:
        """How many of these sessions, by node."""

    def customers(self, journeys: Journeys, some: Ints) -> Ints:
        """How many customers have one of these sessions, which ascend; by node."""

    def holds(self, session: AnyInts, node: AnyInts) -> Bools:
        """Per pair: do they belong together?"""


@dataclass(frozen=True)
class ByBits:
    """A number for each session, or several."""

    words: Words
    size: int

    def sessions(self, some: Ints) -> Ints:
        """As Reached."""
        return members(self.words.take(some, axis=1), self.size)

    def customers(self, journeys: Journeys, some: Ints) -> Ints:
        """As Reached."""
        return members(by_customer(journeys, self.words.take(some, axis=1), some), self.size)

    def holds(self, session: AnyInts, node: AnyInts) -> Bools:
        """As Reached."""
        word, bit = np.divmod(node, WORD)
        flags: Bools = (self.words[word, session] >> bit.astype(np.uint64) & np.uint64(1)) > 0
        return flags


@dataclass(frozen=True)
class ByPairs:
    """Different pairs, by session."""

    session: AnyInts
    node: AnyInts
    size: int

    def of(self, some: Ints) -> Ints:
        """The pairs of these sessions."""
        mine = np.zeros(int(max(self.session.max(initial=-1), some.max(initial=-1))) + 1, dtype=bool)
        mine[some] = True
        return np.flatnonzero(mine.take(self.session))

    def sessions(self, some: Ints) -> Ints:
        """As Reached."""
        return np.bincount(self.node.take(self.of(some)), minlength=self.size)

    def customers(self, journeys: Journeys, some: Ints) -> Ints:
        """As Reached."""
        there = self.of(some)
        return units_at(journeys.session_customer.take(self.session.take(there)), self.node.take(there), self.size)

    def holds(self, session: AnyInts, node: AnyInts) -> Bools:
        """As Reached."""
        return np.isin(
            session.astype(np.int64) * self.size + node, self.session.astype(np.int64) * self.size + self.node
        )


@dataclass(frozen=True)
class FirstVisits:
    """Of each session to each of its nodes."""

    session: npt.NDArray[np.int32]
    node: npt.NDArray[np.int32]
    row: Ints  # among the events of `whole_walk`
    size: int

    def take(self, kept: Bools) -> ByPairs:
        """The pairs of these."""
        return ByPairs(self.session[kept], self.node[kept], self.size)


@memoised(by_node=True)
def first_visits(journeys: Journeys, node: Codes) -> FirstVisits:
    """In the order of the events."""
    walk, size = journeys.whole_walk, len(node.names)
    code = walk.pick(node.codes)
    row = np.sort(first_rows(walk.session, code, size))
    return FirstVisits(walk.session.take(row), code.take(row), row, size)


def reached(journeys: Journeys, node: Codes) -> Reached:
    """The nodes that sessions visit."""
    if len(node.names) <= MOST:
        return ByBits(visited(journeys, node), len(node.names))
    first = first_visits(journeys, node)
    return ByPairs(first.session, first.node, first.size)


def before_goal(journeys: Journeys, node: Codes, goal: frozenset[str], return_window: int) -> Reached:
    """Those whose first visit a goal follows, in the session or within return_window of its end."""
    if len(node.names) <= MOST:
        return ByBits(followed(journeys, node, goal, return_window), len(node.names))
    first, states, rows = (
        first_visits(journeys, node),
        states_of(journeys, goal, return_window),
        journeys.whole_walk.rows,
    )
    position = first.row if rows is None else rows.take(first.row)
    return first.take((states.last_goal.take(first.session) > position) | states.comes_back.take(first.session))


class ReachCounts(NamedTuple):
    """Of the selected sessions, by node."""

    sessions: Ints  # that visit it
    closed: Ints  # of those whose return_window is over ...
    with_goal: Ints  # ... and a goal follows the first visit


@memoised(period=True, by_node=True)
def counts_of(journeys: Journeys, node: Codes, goal: frozenset[str], return_window: int) -> ReachCounts:
    """Per node, of the selected sessions: how many visit it, how many of those are closed, and after how many a goal follows."""
    closed = closed_sessions(journeys, goal, return_window)
    there, goes = reached(journeys, node), before_goal(journeys, node, goal, return_window)
    return ReachCounts(there.sessions(journeys.chosen), there.sessions(closed), goes.sessions(closed))


def before_stage(
    journeys: Journeys, node: Codes, rank: tuple[int, ...], stages: tuple[str, ...], return_window: int
) -> Reached:
    """Those whose first visit an event of a higher rank follows; see going_on."""
    if len(node.names) <= MOST:
        return ByBits(going_on(journeys, node, rank, stages, return_window), len(node.names))
    first, ranks = first_visits(journeys, node), np.array(rank, dtype=np.int64)
    here = ranks.take(first.node)
    ahead = highest_ahead(journeys, ranks.take(journeys.whole_walk.pick(node.codes)), len(stages)).take(first.row)
    later = top_later(journeys, stages, return_window).take(first.session)
    return first.take((here >= 0) & (np.maximum(ahead, later) > here))
