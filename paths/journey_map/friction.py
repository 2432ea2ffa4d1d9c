"""Signals of friction: what a visit shows when something does not go as it should. Each signal stands on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np

from ingest.array_types import MICROSECOND, Bools, Flags, Ints
from ingest.compiled import twin
from ingest.scan.batches import Codes
from paths.arrays.counting import combined, flagged
from paths.journey_map import loops as map_loops
from paths.journeys.journeys import Journeys, coded, memoised
from paths.journeys.scope import NEVER
from paths.journeys.touchpoints import path_of
from paths.visits.visits import Visits, every_visit, visit_counts

SIGNALS = ("error", "repeat", "back_and_forth", "contact", "dwell")
REPEATS_WITHIN = timedelta(seconds=10)
CONTACT_WITHIN = timedelta(hours=24)
WITHIN = REPEATS_WITHIN // MICROSECOND
STAYS = timedelta(seconds=1) // MICROSECOND
"""So long at least is somebody somewhere who goes there and back."""
LONG = 3
"""Times the reference median of the time at a touchpoint."""


@dataclass(frozen=True, kw_only=True)
class FrictionRules:
    """Globs over events and touchpoints that are errors and support contacts; the reference median of the time at each."""

    errors: tuple[str, ...] = ()
    support: tuple[str, ...] = ()
    dwell: Mapping[str, timedelta] = field(default_factory=dict, hash=False)


@memoised()
def named(journeys: Journeys, globs: tuple[str, ...]) -> Bools:
    """Per event: does its name or its touchpoint match one of these globs?"""
    if not globs:
        return np.zeros(len(journeys), dtype=bool)
    return fitting(journeys.events.event, globs) | fitting(journeys.touchpoint, globs)


def fitting(column: Codes, globs: Sequence[str]) -> Bools:
    """Per event: does the value match one of these globs? Asked once per distinct value."""
    return coded(column, {n for n in column.names if any(fnmatchcase(n, g) for g in globs)})


class Signals(NamedTuple):
    """The visits that show any of SIGNALS."""

    row: Ints  # their events, ascending
    flags: Flags  # which each shows, as `combined`


@memoised()
def signals(journeys: Journeys, rules: FrictionRules) -> Signals:
    """Of all visits to touchpoints; a passive event is no visit.

    error: the event is an error, or the next one of the session is. repeat: one of three visits in a row at one
    touchpoint within 10 s. back_and_forth: B of A > B > A, at least 1 s there and, where both have a URL, at another path
    than A's: a page view and an event on that page are one place. contact: a support contact of the customer within 24 h. dwell:
    the time to the next event of the session is more than three times the reference median.
    """
    visits = every_visit(journeys)
    shown = {}
    if rules.errors:
        shown["error"] = errors(journeys, visits, rules)
    if rules.support:
        shown["contact"] = called(journeys, visits, rules)
    if rules.dwell:
        shown["dwell"] = long_dwell(journeys, visits, rules)
    visits_shown = with_turns(visits, shown)
    back = np.uint8(1 << SIGNALS.index("back_and_forth"))
    turned_at = np.flatnonzero(visits_shown & back)
    visits_shown[turned_at[~elsewhere(journeys, visits, turned_at)]] &= ~back
    row, flags = flagged(visits_shown)
    return Signals(visits.place(row), flags)


def _compiled_turns(visits: Visits, shown: Mapping[str, Bools]) -> Flags:
    bits = combined(shown, len(visits.node), SIGNALS)
    turns = (SIGNALS.index(name) for name in ("repeat", "back_and_forth"))
    map_loops.turns(visits.node, visits.session, visits.at, WITHIN, STAYS, bits, *turns)
    return bits


@twin(_compiled_turns)
def with_turns(visits: Visits, shown: Mapping[str, Bools]) -> Flags:
    """These signals of the visits as `combined`, and with them those that names and times alone show."""
    turned = {"repeat": repeats(visits), "back_and_forth": back_and_forth(visits)}
    return combined({**shown, **turned}, len(visits.node), SIGNALS)


def errors(journeys: Journeys, visits: Visits, rules: FrictionRules) -> Bools:
    """The event is an error, or the session's next event is one: the error happened where the customer was."""
    error = visits.pick(named(journeys, rules.errors))
    at_error = error.copy()
    at_error[:-1] |= error[1:] & ~visits.opens[1:]
    return at_error


def repeats(visits: Visits) -> Bools:
    """Every visit of three in a row at one touchpoint, first to last within 10 s."""
    repeated, node, at = np.zeros(len(visits.node), dtype=bool), visits.node, visits.at
    if len(repeated) < 3:
        return repeated
    same = node[1:] == node[:-1]
    three = np.flatnonzero(same[1:] & same[:-1] & visits.together(2))
    first = three[at[three + 2] - at[three] <= WITHIN]
    for further in range(3):
        repeated[first + further] = True
    return repeated


def back_and_forth(visits: Visits) -> Bools:
    """The visit from which the customer, after a second at least, goes straight back to where they came from."""
    turned, node, at = np.zeros(len(visits.node), dtype=bool), visits.node, visits.at
    if len(turned) >= 3:
        there = visits.together(2) & (node[2:] == node[:-2]) & (node[1:-1] != node[:-2])
        turned[1:-1] = there & (at[2:] - at[1:-1] >= STAYS)
    return turned


