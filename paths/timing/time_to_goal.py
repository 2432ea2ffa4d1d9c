"""How long customers take to a goal, those still on their way included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from ingest.array_types import Ints
from ingest.compiled import twin
from paths.analysis import Lookback, summed
from paths.arrays.counting import next_at_or_after
from paths.journeys.goals import GoalRules
from paths.journeys.journeys import Journeys
from paths.statistics.survival import TIMES, GoalTimes, counted_times, goal_times
from paths.timing import loops


@dataclass(frozen=True, kw_only=True)
class TimeToGoal:
    """From a customer's first selected touch (not a passive one) to the first goal at or after it; who has none is watched
    until as_of, and counts for as long as that."""

    rules: GoalRules = field(default_factory=GoalRules)
    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        first = first_touches(journeys)
        goals = np.flatnonzero(journeys.answers_to(self.rules.goal))
        goal = next_at_or_after(goals, first)
        reach = np.append(journeys.customer_starts[1:], len(journeys))[journeys.customer[first]]
        bought = goal < reach
        end = np.full(len(first), journeys.scope.as_of, dtype=np.int64)
        end[bought] = journeys.events.at[goal[bought]]
        return counted_times(end - journeys.events.at[first], bought)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, ["bin"], TIMES)

    def reduce(self, parts: Sequence[pa.Table]) -> GoalTimes:
        """Kaplan-Meier over bins; a goal comes before the end of the watch in one bin."""
        return goal_times(self.merge(parts))


def _compiled_touches(journeys: Journeys) -> Ints | None:
    if journeys.scope.segment:
        return None
    return loops.first_in(journeys.events.at, journeys.passive, journeys.customer_starts, *journeys.period)


@twin(_compiled_touches)
def first_touches(journeys: Journeys) -> Ints:
    """The first selected event of each customer that has one, passive ones left out."""
    begins = np.flatnonzero(journeys.selected & ~journeys.passive)
    owner = journeys.customer[begins]
    firsts: Ints = begins[np.append(True, owner[1:] != owner[:-1])[: len(begins)]]
    return firsts
