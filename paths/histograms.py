"""Additive quantiles: integer counts in log-spaced bins, and the exact integer sum of each bin.

A bin is the exponent and the first seven bits of the mantissa of a float64: 128 bins an octave, each 0.78 % wide. A
quantile is the mean of its bin, so it is exact where all values of a bin are equal and off by less than 0.8 % else.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

SHIFT = 52 - 7
BASE = np.float64(1.0).view(np.int64) >> SHIFT
SECOND = 1_000_000
NO_BINS: Ints = np.zeros(0, dtype=np.int64)


def bins(values: Ints) -> Ints:
    """The bin of each value >= 0, int64; 0 is a bin of its own (0), 1 is in bin 1."""
    found: Ints = values.astype(np.float64).view(np.int64)
    found >>= SHIFT
    found -= BASE - 1
    return np.maximum(found, 0, out=found)


def quantile(counts: Ints, sums: Ints, percent: int) -> float | None:
    """Nearest rank over bins in ascending order: the mean of the bin that holds it; None without values."""
    total = int(counts.sum())
    if not total:
        return None
    rank = -(-percent * total // 100)
    at = int(np.searchsorted(np.cumsum(counts), rank))
    return int(sums[at]) / int(counts[at])  # exact integers: a float would round sums beyond 2**53


def quantile_seconds(counts: Ints, sums: Ints, percent: int) -> float | None:
    """The same of microseconds, in seconds, to the microsecond."""
    value = quantile(counts, sums, percent)
    return None if value is None else round(value / SECOND, 6)
