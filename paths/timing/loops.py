"""Compiled loop of time to goal: the first of some instants in a span."""

from __future__ import annotations

import numpy as np

from ingest.array_types import Bools, Ints
from ingest.compiled import Loop


@Loop
def first_in(at: Ints, passive: Bools, starts: Ints, since: int, until: int) -> Ints:
    """time_to_goal.first_touches: int64 positions, per customer with a non-passive event in [since, until), its first."""
    positions = np.empty(len(starts), dtype=np.int64)
    n = 0
    for customer in range(len(starts)):
        i = starts[customer]
        end = starts[customer + 1] if customer + 1 < len(starts) else len(at)
        while i < end and (at[i] < since or passive[i]):
            i += 1
        if i < end and at[i] < until:
            positions[n] = i
            n += 1
    return positions[:n].copy()
