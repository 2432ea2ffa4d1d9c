"""Steps: how the first nodes of sessions follow one another, place by place. What a Sankey of first steps shows.

Law: what enters a node at a step leaves it: for 1 <= i < steps, the sessions into (i, node) are those out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.errors import ConfigError
from paths.analysis import Journeys, found_once, summed
from paths.counting import AnyInts, tally
from paths.goals import GoalRules
from paths.transitions import END, START, visits_at

Ints = npt.NDArray[np.int64]

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


@dataclass(frozen=True, kw_only=True)
class StepFlows:
    """The flows between the first `steps` nodes of the selected sessions. Raises ConfigError for fewer than two."""

    steps: int = 6
    rules: GoalRules = field(default_factory=GoalRules)
    collapse_repeats: bool = False  # consecutive events at one node are one
    by_stage: bool = False
    columns: frozenset[str] = frozenset()
    lag: timedelta | None = timedelta(days=2)

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise ConfigError(f"flows need at least two steps, not {self.steps}.")

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive flows of a batch."""
        node = journeys.stage if self.by_stage else journeys.touchpoint
        visits = visits_at(journeys, self.collapse_repeats, self.by_stage)
        first, last = np.flatnonzero(visits.opens), np.flatnonzero(visits.closes)
        goal = holding_goal(journeys, self.rules.goal)[visits.session[first]]
        found, size = [], len(node.names) + 2
        source: AnyInts = np.full(len(first), size - 2)
        for step in range(self.steps):  # all sessions go one step further, those that are over to END and no further
            at = first + step
            target = np.where(at <= last, visits.node.take(at, mode="clip"), size - 1)
            found.append(flow_parts(step, source.astype(np.int64) * size + target, goal, [*node.names, START, END]))
            on = np.flatnonzero(at <= last)
            first, last, goal, source = first[on], last[on], goal[on], target[on]
        return pa.concat_tables(found)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The STEPS table."""
        order = [("step", "ascending"), ("sessions", "descending"), ("source", "ascending"), ("target", "ascending")]
        return summed(parts, KEYS, STEPS).sort_by(order)


@found_once()
def holding_goal(journeys: Journeys, goal: frozenset[str]) -> npt.NDArray[np.bool_]:
    """Per session: does it hold a goal?"""
    return journeys.sessions_with(journeys.answers_to(goal))


def flow_parts(step: int, code: Ints, goal: npt.NDArray[np.bool_], names: Sequence[str]) -> pa.Table:
    """Rows of STEPS from the code (source x names + target) of every flow of a step."""
    size = len(names)
    found, sessions = tally(code, size * size)
    good, with_goal = tally(code[goal], size * size)
    goals = np.zeros(len(found), dtype=np.int64)
    goals[np.searchsorted(found, good)] = with_goal
    source, target = np.divmod(found, size)
    text = pa.array(names, pa.string())
    ends = [text.take(pa.array(place)) for place in (source, target)]
    return pa.table([np.full(len(found), step), *ends, sessions, goals], schema=STEPS)
