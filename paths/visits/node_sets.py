"""The nodes that each session visits, as bits of a number.

Most questions about sessions ask where a session was, and what came behind. The events are walked over once for that; every
further question, of every period, counts the numbers of sessions instead of events.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ingest.array_types import AnyInts, Ints, Words
from ingest.compiled import twin
from ingest.scan.batches import Codes
from paths.arrays.counting import ranges
from paths.journeys.journeys import Journeys, memoised
from paths.visits import loops
from paths.visits.session_states import states_of

WORD = 64
MOST = 512
"""Nodes that sets are made of: with more of them, paths/visits/reach.py lists pairs."""
BYTES = WORD // 8
BITS = (np.arange(256)[:, None] >> np.arange(8) & 1).astype(np.int64)
"""[byte, bit]"""


def bits_of(node: AnyInts, size: int) -> Words:
    """[word, place]: the bit of each of these nodes, 0 <= node < size; -1 has none."""
    words = np.zeros((max(1, -(-size // WORD)), len(node)), dtype=np.uint64)
    there = np.flatnonzero(node >= 0)
    word, bit = np.divmod(node[there], WORD)
    words[word, there] = np.uint64(1) << bit.astype(np.uint64)
    return words


def node_bits(node: Codes) -> Words:
    """The bit of each node by its code."""
    return bits_of(np.arange(len(node.names)), len(node.names))


@memoised(by_node=True)
def visited(journeys: Journeys, node: Codes) -> Words:
    """uint64 [words, sessions]: the nodes that each session's events are at, a bit per node."""
    if (stage := stage_of_touchpoint(journeys, node)) is not None:
        return regrouped(visited(journeys, journeys.touchpoint), stage, len(node.names))
    return visited_by_walk(journeys, node)


def _compiled_visited(journeys: Journeys, node: Codes) -> Words:
    walk = journeys.whole_walk
    code = walk.pick(node.codes)
    return np.stack([loops.visited(code, walk.session, len(walk.chosen), bits) for bits in node_bits(node)])


@twin(_compiled_visited)
def visited_by_walk(journeys: Journeys, node: Codes) -> Words:
    """As visited, from the events."""
    return united(node_bits(node)[:, journeys.whole_walk.pick(node.codes)], journeys.bounds[0])


@memoised(by_node=True)
def followed(journeys: Journeys, node: Codes, goal: frozenset[str], return_window: int) -> Words:
    """Per session: those of its nodes whose first visit a goal follows, in the session or within return_window of its end."""
    if (stage := stage_of_touchpoint(journeys, node)) is not None:
        return regrouped(followed(journeys, journeys.touchpoint, goal, return_window), stage, len(node.names))
    states, sessions = states_of(journeys, goal, return_window), journeys.sessions
    words: Words = np.where(states.comes_back, visited(journeys, node), np.uint64(0))
    own = np.flatnonzero(states.holds & ~states.comes_back)
    length = states.last_goal.take(own) - sessions.first.take(own)
    rows = ranges(sessions.first.take(own), length)
    rows = rows[sessions.index.take(rows) == np.repeat(own, length)]  # passive events between them are in no session
    session = sessions.index.take(rows)
    starts = runs(session)
    words[:, session.take(starts)] = united(node_bits(node)[:, node.codes.take(rows)], starts)
    return words


def stage_of_touchpoint(journeys: Journeys, node: Codes) -> Ints | None:
    """If these nodes are the stages, and the touchpoint alone decides of them: the stage of each touchpoint, by code."""
    if node is journeys.touchpoint:
        return None
    names = touchpoint_stages(journeys)
    if names is None or node is not journeys.stage:
        return None
    code = {name: i for i, name in enumerate(node.names)}
    return np.array([code[name] for name in names], dtype=np.int64)


@memoised(stages=True)
def touchpoint_stages(journeys: Journeys) -> list[str] | None:
    """The stage of each touchpoint, by code, if the touchpoint alone decides of it."""
    touchpoint, event, stages = journeys.touchpoint, journeys.events.event, journeys.scope.stages
    if not stages.rules or stages.columns or len(event.names) > MOST or touchpoint.codes is not event.codes:
        return None
    return [stages.stage(t, e, None) for t, e in zip(touchpoint.names, event.names, strict=True)]


def regrouped(words: Words, into: Ints, size: int) -> Words:
    """The words of nodes -> those of the groups 0..size-1 that the nodes belong to."""
    return looked_up(words, byte_table(tuple(into.tolist()), size, len(words)))


@twin(loops.regrouped)
def looked_up(words: Words, table: Words) -> Words:
    """By byte_table: what the bytes of each unit's words stand for, together."""
    sets = np.zeros((table.shape[3], words.shape[1]), dtype=np.uint64)
    for word, tables in zip(words, table, strict=True):
        for byte, values in enumerate(tables):
            sets |= values[(word >> np.uint64(8 * byte) & np.uint64(255)).astype(np.int64)].T
    return sets


@lru_cache(32)
def byte_table(into: tuple[int, ...], size: int, words: int) -> Words:
    """[word, byte, value, further word]: the groups of the nodes that the bits of a byte of a word stand for."""
    bits = bits_of(np.array(into, dtype=np.int64), size)  # [further word, node]
    padded = np.zeros((len(bits), words * WORD), dtype=np.uint64)
    padded[:, : len(into)] = bits
    each = padded.reshape(len(bits), words, BYTES, 8)
    table = np.zeros((words, BYTES, 256, len(bits)), dtype=np.uint64)
    for bit in range(8):
        table[:, :, BITS[:, bit] > 0] |= np.moveaxis(each[..., bit], 0, -1)[:, :, None]
    return table[:, : min(BYTES, -(-len(into) // 8))]


def united(words: Words, starts: Ints) -> Words:
    """Of each stretch of units, from one start to the next: what any of them visits."""
    return np.bitwise_or.reduceat(words, starts, axis=1) if len(starts) else words[:, :0]


def runs(values: AnyInts) -> Ints:
    """int64: where each run of equal neighbouring values begins."""
    return np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])


def by_customer(journeys: Journeys, words: Words, session: Ints) -> Words:
    """The words of these sessions, which ascend -> one for each customer who has any."""
    owner = journeys.session_customer.take(session)
    return united(words, runs(owner))


def members(words: Words, size: int) -> Ints:
    """How many units visit each of the nodes 0..size-1."""
    names = [in_word(word, min(WORD, size - WORD * i)) for i, word in enumerate(words)]
    return np.concatenate(names)[:size]


def in_word(word: npt.NDArray[np.uint64], size: int) -> Ints:
    """How often each of the first `size` bits is set; at least so many."""
    return (bytes_of(word, -(-size // 8)) @ BITS).ravel()


@twin(loops.bytes_of)
def bytes_of(word: Words, bytes_: int) -> Ints:
    """[byte, value]: how often each byte of the numbers, the lowest first, has each value."""
    each = (word >> np.uint64(8 * i) & np.uint64(255) for i in range(bytes_))
    return np.array([np.bincount(b.astype(np.int64), minlength=256) for b in each]).reshape(bytes_, 256)
