"""A first look at a file: what its columns hold, and what a mapping would make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import InputError
from ingest.preview import look
from ingest.readers.sources import ReadOptions
from tests.filling import mapping_of

SHOP = """user_id,timestamp,event,price,flag,note,empty
1,2026-01-15 10:00,view,1.50,true,x,
2,2026-01-15 11:00,view,,false,7,
1,2026-01-16 10:00,buy,2,true,,
"""


@pytest.fixture
def see(tmp_path):
    def see(content: str, name: str = "log.csv", **how):
        (tmp_path / name).write_text(content)
        return look(tmp_path / name, ReadOptions(), **how)

    return see


def test_each_column_has_a_type_a_null_share_and_an_example(see):
    columns = see(SHOP).columns.to_pylist()
    assert [(c["column"], c["type"], c["null_share"], c["distinct"]) for c in columns] == [
        ("user_id", "integer", 0.0, 2),
        ("timestamp", "instant", 0.0, 3),
        ("event", "text", 0.0, 2),
        ("price", "number", 0.333333, 2),
        ("flag", "boolean", 0.0, 2),
        ("note", "text", 0.333333, 2),
        ("empty", "empty", 1.0, 0),
    ]
    assert [c["example"] for c in columns] == ["1", "2026-01-15 10:00", "buy", "1.50", "false", "7", None]


def test_the_guessed_mapping_its_time_range_and_its_events(see):
    found = see(SHOP)
    assert [(c["column"], c["mapped_to"]) for c in found.columns.to_pylist()][:4] == [
        ("user_id", "customer_id"),
        ("timestamp", "event_at"),
        ("event", "event"),
        ("price", "price"),
    ]
    assert (found.rows, found.format, found.delimiter, found.problem) == (3, "csv", ",", "")
    assert (found.first_event_at, found.last_event_at) == ("2026-01-15 10:00:00+00", "2026-01-16 10:00:00+00")
    assert found.events == (("view", 2), ("buy", 1))


def test_rows_that_would_be_quarantined_are_counted_by_reason(see):
    found = see(SHOP + ",2026-01-15,view,,,,\n3,never,view,,,,\n3,2026\n")
    assert (found.rows, found.reasons) == (6, {"bad_timestamp": 1, "missing_customer": 1, "unreadable_row": 1})


def test_without_a_guess_there_are_columns_and_the_problem(see):
    found = see("a;b\n1;2\n")
    assert (found.mapping, found.columns["column"].to_pylist(), found.delimiter) == (None, ["a", "b"], ";")
    assert found.problem.startswith(
        "cannot tell which column is event_at or event or customer_id; the columns are a, b."
    )


def test_a_mapping_may_be_given(see):
    found = see("a,b,c\nann,2026-01-15,x\n", mapping=mapping_of({"customer_id": "a", "event_at": "b", "event": "c"}))
    assert (found.events, found.problem) == ((("x", 1),), "")


def test_a_header_without_rows_has_columns_and_nothing_else(see):
    found = see("user_id,timestamp,event\n")
    assert (found.rows, found.first_event_at, found.events, found.columns["null_share"].to_pylist()) == (
        0,
        None,
        (),
        [None] * 3,
    )


def test_a_file_that_cannot_be_read_says_why(see):
    with pytest.raises(InputError, match="is empty: it has no header line"):
        see("")


def test_the_samples_are_understood():
    data = Path(__file__).parents[2] / "data"
    shop = look(data / "ecom.csv.gz", ReadOptions())
    assert (shop.rows, shop.reasons, shop.first_event_at is not None) == (31_106, {}, True)
    hits = look(data / "nasa_hits.csv.gz", ReadOptions())
    assert hits.rows == 63_524
    assert hits.events[0][0] == "page_view"
