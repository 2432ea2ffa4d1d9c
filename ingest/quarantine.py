"""Rows that left, each with its reason: a Delta table of its own, appended once per input."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ingest.schema import QUARANTINE
from ingest.store import TakenInput, append_once, count_rows, read_table


class Quarantine:
    """The quarantined rows of one project, in `<store>/quarantine`."""

    def __init__(self, root: Path) -> None:
        self.path = root / "quarantine"

    def append(self, rows: pa.Table, inputs: Sequence[TakenInput]) -> None:
        """Add the rows that these inputs gave.

        The events commit comes after: where it is lost, the same inputs come again and are known here already.
        """
        append_once(self.path, rows.cast(QUARANTINE), inputs)

    def rows(self) -> pa.Table:
        """One row per quarantined row, in order of arrival."""
        return read_table(self.path, QUARANTINE)

    def count(self) -> int:
        """How many rows were ever quarantined."""
        return count_rows(self.path)
