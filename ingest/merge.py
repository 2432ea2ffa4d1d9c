"""Staged rows + what the store holds -> the files of all spans touched, written anew: sorted, each event once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.clean import literal, quoted
from ingest.database import Database, load_sql
from ingest.schema import EVENTS, VARIANTS
from ingest.staging import Source
from ingest.store import ROW_GROUP, Snapshot, SpanFile, sealed_file

TOGETHER = 200_000
"""Rows of small spans that are merged by one statement: a statement costs more than the rows of a small span."""

ORDER = "customer_key, event_at, recorded_input, source, recorded_row, content_hash"
Tally = dict[str, tuple[int, int, int]]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A span that is about to be written: the rows that arrive for it, and its new file."""

    span: str
    rows: int
    target: Path


def touched(db: Database) -> list[tuple[str, int]]:
    """(span, rows that arrive) of every span that is touched, in order."""
    return db.rows("select _span, count(*) from staged where _reason is null group by all order by all")


def merge(
    db: Database, base: Snapshot, sources: Sequence[Source], planned: Sequence[Planned]
) -> tuple[list[SpanFile], list[SpanFile], Tally]:
    """(files retired, files written, source -> (accepted, duplicates, conflicting))."""
    rules = pa.table({"source": [s.mapping.name for s in sources], "_rule": [s.mapping.key for s in sources]})
    db.run_with("create or replace temp table rules as select distinct * from fresh_rules", fresh_rules=rules)
    arrived = db.rows("select source, count(*) from staged where _reason is null group by all")
    tally: Tally = {source: (n, 0, 0) for source, n in arrived}
    removed: list[SpanFile] = []
    added: list[SpanFile] = []
    for group in groups(planned, base):
        spans = {p.span for p in group}
        old = [f for f in base.files if f.span in spans]
        for source, twice, differing in collapse(db, group, old, base.promoted):
            accepted, duplicates, conflicting = tally[source]
            tally[source] = (accepted - twice, duplicates + twice, conflicting + differing)
        removed += old
        added += write(db, group, [*EVENTS.names, *base.promoted])
    return removed, added, tally


def groups(planned: Sequence[Planned], base: Snapshot) -> Iterator[list[Planned]]:
    """Neighbouring spans of TOGETHER rows in all; a larger one is alone."""
    held = {p.span: p.rows for p in planned}
    for f in base.files:
        if f.span in held:
            held[f.span] += f.rows
    group: list[Planned] = []
    for p in planned:
        if group and sum(held[g.span] for g in group) + held[p.span] > TOGETHER:
            yield group
            group = []
        group.append(p)
    if group:
        yield group


def collapse(
    db: Database, group: Sequence[Planned], old: Sequence[SpanFile], promoted: Sequence[str]
) -> list[tuple[str, int, int]]:
    """Make `kept`, every event of these spans once: source, rows that are copies, those with another content."""
    if old:
        db.run(load_sql("ingest", "empty_span"))
        for name in [*promoted, "_span"]:
            db.run(f"alter table stored add column {quoted(name)} varchar")
        db.run(load_sql("ingest", "stored"), {"files": [str(f.path) for f in old]})
    else:  # only the columns that arrive: the empty ones would be carried through every sort
        db.run(load_sql("ingest", "nothing_stored"))
    db.run(load_sql("ingest", "arrivals"), {"spans": [p.span for p in group]})
    db.run(load_sql("ingest", "repeated"))
    if not db.rows("select count(*) from repeated")[0][0]:
        db.run("create or replace temp view kept as select * from arrivals")
        return []
    db.run(load_sql("ingest", "collapsed"))
    db.run(load_sql("ingest", "kept"))
    return db.rows(load_sql("ingest", "losers"))


def order(db: Database) -> str:
    """ORDER, less the columns that are the same in every row: text is dear to compare."""
    (inputs, sources) = db.rows(
        "select min(recorded_input) = max(recorded_input), min(source) = max(source) from kept"
    )[0]
    same = {"recorded_input": inputs, "source": sources}
    return ", ".join(c for c in ORDER.split(", ") if not same.get(c))


def sql_type(column: str) -> str:
    """A column's type in DuckDB."""
    kinds = {pa.int64(): "bigint", pa.int32(): "integer", VARIANTS: 'struct(content_hash bigint, "rows" bigint)[]'}
    return kinds.get(EVENTS.field(column).type, "varchar") if column in EVENTS.names else "varchar"


def write(db: Database, group: Sequence[Planned], columns: Sequence[str]) -> list[SpanFile]:
    """The files of a group: a large span straight from DuckDB, small ones cut out of one sorted table."""
    held = {name: kind for name, kind, *_ in db.rows("describe kept")}
    listed = ", ".join(quoted(c) if c in held else f"null::{sql_type(c)} as {quoted(c)}" for c in columns)
    if len(group) == 1:
        (only,) = group
        options = f"(format parquet, compression zstd, compression_level 1, row_group_size {ROW_GROUP})"
        carried = ", ".join(quoted(c) for c in columns if c in held)
        rows = f"(select {carried} from kept order by {order(db)})"
        db.run(f"copy (select {listed} from {rows}) to {literal(str(only.target))} {options}")
        return [sealed_file(only.target, only.span)]
    counts = dict(db.rows("select _span, count(*) from kept group by all"))
    table = db.query(f"select {listed} from kept order by _span, {ORDER}")
    pieces: list[tuple[Planned, pa.Table]] = []
    start = 0
    for p in sorted(group, key=lambda p: p.span):
        pieces.append((p, table.slice(start, counts[p.span])))
        start += counts[p.span]

    def written(piece: tuple[Planned, pa.Table]) -> SpanFile:
        p, rows = piece
        pq.write_table(rows, p.target, compression="zstd", row_group_size=ROW_GROUP)
        return sealed_file(p.target, p.span)

    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:  # half of them wait for the disk
        return list(pool.map(written, pieces))
