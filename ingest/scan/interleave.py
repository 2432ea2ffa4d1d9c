"""Customers of several files in one order: each has events in some of them, and they are to stand together.

What is sorted is a customer, not an event; events are copied in the order of their customers, and of the files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ingest.array_types import Codes32, Ints
from ingest.compiled import Loop, twin
from ingest.scan.batches import Codes, Column, EventBatch, numbered

CROWDED = 4_096
"""Rows of one bucket."""


@dataclass(frozen=True)
class Arrangement:
    """Stretches of events, sorted by customer: the one of `key[i]` stood at `came[i]`, and stands at `starts[i]` up to
    the next one, or to `n`."""

    key: Ints
    came: Ints
    starts: Ints
    n: int
    moved: bool

    @classmethod
    def of(cls, keys: Sequence[Ints], events: Sequence[Codes32]) -> Arrangement:
        """`keys` ascend in each file; `events`: how many in a row each customer has there, one at least."""
        key, length = np.concatenate(keys), np.concatenate(events)
        ends = np.cumsum(length, dtype=np.int64)
        starts = came = ends - length
        if len(keys) > 1:
            order = order_of(key)
            key, came = key[order], came[order]
            length = length[order]
            starts = np.cumsum(length, dtype=np.int64) - length
        return cls(key, came, starts, int(ends[-1]), len(keys) > 1)

    @cached_property
    def rows(self) -> Ints:
        """Where each event stood."""
        return ranges(self.came, self.starts, self.n)

    def batch(self, at: Ints, code: Codes32, names: tuple[str, ...], columns: Mapping[str, Column]) -> EventBatch:
        """The events in their order, of their times and names as they came; the further columns have it already."""
        fresh = np.append(True, self.key[1:] != self.key[:-1])
        starts = self.starts[fresh]
        if self.moved:
            at, code = at.take(self.rows), code.take(self.rows)
        return EventBatch(
            keys=self.key[fresh],
            starts=starts,
            customer=numbered(starts, self.n),
            at=at,
            event=Codes(code, names),
            columns=columns,
        )


def _compiled_order(key: Ints) -> Ints | None:
    low, bits = int(key.min()), (int(key.max()) - int(key.min())).bit_length()
    order, even = by_bucket(key, low, max(0, bits - len(key).bit_length()), CROWDED)
    return order if even else None


@twin(_compiled_order, when=lambda key: len(key) > 0)
def order_of(key: Ints) -> Ints:
    """int64 [n]: the positions of the keys in ascending order, equal keys as they stand.

    The highest bits and the place in one number sort several times quicker than `argsort`.
    """
    if not len(key):
        return np.zeros(0, dtype=np.int64)
    bits = len(key).bit_length()
    low = int(key.min())
    shift = max(0, (int(key.max()) - low).bit_length() + bits - 63)
    places = ((key - low) >> shift << bits) | np.arange(len(key))
    places.sort()
    order = places & ((1 << bits) - 1)
    ordered = key[order]
    return order if shift == 0 or (ordered[1:] >= ordered[:-1]).all() else np.argsort(key, kind="stable")


@Loop
def by_bucket(key: Ints, low: int, shift: int, crowded: int) -> tuple[Ints, bool]:
    """(the order, is it found): keys are hashes, so their highest bits tell most customers apart, and few rows of a bucket are
    put in order one by one. A crowded bucket would take long."""
    n, buckets = len(key), 0
    for i in range(n):
        buckets = max(buckets, ((key[i] - low) >> shift) + 1)
    end, order = np.zeros(buckets + 1, dtype=np.int64), np.empty(n, dtype=np.int64)
    for i in range(n):
        end[((key[i] - low) >> shift) + 1] += 1
    if end.max() > crowded:
        return order, False
    end = np.cumsum(end)
    for i in range(n):
        bucket = (key[i] - low) >> shift
        order[end[bucket]] = i
        end[bucket] += 1
    start = 0
    for bucket in range(buckets):
        for i in range(start + 1, end[bucket]):
            here, place = order[i], i
            while place > start and key[order[place - 1]] > key[here]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = here
        start = end[bucket]
    return order, True


def ranges(came: Ints, starts: Ints, n: int) -> Ints:
    """came[0], came[0] + 1, ..., and from starts[1] on came[1], came[1] + 1, ...; up to row n."""
    steps = np.ones(n, dtype=np.int64)  # from row to row
    steps[0] = came[0]
    steps[starts[1:]] = np.diff(came) - np.diff(starts) + 1
    return np.add.accumulate(steps, out=steps)
