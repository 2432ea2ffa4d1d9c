"""Differences of two rates: how large, how sure, and which of many are more than noise."""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, sqrt


def newcombe(hits: float, trials: float, hits_before: float, trials_before: float) -> tuple[float | None, float | None]:
    """The 95 % interval of hits/trials - hits_before/trials_before (Newcombe 1998, method 10); (None, None) without trials."""
    if not trials or not trials_before:
        return None, None
    p, q = hits / trials, hits_before / trials_before
    p_low, p_high = interval(hits, trials)
    q_low, q_high = interval(hits_before, trials_before)
    low = p - q - sqrt((p - p_low) ** 2 + (q_high - q) ** 2)
    high = p - q + sqrt((p_high - p) ** 2 + (q - q_low) ** 2)
    return round(low, 6), round(high, 6)


def interval(hits: float, trials: float) -> tuple[float, float]:
    """The Wilson interval where there are trials; (0, 1) says nothing."""
    low, high = wilson(hits, trials)
    return low or 0.0, 1.0 if high is None else high


def two_proportion_p(hits: float, trials: float, hits_before: float, trials_before: float) -> float:
    """Two-sided p-value of equal rates, normal approximation with the pooled rate; 1 where nothing can be said."""
    if not trials or not trials_before:
        return 1.0
    pooled = (hits + hits_before) / (trials + trials_before)
    spread = sqrt(max(0.0, pooled * (1 - pooled)) * (1 / trials + 1 / trials_before))
    return erfc(abs(hits / trials - hits_before / trials_before) / spread / sqrt(2)) if spread else 1.0


def discoveries(p_values: Sequence[float], q: float = 0.05) -> list[bool]:
    """Which are more than noise at false discovery rate q (Benjamini and Hochberg 1995)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    last = max((rank for rank, i in enumerate(order, 1) if p_values[i] <= q * rank / len(p_values)), default=0)
    chosen = set(order[:last])
    return [i in chosen for i in range(len(p_values))]


Z95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""


def rate(hits: int, trials: int) -> float | None:
    """A share to 6 decimals; None without trials."""
    return round(hits / trials, 6) if trials else None


def wilson(hits: float, trials: float) -> tuple[float | None, float | None]:
    """The Wilson score interval at 95 % (Wilson 1927), to 6 decimals; (None, None) without trials."""
    if not trials:
        return None, None
    p, z2 = hits / trials, Z95 * Z95
    middle = (p + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z95 / (1 + z2 / trials) * sqrt(max(0.0, p * (1 - p)) / trials + z2 / (4 * trials * trials))
    return round(max(0.0, middle - half), 6), round(min(1.0, middle + half), 6)
