"""The real table behind a chart: headings and cells, ready for a template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from markupsafe import Markup

MOST_ROWS = 50
"""A page does not grow with the data: the rest is counted in a line."""

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A heading, how a row fills it, and is it a number (right-aligned)?"""

    head: str
    cell: Callable[[Row], str | Markup]
    numeric: bool = True
    value: Callable[[Row], Any] | None = None  # what it sorts by and is copied as; None: the text itself


@dataclass(frozen=True)
class Cell:
    """What a reader sees, and the value behind it ("" where the text is the value)."""

    text: str | Markup
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table for the page."""

    caption: str
    columns: Sequence[Column]
    cells: Sequence[Sequence[Cell]]
    left_out: int = 0  # rows beyond MOST_ROWS
    command: str = ""  # that gives all rows


def sheet(caption: str, rows: pa.Table | Sequence[Row], columns: Sequence[Column], command: str = "") -> Sheet:
    """The first MOST_ROWS rows."""
    records = rows.to_pylist() if isinstance(rows, pa.Table) else rows
    cells = [[filled(c, r) for c in columns] for r in records[:MOST_ROWS]]
    return Sheet(
        caption=caption, columns=columns, cells=cells, left_out=max(0, len(records) - MOST_ROWS), command=command
    )


def shortened(sheet: Sheet, rows: int = 15) -> Sheet:
    """Its first rows; the others are counted with those left out."""
    return replace(sheet, cells=sheet.cells[:rows], left_out=sheet.left_out + max(0, len(sheet.cells) - rows))


def filled(column: Column, row: Row) -> Cell:
    """One cell."""
    text = column.cell(row)
    value = raw(column.value(row)) if column.value is not None else ""
    return Cell(text, "" if value == text else value)


def raw(value: Any) -> str:
    """A number as a program reads it; nothing for nothing."""
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def words(head: str, key: str, shown: Callable[[Any], str | Markup]) -> Column:
    """A column of text."""
    return Column(head=head, cell=lambda r: shown(r[key]), numeric=False)


def figures(head: str, key: str, shown: Callable[[Any], str | Markup]) -> Column:
    """A column of numbers."""
    return Column(head=head, cell=lambda r: shown(r[key]), value=lambda r: r[key])
