"""Who is behind a number: each selection finds the units that one cell of an answer counts, with the answer's own kernels."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Protocol

import numpy as np

from ingest.array_types import MICROSECOND, Bools, Ints
from ingest.errors import ConfigError
from ingest.scan.batches import Codes
from paths.funnels.candidates import Found, find
from paths.funnels.funnel import Funnel
from paths.journeys.goals import GoalRules
from paths.journeys.journeys import Journeys
from paths.visits.session_states import LOST, RETURNED, states_of
from paths.visits.visits import END, START, inner_edges, visits_at

AT_STEP = ("dropped", "in_progress", "converted")
ENDED = ("lost", "returned")


@dataclass(frozen=True)
class Chosen:
    """The units found in a batch; arrays of one length."""

    first: Ints  # position of the first event that counts
    last: Ints  # and of the last one
    events: Ints  # of the session, else of the customer
    session: Ints | None = None  # where sessions are counted


class Selection(Protocol):
    """Finds units; pure."""

    @property
    def columns(self) -> frozenset[str]:
        """What it reads beyond key, time and event."""

    @property
    def whole(self) -> bool:
        """Does it count events of excluded sessions too?"""

    @property
    def sessions(self) -> bool:
        """Are its units sessions, and not customers?"""

    def choose(self, journeys: Journeys) -> Chosen:
        """The units of a batch."""


@dataclass(frozen=True, kw_only=True)
class AtStep:
    """The units that a funnel's row counts as dropped, in_progress or converted (reached); steps are numbered as written."""

    funnel: Funnel
    step: int
    state: str = "converted"
    whole: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.state not in AT_STEP:
            raise ConfigError(f'units are {", ".join(AT_STEP)} at a step, not "{self.state}".')
        steps = len(self.funnel.steps)
        if not 1 <= self.step <= steps:
            raise ConfigError(f"there is no step {self.step}: the funnel has {steps}, numbered from 1.")
        if self.step not in self.funnel.needed and self.state != "converted":
            raise ConfigError(f"step {self.step} is optional: nobody is {self.state} there; ask for converted.")

    @property
    def columns(self) -> frozenset[str]:
        """Those of the funnel."""
        return self.funnel.columns

    @property
    def sessions(self) -> bool:
        """As the funnel counts."""
        return self.funnel.count == "sessions"

    def choose(self, journeys: Journeys) -> Chosen:
        """First and last event of the reported chains."""
        chains = find(self.funnel, journeys)
        mine = self.counted(chains)
        position, depth = chains.position[mine], chains.chains.depth[mine]
        first, last = position[:, 0], position[np.arange(len(depth)), depth - 1]
        if self.sessions:
            return of_sessions(journeys, chains.chains.units[mine], first, last)
        return Chosen(first, last, customer_events(journeys)[chains.chains.units[mine]])

    def counted(self, found: Found) -> Bools:
        """bool per chain: is it in this cell of the funnel's table?"""
        needed = self.funnel.needed
        if self.step not in needed:
            optional = [i for i in range(1, len(self.funnel.steps) + 1) if i not in needed]
            return found.optional[:, optional.index(self.step)]
        place = needed.index(self.step) + 1
        there: Bools = found.chains.depth >= place
        if self.state == "converted":
            return there
        alive = found.chains.alive if self.state == "in_progress" else ~found.chains.alive
        stand: Bools = alive & (found.chains.depth == place) & (place < len(needed))  # nobody stands at the last step
        return stand


@dataclass(frozen=True, kw_only=True)
class OnEdge:
    """The selected sessions that go from one node to another at least once; START and END are nodes, too."""

    source: str
    target: str
    by_stage: bool = False
    collapse_repeats: bool = False
    columns: ClassVar[frozenset[str]] = frozenset()
    whole: ClassVar[bool] = False
    sessions: ClassVar[bool] = True

    def choose(self, journeys: Journeys) -> Chosen:
        """The sessions, whole."""
        node = journeys.stage if self.by_stage else journeys.touchpoint
        visits = visits_at(journeys, self.collapse_repeats, self.by_stage)
        from_, to = named(node, self.source), named(node, self.target)
        source, target, session = inner_edges(visits)
        hits = [session[from_[source] & to[target]]]
        if self.source == START:
            hits.append(visits.session[visits.opens & to[visits.node]])
        if self.target == END:
            hits.append(visits.session[visits.closes & from_[visits.node]])
        return of_sessions(journeys, np.unique(np.concatenate(hits)).astype(np.int64))


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The selected sessions that end at a node without a goal, and were lost or returned."""

    node: str
    state: str = "lost"
    by_stage: bool = False
    rules: GoalRules = field(default_factory=GoalRules)
    return_window: timedelta = timedelta(days=7)
    columns: ClassVar[frozenset[str]] = frozenset()
    whole: ClassVar[bool] = False
    sessions: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.state not in ENDED:
            raise ConfigError(f'sessions are {" or ".join(ENDED)} at a node, not "{self.state}".')
        if not self.rules.goal:
            raise ConfigError(f"without a goal no session is {self.state}: set [project] goal.")

    def choose(self, journeys: Journeys) -> Chosen:
        """The sessions, whole."""
        node = journeys.stage if self.by_stage else journeys.touchpoint
        states = states_of(journeys, self.rules.goal, self.return_window // MICROSECOND)
        fate = states.fate == (LOST if self.state == "lost" else RETURNED)
        here = named(node, self.node)[node.codes[journeys.sessions.last]]
        return of_sessions(journeys, np.flatnonzero(journeys.selected_sessions & fate & here))


@dataclass(frozen=True, kw_only=True)
class Everyone:
    """The customers with an event in the period and the segment: those that `summary` counts."""

    columns: ClassVar[frozenset[str]] = frozenset()
    whole: ClassVar[bool] = True
    sessions: ClassVar[bool] = False

    def choose(self, journeys: Journeys) -> Chosen:
        """First and last of the customer's selected events, and how many they are."""
        position = np.flatnonzero(journeys.selected)
        customer = journeys.customer[position]
        first = np.flatnonzero(np.append(True, customer[1:] != customer[:-1])[: len(position)])
        counts = np.diff(np.append(first, len(position)))
        return Chosen(position[first], position[first + counts - 1], counts)


def named(node: Codes, name: str) -> Bools:
    """bool per node code: is it the node of that name?"""
    return np.array([n == name for n in node.names], dtype=bool)


def of_sessions(journeys: Journeys, session: Ints, first: Ints | None = None, last: Ints | None = None) -> Chosen:
    """Sessions, from their first to their last event where nothing else is said."""
    sessions = journeys.sessions
    return Chosen(
        sessions.first[session] if first is None else first,
        sessions.last[session] if last is None else last,
        sessions.events[session],
        session,
    )


def customer_events(journeys: Journeys) -> Ints:
    """int64 [customers]: how many events each customer of the batch has."""
    return np.diff(np.append(journeys.customer_starts, len(journeys)))
