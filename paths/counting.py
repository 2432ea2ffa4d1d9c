"""Counting over integer codes: distinct pairs, dense or sparse tallies. All results are integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from paths.histograms import bins

Ints = npt.NDArray[np.int64]
AnyInts = npt.NDArray[np.integer]

DENSE = 1 << 23


def distinct_pairs(unit: AnyInts, code: AnyInts, size: int) -> tuple[Ints, Ints]:
    """The different (unit, code) pairs in ascending order; 0 <= code < size."""
    bits = max(size - 1, 1).bit_length()  # shifts are much quicker than divisions
    room = (int(unit.max()) + 1) << bits if len(unit) else 0
    kind: type[np.signedinteger[Any]] = (
        np.int32 if room <= 1 << 31 else np.int64
    )  # half the bytes sort in a third of the time
    pairs: npt.NDArray[Any] = (unit.astype(kind) << bits) | code.astype(kind)
    pairs.sort()
    if len(pairs):
        pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])]
    return (pairs >> bits).astype(np.int64), (pairs & ((1 << bits) - 1)).astype(np.int64)


def first_rows(unit: AnyInts, code: AnyInts, size: int) -> Ints:
    """The first row of each different (unit, code) pair, pairs ascending; 0 <= code < size."""
    rows = np.arange(len(code), dtype=np.int64)
    room = (int(unit.max()) + 1) * size if len(unit) else 0
    if room <= DENSE:
        first = np.full(room, -1, dtype=np.int64)
        pair = unit.astype(np.int64) * size + code
        first[pair[::-1]] = rows[::-1]  # backwards: the first row of a pair is written last
        return first[first >= 0]
    bits = len(code).bit_length()
    pairs = (unit.astype(np.int64) * size + code) << bits | rows
    pairs.sort()
    pair = pairs >> bits
    found: Ints = pairs[np.append(True, pair[1:] != pair[:-1])[: len(pair)]] & ((1 << bits) - 1)
    return found


def places(codes: Ints, wanted: AnyInts, size: int) -> Ints:
    """The position of each wanted code among these ascending, different codes; each must be there."""
    if size > DENSE:
        return np.searchsorted(codes, wanted)
    table = np.zeros(size, dtype=np.int64)
    table[codes] = np.arange(len(codes))
    return table[wanted]


def tally(code: AnyInts, size: int) -> tuple[Ints, Ints]:
    """(code, how often) of the codes that occur, ascending."""
    if size <= DENSE:
        counts = np.bincount(code, minlength=1)
        found = np.flatnonzero(counts)
        return found, counts[found]
    values, counts = np.unique(code, return_counts=True)
    return values.astype(np.int64), counts.astype(np.int64)


def tally_times(code: AnyInts, size: int, values: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """(code, bin, how many values, their sum) for values >= 0 in log bins; see paths/histograms.py."""
    bin_ = bins(values)
    low = int(bin_.min()) if len(bin_) else 0
    width = int(bin_.max()) - low + 1 if len(bin_) else 1
    cell = code.astype(np.int64) * width + (bin_ - low)
    if size * width <= DENSE:
        counts = np.bincount(cell, minlength=1)
        found = np.flatnonzero(counts)
        return found // width, found % width + low, counts[found], exact_sums(cell, values)[found]
    different, inverse, counts = np.unique(cell, return_inverse=True, return_counts=True)
    return different // width, different % width + low, counts.astype(np.int64), exact_sums(inverse, values)


def exact_sums(cell: AnyInts, values: Ints) -> Ints:
    """Integer sums per cell, exactly: at once where a float64 can hold every sum, else by halves."""
    if not len(values) or int(values.max()) * len(values) < 1 << 53:
        return np.bincount(cell, weights=values).astype(np.int64)
    high = np.bincount(cell, weights=values >> 26).astype(np.int64)
    low = np.bincount(cell, weights=values & 0x3FFFFFF).astype(np.int64)
    return (high << 26) + low


def previous_true(flags: npt.NDArray[np.bool_]) -> Ints:
    """For each position: the last position before it (itself left out) whose flag is set, -1 = none."""
    at = np.maximum.accumulate(np.where(flags, np.arange(len(flags), dtype=np.int64), -1))
    return np.append(np.int64(-1), at[:-1]) if len(at) else at


def next_at_or_after(positions: Ints, start: Ints) -> Ints:
    """For each start: the first of the ascending positions that is >= it; the largest int64 where there is none."""
    return np.append(positions, np.iinfo(np.int64).max)[np.searchsorted(positions, start)]
