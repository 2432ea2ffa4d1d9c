"""Load files: read, clean, merge into their days, commit once.

    load(store, [Source(mapping, files)], ...) -> Loaded

All files of a call are one commit. A file whose bytes were taken in before adds nothing and says so.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from ingest.clean import Limits, prepare, quoted, stage
from ingest.database import Database, load_sql
from ingest.errors import Conflict
from ingest.lock import writer_lock
from ingest.mapping import Columns, SourceMapping
from ingest.quarantine import Quarantine
from ingest.schema import EVENTS
from ingest.sources import ReadOptions, content_hash, natural_key, read_rows
from ingest.store import ROW_GROUP, EventStore, Snapshot, SpanFile, TakenInput, sealed_file

COPY = "(format parquet, compression zstd, row_group_size {rows})"


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """One file to load, and the name under which its rows are recorded."""

    path: Path
    name: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """Files that are read by one mapping."""

    mapping: SourceMapping
    files: Sequence[InputFile]
    options: ReadOptions = field(default_factory=ReadOptions)
    limits: Limits = field(default_factory=Limits)


@dataclass
class Accounting:
    """rows = accepted + duplicates + quarantined, for one source and run."""

    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    conflicting: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Is every row accounted for?"""
        return self.rows == self.accepted + self.duplicates + sum(self.quarantined.values())


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What one load did."""

    run_id: str
    version: int
    accounting: dict[str, Accounting]  # by source
    known: tuple[str, ...]  # inputs that were taken in before
    spans: tuple[str, ...]  # spans rewritten
    notes: tuple[str, ...] = ()


def load(store: EventStore, sources: Sequence[Source], *, run_id: str | None = None, threads: int | None = None,
         memory_limit: str = "3GB", wait_seconds: float = 0.0) -> Loaded:  # fmt: skip
    """Take files into the store. Raises InputError before anything is written if a file cannot be read at all."""
    store.root.mkdir(parents=True, exist_ok=True)
    with writer_lock(store.root / "writer.lock", wait_seconds):
        store.create()
        store.clear_leftovers()
        attempt = retry(retry=retry_if_exception_type(Conflict), stop=stop_after_attempt(3), reraise=True)(_load)
        return attempt(store, sources, run_id or uuid.uuid4().hex[:12], threads, memory_limit)


def _load(store: EventStore, sources: Sequence[Source], run_id: str, threads: int | None, memory_limit: str) -> Loaded:
    store.promote(sorted({name for s in sources for name in s.mapping.promoted}))
    base, quarantine = store.snapshot(), Quarantine(store.root)
    with Database(threads, memory_limit, store.root / "tmp") as db:
        prepare(db, [s.mapping for s in sources])
        fresh, known, rows = stage_all(db, sources, base)
        books = {s.mapping.name: Accounting() for s in sources}
        for name, n in rows.items():
            books[name].rows = n
        bad = db.query(load_sql("ingest", "quarantined"), {"run_id": run_id})
        for source, reason, n in db.rows(load_sql("ingest", "reasons")):
            books[source].quarantined[reason] = n
        quarantine.append(bad, fresh)
        removed, added = merge(db, store, base, sources, books)
        version = base.version
        if fresh:
            version = store.commit(base, removed, added, fresh, {"run_id": run_id})
        store.journal.unlink(missing_ok=True)
    return Loaded(
        run_id=run_id, version=version, accounting=books, known=tuple(known), spans=tuple(f.span for f in added)
    )


def stage_all(
    db: Database, sources: Sequence[Source], base: Snapshot
) -> tuple[list[TakenInput], list[str], dict[str, int]]:
    """Stage every file not known yet: those, the names of known ones, rows read by source."""
    fresh: dict[str, TakenInput] = {}
    known: list[str] = []
    rows: dict[str, int] = {}
    for source in sources:
        name = source.mapping.name
        rows.setdefault(name, 0)
        for file in source.files:
            digest = content_hash(file.path)
            if digest in fresh or base.knows(digest):
                known.append(file.name)
                continue
            rows[name] += stage_file(db, source, file)
            fresh[digest] = TakenInput(digest=digest, source=name, name=file.name)
    return list(fresh.values()), known, rows


def stage_file(db: Database, source: Source, file: InputFile) -> int:
    """Stage one file; returns how many records it has, readable or not."""
    before = count(db)
    raw = read_rows(db, file.path, source.options, name=file.name)
    names = {"source": source.mapping.name, "input": file.name}
    stage(db, raw.relation, Columns(raw.columns, raw.types), source.mapping, input_key=natural_key(file.name), input_name=file.name,
          limits=source.limits)  # fmt: skip
    if raw.unreadable.num_rows:
        db.run_with(load_sql("ingest", "unreadable"), names, unreadable=raw.unreadable)
    raw.release(db)
    return count(db) - before


def count(db: Database) -> int:
    """Rows staged so far."""
    return int(db.rows("select count(*) from staged")[0][0])


def merge(
    db: Database, store: EventStore, base: Snapshot, sources: Sequence[Source], books: dict[str, Accounting]
) -> tuple[list[SpanFile], list[SpanFile]]:
    """Write every touched span anew: (files retired, files written); accepted and duplicates go into the books."""
    rules = pa.table({"source": [s.mapping.name for s in sources], "rule": [s.mapping.key for s in sources]})
    db.run_with("create or replace temp table rules as select distinct * from fresh_rules", fresh_rules=rules)
    for source, n in db.rows("select source, count(*) from staged where reason is null group by all"):
        books[source].accepted = n
    spans = [s for (s,) in db.rows("select distinct span from staged where reason is null order by span")]
    token = uuid.uuid4().hex
    targets = {span: store.new_file(span, token) for span in spans}
    store.begin(list(targets.values()))
    removed: list[SpanFile] = []
    added: list[SpanFile] = []
    for span, target in targets.items():
        old = [f for f in base.files if f.span == span]
        write_span(db, span, old, target, [*EVENTS.names, *base.promoted], books)
        removed += old
        added.append(sealed_file(target, span))
    return removed, added


def write_span(
    db: Database, span: str, old: Sequence[SpanFile], target: Path, columns: Sequence[str], books: dict[str, Accounting]
) -> None:
    """One sorted file from what the span held and what arrives, each event once."""
    db.run(load_sql("ingest", "empty_span"))
    for name in columns[len(EVENTS.names) :]:
        db.run(f"alter table stored add column {quoted(name)} varchar")
    if old:
        db.run("insert into stored by name select * from read_parquet($files, union_by_name = true, hive_partitioning = false)",
               {"files": [str(f.path) for f in old]})  # fmt: skip
    db.run(load_sql("ingest", "arrivals"), {"span": span})
    db.run(load_sql("ingest", "repeated"))
    events = "arrivals"
    if db.rows("select count(*) from repeated")[0][0]:
        db.run(load_sql("ingest", "collapsed"))
        for source, duplicates, conflicting in db.rows(load_sql("ingest", "losers")):
            books[source].accepted -= duplicates
            books[source].duplicates += duplicates
            books[source].conflicting += conflicting
        events = "(from arrivals anti join repeated using (source, customer_key, duplicate_key) union all by name from collapsed)"
    listed = ", ".join(quoted(c) for c in columns)
    order = "customer_key, event_at, recorded_input, source, recorded_row"
    where = "'" + str(target).replace("'", "''") + "'"
    db.run(f"copy (select {listed} from {events} order by {order}) to {where} {COPY.format(rows=ROW_GROUP)}")
