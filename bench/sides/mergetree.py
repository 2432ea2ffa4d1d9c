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


CHECKED = (
    """create table log (customer UInt64, customer_id String, event_at DateTime64(6, 'UTC'), event LowCardinality(String))
engine = MergeTree order by (customer, event_at)""",
    "create table outcomes (reason LowCardinality(String), rows UInt64) engine = SummingMergeTree order by reason",
    """create table arriving (customer_id String, at Nullable(DateTime64(6, 'UTC')), event String, reason LowCardinality(String))
engine = Null""",
    """create materialized view accepted to log as select sipHash64(customer_id) as customer, customer_id,
    assumeNotNull(at) as event_at, event from arriving where reason = ''""",
    "create materialized view counted to outcomes as select reason, count() as rows from arriving group by reason",
)
REASON = """multiIf(trimBoth(customer_id) = '', 'no customer', trimBoth(event) = '', 'no event', isNull(at), 'no time',
    at < toDateTime64('1970-01-01 00:00:00', 6, 'UTC') or at >= toDateTime64('2200-01-01 00:00:00', 6, 'UTC'), 'no such time', '')"""


def opened(folder: Path, *tables: str) -> Session:
    """A new session with these tables."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    session = Session(str(folder))
    for statement in ("create database shop", "use shop", *tables):
        session.query(statement)
    return session


def loaded(job: Job, folder: Path) -> Session:
    """A new session with the table `log`, read from the CSV and merged into one sorted part."""
    session = opened(folder, TABLE)
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
        closed(job, loaded(job, folder))

    return run


def ingest_checked(job: Job) -> Task:
    """The same with ids kept, times read from text, rows without customer, event or time counted by reason, copies dropped."""
    folder = job.output / "checked"

    def run() -> None:
        session = opened(folder, *CHECKED)
        text = "customer_id String, event_at String, event String"
        session.query(
            f"insert into arriving select customer_id, parseDateTime64BestEffortOrNull(event_at, 6, 'UTC') as at, event, {REASON} "
            f"from file('{job.csv}', CSVWithNames, '{text}') "
            f"settings max_threads = {job.threads}, max_insert_threads = {job.threads}"
        )
        session.query("optimize table log final deduplicate")
        accepted = query(job, session, "select sumIf(rows, reason = '') from outcomes")[0][0]
        there = closed(job, session)
        if int(accepted) != there:  # the log has no copies
            raise RuntimeError(f"{accepted} rows were accepted, {there} are there")

    return run


def closed(job: Job, session: Session) -> int:
    """End a session that has loaded something; the rows of its log."""
    rows = int(query(job, session, "select count() from log")[0][0])
    session.close()
    if not rows:
        raise RuntimeError("nothing was loaded")
    return rows


def transitions(job: Job) -> Task:
    """On the table, which is there."""
    session = loaded(job, job.output / "mergetree")
    return lambda: edges(query(job, session, edges_sql("log")))


def funnel(job: Job) -> Task:
    """The same."""
    session = loaded(job, job.output / "mergetree")
    return lambda: depths(query(job, session, depths_sql("log")))
