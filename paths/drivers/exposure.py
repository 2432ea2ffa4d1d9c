"""What units had: the value of a column at a, and the touchpoints that they met before it, or after it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ingest.array_types import AnyInts, Codes32, Ints
from ingest.scan.batches import Codes, EventBatch
from paths.arrays.counting import ranges
from paths.drivers.outcomes import Units
from paths.journeys.journeys import Journeys
from paths.journeys.personas import PERSONA
from sessionize.sessions import first_later

TOGETHER = 1 << 22
"""Events of windows that are laid out at once: windows of one customer's units may overlap."""

Window = tuple[Ints, Ints]
"""(first event, how many) of each unit; positions of the batch."""


def before(journeys: Journeys, units: Units, exposure: int) -> Window:
    """The customer's events before a that are at most `exposure` microseconds older than it."""
    at = journeys.events.at
    begin = journeys.customer_starts[journeys.customer[units.at]]
    first = first_later(at, begin, units.at + 1, at[units.at] - exposure - 1)
    return first, units.at - first


def between(units: Units, *, own: bool = False) -> Window:
    """The customer's events after a (with `own`, a itself as well) and before `until`."""
    first = units.at + (not own)
    return first, np.maximum(units.until - first, 1 if own else 0)


def met(journeys: Journeys, window: Window) -> Iterator[tuple[Ints, Codes32]]:
    """(unit, touchpoint) of the events of each window, a part of the units at a time; one pair may come several times."""
    first, size = window
    part = np.cumsum(size) // TOGETHER
    for begin, end in zip(*edges(part), strict=True):
        unit = np.repeat(np.arange(begin, end), size[begin:end])
        yield unit, journeys.touchpoint.codes.take(ranges(first[begin:end], size[begin:end]))


def edges(ascending: AnyInts) -> tuple[list[int], list[int]]:
    """(begin, end) of each run of equal numbers."""
    change = (np.flatnonzero(ascending[1:] != ascending[:-1]) + 1).tolist()
    return ([0, *change], [*change, len(ascending)]) if len(ascending) else ([], [])


def values_at(events: EventBatch, column: str, rows: Ints) -> Codes:
    """The values of a column at some events, as answers tell them apart; a missing one is "(none)"."""
    labels = events.event if column == "event" else events.columns[column]
    if isinstance(labels, Codes):
        return labels.take(rows) if column == PERSONA else labels.take(rows).shown
    numbers = labels.take(rows)
    values, place = np.unique(numbers.values, return_inverse=True)
    codes = np.where(numbers.valid, place, -1).astype(np.int32)
    return Codes(codes, tuple(map(str, values.tolist()))).shown
