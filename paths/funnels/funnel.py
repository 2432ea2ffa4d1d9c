"""Funnels: how many customers (or sessions) get how far through steps, how long it takes them, and what the rest do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from ingest.errors import ConfigError
from paths.analysis import Lookback, summed
from paths.funnels.candidates import find
from paths.funnels.counts import counted
from paths.funnels.spec import FunnelSpec
from paths.funnels.table import FUNNEL, KEYS, PARTS, funnel_table
from paths.journeys.journeys import Journeys


@dataclass(frozen=True, kw_only=True)
class Funnel(FunnelSpec):
    """The analysis of a FunnelSpec: `map` gives PARTS, `reduce` the FUNNEL table (paths/funnels/table.py)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.breakdown in FUNNEL.names:
            raise ConfigError(
                f'a funnel has a column "{self.breakdown}" of its own: break it down by "properties.{self.breakdown}".'
            )

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        return counted(self, journeys, find(self, journeys))

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, KEYS, PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """One row per step, for each value of the breakdown where there is one."""
        return funnel_table(self.merge(parts), self)
