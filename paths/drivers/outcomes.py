"""What drivers are asked of: a step of a funnel, a goal from the session's start, a drop-off. Each finds its units in a batch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Protocol

import numpy as np

from ingest.array_types import Bools, Ints
from ingest.errors import ConfigError
from paths.funnels.candidates import Found, find, micro
from paths.funnels.chains import LONG
from paths.funnels.spec import FunnelSpec
from paths.journeys.journeys import Journeys
from paths.visits.session_states import HELD, states_of
from sessionize.sessions import first_later


@dataclass(frozen=True)
class Units:
    """Units whose window is over at as_of, and how many others there are. Arrays of one length; positions are of the batch."""

    at: Ints  # position of a: the event from which a unit is looked at
    hit: Bools  # did it come to b?
    until: (
        Ints  # position of b, else the one behind the last event of the window: what lies between a and it is "between"
    )
    last: Ints  # position of the last event that is of the unit: of its chain, or of its session
    unit: Ints  # number of its customer in the batch, or of its session
    steps: Ints  # how many steps it took from a on; 1 for a hit where there is one
    open_: int

    @classmethod
    def over(cls, over: Bools, at: Ints, steps: Ints, most: int, until: Ints, last: Ints, unit: Ints) -> Units:
        """Those whose window is over; a hit takes `most` steps."""
        left_out = int(np.count_nonzero(~over))
        steps = np.minimum(steps[over], most).astype(np.int64)
        return cls(at[over], steps >= most, until[over], last[over], unit[over], steps, left_out)


class Outcome(Protocol):
    """What units may come to; pure."""

    @property
    def columns(self) -> frozenset[str]:
        """What it reads beyond key, time and event."""

    @property
    def sessions(self) -> bool:
        """Are its units sessions, and not customers?"""

    @property
    def did(self) -> str:
        """What the units with a hit did, as a sentence says it."""

    def find(self, journeys: Journeys) -> Units:
        """The selected units of a batch."""


@dataclass(frozen=True, kw_only=True)
class StepTaken:
    """The units of a funnel that reached the needed step before `step` (numbered as written), or step `start`: do they take that
    step, too?

    a and b are events of the reported chain. The window of a unit ends when the funnel's does, counted from its first event, or
    those of the steps themselves, counted from a; in a session funnel no later than the session. Raises ConfigError for a step
    that has none.
    """

    funnel: FunnelSpec
    step: int
    start: int | None = None

    def __post_init__(self) -> None:
        steps = self.funnel.steps
        if self.funnel.order == "any":
            raise ConfigError(
                'drivers are asked of one step after another: order "any" has none. Ask ordered or strict.'
            )
        if not 1 <= self.step <= len(steps):
            raise ConfigError(f"there is no step {self.step}: the funnel has {len(steps)}, numbered from 1.")
        if self.step not in self.funnel.needed[1:]:
            what = "the first one, which nothing comes before" if self.step == 1 else "optional"
            raise ConfigError(f"step {self.step} is {what}: name a later step that is not optional.")
        if self.start is not None and self.start not in self.funnel.needed[: self.place]:
            raise ConfigError(f"step {self.start} is no step before step {self.step} that is not optional.")
        if not self.sessions and self.funnel.window is None and self.within is None:
            raise ConfigError("without a window nobody is known not to take the step: give the funnel a window.")

    @property
    def columns(self) -> frozenset[str]:
        """Those of the funnel."""
        return self.funnel.columns

    @property
    def sessions(self) -> bool:
        """As the funnel counts."""
        return self.funnel.count == "sessions"

    @property
    def did(self) -> str:
        """Went on, or came to a later step."""
        return "went on" if self.place - self.begin == 1 else f"came to {self.funnel.steps[self.step - 1].name}"

    @property
    def place(self) -> int:
        """Which of the needed steps it is, from 0."""
        return self.funnel.needed.index(self.step)

    @property
    def begin(self) -> int:
        """Which of the needed steps a is, from 0."""
        return self.place - 1 if self.start is None else self.funnel.needed.index(self.start)

    @property
    def within(self) -> int | None:
        """Microseconds from a in which the steps behind it must come; None where one of them may take any time."""
        numbers = self.funnel.needed[self.begin + 1 : self.place + 1]
        spans = [micro(self.funnel.steps[n - 1].within) for n in numbers]
        return None if None in spans else sum(s for s in spans if s is not None)

    @property
    def names(self) -> list[tuple[str, str]]:
        """(from, to) of each step between a and b."""
        steps = [self.funnel.steps[n - 1].name for n in self.funnel.needed[self.begin : self.place + 1]]
        return list(pairwise(steps))

    def find(self, journeys: Journeys) -> Units:
        """One unit per chain that is deep enough."""
        found, a, b = find(self.funnel, journeys), self.begin, self.place
        there = found.chains.depth > a
        chains, position = found.chains.take(there), found.position[there]
        at, hit = position[:, a], chains.depth > b
        end = self.window_end(journeys, Found(chains, position, found.optional[there], 0), at)
        over = (journeys.scope.as_of > end) & (hit | ~chains.alive)
        if self.sessions:
            closed = journeys.scope.as_of > journeys.open_until[chains.units]
            over = (closed | (journeys.scope.as_of > end)) & (hit | ~chains.alive)
            end = np.minimum(end, journeys.ended_at[chains.units])
        until = np.where(hit, position[:, b], behind(journeys, at, end))
        last = position[np.arange(len(at)), chains.depth - 1]
        return Units.over(over, at, chains.depth - a - 1, b - a, until, last, chains.units)

    def window_end(self, journeys: Journeys, found: Found, at: Ints) -> Ints:
        """Per chain: the last instant at which the step may be taken."""
        window, within = micro(self.funnel.window), self.within
        when, end = journeys.events.at, np.full(len(at), LONG, dtype=np.int64)
        if window is not None:
            end = np.minimum(end, when[found.position[:, 0]] + window)
        return end if within is None else np.minimum(end, when[at] + within)


@dataclass(frozen=True, kw_only=True)
class GoalReached:
    """The selected sessions: do they hold a goal? a is a session's first event, b its first goal; its window is the session."""

    goal: frozenset[str]
    columns: ClassVar[frozenset[str]] = frozenset()
    sessions: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.goal:
            raise ConfigError("drivers of a goal need one: name it with --goal, or set [project] goal.")

    @property
    def did(self) -> str:
        """Reached the goal."""
        return "reached the goal"

    def find(self, journeys: Journeys) -> Units:
        """One unit per session."""
        chosen, sessions = journeys.chosen, journeys.sessions
        goals = np.flatnonzero(journeys.answers_to(self.goal))
        inside = goals[sessions.index[goals] >= 0][::-1]  # backwards: a session's first goal is written last
        first = np.full(len(sessions), -1, dtype=np.int64)
        first[sessions.index[inside]] = inside
        first = first[chosen]
        opens = sessions.first[chosen]
        until = np.where(first >= 0, first, behind(journeys, opens, journeys.ended_at[chosen]))
        over = journeys.scope.as_of > journeys.open_until[chosen]
        return Units.over(over, opens, (first >= 0).astype(np.int64), 1, until, sessions.last[chosen], chosen)


