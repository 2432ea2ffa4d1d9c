"""Excel and OpenDocument workbooks: the rows of one sheet as text, read by calamine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path

from ingest.database import Database
from ingest.errors import ConfigError, InputError, did_you_mean
from ingest.quoting import new_name
from ingest.readers.csv_header import unique_names
from ingest.readers.raw import RawRows, ReadOptions, RowWriter, Unreadable

Cell = int | float | str | bool | time | date | datetime | timedelta

OLD = b"\xd0\xcf\x11\xe0"
"""How a workbook of Excel 97 to 2003 begins."""


def read_excel(db: Database, path: Path, name: str, options: ReadOptions) -> RawRows:
    """The rows of a sheet (`sheet`, else the first); its first row of two or more cells is the header. Empty rows are none.

    A whole number is written without .0, an instant as 2024-03-05 10:00:00. Raises InputError where it is no workbook.
    """
    rows = (
        (number, row) for number, row in _rows(path, name, options.sheet) if number > options.skip_lines and any(row)
    )
    first, names, data = _header(rows, options.header, name)
    relation, table = new_name(), ""
    table = f"{relation}_rows"
    columns = [f"c{i}" for i in range(len(names))]
    writer, bad = RowWriter(db, table, columns), Unreadable()
    for number, row in data:
        if any(row[len(names) :]):
            detail = f"{len(row)} cells where the header has {len(names)}"
            bad.add(number - first, number, ",".join(row), detail)
        else:
            writer.add(number - first, [*row[: len(names)], *[""] * (len(names) - len(row))])
    writer.flush()
    db.run(f"create or replace temp view {relation} as select row, {', '.join(columns)} from {table}")
    return RawRows(
        relation=relation,
        columns=names,
        types=("cells",) * len(names),
        unreadable=bad.table(),
        format="excel",
        table=table,
        first_line=first,
    )


def _header(
    rows: Iterator[tuple[int, list[str]]], given: Sequence[str], name: str
) -> tuple[int, tuple[str, ...], Iterator[tuple[int, list[str]]]]:
    """(the number of row 0, the names of the columns, the rows below)."""
    first = next(rows, None)
    if first is None:
        raise InputError(f"{name} is empty: the sheet has no row. Choose another one with sheet, or fetch it again.")
    if given:
        return first[0], unique_names(list(given)), chain([first], rows)
    titles = [first]
    while sum(map(bool, titles[-1][1])) < 2 and len(titles) < 20 and (below := next(rows, None)) is not None:
        titles.append(below)
    at = len(titles) - 1 if sum(map(bool, titles[-1][1])) > 1 else 0
    number, row = titles[at]
    while row and not row[-1]:
        row = row[:-1]
    return number + 1, unique_names(row), chain(titles[at + 1 :], rows)


def _rows(path: Path, name: str, sheet: str | None) -> Iterator[tuple[int, list[str]]]:
    """(number from 1, the texts of its cells) of each row of the sheet."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_path(str(path))
        names = workbook.sheet_names
        if sheet is not None and sheet not in names:
            raise ConfigError(f'{name} has no sheet "{sheet}".{did_you_mean(sheet, names)} Sheets: {", ".join(names)}.')
        rows = workbook.get_sheet_by_name(sheet or names[0]).to_python(skip_empty_area=False)
    except (CalamineError, OSError, IndexError) as error:
        raise InputError(f"{name} is not a readable  Excel workbook; nothing of it was loaded. {error}") from error
    return ((number, [_text(cell) for cell in row]) for number, row in enumerate(rows, 1))


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) <= 1 << 53 else repr(cell)
    return cell.isoformat(sep=" ") if isinstance(cell, datetime) else str(cell)
