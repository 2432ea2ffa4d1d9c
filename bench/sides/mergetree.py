"""ClickHouse, embedded (chdb), on a MergeTree of its own: integer key, sorted by customer and time, LowCardinality names.

Loading and sorting are the `ingest` task; the questions find the table ready.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from chdb.session import Session

from sides import Job, Task
from sides.clickhouse import depths, depths_sql, edges, edges_sql

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
    """On the table, which is there."""
    session = loaded(job, job.output / "mergetree")
    return lambda: edges(query(job, session, edges_sql("log")))


def funnel(job: Job) -> Task:
    """The same."""
    session = loaded(job, job.output / "mergetree")
    return lambda: depths(query(job, session, depths_sql("log")))
