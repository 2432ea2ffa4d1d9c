"""Several periods in one pass: an analysis asked as if since and until were others.

Sessions, touchpoints and everything else that no period touches are shared; only what is selected differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Generic, TypeVar

import pyarrow as pa

from paths.analysis import NEVER, Analysis, Journeys

R = TypeVar("R")

SHARED = ("customer_starts", "customer", "in_segment")
"""What most analyses want and no period changes: found once, by the first who asks."""

LAZY = ("stage", "open_until")
"""The same for a few: carried over where they are there already."""


@dataclass(frozen=True, kw_only=True)
class InPeriod(Generic[R]):
    """`analysis` about the units that start in since <= at < until (microseconds UTC), whatever period the pass has."""

    analysis: Analysis[R]
    since: int = -NEVER
    until: int = NEVER

    @property
    def columns(self) -> frozenset[str]:
        """Those of the analysis."""
        return self.analysis.columns

    @property
    def lag(self) -> timedelta | None:
        """That of the analysis."""
        return self.analysis.lag

    def map(self, journeys: Journeys) -> pa.Table:
        """What the analysis counts in the period."""
        return self.analysis.map(during(journeys, self.since, self.until))

    def reduce(self, parts: Sequence[pa.Table]) -> R:
        """What the analysis answers."""
        return self.analysis.reduce(parts)


def during(journeys: Journeys, since: int, until: int) -> Journeys:
    """The same journeys under another period."""
    scope = replace(journeys.scope, since=since, until=until)
    whole = None if journeys.whole is None else during(journeys.whole, since, until)
    view = replace(journeys, scope=scope, whole=whole)
    known: dict[str, Any] = {name: getattr(journeys, name) for name in SHARED}
    known |= {name: vars(journeys)[name] for name in LAZY if name in vars(journeys)}
    vars(view).update(known)  # where cached_property keeps what it has found
    return view
