"""Journeys: when they begin, and the walk that all of them take together, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from ingest.array_types import Bools, Floats, Ints
from pipeline.demo_shop.calendar import (
    DAY,
    DAYS,
    HOUR,
    LONGEST_DAYS,
    WARM_UP_DAYS,
    day_of,
    midnight,
    random_days,
    time_on,
)
from pipeline.demo_shop.chain import END, GAPS, INDEX, NAMES, STATES, VISITS
from pipeline.demo_shop.customers import PERSONAS, Customers
from pipeline.demo_shop.draws import Draws, pick
from pipeline.demo_shop.truths import CAMPAIGNS, Ladder, Moments, Truth

MISSIONS = 10.0  # journeys that an average customer begins in the period, newsletters apart
ENTRIES = ("w_ad", "w_home", "a_home", "s_visit")
MAILED = 0.3  # share of the subscribers that one week's newsletter goes to
MAIL_DAY, MAIL_HOUR = 1, 10  # Tuesday
STEPS = 64  # at most, of one journey
SOONEST = HOUR // 2  # a visit begins at least that long after the last event


class Journeys(NamedTuple):
    """Arrays with one row per journey, in the order of their beginning."""

    customer: Ints
    begins: Ints
    entry: Ints  # state
    campaign: Ints  # position in CAMPAIGNS, -1 without
    number: Ints  # names it in draws: the same whatever is planted


class Steps(NamedTuple):
    """Arrays with one row per event, journey by journey and in the order of its events."""

    journey: Ints  # position in Journeys
    step: Ints
    state: Ints
    at: Ints


def make_journeys(draws: Draws, customers: Customers) -> Journeys:
    """All journeys, by chance alone: the time of one says nothing of another's."""
    missions, mailings = _missions(draws, customers), _mailings(draws, customers)
    both = [np.concatenate(pair) for pair in zip(missions, mailings, strict=True)]
    order = np.lexsort((both[4], both[1]))
    return Journeys(*(column[order] for column in both))


def _missions(draws: Draws, customers: Customers) -> Journeys:
    """Independent Poisson streams: busy customers have faster ones."""
    expected = MISSIONS * customers.activity * (DAYS + WARM_UP_DAYS) / DAYS
    count = np.random.default_rng([draws.seed, 1]).poisson(expected)
    customer = np.repeat(np.arange(len(customers)), count)
    number = np.arange(len(customer))
    rhythm = draws.uniform("hour", number)
    days = random_days(draws, "day", number)
    weights = np.cumsum([entries for _, _, entries in PERSONAS.values()], axis=1)
    persona = customers.persona[customer]
    entry = (draws.uniform("entry", number)[:, None] >= weights[persona][:, :-1]).sum(axis=1)
    in_store = entry == ENTRIES.index("s_visit")
    begins = np.where(in_store, time_on(days, "open", rhythm), time_on(days, "online", rhythm))
    campaign = pick(list(CAMPAIGNS.values()), draws.uniform("campaign", number))
    states = np.array([INDEX[name] for name in ENTRIES])
    return Journeys(customer, begins, states[entry], np.where(entry == ENTRIES.index("w_ad"), campaign, -1), number)


def _mailings(draws: Draws, customers: Customers) -> Journeys:
    """The newsletter of every week, to some of the subscribers; each mail may begin a journey."""
    subscribers = np.flatnonzero(customers.subscribed)
    tuesdays = np.arange(-WARM_UP_DAYS + MAIL_DAY, DAYS, 7)
    customer, day = (a.ravel() for a in np.meshgrid(subscribers, tuesdays, indexing="ij"))
    sent = draws.uniform("mailed", customer, day) < MAILED
    customer, day = customer[sent], day[sent]
    number = -1 - (customer * (DAYS + WARM_UP_DAYS) + day + WARM_UP_DAYS)
    hour = (MAIL_HOUR + draws.uniform("mail hour", number) / 2) / 24
    at = time_on(day, "online", np.zeros(len(day))) + (hour * DAY).astype(np.int64)
    return Journeys(customer, at, np.full(len(day), INDEX["m_sent"]), np.full(len(day), -1), number)


def walk(draws: Draws, customers: Customers, journeys: Journeys, truths: Sequence[Truth]) -> Steps:
    """Every event of every journey, up to the end of the period; the events of one journey are at least a second apart."""
    ladder = Ladder(truths, customers)
    alive = np.arange(len(journeys.customer))
    state, at = journeys.entry, journeys.begins
    taken: list[Steps] = []
    for step in range(STEPS):
        taken.append(Steps(alive, np.full(len(alive), step), state, at))
        who, now = journeys.number[alive], np.array([step])
        moments = Moments(state, at, journeys.customer[alive], journeys.campaign[alive])
        following = ladder.following(moments, draws.uniform("next", who, now))
        going = following != END
        alive, state, at, who = alive[going], following[going], at[going], who[going]
        at = _next_time(state, at, draws.normal("pause", who, now), draws.uniform("rhythm", who, now))
        going = at < np.minimum(journeys.begins[alive] + LONGEST_DAYS * DAY, midnight(DAYS))
        alive, state, at = alive[going], state[going], at[going]
        if not len(alive):
            break
    whole = [np.concatenate(columns) for columns in zip(*taken, strict=True)]
    order = np.argsort(whole[0], kind="stable")
    return Steps(*(column[order] for column in whole))


def _next_time(state: Ints, at: Ints, normal: Floats, uniform: Floats) -> Ints:
    """When the next event is, from the pause that its state says."""
    times = at.copy()
    for pause, (median, sigma, shortest, longest) in GAPS.items():
        here = _having(state, pause)
        seconds = median * np.exp(sigma * normal[here])
        times[here] += np.clip(seconds, shortest, longest).astype(np.int64)
    for pause, (days, rhythm) in VISITS.items():
        here = _having(state, pause)
        times[here] = _next_visit(at[here], days, rhythm, normal[here], uniform[here])
    return times


def _next_visit(at: Ints, days: float, rhythm: str, normal: Floats, uniform: Floats) -> Ints:
    """An hour of a later day, or a later hour of the same one; `normal` becomes an exponential pause in days."""
    pause = (-np.log1p(-np.minimum(ndtr(normal), 1 - 1e-12)) * days * DAY).astype(np.int64)
    day = day_of(at + pause)
    times = time_on(day, rhythm, uniform)
    too_soon = times < at + SOONEST
    times[too_soon] = time_on(day[too_soon] + 1, rhythm, uniform[too_soon])
    return times


def _having(state: Ints, pause: str) -> Bools:
    return np.array([STATES[name].pause == pause for name in NAMES])[state]
