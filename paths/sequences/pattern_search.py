"""Pattern search: which sessions hold a run of nodes that a pattern takes, and which run.

A session matches if some run of at least one consecutive node of it matches. The reported match is the one that ends
first and, of those, starts last. All sessions of a batch read their next node together, as 64-bit states; see
paths/sequences/patterns.py. Time is linear in the nodes, whatever the pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.array_types import Ints
from ingest.scan.batches import Codes
from paths.analysis import Lookback, summed
from paths.arrays.counting import different, tally_times
from paths.arrays.histograms import SECOND, quantile_seconds
from paths.journeys.customer_ids import ID_COLUMNS, ids_at
from paths.journeys.journeys import Journeys
from paths.journeys.names import meaning
from paths.sequences.patterns import Element, Pattern, Program
from paths.sequences.walks import NodeView, Walks, stage_named, stage_names, texts, walks_of
from paths.statistics.intervals import rate, wilson
from sessionize.sessions import session_ids

Bits = npt.NDArray[np.uint64]
INSTANT = pa.timestamp("us", tz="UTC")

FOUND = pa.schema(
    [
        pa.field("pattern", pa.string()),
        pa.field("sessions", pa.int64()),
        pa.field("customers", pa.int64()),
        pa.field("share", pa.float64()),
        pa.field("ci_low", pa.float64()),
        pa.field("ci_high", pa.float64()),
        pa.field("median_seconds", pa.float64()),
        pa.field("p90_seconds", pa.float64()),
    ]
)
"""One row: sessions that match, their customers, their share of all selected sessions with its Wilson 95 % interval, and
the seconds between the first and the last node of the reported match (0 where it is one node)."""

MATCHES = pa.schema(
    [
        pa.field("session_id", pa.string()),
        pa.field("customer_id", pa.string()),
        pa.field("started_at", INSTANT),
        pa.field("seconds", pa.float64()),
        pa.field("path", pa.string()),
    ]
)
"""One row is one session that matches, oldest first; path: the nodes of the reported match."""

PARTS = pa.schema([("bin", pa.int64()), ("n", pa.int64()), ("customers", pa.int64()), ("value", pa.int64())])
"""Additive. The row with bin -1: sessions, customers, and as value all selected sessions; the others: microseconds."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """Counts the selected sessions that match."""

    pattern: Pattern
    view: NodeView = field(default_factory=NodeView)
    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        walks = walks_of(journeys, self.view)
        hits = matches(journeys, walks, self.pattern, self.view)
        owner = journeys.customer[journeys.sessions.first[walks.session[hits.walk]]]
        at = journeys.events.at[walks.position]
        seconds = at[hits.last] - at[hits.first]
        _, bins, n, total = tally_times(np.zeros(len(seconds), dtype=np.int64), 1, seconds)
        customers = different(owner)
        zeros = np.zeros(len(n), dtype=np.int64)
        columns = [(-1, bins), (len(owner), n), (customers, zeros), (len(walks), total)]
        return pa.table([np.append(np.int64(head), tail) for head, tail in columns], schema=PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The FOUND table."""
        whole = summed(parts, ["bin"], PARTS)
        bins, n, customers, value = (np.asarray(whole[c]) for c in PARTS.names)
        head, times = bins < 0, bins >= 0
        sessions, every = int(n[head].sum()), int(value[head].sum())
        low, high = wilson(sessions, every)
        row = {
            "pattern": self.pattern.text,
            "sessions": sessions,
            "customers": int(customers[head].sum()),
            "share": rate(sessions, every),
            "ci_low": low,
            "ci_high": high,
            "median_seconds": quantile_seconds(n[times], value[times], 50),
            "p90_seconds": quantile_seconds(n[times], value[times], 90),
        }
        return pa.Table.from_pylist([row], schema=FOUND)


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Lists the selected sessions that match, and whose they are."""

    pattern: Pattern
    view: NodeView = field(default_factory=NodeView)
    columns: frozenset[str] = frozenset(ID_COLUMNS)

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The sessions of a batch that match."""
        walks = walks_of(journeys, self.view)
        hits = matches(journeys, walks, self.pattern, self.view)
        events, session = journeys.events, walks.session[hits.walk]
        first = journeys.sessions.first[session]
        ids = session_ids(events.key[first], events.at[first], journeys.sessions.rank[session])
        at = events.at[walks.position]
        columns = [
            pa.array([f"{i:016x}" for i in ids.tolist()], pa.string()),
            ids_at(events, first),
            pa.array(events.at[first], INSTANT),
            (at[hits.last] - at[hits.first]) / SECOND,
            texts(walks.names, walks.node, hits.first, hits.last - hits.first + 1),
        ]
        return pa.table(columns, schema=MATCHES)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The MATCHES table."""
        whole = pa.concat_tables(parts) if parts else MATCHES.empty_table()
        return whole.sort_by([("started_at", "ascending"), ("session_id", "ascending")])


@dataclass(frozen=True)
class Matched:
    """The reported matches, in the order of walks: first and last visit."""

    walk: Ints
    first: Ints
    last: Ints


def matches(journeys: Journeys, walks: Walks, pattern: Pattern, view: NodeView) -> Matched:
    """The reported match of each walk that has one."""
    forward, backward = pattern.elements, pattern.elements[::-1]
    if pattern.to_end:
        masks = masks_of(journeys, walks, backward, view)
        taken = first_hits(pattern.backward, masks, walks.last, walks.length, stride=-1, whole=pattern.from_start)
        walk = np.flatnonzero(taken)
        last = walks.last[walk]
        return Matched(walk, last - taken[walk] + 1, last)
    masks = masks_of(journeys, walks, forward, view)
    taken = first_hits(pattern.forward, masks, walks.start, walks.length, anywhere=not pattern.from_start)
    walk = np.flatnonzero(taken)
    first, last = walks.start[walk], walks.start[walk] + taken[walk] - 1
    if not pattern.from_start:
        masks = masks_of(journeys, walks, backward, view)
        first = last + 1 - first_hits(pattern.backward, masks, last, taken[walk], stride=-1)
    return Matched(walk, first, last)


def masks_of(journeys: Journeys, walks: Walks, elements: Sequence[Element], view: NodeView) -> Bits:
    """Per visit: the elements that take it; element i (from 1) has bit i.

    A name means what `walks.answering` says. A visit of several events is what its first event is.
    """
    given = journeys.scope.touchpoints.given
    stages = stage_names(journeys.scope.stages, view.level)
    of_event: dict[str, int] = {}
    of_touchpoint: dict[str, int] = {}
    of_stage: dict[str, int] = {}
    for i, element in enumerate(elements, 1):
        for name in element.names:
            means, stage = meaning(name, given), stage_named(name, stages)
            where = of_stage if stage else of_touchpoint if means.touchpoint else of_event
            word = stage or means.text
            where[word] = where.get(word, 0) | 1 << i
    masks = looked_up(journeys.events.event, of_event, walks.position)
    if of_touchpoint:
        masks |= looked_up(journeys.touchpoint, of_touchpoint, walks.position)
    if of_stage:
        masks |= looked_up(journeys.stage, of_stage, walks.position)
    masks ^= np.uint64(sum(1 << i for i, e in enumerate(elements, 1) if e.negated))
    return masks


def looked_up(column: Codes, bits: dict[str, int], position: Ints) -> Bits:
    """A bit set per position: the bits of its name, 0 where the pattern does not speak of it; position: int64 into the events."""
    table = np.array([*(bits.get(n, 0) for n in column.names), 0], dtype=np.uint64)
    masks: Bits = table[column.codes[position]]
    return masks


def first_hits(
    program: Program, masks: Bits, at: Ints, left: Ints, *, stride: int = 1, anywhere: bool = False, whole: bool = False
) -> Ints:
    """Per walk: how many nodes are read when the program first accepts; 0 = never.

    A walk is read from visit `at` on, `left` visits in all, forwards or (stride -1) backwards. anywhere: a match may begin
    at any node; whole: it must take every node.
    """
    taken = np.zeros(len(at), dtype=np.int64)
    walk = np.flatnonzero(left)
    at, left, state, read = at[walk], left[walk], np.full(len(walk), program.opening), 0
    while len(walk):
        state = advanced(program, state, masks[at])
        read += 1
        going = left > read
        hit = (state & program.accept) != 0
        if whole:
            hit &= ~going
        if hit.any():
            taken[walk[np.flatnonzero(hit)]] = read
            going &= ~hit
        if anywhere:
            state |= program.opening
        else:
            going &= state != 0
        if not going.all():
            rest = np.flatnonzero(going)
            walk, at, left, state = walk[rest], at[rest], left[rest], state[rest]
        at = at + stride
    return taken


def advanced(program: Program, state: Bits, mask: Bits) -> Bits:
    """The states after one more node, those among them that optional elements let through.

    Within a run of optional elements a borrow carries from below the run up to its lowest state; what lies above is reached.
    """
    state = ((state << np.uint64(1)) | (state & program.repeats)) & mask
    if program.optional:
        full = state | program.ends
        state |= program.optional & ~((full - program.before) ^ full)
    return state
