"""Visits of sessions at nodes, in order, framed by START and END: what transitions, drop-off and the map count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.array_types import Codes32, Ints
from ingest.compiled import twin
from ingest.scan.batches import Codes
from paths.arrays.counting import tally_times
from paths.arrays.histograms import bins
from paths.arrays.loops import ROOM
from paths.journeys.journeys import Journeys, everyone, memoised
from paths.visits import loops as visit_loops

T = TypeVar("T", bound=np.generic)

START, END = "START", "END"
"""The nodes that frame every session."""


Times = tuple[Ints, Ints, Ints, Ints]
"""(edge, bin, how many, their sum)."""


@dataclass(frozen=True)
class Visits:
    """Visits of the selected sessions in order."""

    node: Codes32
    session: Codes32
    at: Ints
    opens: npt.NDArray[np.bool_]  # is it the session's first visit
    closes: npt.NDArray[np.bool_]  # is it its last
    first: Ints | None  # position of the visit's first event in the batch; None: each event is a visit

    @cached_property
    def position(self) -> Ints:
        """Of the visit's first event in the batch."""
        return np.arange(len(self.node), dtype=np.int64) if self.first is None else self.first

    def place(self, visit: Ints) -> Ints:
        """`position` of these visits."""
        return visit if self.first is None else self.first.take(visit)

    def together(self, distance: int) -> npt.NDArray[np.bool_]:
        """Per visit but the last `distance`: is the visit so far behind it in the same session?"""
        same: npt.NDArray[np.bool_] = self.session[distance:] == self.session[:-distance]
        return same

    def pick(self, values: npt.NDArray[T]) -> npt.NDArray[T]:
        """Per visit: what its first event has, of values per event."""
        return values if self.first is None else values.take(self.first)


def visits_at(journeys: Journeys, collapse: bool, by_stage: bool = False) -> Visits:
    """The visits of touchpoints, or of stages, by the selected sessions: runs at one of them, or every event."""
    return stage_visits(journeys, collapse) if by_stage else touchpoint_visits(journeys, collapse)


@memoised()
def every_visit(journeys: Journeys) -> Visits:
    """One visit per event of every session, whatever the period."""
    return visits_of(journeys, everyone(len(journeys.sessions)))


@memoised(period=True)
def touchpoint_visits(journeys: Journeys, collapse: bool) -> Visits:
    """As visits_at."""
    if collapse:
        return collapsed(touchpoint_visits(journeys, False))
    if journeys.selected_sessions.all():
        return every_visit(journeys)
    return visits_of(journeys, journeys.selected_sessions)


@memoised(period=True, stages=True)
def stage_visits(journeys: Journeys, collapse: bool) -> Visits:
    """As visits_at."""
    return collapsed(stage_visits(journeys, False)) if collapse else visits_by(journeys, journeys.stage)


@memoised(period=True)
def owners(journeys: Journeys) -> Codes32:
    """Per event of the selected sessions: its customer."""
    return visits_at(journeys, collapse=False).pick(journeys.customer)


def visits_by(journeys: Journeys, node: Codes) -> Visits:
    """One visit per event of the selected sessions, to these nodes."""
    visits = visits_at(journeys, False)
    return replace(visits, node=visits.pick(node.codes))


class Endings(NamedTuple):
    """Per session."""

    last: Codes32  # the node of its last visit ...
    before: Codes32  # ... and of the one before that; -1 = there is none


@memoised()
def last_nodes(journeys: Journeys, node: Codes) -> Codes32:
    """Per session: the node of its last visit."""
    return node.codes.take(journeys.sessions.last)


def _compiled_endings(journeys: Journeys, node: Codes, collapse: bool) -> Endings:
    before = visit_loops.endings(journeys.whole_walk.pick(node.codes), *journeys.bounds, collapse)
    return Endings(last_nodes(journeys, node), before)


