"""What a funnel asks: steps, exclusions, and how a chain may run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt

from paths.analysis import Journeys
from paths.conditions import Condition
from paths.touchpoints import path_of

Bools = npt.NDArray[np.bool_]
PAGE = "page:"
ALL = 99


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """A name (or `page:GLOB`, a glob over URL paths) with conditions that must all hold."""

    name: str
    conditions: tuple[Condition, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """What it reads."""
        return frozenset({"url"} if self.name.startswith(PAGE) else ()).union(*(c.columns for c in self.conditions))

    def matches(self, journeys: Journeys) -> Bools:
        """bool per event."""
        if self.name.startswith(PAGE):
            urls, glob = journeys.events.text("url"), self.name.removeprefix(PAGE)
            found = urls.lookup(np.array([fnmatchcase(path_of(u), glob) for u in urls.names], dtype=bool), False)
        else:
            found = journeys.answers_to([self.name])
        for condition in self.conditions:
            found = found & condition.holds(journeys.events)
        return found


@dataclass(frozen=True, kw_only=True)
class Step:
    """One or more matchers: any of them will do."""

    matchers: tuple[Matcher, ...]
    within: timedelta | None = None  # at most this long after the step before
    optional: bool = False
    label: str = ""

    @property
    def name(self) -> str:
        """What the row is called."""
        return self.label or "|".join(m.name for m in self.matchers)

    def matches(self, journeys: Journeys) -> Bools:
        """bool per event."""
        return any_of(self.matchers, journeys)


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """Events that end a chain which stands at or after step `after` and before step `before`.

    Steps are numbered from 1 as written, optional ones included; as it stands: everywhere.
    """

    matchers: tuple[Matcher, ...]
    after: int = 1
    before: int = ALL

    @property
    def everywhere(self) -> bool:
        """Is it for the whole chain?"""
        return (self.after, self.before) == (1, ALL)

    def matches(self, journeys: Journeys) -> Bools:
        """bool per event."""
        return any_of(self.matchers, journeys)


def any_of(matchers: Iterable[Matcher], journeys: Journeys) -> Bools:
    """bool per event: does one of them match?"""
    found = np.zeros(len(journeys), dtype=bool)
    for matcher in matchers:
        found |= matcher.matches(journeys)
    return found
