"""The event store: sorted Parquet files, one per span of days, under a Delta log.

A file holds whole rows of `schema.EVENTS` (and promoted columns) sorted by (customer_key, event_at, recorded_input,
source, recorded_row). Every write is one commit that replaces the files of all spans it touches and names the inputs
it took in, so an input counts once however often it is delivered.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import deltalake
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, CommitProperties, RemoveAction, Transaction

from ingest.errors import Conflict, NoStore, StoreError
from ingest.schema import EVENTS, KEY_HASH

SENTINEL = "journeys"
ROW_GROUP = 32_768


@dataclass(frozen=True, kw_only=True)
class SpanFile:
    """One file of a snapshot."""

    path: Path
    span: str  # a UTC day (2026-01-15) or a sealed month (2026-01)
    rows: int


@dataclass(frozen=True, kw_only=True)
class TakenInput:
    """One input file that a write takes in."""

    digest: str  # sha256 of its bytes
    source: str
    name: str


class Snapshot:
    """The table as one log version names it; it never changes."""

    def __init__(self, table: deltalake.DeltaTable) -> None:
        self._table = table
        self.version: int = table.version()
        self.root = Path(table.table_uri.removeprefix("file://"))

    @cached_property
    def files(self) -> tuple[SpanFile, ...]:
        """Its files, oldest span first."""
        actions = pa.table(self._table.get_add_actions(flatten=True)).to_pylist()
        files = [SpanFile(path=self.root / a["path"], span=a["partition.span"], rows=a["num_records"]) for a in actions]
        return tuple(sorted(files, key=lambda f: (f.span, str(f.path))))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the event columns, promoted ones last."""
        return tuple(f.name for f in self._table.schema().fields if f.name != "span")

    @property
    def promoted(self) -> tuple[str, ...]:
        """Columns beyond the event contract."""
        return tuple(c for c in self.columns if c not in EVENTS.names)

    @property
    def rows(self) -> int:
        """Events in all."""
        return sum(f.rows for f in self.files)

    def knows(self, input_hash: str) -> bool:
        """Has this input been taken in before?"""
        return self._table.transaction_version(f"input:{input_hash}") is not None

    @property
    def sentinel(self) -> int:
        """The number of the last write."""
        return self._table.transaction_version(SENTINEL) or 0


