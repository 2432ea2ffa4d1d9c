"""What visits show: signals of friction, and answers that speak of them. Few visits show anything, so only those are counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ingest.array_types import Bools, Flags, Ints
from ingest.compiled import twin
from ingest.scan.batches import Codes
from paths.arrays.counting import first_rows, units_at
from paths.journey_map import loops
from paths.journey_map.friction import CONTACT_WITHIN, SIGNALS, FrictionRules, contacts, shortly_before, signals
from paths.journey_map.surveys import Survey, answers_of
from paths.journeys.journeys import Journeys, memoised
from paths.visits.reach import ByBits, Reached, before_goal
from paths.visits.session_states import states_of

FEELING, BAD = "feeling", "bad"
ROUGH = "rough"
SIGNS = (*SIGNALS, FEELING, BAD, ROUGH)
"""Flags of a visit: its signals; an answer below 0 speaks of it; any of these that a goal may have failed by; any signal."""


class Signs(NamedTuple):
    """The visits with any of SIGNS, whatever the period."""

    row: Ints  # their events, ascending
    shown: Flags  # what each shows, as `combined` ...
    decisive: Flags  # ... and what of it a goal may have failed by

    def of(self, journeys: Journeys) -> Signs:
        """Those of the selected sessions."""
        index = journeys.sessions.index.take(self.row)
        kept = np.flatnonzero(np.append(journeys.selected_sessions, False)[index])
        return Signs(self.row.take(kept), self.shown.take(kept), self.decisive.take(kept))


@memoised()
def signs_of(journeys: Journeys, rules: FrictionRules, goal: frozenset[str], surveys: tuple[Survey, ...]) -> Signs:
    """Of the visits to touchpoints."""
    reached = journeys.answers_to(goal)
    answers = answers_of(journeys, surveys)
    low = answers.feeling < 0
    row, shown = signals(journeys, rules)
    felt = weighed = np.zeros(len(row), dtype=bool)
    if low.any():
        flags = np.zeros(len(journeys), dtype=np.uint8)
        flags[row] = shown
        spoken = spoken_of(journeys, answers.visit[low])
        row = np.flatnonzero((flags > 0) | spoken)
        shown, felt = flags.take(row), spoken.take(row)
        # an answer that names no touchpoint speaks of the last visit, behind which there is less to come
        weighed = spoken_of(journeys, answers.visit[low & answers.names_one]).take(row)
    goals = np.flatnonzero(reached)
    shown = taken_off(SIGNALS, shown, row, goals)  # a goal has no friction
    failing = taken_off(["contact"], shown, row, past_goal(journeys, rules, goals)) | marked(FEELING, weighed)
    return Signs(
        row=row,
        shown=shown | marked(ROUGH, shown > 0) | marked(FEELING, felt),
        decisive=failing | marked(BAD, (failing > 0) | felt),
    )


def past_goal(journeys: Journeys, rules: FrictionRules, goals: Ints) -> Ints:
    """The events of which the contact that follows comes after the goal: it is none that they failed by."""
    support = contacts(journeys, rules.support)
    goal = np.append(goals, -1).take(np.searchsorted(goals, support) - 1)  # the last one before it
    return np.flatnonzero(shortly_before(journeys, support, goal, CONTACT_WITHIN))


def taken_off(signs: Sequence[str], flags: Flags, row: Ints, some: Ints) -> Flags:
    """The flags of the rows, but not these signs at some of them; both ascend."""
    found, place = flags.copy(), np.searchsorted(row, some)
    there = place[np.append(row, -1).take(place) == some]
    found[there] &= ~np.bitwise_or.reduce([flag(sign) for sign in signs])
    return found


def flag(sign: str) -> np.uint8:
    """The bit of a sign."""
    return np.uint8(1 << SIGNS.index(sign))


def marked(sign: str, there: Bools) -> Flags:
    """Per row: the bit of the sign where it is there."""
    return there.view(np.uint8) * flag(sign)


def spoken_of(journeys: Journeys, visit: Ints) -> Bools:
    """Per event: is it one of these; -1 is none."""
    spoken = np.zeros(len(journeys) + 1, dtype=bool)
    spoken[visit] = True
    return spoken[:-1]


class SignCounts(NamedTuple):
    """[cell, sign]."""

    visits: Ints  # that show it
    customers: Ints  # who have one
    closed: Ints  # sessions with it at the cell, decisive, their return_window over ...
    with_goal: Ints  # ... and a goal follows their first visit to the cell


def counted(journeys: Journeys, signs: Signs, cell: Codes, goal: frozenset[str], return_window: int) -> SignCounts:
    """Of the selected sessions."""
    closed, goes = states_of(journeys, goal, return_window).closed, before_goal(journeys, cell, goal, return_window)
    return counted_among(journeys, signs, cell, closed, goes)


def _compiled_counts(journeys: Journeys, signs: Signs, cell: Codes, closed: Bools, goes: Reached) -> SignCounts | None:
    if not isinstance(goes, ByBits):
        return None
    size, index, customer, chosen = len(cell.names), journeys.sessions.index, journeys.customer, journeys.walk.chosen
    asked = np.flatnonzero(np.bitwise_or.reduce(signs.shown | signs.decisive) >> np.arange(len(SIGNS)) & 1)
    bits = 1 << np.arange(len(asked))
    close = ((np.arange(256)[:, None] >> asked & 1) @ bits).astype(np.uint8)
    tallies, sessions = loops.signs(
        *signs, close, size, 1 << len(asked), cell.codes, index, customer, chosen, closed, goes.words
    )
    together = np.stack([*tallies, sessions[:, 1].sum(axis=1), sessions[:, 1, 1]])
    counts = np.zeros((4, size, len(SIGNS)), dtype=np.int64)
    counts[..., asked] = together @ (np.arange(1 << len(asked))[:, None] & bits > 0)
    counts[1, :, SIGNS.index(ROUGH)] = 0
    return SignCounts(*counts)


@twin(_compiled_counts)
def counted_among(journeys: Journeys, signs: Signs, cell: Codes, closed: Bools, goes: Reached) -> SignCounts:
    """As counted; `closed`: per session; `goes`: the cells whose first visit a goal follows."""
    size, code, index, customer = len(cell.names), cell.codes, journeys.sessions.index, journeys.customer
    counts = np.zeros((4, size, len(SIGNS)), dtype=np.int64)
    row, shown, decisive = signs.of(journeys)
    for sign, there in by_sign(shown):
        rows = row.take(there)
        counts[0, :, sign] = np.bincount(code.take(rows), minlength=size)
        if sign != SIGNS.index(ROUGH):
            counts[1, :, sign] = units_at(customer.take(rows), code.take(rows), size)
    for sign, there in by_sign(decisive):
        rows = row.take(there)
        rows = rows[closed.take(index.take(rows))]
        rows = rows.take(first_rows(index.take(rows), code.take(rows), size))
        hit = goes.holds(index.take(rows), code.take(rows))
        counts[2, :, sign] = np.bincount(code.take(rows), minlength=size)
        counts[3, :, sign] = np.bincount(code.take(rows[hit]), minlength=size)
    return SignCounts(*counts)


def by_sign(flags: Flags) -> Iterator[tuple[int, Ints]]:
    """(number, rows) of each of SIGNS that any row has."""
    there = np.bitwise_or.reduce(flags)
    for sign in range(len(SIGNS)):
        if there >> sign & 1:
            yield sign, np.flatnonzero(flags >> sign & 1)
