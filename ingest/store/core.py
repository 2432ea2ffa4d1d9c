"""The core of a file: who, when and what, laid out as a pass takes it. Every question reads it, and most read no more.

Beside `part-1.parquet` stands `_part-1.arrow`, an Arrow IPC file. One row is one customer of the file: its key, and its
events in order as a list of (event_at, event). It is not compressed, so nothing is decoded; and who is to be sorted is a
customer, not an event. The file can be made again from the Parquet file, and is where it is missing.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import isqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.array_types import Ints
from ingest.errors import StoreError
from ingest.store.device_index import remove_device_index

Rows = slice | Ints

MOST_ROWS = 1 << 20
"""Events of one record batch, about: a customer whose events lie in two of them has a row in both."""

FAR_OFF = 4
"""Times the square root of n: so far, or eight standard errors, may a key be from where it is expected among n even ones."""

EVENT = pa.dictionary(pa.int32(), pa.string())
ENTRY = pa.struct([("event_at", pa.timestamp("us", tz="UTC")), ("event", EVENT)])
PARQUET_BYTES = b"parquet_bytes"
"""Which file it is the core of: files of the store never change, so its size tells another one."""


def core_path(parquet: Path) -> Path:
    """Where the core of a file stands; a leading underscore hides it from whoever looks for data files."""
    return parquet.with_name(f"_{parquet.stem}.arrow")


def write_core(parquet: Path) -> int:
    """Write the core of a file, on disk for good; call under the lock. Returns the rows.

    Raises StoreError where they are not in order.
    """
    target = core_path(parquet)
    beside = half_written(parquet)
    with pa.OSFile(str(beside), "wb") as sink:
        rows = copy_core(parquet, sink)
    with beside.open("rb+") as handle:
        os.fsync(handle.fileno())
    beside.replace(target)
    return rows


def half_written(parquet: Path) -> Path:
    """Where its core stands until all of it does."""
    return core_path(parquet).with_suffix(".tmp")


def remove_core(parquet: Path) -> None:
    """Delete the core and the device index of a file that is about to be deleted, and what a crash left of them."""
    remove_device_index(parquet)
    for path in (core_path(parquet), half_written(parquet)):
        path.unlink(missing_ok=True)


def complete(parquets: Sequence[Path]) -> int:
    """Write the cores that are not there; call under the lock. Returns how many."""
    missing = [p for p in parquets if not core_path(p).exists()]
    for parquet in missing:
        write_core(parquet)
    return len(missing)


def copy_core(parquet: Path, sink: pa.NativeFile) -> int:
    """The same into a sink."""
    place: dict[str, int] = {}
    rows, last = 0, (-1, 0)
    with pq.ParquetFile(parquet, memory_map=True, read_dictionary=["event"]) as file:
        kind = pa.schema([("customer_key", pa.int64()), ("events", pa.list_(ENTRY))])
        schema = kind.with_metadata({PARQUET_BYTES: str(parquet.stat().st_size)})
        options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
        with pa.ipc.new_file(sink, schema, options=options) as writer:
            for groups in of_rows(file.metadata):
                table = file.read_row_groups(groups, columns=["customer_key", "event_at", "event"])
                key, at = (np.asarray(whole(table[c].cast(pa.int64()))) for c in ("customer_key", "event_at"))
                ordered = (key[1:] > key[:-1]) | ((key[1:] == key[:-1]) & (at[1:] >= at[:-1]))
                if not ordered.all() or last > (int(key[0]), int(at[0])):
                    raise StoreError(f"{parquet.name} came out unsorted; nothing was committed.")
                last = int(key[-1]), int(at[-1])
                event = whole(table["event"].unify_dictionaries())
                codes = np.array([place.setdefault(n, len(place)) for n in event.dictionary.to_pylist()], np.int32)
                writer.write_batch(by_customer(key, at, codes.take(np.asarray(event.indices)), list(place), schema))
                rows += table.num_rows
    return rows


def of_rows(metadata: pq.FileMetaData) -> Iterator[list[int]]:
    """Row groups that follow each other, so many that they have about MOST_ROWS rows."""
    counts: list[int] = []
    rows = 0
    for group in range(metadata.num_row_groups):
        counts.append(group)
        rows += metadata.row_group(group).num_rows
        if rows >= MOST_ROWS or group == metadata.num_row_groups - 1:
            yield counts
            counts, rows = [], 0


def by_customer(key: Ints, at: Ints, code: npt.NDArray[Any], names: Sequence[str], schema: pa.Schema) -> pa.RecordBatch:
    """One row per customer of sorted events."""
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    event = pa.DictionaryArray.from_arrays(pa.array(code), pa.array(names, pa.string()))
    entries = pa.StructArray.from_arrays([pa.array(at).cast(ENTRY.field(0).type), event], fields=list(ENTRY))
    lists = pa.ListArray.from_arrays(pa.array(np.append(starts, len(key)).astype(np.int32)), entries)
    return pa.RecordBatch.from_arrays([pa.array(key[starts]), lists], schema=schema)


def whole(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece."""
    chunk = column.combine_chunks()
    return pa.concat_arrays(chunk.chunks) if isinstance(chunk, pa.ChunkedArray) else chunk


class Chunk(NamedTuple):
    """One record batch of a core. `key` has an entry a customer; its events are at `starts[i]` up to `starts[i + 1]`."""

    first: int  # its first event is this row of the file
    key: Ints
    starts: npt.NDArray[np.int32]
    at: Ints
    code: npt.NDArray[np.int32]
    key_place: int  # where in the file `key` begins, and the others
    starts_place: int
    at_place: int
    code_place: int
    lowest: int  # key
    highest: int


