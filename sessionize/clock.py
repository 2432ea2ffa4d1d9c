"""Days and midnights of a time zone, for arrays of instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from ingest.array_types import Ints

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """An aware instant as microseconds since 1970 UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def midnight(day: date, timezone: str) -> int:
    """The first instant of a day in a zone, microseconds UTC."""
    return microseconds(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)))


def day_numbers(at: Ints, timezone: str) -> Ints:
    """Days since 1970-01-01 on the zone's calendar, int64[n]. `at` microseconds UTC, any order."""
    if timezone == "UTC" or not len(at):
        return at // DAY
    first = (EPOCH + timedelta(microseconds=int(at.min()))).astimezone(ZoneInfo(timezone)).date()
    last = (EPOCH + timedelta(microseconds=int(at.max()))).astimezone(ZoneInfo(timezone)).date()
    days = (last - first).days + 2
    midnights = np.array([midnight(first + timedelta(days=i), timezone) for i in range(days)], dtype=np.int64)
    base = (first - date(1970, 1, 1)).days
    return base - 1 + np.searchsorted(midnights, at, side="right")


def midnight_after(at: Ints, timezone: str) -> Ints:
    """The zone's midnight that ends the day of each instant, microseconds UTC."""
    days = day_numbers(at, timezone) + 1
    if timezone == "UTC":
        return days * DAY
    values, inverse = np.unique(days, return_inverse=True)
    start = date(1970, 1, 1)
    edges = np.array([midnight(start + timedelta(days=int(d)), timezone) for d in values], dtype=np.int64)
    return edges[inverse]
