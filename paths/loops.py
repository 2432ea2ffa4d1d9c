"""Loops over arrays that NumPy has no word for; see ingest/compiled.py. Each names its twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.compiled import Loop, worth
from paths.histograms import BASE as HISTOGRAM_BASE
from paths.histograms import SHIFT

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
AnyInts = npt.NDArray[np.signedinteger[Any]]
Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.integer[Any]]
Words = npt.NDArray[np.uint64]

BASE = int(HISTOGRAM_BASE)
ROOM = 1 << 18
"""Codes that a table may have a place for: more, and it leaves the cache."""


def fit(size: int) -> bool:
    """Are loops worth it, and is there room for a table of so many codes?"""
    return worth() and size <= ROOM


@Loop
def units(unit: AnyInts, code: AnyInts, size: int) -> tuple[Ints, bool]:
    """counting.units_at where the units ascend; (how many, do they)."""
    found = np.zeros(size, dtype=np.int64)
    last = np.full(size, -1, dtype=np.int64)
    before = np.int64(-1)
    for i in range(len(unit)):
        here, at = np.int64(unit[i]), code[i]
        if here < before:
            return found, False
        before = here
        found[at] += last[at] != here
        last[at] = here
    return found, True


@Loop
def first_rows(unit: AnyInts, code: AnyInts, size: int) -> tuple[Ints, bool]:
    """counting.first_rows where the units ascend; (first rows, do they)."""
    first, last = np.empty(len(unit) + 1, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    groups = 0
    before = np.int64(-1)
    for i in range(len(unit)):
        here, at = np.int64(unit[i]), code[i]
        if here < before:
            return first[:0], False
        before = here
        first[groups] = i  # written over where it is none
        groups += last[at] != here
        last[at] = here
    return first[:groups].copy(), True


@Loop
def edges(
    code: AnyInts, index: AnyInts, chosen: Bools, at: Ints, customer: AnyInts, size: int, collapse: bool
) -> tuple[Ints, AnyInts, Ints]:
    """transitions.edges_in but for END: [edge, transitions, sessions and customers], the edge of each step, its time."""
    nowhere = np.int64(size * size)
    counts = np.zeros((nowhere + 1, 3), dtype=np.int64)
    newest = np.full((nowhere + 1, 2), -1, dtype=np.int32)  # the last session and customer of each edge
    edge_of, spans = np.empty(len(code) + 1, dtype=np.int32), np.empty(len(code) + 1, dtype=np.int64)
    steps, before, node, since = 0, np.int32(-1), np.int64(0), np.int64(0)
    for i in range(len(code)):  # sums of comparisons instead of branches, which nobody could foretell
        session, here = index[i], np.int64(code[i])
        inside = session == before
        repeats = inside & (here == node) & collapse
        counts_here = chosen[session] & (not repeats)
        edge = (node if inside else size - 2) * size + here
        edge_of[steps], spans[steps] = edge, at[i] - since
        steps += counts_here & inside
        edge = edge if counts_here else nowhere
        counts[edge, 0] += 1
        counts[edge, 1] += newest[edge, 0] != session
        counts[edge, 2] += newest[edge, 1] != customer[i]
        newest[edge, 0] = session
        newest[edge, 1] = customer[i]
        since = since if repeats else np.int64(at[i])
        before, node = session, here
    return counts[:nowhere], edge_of[:steps], spans[:steps]


@Loop
def times(code: AnyInts, size: int, values: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """counting.tally_times: values are brought together by code, and each code has the table of bins for itself."""
    n = len(code)
    bin_ = np.empty(n, dtype=np.int32)
    top = np.int32(0)
    for i in range(n):  # as histograms.bins
        bin_[i] = max(np.int64(0), (np.float64(values[i]).view(np.int64) >> SHIFT) - BASE + 1)
        top = max(top, bin_[i])
    place = np.zeros(size + 1, dtype=np.int64)
    for i in range(n):
        place[code[i] + 1] += 1
    place = np.cumsum(place)
    end = place[:-1].copy()
    bins, spans = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int64)
    for i in range(n):
        at = end[code[i]]
        bins[at], spans[at] = bin_[i], values[i]
        end[code[i]] = at + 1
    sums = np.zeros((top + 1, 2), dtype=np.int64)
    rows = np.empty((4, n + 1), dtype=np.int64)
    row = 0
    for c in range(size):
        low, high = np.int64(top), np.int64(0)
        for i in range(place[c], place[c + 1]):
            sums[bins[i], 0] += 1
            sums[bins[i], 1] += spans[i]
            low, high = min(low, bins[i]), max(high, bins[i])
        for b in range(low, high + 1):
            rows[0, row], rows[1, row], rows[2, row], rows[3, row] = c, b, sums[b, 0], sums[b, 1]
            row += sums[b, 0] > 0
            sums[b, 0] = sums[b, 1] = 0
    found = rows[:, :row].copy()
    return found[0], found[1], found[2], found[3]


@Loop
def visited(code: AnyInts, index: AnyInts, sessions: int, bit: Words) -> Words:
    """One word of visited.visited."""
    found = np.zeros(sessions, dtype=np.uint64)
    before, seen = np.int32(-1), np.uint64(0)
    for i in range(len(code)):
        same = np.uint64(0) - np.uint64(index[i] == before)  # all bits or none: quicker than a branch
        seen = seen & same | bit[code[i]]
        before = index[i]
        found[before] = seen
    return found


@Loop
def regrouped(words: Words, table: Words) -> Words:
    """visited.regrouped: table[word, byte, value] is what these bits become, [further word]."""
    found = np.zeros((table.shape[3], words.shape[1]), dtype=np.uint64)
    for word in range(len(words)):
        for unit in range(words.shape[1]):
            value = words[word, unit]
            for byte in range(table.shape[1]):
                here = np.int64(value & np.uint64(255))
                value >>= np.uint64(8)
                for further in range(table.shape[3]):
                    found[further, unit] |= table[word, byte, here, further]
    return found


@Loop
def bytes_of(word: Words, bytes_: int) -> Ints:
    """[byte, value]: how often each byte of the numbers, the lowest first, has each value."""
    found = np.zeros((bytes_, 256), dtype=np.int64)
    for value in word:
        for i in range(bytes_):
            found[i, value & np.uint64(255)] += 1
            value >>= np.uint64(8)
    return found


@Loop
def going_on(code: AnyInts, index: AnyInts, sessions: int, bit: Words, lower: Words, below: Words, top: Ints) -> Words:
    """One word of going_on.going_on; lower: by node, the nodes of a lower rank."""
    found, there = np.zeros(sessions, dtype=np.uint64), np.zeros(sessions, dtype=np.uint64)
    before, seen, on = np.int32(-1), np.uint64(0), np.uint64(0)
    for i in range(len(code)):
        same = np.uint64(0) - np.uint64(index[i] == before)
        seen &= same
        on = on & same | seen & lower[code[i]]
        seen |= bit[code[i]]
        before = index[i]
        found[before], there[before] = on, seen
    for session in range(sessions):
        found[session] |= there[session] & below[top[session]]
    return found


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
    """going_on.top_later; seen: the nodes of each session, bits: those of each rank, ranks: the rank of each node."""
    found = np.full(len(seen), -1, dtype=np.int64)
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
                    found[session] = rank
                    break
        for rank in range(len(bits)):
            nearest[rank] = session if seen[session] & bits[rank] else nearest[rank]
    return found


@Loop
def signs(
    rows: Ints,
    shown: Flags,
    decisive: Flags,
    close: Flags,
    size: int,
    combinations: int,
    code: AnyInts,
    index: AnyInts,
    customer: AnyInts,
    chosen: Bools,
    closed: Bools,
    followed: Words,
) -> tuple[Ints, Ints]:
    """map_signs.counted: [visits or customers, cell, signs], and [cell, is it closed, does a goal follow, signs] of sessions; how
    often these signs, taken together, are there, or are there for the first time. close: the same flags, of fewer signs."""
    found = np.zeros((2, size, combinations), dtype=np.int64)
    sessions = np.zeros((size, 2, 2, combinations), dtype=np.int64)
    # the last customer and the last session at each cell, and in the lowest 8 bits what they have shown there
    newest = np.full((size, 2), -1, dtype=np.int64)
    for k in range(len(rows)):
        session, cell, owner = index[rows[k]], code[rows[k]], np.int64(customer[rows[k]])
        if not chosen[session]:
            continue
        shows, decides = np.int64(close[shown[k]]), np.int64(close[decisive[k]])
        goal = np.int64(followed[cell // 64, session] >> np.uint64(cell % 64) & np.uint64(1))
        of_owner = (newest[cell, 0] & 255) * np.int64(newest[cell, 0] >> 8 == owner)
        of_session = (newest[cell, 1] & 255) * np.int64(newest[cell, 1] >> 8 == session)
        found[0, cell, shows] += 1
        found[1, cell, shows & ~of_owner] += 1
        sessions[cell, np.int64(closed[session]), goal, decides & ~of_session] += 1
        newest[cell, 0] = owner << 8 | of_owner | shows
        newest[cell, 1] = np.int64(session) << 8 | of_session | decides
    return found, sessions


@Loop
def visit_counts(code: AnyInts, index: AnyInts, chosen: Bools, size: int) -> Ints:
    """transitions.visit_counts: [node, is it the node before again, is it of a chosen session]."""
    found = np.zeros((size, 2, 2), dtype=np.int64)
    before, node = np.int32(-1), np.int32(-1)
    for i in range(len(code)):
        again = (index[i] == before) & (code[i] == node)
        before, node = index[i], code[i]
        found[node, np.int64(again), np.int64(chosen[before])] += 1
    return found


@Loop
def stays(
    code: AnyInts, index: AnyInts, chosen: Bools, at: Ints, size: int, bins: int, collapse: bool
) -> tuple[Ints, Ints, Ints, Ints]:
    """transitions.stays: a table of bins for each node; bins as in histograms.bins, all below `bins`."""
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
def step_flows(code: AnyInts, starts: Ints, ends: Ints, goal: Bools, steps: int, size: int, collapse: bool) -> Ints:
    """steps.flows_in: how often each code occurs; starts, ends, goal: of each chosen session."""
    found = np.zeros((steps, size, size, 2), dtype=np.int64)
    for k in range(len(starts)):
        node, step, good = np.int64(size - 2), 0, np.int64(goal[k])
        for i in range(starts[k], ends[k]):
            here = np.int64(code[i])
            if collapse and here == node:
                continue
            found[step, node, here, good] += 1
            node = here
            step += 1
            if step == steps:
                break
        if step < steps:
            found[step, node, size - 1, good] += 1
    return found.ravel()


@Loop
def endings(code: AnyInts, starts: Ints, ends: Ints, collapse: bool) -> AnyInts:
    """Endings.before of transitions.endings; starts, ends: of each session."""
    found = np.full(len(starts), -1, dtype=np.int32)
    for session in range(len(starts)):
        end = code[ends[session] - 1]
        for i in range(ends[session] - 2, starts[session] - 1, -1):
            if not (collapse and code[i] == end):
                found[session] = code[i]
                break
    return found


@Loop
def bits(flags: Bools) -> Ints:
    """flags[i, row] as bit i of a number for each row."""
    found = np.zeros(flags.shape[1], dtype=np.int64)
    for i in range(len(flags)):
        for row in range(len(found)):
            found[row] |= np.int64(flags[i, row]) << i
    return found


@Loop
def candidates(bits: Flags, code: AnyInts, unit: AnyInts, at: Ints) -> tuple[Ints, AnyInts, Ints, Flags]:
    """funnel.candidates: (position, unit, at, bits) of the rows that have any; bits: by code."""
    n = len(code)
    position, units = np.empty(n + 1, dtype=np.int64), np.empty(n + 1, dtype=np.int32)
    times, matches = np.empty(n + 1, dtype=np.int64), np.empty(n + 1, dtype=np.uint8)
    found = 0
    for row in range(n):
        here = bits[code[row]]
        position[found], units[found], times[found], matches[found] = row, unit[row], at[row], here
        found += here > 0
    return position[:found].copy(), units[:found].copy(), times[:found].copy(), matches[:found].copy()


@Loop
def chains(  # noqa: C901 one walk: a call inside it could not be compiled
    unit: AnyInts, at: Ints, matches: Bits, starts: Bools, ends: Ints, window: int, within: Ints, as_of: int
) -> tuple[Ints, Ints, Ints, Bools]:
    """chains.deepest without units left out: (units, depth, rows, alive) of Chains.

    Bit i of a row's `matches`: it matches step i; of its `ends`: it ends a chain that stands there from before. Row by
    row the best chain to each step so far is known, which the next row may make longer, or end.
    """
    n, steps = len(unit), len(within)
    found, depth, alive = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64), np.empty(n, dtype=np.bool_)
    rows = np.empty((unit[n - 1] + 1 if n else 0, steps), dtype=np.int64)
    best = np.zeros((steps, steps), dtype=np.int64)
    units = deepest = stands = 0  # stands: bits of the steps that some chain has come to
    first = 0  # best[0, 0], at hand: most rows that match at all are a first step
    for row in range(n):
        comes = matches[row] & (stands << 1 | starts[row])
        if comes > 1:
            best[0, 0] = first
            for i in range(steps - 1, 0, -1):  # a row is one step of a chain: the longer chains first
                if (
                    comes >> i & 1
                    and at[row] - at[best[i - 1, 0]] <= window
                    and at[row] - at[best[i - 1, i - 1]] <= within[i]
                ):
                    for k in range(i):
                        best[i, k] = best[i - 1, k]
                    best[i, i] = row
                    stands |= 1 << i
                    if i >= deepest:
                        deepest = i + 1
                        for k in range(deepest):
                            rows[units, k] = best[i, k]
        opens = comes & 1
        first = row if opens else first
        stands |= opens
        if opens > deepest:
            deepest = 1
            rows[units, 0] = row
        if ends[row] & stands:
            best[0, 0] = first
            for i in range(steps):
                if ends[row] & stands & 1 << i and best[i, i] < row:
                    stands ^= 1 << i
        if row + 1 == n or unit[row + 1] != unit[row]:
            if deepest:
                found[units], depth[units], alive[units] = unit[row], deepest, False
                for k in range(deepest, steps):
                    rows[units, k] = -1
                best[0, 0] = first
                for i in range(steps - 1):
                    if stands >> i & 1 and as_of - at[best[i, 0]] <= window and as_of - at[best[i, i]] <= within[i + 1]:
                        alive[units] = deepest < steps
                units += 1
            deepest = stands = 0
    return found[:units].copy(), depth[:units].copy(), rows[:units].copy(), alive[:units].copy()


@Loop
def next_at_or_after(positions: Ints, start: Ints) -> Ints:
    """counting.next_at_or_after; one walk where the starts ascend."""
    found = np.full(len(start), np.iinfo(np.int64).max, dtype=np.int64)
    at = 0
    for i in range(len(start)):
        if i and start[i] < start[i - 1]:
            at = np.searchsorted(positions, start[i])
        while at < len(positions) and positions[at] < start[i]:
            at += 1
        if at < len(positions):
            found[i] = positions[at]
    return found


@Loop
def before(customer: AnyInts, at: Ints, later: Ints, since: Ints, span: int) -> Bools:
    """friction.shortly_before. Walks back from each `since` as far as it reaches."""
    found = np.zeros(len(at), dtype=np.bool_)
    nearest = 0
    for k in range(len(later)):
        owner, earliest, i = customer[later[k]], at[later[k]] - span, since[k] - 1
        while i >= nearest and customer[i] == owner and at[i] >= earliest:
            found[i] = True
            i -= 1
        nearest = later[k]
    return found


@Loop
def turns(code: AnyInts, index: AnyInts, at: Ints, repeats_within: int, found: Flags, repeat: int, back: int) -> None:
    """The signals of friction.signals that names and times alone show, of whole sessions, as further bits of `found`."""
    for i in range(1, len(code) - 1):
        if code[i - 1] == code[i + 1] and index[i - 1] == index[i + 1]:
            if code[i] != code[i - 1]:
                found[i] |= np.uint8(1) << back
            elif at[i + 1] - at[i - 1] <= repeats_within:
                for near in range(i - 1, i + 2):
                    found[near] |= np.uint8(1) << repeat


@Loop
def flagged(flags: Flags) -> tuple[Ints, Flags]:
    """(rows with any flag, those flags)."""
    rows, some = np.empty(len(flags) + 1, dtype=np.int64), np.empty(len(flags) + 1, dtype=np.uint8)
    found = 0
    for i in range(len(flags)):
        rows[found], some[found] = i, flags[i]
        found += flags[i] > 0
    return rows[:found].copy(), some[:found].copy()


@Loop
def present(code: AnyInts, at: Ints, since: int, until: int, size: int) -> Ints:
    """presence.events_by: by code, [1] those of the period."""
    found, span = np.zeros((size, 2), dtype=np.int64), np.uint64(until - since)
    for i in range(len(code)):
        found[code[i], np.int64(np.uint64(at[i] - since) < span)] += 1
    return found


@Loop
def extent(at: Ints, starts: Ints, since: int, until: int) -> tuple[int, int, int, int]:
    """presence.extent: events, customers, the first and the last instant; a customer's events ascend."""
    events = customers = 0
    earliest, latest = until, since
    for customer in range(len(starts)):
        first = starts[customer]
        end = starts[customer + 1] if customer + 1 < len(starts) else len(at)
        while first < end and at[first] < since:
            first += 1
        last = end
        if first < end and at[end - 1] >= until:
            last = first
            while at[last] < until:
                last += 1
        if first < last:
            events += last - first
            customers += 1
            earliest, latest = min(earliest, at[first]), max(latest, at[last - 1])
    return events, customers, earliest, latest


