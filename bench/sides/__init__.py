"""What is measured against what: one module per side, one function per task.

A task is called once with a `Job` (open, connect, import: not timed) and returns the function that is timed. That
function returns the answer in plain types, so that the answers of all sides can be compared.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))  # the rooms themselves, installed or not

STEPS = ("product_view", "add_to_cart", "checkout_started", "purchase")
WINDOW_DAYS = 7
IDLE_MINUTES = 30
MICROSECOND = 1_000_000  # of a second


class Job(NamedTuple):
    """What every side works on."""

    csv: Path
    parquet: Path
    store: Path
    output: Path  # a folder of the side's own, for what it writes
    threads: int


Task = Callable[[], Any]


def edge_answer(edges: list[tuple[str, str, int]]) -> dict[str, Any]:
    """Sessions and edges, in one order for every side."""
    ordered = sorted((source, target, int(n)) for source, target, n in edges)
    return {"sessions": sum(n for source, _, n in ordered if source == "START"), "edges": ordered}


def reached(depths: dict[int, int]) -> list[int]:
    """Units by depth -> units that reached step 1, 2, ..."""
    return [sum(n for depth, n in depths.items() if depth >= step) for step in range(1, len(STEPS) + 1)]


def limit_threads(threads: int) -> None:
    """For libraries that read it from the environment when they are imported."""
    for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS", "ARROW_NUM_THREADS"):
        os.environ[name] = str(threads)
