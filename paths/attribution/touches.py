"""Touches and conversions of a batch, and which touches belong to which conversion."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from ingest.array_types import Bools, Codes32, Ints
from ingest.scan.batches import Codes
from paths.attribution.paths import Paths
from paths.attribution.rules import COMPUTED, AttributionRules
from paths.journeys.goals import goal_values
from paths.journeys.journeys import Journeys
from sessionize.sessions import first_later


@dataclass(frozen=True)
class Touches:
    """Touches in the order of the batch, and the conversions of all its goals, whatever the period."""

    position: Ints  # of each touch, ascending
    at: Ints
    code: Codes32  # of its value in `names`, which ascend
    names: tuple[str, ...]
    direct: Bools  # per name
    goal: Ints  # position of the first row of each goal, ascending
    goal_at: Ints
    value: Ints  # minor units net of refunds, 0 where not known
    valued: Bools
    opens: Ints  # of each goal: the first touch after the customer's previous goal
    begins: Ints  # ... the customer's first touch
    ends: Ints  # ... the one behind its last touch
    between: Ints  # per touch: a number for each stretch of a customer's touches that no goal cuts

    def window(self, lookback: int, *, since_goal: bool) -> tuple[Ints, Ints]:
        """(first touch of each goal, how many it has), of those at most `lookback` microseconds before it."""
        low = self.opens if since_goal else self.begins
        some = np.flatnonzero(low < self.ends)
        first = self.ends.copy()
        begin, end = low[some], self.ends[some]
        near = self.at[end - 1] >= self.goal_at[some] - lookback
        opening = first_later(self.at, begin, end, np.minimum(self.goal_at[some] - lookback, self.at[end - 1]) - 1)
        first[some] = np.where(near, opening, end)
        return first, self.ends - first


def find_touches(journeys: Journeys, rules: AttributionRules) -> Touches:
    """All touches and goals of the batch."""
    events = journeys.events
    position = named(journeys, rules.touches) if rules.touches else journeys.sessions.first.astype(np.int64)
    code, names = ascending(values_at(journeys, rules.by, position))
    goals = goal_values(journeys, rules.goals)
    goal = goals.first
    owner = journeys.customer[goal]
    again = np.append(False, owner[1:] == owner[:-1])[: len(goal)]
    before = np.where(again, np.append(-1, goal)[: len(goal)], journeys.customer_starts[owner] - 1)
    whose, ahead = journeys.customer[position], np.searchsorted(goal, position, side="left")
    cut = (whose[1:] != whose[:-1]) | (ahead[1:] != ahead[:-1])
    return Touches(
        position=position,
        at=events.at[position],
        code=code,
        names=names,
        direct=np.array([n in rules.direct for n in names], dtype=bool),
        goal=goal,
        goal_at=events.at[goal],
        value=goals.value,
        valued=goals.known,
        opens=np.searchsorted(position, before, side="right"),
        begins=np.searchsorted(position, journeys.customer_starts[owner], side="left"),
        ends=np.searchsorted(position, goal, side="right"),
        between=np.append(0, np.cumsum(cut))[: len(position)],
    )


def named(journeys: Journeys, globs: tuple[str, ...]) -> Ints:
    """Positions of the events of which the name or the touchpoint fits one of the globs."""
    flags = np.zeros(len(journeys), dtype=bool)
    for column in (journeys.events.event, journeys.touchpoint):
        fits = [any(fnmatchcase(n, g) for g in globs) for n in column.names]
        flags |= column.lookup(np.array(fits, dtype=bool), False)
    return np.flatnonzero(flags)


def values_at(journeys: Journeys, by: str, position: Ints) -> Codes:
    """The asked value of each touch; a missing one is "(none)"."""
    if by == "touchpoint":
        return journeys.touchpoint.take(position)
    if by == "stage":
        return journeys.stage.take(position)
    return journeys.events.labels(by).take(position).shown


def ascending(column: Codes) -> tuple[Codes32, tuple[str, ...]]:
    """Codes over the names that occur, in their order."""
    there = np.zeros(len(column.names), dtype=bool)
    there[column.codes] = True
    names = sorted({column.names[i] for i in np.flatnonzero(there).tolist()})
    place = {n: i for i, n in enumerate(names)}
    table = np.array([place.get(n, 0) for n in column.names], dtype=np.int32)
    return (table[column.codes] if len(table) else column.codes.astype(np.int32)), tuple(names)


def columns_of(rules: AttributionRules) -> frozenset[str]:
    """The column that names a touch, if it is one."""
    return frozenset() if rules.by in COMPUTED else frozenset({rules.by})


def conversion_paths(touches: Touches, goals: Ints, lookback: int, *, since_goal: bool) -> Paths:
    """The touches of these goals, ages to their instant."""
    first, size = touches.window(lookback, since_goal=since_goal)
    first, size = first[goals], size[goals]
    rows = np.repeat(first - np.cumsum(size) + size, size) + np.arange(int(size.sum()))
    return Paths.of(size, touches.code[rows], np.repeat(touches.goal_at[goals], size) - touches.at[rows])


def null_paths(journeys: Journeys, touches: Touches, lookback: int) -> tuple[Paths, Bools]:
    """(the paths that start in the period and led to no goal, which of them may still do so at as_of).

    Touches that count for no conversion since the goal before, cut at goals and at gaps longer than the lookback.
    """
    first, size = touches.window(lookback, since_goal=True)
    n = len(touches.at) + 1
    edge = np.bincount(first, minlength=n) - np.bincount(first + size, minlength=n)
    rest = np.flatnonzero(np.cumsum(edge)[:-1] == 0)
    between, at = touches.between[rest], touches.at[rest]
    fresh = np.ones(len(rest), dtype=bool)
    fresh[1:] = (between[1:] != between[:-1]) | (at[1:] - at[:-1] > lookback)
    begins = np.flatnonzero(fresh)
    size = np.diff(begins, append=len(rest))
    paths = Paths.of(size, touches.code[rest], np.zeros(len(rest), dtype=np.int64))
    chosen = np.flatnonzero(journeys.selects(touches.position[rest[begins]]))
    last = at[begins + size - 1]
    still_open = journeys.scope.as_of - last <= lookback
    return paths.pick(chosen), still_open[chosen]
