"""Good and bad visits of a touchpoint, and how many of either a goal follows: what moments of truth are judged by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ingest.array_types import Ints
from ingest.scan.batches import Codes
from paths.journey_map.friction import FrictionRules, named
from paths.journey_map.visit_signs import BAD, Signs, flag
from paths.journeys.journeys import Journeys
from paths.statistics.clusters import cluster_sums
from paths.visits.session_states import states_of


class Sides(NamedTuple):
    """[SUMS of paths/statistics/clusters.py, node]: a unit is a visit, a cluster a customer, a hit a goal behind the visit."""

    good: Ints
    bad: Ints


def sides(
    journeys: Journeys, signs: Signs, node: Codes, rules: FrictionRules, goal: frozenset[str], return_window: int
) -> Sides:
    """Of the visits with room for every signal, in selected sessions whose return_window is over.

    Room is a visit before and one behind: only such a visit can be gone back from, and it is one of three. Goals and
    contacts of the support are no such visits.
    """
    size, sessions, states = len(node.names), journeys.sessions, states_of(journeys, goal, return_window)
    counts = np.zeros((2, 6, size), dtype=np.int64)
    open_to = np.append(states.closed & journeys.selected_sessions, False)
    _, _, decisive = signs
    bad = signs.row[(decisive & flag(BAD)) > 0]
    counting = open_to[sessions.index] & ~states.goal
    counting[sessions.first] = False
    counting[sessions.last] = False
    if rules.support:
        counting &= ~named(journeys, rules.support)
    rows = np.flatnonzero(counting)
    is_bad = np.zeros(len(journeys), dtype=bool)
    is_bad[bad] = True
    worse = is_bad.take(rows)
    index = sessions.index.take(rows)
    follows = (states.last_goal.take(index) > rows) | states.comes_back.take(index)
    for side, chosen in enumerate((~worse, worse)):
        code, customer = node.codes.take(rows[chosen]), journeys.customer.take(rows[chosen])
        counts[side] = cluster_sums(code, customer, follows[chosen], size)
    return Sides(*counts)