@Loop
def first_in(at: Ints, passive: Bools, starts: Ints, since: int, until: int) -> Ints:
    """timing.first_touches."""
    found = np.empty(len(starts), dtype=np.int64)
    n = 0
    for customer in range(len(starts)):
        i = starts[customer]
        end = starts[customer + 1] if customer + 1 < len(starts) else len(at)
        while i < end and (at[i] < since or passive[i]):
            i += 1
        if i < end and at[i] < until:
            found[n] = i
            n += 1
    return found[:n].copy()


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
    """states.SessionStates: last_goal, next_goal, comes_back, closed."""
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


@Loop
def fingerprint(
    customers: Hashes, names: Hashes, customer: AnyInts, at: Ints, code: AnyInts, since: int, until: int
) -> np.uint64:
    """fingerprint.Fingerprint.map; customers and names hashed, and sessions.mixed written out twice."""
    found = np.uint64(0)
    for i in range(len(at)):
        state = customers[customer[i]] ^ np.uint64(at[i])
        for further in (names[code[i]], np.uint64(0)):
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31)) ^ further
        found += state * np.uint64((at[i] >= since) & (at[i] < until))
    return found


@Loop
def arrivals(
    rank: AnyInts, code: AnyInts, index: AnyInts, chosen: Bools, starts: Ints, stages: int
) -> tuple[Ints, Ints]:
    """designed.arrivals: [customer, stage] first event and runs, and a further stage, which is none; rank: of each code, `stages`
    for none; starts: of each customer."""
    found = np.full((len(starts), stages + 1), np.iinfo(np.int64).max, dtype=np.int64)
    runs = np.zeros((len(starts), stages + 1), dtype=np.int64)
    for customer in range(len(starts)):
        end = starts[customer + 1] if customer + 1 < len(starts) else len(code)
        node = np.int64(stages)
        for i in range(starts[customer], end):
            stage = np.int64(rank[code[i]]) if chosen[index[i]] else np.int64(stages)
            stage = stage if stage < stages else node  # what is none changes nothing
            runs[customer, stage] += stage != node
            found[customer, stage] = min(found[customer, stage], i)
            node = stage
    return found, runs
