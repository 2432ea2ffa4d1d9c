"""What sessions came to, span by span: the numbers of a tile and the points of its sparkline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import MICROSECOND, Ints
from paths.analysis import Lookback, summed
from paths.arrays.counting import different, next_at_or_after, tally_times
from paths.arrays.grouping import NAME, as_rows, coded_names
from paths.arrays.histograms import quantile_seconds
from paths.journeys.goals import VALUE_COLUMNS, GoalRules, goal_values, holding_goal
from paths.journeys.journeys import Journeys, within
from paths.statistics.intervals import rate, wilson
from sessionize.clock import EPOCH
from sessionize.sessions import first_later

INSTANT = pa.timestamp("us", tz="UTC")
LOOKBACK = timedelta(days=30)
"""How far back the way to a goal is followed. Without an end, every night would read the whole history."""

OUTCOMES = pa.schema(
    [
        pa.field("since", INSTANT),
        pa.field("until", INSTANT),
        pa.field("customers", pa.int64()),
        pa.field("sessions", pa.int64()),
        pa.field("converted", pa.int64()),
        pa.field("conversion_rate", pa.float64()),
        pa.field("ci_low", pa.float64()),
        pa.field("ci_high", pa.float64()),
        pa.field("goals", pa.int64()),
        pa.field("timed_goals", pa.int64()),
        pa.field("median_seconds", pa.float64()),
    ]
)
"""One row is one span. customers, sessions: of sessions that start in it; converted: those that hold a goal; goals: orders
or goals of the span; median_seconds: of the timed ones, from the customer's first event since the goal before, at most
`lookback` earlier, to it."""

COUNTS, TIME = ("customers", "sessions", "converted", "goals"), "time"
PARTS = pa.schema(
    [("span", pa.int64()), ("kind", NAME), ("bin", pa.int64()), ("n", pa.int64()), ("microseconds", pa.int64())]
)
"""Additive. kind: COUNTS, and TIME for the bins of the times to a goal."""


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Counts per span (since, until), microseconds UTC; spans may overlap. The period of the scope does not matter."""

    spans: tuple[tuple[int, int], ...]
    rules: GoalRules = field(default_factory=GoalRules)
    goal_lookback: timedelta = LOOKBACK
    columns: frozenset[str] = VALUE_COLUMNS

    def lookback(self, since: int) -> Lookback | None:
        """Of its spans, and as far as the way to a goal is followed."""
        since = min((s for s, _ in self.spans), default=0)
        return Lookback(since=since, horizon=since - self.goal_lookback // MICROSECOND, orders=True)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        start, owner, holds = journeys.started_at, journeys.session_customer, holding_goal(journeys, self.rules.goal)
        if journeys.scope.segment:
            mine = np.flatnonzero(journeys.in_segment[journeys.sessions.first])
            start, owner, holds = start[mine], owner[mine], holds[mine]
        goals = goal_values(journeys, self.rules).first
        goals = goals[journeys.in_segment[goals]]
        at = journeys.events.at[goals]
        began = journey_starts(journeys, goals, self.rules, self.goal_lookback // MICROSECOND)
        took = np.where(began < goals, at - journeys.events.at[began], -1)
        counts, times = [], [took[:0]]
        for since, until in self.spans:
            mine, hit = (np.flatnonzero(within(instants, since, until)) for instants in (start, at))
            counts.append([different(owner[mine]), len(mine), int(holds[mine].sum()), len(hit)])
            times.append(took[hit][took[hit] >= 0])
        span = np.repeat(np.arange(len(self.spans)), [len(t) for t in times[1:]])
        return parts_of(counts, *tally_times(span, max(1, len(self.spans)), np.concatenate(times)))

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, ["span", "kind", "bin"], PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The OUTCOMES table, one row per span as they were given."""
        whole = self.merge(parts)
        timed = pc.equal(whole["kind"], TIME)
        counts = as_rows(whole.filter(pc.invert(timed)))
        span, n, total = (np.asarray(whole.filter(timed)[c]) for c in ("span", "n", "microseconds"))
        ends = np.searchsorted(span, np.arange(len(self.spans) + 1))
        rows = []
        for i in range(len(self.spans)):
            mine = slice(ends[i], ends[i + 1])
            rows.append(self.row(i, {r["kind"]: r["n"] for r in counts if r["span"] == i}, n[mine], total[mine]))
        return pa.Table.from_pylist(rows, schema=OUTCOMES)

    def row(self, span: int, counts: Mapping[str, int], timed: Ints, total: Ints) -> dict[str, Any]:
        """One OUTCOMES row."""
        n: dict[str, Any] = {**dict.fromkeys(COUNTS, 0), **counts}
        low, high = wilson(n["converted"], n["sessions"])
        since, until = (EPOCH + timedelta(microseconds=at) for at in self.spans[span])
        return n | {
            "since": since,
            "until": until,
            "conversion_rate": rate(n["converted"], n["sessions"]),
            "ci_low": low,
            "ci_high": high,
            "timed_goals": int(timed.sum()),
            "median_seconds": quantile_seconds(timed, total, 50),
        }


def parts_of(counts: Sequence[Sequence[int]], span: Ints, bins: Ints, n: Ints, total: Ints) -> pa.Table:
    """PARTS of COUNTS span by span, and of the times by span and bin."""
    spans, kinds = np.divmod(np.arange(len(counts) * len(COUNTS)), len(COUNTS))
    kind = coded_names(np.append(kinds, np.full(len(n), len(COUNTS))), pa.array([*COUNTS, TIME]))
    zero = np.zeros(len(spans), dtype=np.int64)
    counted = np.array(counts, dtype=np.int64).ravel()
    columns = (spans, span), (zero, bins), (counted, n), (zero, total)
    span, bins, n, total = (np.concatenate(c) for c in columns)
    return pa.table([span, kind, bins, n, total], schema=PARTS)


def journey_starts(journeys: Journeys, goals: Ints, rules: GoalRules, lookback: int) -> Ints:
    """Position of the first non-passive event of the customer since the goal before each of these, itself if there is none.

    Events more than `lookback` microseconds before the goal are passed over.
    """
    every = np.flatnonzero(journeys.answers_to(rules.goal))
    before = np.append(every, -1)[np.searchsorted(every, goals) - 1]  # -1 finds the last entry: there is none before
    opening = journeys.customer_starts[journeys.customer[goals]]
    earliest = np.where(before >= opening, before + 1, opening)
    at = journeys.events.at
    earliest = first_later(at, earliest, goals + 1, at[goals] - lookback - 1)
    if not journeys.passive.any():
        return earliest
    starts: Ints = np.minimum(next_at_or_after(np.flatnonzero(~journeys.passive), earliest), goals)
    return starts
