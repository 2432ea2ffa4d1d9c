"""How much of the past an answer depends on, and for which customers that much is not enough.

A question about units that start at or after an instant needs few events before it: those that decide where a session or
a cart begins. So a pass reads from `Past.read_from` on, and looks at each customer's first events there: most are apart
from anything earlier by a longer gap than any rule looks over. Of those who are not, `doubtful` says so, and they are read
whole. docs/adr/0012 has the argument; tests/property/test_past.py compares with a pass over everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ingest.array_types import Bools, Ints
from paths.analysis import Analysis
from paths.arrays.counting import next_at_or_after
from paths.carts.activity import Marks, find_marks
from paths.carts.episodes import CartRows
from paths.carts.rules import ADD, BEGIN_CHECKOUT, NO_ROLE, PURCHASE, VIEW, CartRules, text_at
from paths.journey_map.surveys import Survey, answers_of
from paths.journeys.journeys import Journeys
from paths.journeys.personas import PERSONA
from paths.journeys.prepare import without
from paths.journeys.scope import Scope
from sessionize.clock import DAY, day_numbers

LEADS = (3, 9, 33)
"""Days before the horizon from which customers are read of whom one day was not enough; those left then are read whole."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """What analyses together need of the time before their units start. Instants are microseconds UTC."""

    since: int  # the earliest start of a unit
    horizon: int  # no kernel looks at an earlier event, but to find where sessions and carts begin
    orders: bool = False  # rows of one order may lie any time apart
    carts: CartRules | None = None
    lead: int = 1  # days before the horizon, so that sessions can be told there
    surveys: tuple[Survey, ...] = ()  # an answer may speak of a visit any time before it

    @property
    def read_from(self) -> int:
        """A midnight (UTC)."""
        return (self.horizon // DAY - self.lead) * DAY


def past_of(analyses: Iterable[Analysis[Any]], scope: Scope) -> Past | None:
    """What they need together; None where one of them may need everything."""
    lookbacks = [analysis.lookback(scope.since) for analysis in analyses]
    known = [p for p in lookbacks if p is not None]
    if len(known) < len(lookbacks) or not known or PERSONA in scope.asked or scope.sessions.idle > DAY:
        return None
    carts = {p.carts for p in known if isinstance(p.carts, CartRules)}
    surveys = {tuple(s for s in p.surveys if isinstance(s, Survey)) for p in known if p.surveys}
    if len(carts) > 1 or len(surveys) > 1:
        return None
    return Past(
        since=min(p.since for p in known),
        horizon=min(p.horizon for p in known),
        orders=any(p.orders for p in known),
        carts=next(iter(carts), None),
        surveys=next(iter(surveys), ()),
    )


def doubtful(journeys: Journeys, past: Past) -> Ints:
    """Keys of customers of whom events before `read_from` may change what is counted; see ingest/scan/split_orders.py for the rest."""
    whole = journeys.with_excluded
    carried = carried_over(whole, past.read_from)
    wrong = carried & (whole.events.at >= past.horizon)
    if past.orders and "order_id" in whole.events.columns:
        wrong |= carried & (whole.events.text("order_id").codes >= 0)
    customers = [speakers(journeys, past)]
    if past.carts is not None:
        rows = CartRows.of(journeys, past.carts)
        moved = CartRows.of(whole, past.carts).role if journeys.whole else rows.role
        wrong |= carried & (moved != NO_ROLE) & (moved != VIEW)
        marks = find_marks(journeys, rows.role, rows.orders, past.carts)
        customers.append(running(journeys, marks, past, past.carts))
    return np.unique(np.concatenate([whole.events.keys_at(wrong), *customers]))


def carried_over(journeys: Journeys, read_from: int) -> Bools:
    """Per event: is it in a row of short gaps that may have begun before `read_from`? Its sessions may be others then."""
    rules, at = journeys.scope.sessions, journeys.events.at
    active = np.flatnonzero(~journeys.passive)
    carried = np.zeros(len(journeys), dtype=bool)
    if not len(active):
        return carried
    owner, when = journeys.customer[active], at[active]
    opens = np.append(True, owner[1:] != owner[:-1])
    apart = opens & (when - read_from >= rules.idle)
    apart[1:] |= ~opens[1:] & (when[1:] - when[:-1] > rules.idle)
    if rules.cut_at_midnight:
        days = day_numbers(when, rules.timezone)
        apart |= opens & (days > day_numbers(np.array([read_from - 1]), rules.timezone)[0])
        apart[1:] |= ~opens[1:] & (days[1:] != days[:-1])
    chain = np.cumsum(opens | apart) - 1
    first = np.flatnonzero(opens | apart)
    carried[active] = ~apart[first][chain]
    return carried


def speakers(journeys: Journeys, past: Past) -> Ints:
    """Keys of customers with an answer in the period that speaks of a visit before the horizon, or of none that was read."""
    if not past.surveys:
        return np.zeros(0, dtype=np.int64)
    answers, at = answers_of(journeys, past.surveys), journeys.events.at
    early = (answers.visit < 0) | (at[answers.visit] < past.horizon) if len(answers.visit) else np.zeros(0, dtype=bool)
    return np.unique(journeys.events.key[answers.position[early & (at[answers.position] >= past.since)]])


def running(journeys: Journeys, marks: Marks, past: Past, rules: CartRules) -> Ints:
    """Keys of customers of whom an episode seems to open in the period and may be one that was running at `read_from`."""
    if not len(marks):
        return np.zeros(0, dtype=np.int64)
    key = journeys.events.key
    lane = np.flatnonzero(np.append(True, marks.lane[1:] != marks.lane[:-1]))
    over = np.append(marks.at[1:] - marks.at[:-1] > rules.recovery, True) | (marks.role == PURCHASE)
    over[np.append(lane[1:], len(marks)) - 1] = True
    end = next_at_or_after(np.flatnonzero(over), lane)
    opening = next_at_or_after(np.flatnonzero((marks.role == ADD) | (marks.role == BEGIN_CHECKOUT)), lane)
    early = marks.at[lane] - past.read_from <= rules.recovery
    opens = (opening <= end) & (marks.at[np.minimum(opening, len(marks) - 1)] >= past.since)
    customers: Ints = key[marks.position[lane[early & opens]]]
    cart = text_at(journeys.events, "cart_id", marks.position)
    if not (cart.codes >= 0).any():
        return customers
    owner = key[marks.position]  # a purchase without a cart_id may have ended a cart that was not read
    loose = (marks.role == PURCHASE) & (cart.codes < 0) & (marks.at - past.read_from <= rules.recovery)
    goes_on = (marks.at >= past.since) & (marks.at - past.since <= rules.recovery)
    return np.concatenate([customers, np.intersect1d(owner[loose], owner[goes_on])])


def excluded_since(journeys: Journeys, since: int) -> int:
    """Excluded sessions that start at or after an instant."""
    whole = journeys.whole
    if whole is None:
        return 0
    too_many = whole.sessions.events > whole.scope.sessions.max_session_events
    return int((too_many & (whole.events.at[whole.sessions.first] >= since)).sum())


def apart(journeys: Journeys, keys: Ints) -> Journeys:
    """The journeys of all customers but these; keys: int64 customer keys."""
    whole = None if journeys.whole is None else apart(journeys.whole, keys)
    kept = without(journeys, ~journeys.events.owned_by(keys))
    return replace(kept, whole=whole, excluded_sessions=journeys.excluded_sessions)
