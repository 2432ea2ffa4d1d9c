"""What happened, by day: marked wherever the page has time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from reports.content.journey_map import Annotation
from reports.content.report import Report, Span
from reports.formatting import EPOCH, plain, spoken_day

WEEK = 7.0
MICROSECONDS = 86_400_000_000.0


def during(report: Report, span: Span) -> list[Annotation]:
    """Those of the days of a span, oldest first."""
    return [a for a in report.annotations if span.since <= instant(a, report.timezone) < span.until]


def instant(a: Annotation, timezone: str) -> int:
    """The day's first moment, microseconds UTC."""
    at = datetime(a.day.year, a.day.month, a.day.day, tzinfo=ZoneInfo(timezone)) - EPOCH
    return (at.days * 86_400 + at.seconds) * 1_000_000


def said(a: Annotation) -> str:
    """2 Mar 2026: new checkout."""
    return f"{spoken_day(a.day)}: {plain(a.text)}"


def told(found: Sequence[Annotation]) -> str:
    """All of them in a line; nothing without any."""
    return "; ".join(said(a) for a in found)


def of_weeks(report: Report) -> list[Annotation]:
    """Those that lie in the weeks of the sparklines."""
    if not report.weeks:
        return []
    return during(report, Span(since=report.weeks[0].since, until=report.weeks[-1].until))


def marks(report: Report) -> list[tuple[float, str]]:
    """(where among the weeks, a point standing in the middle of its week; what happened)."""
    if not report.weeks:
        return []
    first, last = report.weeks[0].since, len(report.weeks) - 1
    days = [((instant(a, report.timezone) - first) / MICROSECONDS + 0.5, said(a)) for a in of_weeks(report)]
    return [(min(max(day / WEEK - 0.5, 0.0), float(last)), text) for day, text in days]
