"""Chains of funnel steps over the events of many units at once: arrays in, arrays out.

Rows are candidate events, grouped by unit (customer or session) and in the unit's order. A chain puts step i on a row
that matches it, later than the row of step i-1. For every row the best chain to it is the one whose step before lies on
the latest row possible: it also has the latest start, so no other chain is inside more windows or past fewer exclusions.
One pass per step therefore finds every depth that can be reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ingest.array_types import Bools, Ints
from ingest.compiled import twin
from paths.arrays import loops as array_loops
from paths.funnels import loops as funnel_loops

LONG = 1 << 62
"""Longer than all time, microseconds."""
MOST_STEPS = 63
"""As many as one number has bits for."""


@dataclass(frozen=True, kw_only=True)
class ChainRules:
    """Microseconds; None = no limit."""

    window: int | None  # last - first event
    within: Sequence[int | None]  # per step: from the step before; the first is not used
    strict: bool = False  # the unit's very next row


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Candidate events: unit int32[n] ascending, at int64[n] ascending inside a unit."""

    unit: npt.NDArray[np.int32]
    at: Ints
    matches: Sequence[Bools]  # per step
    starts: Bools  # may a chain start here
    barriers: Sequence[Bools | None]  # per step: events that end a chain which stands at this step (0-based)
    bits: npt.NDArray[np.uint8] | None = None  # bit i: matches[i], where a loop made them, not told one by one

    @property
    def unit_start(self) -> Ints:
        """Position of the first row of each row's unit."""
        position = np.arange(len(self.unit), dtype=np.int64)
        fresh = np.append(True, self.unit[1:] != self.unit[:-1]) if len(self.unit) else np.zeros(0, dtype=bool)
        return np.maximum.accumulate(np.where(fresh, position, 0)) if len(self.unit) else position


@dataclass(frozen=True)
class Reach:
    """The rows on which a chain has one step, ascending. Per such row the best chain: its first row, its entry one step before."""

    row: Ints
    start: Ints
    before: Ints  # a position in the Reach of the step before


def reaches(rows: Rows, rules: ChainRules) -> list[Reach]:
    """One Reach per step."""
    first = np.flatnonzero(rows.matches[0] & rows.starts)
    steps_reached = [Reach(first, first, first)]
    for i, match in enumerate(rows.matches[1:], 1):
        last, row = steps_reached[-1], np.flatnonzero(match)
        before = entries_before(last.row, len(match))[row]
        there = np.flatnonzero(before >= 0)
        row, before = row[there], before[there]
        come, start = last.row[before], last.start[before]
        ok = rows.unit[come] == rows.unit[row]
        if rules.strict:
            ok &= come == row - 1
        if rules.window is not None:
            ok &= rows.at[row] - rows.at[start] <= rules.window
        limit = rules.within[i]
        if limit is not None:
            ok &= rows.at[row] - rows.at[come] <= limit
        barrier = rows.barriers[i - 1]
        if barrier is not None:
            ok &= rows_before(np.flatnonzero(barrier), len(barrier))[row] <= come
        kept = np.flatnonzero(ok)
        steps_reached.append(Reach(row[kept], start[kept], before[kept]))
    return steps_reached


def entries_before(some: Ints, n: int) -> Ints:
    """For each row 0..n-1: which of some ascending rows is the last one before it (a position among them), -1 = none."""
    flags = np.zeros(n, dtype=bool)
    flags[some] = True
    return np.cumsum(flags) - flags - 1


def rows_before(some: Ints, n: int) -> Ints:
    """For each row 0..n-1: the last one of some ascending rows that lies before it, -1 = none."""
    return np.append(some, -1)[entries_before(some, n)]


def unit_edges(unit: npt.NDArray[np.int32]) -> tuple[Ints, Ints]:
    """(position of the first, position of the last) of each stretch of one unit."""
    change = np.flatnonzero(unit[1:] != unit[:-1])
    ends = np.zeros(min(1, len(unit)), dtype=np.int64)
    return np.append(ends, change + 1), np.append(change, ends + len(unit) - 1)


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


def _compiled_deepest(
    rows: Rows, rules: ChainRules, units: int, as_of: int, closed: Bools | None = None, leave_out: bool = False
) -> tuple[Chains, Bools] | None:
    if rows.bits is None and (leave_out or len(rows.matches) >= MOST_STEPS):
        return None
    return walked(rows, rules, as_of, closed), np.zeros(units, dtype=bool)


