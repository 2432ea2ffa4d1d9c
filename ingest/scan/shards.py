"""Forward over the files of a store: batches of whole customers, in ascending key order.

A shard is a range of customer keys. It goes through every file once, from its first customer to its last, by its core
(ingest/store/core.py); of the Parquet files only the columns that the core lacks are decoded (ingest/scan/extra_columns.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.array_types import Ints
from ingest.scan.batches import Codes, Column, EventBatch, column_of, nothing
from ingest.scan.extra_columns import Further, OpenFile, ScanCount
from ingest.scan.interleave import Arrangement
from ingest.scan.json_properties import coded_property
from ingest.store.core import Chunk, Rows

BATCH_EVENTS = 700_000
KEYS = 1 << 63


class Piece(NamedTuple):
    """Events of customers of one file."""

    cursor: Cursor
    chunk: Chunk
    rows: Rows  # of the chunk
    key: Ints  # one a customer, ascending
    events: npt.NDArray[np.int32]  # how many each has
    n: int  # their sum
    further: pa.Table | None  # where columns beside the core are asked for


class Cursor(ABC):
    """One file, whose customers are handed out in ascending key ranges."""

    def __init__(self, file: OpenFile, columns: Sequence[str]) -> None:
        self.core = file.core
        self.count = ScanCount()
        self.recoded = np.zeros(0, dtype=np.int32)  # code of a name in the core -> code in the batch
        self.hands_out_further = False  # `delivered` says so where any file has a further column
        self._further = Further(file, columns, self.count)

    @property
    def has_further(self) -> bool:
        """Has the file any of the columns that are asked for?"""
        return bool(self._further)

    @abstractmethod
    def until(self, hi: int) -> list[Piece]:
        """The customers with key < hi not handed out yet."""

    def piece(self, chunk: Chunk, rows: Rows, key: Ints, events: npt.NDArray[np.int32], n: int) -> Piece:
        """These rows, counted as read."""
        self.count.rows += n
        self.count.values += 3 * n
        self.count.bytes += 12 * (n + len(key))
        return Piece(
            self,
            chunk,
            rows,
            key,
            events,
            n,
            self._further.rows(chunk.first, rows, n) if self.hands_out_further else None,
        )

    def close(self) -> None:
        """Let go of the file."""
        self._further.close()
        self.core.forget()


class ShardCursor(Cursor):
    """The customers with lo <= key < hi."""

    def __init__(self, file: OpenFile, columns: Sequence[str], lo: int, hi: int) -> None:
        super().__init__(file, columns)
        self._left = [(c, self.core.before(c, lo), self.core.before(c, hi)) for c in self.core.chunks]
        if self.has_further:
            self._further.meets(*(self.core.first_of(chunk, i) for chunk, *ends in self._left for i in ends))

    def until(self, hi: int) -> list[Piece]:
        """The customers with key < hi not handed out yet."""
        pieces = []
        left = []
        for chunk, start, stop in self._left:
            end = min(self.core.before(chunk, hi), stop)
            if end > start:
                key, starts = self.core.customers(chunk, start, end)
                rows = slice(int(starts[0]), int(starts[-1]))
                pieces.append(self.piece(chunk, rows, key, np.diff(starts), rows.stop - rows.start))
            if end < stop:
                left.append((chunk, max(start, end), stop))
        self._left = left
        return pieces


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
    further_there = any(c.has_further for c in cursors)
    for cursor in cursors:
        cursor.recoded = np.array([names[n] for n in cursor.core.names], dtype=np.int32)
        cursor.hands_out_further = further_there
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
    codes = {k: Codes(*coded_property(documents.codes, documents.names, k)) for k in keys}
    return replace(batch, columns={**batch.columns, **codes})


def batch_of(pieces: Sequence[Piece], names: tuple[str, ...], further: Sequence[str]) -> EventBatch:
    """One sorted batch from pieces in span order: a stable sort by key alone keeps each customer's time order.

    Where a piece lacks a column it has no value there.
    """
    arrangement = Arrangement.of([p.key for p in pieces], [p.events for p in pieces])
    at, code = np.empty(arrangement.n, dtype=np.int64), np.empty(arrangement.n, dtype=np.int32)
    start = 0
    for p in pieces:
        here = slice(start, start := start + p.n)
        p.cursor.core.read(p.chunk, p.rows, at[here], code[here])
        np.take(p.cursor.recoded, code[here], out=code[here], mode="clip")
    tables = [p.further for p in pieces if p.further is not None]
    return arrangement.batch(at, code, names, further_columns(tables, further, arrangement))


def further_columns(tables: Sequence[pa.Table], names: Sequence[str], arrangement: Arrangement) -> dict[str, Column]:
    """These columns of the tables one behind the other, arranged; without tables nobody has a value."""
    if not tables:
        return {c: nothing(c, arrangement.n) for c in names}
    table = pa.concat_tables(tables, promote_options="default").unify_dictionaries()
    there = {c for c in table.column_names if table.column(c).null_count < len(table)}
    return {c: column_of(table.column(c), arrangement.rows) if c in there else nothing(c, len(table)) for c in names}


def shards(*sizes: int) -> list[tuple[int, int]]:
    """Ranges of the key space in these proportions, which rows have, too: keys are uniform hashes."""
    edges = [KEYS * end // sum(sizes) for end in accumulate(sizes, initial=0)]
    return list(pairwise(edges))
