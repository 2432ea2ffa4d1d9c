"""Compiled loops of visits: the nodes of each session as bits, what follows a visit, how sessions end."""

from __future__ import annotations

import numpy as np

from ingest.array_types import AnyInts, Bools, Ints, Words
from ingest.compiled import Loop
from paths.arrays.histograms import SHIFT
from paths.arrays.loops import BASE


@Loop
def visited(code: AnyInts, index: AnyInts, sessions: int, bit: Words) -> Words:
    """One word of node_sets.visited_by_walk: per session a uint64 whose bits are the nodes that it visits."""
    seen_nodes = np.zeros(sessions, dtype=np.uint64)
    before, seen = np.int32(-1), np.uint64(0)
    for i in range(len(code)):
        same = np.uint64(0) - np.uint64(index[i] == before)  # all bits or none: quicker than a branch
        seen = seen & same | bit[code[i]]
        before = index[i]
        seen_nodes[before] = seen
    return seen_nodes


@Loop
def regrouped(words: Words, table: Words) -> Words:
    """node_sets.looked_up: table[word, byte, value] is what these bits become, [further word]."""
    sets = np.zeros((table.shape[3], words.shape[1]), dtype=np.uint64)
    for word in range(len(words)):
        for unit in range(words.shape[1]):
            value = words[word, unit]
            for byte in range(table.shape[1]):
                here = np.int64(value & np.uint64(255))
                value >>= np.uint64(8)
                for further in range(table.shape[3]):
                    sets[further, unit] |= table[word, byte, here, further]
    return sets


@Loop
def bytes_of(word: Words, bytes_: int) -> Ints:
    """node_sets.bytes_of."""
    counts = np.zeros((bytes_, 256), dtype=np.int64)
    for value in word:
        for i in range(bytes_):
            counts[i, value & np.uint64(255)] += 1
            value >>= np.uint64(8)
    return counts


@Loop
def going_on(code: AnyInts, index: AnyInts, sessions: int, bit: Words, lower: Words, below: Words, top: Ints) -> Words:
    """One word of stage_progress.going_on_by_walk; lower: by node, the nodes of a lower rank."""
    bits, there = np.zeros(sessions, dtype=np.uint64), np.zeros(sessions, dtype=np.uint64)
    before, seen, on = np.int32(-1), np.uint64(0), np.uint64(0)
    for i in range(len(code)):
        same = np.uint64(0) - np.uint64(index[i] == before)
        seen &= same
        on = on & same | seen & lower[code[i]]
        seen |= bit[code[i]]
        before = index[i]
        bits[before], there[before] = on, seen
    for session in range(sessions):
        bits[session] |= there[session] & below[top[session]]
    return bits


@Loop
def top_later(
    seen: Words,
    bits: Words,
    ranks: Ints,
    code: AnyInts,
    at: Ints,
    starts: Ints,
    ends: Ints,
    started: Ints,
    ended: Ints,
    customer: AnyInts,
    limit: Ints,
) -> Ints:
    """stage_progress.top_by_walk; seen: the nodes of each session, bits: those of each rank, ranks: the rank of each node."""
    highest = np.full(len(seen), -1, dtype=np.int64)
    nearest = np.full(len(bits), -1, dtype=np.int64)  # by rank: the next session that has it
    for session in range(len(seen) - 1, -1, -1):
        following = session + 1
        if following == len(seen) or customer[following] != customer[session]:
            nearest[:] = -1
        elif started[following] <= limit[session]:
            for rank in range(len(bits) - 1, -1, -1):
                later = nearest[rank]
                if later < 0 or started[later] > limit[session]:
                    continue
                inside = ended[later] <= limit[session]
                if not inside:  # it has the stage, but perhaps too late
                    for i in range(starts[later], ends[later]):
                        inside |= at[i] <= limit[session] and ranks[code[i]] == rank
                if inside:
                    highest[session] = rank
                    break
        for rank in range(len(bits)):
            nearest[rank] = session if seen[session] & bits[rank] else nearest[rank]
    return highest


@Loop
def visit_counts(code: AnyInts, index: AnyInts, chosen: Bools, size: int) -> Ints:
    """visits.visit_counts: [node, is it the node before again, is it of a chosen session]."""
    counts = np.zeros((size, 2, 2), dtype=np.int64)
    before, node = np.int32(-1), np.int32(-1)
    for i in range(len(code)):
        again = (index[i] == before) & (code[i] == node)
        before, node = index[i], code[i]
        counts[node, np.int64(again), np.int64(chosen[before])] += 1
    return counts


@Loop
def stays(
    code: AnyInts, index: AnyInts, chosen: Bools, at: Ints, size: int, bins: int, collapse: bool
) -> tuple[Ints, Ints, Ints, Ints]:
    """visits.stays: a table of bins for each node; bins as in histograms.bins, all below `bins`."""
    table = np.zeros((size * bins + 1, 2), dtype=np.int64)  # the last row is that of no stay
    before, node, since = np.int32(-1), np.int64(0), np.int64(0)
    for i in range(len(code)):
        session, here, span = index[i], np.int64(code[i]), at[i] - since
        inside = session == before
        repeats = inside & (here == node) & collapse
        bin_ = max(np.int64(0), (np.float64(span).view(np.int64) >> SHIFT) - BASE + 1)
        row = node * bins + bin_ if chosen[session] & inside & (not repeats) else size * bins
        table[row, 0] += 1
        table[row, 1] += span
        since = since if repeats else at[i]
        before, node = session, here
    rows = np.empty((4, size * bins + 1), dtype=np.int64)
    n = 0
    for row in range(size * bins):
        if table[row, 0]:
            rows[0, n], rows[1, n], rows[2, n], rows[3, n] = row // bins, row % bins, table[row, 0], table[row, 1]
            n += 1
    return rows[0, :n], rows[1, :n], rows[2, :n], rows[3, :n]


@Loop
def endings(code: AnyInts, starts: Ints, ends: Ints, collapse: bool) -> AnyInts:
    """Endings.before of visits.endings, int32; starts, ends: of each session."""
    before = np.full(len(starts), -1, dtype=np.int32)
    for session in range(len(starts)):
        end = code[ends[session] - 1]
        for i in range(ends[session] - 2, starts[session] - 1, -1):
            if not (collapse and code[i] == end):
                before[session] = code[i]
                break
    return before


@Loop
def states(
    goals: Ints,
    index: AnyInts,
    customer: AnyInts,
    at: Ints,
    last: Ints,
    owner: AnyInts,
    ended: Ints,
    return_window: int,
    as_of: int,
) -> tuple[Ints, Ints, Bools, Bools]:
    """session_states.around_goals: last_goal, next_goal (int64 positions), comes_back, closed (bool), per session."""
    sessions = len(last)
    last_goal, next_goal = np.full(sessions, -1, dtype=np.int64), np.zeros(sessions, dtype=np.int64)
    comes_back, closed = np.zeros(sessions, dtype=np.bool_), np.zeros(sessions, dtype=np.bool_)
    for i in range(len(goals)):
        if index[goals[i]] >= 0:
            last_goal[index[goals[i]]] = goals[i]
    row = 0
    for session in range(sessions):
        while row < len(goals) and goals[row] <= last[session]:
            row += 1
        closed[session] = as_of > ended[session] + return_window
        if row < len(goals) and customer[goals[row]] == owner[session]:
            next_goal[session] = goals[row]
            comes_back[session] = at[goals[row]] - ended[session] <= return_window
    return last_goal, next_goal, comes_back, closed
