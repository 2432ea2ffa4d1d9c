"""Additive quantiles: integer counts in log-spaced bins, and the exact integer sum of each bin.

A bin is the exponent and the first seven bits of the mantissa of a float64: 128 bins an octave, each 0.78 % wide. A
quantile is the mean of its bin, so it is exact where all values of a bin are equal and off by less than 0.8 % else.
"""

from __future__ import annotations

import numpy as np

from ingest.array_types import Ints

SHIFT = 52 - 7
BASE = np.float64(1.0).view(np.int64) >> SHIFT
SECOND = 1_000_000
NO_BINS: Ints = np.zeros(0, dtype=np.int64)


def bins(values: Ints) -> Ints:
    """The bin of each value >= 0, int64; 0 is a bin of its own (0), 1 is in bin 1."""
    pattern: Ints = values.astype(np.float64).view(np.int64)
    pattern >>= SHIFT
    pattern -= BASE - 1
    return np.maximum(pattern, 0, out=pattern)


def quantiles(counts: Ints, sums: Ints, begin: Ints, end: Ints, percent: int) -> list[float | None]:
    """Nearest rank over the bins begin <= i < end of each pair, in ascending order: the mean of the bin that holds it.

    None where there are no values.
    """
    below = np.append(np.int64(0), np.cumsum(counts))
    total = below[end] - below[begin]
    at = np.searchsorted(below[1:], below[begin] - (-percent * total // 100))
    there = np.flatnonzero(total)
    values_at: list[float | None] = [None] * len(total)
    for place, n, value in zip(there.tolist(), counts[at[there]].tolist(), sums[at[there]].tolist(), strict=True):
        values_at[place] = value / n  # exact integers: a float would round sums beyond 2**53
    return values_at


def quantile(counts: Ints, sums: Ints, percent: int) -> float | None:
    """That of one stretch of bins, all of them."""
    return quantiles(counts, sums, np.array([0]), np.array([len(counts)]), percent)[0]


def seconds(value: float | None) -> float | None:
    """Microseconds as seconds, to the microsecond."""
    return None if value is None else round(value / SECOND, 6)


def quantile_seconds(counts: Ints, sums: Ints, percent: int) -> float | None:
    """`quantile` of bins whose sums are microseconds (int64), in seconds; None where nothing was counted."""
    return seconds(quantile(counts, sums, percent))
