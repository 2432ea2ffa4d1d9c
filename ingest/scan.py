"""Forward over the files of a store: batches of whole customers, in ascending key order.

A shard is a range of customer keys. It goes through every file once, from its first customer to its last; of the
Parquet files it decodes the columns that the core lacks (ingest/core.py), and every row group at most once; one in which
two shards meet is decoded for both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.batches import Codes, Column, EventBatch, column_of, is_text, nothing
from ingest.core import Chunk, Ints, Rows, open_core
from ingest.properties import coded_property
from ingest.store import ROW_GROUP, SpanFile

BATCH_EVENTS = 500_000
MOST_SHARED = 1_500_000
"""Rows of the row groups in which two shards meet, of all files, that may be kept in memory."""
KEYS = 1 << 63
NO_COLUMN = ""
"""A table that has only this one has rows, and nothing to say of them."""


@dataclass
class ScanCount:
    """What a pass has read: the guard of the store's promise, and what --explain prints."""

    files: int = 0
    row_groups: int = 0  # of Parquet files: of columns that the core lacks
    rows: int = 0
    values: int = 0  # of all columns
    bytes: int = 0  # of the columns read, as they are on disk

    def add(self, other: ScanCount) -> None:
        """Sum up."""
        self.files += other.files
        self.row_groups += other.row_groups
        self.rows += other.rows
        self.values += other.values
        self.bytes += other.bytes


class Footer(NamedTuple):
    """What a Parquet file says of itself."""

    metadata: pq.FileMetaData
    firsts: Ints  # the first row of each row group, and the number of rows
    filled: frozenset[str]  # columns that hold a value, as far as the statistics tell


@lru_cache(maxsize=256)
def footer(path: Path, size: int, changed: int) -> Footer:
    """Of a file of this size and time; a file of the store never changes, so it is read once."""
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    firsts = np.cumsum([0, *(g.num_rows for g in groups)], dtype=np.int64)
    names = enumerate(metadata.schema.names)
    return Footer(metadata, firsts, frozenset(n for i, n in names if not all(is_empty(g, i) for g in groups)))


def footer_of(path: Path) -> Footer:
    """The footer of a file of the store."""
    stat = path.stat()
    return footer(path, stat.st_size, stat.st_mtime_ns)


def is_empty(group: pq.RowGroupMetaData, column: int) -> bool:
    """Do the statistics say that every value is null?"""
    statistics = group.column(column).statistics
    return statistics is not None and statistics.has_null_count and statistics.null_count == group.num_rows


class OpenFile:
    """A file of a pass and its core, for all shards; row groups in which two shards meet are decoded once for both."""

    def __init__(self, file: SpanFile, *, keeps: bool) -> None:
        self.path, self.core = file.path, open_core(file.path)
        self._keeps = keeps
        self._met: dict[int, Future[pa.Table]] = {}
        self._lock = Lock()

    def shared(self, group: int, read: Callable[[], pa.Table]) -> pa.Table:
        """What `read` gives, or gave another shard."""
        if not self._keeps:
            return read()
        with self._lock:
            found = self._met.get(group)
            mine = self._met.setdefault(group, Future())
        if found is None:
            try:
                mine.set_result(read())
            except BaseException as error:
                mine.set_exception(error)
        return mine.result()


@contextmanager
def opened(files: Sequence[SpanFile]) -> Iterator[list[OpenFile]]:
    """The files, for as long as the block lasts."""
    keeps = sum(min(f.rows, ROW_GROUP) for f in files) <= MOST_SHARED
    found: list[OpenFile] = []
    try:
        for file in files:
            found.append(OpenFile(file, keeps=keeps))
        yield found
    finally:
        for one in found:
            one.core.close()


