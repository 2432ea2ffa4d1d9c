"""What may stand before the header of a CSV file, and files without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.database import Database
from ingest.errors import InputError
from ingest.readers.sources import ReadOptions, natural_key, read_alike, read_rows

Rows = list[tuple[Any, ...]]


@pytest.fixture
def db() -> Iterator[Database]:
    with Database(threads=2) as database:
        yield database


@pytest.fixture
def read(db: Database, tmp_path: Path) -> Callable[..., tuple[tuple[str, ...], Rows, int | None]]:
    def read(content: str, **options: Any) -> tuple[tuple[str, ...], Rows, int | None]:
        (tmp_path / "a.csv").write_text(content, newline="")
        found = read_rows(db, tmp_path / "a.csv", ReadOptions(**options), name="a.csv")
        assert found.unreadable.num_rows == 0
        return found.columns, db.rows(f"select * from {found.relation} order by row"), found.first_line

    return read


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "before",
    [
        "# Shop - GA4\n# 20240305-20240306\n\n",
        "#x\n",
        '# a "quoted" word, and a comma\n\n\n#\n',
        "\n\n",
        "sep=,\n",
        "sep=,\n# x\n",
    ],
)
def test_comments_blank_lines_and_sep_come_before_the_header(read, before, end):
    text = f"{before}id,event\n1,view\n2,buy\n".replace("\n", end)
    columns, rows, first_line = read(text)
    assert columns == ("id", "event")
    assert rows == [(0, "1", "view"), (1, "2", "buy")]
    assert first_line in (None, before.count("\n") + 2)


def test_excels_separator_is_the_delimiter(read):
    assert read("sep=;\na,b;c\n1,5;2\n")[:2] == (("a,b", "c"), [(0, "1,5", "2")])
    assert read("SEP=^\na^c\n1^2\n")[1] == [(0, "1", "2")]


def test_a_header_that_begins_with_a_hash_is_a_header(read):
    assert read("#id,event\n1,view\n")[:2] == (("#id", "event"), [(0, "1", "view")])
    assert read("#,event\n1,view\n")[:2] == (("#", "event"), [(0, "1", "view")])


def test_comments_below_the_header_are_rows(read):
    assert read("id,event\n#1,view\n")[1] == [(0, "#1", "view")]


@pytest.mark.parametrize("skip", [0, 3])
def test_a_title_is_skipped_by_number_or_told_from_the_table_below(read, skip):
    columns, rows, _ = read("Orders report\nGenerated 2024-03-05\n\nid,event,time\na,view,1\n", skip_lines=skip)
    assert columns == ("id", "event", "time")
    assert rows == [(0, "a", "view", "1")]


def test_one_column_of_text_is_no_title(read):
    columns, rows, _ = read('comment\nplain\n"a, b"\n')
    assert columns == ("comment",)
    assert [r[1] for r in rows] == ["plain", "a, b"]


def test_skipped_lines_may_hold_anything(read):
    columns, rows, _ = read('"open quote\nid,other\n\nid,event\n1,view\n', skip_lines=2)
    assert (columns, rows) == (("id", "event"), [(0, "1", "view")])


def test_without_a_header_the_names_are_given_and_the_first_line_is_a_row(read):
    columns, rows, first_line = read("1;view\n2;buy\n", header=("id", "event"))
    assert (columns, rows, first_line) == (("id", "event"), [(0, "1", "view"), (1, "2", "buy")], 1)
    assert read("# x\n1,view\n", header=("id", "event"))[1] == [(0, "1", "view")]


def test_a_header_of_another_width_than_the_rows_is_refused(read):
    with pytest.raises(InputError, match=r"a\.csv, line 1 has 3 fields, but header names 2: id, event"):
        read("1,2,3\n", header=("id", "event"))


def test_files_read_together_may_differ_in_what_comes_before_the_header(db, tmp_path):
    for name, before in (("a", "# x\n"), ("b", "# x\n"), ("c", "# x\n# y\n")):
        (tmp_path / f"{name}.csv").write_text(f"{before}id,event\n{name},view\n")
    both = [(tmp_path / f"{n}.csv", f"{n}.csv") for n in "ab"]
    found = read_alike(db, both, ReadOptions())
    assert found is not None
    assert db.rows(f"select recorded_input, row, line, c0 from {found.relation} order by 1") == [
        (natural_key("a.csv"), 0, 3, "a"),
        (natural_key("b.csv"), 0, 3, "b"),
    ]
    assert read_alike(db, [*both, (tmp_path / "c.csv", "c.csv")], ReadOptions()) is None
