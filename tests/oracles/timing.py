"""Times to a goal and hours of the week, one event at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.builder import Event

MICROSECOND = timedelta(microseconds=1)


def waits(events: Sequence[Event], as_of: int, since: int, until: int, passive: set[str]) -> list[tuple[int, bool]]:
    """(microseconds watched, did a goal end it) of each customer with a touch in the period."""
    found = []
    for customer in sorted({e.customer for e in events}):
        mine = [e for e in events if e.customer == customer and e.at < as_of]
        starts = [i for i, e in enumerate(mine) if since <= e.at < until and e.name not in passive]
        if starts:
            goals = [e.at for e in mine[starts[0] :] if e.name == "purchase"]
            found.append(((goals[0] if goals else as_of) - mine[starts[0]].at, bool(goals)))
    return found


def share_by(found: Sequence[tuple[int, bool]], mark: int) -> float:
    """Kaplan-Meier at a mark, microseconds: over the different times up to it, a goal before the end of a watch."""
    left = 1.0
    for time in sorted({t for t, hit in found if hit and t <= mark}):
        at_risk = sum(t >= time for t, _ in found)
        left *= 1 - sum(t == time and hit for t, hit in found) / at_risk
    return 1 - left


def hours(starts: Sequence[int], timezone: str) -> Counter[tuple[int, int]]:
    """Instants by weekday and hour of the zone's clock."""
    clocks = [(datetime(1970, 1, 1, tzinfo=UTC) + s * MICROSECOND).astimezone(ZoneInfo(timezone)) for s in starts]
    return Counter((c.weekday(), c.hour) for c in clocks)
