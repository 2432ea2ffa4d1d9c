"""The days a report or a comparison is about."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from ingest.errors import ConfigError
from paths.journeys.scope import NEVER, Scope
from sessionize.clock import EPOCH

DEFAULT_DAYS = 28


def local_day(at: int, timezone: str) -> date:
    """The day of an instant on the zone's calendar."""
    return (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(timezone)).date()


def days_of(scope: Scope, timezone: str) -> tuple[date, date]:
    """(first day, first day after): the 28 days before as_of unless the scope says otherwise; raises ConfigError."""
    until = (
        local_day(scope.as_of - 1, timezone) + timedelta(days=1)
        if scope.until == NEVER
        else local_day(scope.until, timezone)
    )
    since = until - timedelta(days=DEFAULT_DAYS) if scope.since == -NEVER else local_day(scope.since, timezone)
    if since >= until:
        raise ConfigError(f"the period is empty: it would run from {since} until {until}, and until is exclusive.")
    return since, until
