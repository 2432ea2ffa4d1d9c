"""RetentionRules: what a cohort is, what a return is, and how time is cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from ingest.array_types import Ints
from ingest.errors import ConfigError, did_you_mean
from paths.journeys.goals import VALUE_COLUMNS, GoalRules
from paths.retention.calendar import ROLLING_DAYS, UNITS, Unit, periods_at
from sessionize.clock import DAY

Mode = Literal["on", "on_or_after"]
Start = Literal["first", "goal"]
MODES: tuple[str, ...] = get_args(Mode)
STARTS: tuple[str, ...] = get_args(Start)
MOST = 1_000
"""Periods after the first, where nobody says how many."""


@dataclass(frozen=True, kw_only=True)
class RetentionRules:
    """Checks itself; raises ConfigError.

    A cohort is the customers whose start lies in one `unit` of the calendar. Their periods are units of the calendar, or, if
    `rolling`, of 24 hours, 7 days or 30 days from each customer's own start; with `brackets` they are day 0 and then so many
    days each, of the calendar or rolling.
    """

    unit: Unit = "week"
    mode: Mode = "on"
    rolling: bool = False
    brackets: tuple[int, ...] = ()  # days of each bracket after day 0: (1, 3, 7) are the days 1, 2-4, 5-11
    start: Start = "first"  # the first non-passive event, or the first goal
    returns: frozenset[str] = frozenset()  # names; none: any non-passive event
    goal: GoalRules = field(default_factory=GoalRules)
    breakdown: str | None = None  # a column, at the start
    value: bool = False
    periods: int | None = None  # so many periods after the first

    def __post_init__(self) -> None:
        for word, value, known in (("by", self.unit, UNITS), ("mode", self.mode, MODES), ("from", self.start, STARTS)):
            if value not in known:
                near = did_you_mean(str(value), known)
                raise ConfigError(f'retention: {word} is {" or ".join(known)}, not "{value}".{near}')
        if any(days < 1 for days in self.brackets):
            raise ConfigError(
                f"retention: brackets are lengths in days, each at least 1, not {','.join(map(str, self.brackets))}."
            )
        if self.periods is not None and self.periods < 1:
            raise ConfigError(f"retention: periods is a number of at least 1, not {self.periods}.")
        if self.brackets and self.periods is not None:
            raise ConfigError("retention: brackets say how many periods there are; leave out periods.")
        if self.start == "goal" and not self.goal.goal:
            raise ConfigError("retention from the first goal needs a goal: name one, or set [project] goal.")
        if self.value and not self.goal.goal:
            raise ConfigError("retention with a value needs a goal: name one, or set [project] goal.")

    @property
    def columns(self) -> frozenset[str]:
        """What it reads from the store beyond key, time and event."""
        asked = frozenset[str]() if self.breakdown is None else frozenset({self.breakdown})
        return (asked - {"event"}) | (VALUE_COLUMNS if self.value else frozenset())

    @property
    def last(self) -> int:
        """The number of the last period that is shown; 0 is the cohort's own."""
        return len(self.brackets) or self.periods or MOST

    @property
    def bracket_ends(self) -> Ints:
        """The first day behind day 0 and behind each bracket."""
        return np.cumsum((1, *self.brackets))

    def index(self, at: Ints, start_at: Ints, timezone: str) -> Ints:
        """The number of the period in which each instant lies that a customer who started at `start_at` is in, 0, 1, ...

        Instants are microseconds UTC, at or after the start. Behind the last one that is shown all are `last + 1`.
        """
        unit: Unit = "day" if self.brackets else self.unit
        if self.rolling:
            period = (at - start_at) // (ROLLING_DAYS[unit] * DAY)
        else:
            period = periods_at(at, unit, timezone) - periods_at(start_at, unit, timezone)
        if self.brackets:
            return np.searchsorted(self.bracket_ends, period, side="right").astype(np.int64)
        shown: Ints = np.minimum(period, self.last + 1)
        return shown

    def names(self) -> list[str]:
        """What the periods 0, 1, ..., last are called: week 0, or days 2-4."""
        if not self.brackets:
            return [f"{self.unit} {k}" for k in range(self.last + 1)]
        first = [0, *self.bracket_ends.tolist()][:-1]
        last = [end - 1 for end in self.bracket_ends.tolist()]
        return [f"day {a}" if a == b else f"days {a}-{b}" for a, b in zip(first, last, strict=True)]
