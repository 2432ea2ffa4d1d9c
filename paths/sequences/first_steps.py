"""Steps: how the first nodes of sessions follow one another, place by place. What a Sankey of first steps shows.

Law: what enters a node at a step leaves it: for 1 <= i < steps, the sessions into (i, node) are those out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from ingest.array_types import AnyInts, Bools, Ints
from ingest.compiled import twin
from ingest.errors import ConfigError
from paths.analysis import Lookback, summed
from paths.arrays.counting import tally
from paths.arrays.grouping import NAME, coded_names
from paths.arrays.loops import ROOM
from paths.journeys.goals import GoalRules, holding_goal
from paths.journeys.journeys import Journeys
from paths.sequences import loops
from paths.visits.visits import names_of, visits_at

STEPS = pa.schema(
    [
        pa.field("step", pa.int64()),
        pa.field("source", pa.string()),
        pa.field("target", pa.string()),
        pa.field("sessions", pa.int64()),
        pa.field("with_goal", pa.int64()),
    ]
)
"""One row is one flow: sessions whose node number `step` is source and whose next one is target. Step 0 leaves START; a
session that stops goes to END. with_goal: those among them that hold a goal, wherever. By step, most sessions first."""

KEYS = ("step", "source", "target")
PARTS = pa.schema([pa.field(f.name, NAME if f.name in KEYS[1:] else f.type) for f in STEPS])
"""Additive."""


@dataclass(frozen=True, kw_only=True)
class StepFlows:
    """The flows between the first `steps` nodes of the selected sessions. Raises ConfigError for fewer than two."""

    steps: int = 6
    rules: GoalRules = field(default_factory=GoalRules)
    collapse_repeats: bool = False  # consecutive events at one node are one
    by_stage: bool = False
    columns: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise ConfigError(f"flows need at least two steps, not {self.steps}.")

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive flows of a batch."""
        names = names_of(journeys.stage if self.by_stage else journeys.touchpoint)
        goal, size = holding_goal(journeys, self.rules.goal), len(names)
        code, n = flows_in(journeys, self, goal, size)
        step, source, target, with_goal = np.unravel_index(code, (self.steps, size, size, 2))
        edge = [coded_names(place, names) for place in (source, target)]
        return pa.table([step, *edge, n, n * with_goal], schema=PARTS)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, KEYS, PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The STEPS table."""
        order = [("step", "ascending"), ("sessions", "descending"), ("source", "ascending"), ("target", "ascending")]
        return self.merge(parts).cast(STEPS).sort_by(order)


def _compiled_flows(journeys: Journeys, asked: StepFlows, goal: Bools, size: int) -> tuple[Ints, Ints]:
    node, chosen = journeys.stage if asked.by_stage else journeys.touchpoint, journeys.chosen
    starts, ends = (bound.take(chosen) for bound in journeys.bounds)
    visited, collapse = journeys.whole_walk.pick(node.codes), asked.collapse_repeats
    counts = loops.step_flows(visited, starts, ends, goal.take(chosen), asked.steps, size, collapse)
    code = np.flatnonzero(counts).astype(np.int64)
    return code, counts[code]


@twin(_compiled_flows, when=lambda journeys, asked, goal, size: 2 * asked.steps * size * size <= ROOM)
def flows_in(journeys: Journeys, asked: StepFlows, goal: Bools, size: int) -> tuple[Ints, Ints]:
    """(flows as codes of [step, source, target, is there a goal], sessions of each); START and END are the last two nodes.

    All sessions go on step by step, those that are over to END and no further. goal: per session.
    """
    visits = visits_at(journeys, asked.collapse_repeats, asked.by_stage)
    first, last = np.flatnonzero(visits.opens), np.flatnonzero(visits.closes)
    good = goal[visits.session.take(first)].astype(np.int64)
    source: AnyInts = np.full(len(first), size - 2, dtype=np.int64)
    rows = []
    for step in range(asked.steps):
        at = first + step
        on = np.flatnonzero(at <= last)
        target = np.full(len(at), size - 1, dtype=np.int64)
        target[on] = visits.node.take(at[on])
        code, n = tally((source * size + target) * 2 + good, 2 * size * size)
        rows.append((code + 2 * size * size * step, n))
        first, last, good, source = (values.take(on) for values in (first, last, good, target))
    codes, counts = (np.concatenate(c) for c in zip(*rows, strict=True))
    return codes, counts
