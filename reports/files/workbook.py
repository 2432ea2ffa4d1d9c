"""The tables as a workbook: a sheet each, typed cells, frozen headings. No cell can be run: text is written as text."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from reports.files.answers import Answer
from reports.formatting import plain

LONGEST_NAME = 31  # of a sheet, says the format
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WIDEST = 48
FORMATS = {"rate": "0.0%", "whole": "#,##0", "decimal": "#,##0.00", "instant": "yyyy-mm-dd hh:mm", "plain": "0"}
RATES = frozenset(
    {"share", "probability", "conversion", "value_coverage", "now", "before", "difference", "ci_low", "ci_high"}
)


def workbook(answers: Sequence[Answer], about: Sequence[tuple[str, str]], as_of: int) -> bytes:
    """XLSX; equal tables give equal bytes, for the file says that it was made at `as_of` (microseconds UTC)."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"created": (EPOCH + timedelta(microseconds=as_of)).replace(tzinfo=None)})
    formats = {name: book.add_format({"num_format": code}) for name, code in FORMATS.items()}
    formats["head"] = book.add_format({"bold": True, "bottom": 1, "valign": "top"})
    front(book.add_worksheet("about"), answers, about, formats["head"])
    for answer in answers:
        fill(book.add_worksheet(answer.name[:LONGEST_NAME]), answer.table, formats)
    book.close()
    return buffer.getvalue()


def front(sheet: Any, answers: Sequence[Answer], about: Sequence[tuple[str, str]], head: Any) -> None:
    """What it is about, and what each sheet holds."""
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 64)
    rows = [*about, ("", ""), ("Sheet", "Holds"), *((a.name, a.title) for a in answers)]
    for i, (key, value) in enumerate(rows):
        sheet.write_string(i, 0, key, head if key == "Sheet" else None)
        sheet.write_string(i, 1, value, head if key == "Sheet" else None)


def fill(sheet: Any, table: pa.Table, formats: dict[str, Any]) -> None:
    """Headings, frozen, and a row each; nothing stays empty."""
    sheet.freeze_panes(1, 1)
    if table.num_rows:
        sheet.autofilter(0, 0, table.num_rows, table.num_columns - 1)
    for at, name in enumerate(table.column_names):
        sheet.write_string(0, at, name, formats["head"])
        look = formats.get(kind(name, table.schema.field(name).type))
        values = table[name].to_pylist()
        for i, value in enumerate(values, 1):
            if value is not None:
                write(sheet, i, at, value, look)
        sheet.set_column(at, at, min(WIDEST, max([len(name), *(len(str(v)) for v in values[:200])]) + 2))


def kind(name: str, type_: pa.DataType) -> str:
    """How a column is shown."""
    if pa.types.is_timestamp(type_):
        return "instant"
    if pa.types.is_floating(type_):
        return "rate" if name in RATES or name.endswith("_rate") else "decimal"
    return "whole" if pa.types.is_integer(type_) and name not in ("step", "weekday", "hour") else "plain"


def write(sheet: Any, row: int, at: int, value: Any, look: Any) -> None:
    """One cell of its own type."""
    if isinstance(value, bool):
        sheet.write_boolean(row, at, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, at, value.astimezone(UTC).replace(tzinfo=None), look)
    elif isinstance(value, date):
        sheet.write_string(row, at, value.isoformat())
    elif isinstance(value, (int, float)):
        sheet.write_number(row, at, value, look)
    else:
        sheet.write_string(row, at, plain(value, 1_000))
