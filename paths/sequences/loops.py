"""Compiled loop of the flows between first steps."""

from __future__ import annotations

import numpy as np

from ingest.array_types import AnyInts, Bools, Ints
from ingest.compiled import Loop


@Loop
def step_flows(code: AnyInts, starts: Ints, ends: Ints, goal: Bools, steps: int, size: int, collapse: bool) -> Ints:
    """first_steps.flows_in: how often each code occurs; starts, ends, goal: of each chosen session."""
    flows = np.zeros((steps, size, size, 2), dtype=np.int64)
    for k in range(len(starts)):
        node, step, good = np.int64(size - 2), 0, np.int64(goal[k])
        for i in range(starts[k], ends[k]):
            here = np.int64(code[i])
            if collapse and here == node:
                continue
            flows[step, node, here, good] += 1
            node = here
            step += 1
            if step == steps:
                break
        if step < steps:
            flows[step, node, size - 1, good] += 1
    return flows.ravel()
