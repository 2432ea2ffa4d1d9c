"""FunnelSpec: what a funnel asks; its steps, its exclusions, how a chain may run. Raises ConfigError for what makes no sense."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from ingest.array_types import Bools
from ingest.errors import ConfigError
from paths.journeys.matchers import Matcher, Named, Step, any_of

ALL = 99
"""Behind every step."""


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

    def matches(self, journeys: Named) -> Bools:
        """bool per event."""
        return any_of(self.matchers, journeys)


@dataclass(frozen=True, kw_only=True)
class FunnelSpec:
    """One funnel question; raises ConfigError for one that makes no sense."""

    steps: tuple[Step, ...]
    window: timedelta | None = timedelta(days=7)  # first to last event
    count: str = "customers"  # or sessions: the chain lies in one session
    order: str = "ordered"  # strict: the very next event; any: whichever comes first
    ties: str = "recorded"  # or step: events of one instant in the order of the steps
    exclusions: tuple[Exclusion, ...] = ()
    exclusion: str = "chain"  # or customer: the unit is left out wholly
    ignored: frozenset[str] = frozenset()  # events that strict skips
    breakdown: str | None = None  # a column, read at the reported chain's first event
    by: str | None = None  # day | week | month of the reported chain's first event
    top: int | None = None  # so many values of the breakdown, the rest is "(other)"
    details: bool = True  # times, and what the dropped did next

    def __post_init__(self) -> None:
        for name, allowed in (
            ("count", ("customers", "sessions")),
            ("order", ("ordered", "strict", "any")),
            ("ties", ("recorded", "step")),
            ("exclusion", ("chain", "customer")),
            ("by", (None, "day", "week", "month")),
        ):
            if getattr(self, name) not in allowed:
                raise ConfigError(
                    f'{name} is one of {", ".join(a for a in allowed if a)}, not "{getattr(self, name)}".'
                )
        check(self)

    @cached_property
    def needed(self) -> tuple[int, ...]:
        """Numbers of the steps that depth counts, as written."""
        return tuple(i for i, s in enumerate(self.steps, 1) if not s.optional)

    @property
    def columns(self) -> frozenset[str]:
        """What steps, exclusions and the breakdown read."""
        matchers = [m for s in self.steps for m in s.matchers] + [m for x in self.exclusions for m in x.matchers]
        return frozenset({self.breakdown} if self.breakdown not in (None, "event") else ()).union(
            *(m.columns for m in matchers)
        )


def check(funnel: FunnelSpec) -> None:
    """Raise ConfigError for options that do not go together."""
    if not funnel.steps:
        raise ConfigError("a funnel needs at least one step.")
    if funnel.steps[0].optional or funnel.steps[-1].optional:
        raise ConfigError("the first and the last step cannot be optional.")
    if funnel.order != "ordered" and any(s.optional for s in funnel.steps):
        raise ConfigError(f'optional steps go with order "ordered" only, not "{funnel.order}".')
    if funnel.order != "ordered" and funnel.ties == "step":
        raise ConfigError(f'ties "step" goes with order "ordered" only, not "{funnel.order}".')
    if funnel.order == "any" and (
        any(s.within for s in funnel.steps) or not all(x.everywhere for x in funnel.exclusions)
    ):
        raise ConfigError('order "any" has no step windows and no exclusions between two steps.')
    if funnel.breakdown and funnel.by:
        raise ConfigError("a funnel is broken down by a column or by time, not by both.")
    for x in funnel.exclusions:
        if not x.everywhere and not (1 <= x.after < x.before <= len(funnel.steps)):
            raise ConfigError(
                f"an exclusion {x.after}-{x.before} does not lie between two of {len(funnel.steps)} steps."
            )
        if not x.everywhere and (funnel.steps[x.after - 1].optional or funnel.steps[x.before - 1].optional):
            raise ConfigError(
                f"an exclusion {x.after}-{x.before} begins or ends at an optional step; name steps that are not optional."
            )
