"""EventBatch: whole customers, sorted; what every kernel receives. And the forward cursors that make them.

A shard is a range of customer keys. It opens each file once, reads its row groups forward once, and keeps the rows it
has not delivered yet, so every row group is decoded at most once per shard however many batches there are; one in which
two shards meet is decoded for both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import groupby, pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.properties import coded_property
from ingest.schema import EVENTS
from ingest.store import ROW_GROUP, SpanFile

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BATCH_EVENTS = 500_000
MOST_SHARED = 1_500_000
"""Rows of the row groups in which two shards meet, of all files, that may be kept in memory."""
KEYS = 1 << 63


@dataclass(frozen=True)
class Codes:
    """A text column: `codes[i]` is a position in `names`, -1 where there is no value."""

    codes: npt.NDArray[np.int32]
    names: tuple[str, ...]

    def take(self, rows: npt.NDArray[Any]) -> Codes:
        """The same column at other rows (positions or a mask)."""
        return Codes(self.codes[rows], self.names)

    def lookup(self, values: npt.NDArray[Any], missing: Any) -> npt.NDArray[Any]:
        """values[code] for each row; `missing` where there is no value. One value per name."""
        return np.append(values, np.asarray([missing], dtype=values.dtype)).take(self.codes)

    def texts(self) -> list[str | None]:
        """The values as Python text: for few rows only."""
        return [None if c < 0 else self.names[c] for c in self.codes.tolist()]


@dataclass(frozen=True)
class Numbers:
    """An integer column; `values[i]` is 0 where `valid[i]` is false."""

    values: Ints
    valid: Bools

    def take(self, rows: npt.NDArray[Any]) -> Numbers:
        """The same column at other rows (positions or a mask)."""
        return Numbers(self.values[rows], self.valid[rows])


Column = Codes | Numbers


@dataclass(frozen=True, kw_only=True)
class EventBatch:
    """Events of whole customers in the order (customer_key, event_at, recorded_order).

    `key` int64[n] customer keys, `at` int64[n] microseconds since 1970 UTC, `event` the names as recorded, `columns` the
    further columns that were asked for.
    """

    key: Ints
    at: Ints
    event: Codes
    columns: Mapping[str, Column] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.key)

    def take(self, rows: npt.NDArray[Any]) -> EventBatch:
        """The batch at these rows (positions in order, or a mask)."""
        return replace(
            self,
            key=self.key[rows],
            at=self.at[rows],
            event=self.event.take(rows),
            columns={name: column.take(rows) for name, column in self.columns.items()},
        )

    def text(self, name: str) -> Codes:
        """A text column."""
        column = self.columns[name]
        assert isinstance(column, Codes), name
        return column

    def labels(self, name: str) -> Codes:
        """Any column as text, the event's name among them."""
        column = self.event if name == "event" else self.columns[name]
        if isinstance(column, Codes):
            return column
        values, codes = np.unique(column.values, return_inverse=True)
        return Codes(np.where(column.valid, codes, -1).astype(np.int32), tuple(str(v) for v in values.tolist()))

    def number(self, name: str) -> Numbers:
        """A number column."""
        column = self.columns[name]
        assert isinstance(column, Numbers), name
        return column


@dataclass
class ScanCount:
    """What a pass has read: the guard of the store's promise, and what --explain prints."""

    files: int = 0
    row_groups: int = 0
    rows: int = 0
    values: int = 0  # of all columns that were decoded
    bytes: int = 0  # of the columns read, as they are on disk

    def add(self, other: ScanCount) -> None:
        """Sum up."""
        self.files += other.files
        self.row_groups += other.row_groups
        self.rows += other.rows
        self.values += other.values
        self.bytes += other.bytes


class Shared:
    """Row groups in which two shards meet: the shard that comes first decodes them, for both.

    They are kept until the pass is over; of more files than can be kept none is.
    """

    def __init__(self, files: Sequence[SpanFile]) -> None:
        self._keeps = sum(min(f.rows, ROW_GROUP) for f in files) <= MOST_SHARED
        self._found: dict[tuple[Path, int], Future[pa.Table]] = {}
        self._lock = Lock()

    def get(self, path: Path, group: int, read: Callable[[], pa.Table]) -> pa.Table:
        """What `read` gives, or gave another shard."""
        if not self._keeps:
            return read()
        with self._lock:
            found = self._found.get((path, group))
            mine = self._found.setdefault((path, group), Future())
        if found is None:
            try:
                mine.set_result(read())
            except BaseException as error:
                mine.set_exception(error)
        return mine.result()


