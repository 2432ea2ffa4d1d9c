"""The absorbing Markov chain (order 1) of a path graph: who reaches the goal from where, and what that hangs on.

States are START and the nodes; a walk moves by the shares of each node's out-transitions. Entering a goal node ends it as a
success, entering END ends it without one: what a customer does after a goal plays no part. With T the nodes that are no
goals, Q the shares T -> T, r the shares T -> any goal and N = (I - Q)^-1 (the fundamental matrix: Kemeny & Snell 1960,
Finite Markov Chains, ch. 3):

    p_goal          p = N r, the chance that a walk at a node reaches a goal before END; 1 at a goal
    removal_effect  1 - p'(START) / p(START), where p' is the chain in which every transition into the node goes to END
                    instead (Anderl et al. 2016, Mapping the customer journey). A walk that meets n succeeds from its first
                    visit on with chance p(n), so p(START) - p'(START) = N[START, n] / N[n, n] * p(n): all of them from one
                    factorisation
    expected_steps  mean number of transitions up to the goal, of the walks that reach it: the chain conditioned on success
                    (Doob's h-transform with h = p) needs m steps, and p * m = N p

N is taken over the nodes that can reach a goal and no others, so it exists for every graph: a node that cannot has p_goal 0
and removal_effect 0, and from none of those does a walk come back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.array_types import Bools, Floats
from paths.visits.visits import END, START

BLOCK = 256
"""Columns of N that are held at a time."""

DENSE = 5_000
"""Nodes up to which N may be held whole (200 MB)."""


@dataclass(frozen=True)
class Chances:
    """Of one node, to 6 decimals; None = not defined."""

    p_goal: float
    removal_effect: float | None  # None at START, and everywhere if no walk from START reaches a goal
    expected_steps: float | None  # None where the goal cannot be reached; 0 at a goal


def absorbing_chain(edges: pa.Table, goals: Collection[str]) -> dict[str, Chances]:
    """START and every node of an EDGES table -> its chances; `goals` are the names of the goal nodes."""
    names, shares = shares_of(edges)
    goal = np.array([n in set(goals) for n in names], dtype=bool)
    p, steps, removal = goal.astype(np.float64), np.where(goal, 0.0, np.nan), np.full(len(names), np.nan)
    able = np.flatnonzero(can_reach(shares, goal) & ~goal)
    start = np.flatnonzero(able == (names.index(START) if START in names else -1))
    if len(able):
        solver = Solver.of(shares[able][:, able])
        p[able] = solver.solve(shares[able][:, np.flatnonzero(goal)].sum(axis=1))
        steps[able] = solver.solve(p[able]) / p[able]
    if len(start):
        met = solver.solve_left(np.eye(1, len(able), int(start[0]))[0])  # N[START, n]
        base = p[able[start[0]]]
        removal[:] = 0.0
        removal[able] = met / solver.diagonal() * p[able] / base
        removal[goal] = (met @ shares[able][:, np.flatnonzero(goal)]) / base
    return {
        name: Chances(
            round(min(1.0, float(p[i])), 6),
            None if name == START else finite(min(1.0, removal[i]) if removal[i] == removal[i] else removal[i]),
            finite(steps[i]),
        )
        for i, name in enumerate(names)
    }


def shares_of(edges: pa.Table) -> tuple[list[str], Any]:
    """(node names, START among them, sorted; csr matrix of the shares node -> node). What is missing from 1 goes to END."""
    from scipy.sparse import csr_matrix

    source, target = edges["source"].to_pylist(), edges["target"].to_pylist()
    names = sorted({*source, *target} - {END})
    number = {n: i for i, n in enumerate([*names, END])}
    count = np.asarray(edges["transitions"], dtype=np.float64)
    rows, columns = (np.array([number[n] for n in side], dtype=np.int64) for side in (source, target))
    out = np.bincount(rows, weights=count, minlength=len(names))
    inner = columns < len(names)
    values = count[inner] / out[rows[inner]]
    return names, csr_matrix((values, (rows[inner], columns[inner])), shape=(len(names), len(names)))


def can_reach(shares: Any, goal: Bools) -> Bools:
    """Per node: does a walk of positive chance lead to a goal (a goal itself: yes)?"""
    reached = goal
    while True:
        further = reached | (shares @ reached.astype(np.float64) > 0)
        if (further == reached).all():
            return reached
        reached = further


@dataclass(frozen=True)
class Solver:
    """I - Q, factorised once (SuperLU)."""

    matrix: Any
    factors: Any

    @property
    def size(self) -> int:
        """How many nodes it is about."""
        return int(self.matrix.shape[0])

    @classmethod
    def of(cls, inner: Any) -> Solver:
        """From Q, a sparse matrix in which every row leads out."""
        from scipy.sparse import identity
        from scipy.sparse.linalg import splu

        # I - Q is an M-matrix with a dominant diagonal: it needs no pivoting, so rows and columns keep one fill-reducing order
        matrix = (identity(inner.shape[0]) - inner).tocsc()
        factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        return cls(matrix, factors)

    def solve(self, right: Any) -> Floats:
        """N right."""
        return np.asarray(self.factors.solve(np.asarray(right, dtype=np.float64).ravel()))

    def solve_left(self, left: Floats) -> Floats:
        """Left N."""
        return np.asarray(self.factors.solve(left, trans="T"))

    def diagonal(self) -> Floats:
        """N[n, n] of every n: mean number of visits to n of a walk that is at n."""
        if self.size <= DENSE and self.factors.nnz * 10 > self.size**2:  # filled in: nothing sparse is left to gain
            return np.diagonal(np.linalg.inv(self.matrix.toarray()))
        entries = np.empty(self.size)
        for first in range(0, self.size, BLOCK):
            width = min(BLOCK, self.size - first)
            unit = np.zeros((self.size, width))
            unit[first + np.arange(width), np.arange(width)] = 1.0
            entries[first : first + width] = np.asarray(self.factors.solve(unit))[
                first + np.arange(width), np.arange(width)
            ]
        return entries


def finite(value: float) -> float | None:
    """To 6 decimals; None for what is not defined."""
    return round(float(value), 6) if np.isfinite(value) else None
