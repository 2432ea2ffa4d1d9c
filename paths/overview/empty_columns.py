"""In which columns has any event a value? For the warning about a column that nobody has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from ingest.scan.batches import Codes
from paths.analysis import Lookback, summed
from paths.journeys.journeys import Journeys

PARTS = pa.schema([("column", pa.string()), ("events", pa.int64())])
"""Additive: events that have a value."""


@dataclass(frozen=True, kw_only=True)
class EmptyColumns:
    """Which of these columns are empty in all events of the pass (those that --where leaves)?"""

    columns: frozenset[str] = field(default_factory=frozenset)

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """Events with a value, per column."""
        names = sorted(self.columns)
        columns = [journeys.events.columns[n] for n in names]
        counts = [int((c.codes >= 0).sum() if isinstance(c, Codes) else c.valid.sum()) for c in columns]
        return pa.table([pa.array(names, pa.string()), pa.array(counts, pa.int64())], schema=PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> frozenset[str]:
        """The columns without a value."""
        rows = summed(parts, ["column"], PARTS).to_pylist()
        return self.columns - {r["column"] for r in rows if r["events"]}
