"""Who is behind a driver: the units with a factor, or without it, that came to the outcome, or did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ingest.array_types import Bools
from paths.drivers.drivers import Drivers
from paths.drivers.exposure import before, between, values_at
from paths.drivers.outcomes import Units
from paths.drivers.rules import TOUCHPOINT
from paths.journeys.journeys import Journeys
from paths.people.selections import Chosen, customer_events, named


@dataclass(frozen=True, kw_only=True)
class WithFactor:
    """The units that a row of drivers counts. `hit`: those that came to the outcome, those that did not, or (None) both.

    Their first event is a, their last one that of the chain, or of the session.
    """

    question: Drivers
    factor: str
    value: str
    having: bool = True
    hit: bool | None = None
    whole: ClassVar[bool] = False

    @property
    def columns(self) -> frozenset[str]:
        """Those of the question, and the factor's."""
        return self.question.columns | (frozenset() if self.factor in (TOUCHPOINT, "event") else {self.factor})

    @property
    def sessions(self) -> bool:
        """As the outcome counts."""
        return self.question.outcome.sessions

    def choose(self, journeys: Journeys) -> Chosen:
        """The units of a batch."""
        units = self.question.outcome.find(journeys)
        mine = self.has(journeys, units) == self.having
        if self.hit is not None:
            mine &= units.hit == self.hit
        unit = units.unit[mine].astype(np.int64)
        if self.sessions:
            return Chosen(units.at[mine], units.last[mine], journeys.sessions.events[unit], unit)
        return Chosen(units.at[mine], units.last[mine], customer_events(journeys)[unit])

    def has(self, journeys: Journeys, units: Units) -> Bools:
        """Per unit: has it the factor?"""
        factors = self.question.factors
        if self.factor != TOUCHPOINT:
            values = values_at(journeys.events, self.factor, units.at)
            return named(values, self.value)[values.codes]
        node = journeys.touchpoint
        so_far = np.append(0, np.cumsum(named(node, self.value)[node.codes]))
        first, size = between(units) if factors.between else before(journeys, units, factors.micro)
        met: Bools = so_far[first + size] > so_far[first]
        return met
