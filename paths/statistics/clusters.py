"""Rates of units that come in clusters: sessions or visits of one customer are alike, and say less than as many of strangers.

The variance of a rate is taken over clusters (Liang and Zeger 1986; of a ratio: Cochran 1977, 6.3), and a rate of n units is
then judged as one of n / design effect independent units (Rao and Scott 1992). Everything is made of sums over clusters that add
up over batches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.array_types import AnyInts, Bools, Ints

METHOD = "sessions of a customer are one cluster: Newcombe with effective sample sizes (Rao and Scott)"
"""How a difference is judged where clusters hold several units; as answers name it."""


@dataclass(frozen=True, kw_only=True)
class Clustered:
    """Units and hits of one rate, and sums over its clusters, c having n_c units and x_c hits."""

    n: int = 0
    hits: int = 0
    clusters: int = 0
    nn: int = 0  # sum of n_c squared
    nx: int = 0  # of n_c x_c
    xx: int = 0  # of x_c squared

    @property
    def design_effect(self) -> float:
        """The variance of the rate over clusters against that of independent units, at least 1; where the rate is 0 or 1, or there
        is one cluster, the most that it can be: as if all units of a cluster were the same."""
        if not self.n:
            return 1.0
        most = self.nn / self.n
        p = self.hits / self.n
        if self.clusters < 2 or not 0 < self.hits < self.n:
            return max(1.0, most)
        spread = self.xx - 2 * p * self.nx + p * p * self.nn
        variance = spread * self.clusters / (self.clusters - 1)
        return max(1.0, variance / (self.n * p * (1 - p)))

    @property
    def effective(self) -> tuple[float, float]:
        """(hits, units) that say as much and are independent."""
        by = self.design_effect
        return self.hits / by, self.n / by


SUMS = ("n", "hits", "clusters", "nn", "nx", "xx")
"""The fields of Clustered, as `cluster_sums` gives them."""


def cluster_sums(code: AnyInts, cluster: AnyInts, hit: Bools, size: int) -> Ints:
    """[SUMS, code 0..size-1] over units, each with its code, its cluster and whether it is a hit."""
    width = max(1, size)
    packed = ((cluster.astype(np.int64) * width + code) << 1) | hit  # numbers sort several times as fast as places
    packed.sort()
    pair = packed >> 1
    first = np.flatnonzero(np.append(True, pair[1:] != pair[:-1])[: len(pair)])
    n = np.diff(first, append=len(pair))
    x = np.diff(np.append(0, np.cumsum(packed & 1))[np.append(first, len(pair))])
    of = pair[first] % width
    return np.stack([summed(of, values, size) for values in (n, x, np.ones_like(n), n * n, n * x, x * x)])


def summed(code: Ints, values: Ints, size: int) -> Ints:
    """int64 [size]: the exact sum of `values` at each code; 0 <= code < size."""
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, code, values)
    return total
