"""What visits show: signals of friction, and answers that speak of them. Few visits show anything, so only those are counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ingest.batches import Codes
from ingest.compiled import worth
from paths import loops
from paths.analysis import Journeys, found_once
from paths.counting import Flags, combined, first_rows, next_at_or_after, units_at
from paths.friction import SIGNALS, FrictionRules, named, signals
from paths.reached import ByBits, before_goal
from paths.sentiment import Survey, answers_of
from paths.states import states_of

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

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


@found_once()
def signs_of(journeys: Journeys, rules: FrictionRules, goal: frozenset[str], surveys: tuple[Survey, ...]) -> Signs:
    """Of the visits to touchpoints."""
    repeat, contact = (np.uint8(1 << SIGNS.index(name)) for name in ("repeat", "contact"))
    reached = journeys.answers_to(goal)
    answers = answers_of(journeys, surveys)
    low = answers.feeling < 0
    felt = spoken_of(journeys, answers.visit[low])
    # an answer that names no touchpoint speaks of the last visit, behind which there is less to come
    weighed = spoken_of(journeys, answers.visit[low & answers.names_one])
    row, shown = signals(journeys, rules)
    if low.any():
        flags = np.zeros(len(journeys), dtype=np.uint8)
        flags[row] = shown
        row = np.flatnonzero((flags > 0) | felt)
        shown = flags.take(row)
    done = reached.take(row)
    shown = np.where(done, shown & ~repeat, shown)  # the rows of an order are no clicks in anger
    goals, support = (np.flatnonzero(f) for f in (reached, named(journeys, rules.support)))
    failing = shown.copy()  # a contact after the goal is none that it failed by
    called = np.flatnonzero(shown & contact)
    behind = row.take(called) + 1
    failing[called[next_at_or_after(goals, behind) < next_at_or_after(support, behind)]] &= ~contact
    shown |= combined({ROUGH: shown > 0, FEELING: felt.take(row)}, len(row), SIGNS)
    failing |= combined({FEELING: weighed.take(row)}, len(row), SIGNS)
    bad = combined({BAD: (failing > 0) | felt.take(row)}, len(row), SIGNS)
    return Signs(row=row, shown=shown, decisive=failing | bad)


def spoken_of(journeys: Journeys, visit: Ints) -> Bools:
    """Per event: is it one of these; -1 is none."""
    found = np.zeros(len(journeys) + 1, dtype=bool)
    found[visit] = True
    return found[:-1]


class SignCounts(NamedTuple):
    """[cell, sign]."""

    visits: Ints  # that show it
    customers: Ints  # who have one
    closed: Ints  # sessions with it at the cell, decisive, their return_window over ...
    with_goal: Ints  # ... and a goal follows their first visit to the cell


def counted(journeys: Journeys, signs: Signs, cell: Codes, goal: frozenset[str], return_window: int) -> SignCounts:
    """Of the selected sessions."""
    closed, goes = states_of(journeys, goal, return_window).closed, before_goal(journeys, cell, goal, return_window)
    size, code, index, customer = len(cell.names), cell.codes, journeys.sessions.index, journeys.customer
    counts = np.zeros((4, size, len(SIGNS)), dtype=np.int64)
    if worth() and isinstance(goes, ByBits):
        there = np.bitwise_or.reduce(signs.shown | signs.decisive)
        rough = SIGNS.index(ROUGH)  # is counted, but neither by customers nor by sessions
        asked = np.flatnonzero(there >> np.arange(rough) & 1)
        chosen = journeys.walk.chosen
        found, shows = loops.signs(*signs, code, index, customer, chosen, closed, goes.words, size, asked, rough)
        counts[:, :, asked], counts[0, :, rough] = np.moveaxis(found, 2, 0), shows
        return SignCounts(*counts)
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
