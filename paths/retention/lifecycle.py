"""Lifecycle: customers of a period as new, retained or resurrected, and the dormant; stickiness: on how many days they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ingest.array_types import Bools, Ints
from ingest.errors import ConfigError, did_you_mean
from paths.analysis import Lookback, summed
from paths.arrays.counting import tally
from paths.journeys.journeys import Journeys
from paths.journeys.scope import NEVER
from paths.retention.calendar import UNITS, Unit, first_days, labels, numbers_of, periods_at, starting_in
from paths.retention.cohorts import active, first_of_each
from paths.statistics.intervals import rate

STATES = ("new", "retained", "resurrected", "active", "dormant")
LIFECYCLE = pa.schema(
    [pa.field("period", pa.string()), *(pa.field(s, pa.int64()) for s in STATES), pa.field("complete", pa.bool_())]
)
"""One row is one period (its first day), silent ones among them. new + retained + resurrected = active; retained + dormant =
active of the period before. All are null in a period that is not over at as_of."""

STICKINESS = pa.schema(
    [
        pa.field("period", pa.string()),
        pa.field("days", pa.int64()),
        pa.field("customers", pa.int64()),
        pa.field("share", pa.float64()),
        pa.field("complete", pa.bool_()),
    ]
)
"""One row is one number of days on which customers were active in a period; customers: on just so many; share: of the active
customers of the period. A period that is not over at as_of is one row, with nulls."""

PARTS = pa.schema([("period", pa.int64()), *((s, pa.int64()) for s in STATES), ("open", pa.int64())])
"""Additive. period: its first day, since 1970-01-01; the first and the last period stand there in any case; open: above 0 in
the period that is not over at as_of."""
MOST_DAYS = 32
"""More than the days of a period."""
DAYS = pa.schema([("period", pa.int64()), ("days", pa.int64()), ("customers", pa.int64()), ("open", pa.int64())])
"""Additive; as PARTS, days 0 in a row that only says that a period is open."""


def check_unit(unit: str, what: str) -> None:
    """Raises ConfigError for what is no unit of the calendar."""
    if unit not in UNITS:
        raise ConfigError(f'{what}: by is {" or ".join(UNITS)}, not "{unit}".{did_you_mean(unit, UNITS)}')


class Visits(NamedTuple):
    """The different (customer, period) pairs in which the selected customers are active; customers together, periods ascending."""

    customer: Ints
    period: Ints  # numbers of the calendar


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """Counts the customers of each period by what they did in the one before; a period is selected by its start, a customer
    by the first non-passive event of all."""

    unit: Unit = "week"
    columns: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        check_unit(self.unit, "lifecycle")

    def lookback(self, since: int) -> Lookback | None:
        """Everything: who is new is known by the first event of all."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        customer, period = visits_of(journeys, self.unit)
        first = np.append(True, customer[1:] != customer[:-1])[: len(customer)]
        again = ~first & np.append(False, np.diff(period) == 1)[: len(period)]
        stays = np.append(again[1:], False)[: len(period)]
        kinds = (period[first], period[again], period[~first & ~again], period, period[~stays] + 1)
        span = span_of(journeys, period, self.unit)
        columns = np.zeros((len(STATES) + 1, span.size), dtype=np.int64)
        for column, at in zip(columns, kinds, strict=False):
            column += np.bincount(at[span.holds(at)] - span.low, minlength=span.size)
        columns[-1] = span.numbers == span.running
        kept = (columns.sum(axis=0) > 0) | (span.numbers == span.low) | (span.numbers == span.high)
        return pa.table([first_days(span.numbers, self.unit)[kept], *columns[:, kept]], schema=PARTS)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, ["period"], PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """LIFECYCLE, oldest first; periods in which nobody did anything have their zeros."""
        whole = self.merge(parts)
        number = numbers_of_starts(whole, self.unit)
        place = number - (number[0] if len(number) else 0)
        every = np.arange(number[0], number[-1] + 1) if len(number) else number
        counts = np.zeros((len(STATES) + 1, len(every)), dtype=np.int64)
        for column, name in zip(counts, (*STATES, "open"), strict=True):
            column[place] = np.asarray(whole[name])
        blank = counts[-1] > 0
        names = pa.array(labels(first_days(every, self.unit)), pa.string())
        columns = (pa.array(column, mask=blank) for column in counts[:-1])
        return pa.table([names, *columns, pa.array(~blank)], schema=LIFECYCLE)