@twin(_compiled_deepest)
def deepest(
    rows: Rows, rules: ChainRules, units: int, as_of: int, closed: Bools | None = None, leave_out: bool = False
) -> tuple[Chains, Bools]:
    """The deepest chain of each of 0..units-1: the one that reaches its depth first, every step as late as it can be.

    `closed` bool[units]: the unit itself can get no further events. The second value, bool[units], says which units an
    exclusion leaves out wholly; all false without `leave_out`.
    """
    found = reaches(rows, rules)
    depth = np.zeros(units, dtype=np.int64)
    entry = np.full(units, -1, dtype=np.int64)
    for i, reach in enumerate(found, 1):
        unit = rows.unit[reach.row]
        first, _ = unit_edges(unit)
        depth[unit[first]], entry[unit[first]] = i, first
    reached = np.flatnonzero(depth)
    chain = traced(found, depth[reached], entry[reached])
    alive = may_go_on(rows, rules, found, units, as_of) & (depth < len(found))
    if closed is not None:
        alive &= ~closed
    out = np.zeros(units, dtype=bool)
    if leave_out:
        end = np.full(units, len(rows.unit), dtype=np.int64)
        whole = reached[depth[reached] == len(found)]
        end[whole] = found[-1].row[entry[whole]]
        out = hit_by_exclusion(rows, rules, found, units, end)
    return Chains(reached, depth[reached], chain, alive[reached]), out


def walked(rows: Rows, rules: ChainRules, as_of: int, closed: Bools | None) -> Chains:
    """`deepest` by one compiled walk over the rows, with the same result; closed: bool per unit, None where none is."""
    matches = array_loops.bits(np.stack(rows.matches)) if rows.bits is None else rows.bits
    ends = np.broadcast_to(np.int64(-1 if rules.strict else 0), len(rows.at))  # -1: the very next row ends every step
    if not rules.strict and any(b is not None for b in rows.barriers):
        nowhere = np.zeros(len(rows.at), dtype=bool)
        ends = array_loops.bits(np.stack([nowhere if b is None else b for b in rows.barriers]))
    within = np.array([LONG if limit is None else limit for limit in rules.within], dtype=np.int64)
    window = LONG if rules.window is None else rules.window
    chains = Chains(*funnel_loops.chains(rows.unit, rows.at, matches, rows.starts, ends, window, within, as_of))
    return chains if closed is None else replace(chains, alive=chains.alive & ~closed[chains.units])


def traced(found: Sequence[Reach], depth: Ints, entry: Ints) -> Ints:
    """[chain, step]: the rows of the chains that end at these entries of the Reach of their depth, -1 beyond it."""
    chain = np.full((len(found), len(depth)), -1, dtype=np.int64)
    at = entry.copy()
    for i in range(len(found) - 1, -1, -1):
        there = np.flatnonzero(depth > i)
        chain[i, there] = found[i].row[at[there]]
        at[there] = found[i].before[at[there]]
    return chain.T


def last_of_unit(flags: Bools, unit: npt.NDArray[np.int32], units: int) -> Ints:
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
    newest = rows_before(found[0].row, len(rows.unit))
    running = (newest >= rows.unit_start) & (np.arange(len(rows.unit)) < until[rows.unit])
    if rules.window is not None:
        running &= rows.at - rows.at[newest] <= rules.window
    stands = np.zeros(len(rows.unit), dtype=np.int64)
    for i, reach in enumerate(found[1:], 1):
        entry = entries_before(reach.row, len(rows.unit))
        before, start = np.append(reach.row, -1)[entry], np.append(reach.start, -1)[entry]
        stands[(before >= rows.unit_start) & (rows.at[start] >= rows.at[newest])] = i
    for i, barrier in enumerate(rows.barriers):
        if barrier is not None:
            out[rows.unit[running & barrier & (stands == i)]] = True
    return out


def may_go_on(rows: Rows, rules: ChainRules, found: Sequence[Reach], units: int, as_of: int) -> Bools:
    """Per unit: could some chain, at any step but the last, get its next step after the data?

    The chain to the latest row of a step is the one with the most time left.
    """
    alive = np.zeros(units, dtype=bool)
    for i, reach in enumerate(found[:-1]):
        _, last = unit_edges(rows.unit[reach.row])
        row, start = reach.row[last], reach.start[last]
        unit = rows.unit[row]
        ok = np.ones(len(unit), dtype=bool)
        if rules.window is not None:
            ok &= as_of <= rows.at[start] + rules.window
        limit = rules.within[i + 1]
        if limit is not None:
            ok &= as_of <= rows.at[row] + limit
        if rules.strict:
            ok &= np.append(rows.unit, -1)[row + 1] != unit
        barrier = rows.barriers[i]
        if barrier is not None:
            ok &= last_of_unit(barrier, rows.unit, units)[unit] <= row
        alive[unit[ok]] = True
    return alive
