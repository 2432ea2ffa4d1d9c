"""Old days become months: a year of nights is twelve files and the last weeks, not 365.

A month is sealed when all its days are old enough; its files are replaced by one, rows and order unchanged, in one
commit. A row that arrives for a sealed month later rewrites that month.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from ingest.clean import literal, quoted
from ingest.database import Database
from ingest.errors import StoreError
from ingest.merge import ORDER, sql_type
from ingest.raw import path_literal
from ingest.schema import EVENTS
from ingest.store import ROW_GROUP, EventStore, Snapshot, SpanFile, sealed_file


def seal(store: EventStore, before: date) -> tuple[str, ...]:
    """Seal every month that ends before this day; call under the lock. Returns the months, oldest first."""
    store.clear_leftovers()
    months = sorted({f.span[:7] for f in store.snapshot().files if is_day(f.span) and end_of(f.span) <= before})
    for month in months:
        seal_month(store, store.snapshot(), month)
    return tuple(months)


def is_day(span: str) -> bool:
    """A month has no day in its name."""
    return len(span) == len("2026-01-15")


def end_of(span: str) -> date:
    """The first day behind the month that a span lies in."""
    return (date.fromisoformat(f"{span[:7]}-28") + timedelta(days=4)).replace(day=1)


def seal_month(store: EventStore, base: Snapshot, month: str) -> None:
    """Replace the files of a month by one."""
    old = [f for f in base.files if f.span.startswith(month)]
    target = store.new_file(month, uuid.uuid4().hex)
    store.begin([], [target])
    with Database(temp_directory=store.root / "tmp") as db:
        write_month(db, old, base.promoted, str(target))
    store.commit(base, old, [kept_whole(sealed_file(target, month), old)], [], base.facts)
    store.journal.unlink()


def write_month(db: Database, files: Sequence[SpanFile], promoted: Sequence[str], target: str) -> None:
    """All their rows, sorted; a file from before a promotion has null there."""
    rows = f"read_parquet({path_literal(*(f.path for f in files))}, union_by_name = true, hive_partitioning = false)"
    held = {name for name, *_ in db.rows(f"describe select * from {rows}")}
    columns = [*EVENTS.names, *promoted]
    listed = ", ".join(quoted(c) if c in held else f"null::{sql_type(c)} as {quoted(c)}" for c in columns)
    options = f"(format parquet, compression zstd, row_group_size {ROW_GROUP})"
    db.run(f"copy (select {listed} from {rows} order by {ORDER}) to {literal(target)} {options}")


def kept_whole(written: SpanFile, old: Sequence[SpanFile]) -> SpanFile:
    """The written file, if it has as many rows as those it replaces."""
    if written.rows != sum(f.rows for f in old):
        raise StoreError(f"{written.path.name} has lost rows of {written.span}; nothing was committed.")
    return written
