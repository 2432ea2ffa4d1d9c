"""Compiled loop of transitions; see ingest/compiled.py."""

from __future__ import annotations

import numpy as np

from ingest.array_types import AnyInts, Bools, Ints
from ingest.compiled import Loop


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
