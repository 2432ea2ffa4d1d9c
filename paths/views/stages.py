"""Other stages beside those of the pass: an analysis asked as if the scope's stage rules were others.

Sessions, touchpoints and everything else that no stage touches are shared; only the stage of each event differs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from paths.journeys.journeys import Journeys
from paths.journeys.touchpoints import StageRules
from paths.views.view import R, View


@dataclass(frozen=True, kw_only=True)
class UnderStages(View[R]):
    """`analysis` under these stages, whatever stages the pass has."""

    stages: StageRules

    @property
    def further(self) -> frozenset[str]:
        """What the stages look at."""
        return self.stages.columns

    def seen(self, journeys: Journeys) -> Journeys:
        """The same journeys under the stages."""
        return under(journeys, self.stages)


def under(journeys: Journeys, stages: StageRules) -> Journeys:
    """The same journeys under other stages."""
    whole = None if journeys.whole is None else under(journeys.whole, stages)
    return replace(journeys, scope=replace(journeys.scope, stages=stages), whole=whole)
