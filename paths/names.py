"""The names that occur in a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paths.analysis import Journeys

NAMES = pa.schema([("name", pa.string())])


@dataclass(frozen=True, kw_only=True)
class Names:
    """The events and touchpoints of the period and the segment, excluded sessions' among them."""

    columns: frozenset[str] = frozenset()
    lag: timedelta | None = timedelta(0)

    def map(self, journeys: Journeys) -> pa.Table:
        """The names of a batch; one may come twice."""
        whole = journeys.with_excluded
        event, touchpoint = whole.events.event, whole.touchpoint
        found = occurring(whole.of_selected(event.codes), len(event.names))
        # without rules a touchpoint is an event by the same number
        named = (
            found
            if touchpoint.codes is event.codes
            else occurring(whole.of_selected(touchpoint.codes), len(touchpoint.names))
        )
        return pa.table([[*(event.names[i] for i in found), *(touchpoint.names[i] for i in named)]], schema=NAMES)

    def reduce(self, parts: Sequence[pa.Table]) -> frozenset[str]:
        """All of them."""
        return frozenset(name for p in parts for name in p["name"].to_pylist())


def occurring(codes: npt.NDArray[np.int32], size: int) -> list[int]:
    """The codes 0..size-1 that are there."""
    return [int(i) for i in np.flatnonzero(np.bincount(codes, minlength=size))]
