"""Drivers: what goes with a step taken, a goal, a drop-off. The analysis; odds come of the sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from ingest.errors import ConfigError
from paths.analysis import Lookback
from paths.arrays.counting import different
from paths.drivers.counts import CUSTOMERS, OPEN, UNITS, added, of_column, of_touchpoints, one
from paths.drivers.exposure import before, between, values_at
from paths.drivers.outcomes import DroppedOff, Outcome
from paths.drivers.rules import Factors
from paths.drivers.table import DriversAnswer, drivers_answer
from paths.journeys.journeys import Journeys


@dataclass(frozen=True, kw_only=True)
class Drivers:
    """Of the units that reached a: how many of those with a factor, and of those without it, came to b. See DriversAnswer."""

    outcome: Outcome
    factors: Factors = field(default_factory=Factors)

    def __post_init__(self) -> None:
        if self.factors.between and isinstance(self.outcome, DroppedOff):
            raise ConfigError(
                "what comes after a visit tells those who left there from those who went on by itself: a drop-off has no between."
            )

    @property
    def columns(self) -> frozenset[str]:
        """Those of the outcome and of the factors."""
        return self.outcome.columns | (frozenset(self.factors.columns) - {"event"})

    def lookback(self, since: int) -> Lookback | None:
        """As far as a touchpoint may lie before a."""
        if self.factors.between or not self.factors.touchpoints:
            return Lookback.sessions(since)
        return Lookback(since=since, horizon=since - self.factors.micro)

    def map(self, journeys: Journeys) -> pa.Table:
        """PARTS of a batch."""
        units, factors = self.outcome.find(journeys), self.factors
        customers = different(journeys.customer[units.at])
        found = [one(UNITS, len(units.at), int(units.hit.sum())), one(OPEN, units.open_), one(CUSTOMERS, customers)]
        for column in factors.columns:
            found.append(of_column(column, values_at(journeys.events, column, units.at), units.hit))
        if factors.touchpoints:
            window = between(units) if factors.between else before(journeys, units, factors.micro)
            found.append(of_touchpoints(journeys, window, units.hit))
        return added(found)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return added(parts)

    def reduce(self, parts: Sequence[pa.Table]) -> DriversAnswer:
        """The answer."""
        return drivers_answer(added(parts), self.outcome.did)
