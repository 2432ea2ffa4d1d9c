"""Which columns hold anything: those of the store, and the keys of the JSON properties."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow.parquet as pq

from ingest.database import Database, load_sql
from ingest.json_path import bound_path, steps
from ingest.schema import EVENTS
from ingest.store.event_store import Snapshot
from ingest.store.spans import SpanFile

PREFIX = "properties."
"""Before a key of the properties that has the name of one of the store's own columns."""

INTERNAL = frozenset(
    {
        "customer_key",
        "event_at",
        "recorded_input",
        "recorded_row",
        "properties",
        "content_hash",
        "duplicates",
        "variants",
    }
)
"""Columns of the store that are ours: not offered as a near name."""

BESIDE = {
    "event_at": "--since and --until select by time",
    "customer_key": "customer_id is the id as recorded",
    "variants": "it is our own note on duplicates",
}
"""Columns that no condition can look at, and what to do instead."""

NEWEST = 3
"""Files that are looked at for what events have of late."""


def absent_columns(snapshot: Snapshot, wanted: Collection[str]) -> tuple[list[str], list[str]]:
    """(the wanted columns in which no event has a value, the names that some event has one for).

    Reads the newest files first, and no further than it takes to find all that is wanted. `a.b` is there where
    `a` is and an event has a value at that path.
    """
    known: set[str] = set()
    missing = sorted(wanted)
    with Database() as db:
        for file in reversed(snapshot.files):
            known |= filled(db, file)
            missing = [
                c
                for c in missing
                if c not in known
                and not ((c.startswith(PREFIX) or known.issuperset(steps(c)[:1])) and has_path(db, file, c))
            ]
            if not missing:
                break
    return missing, sorted(known - INTERNAL)


def recent_columns(snapshot: Snapshot) -> frozenset[str]:
    """The columns, and the keys of the properties, in which an event of the newest files has a value."""
    with Database() as db:
        return frozenset[str]().union(*(filled(db, file) for file in snapshot.files[-NEWEST:]))


def shadowed(snapshot: Snapshot, wanted: Collection[str]) -> list[str]:
    """Of the wanted columns those of the store that a file had, too: its values are keys of the properties. Looks at the newest file."""
    own = sorted(set(wanted) & set(EVENTS.names))
    if not own or not snapshot.files:
        return []
    with Database() as db:
        return [c for c in own if has_path(db, snapshot.files[-1], f"{PREFIX}{c}")]


def has_path(db: Database, file: SpanFile, path: str) -> bool:
    """Has an event of this file a value at a path into its properties?"""
    if len(steps(path)) < 2 or "properties" not in filled(db, file):
        return False
    path = path.removeprefix(PREFIX)
    db.run(load_sql("ingest", "json_paths"))
    value, params = bound_path("properties", path)
    rows = f"from read_parquet($files, hive_partitioning = false) where {value} <> '' limit 1"
    return bool(db.rows(f"select 1 {rows}", {**params, "files": [str(file.path)]}))


def filled(db: Database, file: SpanFile) -> set[str]:
    """The columns and property keys of one file that hold a value."""
    with pq.ParquetFile(file.path, memory_map=True) as parquet:
        meta = parquet.metadata
    names = set()
    for group in (meta.row_group(i) for i in range(meta.num_row_groups)):
        for column in (group.column(i) for i in range(group.num_columns)):
            nulls = column.statistics.null_count if column.statistics is not None else 0
            if nulls is None or nulls < group.num_rows:
                names.add(column.path_in_schema.split(".")[0])
    if "properties" in names:
        names |= {key for (key,) in db.rows(load_sql("ingest", "property_keys"), {"files": [str(file.path)]})}
    return names