def elsewhere(journeys: Journeys, visits: Visits, visit: Ints) -> Bools:
    """Per visit between two others: is its URL's path another than that of the one before, and of the one behind? What has no
    URL could be anywhere."""
    if "url" not in journeys.events.columns or not len(visit):
        return np.ones(len(visit), dtype=bool)
    url = journeys.events.text("url")
    codes = url.codes.take(visits.place(np.stack([visit - 1, visit, visit + 1]).ravel()))
    different, place = np.unique(codes, return_inverse=True)
    paths = dict[str, int]()
    number = [-1 if code < 0 else paths.setdefault(path_of(url.names[code]), len(paths)) for code in different.tolist()]
    before, here, behind = np.array(number, dtype=np.int64)[place].reshape(3, -1)
    flags: Bools = (here < 0) | ((here != before) & (here != behind))
    return flags


@memoised()
def contacts(journeys: Journeys, support: tuple[str, ...]) -> Ints:
    """int64 positions, ascending, of the events that are contacts of the support."""
    return np.flatnonzero(named(journeys, support))


def called(journeys: Journeys, visits: Visits, rules: FrictionRules) -> Bools:
    """The customer contacts the support within 24 h after the visit; a contact itself has no such signal."""
    support = contacts(journeys, rules.support)
    before_call = shortly_before(journeys, support, support, CONTACT_WITHIN)
    before_call[support] = False
    return visits.pick(before_call)


def _compiled_before(journeys: Journeys, later: Ints, since: Ints, span: timedelta) -> Bools:
    return map_loops.before(journeys.customer, journeys.events.at, later, since, span // MICROSECOND)


@twin(_compiled_before, when=lambda journeys, later, since, span: len(later) > 0)
def shortly_before(journeys: Journeys, later: Ints, since: Ints, span: timedelta) -> Bools:
    """Per event: is it before `since` of the customer's first of the `later` events behind it, and at most so long before that
    one? Both ascend, and since <= later; a `since` that is no later than the `later` event before it has nothing before it."""
    if not len(later):
        return np.zeros(len(journeys), dtype=bool)
    gone_by = np.zeros(len(journeys), dtype=np.int64)
    gone_by[later] = 1
    number = np.cumsum(gone_by)
    target, limit = (np.append(rows, 0).take(number) for rows in (later, since))
    flags: Bools = (np.arange(len(journeys)) < limit) & (journeys.customer.take(target) == journeys.customer)
    return flags & (journeys.events.at.take(target) - journeys.events.at <= span // MICROSECOND)


def room(journeys: Journeys, node: Codes, rules: FrictionRules, goal: frozenset[str]) -> dict[str, Ints]:
    """By node: the visits of the selected sessions that could show each of SIGNALS, "" any at all; a goal shows none.

    A repeat needs two further visits of the session beside it; going back and forth one before and one behind; a long stay
    an end, and a reference; a contact of the support has no contact behind it.
    """
    size = len(node.names)
    goals = journeys.answers_to(goal)
    chosen, sessions = journeys.chosen, journeys.sessions

    def lacking(events: Ints) -> Ints:
        """By node: those of these events that are no goals."""
        with_room: Ints = np.bincount(node.codes.take(events[~goals.take(events)]), minlength=size)
        return with_room

    first, last, n = (values.take(chosen) for values in (sessions.first, sessions.last, sessions.events))
    there = visit_counts(journeys, node)[0] - np.bincount(node.codes.take(selected(journeys, goals)), minlength=size)
    ends = lacking(first) + lacking(last[n > 1])
    few = lacking(first[n < 3]) + lacking(last[n == 2])
    with_room = {"": there, "error": there, "repeat": there - few, "back_and_forth": there - ends, "contact": there}
    if rules.support:
        calls = selected(journeys, named(journeys, rules.support))
        with_room["contact"] = there - lacking(calls)
    if rules.dwell:
        known = coded(journeys.touchpoint, rules.dwell.keys())
        with_room["dwell"] = lacking(selected(journeys, known)) - lacking(last[known.take(last)])
    return with_room | {"dwell": with_room.get("dwell", np.zeros(size, dtype=np.int64))}


def selected(journeys: Journeys, flags: Bools) -> Ints:
    """The flagged events that lie in selected sessions, ascending."""
    rows = np.flatnonzero(flags)
    chosen: Ints = rows[np.append(journeys.selected_sessions, False)[journeys.sessions.index.take(rows)]]
    return chosen


def long_dwell(journeys: Journeys, visits: Visits, rules: FrictionRules) -> Bools:
    """Longer than three times the reference of the touchpoint; the last event of a session has no such time."""
    long = np.zeros(len(visits.node), dtype=bool)
    if not rules.dwell or len(long) < 2:
        return long
    limit = np.array(dwell_limits(journeys, rules), dtype=np.int64)[visits.node[:-1]]
    long[:-1] = ~visits.opens[1:] & (visits.at[1:] - visits.at[:-1] > limit)
    return long


def dwell_limits(journeys: Journeys, rules: FrictionRules) -> list[int]:
    """Of each touchpoint in microseconds; NEVER for one without a reference."""
    return [LONG * (rules.dwell[n] // MICROSECOND) if n in rules.dwell else NEVER for n in journeys.touchpoint.names]
