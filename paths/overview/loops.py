"""Compiled loops of this folder: which names occur, between which instants, and the fingerprint."""

from __future__ import annotations

import numpy as np

from ingest.array_types import AnyInts, Hashes, Ints
from ingest.compiled import Loop


@Loop
def present(code: AnyInts, at: Ints, since: int, until: int, size: int) -> Ints:
    """extent.events_by: int64 [size, 2], events per code; column 1 counts those whose `at` (microseconds UTC) is in [since, until)."""
    counts, span = np.zeros((size, 2), dtype=np.int64), np.uint64(until - since)
    for i in range(len(code)):
        counts[code[i], np.int64(np.uint64(at[i] - since) < span)] += 1
    return counts


@Loop
def extent(at: Ints, starts: Ints, since: int, until: int) -> tuple[int, int, int, int]:
    """extent.extent: events, customers, the first and the last instant (microseconds UTC); a customer's events ascend."""
    events = customers = 0
    earliest, latest = until, since
    for customer in range(len(starts)):
        first = starts[customer]
        end = starts[customer + 1] if customer + 1 < len(starts) else len(at)
        while first < end and at[first] < since:
            first += 1
        last = end
        if first < end and at[end - 1] >= until:
            last = first
            while at[last] < until:
                last += 1
        if first < last:
            events += last - first
            customers += 1
            earliest, latest = min(earliest, at[first]), max(latest, at[last - 1])
    return events, customers, earliest, latest


@Loop
def fingerprint(
    customers: Hashes, names: Hashes, customer: AnyInts, at: Ints, code: AnyInts, since: int, until: int
) -> np.uint64:
    """fingerprint.summed_hashes; customers and names hashed, and sessions.mixed written out twice."""
    total = np.uint64(0)
    for i in range(len(at)):
        state = customers[customer[i]] ^ np.uint64(at[i])
        for further in (names[code[i]], np.uint64(0)):
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31)) ^ further
        total += state * np.uint64((at[i] >= since) & (at[i] < until))
    return total
