"""Rates and their intervals."""

from __future__ import annotations

from math import sqrt

Z95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""


def rate(hits: int, trials: int) -> float | None:
    """A share to 6 decimals; None without trials."""
    return round(hits / trials, 6) if trials else None


def wilson(hits: int, trials: int) -> tuple[float | None, float | None]:
    """The Wilson score interval at 95 % (Wilson 1927), to 6 decimals; (None, None) without trials."""
    if not trials:
        return None, None
    p, z2 = hits / trials, Z95 * Z95
    middle = (p + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z95 / (1 + z2 / trials) * sqrt(p * (1 - p) / trials + z2 / (4 * trials * trials))
    return round(max(0.0, middle - half), 6), round(min(1.0, middle + half), 6)
