"""The shop's calendar: whole seconds since 1970 UTC, and the wall clock in Berlin that people live by."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from ingest.array_types import Bools, Floats, Ints
from pipeline.demo_shop.draws import Draws, pick

ZONE = "Europe/Berlin"
FIRST_DAY = date(2025, 9, 1)  # a Monday, so that weeks are calendar weeks; week n begins 7 (n - 1) days later
DAYS = 181
HOUR, DAY = 3600, 86_400
LONGEST_DAYS = 56
"""A journey is over so many days after it began. The simulation starts that much (and a week) before the first day and
is cut at both ends, so no week of the period is special."""
WARM_UP_DAYS = LONGEST_DAYS + 7
WEEKDAYS = (0.95, 0.93, 0.92, 0.96, 1.0, 1.1, 1.14)  # how busy, Monday first
SUNDAY = 6

_ONLINE = 1.15 + np.cos((np.arange(24) - 20) / 24 * 2 * np.pi)  # quiet nights, busy evenings
_OPEN = np.where((np.arange(24) >= 9) & (np.arange(24) < 19), 1.0 + 0.5 * (np.arange(24) >= 15), 0.0)
RHYTHMS = {"online": _ONLINE, "open": _OPEN}
"""How busy each hour of the day is: of screens, and of the store and the service desk."""


def day_at(day: int) -> date:
    """The date `day` days after the first one."""
    return FIRST_DAY + timedelta(days=day)


def midnight(day: int) -> int:
    """Seconds since 1970 UTC when that day (counted from the first one) begins in Berlin."""
    local = day_at(day)
    return int(datetime(local.year, local.month, local.day, tzinfo=ZoneInfo(ZONE)).timestamp())


def in_period(at: Ints) -> Bools:
    """Is it inside the six months?"""
    return (at >= midnight(0)) & (at < midnight(DAYS))


def wall(at: Ints) -> Ints:
    """What the clock in Berlin shows, as seconds since 1970 of that clock."""
    base, by_instant, _ = _offsets()
    return at + by_instant[(at - base) // HOUR]


def instant(shown: Ints) -> Ints:
    """When the clock in Berlin shows this; the earlier instant where it does so twice."""
    base, _, by_wall = _offsets()
    return shown - by_wall[(shown - base) // HOUR]


def day_of(at: Ints) -> Ints:
    """The day in Berlin, counted from the first one."""
    return wall(at) // DAY - _first_wall() // DAY


def time_on(day: Ints, rhythm: str, uniform: Floats) -> Ints:
    """An instant on that day, as likely as the rhythm says; the desk and the store move from Sunday to Monday."""
    if rhythm == "open":
        day = day + (day % 7 == SUNDAY)
    edges = np.concatenate([[0.0], np.cumsum(RHYTHMS[rhythm])])
    seconds = np.interp(uniform, edges / edges[-1], np.arange(25)) * HOUR
    return instant(_first_wall() + day * DAY + seconds.astype(np.int64))


def random_days(draws: Draws, purpose: str, rows: Ints) -> Ints:
    """Days from the start of the simulation to the last one, as likely as their weekday is busy."""
    days = np.arange(-WARM_UP_DAYS, DAYS)
    return days[pick(np.asarray(WEEKDAYS)[days % 7], draws.uniform(purpose, rows))]


def _first_wall() -> int:
    return int(datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC).timestamp())


@cache
def _offsets() -> tuple[int, Ints, Ints]:
    """(first hour, Berlin's offset by hour of UTC, by hour of the wall clock): both change at full hours only."""
    zone, base = ZoneInfo(ZONE), _first_wall() - (WARM_UP_DAYS + 7) * DAY
    hours = [datetime.fromtimestamp(base + h * HOUR, UTC) for h in range((WARM_UP_DAYS + DAYS + 2 * LONGEST_DAYS) * 24)]
    instants = [h.astimezone(zone).utcoffset() for h in hours]
    walls = [h.replace(tzinfo=zone).utcoffset() for h in hours]
    seconds = [np.array([(o or timedelta()).total_seconds() for o in x], dtype=np.int64) for x in (instants, walls)]
    return base, seconds[0], seconds[1]
