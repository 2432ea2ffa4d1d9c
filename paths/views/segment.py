"""Segments beside the whole in one pass: an analysis asked as if --segment held one condition more.

A unit is in a segment by its first event, so what decides about it is all of its customer. Customers who have no event of
the segment have no unit in it; the others stay whole, and every number is that of the question with --segment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from paths.journeys.conditions import Condition
from paths.journeys.journeys import Journeys
from paths.journeys.prepare import without
from paths.views.view import R, View

HELD = "newest segment"


@dataclass(frozen=True, kw_only=True)
class InSegment(View[R]):
    """`analysis` about the units whose first event fulfils `condition`, besides what the scope asks."""

    condition: Condition

    @property
    def further(self) -> frozenset[str]:
        """What the condition looks at."""
        return self.condition.columns

    def seen(self, journeys: Journeys) -> Journeys:
        """The customers who have an event of the segment."""
        return of_segment(journeys, self.condition)


def of_segment(journeys: Journeys, condition: Condition) -> Journeys:
    """The customers who have an event of the segment, under a scope that asks for it.

    The newest one stays with the journeys: ask all that concerns a segment before the next one. Only one is held at a time.
    """
    held: tuple[Condition, Journeys] | None = vars(journeys).get(HELD)
    if held is None or held[0] != condition:
        events = journeys.with_excluded.events
        held = condition, restricted(journeys, events.keys_at(condition.holds(events)), condition)
        vars(journeys)[HELD] = held  # where cached_property keeps what it has found
    return held[1]


def restricted(journeys: Journeys, keys: npt.NDArray[np.int64], condition: Condition) -> Journeys:
    """The journeys of these customers (int64 keys), whole."""
    kept = without(journeys, journeys.events.owned_by(keys))
    scope = replace(journeys.scope, segment=(*journeys.scope.segment, condition))
    whole = None if journeys.whole is None else restricted(journeys.whole, keys, condition)
    return replace(kept, scope=scope, whole=whole, excluded_sessions=journeys.excluded_sessions)
