"""Edges between consecutive nodes of a session, framed by START and END.

Conservation: at every node visits = transitions in = transitions out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.batches import Codes
from paths.analysis import Journeys, summed
from paths.counting import AnyInts, distinct_pairs, places, tally, tally_times
from paths.histograms import quantile_seconds

Ints = npt.NDArray[np.int64]
Codes32 = npt.NDArray[np.int32]

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
    [("source", NAME), ("target", NAME), ("bin", pa.int64()), ("transitions", pa.int64()),
     ("sessions", pa.int64()), ("customers", pa.int64()), ("timed", pa.int64()), ("microseconds", pa.int64())]
)  # fmt: skip
"""Additive: counts in the row with bin -1, one row more for each bin of the times."""


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
        visits = visits_of(journeys, node, self.collapse_repeats)
        size = len(node.names) + 2
        start, end = size - 2, size - 1
        source: AnyInts = np.full(len(visits.node), start, dtype=np.int32 if size * size < 1 << 31 else np.int64)
        source[1:] = visits.node[:-1]
        opens, closes = np.flatnonzero(visits.opens), np.flatnonzero(visits.closes)
        source[opens] = start
        into = source * size + visits.node  # the edge into every visit
        out = visits.node[closes].astype(source.dtype) * size + end
        edge, transitions = tally(np.append(into, out), size * size)
        units, codes = distinct_pairs(visits.session, into, size * size)
        units, codes = np.append(units, visits.session[closes]), np.append(codes, out)
        in_sessions = counts_at(edge, codes, size * size)
        owner = journeys.customer[journeys.sessions.first]
        by_customer = counts_at(edge, distinct_pairs(owner[units], codes, size * size)[1], size * size)
        elapsed = np.diff(visits.at, prepend=visits.at[:1])
        elapsed[opens] = 0
        code, bin_, timed, total = tally_times(into, size * size, elapsed)
        inner = np.flatnonzero(code < start * size)  # what leads out of START takes no time
        times = timed[inner], total[inner]
        place = places(edge, code[inner], size * size)
        counts = transitions, in_sessions, by_customer
        return edge_parts(edge, place, bin_[inner], counts, times, names_of(node), size)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The EDGES table."""
        return edges_of(summed(parts, ["source", "target", "bin"], PARTS))


@dataclass(frozen=True)
class Visits:
    """Visits of the selected sessions in order."""

    node: Codes32
    session: Codes32
    at: Ints
    position: Ints  # of the visit's first event in the batch
    opens: npt.NDArray[np.bool_]  # is it the session's first visit
    closes: npt.NDArray[np.bool_]  # is it its last


def visits_of(journeys: Journeys, node: Codes, collapse: bool) -> Visits:
    """One visit per event, or per run of consecutive events at one node."""
    index = journeys.sessions.index
    chosen = journeys.selected_sessions
    take = index >= 0 if chosen.all() else np.append(chosen, False)[index]
    if take.all():
        position, at = np.arange(len(index), dtype=np.int64), journeys.events.at
        codes, session = node.codes, index
    else:
        position = np.flatnonzero(take)
        codes, session, at = node.codes[position], index[position], journeys.events.at[position]
    if collapse and len(position):
        fresh = np.flatnonzero(np.append(True, (codes[1:] != codes[:-1]) | (session[1:] != session[:-1])))
        position, codes, session, at = position[fresh], codes[fresh], session[fresh], at[fresh]
    change = session[1:] != session[:-1]
    ends = np.ones(min(1, len(position)), dtype=bool)
    return Visits(codes, session, at, position, np.append(ends, change), np.append(change, ends))


def inner_edges(visits: Visits) -> tuple[Codes32, Codes32, Codes32, Ints]:
    """(source, target, session, microseconds) of each step inside a session."""
    inside = np.flatnonzero(~visits.opens[1:])
    return (
        visits.node[:-1][inside],
        visits.node[1:][inside],
        visits.session[1:][inside],
        (visits.at[1:] - visits.at[:-1])[inside],
    )


def counts_at(edges: Ints, codes: AnyInts, size: int) -> Ints:
    """How often each of these edges is among the codes."""
    found, counts = tally(codes, size)
    result = np.zeros(len(edges), dtype=np.int64)
    result[np.searchsorted(edges, found)] = counts
    return result


def names_of(node: Codes) -> pa.Array:
    """Node names with START and END behind them."""
    return pa.array([*node.names, START, END], pa.string())


def coded_names(code: Ints, names: pa.Array) -> pa.DictionaryArray:
    """names[code]; the names themselves stand there once."""
    return pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32)), names)


def edge_parts(
    edge: Ints,
    code: Ints,
    bin_: Ints,
    counts: tuple[Ints, Ints, Ints],
    times: tuple[Ints, Ints],
    names: pa.Array,
    size: int,
) -> pa.Table:
    """The PARTS rows: a count row per edge, then a row per edge and bin."""
    every = np.concatenate([edge, edge[code]])
    zeros_front, zeros_back = np.zeros(len(edge), dtype=np.int64), np.zeros(len(code), dtype=np.int64)
    columns = [np.concatenate([c, zeros_back]) for c in counts] + [np.concatenate([zeros_front, t]) for t in times]
    source, target = (coded_names(part, names) for part in np.divmod(every, size))
    return pa.table([source, target, np.concatenate([zeros_front - 1, bin_]), *columns], schema=PARTS)


def edges_of(parts: pa.Table) -> pa.Table:
    """Added-up PARTS, in key order -> EDGES: behind the count row of an edge stand its bins."""
    at = np.flatnonzero(np.asarray(parts["bin"]) < 0)
    timed, total = np.asarray(parts["timed"]), np.asarray(parts["microseconds"])
    counted = parts.take(pa.array(at)).to_pylist()
    out = Counter[str]()
    for row in counted:
        out[row["source"]] += row["transitions"]
    rows = []
    for row, first, last in zip(counted, at + 1, np.append(at, parts.num_rows)[1:], strict=True):
        n, us = timed[first:last], total[first:last]
        rows.append({
            **{k: row[k] for k in ("source", "target", "transitions", "sessions", "customers")},
            "probability": round(row["transitions"] / out[row["source"]], 6),
            "median_seconds": quantile_seconds(n, us, 50), "p90_seconds": quantile_seconds(n, us, 90),
        })  # fmt: skip
    rows.sort(key=lambda r: (-r["transitions"], r["source"], r["target"]))
    return pa.Table.from_pylist(rows, schema=EDGES)
