"""An analysis asked of the same journeys seen another way: under another period, segment, or stages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pyarrow as pa

from paths.analysis import Analysis, Lookback
from paths.journeys.journeys import Journeys

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class View(ABC, Generic[R]):
    """`analysis` of what `seen` makes of the journeys; its answer is the analysis's own."""

    analysis: Analysis[R]

    @abstractmethod
    def seen(self, journeys: Journeys) -> Journeys:
        """The journeys that the analysis is asked about."""

    @property
    def further(self) -> frozenset[str]:
        """Columns that the view itself reads."""
        return frozenset()

    @property
    def columns(self) -> frozenset[str]:
        """Those of the analysis and of the view."""
        return self.analysis.columns | self.further

    def lookback(self, since: int) -> Lookback | None:
        """That of the analysis."""
        return self.analysis.lookback(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """What the analysis counts there."""
        return self.analysis.map(self.seen(journeys))

    def reduce(self, parts: Sequence[pa.Table]) -> R:
        """What the analysis answers."""
        return self.analysis.reduce(parts)


def kernel_of(analysis: Analysis[Any]) -> Analysis[Any]:
    """The analysis whose parts a view hands on; any other analysis itself."""
    while isinstance(analysis, View):
        analysis = analysis.analysis
    return analysis
