"""Chains of funnel steps over the events of many units at once: arrays in, arrays out.

Rows are candidate events, grouped by unit (customer or session) and in the unit's order. A chain puts step i on a row
that matches it, later than the row of step i-1. For every row the best chain to it is the one whose step before lies on
the latest row possible: it also has the latest start, so no other chain is inside more windows or past fewer exclusions.
One pass per step therefore finds every depth that can be reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paths.counting import previous_true

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ChainRules:
    """Microseconds; None = no limit."""

    window: int | None  # last - first event
    within: Sequence[int | None]  # per step: from the step before; the first is not used
    strict: bool = False  # the unit's very next row


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Candidate events: unit int[n] ascending, at int64[n] ascending inside a unit."""

    unit: Ints
    at: Ints
    matches: Sequence[Bools]  # per step
    starts: Bools  # may a chain start here
    barriers: Sequence[Bools | None]  # per step: events that end a chain which stands at this step (0-based)

    @property
    def unit_start(self) -> Ints:
        """Position of the first row of each row's unit."""
        position = np.arange(len(self.unit), dtype=np.int64)
        fresh = np.append(True, self.unit[1:] != self.unit[:-1]) if len(self.unit) else np.zeros(0, dtype=bool)
        return np.maximum.accumulate(np.where(fresh, position, 0)) if len(self.unit) else position


@dataclass(frozen=True)
class Reach:
    """One step: per row the start of the best chain that has the step here (-1 = none) and its row of the step before."""

    start: Ints
    before: Ints

    @property
    def valid(self) -> Bools:
        """Is there a chain to this row?"""
        return self.start >= 0


def reaches(rows: Rows, rules: ChainRules) -> list[Reach]:
    """One Reach per step."""
    position = np.arange(len(rows.unit), dtype=np.int64)
    unit_start = rows.unit_start
    found = [Reach(np.where(rows.matches[0] & rows.starts, position, -1), position)]
    for i, match in enumerate(rows.matches[1:], 1):
        before = previous_true(found[-1].valid)
        ok = match & (before >= unit_start)
        if rules.strict:
            ok &= before == position - 1
        start = found[-1].start[before]
        if rules.window is not None:
            ok &= rows.at - rows.at[start] <= rules.window
        limit = rules.within[i]
        if limit is not None:
            ok &= rows.at - rows.at[before] <= limit
        barrier = rows.barriers[i - 1]
        if barrier is not None:
            ok &= previous_true(barrier) <= before
        found.append(Reach(np.where(ok, start, -1), before))
    return found


@dataclass(frozen=True)
class Chains:
    """Per unit of `units` (those with depth >= 1, ascending): how deep, and the reported chain."""

    units: Ints
    depth: Ints
    rows: Ints  # [unit, step]: row of the reported chain, -1 beyond its depth
    alive: Bools  # some chain may still go deeper

    def take(self, keep: Bools) -> Chains:
        """Some of the units."""
        return Chains(self.units[keep], self.depth[keep], self.rows[keep], self.alive[keep])


def deepest(
    rows: Rows, rules: ChainRules, units: int, as_of: int, closed: Bools | None = None, leave_out: bool = False
) -> tuple[Chains, Bools]:
    """The deepest chain of each of 0..units-1: the one that reaches its depth first, every step as late as it can be.

    `closed` bool[units]: the unit itself can get no further events. The second value, bool[units], says which units an
    exclusion leaves out wholly; all false without `leave_out`.
    """
    found = reaches(rows, rules)
    depth = np.zeros(units, dtype=np.int64)
    end = np.full(units, -1, dtype=np.int64)
    for i, reach in enumerate(found, 1):
        at = np.flatnonzero(reach.valid)[::-1]  # backwards: the first row of a unit is written last
        depth[rows.unit[at]] = i
        end[rows.unit[at]] = at
    chain = np.full((units, len(found)), -1, dtype=np.int64)
    row = end.copy()
    for i in range(len(found) - 1, -1, -1):
        there = depth > i
        chain[there, i] = row[there]
        row[there] = found[i].before[row[there]]
    alive = may_go_on(rows, rules, found, units, as_of) & (depth < len(found))
    if closed is not None:
        alive &= ~closed
    reached = np.flatnonzero(depth)
    out = np.zeros(units, dtype=bool)
    if leave_out:
        out = hit_by_exclusion(rows, rules, found, units, np.where(depth == len(found), end, len(rows.unit)))
    return Chains(reached, depth[reached], chain[reached], alive[reached]), out


def last_of_unit(flags: Bools, unit: Ints, units: int) -> Ints:
    """Per unit: the last row whose flag is set, -1 = none."""
    last = np.full(units, -1, dtype=np.int64)
    at = np.flatnonzero(flags)
    last[unit[at]] = at
    return last


def hit_by_exclusion(rows: Rows, rules: ChainRules, found: Sequence[Reach], units: int, until: Ints) -> Bools:
    """Per unit: does an excluded row fall where the chain with the latest start stands between the two steps?

    Only rows before `until` (per unit) count: after completion an exclusion no longer matters.
    """
    out = np.zeros(units, dtype=bool)
    if all(b is None for b in rows.barriers) or not len(rows.unit):
        return out
    newest = previous_true(found[0].valid)
    running = (newest >= rows.unit_start) & (np.arange(len(rows.unit)) < until[rows.unit])
    if rules.window is not None:
        running &= rows.at - rows.at[newest] <= rules.window
    stands = np.zeros(len(rows.unit), dtype=np.int64)
    for i, reach in enumerate(found[1:], 1):
        before = previous_true(reach.valid)
        stands[(before >= rows.unit_start) & (rows.at[reach.start[before]] >= rows.at[newest])] = i
    for i, barrier in enumerate(rows.barriers):
        if barrier is not None:
            out[rows.unit[running & barrier & (stands == i)]] = True
    return out


def may_go_on(rows: Rows, rules: ChainRules, found: Sequence[Reach], units: int, as_of: int) -> Bools:
    """Per unit: could some chain, at any step but the last, get its next step after the data?

    The chain to the latest row of a step is the one with the most time left.
    """
    alive = np.zeros(units, dtype=bool)
    final = np.append(rows.unit[1:] != rows.unit[:-1], True) if len(rows.unit) else np.zeros(0, dtype=bool)
    for i, reach in enumerate(found[:-1]):
        last = last_of_unit(reach.valid, rows.unit, units)
        unit = np.flatnonzero(last >= 0)
        row = last[unit]
        ok = np.ones(len(unit), dtype=bool)
        if rules.window is not None:
            ok &= as_of <= rows.at[reach.start[row]] + rules.window
        limit = rules.within[i + 1]
        if limit is not None:
            ok &= as_of <= rows.at[row] + limit
        if rules.strict:
            ok &= final[row]
        barrier = rows.barriers[i]
        if barrier is not None:
            hit = last_of_unit(barrier, rows.unit, units)
            ok &= hit[unit] <= row
        alive[unit[ok]] = True
    return alive
