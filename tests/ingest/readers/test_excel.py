"""Workbooks: the rows of a sheet as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from ingest.database import Database
from ingest.errors import ConfigError, InputError
from ingest.readers.sources import RawRows, ReadOptions, read_rows

Read = Callable[..., tuple[RawRows, list[tuple[Any, ...]]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(sheets: dict[str, list[list[Any]]], **options: Any) -> tuple[RawRows, list[tuple[Any, ...]]]:
        path = tmp_path / "a.xlsx"
        with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
            for name, rows in sheets.items():
                sheet = book.add_worksheet(name)
                for i, row in enumerate(rows):
                    sheet.write_row(i, 0, row)
        with Database(threads=1) as db:
            found = read_rows(db, path, ReadOptions(**options), name="a.xlsx")
            return found, db.rows(f"select * from {found.relation} order by row")

    return read


AT = datetime(2024, 3, 5, 10, 30)  # noqa: DTZ001 - a workbook knows no zone
ROWS = [["id", "at", "value"], [7, AT, 1.5], [8, AT.replace(minute=0), 2.0]]


def test_cells_are_text_as_one_reads_them(read):
    found, rows = read({"Orders": ROWS})
    assert (found.format, found.columns, found.first_line) == ("excel", ("id", "at", "value"), 2)
    assert rows == [(0, "7", "2024-03-05 10:30:00", "1.5"), (1, "8", "2024-03-05 10:00:00", "2")]


def test_a_sheet_is_chosen_by_name(read):
    sheets = {"Cover": [["Report"]], "Orders": ROWS}
    assert read(sheets, sheet="Orders")[0].columns == ("id", "at", "value")
    with pytest.raises(ConfigError, match=r'a\.xlsx has no sheet "Order"\. Did you mean "Orders"'):
        read(sheets, sheet="Order")


def test_titles_and_empty_rows_are_passed_over_and_cells_too_many_unreadable(read):
    found, rows = read({"S": [["Orders of March"], [], *ROWS[:2], [], [9, date(2024, 3, 7), True, "more"], [True]]})
    assert rows == [(0, "7", "2024-03-05 10:30:00", "1.5"), (3, "true", None, None)]
    (bad,) = found.unreadable.to_pylist()
    assert (bad["record"], bad["line"], bad["detail"]) == (2, 6, "4 cells where the header has 3")


def test_names_can_be_given_and_lines_skipped(read):
    found, rows = read({"S": ROWS}, header=("a", "b", "c"), skip_lines=1)
    assert (found.columns, rows[0][:2]) == (("a", "b", "c"), (0, "7"))


def test_an_empty_sheet_says_so(read):
    with pytest.raises(InputError, match=r"a\.xlsx is empty: the sheet has no row"):
        read({"S": []})
