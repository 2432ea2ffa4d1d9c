"""The names that occur in a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingest.scan.batches import Codes
from paths.analysis import Lookback
from paths.journeys.journeys import Journeys
from paths.overview.extent import events_by


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The names that occur: events (kind "event") and touchpoints (kind "touchpoint")."""

    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The names of a batch."""
        names = [*journeys.events.event.names, *journeys.touchpoint.names]
        kinds = ["event"] * len(journeys.events.event.names) + ["touchpoint"] * len(journeys.touchpoint.names)
        return pa.table({"kind": kinds, "name": pa.array(names, pa.string())})

    def reduce(self, parts: Sequence[pa.Table]) -> dict[str, frozenset[str]]:
        """Kind -> names."""
        rows = [r for p in parts for r in p.to_pylist()]
        return {k: frozenset(r["name"] for r in rows if r["kind"] == k) for k in ("event", "touchpoint")}


NAMES = pa.schema([("name", pa.string())])


@dataclass(frozen=True, kw_only=True)
class Names:
    """The events and touchpoints of the period and the segment, excluded sessions' among them."""

    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The names of a batch; one may come twice."""
        whole = journeys.with_excluded
        event, touchpoint = whole.events.event, whole.touchpoint
        named = occurring(whole, touchpoint)
        alike = touchpoint.codes is event.codes  # without rules a touchpoint is an event by the same number
        names = named if alike else occurring(whole, event)
        return pa.table([[*(event.names[i] for i in names), *(touchpoint.names[i] for i in named)]], schema=NAMES)

    def reduce(self, parts: Sequence[pa.Table]) -> frozenset[str]:
        """All of them."""
        return frozenset(name for p in parts for name in p["name"].to_pylist())


def occurring(journeys: Journeys, column: Codes) -> list[int]:
    """The codes that the selected events have; a dictionary may hold more."""
    codes: list[int] = np.flatnonzero(events_by(journeys, column)).tolist()
    return codes