class EventStore:
    """The events of one project."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "events"

    @property
    def exists(self) -> bool:
        """Has anything ever been ingested?"""
        return (self.path / "_delta_log").is_dir()

    def create(self) -> None:
        """An empty store, if there is none; raises StoreError if the place is not writable."""
        if self.exists:
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot create the store at {self.root}: {error.strerror}.") from error
        schema = EVENTS.append(pa.field("span", pa.string()))
        deltalake.DeltaTable.create(
            self.path, schema, mode="ignore", partition_by=["span"], description=json.dumps(self.stamp)
        )

    @property
    def stamp(self) -> dict[str, str]:
        """What a reader must know to trust the keys."""
        return {"customer_key": KEY_HASH}

    def snapshot(self) -> Snapshot:
        """The newest version.

        Raises NoStore where nothing was ingested yet, StoreError where the keys were made by another hash.
        """
        if not self.exists:
            raise NoStore(f"there is no event store at {self.root} yet; start with: journeys ingest FILE")
        try:
            table = deltalake.DeltaTable(self.path)
        except DeltaError as error:
            raise StoreError(f"the store at {self.root} cannot be opened: {error}") from error
        stamp = json.loads(table.metadata().description or "{}")
        if stamp.get("customer_key") != KEY_HASH:
            raise StoreError(
                f"the store at {self.root} was made with customer keys {stamp.get('customer_key')!r}, this version reads "
                f"{KEY_HASH!r}; ingest its inputs again into a new store."
            )
        return Snapshot(table)

    def duplicates(self, snapshot: Snapshot) -> int:
        """How many further copies of its events ever arrived."""
        columns = [pq.read_table(f.path, columns=["duplicates"], partitioning=None).column(0) for f in snapshot.files]
        return sum(int(pc.sum(c).as_py() or 0) for c in columns)

    def promote(self, names: Sequence[str]) -> None:
        """Add text columns to the table; files written before answer null."""
        table = deltalake.DeltaTable(self.path)
        known = {f.name for f in table.schema().fields}
        fields = [deltalake.Field(n, deltalake.schema.PrimitiveType("string")) for n in names if n not in known]
        if fields:
            table.alter.add_columns(fields)

    def new_file(self, span: str, token: str) -> Path:
        """The path of a file about to be written."""
        folder = self.path / f"span={span}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"part-{token}.parquet"

    def commit(self, base: Snapshot, removed: Iterable[SpanFile], added: Iterable[SpanFile], inputs: Iterable[TakenInput],
               facts: dict[str, str]) -> int:  # fmt: skip
        """Replace files and record inputs in one commit on top of `base`; returns the new version.

        Raises Conflict when another writer committed since `base` was read.
        """
        table = base._table
        written = [add_action(f, self.path) for f in added]
        retired_at = max((a.modification_time for a in written), default=0)
        actions: list[AddAction | RemoveAction] = [remove_action(f, self.path, retired_at) for f in removed]
        actions += written
        transactions = [Transaction(f"input:{i.digest}", 1) for i in inputs]
        transactions.append(Transaction(SENTINEL, base.sentinel + 1))
        properties = CommitProperties(custom_metadata=facts, app_transactions=transactions, max_commit_retries=0)
        try:
            table.create_write_transaction(
                actions, "append", table.schema(), partition_by=["span"], commit_properties=properties
            )
        except CommitFailedError as error:
            raise Conflict(f"another run committed to {self.root} first; nothing of this one was written.") from error
        return deltalake.DeltaTable(self.path).version()

    # A crash leaves files that no log entry names. What a writer is about to write stands in its journal first,
    # so that the next one can tell those from files a reader may still hold open.

    @property
    def journal(self) -> Path:
        """The list of files being written."""
        return self.root / "writing.json"

    def begin(self, files: Sequence[Path]) -> None:
        """Note the files a commit is going to name."""
        self.journal.write_text(json.dumps([str(f.relative_to(self.path)) for f in files]))

    def clear_leftovers(self) -> int:
        """Delete what a crashed writer left; call under the lock. Returns the number of files deleted."""
        if not self.journal.exists():
            return 0
        try:
            listed = json.loads(self.journal.read_text() or "[]")
        except json.JSONDecodeError:  # the crash came while the journal itself was written: nothing had been started
            listed = []
        named = {f.path.relative_to(self.path).as_posix() for f in self.snapshot().files}
        gone = 0
        for name in listed:
            if name not in named and (self.path / name).exists():
                (self.path / name).unlink()
                gone += 1
        self.journal.unlink()
        return gone


def add_action(file: SpanFile, root: Path) -> AddAction:
    """The log entry of a new file."""
    stat = file.path.stat()
    return AddAction(
        path=file.path.relative_to(root).as_posix(),
        size=stat.st_size,
        partition_values={"span": file.span},
        modification_time=int(stat.st_mtime * 1000),
        data_change=True,
        stats=json.dumps({"numRecords": file.rows}),
    )


def remove_action(file: SpanFile, root: Path, retired_at: int) -> RemoveAction:
    """The log entry that retires a file; `retired_at` in milliseconds since 1970."""
    return RemoveAction(
        path=file.path.relative_to(root).as_posix(),
        data_change=True,
        deletion_timestamp=retired_at,
        size=file.path.stat().st_size if file.path.exists() else None,
        partition_values={"span": file.span},
    )


def sealed_file(path: Path, span: str) -> SpanFile:
    """A written file, on disk for good, with its order verified.

    Raises StoreError if its rows are not in (customer_key, event_at) order.
    """
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())
    with pq.ParquetFile(path, memory_map=True) as file:
        previous: tuple[int, int] | None = None
        for group in file.iter_batches(batch_size=1 << 20, columns=["customer_key", "event_at"]):
            key, at = (column_of(group, i) for i in (0, 1))
            ordered = (key[1:] > key[:-1]) | ((key[1:] == key[:-1]) & (at[1:] >= at[:-1]))
            if not ordered.all() or (previous is not None and len(key) and previous > (int(key[0]), int(at[0]))):
                raise StoreError(f"{path.name} came out unsorted; nothing was committed.")
            previous = (int(key[-1]), int(at[-1])) if len(key) else previous
        rows = file.metadata.num_rows
    return SpanFile(path=path, span=span, rows=rows)


def column_of(batch: pa.RecordBatch, position: int) -> np.ndarray:
    """A column as int64."""
    return np.asarray(batch.column(position).cast(pa.int64()))


def append_once(path: Path, rows: pa.Table, inputs: Sequence[TakenInput]) -> None:
    """Append to a small Delta table with columns source and input the rows of those inputs its log does not name yet."""
    if not (path / "_delta_log").is_dir():
        deltalake.DeltaTable.create(path, rows.schema, mode="ignore")
    table = deltalake.DeltaTable(path)
    news = [i for i in inputs if table.transaction_version(f"input:{i.digest}") is None]
    mine = pa.table(
        {"source": [i.source for i in news], "input": [i.name for i in news]},
        schema=rows.schema.empty_table().select(["source", "input"]).schema,
    )
    rows = (
        rows.join(mine, ["source", "input"], join_type="inner")
        .select(rows.schema.names)
        .sort_by([("source", "ascending"), ("input", "ascending"), ("line", "ascending")])
    )
    properties = CommitProperties(app_transactions=[Transaction(f"input:{i.digest}", 1) for i in news])
    if rows.num_rows:
        deltalake.write_deltalake(table, rows, mode="append", commit_properties=properties)


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """A small Delta table, whole; empty where it was never written."""
    if not (path / "_delta_log").is_dir():
        return schema.empty_table()
    files = sorted(deltalake.DeltaTable(path).file_uris())
    tables = [pq.read_table(f.removeprefix("file://"), schema=schema, partitioning=None) for f in files]
    return pa.concat_tables(tables) if tables else schema.empty_table()


def count_rows(path: Path) -> int:
    """Rows of a Delta table, from its log; 0 where it was never written."""
    if not (path / "_delta_log").is_dir():
        return 0
    return int(deltalake.DeltaTable(path).count())


def publish(path: Path, rows: pa.Table, partition_by: str, stamp: dict[str, str]) -> None:
    """Replace a published table whole, in one commit that carries its stamp."""
    properties = CommitProperties(custom_metadata=stamp)
    deltalake.write_deltalake(
        path, rows, mode="overwrite", schema_mode="overwrite", partition_by=[partition_by], commit_properties=properties
    )


def published_stamp(path: Path) -> dict[str, str]:
    """The stamp of the newest publication; empty where there is none."""
    if not (path / "_delta_log").is_dir():
        return {}
    return {k: str(v) for k, v in deltalake.DeltaTable(path).history(1)[0].items()}


def published_files(path: Path) -> list[Path]:
    """The files of the newest publication."""
    return [Path(f.removeprefix("file://")) for f in sorted(deltalake.DeltaTable(path).file_uris())]