@dataclass(frozen=True, kw_only=True)
class Stickiness:
    """Counts the customers of each period by the number of days on which they were active in it."""

    unit: Unit = "week"
    columns: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        check_unit(self.unit, "stickiness")
        if self.unit == "day":
            raise ConfigError("stickiness: who is active on a day is active on one day of it; ask by week or month.")

    def lookback(self, since: int) -> Lookback | None:
        """Everything: a customer is selected by the first event of all."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        customer, day = visits_of(journeys, "day")
        period = numbers_of(day, self.unit)
        fresh = np.append(True, (customer[1:] != customer[:-1]) | (period[1:] != period[:-1]))[: len(day)]
        first = np.flatnonzero(fresh)
        days, at = np.diff(first, append=len(day)), period[first]
        span = span_of(journeys, period, self.unit)
        held = span.holds(at)
        code, n = tally((at[held] - span.low) * MOST_DAYS + days[held], max(1, span.size) * MOST_DAYS)
        number, days = np.divmod(code, MOST_DAYS)
        number, days, n = (
            np.append(number + span.low, span.open),
            np.append(days, span.open * 0),
            np.append(n, span.open * 0),
        )
        columns = (first_days(number, self.unit), days, n, (number == span.running).astype(np.int64))
        return pa.table(list(columns), schema=DAYS)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, ["period", "days"], DAYS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """STICKINESS, oldest first, few days first."""
        rows = self.merge(parts).to_pylist()
        active_in = Counter[int]()
        for r in rows:
            active_in[r["period"]] += r["customers"]
        names = dict(zip(active_in, labels(np.array(list(active_in), dtype=np.int64)), strict=True))
        table = []
        for r in rows:
            known = {
                "days": r["days"],
                "customers": r["customers"],
                "share": rate(r["customers"], active_in[r["period"]]),
            }
            if not r["open"]:
                table.append({"period": names[r["period"]], **known, "complete": True})
            elif not r["days"]:
                table.append(dict.fromkeys(STICKINESS.names) | {"period": names[r["period"]], "complete": False})
        return pa.Table.from_pylist(table, schema=STICKINESS)


class Span(NamedTuple):
    """The periods that an answer shows, by number: low <= period <= high; nothing where low > high."""

    low: int
    high: int
    running: int | None  # the one that is not over at as_of

    @property
    def size(self) -> int:
        """How many periods."""
        return max(0, self.high - self.low + 1)

    @property
    def numbers(self) -> Ints:
        """All of them, ascending."""
        return np.arange(self.low, self.low + self.size)

    @property
    def open(self) -> Ints:
        """The running one, if it is among them."""
        shown = self.running is not None and self.low <= self.running <= self.high
        return np.array([self.running] if shown else [], dtype=np.int64)

    def holds(self, numbers: Ints) -> Bools:
        """Per number: is it one of them?"""
        return (numbers >= self.low) & (numbers <= self.high)


def span_of(journeys: Journeys, period: Ints, unit: Unit) -> Span:
    """From the first of these periods to the one that has begun before as_of, as far as they start in the scope's period."""
    scope, zone = journeys.scope, journeys.scope.sessions.timezone
    if not len(period):
        return Span(0, -1, None)
    now, high = periods_at(np.array([scope.as_of, scope.as_of - 1]), unit, zone).tolist()
    low = int(period.min())
    if scope.since > -NEVER:
        since = periods_at(np.array([scope.since]), unit, zone)
        low = max(low, int(since[0]) + (not starting_in(since, unit, scope)[0]))
    last = high
    if scope.until < NEVER:
        last = min(high, int(periods_at(np.array([scope.until - 1]), unit, zone)[0]))
    return Span(low, last, now if now == high else None)


def visits_of(journeys: Journeys, unit: Unit) -> Visits:
    """The different pairs of selected customers and periods with a non-passive event."""
    rows = active(journeys)
    if journeys.scope.segment:
        first = first_of_each(journeys, rows)
        chosen = np.zeros(len(journeys.customer_starts), dtype=bool)
        chosen[journeys.customer.take(first[journeys.in_segment.take(first)])] = True
        rows = rows[chosen.take(journeys.customer.take(rows))]
    customer = journeys.customer.take(rows).astype(np.int64)
    period = periods_at(journeys.events.at.take(rows), unit, journeys.scope.sessions.timezone)
    fresh = np.append(True, (customer[1:] != customer[:-1]) | (period[1:] != period[:-1]))[: len(rows)]
    return Visits(customer[fresh], period[fresh])


def numbers_of_starts(parts: pa.Table, unit: Unit) -> Ints:
    """The numbers of the periods of added-up parts, ascending."""
    return numbers_of(np.asarray(parts["period"]), unit)
