"""What carts can be told apart by: their last step, the hour they opened in, or any column of their opening event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from ingest.array_types import Ints
from paths.carts.episodes import Episodes
from paths.journeys.journeys import Journeys
from paths.journeys.personas import values_shown
from sessionize.clock import DAY, EPOCH

HOUR = DAY // 24
GRID = ("kind", "status")
"""These are columns of every row: they ask for the rows as they are."""

COMPUTED = (*GRID, "last_step", "hour", "touchpoint", "stage", "event")
"""No columns of the store."""


def groups_of(journeys: Journeys, episodes: Episodes, by: str | None) -> tuple[Ints, list[str]]:
    """(group of each episode, names of the groups). All but last_step is a property of the opening event."""
    if by is None or by in GRID:
        return np.zeros(len(episodes), dtype=np.int64), [""]
    if by == "hour":
        hours = local_hours(episodes.opened_at, journeys.scope.sessions.timezone)
        return hours, [f"{h:02d}" for h in range(24)]
    if by == "last_step":
        return episodes.last_step.astype(np.int64), list(journeys.touchpoint.names)
    nodes = {"touchpoint": journeys.touchpoint, "stage": journeys.stage}
    column = nodes[by] if by in nodes else values_shown(journeys.events, by)
    return column.codes[episodes.first].astype(np.int64), list(column.names)


def local_hours(at: Ints, timezone: str) -> Ints:
    """The hour of the day, 0 to 23, on the zone's clock; `at` microseconds UTC."""
    if timezone == "UTC" or not len(at):
        return at // HOUR % 24
    zone = ZoneInfo(timezone)
    days, day = np.unique(at // DAY, return_inverse=True)
    morning = np.array([offset(d * DAY, zone) for d in days.tolist()], dtype=np.int64)
    evening = np.array([offset((d + 1) * DAY, zone) for d in days.tolist()], dtype=np.int64)
    shift = morning[day]
    turned = np.flatnonzero((morning != evening)[day])  # days on which clocks change: each instant by itself
    shift[turned] = [offset(t, zone) for t in at[turned].tolist()]
    return (at + shift) // HOUR % 24


def offset(at: int, zone: ZoneInfo) -> int:
    """What the zone's clock is ahead of UTC, microseconds."""
    local: datetime = (EPOCH.astimezone(UTC) + timedelta(microseconds=at)).astimezone(zone)
    ahead = local.utcoffset()
    return 0 if ahead is None else ahead // timedelta(microseconds=1)
