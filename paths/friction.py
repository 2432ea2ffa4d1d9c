"""Signals of friction: what a visit shows when something does not go as it should. Each signal stands on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt

from ingest.batches import Codes
from paths.analysis import Journeys, next_of

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
MICROSECOND = timedelta(microseconds=1)

SIGNALS = ("error", "repeat", "back_and_forth", "contact", "dwell")
REPEATS_WITHIN = timedelta(seconds=10)
CONTACT_WITHIN = timedelta(hours=24)
LONG = 3
"""Times the reference median of the time at a touchpoint."""


@dataclass(frozen=True, kw_only=True)
class FrictionRules:
    """Globs over events and touchpoints that are errors and support contacts; the reference median of the time at each."""

    errors: tuple[str, ...] = ()
    support: tuple[str, ...] = ()
    dwell: Mapping[str, timedelta] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The visits of some sessions in order: position of each, its session, and node code of its touchpoint."""

    position: Ints
    session: npt.NDArray[np.int32]
    node: Ints

    def same(self, distance: int) -> Bools:
        """Per visit but the last `distance`: is the visit so far behind it in the same session?"""
        found: Bools = self.session[distance:] == self.session[:-distance]
        return found


def named(journeys: Journeys, globs: Sequence[str]) -> Bools:
    """Per event: does its name or its touchpoint match one of these globs?"""
    if not globs:
        return np.zeros(len(journeys), dtype=bool)
    return fitting(journeys.events.event, globs) | fitting(journeys.touchpoint, globs)


def fitting(column: Codes, globs: Sequence[str]) -> Bools:
    """Per event: does the value match one of these globs? Asked once per distinct value."""
    return column.lookup(np.array([any(fnmatchcase(n, g) for g in globs) for n in column.names], dtype=bool), False)


def signals(journeys: Journeys, steps: Steps, rules: FrictionRules) -> dict[str, Bools]:
    """Signal -> bool per visit.

    error: the event is an error, or the next one of the session is. repeat: one of three visits in a row at one
    touchpoint within 10 s. back_and_forth: B of A > B > A. contact: a support contact of the customer within 24 h. dwell:
    the time to the next event of the session is more than three times the reference median.
    """
    at = journeys.events.at[steps.position]
    return {
        "error": errors(journeys, steps, rules),
        "repeat": repeats(steps, at),
        "back_and_forth": back_and_forth(steps),
        "contact": contacts(journeys, steps, rules),
        "dwell": long_dwell(journeys, steps, at, rules),
    }


def errors(journeys: Journeys, steps: Steps, rules: FrictionRules) -> Bools:
    """The event is an error, or the session's next event is one: the error happened where the customer was."""
    error = named(journeys, rules.errors)[steps.position]
    found = error.copy()
    found[:-1] |= error[1:] & steps.same(1)
    return found


def repeats(steps: Steps, at: Ints) -> Bools:
    """Every visit of three in a row at one touchpoint, first to last within 10 s."""
    found = np.zeros(len(steps.node), dtype=bool)
    if len(found) < 3:
        return found
    same = steps.same(2) & (steps.node[2:] == steps.node[:-2]) & (steps.node[1:-1] == steps.node[:-2])
    first = np.flatnonzero(same & (at[2:] - at[:-2] <= REPEATS_WITHIN // MICROSECOND))
    for further in range(3):
        found[first + further] = True
    return found


def back_and_forth(steps: Steps) -> Bools:
    """The visit from which the customer goes straight back to where they came from."""
    found = np.zeros(len(steps.node), dtype=bool)
    if len(found) >= 3:
        found[1:-1] = steps.same(2) & (steps.node[2:] == steps.node[:-2]) & (steps.node[1:-1] != steps.node[:-2])
    return found


def contacts(journeys: Journeys, steps: Steps, rules: FrictionRules) -> Bools:
    """The customer contacts the support within 24 h after the visit; a contact itself has no such signal."""
    support = named(journeys, rules.support)
    return ~support[steps.position] & within(
        journeys, np.flatnonzero(support), steps.position, CONTACT_WITHIN // MICROSECOND
    )


def within(journeys: Journeys, later: Ints, position: Ints, span: int) -> Bools:
    """Per position: does the customer have one of the `later` events (ascending) behind it, at most so long after?"""
    target, there = next_of(journeys, later, position)
    found: Bools = there & (journeys.events.at[target] - journeys.events.at[position] <= span)
    return found


def long_dwell(journeys: Journeys, steps: Steps, at: Ints, rules: FrictionRules) -> Bools:
    """Longer than three times the reference of the touchpoint; the last event of a session has no such time."""
    found = np.zeros(len(steps.node), dtype=bool)
    if not rules.dwell or len(found) < 2:
        return found
    limits = [LONG * (rules.dwell[n] // MICROSECOND) if n in rules.dwell else -1 for n in journeys.touchpoint.names]
    limit = np.array([*limits, -1], dtype=np.int64)[journeys.touchpoint.codes[steps.position]][:-1]
    found[:-1] = steps.same(1) & (limit >= 0) & (at[1:] - at[:-1] > limit)
    return found
