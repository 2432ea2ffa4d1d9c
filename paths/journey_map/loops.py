"""Compiled loops of the journey map: signals of friction at visits."""

from __future__ import annotations

import numpy as np

from ingest.array_types import AnyInts, Bools, Flags, Ints, Words
from ingest.compiled import Loop


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
    """visit_signs.counted_among: [visits or customers, cell, signs], and [cell, is it closed, does a goal follow, signs] of sessions; how
    often these signs, taken together, are there, or are there for the first time. close: the same flags, of fewer signs."""
    counts = np.zeros((2, size, combinations), dtype=np.int64)
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
        counts[0, cell, shows] += 1
        counts[1, cell, shows & ~of_owner] += 1
        sessions[cell, np.int64(closed[session]), goal, decides & ~of_session] += 1
        newest[cell, 0] = owner << 8 | of_owner | shows
        newest[cell, 1] = np.int64(session) << 8 | of_session | decides
    return counts, sessions


@Loop
def before(customer: AnyInts, at: Ints, later: Ints, since: Ints, span: int) -> Bools:
    """friction.shortly_before. Walks back from each `since` as far as it reaches."""
    is_before = np.zeros(len(at), dtype=np.bool_)
    nearest = 0
    for k in range(len(later)):
        owner, earliest, i = customer[later[k]], at[later[k]] - span, since[k] - 1
        while i >= nearest and customer[i] == owner and at[i] >= earliest:
            is_before[i] = True
            i -= 1
        nearest = later[k]
    return is_before


@Loop
def turns(
    code: AnyInts, index: AnyInts, at: Ints, repeats_within: int, stays: int, found: Flags, repeat: int, back: int
) -> None:
    """friction.with_turns: the signals that names and times alone show, of whole sessions, as further bits of `found`."""
    for i in range(1, len(code) - 1):
        if code[i - 1] == code[i + 1] and index[i - 1] == index[i + 1]:
            if code[i] != code[i - 1]:
                if at[i + 1] - at[i] >= stays:
                    found[i] |= np.uint8(1) << back
            elif at[i + 1] - at[i - 1] <= repeats_within:
                for near in range(i - 1, i + 2):
                    found[near] |= np.uint8(1) << repeat


@Loop
def arrivals(
    rank: AnyInts, code: AnyInts, index: AnyInts, chosen: Bools, starts: Ints, stages: int
) -> tuple[Ints, Ints]:
    """designed.arrivals: [customer, stage] first event and runs, and a further stage, which is none; rank: of each code, `stages`
    for none; starts: of each customer."""
    first = np.full((len(starts), stages + 1), np.iinfo(np.int64).max, dtype=np.int64)
    runs = np.zeros((len(starts), stages + 1), dtype=np.int64)
    for customer in range(len(starts)):
        end = starts[customer + 1] if customer + 1 < len(starts) else len(code)
        node = np.int64(stages)
        for i in range(starts[customer], end):
            stage = np.int64(rank[code[i]]) if chosen[index[i]] else np.int64(stages)
            stage = stage if stage < stages else node  # what is none changes nothing
            runs[customer, stage] += stage != node
            first[customer, stage] = min(first[customer, stage], i)
            node = stage
    return first, runs
