"""What the rules reach: events by touchpoint and by stage, those that no rule names among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from paths.analysis import Lookback, summed
from paths.journeys.journeys import Journeys
from paths.overview.extent import events_by

COVERAGE = pa.schema([("kind", pa.string()), ("name", pa.string()), ("events", pa.int64())])
"""One row is one touchpoint or stage (kind) and the events of the period that have it; most events first."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Counts events in the period and the segment by touchpoint, and by stage where there are stages."""

    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        kinds = {"touchpoint": journeys.touchpoint}
        if journeys.scope.stages.rules:
            kinds["stage"] = journeys.stage
        tables = []
        for kind, node in kinds.items():
            counts = events_by(journeys, node)
            tables.append(pa.table([[kind] * len(counts), pa.array(node.names, pa.string()), counts], schema=COVERAGE))
        whole = pa.concat_tables(tables)
        return whole.filter(pc.greater(whole["events"], 0))

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The COVERAGE table."""
        return summed(parts, ["kind", "name"], COVERAGE).sort_by(
            [("kind", "ascending"), ("events", "descending"), ("name", "ascending")]
        )
