"""Columns of Parquet files beside the core, by ascending rows: every row group is decoded once.

One in which two shards of a pass meet is decoded for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.array_types import Ints
from ingest.readers.files import stamp_of
from ingest.scan.batches import is_text
from ingest.store.core import Rows, open_core
from ingest.store.spans import ROW_GROUP, SpanFile

MOST_SHARED = 1_500_000
"""Rows of the row groups in which two shards meet, of all files, that may be kept in memory."""
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
    """What a Parquet file says of its rows."""

    firsts: Ints  # the first row of each row group, and the number of rows
    filled: frozenset[str]  # columns that hold a value, as far as the statistics tell


@lru_cache(maxsize=1024)
def footer(path: Path, size: int, changed: int) -> Footer:
    """Of a file of this size and time; a file of the store never changes, so it is read once.

    What else it says takes a megabyte where row groups are many: it is kept where columns are to be decoded.
    """
    metadata = read_footer(path, size, changed)
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    firsts = np.cumsum([0, *(g.num_rows for g in groups)], dtype=np.int64)
    names = enumerate(metadata.schema.names)
    return Footer(firsts, frozenset(n for i, n in names if not all(is_empty(g, i) for g in groups)))


@lru_cache(maxsize=256)
def whole_footer(path: Path, size: int, changed: int) -> pq.FileMetaData:
    """All of it."""
    return read_footer(path, size, changed)


@lru_cache(maxsize=1)
def read_footer(path: Path, size: int, changed: int) -> pq.FileMetaData:
    """The same, of the newest file alone: who asks for all of a footer has just asked what it says of its rows."""
    return pq.read_metadata(path)


def footer_of(path: Path) -> Footer:
    """The footer of a file of the store."""
    return footer(path, *stamp_of(path))


def has_any(path: Path, columns: Sequence[str]) -> bool:
    """Has a file of the store a value in one of these columns?"""
    return bool(columns) and not footer_of(path).filled.isdisjoint(columns)


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
            values = self._met.get(group)
            mine = self._met.setdefault(group, Future())
        if values is None:
            try:
                mine.set_result(read())
            except BaseException as error:
                mine.set_exception(error)
        return mine.result()


@contextmanager
def opened(files: Sequence[SpanFile]) -> Iterator[list[OpenFile]]:
    """The files, for as long as the block lasts."""
    keeps = sum(min(f.rows, ROW_GROUP) for f in files) <= MOST_SHARED
    files_open: list[OpenFile] = []
    try:
        for file in files:
            files_open.append(OpenFile(file, keeps=keeps))
        yield files_open
    finally:
        for one in files_open:
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
            self._firsts, there = footer_of(path)
            self._columns = [c for c in columns if c in there]
        if self._columns:
            texts, told = [c for c in self._columns if is_text(c)], whole_footer(path, *stamp_of(path))
            self._parquet = pq.ParquetFile(path, metadata=told, read_dictionary=texts, pre_buffer=False)
            self._places = [told.schema.names.index(c) for c in self._columns]

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
        return pa.concat_tables(
            [self._group(int(groups[a])).take(pa.array(at[a:z] - self._firsts[groups[a]])) for a, z in pairwise(edges)]
        )

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
        decoded = self._parquet.reader.read_row_groups([group], column_indices=self._places, use_threads=False)
        columns = self._parquet.metadata.row_group(group)
        size = sum(columns.column(i).total_compressed_size for i in self._places)
        self._count.add(ScanCount(row_groups=1, values=decoded.num_rows * decoded.num_columns, bytes=size))
        return pa.table(decoded.columns, names=decoded.column_names)  # a file without nulls says so in its schema

    def meets(self, *rows: int) -> None:
        """Another shard begins, or ends, with these rows."""
        groups = np.searchsorted(self._firsts, rows, "right") - 1
        self.met.update(g for g, row in zip(groups.tolist(), rows, strict=True) if self._firsts[g] < row)

    def __bool__(self) -> bool:
        """Has the file any of the columns?"""
        return bool(self._columns)

    def close(self) -> None:
        """Let go of the file."""
        if self._columns:
            self._parquet.close()
