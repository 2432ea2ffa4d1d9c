"""On which channels each touchpoint is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from paths.analysis import Lookback, summed
from paths.arrays.counting import tally
from paths.journeys.journeys import Journeys
from paths.journeys.touchpoints import combination, kinds_of

TOUCHPOINT_CHANNELS = pa.schema([("touchpoint", pa.string()), ("channel", pa.string()), ("events", pa.int64())])
"""One row is one touchpoint and channel; the busiest channel of each touchpoint first."""


@dataclass(frozen=True, kw_only=True)
class TouchpointChannels:
    """Counts events in the period and the segment that name a channel."""

    columns: frozenset[str] = frozenset({"channel"})

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        columns = [journeys.touchpoint, journeys.events.text("channel")]
        if not columns[1].names:
            return TOUCHPOINT_CHANNELS.empty_table()
        combined, size = combination(columns, len(journeys))
        found, counts = tally(journeys.of_selected(combined), size)
        rows = [
            (*kind, n) for kind, n in zip(kinds_of(columns, found), counts.tolist(), strict=True) if kind[1] is not None
        ]
        table = [list(c) for c in zip(*rows, strict=True)] or [[], [], []]
        return pa.table(table, schema=TOUCHPOINT_CHANNELS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The TOUCHPOINT_CHANNELS table."""
        return summed(parts, ["touchpoint", "channel"], TOUCHPOINT_CHANNELS).sort_by(
            [("touchpoint", "ascending"), ("events", "descending"), ("channel", "ascending")]
        )
