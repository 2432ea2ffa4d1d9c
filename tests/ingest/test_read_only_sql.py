"""`sql`: one statement that reads, over an explicit list of files - and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import ConfigError, QueryError
from ingest.read_only_sql import read_only
from ingest.schema import EVENTS
from tests.filling import Filling


@pytest.fixture
def shop(tmp_path: Path) -> Filling:
    shop = Filling(tmp_path / "k=v [x] 'q'")
    shop.csv("ann,2026-01-15,a", "bob,2026-01-16,b")
    return shop


def ask(shop: Filling, sql: str) -> list[dict[str, object]]:
    files = [f.path for f in shop.store.snapshot().files] if shop.store.exists else []
    return read_only(sql, {"events": files}, {"events": EVENTS}).to_pylist()


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) as n from events",
        "from events select count(*) as n;",
        "with e as (select * from events) select count(*) as n from e -- done",
        "values (2)",
    ],
)
def test_a_select_is_answered(shop, sql):
    assert list(ask(shop, sql)[0].values()) == [2]


def test_the_folder_of_a_file_is_a_column_and_the_folders_above_are_not(shop):
    (row, _) = ask(shop, "select * from events order by event_at")
    assert (row["span"], list(row)) == ("2026-01-15", [*EVENTS.names, "span"])


@pytest.mark.parametrize(
    "sql",
    [
        "describe events",
        "explain select 1",
        "EXPLAIN ANALYZE select 1",
        "/* x */ explain (format json) from events",
        "show tables",
    ],
)
def test_plans_and_columns_are_shown(shop, sql):
    assert ask(shop, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "select 1; select 2",
        "create table t as select 1",
        "copy (select 1) to 'x.csv'",
        "copy events to 'x.parquet'",
        "insert into events select 1",
        "delete from events",
        "drop view events",
        "attach 'x.db'",
        "install httpfs",
        "load httpfs",
        "set threads = 1",
        "pragma threads = 1",
        "call pragma_version()",
        "export database 'x'",
        "update events set event = 'x'",
        "explain copy (select 1) to 'x.csv'",
        "explain analyze copy (select 1) to 'x.csv'",
        "explain /* select */ analyze copy (select 1) to 'x.csv'",
        "-- select\nexplain analyze copy (select 1) to 'x.csv'",
        "explain analyze create table t as select 1",
        "prepare p as select 1",
    ],
)
def test_what_could_write_is_refused(shop, sql, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(
        (ConfigError, QueryError), match=r"sql reads, it never writes: give exactly one SELECT|Parser Error"
    ):
        ask(shop, sql)
    assert sorted(tmp_path.iterdir()) == before


def test_no_file_of_the_store_can_be_overwritten(shop):
    (file, _) = shop.store.snapshot().files
    before = file.path.read_bytes()
    path = str(file.path).replace("'", "''")
    for sql in (f"explain analyze copy (select 1) to '{path}'", f"copy (select 1) to '{path}'"):
        with pytest.raises(ConfigError):
            ask(shop, sql)
    assert file.path.read_bytes() == before


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from glob('/*')",
        "select * from read_blob('/etc/hostname')",
        "select getenv('HOME')",
        "select * from read_parquet('https://example.com/x.parquet')",
        "select * from sniff_csv('/etc/passwd')",
        "select * from query('copy (select 1) to ''x.csv''')",
    ],
)
def test_other_files_cannot_be_read(shop, sql):
    with pytest.raises(QueryError):
        ask(shop, sql)


def test_a_statement_that_fails_is_shown(shop):
    with pytest.raises(QueryError) as caught:
        ask(shop, "select nothing from events")
    assert caught.value.sql == "select nothing from events"
    assert "nothing" in str(caught.value)


def test_an_empty_store_has_an_empty_table(tmp_path):
    assert ask(Filling(tmp_path), "select count(*) as n, any_value(event) as e from events") == [{"n": 0, "e": None}]
