"""What becomes of each session: does it hold a goal, does one follow, may one still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingest.array_types import Bools, Ints
from ingest.compiled import twin
from paths.journeys.journeys import Journeys, memoised, next_of
from paths.visits import loops

HELD, RETURNED, LOST, IN_PROGRESS = range(4)
"""What becomes of a session: it holds a goal; one comes within return_window of its end; none did; one still may."""


@memoised()
def states_of(journeys: Journeys, goal: frozenset[str], return_window: int) -> SessionStates:
    """The states of the sessions."""
    return SessionStates.of(journeys, journeys.answers_to(goal), return_window)


@memoised(period=True)
def closed_sessions(journeys: Journeys, goal: frozenset[str], return_window: int) -> Ints:
    """int64 positions of the selected sessions whose return_window (microseconds) is over at as_of."""
    return journeys.chosen[states_of(journeys, goal, return_window).closed.take(journeys.chosen)]


@dataclass(frozen=True, kw_only=True)
class SessionStates:
    """Per session, but `goal` per event."""

    goal: Bools
    holds: Bools
    last_goal: Ints  # position of the last goal in the session, -1 = none
    next_goal: Ints  # position of the customer's next goal after it, 0 = none
    comes_back: Bools  # that goal lies within return_window of the session's end
    closed: Bools  # return_window is over at as_of
    fate: npt.NDArray[np.uint8]  # HELD, RETURNED, LOST or IN_PROGRESS

    @classmethod
    def of(cls, journeys: Journeys, goal: Bools, return_window: int) -> SessionStates:
        """From the goal events and the end of each session."""
        positions = np.flatnonzero(goal)
        last_goal, next_goal, comes_back, closed = around_goals(journeys, positions, return_window)
        holds = last_goal >= 0
        without = np.where(comes_back, RETURNED, np.where(closed, LOST, IN_PROGRESS))
        return cls(
            goal=goal,
            holds=holds,
            last_goal=last_goal,
            next_goal=next_goal,
            comes_back=comes_back,
            closed=closed,
            fate=np.where(holds, HELD, without).astype(np.uint8),
        )


Found = tuple[Ints, Ints, Bools, Bools]
"""(last_goal, next_goal, comes_back, closed)."""


def _compiled_around(journeys: Journeys, goals: Ints, return_window: int) -> Found:
    sessions, events = journeys.sessions, journeys.events
    ends = sessions.last, journeys.session_customer, journeys.ended_at
    return loops.states(goals, sessions.index, events.customer, events.at, *ends, return_window, journeys.scope.as_of)


@twin(_compiled_around)
def around_goals(journeys: Journeys, goals: Ints, return_window: int) -> Found:
    """`Found` of every session; goals: int64 positions of the goal events, ascending; return_window: microseconds."""
    sessions, at, end = journeys.sessions, journeys.events.at, journeys.ended_at
    last_goal = np.full(len(sessions), -1, dtype=np.int64)
    inside = goals[sessions.index[goals] >= 0]  # a name of the goal may be a passive event's
    last_goal[sessions.index[inside]] = inside
    target, there = next_of(journeys, goals, sessions.last)
    return last_goal, target, there & (at[target] - end <= return_window), journeys.scope.as_of > end + return_window
