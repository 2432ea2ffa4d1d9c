"""Rows that left, each with its reason: a Delta table of its own, one file per run that had any."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from ingest.schema import QUARANTINE
from ingest.store.delta import append_file, count_rows, read_table


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

    def rows(self) -> pa.Table:
        """One row per quarantined row, run by run."""
        return read_table(self.path, QUARANTINE)

    def count(self) -> int:
        """How many rows were ever quarantined."""
        return count_rows(self.path)
