"""retentioneering, on the delivered Parquet."""

from __future__ import annotations

import os
from typing import Any

os.environ["RETENTIONEERING_NO_TRACK"] = "1"

import pandas as pd
from retentioneering import Eventstream

from sides import IDLE_MINUTES, Job, Task, edge_answer

SCHEMA = {"path_cols": ["customer_id"], "event_col": "event", "timestamp_col": "event_at"}
FRAME = {"path_start": "START", "path_end": "END"}


def transitions(job: Job) -> Task:
    """An event stream, cut into sessions; the matrix of counts of its graph."""

    def run() -> dict[str, Any]:
        log = pd.read_parquet(job.parquet, columns=["customer_id", "event_at", "event"])
        stream = Eventstream(log, schema=SCHEMA).split_sessions(timeout=f"{IDLE_MINUTES}m")
        counts = stream.transition_graph_data(edge_weight="count", path_col="session_id").stack()
        return edge_answer([(FRAME.get(a, a), FRAME.get(b, b), n) for (a, b), n in counts.items() if n])

    return run
