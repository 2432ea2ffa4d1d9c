"""The Markov model of order 1: what would be lost if a value led nowhere.

Anderl, Becker, von Wangenheim and Schumann 2016, Mapping the customer journey. States are START and the values; a path
moves through its touches and ends in a conversion or in nothing, as often as it was taken. With every transition into v
leading to nothing instead, a walk is lost from its first visit to v on:

    removal effect  N[START, v] / N[v, v] * p(v) / p(START),  N = (I - Q)^-1, p the chance of a conversion
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ingest.array_types import Floats, Ints
from paths.attribution.credits import split_exactly
from paths.attribution.paths import Paths

MOST = 2_000
"""Values up to which the chain is solved: a matrix of 32 MB."""


@dataclass(frozen=True)
class Removal:
    """effect: per value; chance: of a conversion, from START."""

    effect: Floats
    chance: float

    @property
    def share(self) -> Floats:
        """Of the sum of effects."""
        shares: Floats = self.effect / self.effect.sum()
        return shares

    def credits(self, totals: Sequence[int]) -> list[list[int]]:
        """Whole totals, shared out by effect; ties by the order of the values."""
        shares = [Fraction(float(e)) for e in self.effect]
        return [split_exactly(total, shares) for total in totals]


def removal_of(paths: Paths, kinds: int, conversions: Ints, nulls: Ints) -> Removal | None:
    """Of `kinds` values; `conversions` and `nulls`: how often each path ended so. None without a conversion, or beyond MOST values."""
    taken = np.flatnonzero((paths.size > 0) & (conversions + nulls > 0))
    paths, hits, times = paths.pick(taken), conversions[taken], (conversions + nulls)[taken].astype(np.float64)
    met, code = np.unique(paths.code, return_inverse=True)
    if not hits.any() or len(met) > MOST:
        return None
    start, ends = len(met), paths.start[1:] - 1  # START stands behind the values
    moves = np.zeros((start + 1, start + 1))
    np.add.at(moves, (np.full(len(paths), start), code[paths.start[:-1]]), times)
    inner = np.flatnonzero(paths.place > 0)
    np.add.at(moves, (code[inner - 1], code[inner]), times[paths.path[inner]])
    out = moves.sum(axis=1) + np.bincount(code[ends], weights=times, minlength=start + 1)
    inverse = np.linalg.inv(np.eye(start + 1) - moves / out[:, None])
    chance = inverse @ (np.bincount(code[ends], weights=hits, minlength=start + 1) / out)
    effect = np.zeros(kinds)
    effect[met] = (inverse[start] / inverse.diagonal() * chance / chance[start])[:start]
    return Removal(effect, float(chance[start]))