@dataclass(frozen=True, kw_only=True)
class DroppedOff:
    """The selected sessions that visit a touchpoint: do they end there without a goal? a is the first visit; its window is the
    session, to its end for all."""

    touchpoint: str
    goal: frozenset[str] = frozenset()
    columns: ClassVar[frozenset[str]] = frozenset()
    sessions: ClassVar[bool] = True

    @property
    def did(self) -> str:
        """Dropped off."""
        return "dropped off"

    def find(self, journeys: Journeys) -> Units:
        """One unit per session that visits it."""
        sessions, node = journeys.sessions, journeys.touchpoint
        here = node.lookup(np.array([n == self.touchpoint for n in node.names], dtype=bool), False)
        visit = np.flatnonzero(here & ~journeys.passive)
        session = sessions.index[visit]
        first = np.append(True, session[1:] != session[:-1])[: len(visit)]
        visit, session = visit[first], session[first].astype(np.int64)
        chosen = journeys.selected_sessions[session]
        visit, session = visit[chosen], session[chosen]
        holds = states_of(journeys, self.goal, 0).fate[session] == HELD
        over = journeys.scope.as_of > journeys.open_until[session]
        last = sessions.last[session]
        return Units.over(over, visit, (here[last] & ~holds).astype(np.int64), 1, last + 1, last, session)


def behind(journeys: Journeys, position: Ints, limit: Ints) -> Ints:
    """For each event the position behind the customer's last event at or before `limit`, an instant no earlier than its own."""
    at, owner = journeys.events.at, journeys.customer[position]
    ends = np.append(journeys.customer_starts[1:], len(at))[owner]
    last = at[ends - 1]
    return np.where(last <= limit, ends, first_later(at, position, ends, np.minimum(limit, last - 1)))
