"""Events by day, on the calendar of a time zone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ingest.database import Database, load_sql
from ingest.store import Snapshot

QUARTER = timedelta(minutes=15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def event_days(snapshot: Snapshot, timezone: str) -> dict[date, int]:
    """Events of each day that has any, oldest first.

    UTC days stand in the log where no month is sealed yet; other calendars are counted by quarters of an hour.
    """
    if timezone == "UTC" and all(len(f.span) == 10 for f in snapshot.files):
        days = Counter[date]()
        for f in snapshot.files:
            days[date.fromisoformat(f.span)] += f.rows
        return dict(sorted(days.items()))
    if not snapshot.files:
        return {}
    with Database() as db:
        quarters = db.rows(load_sql("ingest", "quarter_hours"), {"files": [str(f.path) for f in snapshot.files]})
    zone, days = ZoneInfo(timezone), Counter[date]()
    for quarter, events in quarters:
        days[(EPOCH + quarter * QUARTER).astimezone(zone).date()] += events
    return dict(sorted(days.items()))
