"""Cohorts, returns and lifecycles, customer by customer, with the dates of the calendar."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.builder import DAY, Event

NEVER = 1 << 62


def local(at: int, zone: str) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(ZoneInfo(zone)).date()


def start_of(day: date, unit: str) -> date:
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[unit]


def next_start(day: date, unit: str) -> date:
    return start_of(day + timedelta(days={"day": 1, "week": 7, "month": 31}[unit]), unit)


def at_midnight(day: date, zone: str) -> int:
    moment = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def edges(start: int, unit: str, zone: str, rolling: bool, brackets: Sequence[int], most: int) -> list[int]:
    """The instants at which a customer's periods 0, 1, ... begin, and the end of the last."""
    lengths = [1, *brackets] if brackets else [{"day": 1, "week": 7, "month": 30}[unit]] * most
    if rolling:
        return [start + DAY * sum(lengths[:k]) for k in range(len(lengths) + 1)]
    day = start_of(local(start, zone), "day" if brackets else unit)
    found = [day]
    for length in lengths:
        found.append(found[-1] + timedelta(days=length) if brackets else next_start(found[-1], unit))
    return [at_midnight(d, zone) for d in found]


def by_customer(events: Sequence[Event], as_of: int) -> dict[str, list[Event]]:
    found = defaultdict(list)
    for e in events:
        if e.at < as_of:
            found[e.customer].append(e)
    return found


def triangle(
    events: Sequence[Event],
    *,
    as_of: int,
    unit: str,
    zone: str,
    mode: str,
    rolling: bool,
    brackets: Sequence[int],
    start: str,
    returns: set[str],
    passive: set[str],
    since: int,
    until: int,
    keeps: Callable[[Event], bool],
    group: Callable[[Event], str],
    most: int,
    goals: Callable[[list[Event]], list[tuple[int, int | None]]],
) -> dict[tuple[str, str, int], tuple[int, int | None, int | None]]:
    """(group, cohort, period) -> (customers, returned, value), None where the period is not over; the averages are "average"."""
    cohorts: dict[tuple[str, str], list[tuple[list[int], list[int], list[tuple[int, int | None]]]]] = defaultdict(list)
    for mine in by_customer(events, as_of).values():
        wanted = [i for i, e in enumerate(mine) if (e.name == "purchase" if start == "goal" else e.name not in passive)]
        if not wanted:
            continue
        first = mine[wanted[0]]
        cohort = start_of(local(first.at, zone), unit)
        if not (since <= at_midnight(cohort, zone) < until and keeps(first)):
            continue
        back = [e.at for e in mine[wanted[0] :] if (e.name in returns if returns else e.name not in passive)]
        cuts = edges(first.at, unit, zone, rolling, brackets, most)
        worth = [(mine[i].at, value) for i, value in goals(mine) if i >= wanted[0]]
        cohorts[group(first), cohort.isoformat()].append((cuts, back, worth))
    found: dict[tuple[str, str, int], tuple[int, int | None, int | None]] = {}
    pooled: dict[tuple[str, int], list[int]] = {}
    for (name, cohort_name), members in cohorts.items():
        for k in range(len(members[0][0]) - 1):
            if all(cuts[k] >= as_of for cuts, _, _ in members):
                break
            total = pooled.setdefault((name, k), [0, 0, 0, 0])
            if any(cuts[k + 1] > as_of for cuts, _, _ in members):
                found[name, cohort_name, k] = len(members), None, None
                continue
            later = mode == "on_or_after"
            n = sum(any(c[k] <= at and (later or at < c[k + 1]) for at in back) for c, back, _ in members)
            value = sum(v or 0 for c, _, worth in members for at, v in worth if at < c[k + 1])
            found[name, cohort_name, k] = len(members), n, value
            pooled[name, k] = [a + b for a, b in zip(total, (len(members), n, value, 1), strict=True)]
    for (name, k), (customers, n, value, complete) in pooled.items():
        found[name, "average", k] = customers, n if complete else None, value if complete else None
    return found


def lifecycle(
    events: Sequence[Event], *, as_of: int, unit: str, zone: str, passive: set[str], since: int, until: int
) -> list[dict[str, Any]]:
    """One row per period, as sets of customers."""
    there: dict[date, set[str]] = defaultdict(set)
    for e in events:
        if e.at < as_of and e.name not in passive:
            there[start_of(local(e.at, zone), unit)].add(e.customer)
    rows: list[dict[str, Any]] = []
    day = min(there, default=date.max)
    before: set[str] = set()
    known: set[str] = set()
    while there and at_midnight(day, zone) < as_of:
        now = there.get(day, set())
        row: dict[str, Any] = {
            "new": len(now - known),
            "retained": len(now & before),
            "resurrected": len(now & known - before),
            "active": len(now),
            "dormant": len(before - now),
        }
        complete = at_midnight(next_start(day, unit), zone) <= as_of
        if since <= at_midnight(day, zone) < until:
            shown = row if complete else dict.fromkeys(row)
            rows.append({"period": day.isoformat(), **shown, "complete": complete})
        before, known, day = now, known | now, next_start(day, unit)
    return rows


def days_active(
    events: Sequence[Event], *, as_of: int, unit: str, zone: str, passive: set[str]
) -> dict[tuple[str, int], int]:
    """(period, days) -> customers, of the periods that are over."""
    days = {(e.customer, local(e.at, zone)) for e in events if e.at < as_of and e.name not in passive}
    each = Counter((c, start_of(d, unit)) for c, d in days)
    return Counter((p.isoformat(), n) for (_, p), n in each.items() if at_midnight(next_start(p, unit), zone) <= as_of)
