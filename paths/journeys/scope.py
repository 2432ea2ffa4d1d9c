"""Scope: which events exist and which units count, equal for all analyses of a pass."""

from __future__ import annotations

from dataclasses import dataclass, field

from paths.journeys.conditions import Condition
from paths.journeys.personas import CustomerFacts
from paths.journeys.touchpoints import StageRules, TouchpointRules, no_rules, no_stages
from sessionize.rules import SessionRules

NEVER = 1 << 62
"""Later than every instant, microseconds."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which events exist and which units count; equal for all analyses of a pass."""

    as_of: int  # microseconds UTC: events at or after it do not exist
    since: int = -NEVER  # units start at or after it ...
    until: int = NEVER  # ... and before it
    segment: tuple[Condition, ...] = ()  # of a unit's first event
    where: tuple[Condition, ...] = ()  # of every event, before sessionization
    sessions: SessionRules = field(default_factory=SessionRules)
    touchpoints: TouchpointRules = field(default_factory=no_rules)
    stages: StageRules = field(default_factory=no_stages)
    facts: CustomerFacts = field(default_factory=CustomerFacts)
    money: bool = True  # False: the store holds several currencies, so value and price are missing
    asked: frozenset[str] = frozenset()  # columns of this pass that `facts` gives

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the scope itself reads."""
        columns = {c for k in (*self.segment, *self.where) for c in k.columns}
        if self.sessions.cut_on is not None:
            columns.add(self.sessions.cut_on)
        return frozenset(columns) | self.touchpoints.columns | self.stages.columns
