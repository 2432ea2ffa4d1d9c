"""Around a node: what comes after it, before it, and between two of them; and the step matrix.

Law: at every step the sessions add up to those asked about; a session that is over (END) or has not begun (START) is
counted there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from ingest.array_types import Ints
from ingest.errors import ConfigError
from paths.analysis import Lookback, summed
from paths.arrays.counting import next_at_or_after, ranges, units_at
from paths.journeys.journeys import Journeys
from paths.sequences.walks import NOTHING, NodeView, Walks, answering, walks_of
from paths.statistics.intervals import rate
from paths.visits.visits import END, START

MOST_STEPS = 1000

STEP_PARTS = pa.schema(
    [("step", pa.int64()), ("node", pa.string()), ("sessions", pa.int64()), ("customers", pa.int64())]
)
"""Additive."""

NODE_PARTS = pa.schema(
    [("node", pa.string()), ("visits", pa.int64()), ("sessions", pa.int64()), ("customers", pa.int64())]
)
"""Additive. No node is named START or END: START has the sessions that go straight on, END all of them."""


@dataclass(frozen=True, kw_only=True)
class StepsAround:
    """Counts the nodes `steps` steps after (or before) a visit to `anchor`: the first of a session, or its last.

    The visit itself is step 0; before it steps are negative. Without an anchor the first node of every session that has
    one is the visit. Raises ConfigError for steps outside 0..1000.
    """

    anchor: frozenset[str] | None = None
    steps: int = 3
    before: bool = False
    last: bool = False
    view: NodeView = field(default_factory=NodeView)
    columns: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not 0 <= self.steps <= MOST_STEPS:
            raise ConfigError(f"between 0 and {MOST_STEPS} steps can be counted, not {self.steps}.")

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        walks = walks_of(journeys, self.view)
        walk, visit = anchors(journeys, walks, self.view, self.anchor, self.last)
        owner = journeys.customer[journeys.sessions.first[walks.session[walk]]]
        names = pa.array([*walks.names, START if self.before else END], pa.string())
        parts = [STEP_PARTS.empty_table()]
        for step, node in self.nodes(walks, walk, visit):
            sessions = np.bincount(node, minlength=len(names))
            customers = units_at(owner, node, len(names))
            there = np.flatnonzero(sessions)
            columns = [np.full(len(there), step), names.take(pa.array(there)), sessions[there], customers[there]]
            parts.append(pa.table(columns, schema=STEP_PARTS))
        return pa.concat_tables(parts)

    def nodes(self, walks: Walks, walk: Ints, visit: Ints) -> Iterator[tuple[int, Ints]]:
        """(step, per session its node there); a session that is over or has not begun is at the node behind all names."""
        frame = np.append(walks.node, len(walks.names))
        bound = walks.start[walk] if self.before else walks.last[walk]
        for step in range(self.steps + 1):
            at = visit - step if self.before else visit + step
            inside = at >= bound if self.before else at <= bound
            yield -step if self.before else step, frame[np.where(inside, at, -1)]

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """One row per step and node: see `steps_schema`; from the anchor outwards, most sessions first."""
        rows = summed(parts, ["step", "node"], STEP_PARTS).to_pylist()
        total = sum(r["sessions"] for r in rows if r["step"] == 0)
        rows.sort(key=lambda r: (abs(r["step"]), -r["sessions"], r["node"]))
        schema = steps_schema(self.view.level)
        named = [{**r, self.view.level: r["node"], "share": rate(r["sessions"], total)} for r in rows]
        return pa.Table.from_pylist([{c: r[c] for c in schema.names} for r in named], schema=schema)


@dataclass(frozen=True, kw_only=True)
class Between:
    """Counts the nodes between a session's first visit to `source` and its next one to `target`."""

    source: frozenset[str]
    target: frozenset[str]
    view: NodeView = field(default_factory=NodeView)
    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        walks = walks_of(journeys, self.view)
        walk, visit = anchors(journeys, walks, self.view, self.source, last=False)
        targets = np.flatnonzero(answering(journeys, self.target, self.view.level)[walks.position])
        after = next_at_or_after(targets, visit + 1)
        there = after <= walks.last[walk]
        walk, start, length = walk[there], visit[there] + 1, (after - visit - 1)[there]
        names = [*walks.names, START, END]
        straight = np.flatnonzero(length == 0)
        every = np.arange(len(walk), dtype=np.int64)
        unit = np.concatenate([np.repeat(every, length), straight, every])
        node = np.concatenate(
            [
                walks.node[ranges(start, length)],
                np.full(len(straight), len(names) - 2),
                np.full(len(walk), len(names) - 1),
            ]
        )
        owner = journeys.customer[journeys.sessions.first[walks.session[walk]]]
        counts = [
            np.bincount(node, minlength=len(names)),
            *(units_at(u, node, len(names)) for u in (unit, owner[unit])),
        ]
        return pa.table([pa.array(names, pa.string()), *counts], schema=NODE_PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """One row per node, most sessions first: see `between_schema`; "(nothing)" has the sessions that go straight on."""
        rows = [r for r in summed(parts, ["node"], NODE_PARTS).to_pylist() if r["sessions"]]
        total = sum(r["sessions"] for r in rows if r["node"] == END)
        rows = sorted((r for r in rows if r["node"] != END), key=lambda r: (-r["sessions"], r["node"]))
        schema, level = between_schema(self.view.level), self.view.level
        shown = {START: NOTHING}
        named = [{**r, level: shown.get(r["node"], r["node"]), "share": rate(r["sessions"], total)} for r in rows]
        return pa.Table.from_pylist([{c: r[c] for c in schema.names} for r in named], schema=schema)


def anchors(
    journeys: Journeys, walks: Walks, view: NodeView, names: frozenset[str] | None, last: bool
) -> tuple[Ints, Ints]:
    """(walk, visit) of the first or last visit to one of these names in each walk that has one; None = its first visit."""
    if names is None:
        walk = np.flatnonzero(walks.length)
        return walk, walks.start[walk]
    visit = np.flatnonzero(answering(journeys, names, view.level)[walks.position])
    walk = walks.walk[visit]
    differs = walk[1:] != walk[:-1]
    edge = np.ones(min(1, len(walk)), dtype=bool)
    chosen = np.append(differs, edge) if last else np.append(edge, differs)
    return walk[chosen], visit[chosen]


def steps_schema(level: str) -> pa.Schema:
    """One row is one node at one step: its sessions, their customers, their share of the sessions at step 0."""
    return pa.schema(
        [
            ("step", pa.int64()),
            (level, pa.string()),
            ("sessions", pa.int64()),
            ("customers", pa.int64()),
            ("share", pa.float64()),
        ]
    )


def between_schema(level: str) -> pa.Schema:
    """One row is one node: visits to it in between, sessions, customers, share of the sessions that go from one to the other."""
    return pa.schema(
        [
            (level, pa.string()),
            ("visits", pa.int64()),
            ("sessions", pa.int64()),
            ("customers", pa.int64()),
            ("share", pa.float64()),
        ]
    )


def step_matrix(steps: pa.Table, level: str, number: int) -> pa.Table:
    """An answer of StepsAround as a matrix: one row per node, column step_k its share at step k - 1; END is the last row.

    Rows stand in the order of their first steps. Each column adds up to 1, but for rounding to 6 decimals.
    """
    shares: dict[str, list[float]] = {}
    for row in steps.to_pylist():
        shares.setdefault(row[level], [0.0] * number)[row["step"]] = row["share"]
    order = sorted(shares, key=lambda node: (node == END, [-s for s in shares[node]], node))
    columns = [pa.array(order, pa.string())]
    columns += [pa.array([shares[node][k] for node in order], pa.float64()) for k in range(number)]
    return pa.table(columns, names=[level, *(f"step_{k + 1}" for k in range(number))])
