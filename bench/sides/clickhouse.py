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


def edges_sql(log: str) -> str:
    """Sessions and edges of `log` (customer, event, event_at) by window functions, one window for all."""
    idle = IDLE_MINUTES * 60 * MICROSECOND
    return f"""
        with neighbours as (
            select event, lagInFrame(event) over customer as before,
                at - lagInFrame(at, 1, -{idle} - 1) over customer <= {idle} as goes_on,
                leadInFrame(at, 1, 9000000000000000000) over customer - at <= {idle} as has_next
            from (select customer, toString(event) as event, toUnixTimestamp64Micro(event_at) as at from {log})
            window customer as (
                partition by customer order by at rows between unbounded preceding and unbounded following
            )
        )
        select goes_on, before, event, has_next, toInt32(count()) from neighbours group by all"""


def depths_sql(log: str) -> str:
    """windowFunnel over `log`, in microseconds: customers by depth."""
    window = WINDOW_DAYS * 86_400 * MICROSECOND
    steps = ", ".join(f"event = '{step}'" for step in STEPS)
    listed = ", ".join(f"'{step}'" for step in STEPS)
    return f"""
        select depth, toInt32(count()) from (
            select windowFunnel({window})(toUInt64(toUnixTimestamp64Micro(event_at)), {steps}) as depth from {log}
            where event in ({listed}) group by customer
        ) group by depth"""


def edges(rows: list[Any]) -> dict[str, Any]:
    """The answer to `edges_sql`."""
    return edges_of([(bool(a), b, e, bool(n), c) for a, b, e, n, c in rows])


def depths(rows: list[Any]) -> list[int]:
    """The answer to `depths_sql`."""
    return reached({int(depth): n for depth, n in rows})


def delivered(job: Job) -> str:
    """The Parquet file as a log."""
    return f"(select customer_id as customer, event, event_at from file('{job.parquet}', Parquet))"


def transitions(job: Job) -> Task:
    """On the file, sorting included."""
    return lambda: edges(query(job, edges_sql(delivered(job))))


def funnel(job: Job) -> Task:
    """The same."""
    return lambda: depths(query(job, depths_sql(delivered(job))))
