"""Funnels of any order: at least i different steps within the window, whichever comes first.

A chain may start at any row that is a step; different steps take different rows; an excluded row between its first and
its last row ends it. Row i of the answer is the units with at least i steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ingest.array_types import Bools, Ints
from paths.arrays.counting import previous_true
from paths.funnels.chains import Chains, Rows, last_of_unit
from sessionize.sessions import first_later


def deepest_any(
    rows: Rows, window: int | None, units: int, as_of: int, closed: Bools | None, leave_out: bool
) -> tuple[Chains, Bools]:
    """(chains whose `rows` hold first and last row, per unit: is it left out by an exclusion).

    Depth = the most steps inside one window; the reported chain reaches it first and starts as late as it can.
    """
    useful = np.logical_or.reduce(rows.matches)
    starts = useful & rows.starts
    first = earliest_start(rows, starts, window)
    depth_at, begin_at = (
        matched_apart(rows, useful, starts, first)
        if apart(rows.matches)
        else matched_by_search(rows, useful, starts, first)
    )
    depth = np.zeros(units, dtype=np.int64)
    at = np.flatnonzero(depth_at)
    np.maximum.at(depth, rows.unit[at], depth_at[at])
    best = at[depth_at[at] == depth[rows.unit[at]]][::-1]  # backwards: the first row of a unit is written last
    end = np.full(units, -1, dtype=np.int64)
    end[rows.unit[best]] = best
    reached = np.flatnonzero(depth)
    chain = np.full((len(reached), len(rows.matches)), -1, dtype=np.int64)
    chain[:, 0] = begin_at[end[reached]]
    several = depth[reached] > 1
    chain[several, depth[reached][several] - 1] = end[reached][several]
    complete = depth == len(rows.matches)
    alive = still_open(rows, starts, window, units, as_of) & ~complete
    if closed is not None:
        alive &= ~closed
    out = (
        hit(rows, starts, window, units, np.where(complete, end, len(rows.unit)))
        if leave_out
        else np.zeros(units, dtype=bool)
    )
    return Chains(reached, depth[reached], chain, alive[reached]), out


def earliest_start(rows: Rows, starts: Bools, window: int | None) -> Ints:
    """Per row: the earliest start of its unit that lies inside the window and behind the last exclusion; n = none."""
    position = np.arange(len(rows.unit), dtype=np.int64)
    lowest = rows.unit_start.copy()
    barrier = rows.barriers[0]
    if barrier is not None:  # an excluded row is no obstacle to a chain that starts at it
        lowest = np.maximum(lowest, previous_true(barrier))
    if window is not None:
        lowest = np.maximum(lowest, first_inside(rows, window))
    start_row = np.append(np.flatnonzero(starts), len(position))[np.searchsorted(np.flatnonzero(starts), lowest)]
    return np.where(start_row <= position, start_row, len(position))


def first_inside(rows: Rows, window: int) -> Ints:
    """Per row: the first row of its unit that is at most `window` older."""
    position = np.arange(len(rows.unit), dtype=np.int64)
    return first_later(rows.at, rows.unit_start, position + 1, rows.at - window - 1)


def apart(matches: Sequence[Bools]) -> bool:
    """Does every row match at most one step, or identical ones?"""
    different = [m for i, m in enumerate(matches) if not any(np.array_equal(m, o) for o in matches[:i])]
    return bool((np.sum(different, axis=0) <= 1).all()) if different else True


def matched_apart(rows: Rows, useful: Bools, starts: Bools, first: Ints) -> tuple[Ints, Ints]:
    """(steps matched by rows first..row, the latest start that still gives as many), for steps that share no rows.

    A step given k times wants its k latest rows.
    """
    n = len(rows.unit)
    position = np.arange(n, dtype=np.int64)
    depth, begin = np.zeros(n, dtype=np.int64), position.copy()
    for i, match in enumerate(rows.matches):
        times = sum(np.array_equal(match, other) for other in rows.matches[:i])
        at = np.flatnonzero(match)
        seen = np.cumsum(match) - 1 - times  # the (times+1)-latest row of this step
        latest = np.where(seen >= 0, at[np.maximum(seen, 0)] if len(at) else -1, -1)
        there = latest >= first
        depth += there
        begin = np.where(there, np.minimum(begin, latest), begin)
    begin = np.maximum.accumulate(np.where(starts, position, -1))[begin] if n else begin
    return np.where(useful & (first < n), depth, 0), begin


def matched_by_search(rows: Rows, useful: Bools, starts: Bools, first: Ints) -> tuple[Ints, Ints]:
    """The same for steps that compete for rows: augmenting paths, row by row. For unusual questions only."""
    n = len(rows.unit)
    table = np.stack(rows.matches)
    depth, begin = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for j in np.flatnonzero(useful & (first < n)).tolist():
        most = matching(table[:, first[j] : j + 1])
        candidates = [i for i in range(j, int(first[j]) - 1, -1) if starts[i]]
        depth[j], begin[j] = most, next(i for i in candidates if matching(table[:, i : j + 1]) == most)
    return depth, begin


def matching(table: npt.NDArray[np.bool_]) -> int:
    """The most steps (rows of the table) that can be given columns of their own (Kuhn's algorithm)."""
    owner: dict[int, int] = {}

    def place(step: int, tried: set[int]) -> bool:
        for column in np.flatnonzero(table[step]).tolist():
            if column in tried:
                continue
            tried.add(column)
            if column not in owner or place(owner[column], tried):
                owner[column] = step
                return True
        return False

    return sum(place(step, set()) for step in range(len(table)))


def still_open(rows: Rows, starts: Bools, window: int | None, units: int, as_of: int) -> Bools:
    """Per unit: may its latest start still get further steps? No other has more time or fewer exclusions behind it."""
    start = last_of_unit(starts, rows.unit, units)
    ok = start >= 0
    if window is not None:
        ok &= as_of <= rows.at[start] + window if len(rows.at) else ok
    if rows.barriers[0] is not None:
        ok &= last_of_unit(rows.barriers[0], rows.unit, units) <= start
    return ok


def hit(rows: Rows, starts: Bools, window: int | None, units: int, until: Ints) -> Bools:
    """Per unit: does an excluded row fall where a chain runs and is not complete (before row `until` of the unit)?"""
    out = np.zeros(units, dtype=bool)
    if rows.barriers[0] is None:
        return out
    start = previous_true(starts)
    bad = rows.barriers[0] & (start >= rows.unit_start) & (np.arange(len(rows.unit)) < until[rows.unit])
    if window is not None:
        bad &= rows.at - rows.at[start] <= window
    out[rows.unit[bad]] = True
    return out
