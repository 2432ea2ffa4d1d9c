"""Other stages beside those of the pass: an analysis asked as if the scope's stage rules were others.

Sessions, touchpoints and everything else that no stage touches are shared; only the stage of each event differs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from paths.analysis import Journeys
from paths.touchpoints import StageRules
from paths.views import R, View

SHARED = ("customer", "in_segment", "in_period", "selected", "selected_sessions", "open_until")
"""What no stage changes: carried over where it is there already."""


@dataclass(frozen=True, kw_only=True)
class Staged(View[R]):
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
    """The same journeys under other stages, found once and kept with the journeys for the next who asks."""
    if stages == journeys.scope.stages:
        view = journeys
    else:
        kept: dict[StageRules, Journeys] = vars(journeys).setdefault("staged", {})
        view = kept[stages] = kept.get(stages) or restaged(journeys, stages)
    _ = view.stage  # views of its periods take it over
    return view


def restaged(journeys: Journeys, stages: StageRules) -> Journeys:
    """A view of the journeys."""
    whole = None if journeys.whole is None else restaged(journeys.whole, stages)
    view = replace(journeys, scope=replace(journeys.scope, stages=stages), whole=whole)
    known: dict[str, Any] = {name: vars(journeys)[name] for name in SHARED if name in vars(journeys)}
    vars(view).update(known)  # where cached_property keeps what it has found
    return view
