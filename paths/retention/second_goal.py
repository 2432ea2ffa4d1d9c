"""Second goal: how long customers take from the first goal to the next, those still on their way included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from paths.analysis import Lookback, summed
from paths.journeys.goals import VALUE_COLUMNS, GoalRules, goal_values
from paths.journeys.journeys import Journeys
from paths.statistics.survival import TIMES, GoalTimes, counted_times, goal_times


@dataclass(frozen=True, kw_only=True)
class SecondGoal:
    """From a customer's first goal of all, where it is selected, to the next one; who has none is watched until as_of, and
    counts for as long as that. The rows of one order are one goal, at its first row."""

    rules: GoalRules = field(default_factory=GoalRules)
    columns: frozenset[str] = VALUE_COLUMNS

    def lookback(self, since: int) -> Lookback | None:
        """Everything: a goal is known to be the first by all that went before."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        goals = goal_values(journeys, self.rules).first
        owner, at = journeys.customer.take(goals), journeys.events.at.take(goals)
        first = np.flatnonzero(np.append(True, owner[1:] != owner[:-1])[: len(goals)])
        first = first[journeys.selects(goals[first])]
        second = np.minimum(first + 1, len(goals) - 1)
        reached = (second > first) & (owner[second] == owner[first])
        end = np.where(reached, at[second], journeys.scope.as_of)
        return counted_times(end - at[first], reached)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, ["bin"], TIMES)

    def reduce(self, parts: Sequence[pa.Table]) -> GoalTimes:
        """Kaplan-Meier over bins; a goal comes before the end of the watch in one bin."""
        return goal_times(self.merge(parts))