@memoised()
@twin(_compiled_endings)
def endings(journeys: Journeys, node: Codes, collapse: bool) -> Endings:
    """Where each session ends; with `collapse` a run of events at one node is one visit."""
    visits = every_visit(journeys)
    visits = replace(visits, node=visits.pick(node.codes))
    if collapse:
        visits = collapsed(visits)
    ends = np.flatnonzero(visits.closes)
    return Endings(
        visits.node.take(ends), np.where(visits.opens.take(ends), -1, visits.node[ends - 1]).astype(np.int32)
    )


def _compiled_counts(journeys: Journeys, node: Codes) -> Ints:
    walk = journeys.walk
    counts = visit_loops.visit_counts(walk.pick(node.codes), walk.session, walk.chosen, len(node.names))[:, :, 1]
    return np.stack([counts.sum(axis=1), counts[:, 0]])


@memoised(period=True)
@twin(_compiled_counts)
def visit_counts(journeys: Journeys, node: Codes) -> Ints:
    """Of the selected sessions, by node: [0] events, [1] visits, a run of events at one node being one."""
    visits = visits_by(journeys, node)
    return np.stack([np.bincount(v.node, minlength=len(node.names)) for v in (visits, collapsed(visits))])


def _compiled_stays(journeys: Journeys, node: Codes, collapse: bool) -> Times | None:
    size, walk = len(node.names), journeys.walk
    longest = int((journeys.ended_at - journeys.started_at).max(initial=0))
    bins_ = int(bins(np.array([longest]))[0]) + 1
    if size * bins_ > ROOM:
        return None
    code, at = walk.pick(node.codes), walk.pick(journeys.events.at)
    return visit_loops.stays(code, walk.session, walk.chosen, at, size, bins_, collapse)


@memoised(period=True)
@twin(_compiled_stays)
def stays(journeys: Journeys, node: Codes, collapse: bool) -> Times:
    """Times from each visit of the selected sessions to the next visit of the session, by node and bin."""
    visits = visits_by(journeys, node)
    if collapse:
        visits = collapsed(visits)
    inside = np.flatnonzero(~visits.opens[1:])
    return tally_times(visits.node.take(inside), max(1, len(node.names)), np.diff(visits.at).take(inside))


def visits_of(journeys: Journeys, chosen: npt.NDArray[np.bool_]) -> Visits:
    """One visit per event of these sessions, to its touchpoint."""
    index = journeys.sessions.index
    take = index >= 0 if chosen.all() else np.append(chosen, False)[index]
    position = None if take.all() else np.flatnonzero(take)
    codes, session, at = journeys.touchpoint.codes, index, journeys.events.at
    if position is not None:
        codes, session, at = codes.take(position), session.take(position), at.take(position)
    opens = np.ones(len(codes), dtype=bool)
    np.not_equal(session[1:], session[:-1], out=opens[1:])
    return Visits(codes, session, at, opens, closing(opens), position)


def closing(opens: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Per visit: does another session open behind it, or nothing?"""
    closes = np.ones_like(opens)
    closes[:-1] = opens[1:]
    return closes


def collapsed(visits: Visits) -> Visits:
    """One visit per run of consecutive events at one node."""
    fresh = visits.opens.copy()
    fresh[1:] |= visits.node[1:] != visits.node[:-1]
    first = np.flatnonzero(fresh)
    opens = visits.opens.take(first)
    return Visits(
        visits.node.take(first),
        visits.session.take(first),
        visits.at.take(first),
        opens,
        closing(opens),
        visits.place(first),
    )


def inner_edges(visits: Visits) -> tuple[Codes32, Codes32, Codes32]:
    """(source, target, session) of each step inside a session."""
    inside = np.flatnonzero(~visits.opens[1:])
    return visits.node[:-1][inside], visits.node[1:][inside], visits.session[1:][inside]


def names_of(node: Codes) -> pa.Array:
    """Node names with START and END behind them."""
    return pa.array([*node.names, START, END], pa.string())
