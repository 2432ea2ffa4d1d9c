"""Sorted rows -> the Parquet files of their spans, written by other threads while the next rows are being sorted."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.schema import EVENTS, VARIANTS
from ingest.store.spans import ROW_GROUP, SpanFile

CHUNK = 4 * ROW_GROUP
"""Rows of a large span that are handed over at once: whole row groups."""

AHEAD = 8
"""Pieces of work that may wait: fewer, and the sort waits for one file's writer while a processor idles."""

DISTINCT = frozenset({"customer_id", "anonymous_id", "event_id", "properties"})
"""Texts that seldom come again: a dictionary of them would be made in vain."""

MIXED = frozenset({"event", "content_hash", "recorded_row"})
"""Never null, and every row group has the whole range of them, sorted by customer as it is: statistics would tell nothing."""

STEPS = {"recorded_row": "DELTA_BINARY_PACKED"}
"""Numbers that go up by small steps are written as steps, which takes half the time of compressing them."""

ZERO = "duplicates"
"""0 where nothing else is said, never null."""
LEAVES = {"variants": [f"variants.list.element.{f.name}" for f in VARIANTS.value_type]}
"""Where Parquet keeps a column that is no plain one."""

Seal = Callable[[Path, str], SpanFile]
"""(file, span) -> the file, on disk for good and checked."""


def shaped(rows: pa.Table | pa.RecordBatch, columns: Sequence[str], same: Mapping[str, str]) -> pa.Table:
    """The rows with these columns of the store; `same` are texts that every row has, what else is missing is null."""

    def column(name: str) -> pa.Array | pa.ChunkedArray:
        kind = EVENTS.field(name).type if name in EVENTS.names else pa.string()
        if name in same:
            return pa.DictionaryArray.from_arrays(np.zeros(rows.num_rows, np.int8), [same[name]])
        if name in rows.schema.names:
            return rows.column(name).cast(kind)
        return (
            pa.array(np.zeros(rows.num_rows, kind.to_pandas_dtype())) if name == ZERO else pa.nulls(rows.num_rows, kind)
        )

    return pa.table({name: column(name) for name in columns})


def parquet_writer(path: Path, schema: pa.Schema, held: Collection[str]) -> pq.ParquetWriter:
    """Dictionaries for texts that come again; numbers and ids as they are; what is null in every row is not compressed."""
    texts = [f.name for f in schema if f.name not in DISTINCT and not pa.types.is_primitive(f.type)]
    packed = [name for name in schema.names if (name in held or name == ZERO) and name not in STEPS]
    return pq.ParquetWriter(
        path,
        schema,
        compression=dict.fromkeys(leaves(packed), "zstd"),
        use_dictionary=texts,
        column_encoding=STEPS,
        write_statistics=leaves([name for name in schema.names if name not in MIXED]),
        store_schema=False,
    )


def leaves(names: Iterable[str]) -> list[str]:
    """What Parquet calls these columns."""
    return [leaf for name in names for leaf in LEAVES.get(name, [name])]


class Writing:
    """Threads that write files; leaving the block waits for them."""

    def __init__(self, columns: Sequence[str], seal: Seal) -> None:
        self._columns, self._seal = columns, seal
        threads = os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(2 * threads)  # half of them wait for the disk
        self._pending: deque[Future[Any]] = deque()
        self._files: list[Future[SpanFile]] = []

    def whole(self, target: Path, span: str, rows: pa.Table, same: Mapping[str, str]) -> None:
        """Write a span that is at hand."""

        def write() -> SpanFile:
            table = shaped(rows, self._columns, same)
            with parquet_writer(target, table.schema, [*rows.schema.names, *same]) as writer:
                writer.write_table(table, row_group_size=ROW_GROUP)
            return self._seal(target, span)

        self._files.append(self._submit(write))

    def stream(self, target: Path, span: str, batches: Iterable[pa.RecordBatch], same: Mapping[str, str]) -> None:
        """Write a span that comes in batches, each behind the one before it."""
        writer: pq.ParquetWriter | None = None
        last: Future[None] | None = None

        for batch in batches:
            table = shaped(batch, self._columns, same)
            writer = writer or parquet_writer(target, table.schema, [*batch.schema.names, *same])
            last = self._submit(append, writer, table, last)

        def seal(writer: pq.ParquetWriter, last: Future[None]) -> SpanFile:
            last.result()
            writer.close()
            return self._seal(target, span)

        assert writer is not None, "a span that is written has rows"
        assert last is not None
        self._files.append(self._submit(seal, writer, last))

    def files(self) -> list[SpanFile]:
        """Every file written, in the order of their spans' coming; raises what went wrong with one."""
        return [future.result() for future in self._files]

    def _submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have it done by another thread; waits where too much is waiting, so that memory stays flat."""
        while len(self._pending) >= AHEAD:
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(work, *arguments))
        return self._pending[-1]

    def __enter__(self) -> Writing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=kind is not None)


def append(writer: pq.ParquetWriter, table: pa.Table, before: Future[None] | None) -> None:
    """Write row groups behind those that `before` writes: it was begun first, so it is never waited for in vain."""
    if before is not None:
        before.result()
    writer.write_table(table, row_group_size=ROW_GROUP)
