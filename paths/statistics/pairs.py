"""Pairs of rates, now and before, and which of them differ beyond noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paths.statistics.clusters import Clustered
from paths.statistics.intervals import discoveries, newcombe, two_proportion_p

MIN_N = 30
"""With fewer units on either side nothing is claimed."""

Q = 0.05
"""The false discovery rate: the share of findings that may be noise."""

Key = tuple[Any, ...]
SideCounts = Mapping[Key, tuple[int, int]]
"""Key -> (hits, trials) of one side, in the order of the question."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """hits of trials on one side, and on the side that it is compared with."""

    hits: int
    trials: int
    hits_before: int
    trials_before: int
    clusters: Clustered | None = None  # how the trials of this side cluster; None: they are independent
    clusters_before: Clustered | None = None

    @property
    def independent(self) -> tuple[float, float, float, float]:
        """(hits, trials, hits before, trials before) that say as much and are independent: fewer where units cluster."""
        now = (self.hits, self.trials) if self.clusters is None else self.clusters.effective
        before = (
            (self.hits_before, self.trials_before) if self.clusters_before is None else self.clusters_before.effective
        )
        return *now, *before

    @property
    def fewest(self) -> int:
        """Trials of the side that has fewer."""
        return min(self.trials, self.trials_before)

    @property
    def rate(self) -> float:
        """hits / trials; 0 without trials."""
        return self.hits / self.trials if self.trials else 0.0

    @property
    def rate_before(self) -> float:
        """That of the other side."""
        return self.hits_before / self.trials_before if self.trials_before else 0.0

    @property
    def difference(self) -> float:
        """Rate less rate before, to 6 decimals."""
        return round(self.rate - self.rate_before, 6)

    @property
    def interval(self) -> tuple[float | None, float | None]:
        """Of the difference: Newcombe, 95 %, of `independent` units."""
        return newcombe(*self.independent)

    @property
    def p_value(self) -> float:
        """Of equal rates, two-sided, of `independent` units."""
        return two_proportion_p(*self.independent)


def beyond_noise(pairs: Sequence[Pair], min_n: int = MIN_N, q: float = Q) -> list[bool]:
    """Per pair: is the difference more than noise, by Benjamini and Hochberg over all that have min_n on both sides?"""
    enough = [i for i, p in enumerate(pairs) if p.fewest >= min_n]
    sure = dict(zip(enough, discoveries([pairs[i].p_value for i in enough], q), strict=True))
    return [sure.get(i, False) for i in range(len(pairs))]


def paired(
    now: SideCounts,
    before: SideCounts,
    clusters: Mapping[Key, Clustered] | None = None,
    clusters_before: Mapping[Key, Clustered] | None = None,
) -> dict[Key, Pair]:
    """Every rate that either side has, in the order of this side, then of the other; 0 of 0 where one has none.

    `clusters` of both sides where units are several of a customer's: those that hold one unit each say nothing.
    """
    keys = dict.fromkeys([*now, *before])
    both = {k: (*now.get(k, (0, 0)), *before.get(k, (0, 0))) for k in keys}
    return {
        k: Pair(
            hits=hits,
            trials=trials,
            hits_before=hits_before,
            trials_before=trials_before,
            clusters=of_several(clusters, k),
            clusters_before=of_several(clusters_before, k),
        )
        for k, (hits, trials, hits_before, trials_before) in both.items()
    }


def of_several(clusters: Mapping[Key, Clustered] | None, key: Key) -> Clustered | None:
    """The clusters of a rate where any holds several units."""
    cluster = (clusters or {}).get(key)
    return cluster if cluster is not None and cluster.nn > cluster.n else None


def points(value: float) -> str:
    """A share in percentage points: one decimal, or as many as it takes to tell it from none."""
    percent = 100 * value
    return f"{percent:.1f}" if abs(percent) >= 0.1 or not percent else f"{percent:.1g}"
