"""Which of its nodes a session goes on from, to a higher stage: in the session, or within the return_window of its end."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ingest.array_types import Ints, Words
from ingest.compiled import twin
from ingest.scan.batches import Codes
from paths.journeys.journeys import Journeys, memoised, next_of
from paths.visits import loops
from paths.visits.node_sets import (
    WORD,
    bits_of,
    node_bits,
    regrouped,
    stage_of_touchpoint,
    touchpoint_stages,
    united,
    visited,
)

NONE = np.uint64(0)


@memoised(stages=True)
def going_on(
    journeys: Journeys, node: Codes, rank: tuple[int, ...], stages: tuple[str, ...], return_window: int
) -> Words:
    """Per session: those of its nodes whose first visit an event of a higher rank follows.

    rank: the number of each node's stage, -1 = none: nobody goes on from it, nor to it.
    """
    if (stage := stage_of_touchpoint(journeys, node)) is not None:
        finer = tuple(rank[s] for s in stage.tolist())
        return regrouped(going_on(journeys, journeys.touchpoint, finer, stages, return_window), stage, len(rank))
    ranks, top = np.array(rank, dtype=np.int64), top_later(journeys, stages, return_window)
    return going_on_by_walk(journeys, node, ranks, below_rank(rank, len(stages)), top)


def _compiled_going_on(journeys: Journeys, node: Codes, ranks: Ints, below: Words, top: Ints) -> Words:
    walk = journeys.whole_walk
    code, tables = walk.pick(node.codes), zip(node_bits(node), below[:, ranks], below, strict=True)
    return np.stack([loops.going_on(code, walk.session, len(walk.chosen), *three, top) for three in tables])


@twin(_compiled_going_on)
def going_on_by_walk(journeys: Journeys, node: Codes, ranks: Ints, below: Words, top: Ints) -> Words:
    """As going_on, from the events; ranks: by node; below: see below_rank; top: see top_later."""
    code = journeys.whole_walk.pick(node.codes)
    here = ranks.take(code)
    ahead = highest_ahead(journeys, here, below.shape[1] - 1)
    on = np.where((here >= 0) & (ahead > here), node_bits(node)[:, code], np.uint64(0))
    return united(on, journeys.bounds[0]) | visited(journeys, node) & below[:, top]


def highest_ahead(journeys: Journeys, here: Ints, ranks: int) -> Ints:
    """Per event of `whole_walk`, from its rank: the highest one from it to the end of its session."""
    session = journeys.whole_walk.session.astype(np.int64) * (ranks + 1)
    # sessions descend backwards, so one running maximum serves all
    highest: Ints = np.maximum.accumulate((here - session)[::-1])[::-1] + session
    return highest


@lru_cache(32)
def below_rank(of_node: tuple[int, ...], ranks: int) -> Words:
    """[word, r]: the nodes of ranks 0..r-1, for r < ranks; then none, which -1 finds."""
    rank = np.array(of_node, dtype=np.int64)
    words = np.zeros((max(1, -(-len(rank) // WORD)), ranks + 1), dtype=np.uint64)
    for r in range(ranks):
        lower = np.where((rank >= 0) & (rank < r), np.arange(len(rank)), -1)
        words[:, r] = np.bitwise_or.reduce(bits_of(lower, len(rank)), axis=1)
    return words


@memoised(stages=True)
def top_later(journeys: Journeys, stages: tuple[str, ...], return_window: int) -> Ints:
    """Per session: the highest number of a stage that the customer's events behind its end have, within return_window; -1 = none.

    Passive events do not count.
    """
    node, names = journeys.touchpoint, touchpoint_stages(journeys)
    if names is None or len(names) > WORD:
        node = journeys.stage
        names = list(node.names)
    ranks = np.array([stages.index(name) if name in stages else -1 for name in names], dtype=np.int64)
    return top_by_walk(journeys, node, ranks, len(stages), return_window)


def _compiled_top(journeys: Journeys, node: Codes, ranks: Ints, stages: int, return_window: int) -> Ints:
    bits = np.bitwise_or.reduce(np.where(ranks == np.arange(stages)[:, None], node_bits(node)[0], NONE), axis=1)
    walk, times = journeys.whole_walk, (journeys.started_at, journeys.ended_at)
    events = walk.pick(node.codes), walk.pick(journeys.events.at), *journeys.bounds
    customer, end = journeys.session_customer, journeys.ended_at + return_window
    return loops.top_later(visited(journeys, node)[0], bits, ranks, *events, *times, customer, end)


@twin(_compiled_top, when=lambda journeys, node, ranks, stages, return_window: len(ranks) <= WORD)
def top_by_walk(journeys: Journeys, node: Codes, ranks: Ints, stages: int, return_window: int) -> Ints:
    """As top_later; ranks: by node, -1 = none of the `stages`."""
    sessions, at, end = journeys.sessions, journeys.events.at, journeys.ended_at + return_window
    highest = np.full(len(sessions), -1, dtype=np.int64)
    active = np.where(journeys.passive, -1, ranks.take(node.codes))
    for rank in range(stages):
        target, there = next_of(journeys, np.flatnonzero(active == rank), sessions.last)
        highest[there & (at[target] <= end)] = rank
    return highest
