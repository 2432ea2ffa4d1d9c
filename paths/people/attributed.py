"""Who is behind a value of attribution: the customers with a conversion of which a model owes it a part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ingest.array_types import MICROSECOND, Bools
from paths.attribution.attribution import Attribution
from paths.attribution.models import Shares
from paths.attribution.paths import Paths
from paths.attribution.table import NO_TOUCH, shown_name
from paths.attribution.touches import Touches, conversion_paths, find_touches
from paths.journeys.journeys import Journeys
from paths.people.selections import Chosen, customer_events


@dataclass(frozen=True, kw_only=True)
class AttributedTo:
    """The customers with a conversion of which the question's first model gives `value` (as the answer shows it) a credit; markov,
    which weighs values and not conversions, counts those it touched. Their first and last event are the first and the last
    of these conversions.
    """

    question: Attribution
    value: str
    whole: ClassVar[bool] = False
    sessions: ClassVar[bool] = False

    @property
    def columns(self) -> frozenset[str]:
        """What the question reads."""
        return self.question.columns

    def choose(self, journeys: Journeys) -> Chosen:
        """The customers."""
        rules, touches = self.question.rules, find_touches(journeys, self.question.rules)
        goals = np.flatnonzero(journeys.selects(touches.goal))
        since_goal = rules.paths == "since_goal"
        paths = conversion_paths(touches, goals, rules.lookback // MICROSECOND, since_goal=since_goal)
        mine = self.owed(self.question.trimmed(paths, touches), touches)
        position = touches.goal[goals[mine]]
        owner = journeys.customer.take(position)
        other = owner[1:] != owner[:-1]
        first = position[np.append(True, other)[: len(position)]]
        last = position[np.append(other, True)[: len(position)]]
        return Chosen(first, last, customer_events(journeys).take(journeys.customer.take(first)))

    def owed(self, paths: Paths, touches: Touches) -> Bools:
        """Per path: does the value have a part in it?"""
        found = np.zeros(len(paths), dtype=bool)
        if self.value == NO_TOUCH:
            found[paths.size == 0] = True
            return found
        code = next((i for i, name in enumerate(touches.names) if shown_name(name) == self.value), None)
        some = np.flatnonzero(paths.size)
        if code is None or not len(some):
            return found
        model = self.question.asked[0]
        shares = Shares(paths.pick(some), touches.direct, self.question.rules)
        weight = shares.weights("participation" if model == "markov" else model)
        found[some[shares.path[(shares.code == code) & (weight > 0)]]] = True
        return found
