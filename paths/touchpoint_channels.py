"""On which channels each touchpoint is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa

from paths.analysis import Journeys, picked, summed
from paths.touchpoints import distinct

TOUCHPOINT_CHANNELS = pa.schema([("touchpoint", pa.string()), ("channel", pa.string()), ("events", pa.int64())])
"""One row is one touchpoint and channel; the busiest channel of each touchpoint first."""


@dataclass(frozen=True, kw_only=True)
class TouchpointChannels:
    """Counts events in the period and the segment that name a channel."""

    columns: frozenset[str] = frozenset({"channel"})
    lag: timedelta | None = timedelta(0)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        codes, kinds = distinct([journeys.touchpoint, journeys.events.text("channel")], len(journeys))
        counts = np.bincount(picked(codes, journeys.selected), minlength=len(kinds))
        rows = [(*kind, n) for kind, n in zip(kinds, counts.tolist(), strict=True) if n and kind[1] is not None]
        columns = [list(c) for c in zip(*rows, strict=True)] or [[], [], []]
        return pa.table(columns, schema=TOUCHPOINT_CHANNELS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The TOUCHPOINT_CHANNELS table."""
        return summed(parts, ["touchpoint", "channel"], TOUCHPOINT_CHANNELS).sort_by(
            [("touchpoint", "ascending"), ("events", "descending"), ("channel", "ascending")]
        )
