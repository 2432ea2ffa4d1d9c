"""How much there is: events, customers, sessions, from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from paths.analysis import Lookback
from paths.journeys.journeys import Journeys
from paths.overview.extent import extent

INSTANT = pa.timestamp("us", tz="UTC")
SUMMARY = pa.schema(
    [
        pa.field("events", pa.int64()),
        pa.field("customers", pa.int64()),
        pa.field("sessions", pa.int64()),
        pa.field("first_event_at", INSTANT),
        pa.field("last_event_at", INSTANT),
        pa.field("excluded_sessions", pa.int64()),
    ]
)
"""One row. Events and customers before as_of, excluded sessions' among them; sessions without the excluded ones."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Counts what a scope holds."""

    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """One row per batch; the instants combine by smallest and largest."""
        whole = journeys.with_excluded
        there, sessions = extent(whole), len(journeys.chosen)
        instants = [pa.array([at], INSTANT) for at in (there.first_at, there.last_at)]
        counts = [there.events], [there.customers], [sessions]
        return pa.table([*counts, *instants, [len(whole.chosen) - sessions]], schema=SUMMARY)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The SUMMARY row."""
        whole = pa.concat_tables(parts) if parts else SUMMARY.empty_table()
        sums = {n: int(np.asarray(whole[n]).sum()) for n in ("events", "customers", "sessions", "excluded_sessions")}
        first = [v for v in whole["first_event_at"].cast(pa.int64()).to_pylist() if v is not None]
        last = [v for v in whole["last_event_at"].cast(pa.int64()).to_pylist() if v is not None]
        return pa.table(
            [
                [sums["events"]],
                [sums["customers"]],
                [sums["sessions"]],
                pa.array([min(first, default=None)], INSTANT),
                pa.array([max(last, default=None)], INSTANT),
                [sums["excluded_sessions"]],
            ],
            schema=SUMMARY,
        )