class FileCursor:
    """One file's rows with lo <= key < hi, handed out in ascending key ranges."""

    def __init__(self, file: SpanFile, columns: Sequence[str], lo: int, hi: int, shared: Shared | None = None) -> None:
        stat = file.path.stat()
        metadata, groups = footer(file.path, stat.st_size, stat.st_mtime_ns)
        self._groups = [g for g in groups if g[1] <= hi - 1 and g[2] >= lo]
        there = filled(metadata, columns, [g[0] for g in self._groups])
        self._columns = [c for c in columns if c in there]
        self._parquet = pq.ParquetFile(
            file.path, metadata=metadata, read_dictionary=[c for c in self._columns if is_text(c)],
            pre_buffer=False,
        )  # fmt: skip
        names = metadata.schema.names
        self._places = [names.index(c) for c in self._columns]
        self._sizes = {
            g: sum(metadata.row_group(g).column(i).total_compressed_size for i in self._places)
            for g, *_ in self._groups
        }
        self._path, self._shared = file.path, shared
        self._met = {g for g, low, high in self._groups if low < lo or high >= hi} if shared else set()
        self._next = 0
        self._lo = lo
        self._tail: pa.Table | None = None
        self.count = ScanCount(files=1)

    def until(self, hi: int) -> list[pa.Table]:
        """The rows with key < hi not delivered yet, as tables in order."""
        pieces: list[pa.Table] = []
        if self._tail is not None:
            self._deliver(self._tail, hi, pieces)
            if self._tail is not None:
                return pieces
        start = self._next
        while self._next < len(self._groups) and self._groups[self._next][1] < hi:
            self._next += 1
        if self._next > start:
            self._deliver(self._read([g[0] for g in self._groups[start : self._next]]), hi, pieces)
        return pieces

    def _read(self, groups: list[int]) -> pa.Table:
        tables = []
        for met, some in groupby(groups, key=lambda g: g in self._met):
            if met and self._shared is not None:
                tables += [self._shared.get(self._path, g, partial(self._decoded, [g])) for g in some]
            else:
                tables.append(self._decoded(list(some)))
        table = pa.concat_tables(tables, promote_options="default") if len(tables) > 1 else tables[0]
        if groups[0] == self._groups[0][0]:  # rows before the shard's first key belong to the shard before
            table = table.slice(before(table, self._lo))
        return table

    def _decoded(self, groups: list[int]) -> pa.Table:
        table = self._parquet.reader.read_row_groups(groups, column_indices=self._places, use_threads=False)
        table = pa.table(
            table.columns, names=table.column_names
        )  # a file without nulls in a column says so in its schema
        size = sum(self._sizes[g] for g in groups)
        self.count.add(
            ScanCount(
                row_groups=len(groups), rows=table.num_rows, values=table.num_rows * table.num_columns, bytes=size
            )
        )
        return table

    def _deliver(self, table: pa.Table, hi: int, pieces: list[pa.Table]) -> None:
        cut = before(table, hi) if hi < KEYS else table.num_rows
        if cut:
            pieces.append(table.slice(0, cut))
        self._tail = table.slice(cut) if cut < table.num_rows else None

    def close(self) -> None:
        """Let go of the file."""
        self._parquet.close()


@lru_cache(maxsize=256)
def footer(path: Path, size: int, changed: int) -> tuple[pq.FileMetaData, list[tuple[int, int, int]]]:
    """(metadata, `bounds`) of a file of this size and time; a file of the store never changes, so it is read once."""
    metadata = pq.read_metadata(path)
    return metadata, bounds(metadata)


def bounds(metadata: pq.FileMetaData) -> list[tuple[int, int, int]]:
    """(row group, its lowest key, its highest key)."""
    at = metadata.schema.names.index("customer_key")
    stats = [metadata.row_group(i).column(at).statistics for i in range(metadata.num_row_groups)]
    return [(i, s.min, s.max) for i, s in enumerate(stats)]


def filled(metadata: pq.FileMetaData, columns: Sequence[str], groups: Sequence[int]) -> set[str]:
    """Those of the columns that hold a value in one of these row groups of a file, as far as its statistics tell.

    A file from before a promotion has fewer columns; one that no source fills need not be decoded.
    """
    place = {name: i for i, name in enumerate(metadata.schema.names)}
    rows = [metadata.row_group(g) for g in groups]
    return {c for c in columns if c in place and (not rows or any(not is_empty(r, place[c]) for r in rows))}


