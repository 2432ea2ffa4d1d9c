"""Old days become months: a year of nights is twelve files and the last weeks, not 365.

A month is sealed when all its days are old enough; its files are replaced by one, rows and order unchanged, in one
commit. A row that arrives for a sealed month later rewrites that month.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from ingest.database import Database
from ingest.errors import StoreError
from ingest.identity.stitching import join_indexes
from ingest.loading.merge import ORDER
from ingest.loading.parquet_writer import CHUNK, Writing
from ingest.quoting import path_literal, quoted
from ingest.schema import EVENTS
from ingest.store.event_store import EventStore, Snapshot, sealed_file
from ingest.store.spans import SpanFile


def seal(store: EventStore, before: date) -> tuple[str, ...]:
    """Seal every month that ends before this day; call under the lock. Returns the months, oldest first."""
    store.clear_leftovers()
    months = sorted({f.span[:7] for f in store.snapshot().files if f.is_day and end_of(f.span) <= before})
    for month in months:
        seal_month(store, store.snapshot(), month)
    return tuple(months)


def end_of(span: str) -> date:
    """The first day behind the month that a span lies in."""
    return (date.fromisoformat(f"{span[:7]}-28") + timedelta(days=4)).replace(day=1)


def seal_month(store: EventStore, base: Snapshot, month: str) -> None:
    """Replace the files of a month by one."""
    old = [f for f in base.files if f.span.startswith(month)]
    target = store.new_file(month, uuid.uuid4().hex)
    store.begin([], [target])
    with Database(store=store.root) as db:
        written = write_month(db, old, base.promoted, SpanFile(path=target, span=month, rows=0))
    join_indexes(old, written)
    store.commit(base, old, [kept_whole(written, old)], {}, base.facts)
    store.journal.unlink()


def write_month(db: Database, files: Sequence[SpanFile], promoted: Sequence[str], target: SpanFile) -> SpanFile:
    """All their rows, sorted; a file from before a promotion has null there."""
    rows = f"read_parquet({path_literal(*(f.path for f in files))}, union_by_name = true, hive_partitioning = false)"
    columns = [*EVENTS.names, *promoted]
    listed = ", ".join(quoted(name) for name, *_ in db.rows(f"describe select * from {rows}") if name in columns)
    with Writing(columns, sealed_file) as writing:
        writing.stream(target.path, target.span, db.batches(f"select {listed} from {rows} order by {ORDER}", CHUNK), {})
        (written,) = writing.files()
    return written


def kept_whole(written: SpanFile, old: Sequence[SpanFile]) -> SpanFile:
    """The written file, if it has as many rows as those it replaces."""
    if written.rows != sum(f.rows for f in old):
        raise StoreError(f"{written.path.name} has lost rows of {written.span}; nothing was committed.")
    return written
