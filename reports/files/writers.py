"""Tables as CSV and Parquet bytes, and the cells of both."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa

RUNS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula."""


def csv_bytes(table: pa.Table) -> bytes:
    """For spreadsheets: UTF-8 with a mark; a text that one would run gets an apostrophe before it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(table.column_names)
    writer.writerows([cell(v) for v in row.values()] for row in table.to_pylist())
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def cell(value: Any) -> Any:
    """One cell."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(RUNS) else value
    return value.isoformat() if hasattr(value, "isoformat") else value


def parquet_bytes(table: pa.Table) -> bytes:
    """Values as they are."""
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


TABLES: dict[str, Callable[[pa.Table], bytes]] = {"csv": csv_bytes, "parquet": parquet_bytes}
