"""Days, weeks (from Monday) and months of the project's calendar, numbered without gaps."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import numpy as np

from ingest.array_types import Bools, Ints
from paths.journeys.journeys import within
from paths.journeys.scope import Scope
from sessionize.clock import day_numbers, midnight

Unit = Literal["day", "week", "month"]
UNITS: tuple[Unit, ...] = ("day", "week", "month")
ROLLING_DAYS: dict[str, int] = {"day": 1, "week": 7, "month": 30}
"""Days of a period that runs from a customer's first event."""
EPOCH_DAY = date(1970, 1, 1)
MONDAY = 3
"""1970-01-01 was a Thursday, the fourth day of its week."""


def numbers_of(days: Ints, unit: Unit) -> Ints:
    """The number of the period that each day lies in; `days` since 1970-01-01."""
    if unit == "day":
        return days
    if unit == "week":
        return (days + MONDAY) // 7
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def first_days(numbers: Ints, unit: Unit) -> Ints:
    """The first day of each period, days since 1970-01-01."""
    if unit == "day":
        return numbers
    if unit == "week":
        return numbers * 7 - MONDAY
    return numbers.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def periods_at(at: Ints, unit: Unit, timezone: str) -> Ints:
    """The number of the period that each instant (microseconds UTC) lies in; months are told once per day."""
    days = day_numbers(at, timezone)
    if unit != "month" or not len(days):
        return numbers_of(days, unit)
    low = int(days.min())
    return numbers_of(np.arange(low, int(days.max()) + 1), unit).take(days - low)


def starting_in(numbers: Ints, unit: Unit, scope: Scope) -> Bools:
    """Per period: does it start in the scope's period, since <= start < until?"""
    different, place = np.unique(numbers, return_inverse=True)
    days = first_days(different, unit).tolist()
    starts = [midnight(EPOCH_DAY + timedelta(days=d), scope.sessions.timezone) for d in days]
    return within(np.array(starts, dtype=np.int64), scope.since, scope.until)[place]


def labels(days: Ints) -> list[str]:
    """Days since 1970-01-01 as people write them: 2026-01-31."""
    texts: list[str] = np.datetime_as_string(days.astype("datetime64[D]")).tolist()
    return texts
