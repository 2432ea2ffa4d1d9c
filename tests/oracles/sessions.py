"""Sessions, one event at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sessionize.rules import SessionRules
from tests.builder import Event


@dataclass
class Session:
    events: list[Event] = field(default_factory=list)
    rank: int = 0
    followed: bool = False

    @property
    def start(self) -> int:
        return self.events[0].at

    @property
    def end(self) -> int:
        return self.events[-1].at


def local_day(at: int, timezone: str) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(ZoneInfo(timezone)).date()


def starts_new(event: Event, session: Session, rules: SessionRules) -> bool:
    gap, age = timedelta(microseconds=event.at - session.end), timedelta(microseconds=event.at - session.start)
    if gap > rules.idle_timeout or (rules.max_duration and age > rules.max_duration):
        return True
    if rules.cut_at_midnight and local_day(event.at, rules.timezone) != local_day(session.end, rules.timezone):
        return True
    seen = [v for e in session.events if (v := e.get(rules.cut_on)) is not None] if rules.cut_on else []
    value = event.get(rules.cut_on) if rules.cut_on else None
    return bool(seen) and value is not None and value != seen[-1]


def every_session(events: Sequence[Event], rules: SessionRules) -> list[Session]:
    """All sessions, in the order of customers and time, too long ones too."""
    done: list[Session] = []
    for event in events:
        if event.name in rules.passive:
            continue
        mine = done[-1] if done and done[-1].events[0].customer == event.customer else None
        if mine is None or starts_new(event, mine, rules):
            if mine is not None:
                mine.followed = True
            same_start = mine is not None and mine.start == event.at
            done.append(Session(rank=done[-1].rank + 1 if same_start else 0))
        done[-1].events.append(event)
    return done


def kept_sessions(events: Sequence[Event], rules: SessionRules) -> tuple[list[Event], list[Session]]:
    """(events that analyses see, their sessions): without sessions that have too many events."""
    every = every_session(events, rules)
    gone = {e.recorded for s in every if len(s.events) > rules.max_session_events for e in s.events}
    return [e for e in events if e.recorded not in gone], [
        s for s in every if len(s.events) <= rules.max_session_events
    ]


def may_continue(session: Session, rules: SessionRules, as_of: int) -> bool:
    """Could an event at as_of or later still join it?"""
    late = Event(session.events[0].customer, as_of, 0, "late", {})
    plain = SessionRules(
        idle_timeout=rules.idle_timeout,
        max_duration=rules.max_duration,
        cut_at_midnight=rules.cut_at_midnight,
        timezone=rules.timezone,
    )
    return not session.followed and not starts_new(late, session, plain)
