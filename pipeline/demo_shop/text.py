"""Arrow tables as the text of CSV and NDJSON files, without a row-by-row loop."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv


def csv_text(table: pa.Table, delimiter: str = ",") -> bytes:
    """A header and one line per row; no value needs quotes."""
    sink = BytesIO()
    head = delimiter.join(table.column_names) + "\n"
    options = pv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="none")
    pv.write_csv(table, sink, options)
    return head.encode() + sink.getvalue()


def json_lines(table: pa.Table) -> bytes:
    """One object per line; a.b is b of the inner object a. No text needs escapes."""
    batches = table.combine_chunks().to_batches()
    lines = [line for b in batches for line in _object(dict(zip(b.schema.names, b.columns, strict=True))).to_pylist()]
    return "".join(f"{line}\n" for line in lines).encode()


def _object(columns: Mapping[str, Any]) -> Any:
    """The text of each row's object; every key is there, so that a file of few rows has all columns."""
    members = []
    for name in dict.fromkeys(path.split(".")[0] for path in columns):
        inner = {path.removeprefix(name + "."): c for path, c in columns.items() if path.startswith(name + ".")}
        value = _object(inner) if inner else columns[name]
        quote = '"' if not inner and pa.types.is_string(value.type) else ""
        written = pc.binary_join_element_wise(quote, value.cast(pa.string()), quote, "")
        members.append(pc.binary_join_element_wise(f'"{name}":', pc.fill_null(written, "null"), ""))
    return pc.binary_join_element_wise("{", pc.binary_join_element_wise(*members, ","), "}", "")
