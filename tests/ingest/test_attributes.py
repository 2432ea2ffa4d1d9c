"""Files of what is known of customers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ingest.attributes import ALWAYS, AttributeFile, read_attributes
from ingest.errors import ConfigError, InputError, MissingInput
from ingest.keys import customer_key


def attributes(tmp_path: Path, *texts: str, **options: Any) -> list[dict[str, Any]]:
    files = []
    for i, text in enumerate(texts):
        files.append(tmp_path / f"{i}.csv")
        files[-1].write_text(text)
    rows: list[dict[str, Any]] = read_attributes([AttributeFile(files=tuple(files), **options)]).to_pylist()
    return rows


def test_a_row_without_valid_from_holds_from_the_beginning(tmp_path: Path) -> None:
    assert attributes(tmp_path, "customer_id,plan\n007,basic\n") == [
        {"customer_key": customer_key(customer_id="007"), "since": ALWAYS, "plan": "basic"}
    ]


def test_valid_from_is_read_in_the_projects_time_zone(tmp_path: Path) -> None:
    rows = attributes(
        tmp_path, "id,plan,from\na,pro,2026-01-15\n", customer_id="id", valid_from="from", timezone="Europe/Berlin"
    )
    assert rows[0]["since"] == 1_768_431_600_000_000  # 2026-01-14 23:00 UTC


def test_of_two_rows_of_one_customer_and_instant_the_later_one_holds(tmp_path: Path) -> None:
    rows = attributes(tmp_path, "customer_id,plan\na,basic\na,pro\n", "customer_id,plan\na,gold\n")
    assert [r["plan"] for r in rows] == ["gold"]


def test_empty_is_missing_and_a_row_without_a_customer_is_nobodys(tmp_path: Path) -> None:
    rows = attributes(tmp_path, 'customer_id,plan,"odd ""name"\na,,x\n ,pro,y\n')
    assert [(r["plan"], r['odd "name']) for r in rows] == [(None, "x")]


@pytest.mark.parametrize(
    "text, options, error, words",
    [
        ("customer_id,plan\na,b\n", {"columns": ("plam",)}, ConfigError, 'no column "plam". Did you mean "plan"'),
        ("customer_id,channel\na,b\n", {}, ConfigError, '"channel" is a column of events'),
        ("customer_id,persona\na,b\n", {}, ConfigError, '"persona" is a column of events'),
        ("customer_id,plan,from\na,b,soon\n", {"valid_from": "from"}, InputError, "neither a day nor an instant"),
    ],
)
def test_what_makes_no_sense_is_said(
    tmp_path: Path, text: str, options: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words.replace("(", r"\(").replace("?", r"\?")):
        attributes(tmp_path, text, **options)


def test_a_file_that_is_not_there_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInput):
        read_attributes([AttributeFile(files=(tmp_path / "none.csv",))])


def test_no_files_know_nothing() -> None:
    assert read_attributes([]).num_rows == 0
