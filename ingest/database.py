"""The one door to DuckDB.

Statements live in `.sql` files beside the code that runs them; values are bound as `$name`, never formatted.
A failing statement raises `QueryError` and shows its SQL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ingest.errors import QueryError


@cache
def load_sql(package: str, name: str) -> str:
    """The text of `<package>/sql/<name>.sql`."""
    return (resources.files(package) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


class Database:
    """An in-memory DuckDB, in UTC, that spills to `temp_directory` when `memory_limit` is reached."""

    def __init__(
        self, threads: int | None = None, memory_limit: str = "2GB", temp_directory: Path | None = None
    ) -> None:
        self.connection = duckdb.connect(":memory:")
        self.run("set TimeZone = 'UTC'")
        self.run(f"set threads = {int(threads or os.cpu_count() or 1)}")
        self.run("set memory_limit = '" + memory_limit.replace("'", "") + "'")
        self.run("set preserve_insertion_order = true")
        self.run("set enable_progress_bar = false")
        if temp_directory is not None:
            self.run("set temp_directory = '" + str(temp_directory).replace("'", "''") + "'")

    def run(self, sql: str, params: Mapping[str, Any] | None = None) -> None:
        """Execute a statement for its effect."""
        try:
            done = self.connection.execute(sql, dict(params) if params else None)
            if done is not None:
                done.fetchall()
        except duckdb.Error as error:
            raise QueryError(str(error), sql) from error

    def query(self, sql: str, params: Mapping[str, Any] | None = None, **tables: pa.Table) -> pa.Table:
        """The result of one SELECT as an Arrow table; `tables` are Arrow tables it may name."""
        try:
            for name, table in tables.items():
                self.connection.register(name, table)
            return self.connection.sql(sql, params=dict(params) if params else None).to_arrow_table()
        except duckdb.Error as error:
            raise QueryError(str(error), sql) from error
        finally:
            for name in tables:
                self.connection.unregister(name)

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """The result of one SELECT, `rows` at a time; nothing else can be asked before the last of them is there."""
        try:
            yield from self.connection.sql(sql).to_arrow_reader(rows)
        except (duckdb.Error, pa.ArrowException) as error:
            raise QueryError(str(error), sql) from error

    def run_with(self, sql: str, params: Mapping[str, Any] | None = None, **tables: pa.Table) -> None:
        """Execute a statement for its effect; `tables` are Arrow tables it may name."""
        try:
            for name, table in tables.items():
                self.connection.register(name, table)
            self.run(sql, params)
        finally:
            for name in tables:
                self.connection.unregister(name)

    def rows(self, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The result of one SELECT as Python tuples: for small answers only."""
        try:
            return self.connection.execute(sql, dict(params) if params else None).fetchall()
        except duckdb.Error as error:
            raise QueryError(str(error), sql) from error

    def kinds(self, sql: str) -> list[str]:
        """What statements a text holds: SELECT, EXPLAIN, COPY, ..."""
        try:
            return [statement.type.name for statement in self.connection.extract_statements(sql)]
        except duckdb.Error as error:
            raise QueryError(str(error), sql) from error

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
