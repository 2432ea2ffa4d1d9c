"""The names that occur in a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa

from ingest.batches import Codes
from paths.analysis import Bools, Journeys, picked

NAMES = pa.schema([("name", pa.string())])


@dataclass(frozen=True, kw_only=True)
class Names:
    """The events and touchpoints of the period and the segment, excluded sessions' among them."""

    columns: frozenset[str] = frozenset()
    lag: timedelta | None = timedelta(0)

    def map(self, journeys: Journeys) -> pa.Table:
        """The names of a batch; one may come twice."""
        whole = journeys.whole or journeys
        columns = (whole.events.event, whole.touchpoint)
        return pa.table([[name for c in columns for name in occurring(c, whole.selected)]], schema=NAMES)

    def reduce(self, parts: Sequence[pa.Table]) -> frozenset[str]:
        """All of them."""
        return frozenset(name for p in parts for name in p["name"].to_pylist())


def occurring(column: Codes, rows: Bools) -> list[str]:
    """The names that these rows have; a dictionary may hold more."""
    found = np.bincount(picked(column.codes, rows) + 1, minlength=len(column.names) + 1)[1:]
    return [column.names[i] for i in np.flatnonzero(found)]
