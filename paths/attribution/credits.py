"""Credits as integers that add up: largest remainder, ties by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.array_types import Floats, Ints

MILLION = 1_000_000
"""Units of credit in one conversion."""

ROOM = float(1 << 62)
"""Products below it are exact in int64; others are taken as Python's integers."""


def shared_out(total: Ints, weight: Ints, start: Ints) -> Ints:
    """Each part's total, divided in proportion to the weights of its rows, as integers that add up to it exactly.

    `total` int64[p] (of either sign), `weight` int64[r] >= 0, `start` int64[p] the first row of each part, which has at
    least one row and a weight above 0. Rows of a part stand in the order in which ties are decided. What flooring leaves
    over goes to the largest remainders, one unit each (Hamilton's method).
    """
    if not len(start):
        return np.zeros(0, dtype=np.int64)
    size = np.diff(start, append=len(weight))
    part = np.repeat(np.arange(len(start)), size)
    whole = np.add.reduceat(weight, start)
    floor, rest = divided(total, weight, whole, part)
    left = total - np.add.reduceat(floor, start)
    if not left.any():
        return floor
    rows = np.flatnonzero(left[part] > 0)
    order = rows[np.lexsort((-rest[rows], part[rows]))]  # stable: equal remainders keep their order
    mine = part[order]
    fresh = np.flatnonzero(np.append(True, mine[1:] != mine[:-1]))
    place = np.arange(len(order)) - np.repeat(fresh, np.diff(fresh, append=len(order)))
    floor[order[place < left[mine]]] += 1
    return floor


def divided(total: Ints, weight: Ints, whole: Ints, part: Ints) -> tuple[Ints, Ints]:
    """(floor, remainder) of total * weight / whole, row by row."""
    wide = np.abs(total.astype(np.float64)) * whole.astype(np.float64) >= ROOM
    with np.errstate(over="ignore"):
        floor, rest = np.divmod(total[part] * weight, whole[part])
    for row in np.flatnonzero(wide[part]).tolist():  # money in the millions with weights of decay: few
        i = part[row]
        floor[row], rest[row] = divmod(int(total[i]) * int(weight[row]), int(whole[i]))
    return floor, rest


def split_exactly(total: int, shares: list[Any]) -> list[int]:
    """One total over shares that are Fractions (>= 0, not all 0) in the order in which ties are decided."""
    whole = sum(shares)
    parts = [total * share / whole for share in shares]
    found = [part.numerator // part.denominator for part in parts]
    largest = sorted(range(len(parts)), key=lambda i: found[i] - parts[i])
    for i in largest[: total - sum(found)]:
        found[i] += 1
    return found


def rounded_to(total: int, estimates: Floats) -> Ints:
    """Estimates that add up to a whole total but for the error of floats, as integers that do so exactly; ties by their order."""
    floor = np.floor(estimates)
    rounded: Ints = floor.astype(np.int64)
    largest = np.argsort(floor - estimates, kind="stable")
    rounded[largest[: total - int(rounded.sum())]] += 1
    return rounded
