"""The event store: sorted Parquet files, one per span of days, under a Delta log.

A file holds whole rows of `schema.EVENTS` (and promoted columns) sorted by (customer_key, event_at, recorded_input,
source, recorded_row). Every write is one commit that replaces the files of all spans it touches and names the inputs
it took in, so an input counts once however often it is delivered.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import deltalake
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, CommitProperties, RemoveAction, Transaction

from ingest.errors import Conflict, NoStore, QueryError, StoreError
from ingest.schema import EVENTS, KEY_HASH
from ingest.scratch import clear
from ingest.store.core import remove_core, write_core
from ingest.store.delta import (
    added_file,
    begun,
    create_table,
    open_table,
    retire_file,
    touch,
)
from ingest.store.ledger import TakenInput
from ingest.store.lock import writer_lock
from ingest.store.quarantine import Quarantine
from ingest.store.snapshot import SENTINEL, Snapshot
from ingest.store.spans import SpanFile

__all__ = ["EventStore", "Snapshot", "sealed_file"]

R = TypeVar("R")


class EventStore:
    """The events of one project."""

    def __init__(self, root: Path, umask: int | None = None) -> None:
        """`umask`: the bits of a mode that nothing has that is written under the lock; None = those of the process alone."""
        self.root = root
        self.path = (root / "events").absolute()
        self.umask = umask

    @property
    def exists(self) -> bool:
        """Has anything ever been ingested?"""
        return begun(self.path)

    def create(self) -> Snapshot:
        """An empty store, if there is none; raises StoreError if the place is not writable."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot create the store at {self.root}: {error.strerror}.") from error
        schema = EVENTS.append(pa.field("span", pa.string()))
        create_table(self.path, schema, "span", json.dumps(self.stamp))
        return self.snapshot()

    @contextmanager
    def lock(self, wait_seconds: float = 0.0) -> Iterator[None]:
        """The writer's lock; raises Locked when another writer still holds it after `wait_seconds`."""
        with self.private():
            try:
                self.root.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"cannot create the store at {self.root}: {error.strerror}.") from error
            with writer_lock(self.root / "writer.lock", wait_seconds):
                yield

    @contextmanager
    def private(self) -> Iterator[None]:
        """What is written meanwhile, by any thread, has none of the bits of `umask`; the process' own are kept, too."""
        if self.umask is None:
            yield
            return
        before = os.umask(self.umask)
        os.umask(before | self.umask)
        try:
            yield
        finally:
            os.umask(before)

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
            table = open_table(self.path)
        except DeltaError as error:
            raise StoreError(f"the store at {self.root} cannot be opened: {error}") from error
        stamp = json.loads(table.metadata().description or "{}")
        if stamp.get("customer_key") != KEY_HASH:
            raise StoreError(
                f"the store at {self.root} was made with customer keys {stamp.get('customer_key')!r}, this version reads "
                f"{KEY_HASH!r}; ingest its inputs again into a new store."
            )
        return Snapshot(table, self.path)

    def duplicates(self, snapshot: Snapshot) -> int:
        """How many further copies of its events ever arrived."""
        columns = [pq.read_table(f.path, columns=["duplicates"], partitioning=None).column(0) for f in snapshot.files]
        return sum(int(pc.sum(c).as_py() or 0) for c in columns)

    def promote(self, base: Snapshot, names: Sequence[str]) -> Snapshot:
        """Add text columns to the table, which is still as `base` knows it; files written before answer null.

        Raises Conflict when another writer committed since.
        """
        table = open_table(self.path)
        if table.version() == base.version:
            table.alter.add_columns([deltalake.Field(n, deltalake.schema.PrimitiveType("string")) for n in names])
        snapshot = self.snapshot()
        if snapshot.version != base.version + 1:
            raise Conflict(f"another run committed to {self.root} first; nothing of this one was written.")
        return snapshot

    def new_file(self, span: str, token: str) -> Path:
        """The path of a file about to be written."""
        folder = self.path / f"span={span}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"part-{token}.parquet"

    def commit(
        self,
        base: Snapshot,
        removed: Iterable[SpanFile],
        added: Iterable[SpanFile],
        lines: Mapping[str, int],
        facts: dict[str, str],
    ) -> int:
        """Replace files and write `lines` of the ledger in one commit on top of `base`; returns the new version.

        Raises Conflict when another writer committed since `base` was read.
        """
        table = base._table
        written = [add_action(f, self.path) for f in added]
        retired_at = max((a.modification_time for a in written), default=0)
        replaced = list(removed)
        actions: list[AddAction | RemoveAction] = [remove_action(f, self.path, retired_at) for f in replaced]
        actions += written
        transactions = [Transaction(name, number) for name, number in lines.items()]
        transactions.append(Transaction(SENTINEL, base.sentinel + 1))
        properties = CommitProperties(custom_metadata=facts, app_transactions=transactions, max_commit_retries=0)
        try:
            table.create_write_transaction(
                actions, "append", table.schema(), partition_by=["span"], commit_properties=properties
            )
        except CommitFailedError as error:
            raise Conflict(f"another run committed to {self.root} first; nothing of this one was written.") from error
        for file in replaced:
            touch(file.path)
        return base.version + 1

    def note(self, name: str, text: str) -> None:
        """Replace a small file of the store, whole or not at all; what it says can be found out again without it."""
        beside = self.root / f".{name}.tmp"
        beside.write_text(text)
        beside.replace(self.root / name)

    def read(self, ask: Callable[[Snapshot], R]) -> R:
        """What `ask` makes of the newest snapshot; asked once more if a file of it was deleted meanwhile (see `expire`)."""
        snapshot = self.snapshot()
        try:
            return ask(snapshot)
        except (OSError, QueryError):
            if all(f.path.exists() for f in snapshot.files):
                raise
            return ask(self.snapshot())

    # A crash leaves files that no log entry names. What a writer is about to write stands in its journal first,
    # so that the next one can tell those from files a reader may still hold open.

    @property
    def journal(self) -> Path:
        """What is being written: inputs (their lines in the ledger), files (relative to the root), and what goes."""
        return self.root / "writing.json"

    def begin(
        self,
        inputs: Sequence[TakenInput],
        files: Sequence[Path],
        going: Sequence[TakenInput] = (),
        lines: Sequence[str] = (),
    ) -> None:
        """Note the inputs and the files that a commit is going to name, before the first of the files is there.

        `going` are the inputs whose quarantined rows go once it is committed, `lines` what else it writes into the ledger.
        """
        noted = {
            "inputs": [*(i.transaction for i in inputs), *lines],
            "going": [list(i.key) for i in going],
            "files": [f.absolute().relative_to(self.path.parent).as_posix() for f in files],
        }
        with self.journal.open("w") as handle:
            json.dump(noted, handle)
            handle.flush()
            os.fsync(handle.fileno())

    def clear_leftovers(self) -> int:
        """Undo what a writer began and never committed; call under the lock. Returns the number of files deleted."""
        clear(self.root / "tmp")
        if not self.journal.exists():
            return 0
        try:
            begun = json.loads(self.journal.read_text())
            inputs, files = begun["inputs"], [self.path.parent / name for name in begun["files"]]
            going = {tuple(key) for key in begun["going"]}
        except (ValueError, KeyError, TypeError):  # a crash while the journal was written: nothing had been started
            inputs, files, going = [], [], set()
        snapshot = self.snapshot() if self.exists else None
        kept = {f.path for f in snapshot.files} if snapshot is not None else set()
        mine = {f for f in files if f.is_relative_to(self.path)}
        done = bool(mine & kept) or (not mine and snapshot is not None and any(map(snapshot.holds, inputs)))
        if going and snapshot is not None and not going & snapshot.ledger.keys:
            Quarantine(self.root).forget(going)
        gone = 0
        for file in [] if done else files:
            if file.exists():
                retire_file(file)
                remove_core(file)
                file.unlink()
                gone += 1
        self.journal.unlink()
        return gone


def add_action(file: SpanFile, root: Path) -> AddAction:
    """The log entry of a new file."""
    return added_file(file.path, root, {"span": file.span}, file.rows)


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
    """A written file and its core, on disk for good, with its order verified.

    Raises StoreError if its rows are not in (customer_key, event_at) order.
    """
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())
    return SpanFile(path=path, span=span, rows=write_core(path))
