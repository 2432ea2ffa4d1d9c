"""A rate on two sides: which parts of the units, which steps, which new or vanished touchpoints account for its move.

Contributions are exact fractions and add up to the move; what is beyond noise is named, the rest of each question is one row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import erfc, sqrt
from typing import Any

import numpy as np
import pyarrow as pa

from paths.analysis import summed
from paths.arrays.grouping import as_rows
from paths.drivers.contributions import Contribution, Part, of_parts, of_presence, of_steps
from paths.drivers.counts import COLUMN, CROWDED, KEYS, MET, OPEN, UNITS
from paths.drivers.rules import MOST_TRIED
from paths.drivers.why import COUNTS, PARTS, STEP
from paths.statistics.clusters import SUMS, Clustered
from paths.statistics.intervals import discoveries, two_proportion_p
from paths.statistics.pairs import MIN_N, Pair, Q

NEW, VANISHED = "new touchpoint", "vanished touchpoint"
MET_IT = "met"
BEFORE = tuple(f"{c}_before" for c in COUNTS)
SIDES = pa.schema([*list(PARTS)[: len(KEYS)], *((c, pa.int64()) for c in (*COUNTS, *BEFORE))])
"""PARTS of both sides, side by side."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A part of the units on both sides, or a step, and what it contributes. p-values: None where there is too little to test."""

    kind: str  # column | step | new touchpoint | vanished touchpoint
    name: str
    value: str | None  # None: all others
    part: Part
    contribution: Contribution
    p_mix: float | None = None
    p_rate: float | None = None
    mix_sure: bool = False
    rate_sure: bool = False

    @property
    def named(self) -> bool:
        """Is it beyond noise?"""
        return self.mix_sure or self.rate_sure


@dataclass(frozen=True, kw_only=True)
class Move:
    """`cells`: each question (kind and name) shares out the units, or the steps, so its contributions add up to the move.

    `left_out`: (units whose window is open, here and on the other side); `crowded`: columns with too many values.
    """

    whole: Pair
    cells: Sequence[Cell] = ()
    left_out: tuple[int, int] = (0, 0)
    crowded: Sequence[str] = ()
    compared: int = 0  # how many mixes and rates were judged together

    @property
    def part(self) -> Part:
        """All units."""
        w = self.whole
        return Part(w.trials, w.hits, w.trials_before, w.hits_before)

    @property
    def total(self) -> Fraction | None:
        """The move; None where a side has no units."""
        w = self.whole
        return Fraction(w.hits, w.trials) - Fraction(w.hits_before, w.trials_before) if w.fewest else None


def explained(
    now: pa.Table, before: pa.Table, steps: Sequence[tuple[str, str]] = (), *, min_n: int = MIN_N, q: float = Q
) -> Move:
    """Added-up PARTS of both sides -> the move. `steps`: (from, to) of each step of the outcome, where it has several; `q`: the
    share of what is named that may be noise."""
    both = side_by_side(now, before)
    kind = np.asarray(both["kind"])
    total = sides_of(next(iter(as_rows(both.filter(pa.array(kind == UNITS)))), dict.fromkeys(SIDES.names, 0)))
    open_ = as_rows(both.filter(pa.array(kind == OPEN)))
    found = Move(
        whole=total.pair,
        left_out=(sum(r["n"] for r in open_), sum(r["n_before"] for r in open_)),
        crowded=sorted(set(both.filter(pa.array(kind == CROWDED))["factor"].to_pylist())),
    )
    if not total.pair.fewest:
        return found
    cells = [
        *by_column(both.filter(pa.array(kind == COLUMN)), total, min_n),
        *by_touchpoint(both.filter(pa.array(kind == MET)), total, min_n),
        *by_step(both.filter(pa.array(kind == STEP)), steps, total, min_n),
    ]
    return replace(found, **judged(cells, q))


@dataclass(frozen=True)
class Sides:
    """The counts of some units on both sides."""

    here: Clustered
    there: Clustered
    shared: tuple[int, int] = field(default=(0, 0))

    @property
    def part(self) -> Part:
        """Units and hits."""
        return Part(self.here.n, self.here.hits, self.there.n, self.there.hits)

    @property
    def pair(self) -> Pair:
        """The rate on both sides, customers being clusters."""
        return Pair(
            hits=self.here.hits,
            trials=self.here.n,
            hits_before=self.there.hits,
            trials_before=self.there.n,
            clusters=self.here if self.here.nn > self.here.n else None,
            clusters_before=self.there if self.there.nn > self.there.n else None,
        )

    def share_p(self, total: Sides) -> float:
        """Of an equal share of all units on both sides."""
        shares: list[float] = []
        for mine, shared, every in zip((self.here, self.there), self.shared, (total.here, total.there), strict=True):
            one = Clustered(n=every.n, hits=mine.n, clusters=every.clusters, nn=every.nn, nx=shared, xx=mine.nn)
            shares += one.effective
        return two_proportion_p(*shares)

    def level_p(self, total: Sides) -> float:
        """Of a rate that is, at the middle of both sides, the one of the other units; a side that lacks either says nothing."""
        sides = [(self.here, total.here), (self.there, total.there)]
        found = [distance(mine, every) for mine, every in sides if 0 < mine.n < every.n]
        return apart_p([d for d, _ in found], [v for _, v in found])


def distance(mine: Clustered, every: Clustered) -> tuple[float, float]:
    """(rate of some units less that of the others of one side, the variance of it if both are one rate)."""
    others = every.n - mine.n
    rate = every.hits / every.n
    size, size_of_others = mine.effective[1], others / every.design_effect
    gap = mine.hits / mine.n - (every.hits - mine.hits) / others
    return gap, rate * (1 - rate) * (1 / size + 1 / size_of_others)


