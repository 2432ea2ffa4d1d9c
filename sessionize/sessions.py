"""Events -> sessions, one vectorised pass over a batch of whole customers.

A new session starts where the gap to the customer's previous non-passive event is greater than idle_timeout, where
max_duration since the session's start is exceeded (and again from there), and where an optional cut falls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.array_types import Bools, Ints
from ingest.compiled import Loop, twin
from ingest.scan.batches import Codes, EventBatch
from sessionize.clock import day_numbers, midnight_after
from sessionize.rules import SessionRules

Customers = npt.NDArray[np.int32]

SESSIONS = pa.schema(
    [
        pa.field("session_id", pa.string()),
        pa.field("customer_id", pa.string()),
        pa.field("session_date", pa.date32()),
        pa.field("started_at", pa.timestamp("us", tz="UTC")),
        pa.field("ended_at", pa.timestamp("us", tz="UTC")),
        pa.field("duration_seconds", pa.float64()),
        pa.field("events", pa.int64()),
        pa.field("first_touchpoint", pa.string()),
        pa.field("last_touchpoint", pa.string()),
        pa.field("goal", pa.bool_()),
        pa.field("bounce", pa.bool_()),
        pa.field("engaged", pa.bool_()),
        pa.field("excluded", pa.bool_()),
        pa.field("customer_key", pa.int64()),
    ]
)
"""One row is one session; the columns of the published table and of `journeys sessions`."""


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """Sessions of a batch in its order; every array has one entry per session but `index`."""

    index: npt.NDArray[np.int32]  # per event of the batch: its session, -1 = passive, in none
    first: Ints  # position of the first event
    last: Ints  # position of the last event
    events: Ints  # how many (passive events between them are not counted)
    rank: Ints  # among the customer's sessions that start at the same instant
    followed: Bools  # the customer's next session has begun

    def __len__(self) -> int:
        return len(self.first)


def find_sessions(batch: EventBatch, passive: Bools, rules: SessionRules) -> Sessions:
    """The sessions of a batch. `passive` bool[n] marks events that are in no session."""
    everything = not passive.any()
    active = None if everything else np.flatnonzero(~passive)
    customer, at = (batch.customer, batch.at) if active is None else (batch.customer[active], batch.at[active])
    values = None if rules.cut_on is None else batch.text(rules.cut_on)
    values = values if values is None or active is None else values.take(active)
    number, first, rank, followed = numbered_and_ranked(customer, at, values, rules)
    index = number
    if active is not None:
        index = np.full(len(batch), -1, dtype=np.int32)
        index[active] = number
    last = np.append(first[1:], len(at))[: len(first)] - 1  # without events there are none
    return Sessions(
        index=index,
        first=first if active is None else active[first],
        last=last if active is None else active[last],
        events=last - first + 1,
        rank=rank,
        followed=followed,
    )


Numbered = tuple[npt.NDArray[np.int32], Ints, Ints, Bools]
"""(session of each event; of each session: first event, Sessions.rank, Sessions.followed)."""


def _compiled_numbers(customer: Customers, at: Ints, values: Codes | None, rules: SessionRules) -> Numbered | None:
    if values is not None or rules.cut_at_midnight:
        return None
    return numbered_by_time(customer, at, rules.idle, rules.longest)


@twin(_compiled_numbers)
def numbered_and_ranked(customer: Customers, at: Ints, values: Codes | None, rules: SessionRules) -> Numbered:
    """`numbered`, and `neighbours`."""
    number, first = numbered(customer, at, values, rules)
    return number, first, *neighbours(customer, at, first)


def numbered(
    customer: Customers, at: Ints, values: Codes | None, rules: SessionRules
) -> tuple[npt.NDArray[np.int32], Ints]:
    """(session of each event, first event of each session); `values`: those of `cut_on`."""
    starts = fixed_cuts(customer, at, rules)
    if values is not None:
        starts = cut_where_changed(values, starts, at, rules.longest)
    elif rules.longest:
        starts = cut_at_duration(starts, at, rules.longest)
    number = np.cumsum(starts, dtype=np.int32)
    number -= 1
    return number, np.flatnonzero(starts)


def neighbours(customer: Customers, at: Ints, first: Ints) -> tuple[Ints, Bools]:
    """Per session, by the position of its first event: (Sessions.rank, int64; Sessions.followed, bool)."""
    same = customer[first[1:]] == customer[first[:-1]]
    n = len(first)
    return ranks(same & (at[first[1:]] == at[first[:-1]]))[:n], np.append(same, False)[:n]


@Loop
def numbered_by_time(customer: Customers, at: Ints, idle: int, longest: int) -> Numbered:
    """`numbered`, where gaps and durations alone cut, and `neighbours`; no `longest` is 0."""
    n = len(at)
    number, first = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int64)
    rank, followed = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    session = -1
    for i in range(n):
        if (
            not i
            or customer[i] != customer[i - 1]
            or at[i] - at[i - 1] > idle
            or (longest and at[i] - at[first[session]] > longest)
        ):
            if i and customer[i] == customer[i - 1]:
                followed[session] = True
                if at[i] == at[first[session]]:
                    rank[session + 1] = rank[session] + 1
            session += 1
            first[session] = i
        number[i] = session
    sessions = session + 1
    return number, first[:sessions].copy(), rank[:sessions].copy(), followed[:sessions].copy()


def fixed_cuts(customer: Customers, at: Ints, rules: SessionRules) -> Bools:
    """Starts that depend on two neighbours alone: another customer, a long gap, a midnight."""
    starts = np.ones(len(at), dtype=bool)
    if len(at) > 1:
        starts[1:] = (customer[1:] != customer[:-1]) | (at[1:] - at[:-1] > rules.idle)
        if rules.cut_at_midnight:
            days = day_numbers(at, rules.timezone)
            starts[1:] |= days[1:] != days[:-1]
    return starts


def cut_at_duration(starts: Bools, at: Ints, longest: int) -> Bools:
    """Add a start at the first event later than its session's start + `longest`, and again from there.

    Each round looks only at sessions that are still too long, all at once.
    """
    starts = starts.copy()
    first = np.flatnonzero(starts)
    end = np.append(first[1:], len(at))
    while len(first):
        long = at[end - 1] - at[first] > longest
        first, end = first[long], end[long]
        first = first_later(at, first, end, at[first] + longest)
        starts[first] = True
    return starts


def first_later(at: Ints, lo: Ints, hi: Ints, limit: Ints) -> Ints:
    """For each stretch lo..hi (ascending in `at`, last one later than its limit): the first position later than it."""
    lo, hi = lo.copy(), hi - 1
    while (open_ := lo < hi).any():
        middle = (lo + hi) // 2
        later = at[middle] > limit
        hi = np.where(open_ & later, middle, hi)
        lo = np.where(open_ & ~later, middle + 1, lo)
    return lo


def cut_where_changed(values: Codes, starts: Bools, at: Ints, longest: int) -> Bools:
    """Add the cuts of `cut_on` and of max_duration, which depend on each other.

    A value cuts where it differs from the last non-missing one of the same session; a session that was cut by its
    duration forgets the value before.
    """
    known = np.flatnonzero(values.codes >= 0)
    segment = np.cumsum(starts)
    changes = (values.codes[known[1:]] != values.codes[known[:-1]]) & (segment[known[1:]] == segment[known[:-1]])
    change, before = known[1:][changes], known[:-1][changes]
    starts, result = starts.copy(), starts.copy()
    first = np.flatnonzero(starts)
    end = np.append(first[1:], len(at))
    while len(first):
        by_value = np.searchsorted(before, first)
        next_value = np.append(change, len(at))[by_value]
        long = (at[end - 1] - at[first] > longest) if longest else np.zeros(len(first), dtype=bool)
        by_time = end.copy()
        by_time[long] = first_later(at, first[long], end[long], at[first[long]] + longest)
        cut = np.minimum(next_value, by_time)
        going = cut < end
        first, end = cut[going], end[going]
        result[first] = True
    return result


def ranks(repeated: Bools) -> Ints:
    """0 for a session that starts at an instant of its own, then 1, 2, ... for the next ones of the same instant."""
    if not repeated.any():
        return np.zeros(len(repeated) + 1, dtype=np.int64)
    position = np.arange(len(repeated) + 1, dtype=np.int64)
    fresh = np.append(True, ~repeated)
    return position - np.maximum.accumulate(np.where(fresh, position, 0))


def open_until(sessions: Sessions, batch: EventBatch, rules: SessionRules) -> Ints:
    """int64 per session: the last as_of at which it may still go on; neither idle_timeout nor a cut has ended it."""
    start, end = batch.at[sessions.first], batch.at[sessions.last]
    limit = np.where(sessions.followed, end, end + rules.idle)
    if rules.longest:
        limit = np.minimum(limit, start + rules.longest)
    if rules.cut_at_midnight:
        limit = np.minimum(limit, midnight_after(end, rules.timezone) - 1)
    return limit


def session_ids(key: Ints, started_at: Ints, rank: Ints) -> npt.NDArray[np.uint64]:
    """A stable 64-bit hash of (customer_key, first event_at, rank): three rounds of splitmix64 (Steele et al. 2014)."""
    state = np.zeros(len(key), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for part in (key, started_at, rank):
            state = mixed(state ^ part.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15))
    return state


def mixed(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """uint64 -> uint64: the finalizer of splitmix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