class Further:
    """Columns of a file that its core lacks, asked for by ascending rows; the newest row group is kept.

    A file from before a promotion has fewer columns; one that no source fills need not be decoded.
    """

    def __init__(self, file: OpenFile, columns: Sequence[str], count: ScanCount) -> None:
        self._file, self._count = file, count
        self.met: set[int] = set()  # row groups of which another shard has a part
        self._columns: list[str] = []
        self._held: tuple[int, pa.Table] = -1, pa.table({})
        path = file.path
        if columns:
            metadata, self._firsts, there = footer_of(path)
            self._columns = [c for c in columns if c in there]
        if self._columns:
            texts = [c for c in self._columns if is_text(c)]
            self._parquet = pq.ParquetFile(path, metadata=metadata, read_dictionary=texts, pre_buffer=False)
            names = metadata.schema.names
            self._places = [names.index(c) for c in self._columns]

    def rows(self, first: int, rows: Rows, n: int) -> pa.Table:
        """The `n` rows of the file that are `rows` behind its row `first`."""
        if not self._columns:
            return pa.table({NO_COLUMN: pa.nulls(n)})
        if isinstance(rows, slice):
            lo, hi = first + rows.start, first + rows.stop
            return pa.concat_tables([self._group(g).slice(a, z - a) for g, a, z in self._parts(lo, hi)])
        at = rows + first
        groups = np.searchsorted(self._firsts, at, "right") - 1
        edges = np.append(np.flatnonzero(np.append(True, groups[1:] != groups[:-1])), n)
        return pa.concat_tables([
            self._group(int(groups[a])).take(pa.array(at[a:z] - self._firsts[groups[a]])) for a, z in pairwise(edges)
        ])  # fmt: skip

    def _parts(self, lo: int, hi: int) -> Iterator[tuple[int, int, int]]:
        """(row group, where in it rows lo to hi begin, and where they end)."""
        for g in range(int(np.searchsorted(self._firsts, lo, "right")) - 1, len(self._firsts) - 1):
            start, end = self._firsts[g : g + 2].tolist()
            if start >= hi:
                return
            yield g, max(lo - start, 0), min(hi, end) - start

    def _group(self, group: int) -> pa.Table:
        if self._held[0] != group:
            read = partial(self._decoded, group)
            self._held = group, self._file.shared(group, read) if group in self.met else read()
        return self._held[1]

    def _decoded(self, group: int) -> pa.Table:
        found = self._parquet.reader.read_row_groups([group], column_indices=self._places, use_threads=False)
        columns = self._parquet.metadata.row_group(group)
        size = sum(columns.column(i).total_compressed_size for i in self._places)
        self._count.add(ScanCount(row_groups=1, values=found.num_rows * found.num_columns, bytes=size))
        return pa.table(found.columns, names=found.column_names)  # a file without nulls says so in its schema

    def meets(self, *rows: int) -> None:
        """Another shard begins, or ends, with these rows."""
        if self._columns:
            groups = np.searchsorted(self._firsts, rows, "right") - 1
            self.met.update(g for g, row in zip(groups.tolist(), rows, strict=True) if self._firsts[g] < row)

    def close(self) -> None:
        """Let go of the file."""
        if self._columns:
            self._parquet.close()


class Piece(NamedTuple):
    """Events of customers of one file."""

    cursor: Cursor
    chunk: Chunk
    rows: Rows  # of the chunk
    key: Ints  # one a customer, ascending
    events: npt.NDArray[np.int32]  # how many each has
    further: pa.Table


class Cursor(ABC):
    """One file, whose customers are handed out in ascending key ranges."""

    def __init__(self, file: OpenFile, columns: Sequence[str]) -> None:
        self.core = file.core
        self.count = ScanCount(files=1)
        self.recoded = np.zeros(0, dtype=np.int32)  # code of a name in the core -> code in the batch
        self._further = Further(file, columns, self.count)

    @abstractmethod
    def until(self, hi: int) -> list[Piece]:
        """The customers with key < hi not handed out yet."""

    def piece(self, chunk: Chunk, rows: Rows, key: Ints, events: npt.NDArray[np.int32]) -> Piece:
        """These rows, counted as read."""
        n = int(events.sum())
        self.count.add(ScanCount(rows=n, values=3 * n, bytes=12 * (n + len(key))))
        return Piece(self, chunk, rows, key, events, self._further.rows(chunk.first, rows, n))

    def close(self) -> None:
        """Let go of the file."""
        self._further.close()


class ShardCursor(Cursor):
    """The customers with lo <= key < hi."""

    def __init__(self, file: OpenFile, columns: Sequence[str], lo: int, hi: int) -> None:
        super().__init__(file, columns)
        self._left = [(c, before(c.key, lo), before(c.key, hi)) for c in self.core.chunks]
        for chunk, *ends in self._left:
            self._further.meets(*(chunk.first + int(chunk.starts[i]) for i in ends))

    def until(self, hi: int) -> list[Piece]:
        """The customers with key < hi not handed out yet."""
        pieces = []
        left = []
        for chunk, start, stop in self._left:
            end = min(before(chunk.key, hi), stop)
            if end > start:
                rows = slice(int(chunk.starts[start]), int(chunk.starts[end]))
                events = np.diff(chunk.starts[start : end + 1])
                pieces.append(self.piece(chunk, rows, chunk.key[start:end], events))
            if end < stop:
                left.append((chunk, max(start, end), stop))
        self._left = left
        return pieces


def before(keys: Ints, key: int) -> int:
    """How many sorted keys are lower."""
    return int(np.searchsorted(keys, key)) if key < KEYS else len(keys)


