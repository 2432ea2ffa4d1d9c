"""Edges between consecutive nodes of a session, framed by START and END.

Conservation: at every node visits = transitions in = transitions out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pyarrow as pa

from ingest.array_types import AnyInts, Ints
from ingest.compiled import twin
from ingest.scan.batches import Codes
from paths.analysis import Lookback, summed
from paths.arrays.counting import exact_sums, numbered, tally_times, units_at
from paths.arrays.grouping import NAME, coded_names, codes_of
from paths.arrays.histograms import quantiles, seconds
from paths.arrays.loops import ROOM
from paths.graph import loops as graph_loops
from paths.journeys.journeys import Journeys
from paths.visits.visits import Times, last_nodes, names_of, visits_at

T = TypeVar("T", bound=np.generic)

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

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive edges of a batch."""
        names = names_of(nodes_of(journeys, self.by_stage))
        return edge_parts(*edges_in(journeys, self.collapse_repeats, self.by_stage, len(names)), names)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, ["source", "target", "bin"], PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The EDGES table."""
        return edges_of(self.merge(parts))


Edges = tuple[Ints, dict[str, Ints], Times]


def nodes_of(journeys: Journeys, by_stage: bool) -> Codes:
    """Per event: its stage, or its touchpoint."""
    return journeys.stage if by_stage else journeys.touchpoint


def _compiled_edges(journeys: Journeys, collapse: bool, by_stage: bool, size: int) -> Edges:
    walk, chosen, node = journeys.walk, journeys.chosen, nodes_of(journeys, by_stage)
    code, at, customer = walk.pick(node.codes), walk.pick(journeys.events.at), walk.pick(journeys.customer)
    edges, edge, spans = graph_loops.edges(code, walk.session, walk.chosen, at, customer, size, collapse)
    last = last_nodes(journeys, node).take(chosen)
    counts = edges.T.copy()
    counts[:2, size - 1 :: size] += np.bincount(last, minlength=size)
    counts[2, size - 1 :: size] += units_at(journeys.session_customer.take(chosen), last, size)
    there = np.flatnonzero(counts[0])
    named = {name: n[there] for name, n in zip(COUNTS, counts, strict=True)}
    return there, named, tally_times(edge, size * size, spans)


@twin(_compiled_edges, when=lambda journeys, collapse, by_stage, size: size * size <= ROOM)
def edges_in(journeys: Journeys, collapse: bool, by_stage: bool, size: int) -> Edges:
    """(the edges as source x size + target, COUNTS of each, their times); START and END are the last two nodes."""
    visits = visits_at(journeys, collapse, by_stage)
    owner = visits.pick(journeys.customer)
    start, end = size - 2, size - 1
    into: AnyInts = visits.node.astype(np.int32 if size * size < 1 << 31 else np.int64)  # the edge into every visit
    into[1:] += visits.node[:-1].astype(into.dtype) * into.dtype.type(size)
    opens, closes = np.flatnonzero(visits.opens), np.flatnonzero(visits.closes)
    into[opens] = visits.node[opens].astype(into.dtype) + into.dtype.type(start * size)
    out = visits.node[closes].astype(into.dtype) * into.dtype.type(size) + into.dtype.type(end)
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
    columns = {
        **{name: edges[name].cast(pa.string()) for name in edges.column_names},
        **{name: n[rows] for name, rows in at.items()},
        "probability": [round(t / o, 6) for t, o in zip(transitions.tolist(), out.tolist(), strict=True)],
        "median_seconds": [*map(seconds, quantiles(n, total, *times, 50))],
        "p90_seconds": [*map(seconds, quantiles(n, total, *times, 90))],
    }
    # by name where there are as many: that is the order of the parts
    return pa.table(columns, schema=EDGES).take(pa.array(np.argsort(-transitions, kind="stable")))
