"""What a rate is made of on one side: units and hits by the value of each column, by step, and by touchpoint met; with the sums
over customers that bounds on noise need. Two sides make an answer: paths/drivers/moves.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingest.array_types import AnyInts, Bools, Ints
from paths.analysis import Lookback
from paths.arrays.counting import first_rows
from paths.arrays.grouping import NAME
from paths.drivers.counts import COLUMN, CROWDED, MET, OPEN, UNITS, added, rows_of
from paths.drivers.exposure import between, met, values_at
from paths.drivers.outcomes import Outcome, Units
from paths.drivers.rules import TOUCHPOINT, Factors
from paths.journeys.journeys import Journeys
from paths.statistics.clusters import SUMS, cluster_sums

STEP = CROWDED + 1
COUNTS = (*SUMS, "shared")
PARTS = pa.schema([("kind", pa.int64()), ("factor", NAME), ("value", NAME), *((c, pa.int64()) for c in COUNTS)])
"""Additive. Kinds are those of counts.py; STEP: units that came to the step before step number `value`, those that took it being
hits. The counts are those of Clustered, customers being the clusters; shared: the sum over customers of their units here times all
of their units."""


@dataclass(frozen=True, kw_only=True)
class Why:
    """What the rate of an outcome is made of, as added-up PARTS. `steps`: how many the outcome has, 0 where it has one."""

    outcome: Outcome
    factors: Factors
    steps: int = 0

    @property
    def columns(self) -> frozenset[str]:
        """Those of the outcome and of the factors."""
        return self.outcome.columns | (frozenset(self.factors.columns) - {"event"})

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """PARTS of a batch."""
        units = self.outcome.find(journeys)
        by_customer = Owned.of(journeys.customer[units.at].astype(np.int64), units.hit)
        every = np.zeros(len(units.at), dtype=np.int64)
        one = np.ones(1, dtype=np.int64)
        found = [by_customer.rows(UNITS, "", [""], every)]
        found.append(rows_of(OPEN, "", [""], units.open_ * one, *[0 * one] * len(COUNTS[1:]), schema=PARTS))
        for column in self.factors.columns:
            values = values_at(journeys.events, column, units.at)
            found.append(by_customer.rows(COLUMN, column, values.names, values.codes))
        for step in range(1, self.steps + 1):
            found.append(taken(by_customer, units, step))
        if self.factors.touchpoints:
            found.append(touchpoints(journeys, units, by_customer))
        return self.merge(found)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return added(parts, PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The same: an answer needs both sides."""
        return self.merge(parts)


@dataclass(frozen=True)
class Owned:
    """Per unit: its customer, how many units that one has, whether it is a hit."""

    owner: Ints
    together: Ints
    hit: Bools

    @classmethod
    def of(cls, owner: Ints, hit: Bools) -> Owned:
        """Of the customers and hits of all units."""
        return cls(owner, np.bincount(owner, minlength=1)[owner], hit)

    def take(self, units: AnyInts | Bools) -> Owned:
        """Some of the units, each of a customer with as many as before."""
        return Owned(self.owner[units], self.together[units], self.hit[units])

    def rows(self, kind: int, factor: str, names: Sequence[str], code: AnyInts) -> pa.Table:
        """PARTS of these units by a code of `names`."""
        size = len(names)
        shared = np.bincount(code, weights=self.together, minlength=size).astype(np.int64)
        sums = cluster_sums(code, self.owner, self.hit, size)
        return rows_of(kind, factor, names, *sums, shared, schema=PARTS)


def taken(by_customer: Owned, units: Units, step: int) -> pa.Table:
    """Units that came to the step before, by whether they took it."""
    there = np.flatnonzero(units.steps >= step - 1)
    mine = Owned(by_customer.owner[there], by_customer.together[there], units.steps[there] >= step)
    return mine.rows(STEP, "", [str(step)], np.zeros(len(there), dtype=np.int64))


def touchpoints(journeys: Journeys, units: Units, by_customer: Owned) -> pa.Table:
    """Units by each touchpoint that they met from a on, a itself among them."""
    names, unit, node = journeys.touchpoint.names, [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int32)]
    for whose, code in met(journeys, between(units, own=True)):
        first = first_rows(whose, code, len(names))
        unit.append(whose[first])
        node.append(code[first])
    return by_customer.take(np.concatenate(unit)).rows(MET, TOUCHPOINT, names, np.concatenate(node))
