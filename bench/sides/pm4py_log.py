"""pm4py, on the delivered Parquet: its directly-follows graph of sessions that pandas finds."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pm4py

from sides import IDLE_MINUTES, Job, Task, edge_answer


def transitions(job: Job) -> Task:
    """Sessions by one sort and a shift, then the graph; a case is a session."""

    def run() -> dict[str, Any]:
        log = pd.read_parquet(job.parquet, columns=["customer_id", "event_at", "event"])
        log = log.sort_values(["customer_id", "event_at"], kind="stable")
        gap = log["event_at"].diff() > pd.Timedelta(minutes=IDLE_MINUTES)
        log["case"] = (gap | (log["customer_id"] != log["customer_id"].shift())).cumsum().astype(str)
        edges, opens, closes = pm4py.discover_dfg(
            log, activity_key="event", timestamp_key="event_at", case_id_key="case"
        )
        return edge_answer(
            [
                *((a, b, n) for (a, b), n in edges.items()),
                *(("START", a, n) for a, n in opens.items()),
                *((a, "END", n) for a, n in closes.items()),
            ]
        )

    return run
