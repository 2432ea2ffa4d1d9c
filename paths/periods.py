"""Several periods or segments in one pass: an analysis asked as if since, until or --segment were others.

Sessions, touchpoints and everything else that no period touches are shared; only what is selected differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Generic, TypeVar

import pyarrow as pa

from paths.analysis import NEVER, Analysis, Journeys
from paths.conditions import Condition

R = TypeVar("R")

SHARED = ("customer_starts", "customer", "in_segment")
"""What most analyses want and no period changes (a segment changes the last): found once, by the first who asks."""

LAZY = ("stage", "open_until")
"""The same for a few: carried over where they are there already."""


@dataclass(frozen=True, kw_only=True)
class InPeriod(Generic[R]):
    """`analysis` about the units that start in since <= at < until (microseconds UTC), whatever period the pass has.

    `segment`: of their first event, instead of the segment of the pass.
    """

    analysis: Analysis[R]
    since: int = -NEVER
    until: int = NEVER
    segment: tuple[Condition, ...] | None = None

    @property
    def columns(self) -> frozenset[str]:
        """Those of the analysis and of the segment."""
        return self.analysis.columns.union(*(c.columns for c in self.segment or ()))

    @property
    def lag(self) -> timedelta | None:
        """That of the analysis."""
        return self.analysis.lag

    def map(self, journeys: Journeys) -> pa.Table:
        """What the analysis counts in the period."""
        return self.analysis.map(during(journeys, self.since, self.until, self.segment))

    def reduce(self, parts: Sequence[pa.Table]) -> R:
        """What the analysis answers."""
        return self.analysis.reduce(parts)


def during(journeys: Journeys, since: int, until: int, segment: tuple[Condition, ...] | None = None) -> Journeys:
    """The same journeys under another period, and another segment where one is given."""
    scope = replace(journeys.scope, since=since, until=until)
    if segment is not None:
        scope = replace(scope, segment=segment)
    whole = None if journeys.whole is None else during(journeys.whole, since, until, segment)
    view = replace(journeys, scope=scope, whole=whole)
    kept = [name for name in SHARED if segment is None or name != "in_segment"]
    known: dict[str, Any] = {name: getattr(journeys, name) for name in kept}
    known |= {name: vars(journeys)[name] for name in LAZY if name in vars(journeys)}
    vars(view).update(known)  # where cached_property keeps what it has found
    return view
