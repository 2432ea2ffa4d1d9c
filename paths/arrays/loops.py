"""Loops over arrays that NumPy has no word for; see ingest/compiled.py. Each names its twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.array_types import AnyInts, Bools, Flags, Ints
from ingest.compiled import Loop
from paths.arrays.histograms import BASE as HISTOGRAM_BASE
from paths.arrays.histograms import SHIFT

Bits = npt.NDArray[np.integer[Any]]

BASE = int(HISTOGRAM_BASE)
ROOM = 1 << 18
"""Codes that a table may have a place for: more, and it leaves the cache; then NumPy counts."""


@Loop
def units(unit: AnyInts, code: AnyInts, size: int) -> tuple[Ints, bool]:
    """counting.units_at where the units ascend; (how many, do they)."""
    counts = np.zeros(size, dtype=np.int64)
    last = np.full(size, -1, dtype=np.int64)
    before = np.int64(-1)
    for i in range(len(unit)):
        here, at = np.int64(unit[i]), code[i]
        if here < before:
            return counts, False
        before = here
        counts[at] += last[at] != here
        last[at] = here
    return counts, True


@Loop
def first_rows(unit: AnyInts, code: AnyInts, size: int) -> tuple[Ints, bool]:
    """counting.first_rows where the units ascend; (first rows, do they)."""
    first, last = np.empty(len(unit) + 1, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    groups = 0
    before = np.int64(-1)
    for i in range(len(unit)):
        here, at = np.int64(unit[i]), code[i]
        if here < before:
            return first[:0], False
        before = here
        first[groups] = i  # written over where it is none
        groups += last[at] != here
        last[at] = here
    return first[:groups].copy(), True


@Loop
def times(code: AnyInts, size: int, values: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """counting.tally_times: values are brought together by code, and each code has the table of bins for itself."""
    n = len(code)
    bin_ = np.empty(n, dtype=np.int32)
    top = np.int32(0)
    for i in range(n):  # as histograms.bins
        bin_[i] = max(np.int64(0), (np.float64(values[i]).view(np.int64) >> SHIFT) - BASE + 1)
        top = max(top, bin_[i])
    place = np.zeros(size + 1, dtype=np.int64)
    for i in range(n):
        place[code[i] + 1] += 1
    place = np.cumsum(place)
    end = place[:-1].copy()
    bins, spans = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int64)
    for i in range(n):
        at = end[code[i]]
        bins[at], spans[at] = bin_[i], values[i]
        end[code[i]] = at + 1
    sums = np.zeros((top + 1, 2), dtype=np.int64)
    rows = np.empty((4, n + 1), dtype=np.int64)
    row = 0
    for c in range(size):
        low, high = np.int64(top), np.int64(0)
        for i in range(place[c], place[c + 1]):
            sums[bins[i], 0] += 1
            sums[bins[i], 1] += spans[i]
            low, high = min(low, bins[i]), max(high, bins[i])
        for b in range(low, high + 1):
            rows[0, row], rows[1, row], rows[2, row], rows[3, row] = c, b, sums[b, 0], sums[b, 1]
            row += sums[b, 0] > 0
            sums[b, 0] = sums[b, 1] = 0
    kept = rows[:, :row].copy()
    return kept[0], kept[1], kept[2], kept[3]


@Loop
def bits(flags: Bools) -> Ints:
    """flags[i, row] as bit i of a number for each row."""
    numbers = np.zeros(flags.shape[1], dtype=np.int64)
    for i in range(len(flags)):
        for row in range(len(numbers)):
            numbers[row] |= np.int64(flags[i, row]) << i
    return numbers


@Loop
def next_at_or_after(positions: Ints, start: Ints) -> Ints:
    """counting.next_at_or_after; one walk where the starts ascend."""
    following = np.full(len(start), np.iinfo(np.int64).max, dtype=np.int64)
    at = 0
    for i in range(len(start)):
        if i and start[i] < start[i - 1]:
            at = np.searchsorted(positions, start[i])
        while at < len(positions) and positions[at] < start[i]:
            at += 1
        if at < len(positions):
            following[i] = positions[at]
    return following


@Loop
def flagged(flags: Flags) -> tuple[Ints, Flags]:
    """counting.flagged."""
    rows, some = np.empty(len(flags) + 1, dtype=np.int64), np.empty(len(flags) + 1, dtype=np.uint8)
    row = 0
    for i in range(len(flags)):
        rows[row], some[row] = i, flags[i]
        row += flags[i] > 0
    return rows[:row].copy(), some[:row].copy()
