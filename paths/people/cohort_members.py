"""Who is behind a cell of the cohort triangle: the customers of a cohort that returned in a period, or did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from paths.journeys.journeys import Journeys
from paths.people.selections import Chosen, customer_events
from paths.retention.calendar import labels
from paths.retention.cohorts import active, last_of_each, members_of, returns_of
from paths.retention.rules import RetentionRules


@dataclass(frozen=True, kw_only=True)
class InCohort:
    """The customers of one cohort (its first day, as the answer shows it) with a return in a period, or without one.

    Their first event is the one that put them into the cohort, their last one the last that is not passive.
    """

    rules: RetentionRules
    cohort: str
    period: int
    returned: bool = True
    whole: ClassVar[bool] = False
    sessions: ClassVar[bool] = False

    @property
    def columns(self) -> frozenset[str]:
        """What the rules read."""
        return self.rules.columns

    def choose(self, journeys: Journeys) -> Chosen:
        """The customers."""
        members = members_of(journeys, self.rules)
        member, period = returns_of(journeys, self.rules, members)
        there = period >= self.period if self.rules.mode == "on_or_after" else period == self.period
        back = np.zeros(len(members.start), dtype=bool)
        back[member[there]] = True
        here = np.array([label == self.cohort for label in labels(members.cohort)], dtype=bool)
        first = members.start[(here.take(members.cell) if len(here) else back) & (back == self.returned)]
        last = np.zeros(len(journeys.customer_starts), dtype=np.int64)
        ends = last_of_each(journeys, active(journeys))
        last[journeys.customer.take(ends)] = ends
        owner = journeys.customer.take(first)
        return Chosen(first, np.maximum(last.take(owner), first), customer_events(journeys).take(owner))
