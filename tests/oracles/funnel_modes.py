"""Depth and end of funnels in every mode, by trying every assignment of different events to steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, permutations

from tests.builder import Event


@dataclass(frozen=True)
class Asked:
    steps: tuple[frozenset[str], ...]
    window: int | None
    order: str = "ordered"
    within: tuple[int | None, ...] = ()
    barrier: tuple[int, int] | None = None  # excluded "x" from step .. until step (1-based); None = no exclusion


def assignments(events: Sequence[Event], asked: Asked) -> Iterator[tuple[int, tuple[int, ...]]]:
    """(depth, rows in the order of their steps) of every chain that the rules allow."""
    for depth in range(1, len(asked.steps) + 1):
        chosen = combinations(range(len(asked.steps)), depth) if asked.order == "any" else [tuple(range(depth))]
        for steps in chosen:
            for rows in permutations(range(len(events)), depth):
                if all(events[r].name in asked.steps[s] for r, s in zip(rows, steps, strict=True)) and allowed(
                    events, rows, asked
                ):
                    yield depth, rows


def allowed(events: Sequence[Event], rows: tuple[int, ...], asked: Asked) -> bool:
    times = [events[r].at for r in rows]
    if asked.window is not None and max(times) - min(times) > asked.window:
        return False
    excluded = [i for i, e in enumerate(events) if e.name == "x"]
    if asked.order == "any":
        return asked.barrier is None or not any(min(rows) < i < max(rows) for i in excluded)
    for place, (a, b) in enumerate(pairwise(rows), 1):
        limit = asked.within[place] if asked.within else None
        if (
            a >= b
            or (asked.order == "strict" and b != a + 1)
            or (limit is not None and events[b].at - events[a].at > limit)
        ):
            return False
        if asked.barrier and asked.barrier[0] <= place < asked.barrier[1] and any(a < i < b for i in excluded):
            return False
    return True


def deepest(events: Sequence[Event], asked: Asked) -> tuple[int, tuple[int, ...]]:
    """(depth, the reported chain: first end; then latest rows from the end backwards; of any order first and last row)."""
    found = list(assignments(events, asked))
    depth = max((d for d, _ in found), default=0)
    chains = [rows for d, rows in found if d == depth]
    if not depth:
        return 0, ()
    end = min(max(rows) for rows in chains)
    ending = [rows for rows in chains if max(rows) == end]
    if asked.order == "any":
        return depth, (max(min(rows) for rows in ending), end)
    return depth, min(ending) if depth == 1 else max(ending, key=lambda rows: rows[::-1])
