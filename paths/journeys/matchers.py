"""Matcher and Step: which events a step of a funnel or a persona takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Protocol

import numpy as np

from ingest.array_types import Bools
from ingest.scan.batches import EventBatch
from paths.journeys.conditions import Condition
from paths.journeys.touchpoints import path_of

PAGE = "page:"
"""Before a glob over URL paths."""


class Named(Protocol):
    """Events whose names can be asked for: Journeys."""

    def __len__(self) -> int: ...

    @property
    def events(self) -> EventBatch:
        """Whole customers, sorted."""

    def answers_to(self, names: Iterable[str]) -> Bools:
        """bool per event: does it carry one of these names?"""


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """A name (or `page:GLOB`, a glob over URL paths) with conditions that must all hold."""

    name: str
    conditions: tuple[Condition, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """What it reads."""
        return frozenset({"url"} if self.name.startswith(PAGE) else ()).union(*(c.columns for c in self.conditions))

    def matches(self, journeys: Named) -> Bools:
        """bool per event."""
        if self.name.startswith(PAGE):
            urls, glob = journeys.events.text("url"), self.name.removeprefix(PAGE)
            flags = urls.lookup(np.array([fnmatchcase(path_of(u), glob) for u in urls.names], dtype=bool), False)
        else:
            flags = journeys.answers_to([self.name])
        for condition in self.conditions:
            flags = flags & condition.holds(journeys.events)
        return flags


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

    def matches(self, journeys: Named) -> Bools:
        """bool per event."""
        return any_of(self.matchers, journeys)


def any_of(matchers: Iterable[Matcher], journeys: Named) -> Bools:
    """bool per event: does one of them match?"""
    matched = np.zeros(len(journeys), dtype=bool)
    for matcher in matchers:
        matched |= matcher.matches(journeys)
    return matched
