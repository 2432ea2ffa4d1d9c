"""What a reader hands on: one file's records as a DuckDB relation of text, and the records that could not be read.

A file's own column names never enter SQL: the columns are c0, c1, ..., and `RawRows.columns[i]` is the name of c{i}.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from ingest.database import Database
from ingest.readers.archives import UNPACKED

LONGEST = 2_000_000
"""Bytes of the longest record that is read; a longer one is unreadable."""

SHOWN = 2_000
"""Characters of an unreadable record that are kept."""

_FIELDS: list[tuple[str, pa.DataType]] = [
    ("record", pa.int64()),
    ("line", pa.int64()),
    ("text", pa.string()),
    ("detail", pa.string()),
]
UNREADABLE = pa.schema(_FIELDS)
"""One row is one record that could not be read: its number (as `row`), its physical line (from 1; null where a line
means nothing), the first 2,000 characters as recorded (undecodable bytes as \\xff), and what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How to read a file; None means: find out."""

    format: str | None = None
    """One of kinds.FORMATS; None = told from the first bytes and lines, then from the name."""
    delimiter: str | None = None
    """Of CSV, one character or "tab"; None = from the header line (comma, semicolon, tab or bar)."""
    encoding: str | None = None
    """Of text, as Python names it; None = UTF-8, or told from the bytes that are not."""
    skip_lines: int = 0
    """Of CSV: physical lines before the header that are passed over whatever they hold."""
    header: tuple[str, ...] = ()
    """Of CSV without a header line: the names of its columns."""
    sheet: str | None = None
    """Of a workbook; None = the first."""
    records: str | None = None
    """Of JSON: the path of the list that holds the records, such as "results" or "data.items"."""

    unpacked: int = UNPACKED
    """Bytes that a packed file may become."""


@dataclass(frozen=True, kw_only=True)
class RawRows:
    """One file, read whole: records of the file = rows of `relation` + rows of `unreadable`.

    `relation` is a view with the columns `row` (BIGINT: order in the file, from 0, increasing, gaps allowed) and
    c0, c1, ...; it may be read as often as one likes, in parallel, until `release`.
    """

    relation: str
    """A name made by us, safe to put into SQL."""
    columns: tuple[str, ...]
    """The file's own names, each once; columns[i] is SQL column c{i}."""
    types: tuple[str, ...]
    """text, json, cells (of a workbook); of Parquet double, float, timestamp, timestamptz, date or (any other)
    string. All but its instants and days comes as text."""
    unreadable: pa.Table = field(repr=False)
    """Schema UNREADABLE, in the order of the file."""
    format: str
    delimiter: str | None = None
    table: str | None = None
    """The temporary table under the view, if there is one."""
    first_line: int | None = None
    """The physical line of row 0 where every row is one line, else None."""
    encoding: str | None = None
    """What the text was found to be written in, where nobody said it and it is not UTF-8."""
    records: str | None = None
    """The key of the list that was taken for the records, where nobody said it."""
    notes: tuple[str, ...] = ()
    """What to say of how it was read, where that was found out and could be wrong."""

    def release(self, db: Database) -> None:
        """Give the rows' memory back; `relation` is gone afterwards."""
        db.run(f"drop view if exists {self.relation}")
        if self.table is not None:
            db.run(f"drop table if exists {self.table}")


class Unreadable:
    """Collects the records that could not be read."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int | None, str, str]] = []

    def add(self, record: int, line: int | None, text: str | bytes, detail: str) -> None:
        """Note one record; bytes that are not UTF-8 are kept as \\xff."""
        if isinstance(text, bytes):
            text = text[: 4 * SHOWN].decode("utf-8", "backslashreplace")
        self._rows.append((record, line, text[:SHOWN], detail))

    def table(self) -> pa.Table:
        """All of them, in order of `record`; schema UNREADABLE."""
        columns = list(zip(*sorted(self._rows, key=lambda r: r[0]), strict=True)) or [()] * len(UNREADABLE)
        return pa.table([pa.array(c, f.type) for c, f in zip(columns, UNREADABLE, strict=True)], schema=UNREADABLE)


class RowWriter:
    """Fills a temporary table (row, then text columns) from Python, a block at a time; empty text becomes NULL."""

    BLOCK = 20_000

    def __init__(self, db: Database, table: str, columns: Sequence[str]) -> None:
        self._db = db
        values = ", ".join(f"nullif({c}, '')" for c in columns)
        self._insert = f"insert into {table} select row, {values} from journeys_block"
        fields: list[tuple[str, pa.DataType]] = [("row", pa.int64()), *((c, pa.string()) for c in columns)]
        self._schema = pa.schema(fields)
        self._rows: list[tuple[int | str, ...]] = []
        db.run(f"create or replace temp table {table} (row bigint, {', '.join(f'{c} varchar' for c in columns)})")

    def add(self, row: int, values: Iterable[str]) -> None:
        """Append one row."""
        self._rows.append((row, *values))
        if len(self._rows) >= self.BLOCK:
            self.flush()

    def flush(self) -> None:
        """Hand the pending rows to DuckDB."""
        if not self._rows:
            return
        columns = zip(*self._rows, strict=True)
        block = pa.table([pa.array(c, f.type) for c, f in zip(columns, self._schema, strict=True)], schema=self._schema)
        self._rows.clear()
        self._db.run_with(self._insert, journeys_block=block)