def is_empty(group: pq.RowGroupMetaData, column: int) -> bool:
    """Do the statistics say that every value is null?"""
    statistics = group.column(column).statistics
    return statistics is not None and statistics.has_null_count and statistics.null_count == group.num_rows


def is_text(column: str) -> bool:
    """Promoted columns are text, as most of the contract is."""
    return column not in EVENTS.names or pa.types.is_string(EVENTS.field(column).type)


def before(table: pa.Table, key: int) -> int:
    """How many rows of a sorted table have a lower key; whole chunks are stepped over."""
    rows = 0
    for chunk in table.column("customer_key").chunks:
        keys = np.asarray(chunk)
        if len(keys) and keys[-1] >= key:
            return rows + int(np.searchsorted(keys, key))
        rows += len(keys)
    return rows


def keys_of(table: pa.Table) -> Ints:
    """customer_key as an array."""
    return np.asarray(table.column("customer_key"))


def scan_shard(
    files: Sequence[SpanFile],
    columns: Collection[str],
    stored: Collection[str],
    lo: int,
    hi: int,
    count: ScanCount,
    batch_events: int = BATCH_EVENTS,
    shared: Shared | None = None,
) -> Iterator[EventBatch]:
    """Batches of the customers with lo <= key < hi, in ascending key order; `count` adds up what was read.

    A column that is not among the `stored` ones is a key of the JSON properties.
    """
    wanted, keys = read_columns(columns, stored)
    cursors = [FileCursor(f, wanted, lo, hi, shared) for f in files]
    rows = sum(f.rows for f in files) * (hi - lo) // KEYS
    steps = max(1, -(-rows // batch_events))
    edges = (hi if step == steps else lo + (hi - lo) * step // steps for step in range(1, steps + 1))
    yield from delivered(cursors, edges, wanted, keys, count)


def read_columns(columns: Collection[str], stored: Collection[str]) -> tuple[list[str], list[str]]:
    """(what to read for these columns: key, instant and event first; those of them that are keys of the properties)."""
    keys = sorted(c for c in columns if c not in stored)
    plain = (set(columns) - set(keys) - {"customer_key", "event_at", "event"}) | ({"properties"} if keys else set())
    return ["customer_key", "event_at", "event", *sorted(plain)], keys


def delivered(
    cursors: Sequence[FileCursor], edges: Iterable[int], wanted: Sequence[str], keys: Sequence[str], count: ScanCount
) -> Iterator[EventBatch]:
    """One batch up to each edge (ascending customer keys) that there are rows before; then the cursors are closed."""
    try:
        for edge in edges:
            pieces = [piece for cursor in cursors for piece in cursor.until(edge)]
            if pieces:
                yield with_properties(batch_of(pieces, wanted), keys)
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


def batch_of(pieces: Sequence[pa.Table], columns: Sequence[str]) -> EventBatch:
    """One sorted batch from pieces in span order: a stable sort by key alone keeps each customer's time order.

    Where a piece lacks a column it has no value there.
    """
    table = pa.concat_tables(pieces, promote_options="default").unify_dictionaries()
    key = keys_of(table)
    order = np.argsort(key, kind="stable") if len(pieces) > 1 else slice(None)
    there = {c for c in table.column_names if table.column(c).null_count < len(table)}
    further = {c: column_of(table.column(c), order) if c in there else nothing(c, len(table)) for c in columns[3:]}
    event = column_of(table.column("event"), order)
    assert isinstance(event, Codes)
    at = np.asarray(table.column("event_at").cast(pa.int64()))
    return EventBatch(key=key[order], at=at[order], event=event, columns=further)


def column_of(column: pa.ChunkedArray, order: Any) -> Column:
    """An Arrow column as Codes or Numbers, in another order."""
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    if isinstance(whole, pa.DictionaryArray):
        codes = whole.indices.fill_null(-1) if whole.indices.null_count else whole.indices
        names = whole.dictionary.to_pylist()
        return Codes(np.asarray(codes).astype(np.int32, copy=False)[order], tuple(names))
    valid = np.asarray(whole.is_valid())
    return Numbers(np.asarray(whole.fill_null(0))[order], valid[order])


def nothing(column: str, n: int) -> Column:
    """A column without a value: one number stands for all rows, so it takes no room."""
    if is_text(column):
        return Codes(np.broadcast_to(np.int32(-1), n), ())
    return Numbers(np.broadcast_to(np.int64(0), n), np.broadcast_to(np.False_, n))


def shards(number: int) -> list[tuple[int, int]]:
    """Equal ranges of the key space: keys are uniform hashes."""
    edges = [KEYS * i // number for i in range(number + 1)]
    return list(pairwise(edges))
