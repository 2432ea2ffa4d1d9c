"""ClickHouse, embedded (chdb), on the delivered Parquet."""

from __future__ import annotations

import json
from typing import Any

import chdb

from sides import IDLE_MINUTES, MICROSECOND, STEPS, WINDOW_DAYS, Job, Task, reached
from sides.limit import edges_of


def query(job: Job, sql: str) -> list[Any]:
    result = chdb.query(f"{sql} settings max_threads = {job.threads}", "JSONCompact")
    return json.loads(str(result))["data"]


def transitions(job: Job) -> Task:
    """Sessions and edges by window functions, one window for all."""
    idle = IDLE_MINUTES * 60 * MICROSECOND
    sql = f"""
        with neighbours as (
            select event, lagInFrame(event) over customer as before,
                at - lagInFrame(at, 1, -{idle} - 1) over customer <= {idle} as goes_on,
                leadInFrame(at, 1, 9000000000000000000) over customer - at <= {idle} as has_next
            from (
                select customer_id, event, toUnixTimestamp64Micro(event_at) as at from file('{job.parquet}', Parquet)
            )
            window customer as (
                partition by customer_id order by at rows between unbounded preceding and unbounded following
            )
        )
        select goes_on, before, event, has_next, toInt32(count()) from neighbours group by all"""

    def run() -> dict[str, Any]:
        return edges_of([(bool(a), b, e, bool(n), c) for a, b, e, n, c in query(job, sql)])

    return run


def funnel(job: Job) -> Task:
    """windowFunnel, in microseconds."""
    window = WINDOW_DAYS * 86_400 * MICROSECOND
    at = "toUInt64(toUnixTimestamp64Micro(event_at))"
    steps = ", ".join(f"event = '{step}'" for step in STEPS)
    listed = ", ".join(f"'{step}'" for step in STEPS)
    sql = f"""
        select depth, toInt32(count()) from (
            select windowFunnel({window})({at}, {steps}) as depth from file('{job.parquet}', Parquet)
            where event in ({listed}) group by customer_id
        ) group by depth"""

    def run() -> list[int]:
        return reached({int(depth): n for depth, n in query(job, sql)})

    return run
