"""The instant a question takes as now, and the period it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from statistics import median_low
from zoneinfo import ZoneInfo

from ingest.errors import ConfigError
from sessionize.clock import EPOCH, microseconds, midnight

ENOUGH_DAYS = 10
LONG_GAP = timedelta(days=30)
FEW = 0.01


def default_as_of(days: Mapping[date, int], timezone: str) -> tuple[int, list[str]]:
    """(the midnight after the newest event day, warnings about newest days that stand apart and were passed over).

    With at least 10 event days, a newest day stands apart if it lies more than 30 days behind the one before it, or has
    fewer events than 1 % of the median day; then the day before it is asked the same. Microseconds UTC.
    """
    newest, apart = newest_settled(days)
    warnings = [
        f"{day} stands apart ({days[day]:,} events, {(day - before).days} days after the day before it) "
        f"and was passed over; as_of is the midnight after {before}. Give --as-of to include it."
        for day, before in apart
    ]
    return midnight(newest + timedelta(days=1), timezone) if newest else 0, warnings


def newest_settled(days: Mapping[date, int]) -> tuple[date | None, list[tuple[date, date]]]:
    """(the newest event day that does not stand apart, None = no day; (day, the day before it) of those that do).

    `days` are events by day. The rule of as_of and of late rows: one stray date moves neither.
    """
    left, apart = sorted(days), []
    usual = median_low(days.values()) if days else 0
    while len(days) >= ENOUGH_DAYS and len(left) > 1:
        newest, before = left[-1], left[-2]
        if newest - before <= LONG_GAP and days[newest] >= usual * FEW:
            break
        apart.append((newest, before))
        left.pop()
    return (left[-1] if left else None), apart


def parse_instant(text: str, timezone: str, option: str = "--as-of") -> int:
    """A day (its midnight in the zone) or an ISO instant, in microseconds UTC; raises ConfigError."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(
            f'{option} "{text}" is neither a day (2026-01-31) nor an instant (2026-01-31T12:00Z).'
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(timezone))
    return microseconds(moment)


def parse_day(text: str, timezone: str, option: str) -> int:
    """The first instant of a day, in microseconds UTC; raises ConfigError."""
    try:
        return midnight(date.fromisoformat(text.strip()), timezone)
    except ValueError:
        raise ConfigError(f'{option} "{text}" is not a day; write it as 2026-01-31.') from None


def instant_text(micros: int) -> str:
    """Microseconds UTC as 2026-01-31T12:00:00Z."""
    if abs(micros) >= 1 << 57:
        return "never"
    return moment(micros).isoformat().replace("+00:00", "Z")


def moment(micros: int) -> datetime:
    """Microseconds since 1970 UTC as an aware instant."""
    return EPOCH + timedelta(microseconds=micros)
