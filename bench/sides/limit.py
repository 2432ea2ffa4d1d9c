"""The limit: what DuckDB needs to touch the same bytes and do nothing else. And its plain window SQL, as a peer."""

from __future__ import annotations

from typing import Any

import duckdb

from sides import IDLE_MINUTES, Job, Task, edge_answer


def connect(job: Job, memory_limit: str = "3GB") -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"set threads = {job.threads}; set TimeZone = 'UTC'; set memory_limit = '{memory_limit}'")
    return con


def scan(job: Job) -> Task:
    """The three columns of every question, in a way that statistics cannot answer."""
    from ingest.store.event_store import EventStore

    con = connect(job)
    files = [str(f.path) for f in EventStore(job.store).snapshot().files]
    sql = """select bit_xor(customer_key), bit_xor(epoch_us(event_at)), sum(strlen(event))
        from read_parquet($files, hive_partitioning = false)"""

    def run() -> None:
        con.execute(sql, {"files": files}).fetchall()

    return run


def copy(job: Job) -> Task:
    """A typed read, a sort, a write: no check, no key, no duplicates, no accounting."""
    con = connect(job)
    target = job.output / "sorted.parquet"

    def run() -> list[str]:
        target.unlink(missing_ok=True)
        con.execute(
            f"""copy (
                select * from read_csv($csv, header = true, delim = ',', auto_detect = false,
                    columns = {{'customer_id': 'VARCHAR', 'event_at': 'TIMESTAMP', 'event': 'VARCHAR'}})
                order by customer_id, event_at
            ) to '{target}' (format parquet, compression zstd)""",
            {"csv": str(job.csv)},
        )
        return [str(target)]

    return run


def transitions(job: Job) -> Task:
    """Sessions and edges by window functions over the delivered Parquet."""
    con = connect(job)
    sql = f"""
        with neighbours as (
            select event, lag(event) over customer as before,
                event_at - lag(event_at) over customer <= interval {IDLE_MINUTES} minutes as goes_on,
                lead(event_at) over customer - event_at <= interval {IDLE_MINUTES} minutes as has_next
            from read_parquet($parquet)
            window customer as (partition by customer_id order by event_at)
        )
        select coalesce(goes_on, false), before, event, coalesce(has_next, false), count(*)
        from neighbours group by all"""

    def run() -> dict[str, Any]:
        return edges_of(con.execute(sql, {"parquet": str(job.parquet)}).fetchall())

    return run


def edges_of(rows: list[tuple[bool, str, str, bool, int]]) -> dict[str, Any]:
    """(goes on, event before, event, has a next one, rows) -> edges with START and END."""
    edges: dict[tuple[str, str], int] = {}
    for goes_on, before, event, has_next, n in rows:
        source = (before if goes_on else "START", event)
        edges[source] = edges.get(source, 0) + n
        if not has_next:
            edges[event, "END"] = edges.get((event, "END"), 0) + n
    return edge_answer([(source, target, n) for (source, target), n in edges.items()])
