"""Several periods in one pass: an analysis asked as if since and until were others.

Sessions, touchpoints and everything else that no period touches are shared; only what is selected differs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from paths.analysis import Lookback
from paths.journeys.journeys import Journeys
from paths.journeys.scope import NEVER
from paths.views.view import R, View


@dataclass(frozen=True, kw_only=True)
class InPeriod(View[R]):
    """`analysis` about the units that start in since <= at < until (microseconds UTC), whatever period the pass has."""

    since: int = -NEVER
    until: int = NEVER

    def lookback(self, since: int) -> Lookback | None:
        """That of the analysis, from the period on."""
        return self.analysis.lookback(self.since)

    def seen(self, journeys: Journeys) -> Journeys:
        """The same journeys under the period."""
        return during(journeys, self.since, self.until)


def during(journeys: Journeys, since: int, until: int) -> Journeys:
    """The same journeys under another period."""
    whole = None if journeys.whole is None else during(journeys.whole, since, until)
    return replace(journeys, scope=replace(journeys.scope, since=since, until=until), whole=whole)
