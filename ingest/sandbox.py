"""Read-only SQL over an explicit list of files, for people.

Exactly one SELECT, EXPLAIN or DESCRIBE is run, in a database that can open those files and no others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from ingest.clean import literal
from ingest.database import Database
from ingest.errors import ConfigError

ALLOWED = ("SELECT", "EXPLAIN", "DESCRIBE")


def read_only(sql: str, views: Mapping[str, Sequence[Path]]) -> pa.Table:
    """The answer of one statement over `views` (name -> Parquet files).

    Raises ConfigError for anything but one SELECT, EXPLAIN or DESCRIBE, QueryError where DuckDB refuses.
    """
    with Database() as db:
        for name, files in views.items():
            listed = ", ".join(literal(str(f)) for f in files)
            db.run(
                f"create view {name} as select * from read_parquet([{listed}], union_by_name = true, hive_partitioning = true)"
            )
        allowed = ", ".join(literal(str(f)) for files in views.values() for f in files)
        db.run(f"set allowed_paths = [{allowed}]")
        db.run("set enable_external_access = false")
        db.run("set lock_configuration = true")
        check(db, sql)
        return db.query(sql)


def check(db: Database, sql: str) -> None:
    """Raise ConfigError for what must not run."""
    kinds = db.kinds(sql)
    if len(kinds) != 1 or kinds[0] not in ALLOWED:
        raise ConfigError(
            f"sql reads, it never writes: give exactly one SELECT, EXPLAIN or DESCRIBE statement, not {', '.join(kinds) or 'nothing'}."
        )
