"""Edges between consecutive nodes of a session, framed by START and END.

Conservation: at every node visits = transitions in = transitions out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.batches import Codes
from ingest.compiled import worth
from paths import loops
from paths.analysis import Journeys, everyone, found_once, summed
from paths.counting import AnyInts, exact_sums, numbered, tally_times, units_at
from paths.histograms import bins, quantiles, seconds
from paths.sums import codes_of

Ints = npt.NDArray[np.int64]
Codes32 = npt.NDArray[np.int32]
T = TypeVar("T", bound=np.generic)

START, END = "START", "END"

EDGES = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("target", pa.string()),
        pa.field("transitions", pa.int64()),
        pa.field("sessions", pa.int64()),
        pa.field("customers", pa.int64()),
        pa.field("probability", pa.float64()),
        pa.field("median_seconds", pa.float64()),
        pa.field("p90_seconds", pa.float64()),
    ]
)
"""One row is one edge, most frequent first; probability = share of the source's out-transitions."""

NAME = pa.dictionary(pa.int32(), pa.string())
PARTS = pa.schema(
    [("source", NAME), ("target", NAME), ("bin", pa.int64()), ("n", pa.int64()), ("microseconds", pa.int64())]
)
"""Additive, narrow because there are many: a row for each of COUNTS, then one for each bin of the times of an edge."""
COUNTS = {"transitions": -3, "sessions": -2, "customers": -1}
"""The bins of what is no time."""


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """Counts every edge of the selected sessions; self-loops stay unless `collapse_repeats`."""

    collapse_repeats: bool = False
    by_stage: bool = False
    columns: frozenset[str] = frozenset()
    lag: timedelta | None = timedelta(days=2)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive edges of a batch."""
        node = journeys.stage if self.by_stage else journeys.touchpoint
        names = names_of(node)
        if loops.fit(len(names) ** 2):
            return edge_parts(*compiled_edges(journeys, node, len(names), self.collapse_repeats), names)
        visits = visits_at(journeys, self.collapse_repeats, self.by_stage)
        return edge_parts(*edges_in(visits, visits.pick(journeys.customer), len(names)), names)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, ["source", "target", "bin"], PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The EDGES table."""
        return edges_of(self.merge(parts))


Times = tuple[Ints, Ints, Ints, Ints]
"""(edge, bin, how many, their sum)."""


def edges_in(visits: Visits, owner: Codes32, size: int) -> tuple[Ints, dict[str, Ints], Times]:
    """(the edges as source x size + target, COUNTS of each, their times); START and END are the last two nodes."""
    start, end = size - 2, size - 1
    into: AnyInts = visits.node.astype(np.int32 if size * size < 1 << 31 else np.int64)  # the edge into every visit
    into[1:] += visits.node[:-1] * into.dtype.type(size)
    opens, closes = np.flatnonzero(visits.opens), np.flatnonzero(visits.closes)
    into[opens] = visits.node[opens] + start * size
    out = visits.node[closes] * into.dtype.type(size) + end
    edge, (into, out) = numbered((into, out), size * size)
    ending = np.bincount(out, minlength=len(edge))
    counts = {
        "transitions": np.bincount(into, minlength=len(edge)) + ending,
        "sessions": units_at(visits.session, into, len(edge)) + ending,
        "customers": units_at(owner, into, len(edge)) + units_at(owner[closes], out, len(edge)),
    }
    elapsed = np.zeros(len(into), dtype=np.int64)
    np.subtract(visits.at[1:], visits.at[:-1], out=elapsed[1:])
    elapsed[opens] = 0
    code, bin_, timed, total = tally_times(into, len(edge), elapsed)
    inner = np.flatnonzero(edge[code] < start * size)  # what leads out of START takes no time
    there = np.flatnonzero(counts["transitions"])
    times = edge[code[inner]], bin_[inner], timed[inner], total[inner]
    return edge[there], {name: n[there] for name, n in counts.items()}, times


def compiled_edges(journeys: Journeys, node: Codes, size: int, collapse: bool) -> tuple[Ints, dict[str, Ints], Times]:
    """The same of the selected sessions."""
    walk, chosen = journeys.walk, journeys.chosen
    code, at, customer = walk.pick(node.codes), walk.pick(journeys.events.at), walk.pick(journeys.customer)
    found, edge, spans = loops.edges(code, walk.session, walk.chosen, at, customer, size, collapse)
    last = last_nodes(journeys, node).take(chosen)
    counts = found.T.copy()
    counts[:2, size - 1 :: size] += np.bincount(last, minlength=size)
    counts[2, size - 1 :: size] += units_at(journeys.session_customer.take(chosen), last, size)
    there = np.flatnonzero(counts[0])
    named = {name: n[there] for name, n in zip(COUNTS, counts, strict=True)}
    return there, named, tally_times(edge, size * size, spans)


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
        found: npt.NDArray[np.bool_] = self.session[distance:] == self.session[:-distance]
        return found

    def pick(self, values: npt.NDArray[T]) -> npt.NDArray[T]:
        """Per visit: what its first event has, of values per event."""
        return values if self.first is None else values.take(self.first)


def visits_at(journeys: Journeys, collapse: bool, by_stage: bool = False) -> Visits:
    """The visits of touchpoints, or of stages, by the selected sessions: runs at one of them, or every event."""
    return stage_visits(journeys, collapse) if by_stage else touchpoint_visits(journeys, collapse)


