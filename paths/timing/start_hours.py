"""When sessions start: by weekday and hour of the project's timezone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from ingest.array_types import Ints
from paths.analysis import Lookback, summed
from paths.journeys.goals import GoalRules, holding_goal
from paths.journeys.journeys import Journeys
from sessionize.clock import EPOCH

MINUTE = 60_000_000
QUARTER, HOUR, DAY = 15 * MINUTE, 60 * MINUTE, 1440 * MINUTE
SLOTS = DAY // QUARTER

HOURS = pa.schema([("weekday", pa.int64()), ("hour", pa.int64()), ("sessions", pa.int64()), ("with_goal", pa.int64())])
"""One row is one hour of one weekday (0 = Monday) of the zone's clock and the sessions that start in it; by weekday and hour."""


@dataclass(frozen=True, kw_only=True)
class StartHours:
    """Counts the selected sessions by the weekday and hour at which they start, on the clock of a zone."""

    timezone: str = "UTC"
    rules: GoalRules = field(default_factory=GoalRules)
    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch, 168 rows."""
        place = week_hours(journeys.started_at.take(journeys.chosen), self.timezone)
        goal = holding_goal(journeys, self.rules.goal).take(journeys.chosen)
        weekday, hour = np.divmod(np.arange(168), 24)
        counts = [np.bincount(p, minlength=168) for p in (place, place[goal])]
        return pa.table([weekday, hour, *counts], schema=HOURS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The HOURS table; nothing without batches."""
        return summed(parts, ["weekday", "hour"], HOURS)


def week_hours(at: Ints, timezone: str) -> Ints:
    """24 x weekday + hour of each instant, 0 = Monday 00:00; clocks are looked at once per quarter of an hour."""
    if not len(at):
        return at
    slot = at // QUARTER
    first, last = (int(end) // SLOTS for end in (slot.min(), slot.max()))
    days = np.flatnonzero(np.bincount(slot // SLOTS - first)).tolist()  # the silent ones are not looked at
    hours = np.zeros((last - first + 1, SLOTS), dtype=np.int64)
    hours[days] = [day_hours(timezone, first + day) for day in days]
    return hours.ravel().take(slot - first * SLOTS)


@lru_cache(1 << 12)
def day_hours(timezone: str, day: int) -> Ints:
    """24 x weekday + hour of each quarter of an hour of a UTC day since 1970."""
    zone, quarters = ZoneInfo(timezone), range(day * SLOTS, (day + 1) * SLOTS)
    clocks = [(EPOCH + timedelta(microseconds=slot * QUARTER)).astimezone(zone) for slot in quarters]
    return np.array([24 * clock.weekday() + clock.hour for clock in clocks], dtype=np.int64)
