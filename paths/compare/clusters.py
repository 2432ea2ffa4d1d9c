"""How the units of compared rates cluster: sessions, steps and carts of one customer say less than as many of strangers.

One analysis for each question whose units are several of a customer's; its keys are those of paths/compare/rates.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pyarrow as pa

from ingest.array_types import MICROSECOND, AnyInts, Bools, Ints
from paths.analysis import Lookback, summed
from paths.arrays.counting import first_rows
from paths.arrays.grouping import as_rows
from paths.carts.breakdown import GRID, groups_of
from paths.carts.counts import Carts, selected_episodes
from paths.carts.episodes import ABANDONED, CONVERTED, KINDS, RECOVERED
from paths.funnels.candidates import find
from paths.funnels.counts import group_of
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.journeys.journeys import Journeys
from paths.statistics.clusters import SUMS, Clustered, cluster_sums
from paths.statistics.pairs import Key
from paths.visits.session_states import states_of
from paths.visits.visits import END, START, last_nodes, visits_at, visits_by

KEYS = ("first", "second", "third")
PARTS = pa.schema([*((k, pa.string()) for k in KEYS), *((s, pa.int64()) for s in SUMS)])
"""Additive: the sums over clusters of each key; a key of fewer parts ends with ""."""

Clusters = Mapping[Key, Clustered]


def part(keys: Sequence[tuple[str, ...]], sums: Ints) -> pa.Table:
    """PARTS of these keys, sums being [SUMS, key]; those without units are left out."""
    there = np.flatnonzero(sums[0]).tolist()
    padded = [(*keys[i], "", "", "")[: len(KEYS)] for i in there]
    return pa.table([*([k[n] for k in padded] for n in range(len(KEYS))), *(sums[:, there])], schema=PARTS)


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """Adds parts up."""

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, KEYS, PARTS)

    def rows(self, parts: Sequence[pa.Table]) -> list[tuple[tuple[str, ...], Clustered]]:
        """Each key with its sums."""
        rows = as_rows(self.merge(parts))
        return [(tuple(r[k] for k in KEYS), Clustered(**{s: r[s] for s in SUMS})) for r in rows]


@dataclass(frozen=True, kw_only=True)
class DropOffClusters(Clustering):
    """(node,) -> sessions there; a hit ends there and holds no goal."""

    goal: frozenset[str]
    return_window: timedelta
    by_stage: bool = False
    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive sums of a batch."""
        node = journeys.stage if self.by_stage else journeys.touchpoint
        visits, size = visits_by(journeys, node), len(node.names)
        first = first_rows(visits.session, visits.node, size)
        session, code = visits.session.take(first), visits.node.take(first)
        holds = states_of(journeys, self.goal, self.return_window // MICROSECOND).holds
        hit = (last_nodes(journeys, node).take(session) == code) & ~holds.take(session)
        sums = cluster_sums(code, journeys.session_customer.take(session), hit, size)
        return part([(n,) for n in node.names], sums)

    def reduce(self, parts: Sequence[pa.Table]) -> Clusters:
        """By node."""
        return {(node,): sums for (node, _, _), sums in self.rows(parts)}


@dataclass(frozen=True, kw_only=True)
class EdgeClusters(Clustering):
    """(source, target) -> steps out of the source; a hit goes to the target."""

    question: Transitions
    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """That of the question."""
        return self.question.lookback(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive sums of a batch: of each source, and of each edge."""
        node = journeys.stage if self.question.by_stage else journeys.touchpoint
        visits = visits_at(journeys, self.question.collapse_repeats, self.question.by_stage)
        customer, n = visits.pick(journeys.customer), len(node.names)
        names, size = [*node.names, START, END], n + 2
        opens, closes = np.flatnonzero(visits.opens), np.flatnonzero(visits.closes)
        before = np.append(n, visits.node[:-1])[: len(visits.node)].astype(np.int64)
        before[opens] = n
        source = np.concatenate([before, visits.node[closes]])
        target = np.concatenate([visits.node, np.full(len(closes), n + 1)])
        owner = np.concatenate([customer, customer[closes]])
        edges, code = np.unique(source * size + target, return_inverse=True)
        keys = [(names[e // size], names[e % size]) for e in edges.tolist()]
        whole = cluster_sums(source, owner, np.zeros(len(source), dtype=bool), size)
        return pa.concat_tables(
            [part([(name,) for name in names], whole), part(keys, edge_sums(source, code, owner, len(edges)))]
        )

    def reduce(self, parts: Sequence[pa.Table]) -> Clusters:
        """By edge; by (source,) for an edge that nobody took."""
        rows = self.rows(parts)
        whole = {(source,): sums for (source, target, _), sums in rows if not target}
        taken = {
            (source, target): replace(whole[source,], hits=own.hits, nx=own.nx, xx=own.xx)
            for (source, target, _), own in rows
            if target
        }
        return {**whole, **taken}


def edge_sums(source: AnyInts, edge: AnyInts, customer: AnyInts, size: int) -> Ints:
    """[SUMS, edge] of the hits alone; nx: with all steps of the customer out of the same source."""
    own = cluster_sums(edge, customer, np.ones(len(edge), dtype=bool), size)
    _, place, out = np.unique(np.stack([customer, source]), axis=1, return_inverse=True, return_counts=True)
    nx = np.zeros(size, dtype=np.int64)
    np.add.at(nx, edge, out[place.ravel()])
    summed_edges = own.copy()
    summed_edges[SUMS.index("nx")] = nx
    return summed_edges


@dataclass(frozen=True, kw_only=True)
class CartClusters(Clustering):
    """(kind,) or (kind, value of `by`) -> carts that are decided; a hit was left."""

    question: Carts

    @property
    def columns(self) -> frozenset[str]:
        """Those of the question."""
        return self.question.columns

    def lookback(self, since: int) -> Lookback | None:
        """That of the question."""
        return self.question.lookback(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive sums of a batch."""
        selection = selected_episodes(journeys, self.question.rules)
        group, names = groups_of(journeys, selection, self.question.by)
        left: Bools = np.isin(selection.status, (ABANDONED, RECOVERED))
        rows = np.flatnonzero(left | (selection.status == CONVERTED))
        code = selection.kind.astype(np.int64) * len(names) + group
        sums = cluster_sums(code[rows], selection.customer[rows], left[rows], len(KINDS) * len(names))
        return part([(kind, name) for kind in KINDS for name in names], sums)

    def reduce(self, parts: Sequence[pa.Table]) -> Clusters:
        """By kind and value."""
        by = self.question.by
        if by is None or by in GRID:
            return {(kind,): sums for (kind, _, _), sums in self.rows(parts)}
        return {(kind, int(name) if by == "hour" else name): sums for (kind, name, _), sums in self.rows(parts)}


@dataclass(frozen=True, kw_only=True)
class FunnelClusters(Clustering):
    """([value of the breakdown,] step) -> sessions at the needed step before; a hit took the step."""

    question: Funnel

    @property
    def columns(self) -> frozenset[str]:
        """Those of the question."""
        return self.question.columns

    def lookback(self, since: int) -> Lookback | None:
        """That of the question."""
        return self.question.lookback(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive sums of a batch."""
        chains = find(self.question, journeys)
        group, names = group_of(self.question, journeys, chains.position[:, 0])
        depth = np.asarray(chains.chains.depth)
        customer = journeys.customer.take(chains.position[:, 0])
        tables = []
        for place in range(2, len(self.question.needed) + 1):
            rows = np.flatnonzero(depth >= place - 1)
            sums = cluster_sums(group[rows], customer[rows], depth[rows] >= place, len(names))
            tables.append(part([(name, str(self.question.needed[place - 1])) for name in names], sums))
        return pa.concat_tables(tables) if tables else PARTS.empty_table()

    def reduce(self, parts: Sequence[pa.Table]) -> Clusters:
        """By value and number of the step."""
        split = self.question.breakdown or self.question.by
        return {((name, int(step)) if split else (int(step),)): sums for (name, step, _), sums in self.rows(parts)}
