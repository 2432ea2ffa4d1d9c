"""ClickHouse, embedded (chdb), on a MergeTree of its own: integer key, sorted by customer and time, LowCardinality names.

Loading and sorting are the `ingest` task; the questions find the table ready.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from chdb.session import Session

from sides import IDLE_MINUTES, MICROSECOND, STEPS, WINDOW_DAYS, Job, Task, reached
from sides.limit import edges_of

TABLE = """create table log (customer UInt64, event_at DateTime64(6, 'UTC'), event LowCardinality(String))
engine = MergeTree order by (customer, event_at)"""
CSV = "customer_id String, event_at DateTime64(6, \\'UTC\\'), event String"


def loaded(job: Job, folder: Path) -> Session:
    """A new session with the table `log`, read from the CSV and merged into one sorted part."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    session = Session(str(folder))
    session.query("create database shop")
    session.query("use shop")
    session.query(TABLE)
    session.query(
        f"insert into log select sipHash64(customer_id), event_at, event from file('{job.csv}', CSVWithNames, '{CSV}') "
        f"settings max_threads = {job.threads}, max_insert_threads = {job.threads}"
    )
    session.query("optimize table log final")
    return session


def query(job: Job, session: Session, sql: str) -> list[Any]:
    result = session.query(f"{sql} settings max_threads = {job.threads}", "JSONCompact")
    return json.loads(str(result))["data"]


def ingest(job: Job) -> Task:
    """CSV -> one sorted part. Its table is no Parquet, so only the number of rows can be held against ours."""
    folder = job.output / "mergetree"

    def run() -> None:
        session = loaded(job, folder)
        rows = query(job, session, "select count() from log")
        session.close()
        if not int(rows[0][0]):
            raise RuntimeError("nothing was loaded")

    return run


def transitions(job: Job) -> Task:
    """Sessions and edges by window functions, one window for all."""
    session = loaded(job, job.output / "mergetree")
    idle = IDLE_MINUTES * 60 * MICROSECOND
    sql = f"""
        with neighbours as (
            select event, lagInFrame(event) over customer as before,
                at - lagInFrame(at, 1, -{idle} - 1) over customer <= {idle} as goes_on,
                leadInFrame(at, 1, 9000000000000000000) over customer - at <= {idle} as has_next
            from (select customer, toString(event) as event, toUnixTimestamp64Micro(event_at) as at from log)
            window customer as (
                partition by customer order by at rows between unbounded preceding and unbounded following
            )
        )
        select goes_on, before, event, has_next, toInt32(count()) from neighbours group by all"""

    def run() -> dict[str, Any]:
        return edges_of([(bool(a), b, e, bool(n), c) for a, b, e, n, c in query(job, session, sql)])

    return run


def funnel(job: Job) -> Task:
    """windowFunnel, in microseconds."""
    session = loaded(job, job.output / "mergetree")
    window = WINDOW_DAYS * 86_400 * MICROSECOND
    steps = ", ".join(f"event = '{step}'" for step in STEPS)
    listed = ", ".join(f"'{step}'" for step in STEPS)
    sql = f"""
        select depth, toInt32(count()) from (
            select windowFunnel({window})(toUInt64(toUnixTimestamp64Micro(event_at)), {steps}) as depth from log
            where event in ({listed}) group by customer
        ) group by depth"""

    def run() -> list[int]:
        return reached({int(depth): n for depth, n in query(job, session, sql)})

    return run
