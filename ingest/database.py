"""The one door to DuckDB.

Statements live in `.sql` files beside the code that runs them; values are bound as `$name`, never formatted.
A failing statement raises `QueryError` and shows its SQL.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pyarrow as pa

from ingest.errors import QueryError
from ingest.quoting import literal
from ingest.scratch import begin, end


@cache
def load_sql(package: str, name: str) -> str:
    """The text of `<package>/sql/<name>.sql`."""
    return (resources.files(package) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def refusals(sql: str) -> Iterator[None]:
    """What DuckDB refuses while a statement runs is a QueryError; Ctrl-C, which it tells as a fault, is Ctrl-C."""
    try:
        yield
    except duckdb.Error as error:
        if isinstance(error, duckdb.InterruptException) and Interruption.wanted:
            raise KeyboardInterrupt from error
        raise QueryError(str(error), sql) from error
    except (pa.ArrowException, OSError) as error:  # of a result that is read part by part
        raise QueryError(str(error), sql) from error
    except RuntimeError as error:
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from error
        raise


class Interruption:
    """Ctrl-C: it stops what DuckDB does at once, wherever it is."""

    wanted = False
    _open: ClassVar[weakref.WeakSet[duckdb.DuckDBPyConnection]] = weakref.WeakSet()

    @classmethod
    def watch(cls, connection: duckdb.DuckDBPyConnection) -> None:
        """A connection to stop."""
        cls._open.add(connection)

    @classmethod
    def now(cls) -> None:
        """Stop every statement that runs; may be called by any thread."""
        cls.wanted = True
        for connection in tuple(cls._open):
            with suppress(duckdb.Error):
                connection.interrupt()


class Database:
    """An in-memory DuckDB, in UTC, that spills to its own private folder when `memory_limit` is reached.

    The folder lies in `store`, or with the temporary data of this user where there is none (`ingest.scratch`), and goes
    with the database. `disk_limit`: how much may be spilled; None = all there is room for.
    """

    def __init__(
        self,
        threads: int | None = None,
        memory_limit: str = "2GB",
        store: Path | None = None,
        disk_limit: str | None = None,
    ) -> None:
        self.scratch = begin(store)
        self.connection = duckdb.connect(":memory:")
        Interruption.watch(self.connection)
        self.run("set TimeZone = 'UTC'")
        self.run(f"set threads = {int(threads or os.cpu_count() or 1)}")
        self.run("set memory_limit = '" + memory_limit.replace("'", "") + "'")
        self.run("set preserve_insertion_order = true")
        self.run("set enable_progress_bar = false")
        self.run(f"set temp_directory = {literal(str(self.scratch / 'spilled'))}")
        if disk_limit is not None:
            self.run(f"set max_temp_directory_size = {literal(disk_limit)}")

    def run(self, sql: str, params: Mapping[str, Any] | None = None) -> None:
        """Execute a statement for its effect."""
        with refusals(sql):
            done = self.connection.execute(sql, dict(params) if params else None)
            if done is not None:
                done.fetchall()

    def query(self, sql: str, params: Mapping[str, Any] | None = None, **tables: pa.Table) -> pa.Table:
        """The result of one SELECT as an Arrow table; `tables` are Arrow tables it may name."""
        try:
            with refusals(sql):
                for name, table in tables.items():
                    self.connection.register(name, table)
                return self.connection.sql(sql, params=dict(params) if params else None).to_arrow_table()
        finally:
            for name in tables:
                self.connection.unregister(name)

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """The result of one SELECT, `rows` at a time; nothing else can be asked before the last of them is there."""
        _, parts = self.parts(sql, rows)
        yield from parts

    def parts(self, sql: str, rows: int) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """(its columns, the same)."""
        with refusals(sql):
            reader = self.connection.sql(sql).to_arrow_reader(rows)

        def read() -> Iterator[pa.RecordBatch]:
            with refusals(sql):
                yield from reader

        return reader.schema, read()

    def interrupt(self) -> None:
        """Stop the statement that runs in another thread; it raises there."""
        self.connection.interrupt()

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
        with refusals(sql):
            return self.connection.execute(sql, dict(params) if params else None).fetchall()

    def kinds(self, sql: str) -> list[str]:
        """What statements a text holds: SELECT, EXPLAIN, COPY, ..."""
        with refusals(sql):
            return [statement.type.name for statement in self.connection.extract_statements(sql)]

    def close(self) -> None:
        """Give memory and disk back."""
        self.connection.close()
        end(self.scratch)

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
