"""Read-only SQL over an explicit list of files, for people.

Exactly one SELECT, EXPLAIN or DESCRIBE is run, in a database that can open those files and no others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from ingest.database import Database
from ingest.errors import ConfigError
from ingest.quoting import literal, path_literal

ALLOWED = ("SELECT", "DESCRIBE")
EXPLAIN = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*explain\b\s*(?:analyze\b|\([^)]*\))?", re.IGNORECASE | re.DOTALL)


def read_only(sql: str, views: Mapping[str, Sequence[Path]], empty: Mapping[str, pa.Schema]) -> pa.Table:
    """The answer of one statement over `views` (name -> Parquet files); a view without files has the columns of `empty`.

    Raises ConfigError for anything but one SELECT, EXPLAIN or DESCRIBE, QueryError where DuckDB refuses.
    """
    with Database() as db:
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
        return db.query(sql)


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