@found_once()
def every_visit(journeys: Journeys) -> Visits:
    """One visit per event of every session, whatever the period."""
    return visits_of(journeys, everyone(len(journeys.sessions)))


@found_once(period=True)
def touchpoint_visits(journeys: Journeys, collapse: bool) -> Visits:
    """As visits_at."""
    if collapse:
        return collapsed(touchpoint_visits(journeys, False))
    if journeys.selected_sessions.all():
        return every_visit(journeys)
    return visits_of(journeys, journeys.selected_sessions)


@found_once(period=True, stages=True)
def stage_visits(journeys: Journeys, collapse: bool) -> Visits:
    """As visits_at."""
    return collapsed(stage_visits(journeys, False)) if collapse else visits_by(journeys, journeys.stage)


@found_once(period=True)
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


@found_once()
def last_nodes(journeys: Journeys, node: Codes) -> Codes32:
    """Per session: the node of its last visit."""
    return node.codes.take(journeys.sessions.last)


@found_once()
def endings(journeys: Journeys, node: Codes, collapse: bool) -> Endings:
    """Where each session ends; with `collapse` a run of events at one node is one visit."""
    if worth():
        before = loops.endings(journeys.whole_walk.pick(node.codes), *journeys.bounds, collapse)
        return Endings(last_nodes(journeys, node), before)
    visits = every_visit(journeys)
    visits = replace(visits, node=visits.pick(node.codes))
    if collapse:
        visits = collapsed(visits)
    ends = np.flatnonzero(visits.closes)
    return Endings(
        visits.node.take(ends), np.where(visits.opens.take(ends), -1, visits.node[ends - 1]).astype(np.int32)
    )


@found_once(period=True)
def visit_counts(journeys: Journeys, node: Codes) -> Ints:
    """Of the selected sessions, by node: [0] events, [1] visits, a run of events at one node being one."""
    size, walk = len(node.names), journeys.walk
    if worth():
        found = loops.visit_counts(walk.pick(node.codes), walk.session, walk.chosen, size)[:, :, 1]
        return np.stack([found.sum(axis=1), found[:, 0]])
    visits = visits_by(journeys, node)
    return np.stack([np.bincount(v.node, minlength=size) for v in (visits, collapsed(visits))])


@found_once(period=True)
def stays(journeys: Journeys, node: Codes, collapse: bool) -> Times:
    """Times from each visit of the selected sessions to the next visit of the session, by node and bin."""
    size = len(node.names)
    longest = int((journeys.ended_at - journeys.started_at).max(initial=0))
    bins_ = int(bins(np.array([longest]))[0]) + 1
    if loops.fit(size * bins_):
        walk = journeys.walk
        code, at = walk.pick(node.codes), walk.pick(journeys.events.at)
        return loops.stays(code, walk.session, walk.chosen, at, size, bins_, collapse)
    visits = visits_by(journeys, node)
    if collapse:
        visits = collapsed(visits)
    inside = np.flatnonzero(~visits.opens[1:])
    return tally_times(visits.node.take(inside), max(1, size), np.diff(visits.at).take(inside))


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


def coded_names(code: Ints, names: pa.Array) -> pa.DictionaryArray:
    """names[code]; the names themselves stand there once."""
    return pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32)), names)


def edge_parts(edge: Ints, counts: Mapping[str, Ints], times: Times, names: pa.Array) -> pa.Table:
    """The PARTS rows of edges (source x size + target) and of the times of (edge, bin): how many, their sum."""
    code, bin_, timed, total = times
    source, target = np.divmod(np.concatenate([*(edge for _ in counts), code]), len(names))
    kinds = [np.full(len(edge), COUNTS[name]) for name in counts]
    columns = [*kinds, bin_], [*counts.values(), timed], [*(np.zeros(len(edge), dtype=np.int64) for _ in counts), total]
    coded = coded_names(source, names), coded_names(target, names)
    return pa.table([*coded, *(np.concatenate(c) for c in columns)], schema=PARTS)


def edges_of(parts: pa.Table) -> pa.Table:
    """Added-up PARTS, in key order -> EDGES: an edge has its counts, and behind them its bins."""
    bin_, n, total = (np.asarray(parts[name]) for name in ("bin", "n", "microseconds"))
    at = {name: np.flatnonzero(bin_ == kind) for name, kind in COUNTS.items()}
    times = at["customers"] + 1, np.append(at["transitions"], parts.num_rows)[1:]
    edges = parts.select(["source", "target"]).take(pa.array(at["transitions"]))
    source, transitions = codes_of(edges["source"]), n[at["transitions"]]
    out = exact_sums(source, transitions)[source]
    found = {
        **{name: edges[name].cast(pa.string()) for name in edges.column_names},
        **{name: n[rows] for name, rows in at.items()},
        "probability": [round(t / o, 6) for t, o in zip(transitions.tolist(), out.tolist(), strict=True)],
        "median_seconds": [*map(seconds, quantiles(n, total, *times, 50))],
        "p90_seconds": [*map(seconds, quantiles(n, total, *times, 90))],
    }
    # by name where there are as many: that is the order of the parts
    return pa.table(found, schema=EDGES).take(pa.array(np.argsort(-transitions, kind="stable")))
