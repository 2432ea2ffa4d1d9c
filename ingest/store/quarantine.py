"""Rows that left, each with its reason: a Delta table of its own, one file per run that had any."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.schema import QUARANTINE
from ingest.store.delta import append_file, begun, count_rows, published_files, read_table, retire_file
from ingest.store.ledger import Key


class Quarantine:
    """The quarantined rows of one project, in `<store>/quarantine`."""

    def __init__(self, root: Path) -> None:
        self.path = root / "quarantine"

    def new_file(self, token: str) -> Path:
        """The path of a run's file."""
        return self.path / f"part-{token}.parquet"

    def append(self, file: Path, rows: pa.Table) -> None:
        """Add the rows of a run, before its events are committed: if those never are, the next run takes them out again."""
        append_file(self.path, file, rows.cast(QUARANTINE))

    def forget(self, keys: Collection[Key]) -> None:
        """Take rows out, in one commit per file that has any; to be done after the commit that takes their events out."""
        for file in published_files(self.path) if begun(self.path) else ():
            rows = pq.read_table(file, schema=QUARANTINE, partitioning=None)
            places = zip(*(rows[name].to_pylist() for name in ("source", "input", "run_id")), strict=True)
            kept = rows.filter(pa.array([place not in keys for place in places], pa.bool_()))
            if kept.num_rows == rows.num_rows:
                continue
            if kept.num_rows:
                append_file(self.path, self.new_file(uuid.uuid4().hex), kept, instead=file)
            else:
                retire_file(file)

    def rows(self) -> pa.Table:
        """One row per quarantined row, run by run."""
        return read_table(self.path, QUARANTINE)

    def count(self) -> int:
        """How many rows were ever quarantined."""
        return count_rows(self.path)
