"""What each model gives to the touches of a path, as integer weights; and the credits that come of them.

first, last, last_non_direct, linear, position, j, inverse_j, decay and custom share a conversion out over its touches;
shapley over its different values: in the game where a set of values is worth the conversions of the paths that need no
other, every path is a game of its own, in which its different values are alike, so each gets the same (Zhao, Mahboobi and
Bagheri 2018, Shapley value methods for attribution modeling). participation gives all of it to each of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ingest.array_types import Bools, Floats, Ints
from paths.attribution.credits import shared_out
from paths.attribution.paths import Paths, added
from paths.attribution.rules import SHAPES, AttributionRules, Shape

FINE = 1 << 32
"""Weights of decay are whole numbers of 2^-32 of the newest touch's."""


def touch_weights(model: str, paths: Paths, direct: Bools, rules: AttributionRules) -> Ints:
    """int64 per touch, above 0 for at least one of each path; no path is empty. `direct` per code."""
    if model in ("first", "last", "last_non_direct"):
        return one_hot(model, paths, direct)
    if model == "linear":
        return np.ones(len(paths.code), dtype=np.int64)
    if model == "decay":
        return decayed(paths, rules.half)
    return shaped(paths, rules.shape if model == "custom" else SHAPES[model])


def one_hot(model: str, paths: Paths, direct: Bools) -> Ints:
    """All to one touch: the first, the last, or the last that is not direct, if there is one."""
    chosen = paths.start[1:] - 1
    if model == "first":
        chosen = paths.start[:-1]
    elif model == "last_non_direct":
        rows = np.where(direct[paths.code], -1, np.arange(len(paths.code)))
        latest = np.maximum.reduceat(rows, paths.start[:-1])
        chosen = np.where(latest >= 0, latest, chosen)
    weights = np.zeros(len(paths.code), dtype=np.int64)
    weights[chosen] = 1
    return weights


def shaped(paths: Paths, shape: Shape) -> Ints:
    """The first, those between together, the last; of two touches each has its end's share."""
    first, between, last = shape
    size, place = paths.size[paths.path], paths.place
    inner = np.maximum(size - 2, 1)
    weights = np.full(len(paths.code), between, dtype=np.int64)
    ends = (first, last) if first + last else (1, 1)
    weights = np.where(place == 0, np.where(size > 2, first * inner, ends[0]), weights)
    weights = np.where(place == size - 1, np.where(size > 2, last * inner, ends[1]), weights)
    return np.where(size == 1, 1, weights)


def decayed(paths: Paths, half: int) -> Ints:
    """2^(-age / half_life), against the newest touch of the path: proportions are the same, and none is lost to age."""
    newest = np.minimum.reduceat(paths.age, paths.start[:-1])
    older = (paths.age - newest[paths.path]).astype(np.float64)
    weights: Ints = np.rint(np.exp2(-older / half) * FINE).astype(np.int64)
    return weights


class Shares:
    """How the values of paths, none of them empty, take part in them: one row per path and different value.

    `code` int64[r] ascends in each path, so ties go by name; `start` int64[p] is each path's first row.
    """

    def __init__(self, paths: Paths, direct: Bools, rules: AttributionRules) -> None:
        self.paths, self.direct, self.rules = paths, direct, rules
        self.kinds = len(direct)
        cell = paths.path * max(1, self.kinds) + paths.code
        self.order = np.argsort(cell, kind="stable")
        ordered = cell[self.order]
        self.first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
        self.path, self.code = np.divmod(ordered[self.first], max(1, self.kinds))
        self.start = np.searchsorted(self.path, np.arange(len(paths)))

    def weights(self, model: str) -> Ints:
        """int64[r]: of each value in its path."""
        if model in ("shapley", "participation"):
            return np.ones(len(self.code), dtype=np.int64)
        found = touch_weights(model, self.paths, self.direct, self.rules)
        return np.add.reduceat(found[self.order], self.first) if len(self.first) else found[:0]

    def credits(self, model: str, totals: Sequence[Ints]) -> list[Ints]:
        """Of several totals per path: the credits of each value, int64[kinds]."""
        if model == "participation":
            return [added(total[self.path], self.code, self.kinds) for total in totals]
        weight = self.weights(model)
        return [added(shared_out(total, weight, self.start), self.code, self.kinds) for total in totals]

    def estimates(self, model: str, total: Ints) -> Floats:
        """float64[kinds]: the same, not rounded: for a ranking."""
        weight = self.weights(model).astype(np.float64)
        if model != "participation" and len(self.start):
            weight /= np.add.reduceat(weight, self.start)[self.path]
        credits = np.zeros(self.kinds)
        np.add.at(credits, self.code, weight * total[self.path])
        return credits
