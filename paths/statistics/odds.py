"""Two groups and an outcome: the odds ratio with its interval, Fisher's exact test, and q-values of many such tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np

from paths.statistics.intervals import Z95

HALF = 0.5
"""Added to each of the four counts, so that a group without a hit, or without a miss, has odds as well."""
SAME = 1 + 1e-7
"""Tables whose chances differ by less than this factor are as likely as each other; R's fisher.test takes the same."""
FAR = 45
"""Standard deviations from the middle beyond which all tables together are less likely than a float64 can add to 1."""


@dataclass(frozen=True, kw_only=True)
class TwoByTwo:
    """Hits and misses of the units with something, and of those without it."""

    hits: int
    misses: int
    hits_without: int
    misses_without: int

    @property
    def odds_ratio(self) -> float:
        """(hits / misses) / (hits without / misses without), each count with HALF more (Haldane 1956, Anscombe 1956)."""
        return exp(self._log_ratio)

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval (Woolf 1955), on the same counts."""
        reach = Z95 * sqrt(sum(1 / (n + HALF) for n in self._counts))
        return exp(self._log_ratio - reach), exp(self._log_ratio + reach)

    @property
    def p_value(self) -> float:
        """Fisher's exact test, two-sided: the chance, with the same sums, of all tables that are no likelier than this one."""
        return fisher(*self._counts)

    @property
    def _counts(self) -> tuple[int, int, int, int]:
        return self.hits, self.misses, self.hits_without, self.misses_without

    @property
    def _log_ratio(self) -> float:
        hits, misses, hits_without, misses_without = (log(n + HALF) for n in self._counts)
        return hits - misses - hits_without + misses_without


def fisher(hits: int, misses: int, hits_without: int, misses_without: int) -> float:
    """The two-sided p-value; 1 where a row or a column of the table is empty.

    The chances of neighbouring tables have a simple ratio, so they are added up from there: no factorial is ever made, and
    tables too far off to matter are passed over.
    """
    units, drawn, marked = hits + misses + hits_without + misses_without, hits + misses, hits + hits_without
    low, high = max(0, drawn + marked - units), min(drawn, marked)
    if low == high:
        return 1.0
    middle = drawn * marked / units
    spread = sqrt(middle * (1 - marked / units) * (1 - drawn / units) * units / (units - 1))
    first = max(low, min(hits, int(middle - FAR * spread - FAR)))
    last = min(high, max(hits, int(middle + FAR * spread + FAR)))
    x = np.arange(first, last, dtype=np.float64)
    steps = np.log((marked - x) / (x + 1)) + np.log((drawn - x) / (units - marked - drawn + x + 1))
    chance = np.append(0.0, np.cumsum(steps))
    chance -= chance.max()
    whole = np.exp(chance)
    return min(1.0, float(whole[chance <= chance[hits - first] + log(SAME)].sum() / whole.sum()))


def q_values(p_values: Sequence[float]) -> list[float]:
    """Per test the smallest false discovery rate at which it is a discovery (Benjamini and Hochberg 1995)."""
    order = np.argsort(np.array(p_values, dtype=np.float64), kind="stable")
    n = len(order)
    raw = np.array(p_values, dtype=np.float64)[order] * n / np.arange(1, n + 1)
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(raw[::-1])[::-1])
    return [float(q) for q in adjusted]
