"""Compiled loops of funnels: candidate rows and the walk of ordered chains."""

from __future__ import annotations

import numpy as np

from ingest.array_types import AnyInts, Bools, Flags, Ints
from ingest.compiled import Loop
from paths.arrays.loops import Bits


@Loop
def candidates(bits: Flags, code: AnyInts, unit: AnyInts, at: Ints) -> tuple[Ints, AnyInts, Ints, Flags]:
    """candidates.candidates: (position, unit, at, bits) of the rows that have any; bits: by code."""
    n = len(code)
    position, units = np.empty(n + 1, dtype=np.int64), np.empty(n + 1, dtype=np.int32)
    times, matches = np.empty(n + 1, dtype=np.int64), np.empty(n + 1, dtype=np.uint8)
    count = 0
    for row in range(n):
        here = bits[code[row]]
        position[count], units[count], times[count], matches[count] = row, unit[row], at[row], here
        count += here > 0
    return position[:count].copy(), units[:count].copy(), times[:count].copy(), matches[:count].copy()


@Loop
def chains(  # noqa: C901 one walk: a call inside it could not be compiled
    unit: AnyInts, at: Ints, matches: Bits, starts: Bools, ends: Ints, window: int, within: Ints, as_of: int
) -> tuple[Ints, Ints, Ints, Bools]:
    """chains.deepest without units left out: (units, depth, rows, alive) of Chains.

    Bit i of a row's `matches`: it matches step i; of its `ends`: it ends a chain that stands there from before. Row by
    row the best chain to each step so far is known, which the next row may make longer, or end.
    """
    n, steps = len(unit), len(within)
    found, depth, alive = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64), np.empty(n, dtype=np.bool_)
    rows = np.empty((unit[n - 1] + 1 if n else 0, steps), dtype=np.int64)
    best = np.zeros((steps, steps), dtype=np.int64)
    units = deepest = stands = 0  # stands: bits of the steps that some chain has come to
    first = 0  # best[0, 0], at hand: most rows that match at all are a first step
    for row in range(n):
        comes = matches[row] & (stands << 1 | starts[row])
        if comes > 1:
            best[0, 0] = first
            for i in range(steps - 1, 0, -1):  # a row is one step of a chain: the longer chains first
                if (
                    comes >> i & 1
                    and at[row] - at[best[i - 1, 0]] <= window
                    and at[row] - at[best[i - 1, i - 1]] <= within[i]
                ):
                    for k in range(i):
                        best[i, k] = best[i - 1, k]
                    best[i, i] = row
                    stands |= 1 << i
                    if i >= deepest:
                        deepest = i + 1
                        for k in range(deepest):
                            rows[units, k] = best[i, k]
        opens = comes & 1
        first = row if opens else first
        stands |= opens
        if opens > deepest:
            deepest = 1
            rows[units, 0] = row
        if ends[row] & stands:
            best[0, 0] = first
            for i in range(steps):
                if ends[row] & stands & 1 << i and best[i, i] < row:
                    stands ^= 1 << i
        if row + 1 == n or unit[row + 1] != unit[row]:
            if deepest:
                found[units], depth[units], alive[units] = unit[row], deepest, False
                for k in range(deepest, steps):
                    rows[units, k] = -1
                best[0, 0] = first
                for i in range(steps - 1):
                    if stands >> i & 1 and as_of - at[best[i, 0]] <= window and as_of - at[best[i, i]] <= within[i + 1]:
                        alive[units] = deepest < steps
                units += 1
            deepest = stands = 0
    return found[:units].copy(), depth[:units].copy(), rows[:units].copy(), alive[:units].copy()
