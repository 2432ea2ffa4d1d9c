"""Journeys: a batch of whole customers under a scope, with sessions, touchpoints and stages; results shared in a pass."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ClassVar, Concatenate, NamedTuple, ParamSpec, TypeVar, cast

import numpy as np
import numpy.typing as npt

from ingest.array_types import Bools, Ints
from ingest.compiled import twin
from ingest.scan.batches import Codes, EventBatch
from paths.arrays.counting import next_at_or_after, ranges
from paths.journeys.names import meanings
from paths.journeys.scope import NEVER, Scope
from sessionize.sessions import Sessions, open_until

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound=np.generic)
FEW = 8
"""So many comparisons of a column are quicker than one look-up."""
NOTHING = object()
"""Not computed yet."""
SPARSE = 4
"""Where fewer than one session in so many counts, their events are gathered before a walk."""
MANY = 8
"""One event in so many is looked for: then a count over all of them is quicker than a search for each."""


class Memo:
    """What memoised functions are given; of this process."""

    given: ClassVar[Callable[[Journeys, bool, bool], Journeys] | None] = (
        None  # for tests; None: the journeys themselves
    )


def memoised(
    *, period: bool = False, stages: bool = False, by_node: bool = False
) -> Callable[[Callable[Concatenate[Journeys, P], T]], Callable[Concatenate[Journeys, P], T]]:
    """Memoise a function of journeys (and of hashable arguments) for all analyses of a pass.

    `period` and `stages` say that it may look at those of the scope; otherwise the other views of a pass are given what was
    computed under the first. `by_node`: a column of nodes among the arguments says of which stages the result is, if of any.
    Nobody may change the result. tests/property/test_memoised.py has every function given journeys
    that refuse what it does not say it looks at (`Memo.given`).
    """

    def memoising(make: Callable[Concatenate[Journeys, P], T]) -> Callable[Concatenate[Journeys, P], T]:
        @wraps(make)
        def remembered(journeys: Journeys, /, *args: P.args, **kwargs: P.kwargs) -> T:
            under = journeys.period if period else None, journeys.scope.stages if stages else None
            key = (make, under, args, *kwargs.items())
            kept = journeys.memo.get(key, NOTHING)  # the key is hashed once: it may be a whole question
            if kept is NOTHING:
                seen = journeys if Memo.given is None else Memo.given(journeys, period, stages or by_node)
                kept = journeys.memo[key] = make(seen, *args, **kwargs)
            return cast(T, kept)

        return remembered

    return memoising


class Walk(NamedTuple):
    """Events of sessions in order, whole sessions, as loops go over them; those of sessions that do not count may be among them."""

    rows: Ints | None  # their positions in the batch; None: they are all of it
    session: npt.NDArray[np.int32]  # per event
    chosen: Bools  # per session of the batch: does it count?

    def pick(self, values: npt.NDArray[S]) -> npt.NDArray[S]:
        """Of values per event of the batch those of these events."""
        return values if self.rows is None else values.take(self.rows)


@dataclass(frozen=True, kw_only=True)
class Journeys:
    """Whole customers with their sessions, touchpoints and stages. Arrays follow the order of `events`."""

    events: EventBatch
    scope: Scope
    touchpoint: Codes
    sessions: Sessions
    excluded_sessions: int = 0
    whole: Journeys | None = None  # with the excluded sessions, where there are any
    memo: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)  # of `memoised` functions

    def __len__(self) -> int:
        return len(self.events)

    @property
    def customer_starts(self) -> Ints:
        """Position of each customer's first event."""
        return self.events.starts

    @property
    def customer(self) -> npt.NDArray[np.int32]:
        """Per event: its customer, 0, 1, ... in the order of the batch."""
        return self.events.customer

    @property
    def period(self) -> tuple[int, int]:
        """(since, until) of the scope."""
        return self.scope.since, self.scope.until

    @property
    @memoised(stages=True)
    def stage(self) -> Codes:
        """Per event: its stage, "(unmapped)" where no stage has it."""
        return self.scope.stages.name(self.events, self.touchpoint)

    @property
    @memoised()
    def open_until(self) -> Ints:
        """Per session: the last as_of at which it may still go on."""
        return open_until(self.sessions, self.events, self.scope.sessions)

    @property
    @memoised(period=True)
    def in_period(self) -> Bools:
        """Per event: since <= event_at < until."""
        return within(self.events.at, *self.period)

    @property
    @memoised()
    def in_segment(self) -> Bools:
        """Per event: do all --segment conditions hold?"""
        holds = everyone(len(self))
        for condition in self.scope.segment:
            holds = holds & condition.holds(self.events)
        return holds

    @property
    def with_excluded(self) -> Journeys:
        """The same with the excluded sessions."""
        return self.whole or self

    @property
    @memoised(period=True)
    def selected(self) -> Bools:
        """Per event: does a unit that starts at it count (period and segment)?"""
        return self.in_period & self.in_segment if self.scope.segment else self.in_period

    @property
    @memoised(period=True)
    def selected_rows(self) -> Ints | None:
        """The positions of the selected events; None: all of them are."""
        return None if self.selected.all() else np.flatnonzero(self.selected)

    def of_selected(self, values: npt.NDArray[S]) -> npt.NDArray[S]:
        """Of values per event those of the selected ones."""
        return values if self.selected_rows is None else values.take(self.selected_rows)

    def selects(self, rows: Ints) -> Bools:
        """Per row: does a unit that starts at this event count?"""
        chosen_rows = within(self.events.at.take(rows), *self.period)
        return chosen_rows & self.in_segment.take(rows) if self.scope.segment else chosen_rows

    @property
    @memoised()
    def started_at(self) -> Ints:
        """Per session: the instant of its first event."""
        return self.events.at.take(self.sessions.first)

    @property
    @memoised()
    def ended_at(self) -> Ints:
        """Per session: the instant of its last event."""
        return self.events.at.take(self.sessions.last)

    @property
    @memoised()
    def session_customer(self) -> npt.NDArray[np.int32]:
        """Per session: its customer."""
        return self.customer.take(self.sessions.first)

    @property
    @memoised(period=True)
    def walk(self) -> Walk:
        """The events of the sessions that count, others among them where that spares gathering them."""
        chosen = np.array(self.selected_sessions)  # an array of its own: loops are compiled for one kind
        if len(self.chosen) * SPARSE > len(self.sessions):
            return self.whole_walk._replace(chosen=chosen)
        start, length = self.bounds[0].take(self.chosen), self.sessions.events.take(self.chosen)
        rows, of_all = ranges(start, length), self.whole_walk.rows
        index = np.repeat(self.chosen, length).astype(np.int32)
        return Walk(rows if of_all is None else of_all.take(rows), index, chosen)

    @property
    @memoised()
    def whole_walk(self) -> Walk:
        """The events of all sessions, whatever the period."""
        index = self.sessions.index
        rows = np.flatnonzero(index >= 0) if self.passive.any() else None
        return Walk(rows, index if rows is None else index.take(rows), np.ones(len(self.sessions), dtype=bool))

    @property
    @memoised()
    def bounds(self) -> tuple[Ints, Ints]:
        """(first event, the one behind the last) of each session among the events of `whole_walk`."""
        end = np.cumsum(self.sessions.events)
        return end - self.sessions.events, end

    @property
    @memoised(period=True)
    def selected_sessions(self) -> Bools:
        """Per session: does it count?"""
        flags = within(self.started_at, *self.period)
        return flags & self.in_segment.take(self.sessions.first) if self.scope.segment else flags

    @property
    @memoised(period=True)
    def chosen(self) -> Ints:
        """The sessions that count, ascending."""
        return np.flatnonzero(self.selected_sessions)

    def sessions_with(self, flags: Bools) -> Bools:
        """Per session: does it hold a flagged event? Passive events are in none."""
        held = np.zeros(len(self.sessions) + 1, dtype=bool)
        held[self.sessions.index[np.flatnonzero(flags)]] = True
        return held[:-1]

    def answers_to(self, names: Iterable[str]) -> Bools:
        """Per event: does it carry one of these names?

        A name that a [[touchpoint]] rule gives means the touchpoint; every other name means the event; `event:x` always
        means the event; a name in quotes means what stands between them.
        """
        return self._answers_to(frozenset(names))

    @memoised()
    def _answers_to(self, wanted: frozenset[str]) -> Bools:
        events, touchpoints = meanings(wanted, self.scope.touchpoints.given)
        answers = coded(self.events.event, events)
        return answers | coded(self.touchpoint, touchpoints) if touchpoints else answers

    @property
    @memoised()
    def passive(self) -> Bools:
        """Per event: is it in no session?"""
        return self.sessions.index < 0