def apart_p(gaps: Sequence[float], variances: Sequence[float]) -> float:
    """Two-sided, of a sum of gaps that is 0; 1 where nothing can be said."""
    spread = sqrt(sum(variances))
    return erfc(abs(sum(gaps)) / spread / sqrt(2)) if spread else 1.0


def side_by_side(now: pa.Table, before: pa.Table) -> pa.Table:
    """SIDES of the PARTS of both sides."""
    keys = list(KEYS)
    zeros = [pa.nulls(t.num_rows, pa.int64()).fill_null(0) for t in (now, before)]
    here = pa.table([*(now[c] for c in (*keys, *COUNTS)), *[zeros[0]] * len(BEFORE)], schema=SIDES)
    there = pa.table(
        [*(before[c] for c in keys), *[zeros[1]] * len(COUNTS), *(before[c] for c in COUNTS)], schema=SIDES
    )
    return summed([here, there], keys, SIDES)


def sides_of(row: Mapping[str, Any]) -> Sides:
    """Of a row of SIDES."""
    here, there = (Clustered(**{c: row[c + end] for c in SUMS}) for end in ("", "_before"))
    return Sides(here, there, (row["shared"], row["shared_before"]))


def by_column(rows: pa.Table, total: Sides, min_n: int) -> Iterator[Cell]:
    """Each column's values; those with too few units to say anything, and those beyond MOST_TRIED, are one part."""
    units = np.asarray(rows["n"]) + np.asarray(rows["n_before"])
    of_column: dict[str, list[dict[str, Any]]] = {c: [] for c in sorted(set(rows["factor"].to_pylist()))}
    for r in as_rows(rows.filter(pa.array(units >= min_n))):
        of_column[r["factor"]].append(r)
    for column, mine in of_column.items():
        mine.sort(key=lambda r: (-r["n"] - r["n_before"], r["value"]))
        yield from cells(column, {r["value"]: sides_of(r) for r in mine[:MOST_TRIED]}, total, min_n)


def by_touchpoint(rows: pa.Table, total: Sides, min_n: int) -> Iterator[Cell]:
    """Touchpoints that units of one side alone met: those who met it, and the rest."""
    n, n_before = (np.asarray(rows[c]) for c in ("n", "n_before"))
    alone = (n == 0) != (n_before == 0)
    for r in as_rows(rows.filter(pa.array(alone & (n + n_before >= min_n)))):
        sides, kind = sides_of(r), NEW if r["n"] else VANISHED
        own, rest = of_presence(sides.part, total.part)
        cell = Cell(kind=kind, name=r["value"], value=MET_IT, part=sides.part, contribution=own)
        yield tested(cell, sides, total, min_n)
        yield replace(cell, value=None, part=total.part.less(sides.part), contribution=rest)


def cells(name: str, values: Mapping[str, Sides], total: Sides, min_n: int) -> Iterator[Cell]:
    """The parts of all units that a column's values make, and the rest, if there is one; none where a value is all of them."""
    parts: dict[str | None, Part] = {value: sides.part for value, sides in values.items()}
    if total.part in parts.values():
        return
    rest = total.part
    for part in parts.values():
        rest = rest.less(part)
    if rest.n or rest.n_before:
        parts[None] = rest
    found = of_parts(parts, total.part)
    for value, part in parts.items():
        cell = Cell(kind="column", name=name, value=value, part=part, contribution=found[value])
        yield cell if value is None else tested(cell, values[value], total, min_n)


def tested(cell: Cell, sides: Sides, total: Sides, min_n: int) -> Cell:
    """With p-values. A mix is something only where the share moved and the rate is another than that of the rest: both must hold."""
    p_mix = max(sides.share_p(total), sides.level_p(total)) if total.pair.fewest >= min_n else None
    return replace(cell, p_mix=p_mix, p_rate=sides.pair.p_value if sides.pair.fewest >= min_n else None)


def by_step(rows: pa.Table, steps: Sequence[tuple[str, str]], total: Sides, min_n: int) -> Iterator[Cell]:
    """The steps between a and b; what each contributes is all of its rate."""
    if len(steps) < 2:
        return
    of_step = {int(r["value"]): sides_of(r) for r in as_rows(rows)}
    nobody = Sides(Clustered(), Clustered())
    every = [of_step.get(number, nobody) for number in range(1, len(steps) + 1)]
    for names, sides, part in zip(steps, every, of_steps([s.part for s in every]), strict=True):
        p = sides.pair.p_value if sides.pair.fewest >= min_n else None
        contribution = Contribution(Fraction(0), part)
        yield Cell(kind="step", name=names[0], value=names[1], part=sides.part, contribution=contribution, p_rate=p)


def judged(cells: Sequence[Cell], q: float) -> dict[str, Any]:
    """The cells with what is beyond noise, by Benjamini and Hochberg over all mixes and rates that can be tested; and how many."""
    tests = [(i, w, p) for i, c in enumerate(cells) for w, p in (("mix", c.p_mix), ("rate", c.p_rate)) if p is not None]
    sure = {(i, w): yes for (i, w, _), yes in zip(tests, discoveries([p for *_, p in tests], q), strict=True)}
    found = [
        replace(c, mix_sure=sure.get((i, "mix"), False), rate_sure=sure.get((i, "rate"), False))
        for i, c in enumerate(cells)
    ]
    return {"cells": found, "compared": len(tests)}