class Core:
    """An open core. Arrays are views of the file, which is mapped into memory; what a pass reads it copies by `read`."""

    @classmethod
    def at(cls, path: Path) -> Core:
        """The core in this file. Raises OSError, ValueError (it is empty) and ArrowInvalid."""
        with path.open("rb") as file:
            mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            return cls(pa.py_buffer(mapping), mapping, os.dup(file.fileno()) if hasattr(os, "preadv") else None)

    def __init__(self, content: pa.Buffer, mapping: mmap.mmap | None = None, file: int | None = None) -> None:
        """Of these bytes; where they lie in a file, it is open for `close` to close. Raises ArrowInvalid."""
        self.content, self._mapping, self._file = content, mapping, file
        try:
            self._open(content)
        except BaseException:
            self.close()
            raise

    def _open(self, content: pa.Buffer) -> None:
        reader = pa.ipc.open_file(content)
        self.parquet_bytes = int((reader.schema.metadata or {}).get(PARQUET_BYTES, -1))
        self.names: tuple[str, ...] = ()
        self.chunks: list[Chunk] = []
        self.rows = 0
        for i in range(reader.num_record_batches):
            batch = reader.get_batch(i)
            lists = batch.column(1)
            at, event = (lists.values.field(n) for n in range(2))
            self.names = tuple(event.dictionary.to_pylist())
            columns = batch.column(0), lists.offsets, at.cast(pa.int64()), event.indices
            places = [c.buffers()[1].address - content.address for c in columns]
            key, starts, instants, codes = (np.asarray(c) for c in columns)
            ends = [self._one(key, places[0], row) if len(key) else 0 for row in (0, len(key) - 1)]
            self.chunks.append(Chunk(self.rows, key, starts, instants, codes, *places, *ends))
            self.rows += len(at)

    def before(self, chunk: Chunk, key: int) -> int:
        """How many customers of a chunk have a lower key. Keys are hashes, so those about the place where it is expected are looked
        at: a search through all of them would leave pages of the mapping behind."""
        n = len(chunk.key)
        if key <= chunk.lowest or key > chunk.highest:
            return n if key > chunk.highest else 0
        middle = n * (key - chunk.lowest) // (chunk.highest - chunk.lowest)
        start, end = max(0, middle - FAR_OFF * (isqrt(n) + 1)), min(n, middle + FAR_OFF * (isqrt(n) + 1))
        some = np.empty(end - start, dtype=np.int64)
        self._copy(chunk.key, chunk.key_place, slice(start, end), some)
        place = int(np.searchsorted(some, key))
        return start + place if 0 < place < len(some) else int(np.searchsorted(chunk.key, key))

    def first_of(self, chunk: Chunk, customer: int) -> int:
        """The row of the file at which the events of the chunk's customer begin; of the one behind the last: end."""
        return chunk.first + self._one(chunk.starts, chunk.starts_place, customer)

    def customers(self, chunk: Chunk, start: int, end: int) -> tuple[Ints, npt.NDArray[np.int32]]:
        """(`key` of some customers in a row, `starts` of them and of the next one), copied as well."""
        key, starts = np.empty(end - start, dtype=np.int64), np.empty(end - start + 1, dtype=np.int32)
        self._copy(chunk.key, chunk.key_place, slice(start, end), key)
        self._copy(chunk.starts, chunk.starts_place, slice(start, end + 1), starts)
        return key, starts

    def read(self, chunk: Chunk, rows: Rows, at: Ints, code: npt.NDArray[np.int32]) -> None:
        """Copy rows of a chunk. Rows in a row are read past the mapping, whose pages would count as this process's."""
        self._copy(chunk.at, chunk.at_place, rows, at)
        self._copy(chunk.code, chunk.code_place, rows, code)

    def _copy(self, view: npt.NDArray[Any], place: int, rows: Rows, out: npt.NDArray[Any]) -> None:
        if self._file is None or not isinstance(rows, slice):
            out[:] = view[rows]
        elif os.preadv(self._file, [out.data], place + rows.start * view.itemsize) != out.nbytes:
            raise OSError("a file of the store is shorter than it says")

    def _one(self, view: npt.NDArray[Any], place: int, row: int) -> int:
        one = np.empty(1, dtype=view.dtype)
        self._copy(view, place, slice(row, row + 1), one)
        return int(one[0])

    def forget(self) -> None:
        """Have the pages looked at so far count no longer as this process's; they come back where they are needed."""
        if self._mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._mapping.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def open_core(parquet: Path) -> Core:
    """The core of a file; where it stands beside it no longer, or is another file's, made again in memory."""
    beside = core_path(parquet)
    with suppress(OSError, ValueError, pa.ArrowInvalid):
        core = Core.at(beside)
        if core.parquet_bytes == parquet.stat().st_size:
            return core
        core.close()
    return Core(made_of(parquet))


def event_names(parquet: Path) -> tuple[str, ...]:
    """The names of the events of a file."""
    core = open_core(parquet)
    core.close()
    return core.names


def made_of(parquet: Path) -> pa.Buffer:
    """The core of a file, made anew in memory."""
    sink = pa.BufferOutputStream()
    copy_core(parquet, sink)
    return sink.getvalue()


def is_true(parquet: Path) -> bool:
    """Does the core that a pass takes say what its file says, to the byte?"""
    core = open_core(parquet)
    core.close()
    return bool(core.content.equals(made_of(parquet)))