def everyone(n: int) -> Bools:
    """bool [n], all True, without memory for each."""
    return np.broadcast_to(np.True_, n)


def within(at: Ints, since: int, until: int) -> Bools:
    """bool per instant (int64 microseconds UTC): since <= at < until?"""
    inside = everyone(len(at))
    if since > -NEVER:
        inside = at >= since
    return inside & (at < until) if until < NEVER else inside


def coded(column: Codes, wanted: Collection[str]) -> Bools:
    """Per event: is its value one of these?"""
    chosen = [code for code, name in enumerate(column.names) if name in wanted]
    if len(chosen) > FEW:
        return column.lookup(np.array([n in wanted for n in column.names], dtype=bool), False)
    wanted_rows = np.zeros(len(column.codes), dtype=bool)
    for code in chosen:
        wanted_rows |= column.codes == code
    return wanted_rows


def _compiled_behind(later: Ints, position: Ints, n: int) -> Ints:
    return next_at_or_after(later, position + 1)


@twin(_compiled_behind)
def first_behind(later: Ints, position: Ints, n: int) -> Ints:
    """For each position of 0..n-1: the first of the ascending `later` ones behind it; NEVER where there is none."""
    if len(position) < n // MANY:
        return next_at_or_after(later, position + 1)
    flags = np.zeros(n, dtype=bool)
    flags[later] = True
    first: Ints = np.append(later, NEVER)[np.cumsum(flags)[position]]
    return first


def next_of(journeys: Journeys, later: Ints, position: Ints) -> tuple[Ints, Bools]:
    """Per position: (the customer's first of the `later` events, which ascend, behind it; is there one). 0 where there is none."""
    follows = first_behind(later, position, len(journeys))
    target = np.where(follows < len(journeys), follows, 0)
    there = (follows < len(journeys)) & (journeys.customer[target] == journeys.customer[position])
    return np.where(there, target, 0), there


def last_of(journeys: Journeys, flagged: Ints, position: Ints) -> Ints:
    """The customer's last one of some events, which ascend, before each position; -1 = none."""
    before = np.append(flagged, -1)[np.searchsorted(flagged, position) - 1]  # -1 finds the last entry: there is none
    return np.where(before >= journeys.customer_starts[journeys.customer[position]], before, -1)
