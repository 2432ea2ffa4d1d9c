"""Read-only SQL over an explicit list of files, for people.

Exactly one SELECT, EXPLAIN or DESCRIBE is run, in a database that can open those files and no others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shutil import disk_usage
from threading import Timer
from time import monotonic

import pyarrow as pa

from ingest.database import Database
from ingest.errors import ConfigError, LimitMet, QueryError
from ingest.quoting import literal, path_literal
from ingest.sizes import bytes_of, shown_size

ALLOWED = ("SELECT", "DESCRIBE")
PART = 100_000
"""Rows of an answer that are fetched at a time."""
EXPLAIN = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*explain\b\s*(?:analyze\b|\([^)]*\))?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class SqlLimits:
    """What one statement may use; a disk limit above half of what is free is lowered to that."""

    timeout: timedelta = timedelta(minutes=10)
    memory: str = "2GB"  # of DuckDB, and of the answer
    disk: str = "10GB"  # spilled


def read_only(
    sql: str,
    views: Mapping[str, Sequence[Path]],
    empty: Mapping[str, pa.Schema],
    limits: SqlLimits | None = None,
    store: Path | None = None,
) -> pa.Table:
    """The answer of one statement over `views` (name -> Parquet files); a view without files has the columns of `empty`.

    What is spilled lies in a private folder of `store`, and goes with the statement. Raises ConfigError for anything but
    one SELECT, EXPLAIN or DESCRIBE, QueryError where DuckDB refuses, and LimitMet, which names the limit.
    """
    limits = limits or SqlLimits()
    for size in (limits.memory, limits.disk):
        try:
            bytes_of(size)
        except ValueError as error:
            raise ConfigError(str(error)) from None
    with Database(memory_limit=limits.memory, store=store) as db:
        disk = min(bytes_of(limits.disk), disk_usage(db.scratch).free // 2)
        db.run(f"set max_temp_directory_size = '{disk} bytes'")
        for name, files in views.items():
            if files:
                db.run(f"create view {name} as {select_all(files)}")
            else:
                db.run_with(f"create table {name} as select * from nothing", nothing=empty[name].empty_table())
        listed = [f for files in views.values() for f in files]
        plain = ", ".join(literal(str(f.absolute())) for f in listed)
        db.run(
            f"set allowed_paths = list_distinct([{plain}] || {path_literal(*listed)})"
        )  # asked for as a pattern, too
        db.run("set enable_external_access = false")
        db.run("set lock_configuration = true")
        check(db, sql)
        return answered(db, sql, limits, disk)


def answered(db: Database, sql: str, limits: SqlLimits, disk: int) -> pa.Table:
    """The rows of a statement, read part by part, within its limits."""
    seconds, most = limits.timeout.total_seconds(), bytes_of(limits.memory)
    end, size, parts = monotonic() + seconds, 0, []
    alarm = Timer(seconds, db.interrupt)
    alarm.daemon = True
    alarm.start()
    try:
        schema, rows = db.parts(sql, PART)
        for part in rows:
            size += part.nbytes
            if size > most:
                raise LimitMet(f"the answer is larger than {limits.memory}, its limit of memory. {MORE['memory']}", sql)
            if monotonic() > end:
                raise LimitMet(too_long(limits), sql)
            parts.append(part)
        return pa.Table.from_batches(parts, schema=schema)
    except LimitMet:
        raise
    except QueryError as error:
        said = error.message
        if "Out of Memory" in said:
            kind = "disk" if "max_temp_directory_size" in said else "memory"
            allowed = limits.memory if kind == "memory" else shown_size(disk)
            raise LimitMet(
                f"the statement needs more than {allowed}, its limit of {kind}. {MORE[kind]}", sql
            ) from error
        if monotonic() >= end:
            raise LimitMet(too_long(limits), sql) from error
        raise
    finally:
        alarm.cancel()


MORE = {
    "time": "--timeout 1h allows more (timeout in [sql] for good); a WHERE on event_at or span reads less.",
    "memory": "--memory 8GB allows more (memory in [sql] for good); a LIMIT, fewer columns or an aggregate need less.",
    "disk": "--disk 50GB allows more (disk in [sql] for good), up to half of what is free there; what it had written is deleted.",
}
"""What to do where a limit is met."""


def too_long(limits: SqlLimits) -> str:
    """The message of the limit of time."""
    return (
        f"the statement ran longer than {limits.timeout.total_seconds():g} seconds, its limit of time. {MORE['time']}"
    )


def select_all(files: Sequence[Path]) -> str:
    """All rows of files in folders such as span=2026-01-15, with that column; folders above them are no columns."""
    column = files[0].parent.name.partition("=")[0]
    value = f"regexp_extract(_file, '{column}=([^/]*)/[^/]*$', 1){'::date' if column.endswith('_date') else ''}"
    return f"""select * exclude (_file), {value} as {column}
        from read_parquet({path_literal(*files)}, union_by_name = true, hive_partitioning = false, filename = '_file')"""


def check(db: Database, sql: str) -> None:
    """Raise ConfigError for what must not run: EXPLAIN ANALYZE runs what it explains."""
    kinds = db.kinds(sql)
    explained = EXPLAIN.match(sql) if kinds == ["EXPLAIN"] else None
    if kinds == ["EXPLAIN"]:
        kinds = db.kinds(sql[explained.end() :]) if explained else ["EXPLAIN"]
        kinds = [kind if kind == "SELECT" else f"EXPLAIN {kind}" for kind in kinds]
    if len(kinds) != 1 or kinds[0] not in ALLOWED:
        raise ConfigError(
            f"sql reads, it never writes: give exactly one SELECT, EXPLAIN or DESCRIBE statement, not {', '.join(kinds) or 'nothing'}."
        )
