"""What there is in the period and the segment: events by name, customers, the first and the last instant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ingest.batches import Codes
from ingest.compiled import worth
from paths import loops
from paths.analysis import Journeys, found_once
from paths.counting import different

Ints = npt.NDArray[np.int64]


class Present(NamedTuple):
    """Of the selected events."""

    events: Ints  # by code
    customers: int
    first_at: int | None  # None: there is no event
    last_at: int | None


@found_once(period=True)
def present(journeys: Journeys, node: Codes) -> Present:
    """What there is, by these codes."""
    at, size = journeys.events.at, len(node.names)
    if worth() and not journeys.scope.segment:
        events, (customers, first, last) = loops.present(
            node.codes, at, journeys.customer_starts, *journeys.period, size
        )
        return Present(events, int(customers), *((int(first), int(last)) if customers else (None, None)))
    code, customer, at = (journeys.of_selected(values) for values in (node.codes, journeys.customer, at))
    ends = (int(at.min()), int(at.max())) if len(at) else (None, None)
    return Present(np.bincount(code, minlength=size), different(customer), *ends)
