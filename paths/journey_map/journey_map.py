"""The journey map: stages x touchpoints x feelings, computed from the events. Numbers only; drawing is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pyarrow as pa

from ingest.array_types import MICROSECOND
from paths.analysis import Lookback, summed
from paths.journey_map.cells import KEYS, PARTS, MapBatch, cells, of_no_cell
from paths.journey_map.friction import FrictionRules
from paths.journey_map.scores import Counted, MapAnswer, ScoreSettings
from paths.journey_map.surveys import Survey
from paths.journeys.goals import VALUE_COLUMNS, GoalRules, goal_values
from paths.journeys.journeys import Journeys


@dataclass(frozen=True, kw_only=True)
class JourneyMap:
    """Cells of stage x `by` (touchpoint, channel; or stage: the stages themselves). cost: minor units by event or channel."""

    stages: tuple[str, ...]
    by: str = "touchpoint"
    rules: GoalRules = field(default_factory=GoalRules)
    return_window: timedelta = timedelta(days=7)
    surveys: tuple[Survey, ...] = ()
    friction: FrictionRules = field(default_factory=FrictionRules)
    cost: Mapping[str, int] = field(default_factory=dict)
    min_n: int = 30
    minor_units: int = 100
    q: float = 0.05
    times: bool = True  # how long customers stay

    @property
    def columns(self) -> frozenset[str]:
        """What it reads."""
        channel = {"url"} | ({"channel"} if self.by == "channel" or self.cost else set())
        return (VALUE_COLUMNS if self.rules.goal else frozenset()).union(channel, *(s.columns for s in self.surveys))

    def lookback(self, since: int) -> Lookback | None:
        """Values of goals, and the visits that answers speak of."""
        return Lookback.sessions(since, orders=True, surveys=self.surveys)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        batch = MapBatch(
            journeys=journeys,
            by=self.by,
            cells=cells(journeys, self.by),
            rules=self.friction,
            surveys=self.surveys,
            stages=self.stages,
            goal=self.rules.goal,
            return_window=self.return_window // MICROSECOND,
        )
        parts = batch.parts(self.cost, times=self.times)
        return pa.concat_tables([parts, self.money(journeys)]) if self.rules.goal else parts

    def money(self, journeys: Journeys) -> pa.Table:
        """How many goals of the period have a value, and the sum."""
        goals = goal_values(journeys, self.rules)
        counts = goals.known & journeys.selects(goals.first)
        n, total = int(counts.sum()), int(goals.value[counts].sum())
        return of_no_cell("money", n, 0, total, 0)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, KEYS, PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> MapAnswer:
        """The tables."""
        settings = ScoreSettings(
            stages=self.stages,
            by=self.by,
            has_goal=bool(self.rules.goal),
            min_n=self.min_n,
            minor_units=self.minor_units,
            q=self.q,
        )
        return Counted(settings, self.merge(parts)).answer()
