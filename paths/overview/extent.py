"""What there is in the period and the segment: events by name; how many, of how many customers, from when to when."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ingest.array_types import Ints
from ingest.compiled import worth
from ingest.scan.batches import Codes
from paths.arrays.counting import different
from paths.journeys.journeys import Journeys, memoised
from paths.overview import loops


@memoised(period=True)
def events_by(journeys: Journeys, node: Codes) -> Ints:
    """int64 [len(node.names)]: the selected events by code."""
    at, size = journeys.events.at, len(node.names)
    if worth() and not journeys.scope.segment:
        return loops.present(node.codes, at, *journeys.period, size)[:, 1].copy()
    return np.bincount(journeys.of_selected(node.codes), minlength=size)


class Extent(NamedTuple):
    """Of the selected events."""

    events: int
    customers: int
    first_at: int | None  # None: there is no event
    last_at: int | None


def extent(journeys: Journeys) -> Extent:
    """How many there are, of how many customers, from when to when."""
    if worth() and not journeys.scope.segment:
        found = loops.extent(journeys.events.at, journeys.customer_starts, *journeys.period)
        events, customers, first, last = map(int, found)
        return Extent(events, customers, first, last) if events else Extent(0, 0, None, None)
    at, customer = journeys.of_selected(journeys.events.at), journeys.of_selected(journeys.customer)
    if not len(at):
        return Extent(0, 0, None, None)
    return Extent(len(at), different(customer), int(at.min()), int(at.max()))
