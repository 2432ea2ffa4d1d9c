"""What happens at each node of the path graph: visits, sessions, customers, and its chances in the absorbing chain."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from ingest.scan.batches import Codes
from paths.analysis import Lookback, summed
from paths.graph.absorbing import Chances
from paths.journeys.journeys import Journeys
from paths.visits.reach import reached
from paths.visits.visits import visit_counts, visits_at

PARTS = pa.schema([("node", pa.string()), ("visits", pa.int64()), ("sessions", pa.int64()), ("customers", pa.int64())])
"""Additive."""

GOAL_PARTS = pa.schema([("node", pa.string()), ("goals", pa.int64()), ("others", pa.int64())])
"""Additive: events at each node that are goals, and events that are not."""


def schema(by_stage: bool) -> pa.Schema:
    """One row is one touchpoint (or stage), the most visited first. Law: visits = transitions in = transitions out."""
    return pa.schema(
        [
            ("stage" if by_stage else "touchpoint", pa.string()),
            ("visits", pa.int64()),
            ("sessions", pa.int64()),
            ("customers", pa.int64()),
            ("p_goal", pa.float64()),
            ("removal_effect", pa.float64()),
            ("expected_steps", pa.float64()),
        ]
    )


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Counts the visits of the selected sessions by node; a run is one visit with `collapse_repeats`, as in `Transitions`."""

    collapse_repeats: bool = False
    by_stage: bool = False
    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        node, chosen = node_of(journeys, self.by_stage), journeys.chosen
        there = reached(journeys, node)
        visits = visit_counts(journeys, node)[1 if self.collapse_repeats else 0]
        counts = visits, there.sessions(chosen), there.customers(journeys, chosen)
        return pa.table([pa.array(node.names, pa.string()), *counts], schema=PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """PARTS, added up."""
        return summed(parts, ["node"], PARTS)


@dataclass(frozen=True, kw_only=True)
class GoalNodes:
    """Which nodes are goals: those at which every event of the selected sessions answers to a goal name."""

    goal: frozenset[str] = field(default_factory=frozenset)
    by_stage: bool = False
    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        node = node_of(journeys, self.by_stage)
        mine = visits_at(journeys, collapse=False, by_stage=self.by_stage)
        goal = mine.pick(journeys.answers_to(self.goal))
        counts = [np.bincount(mine.node[flags], minlength=len(node.names)) for flags in (goal, ~goal)]
        return pa.table([pa.array(node.names, pa.string()), *counts], schema=GOAL_PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> GoalSplit:
        """The nodes by kind."""
        rows = summed(parts, ["node"], GOAL_PARTS).to_pylist()
        held = [r for r in rows if r["goals"]]
        return GoalSplit(
            goals=frozenset(r["node"] for r in held if not r["others"]),
            mixed=frozenset(r["node"] for r in held if r["others"]),
        )


@dataclass(frozen=True, kw_only=True)
class GoalSplit:
    """Nodes at which every event is a goal, and nodes at which some are: a chain does not see the goals of the latter."""

    goals: frozenset[str] = frozenset()
    mixed: frozenset[str] = frozenset()


def node_of(journeys: Journeys, by_stage: bool) -> Codes:
    """Per event: its touchpoint, or its stage."""
    return journeys.stage if by_stage else journeys.touchpoint


def nodes_table(counts: pa.Table, chances: Mapping[str, Chances], by_stage: bool) -> pa.Table:
    """Added-up PARTS and the chain's chances -> the table of `schema`; without chances (no goal) these are null."""
    name = "stage" if by_stage else "touchpoint"
    rows = []
    for row in counts.to_pylist():
        if not row["visits"]:
            continue
        chance = chances.get(row["node"])
        rows.append(
            {
                name: row["node"],
                "visits": row["visits"],
                "sessions": row["sessions"],
                "customers": row["customers"],
                "p_goal": chance and chance.p_goal,
                "removal_effect": chance and chance.removal_effect,
                "expected_steps": chance and chance.expected_steps,
            }
        )
    rows.sort(key=lambda r: (-r["visits"], r[name]))
    return pa.Table.from_pylist(rows, schema=schema(by_stage))


def goal_nodes(split: GoalSplit, names: Collection[str]) -> frozenset[str]:
    """Goal nodes: those that hold nothing but goals, and those (stages, too) that carry a goal's name."""
    return split.goals | (split.mixed & frozenset(names))
