"""What there is in the period and the segment: events by name; how many, of how many customers, from when to when."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ingest.array_types import Ints
from ingest.compiled import twin
from ingest.scan.batches import Codes
from paths.arrays.counting import different
from paths.journeys.journeys import Journeys, memoised
from paths.overview import loops


def _compiled_events(journeys: Journeys, node: Codes) -> Ints | None:
    if journeys.scope.segment:
        return None
    return loops.present(node.codes, journeys.events.at, *journeys.period, len(node.names))[:, 1].copy()


@memoised(period=True)
@twin(_compiled_events)
def events_by(journeys: Journeys, node: Codes) -> Ints:
    """int64 [len(node.names)]: the selected events by code."""
    return np.bincount(journeys.of_selected(node.codes), minlength=len(node.names))


class Extent(NamedTuple):
    """Of the selected events."""

    events: int
    customers: int
    first_at: int | None  # None: there is no event
    last_at: int | None


def _compiled_extent(journeys: Journeys) -> Extent | None:
    if journeys.scope.segment:
        return None
    extent = loops.extent(journeys.events.at, journeys.customer_starts, *journeys.period)
    events, customers, first, last = map(int, extent)
    return Extent(events, customers, first, last) if events else Extent(0, 0, None, None)


@twin(_compiled_extent)
def extent(journeys: Journeys) -> Extent:
    """How many there are, of how many customers, from when to when."""
    at, customer = journeys.of_selected(journeys.events.at), journeys.of_selected(journeys.customer)
    if not len(at):
        return Extent(0, 0, None, None)
    return Extent(len(at), different(customer), int(at.min()), int(at.max()))