def scan_shard(
    files: Sequence[OpenFile],
    columns: Collection[str],
    stored: Collection[str],
    lo: int,
    hi: int,
    count: ScanCount,
    batch_events: int = BATCH_EVENTS,
) -> Iterator[EventBatch]:
    """Batches of the customers with lo <= key < hi, in ascending key order; `count` adds up what was read.

    A column that is not among the `stored` ones is a key of the JSON properties.
    """
    further, keys = read_columns(columns, stored)
    cursors = [ShardCursor(f, further, lo, hi) for f in files]
    rows = sum(f.core.rows for f in files) * (hi - lo) // KEYS
    steps = max(1, -(-rows // batch_events))
    edges = (hi if step == steps else lo + (hi - lo) * step // steps for step in range(1, steps + 1))
    yield from delivered(cursors, edges, further, keys, count)


def read_columns(columns: Collection[str], stored: Collection[str]) -> tuple[list[str], list[str]]:
    """(what to read for these columns beside the core; those of them that are keys of the properties)."""
    keys = sorted(c for c in columns if c not in stored)
    plain = (set(columns) - set(keys) - {"customer_key", "event_at", "event"}) | ({"properties"} if keys else set())
    return sorted(plain), keys


def delivered(
    cursors: Sequence[Cursor], edges: Iterable[int], further: Sequence[str], keys: Sequence[str], count: ScanCount
) -> Iterator[EventBatch]:
    """One batch up to each edge (ascending customer keys) that there are rows before; then the cursors are closed."""
    names = {name: i for i, name in enumerate(dict.fromkeys(n for c in cursors for n in c.core.names))}
    for cursor in cursors:
        cursor.recoded = np.array([names[n] for n in cursor.core.names], dtype=np.int32)
    try:
        for edge in edges:
            pieces = [piece for cursor in cursors for piece in cursor.until(edge)]
            if pieces:
                yield with_properties(batch_of(pieces, tuple(names), further), keys)
    finally:
        for cursor in cursors:
            count.add(cursor.count)
            cursor.close()


def with_properties(batch: EventBatch, keys: Sequence[str]) -> EventBatch:
    """The batch with these keys of its properties as columns."""
    if not keys:
        return batch
    documents = batch.text("properties")
    found = {k: Codes(*coded_property(documents.codes, documents.names, k)) for k in keys}
    return replace(batch, columns={**batch.columns, **found})


def batch_of(pieces: Sequence[Piece], names: tuple[str, ...], further: Sequence[str]) -> EventBatch:
    """One sorted batch from pieces in span order: a stable sort by key alone keeps each customer's time order.

    Where a piece lacks a column it has no value there.
    """
    key = np.concatenate([p.key for p in pieces])
    events = np.concatenate([p.events for p in pieces])
    ends = np.cumsum(events, dtype=np.int64)
    n = int(ends[-1])
    at, code = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int32)
    start = 0
    for p in pieces:
        here = slice(start, start := start + p.further.num_rows)
        p.cursor.core.read(p.chunk, p.rows, at[here], code[here])
        np.take(p.cursor.recoded, code[here], out=code[here], mode="clip")
    starts = ends - events
    rows: Rows = slice(None)
    if len(pieces) > 1:
        order = np.argsort(key, kind="stable")
        key, came, events = key[order], starts[order], events[order]
        starts = np.cumsum(events, dtype=np.int64) - events
        rows = ranges(came, starts, n)
        at, code = at.take(rows), code.take(rows)
    return EventBatch(
        key=key.take(numbered(starts, n)), at=at, event=Codes(code, names),
        starts=starts[np.append(True, key[1:] != key[:-1])],
        columns=further_columns([p.further for p in pieces], further, rows),
    )  # fmt: skip


def numbered(starts: Ints, n: int) -> npt.NDArray[np.int32]:
    """0 for each of the rows from starts[0] on, 1 from starts[1] on, ..., up to row n; no two begin together."""
    found = np.zeros(n, dtype=np.int32)
    found[starts[1:]] = 1
    return np.add.accumulate(found, out=found)


def ranges(came: Ints, starts: Ints, n: int) -> Ints:
    """came[0], came[0] + 1, ..., and from starts[1] on came[1], came[1] + 1, ...; up to row n."""
    found = np.arange(n)
    found += (came - starts).take(numbered(starts, n))
    return found


def further_columns(tables: Sequence[pa.Table], names: Sequence[str], rows: Rows) -> dict[str, Column]:
    """These columns of the tables one behind the other, in another order."""
    if not names:
        return {}
    table = pa.concat_tables(tables, promote_options="default").unify_dictionaries()
    there = {c for c in table.column_names if table.column(c).null_count < len(table)}
    return {c: column_of(table.column(c), rows) if c in there else nothing(c, len(table)) for c in names}


def shards(number: int) -> list[tuple[int, int]]:
    """Equal ranges of the key space: keys are uniform hashes."""
    edges = [KEYS * i // number for i in range(number + 1)]
    return list(pairwise(edges))
