"""Reading files: every record of a file is a row or an unreadable record; a file that makes no sense says why."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.database import Database
from ingest.errors import ConfigError, InputError, MissingInput, QueryError
from ingest.readers import csv_text, raw
from ingest.readers.sources import (
    UNREADABLE,
    RawRows,
    ReadOptions,
    content_hash,
    expand,
    glob_root,
    input_name,
    natural_key,
    read_rows,
    spool,
)

DATA = Path(__file__).parents[3] / "data"


@pytest.fixture
def db() -> Iterator[Database]:
    with Database(threads=2) as database:
        yield database


@pytest.fixture
def read(db: Database, tmp_path: Path) -> Callable[..., RawRows]:
    def read(name: str, content: bytes | str, **options: str) -> RawRows:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_rows(db, path, ReadOptions(**options), name=name)

    return read


def rows(db: Database, read: RawRows) -> list[tuple[Any, ...]]:
    """The values, after a look at the promises about `row`."""
    found = db.rows(f"select * from {read.relation} order by row")
    numbers = [row[0] for row in found] + read.unreadable["record"].to_pylist()
    assert len(set(numbers)) == len(numbers)
    assert read.unreadable.schema == UNREADABLE
    assert len(read.columns) == len(read.types)
    return [row[1:] for row in found]


def bad(read: RawRows) -> list[tuple[int | None, str, str]]:
    return [(r["line"], r["text"], r["detail"]) for r in read.unreadable.to_pylist()]


def zstd(content: bytes) -> bytes:
    return pa.compress(content, codec="zstd", asbytes=True)  # type: ignore[no-any-return]


# --- CSV ---------------------------------------------------------------------------------------------------------


def test_csv_is_text_as_recorded(db, read):
    found = read("a.csv", 'CustomerID,when,event\n0013090,13090.0,NULL\n" x ",,""\n')
    assert found.columns == ("CustomerID", "when", "event")
    assert found.types == ("text",) * 3
    assert (found.format, found.delimiter) == ("csv", ",")
    assert rows(db, found) == [("0013090", "13090.0", "NULL"), (" x ", None, None)]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfa,b\n1,2\n3,4\n",
        b"a,b\r\n1,2\r\n3,4\r\n",
        b"a,b\r1,2\r3,4\r",
        b"a,b\n1,2\n\n\n3,4",
        b"\n\na,b\n1,2\n3,4\n\n",
        b"a,b\n1,2\r\n3,4\n",
        b"a,b\r\n1,2\n3,4\r\n",
        b'"a","b"\n"1","2"\n"3","4"\n',
        b"a,b\n1,2,\n3,4,\n",
    ],
    ids=["bom", "crlf", "cr", "blank lines", "blank first", "mixed", "mixed 2", "quoted", "trailing delimiter"],
)
def test_layout_of_lines_does_not_matter(db, read, content):
    found = read("a.csv", content)
    assert found.columns == ("a", "b")
    assert rows(db, found) == [("1", "2"), ("3", "4")]
    assert bad(found) == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_guessed_from_the_header(db, read, delimiter):
    found = read("a.csv", f'a{delimiter}"b,;|\tc"\n1{delimiter}2\n')
    assert found.delimiter == delimiter
    assert rows(db, found) == [("1", "2")]


def test_delimiter_can_be_given(db, read):
    assert rows(db, read("a.csv", "a^b\n1^2\n", delimiter="^")) == [("1", "2")]
    assert rows(db, read("b.csv", "a'b\n1'2\n", delimiter="'")) == [("1", "2")]
    assert rows(db, read("c.tsv", "a\tb\n1\t2\n", delimiter="tab")) == [("1", "2")]


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "é"])
def test_a_delimiter_is_one_character(read, delimiter):
    with pytest.raises(ConfigError, match="one character"):
        read("a.csv", "a,b\n", delimiter=delimiter)


def test_wrong_delimiter_names_the_likely_one(read):
    with pytest.raises(InputError, match=r"wrong\.csv, line 1: .*single column.*separated by semicolons"):
        read("wrong.csv", "id;time;event\n1;2;3\n", delimiter=",")


def test_hostile_and_repeated_names_never_enter_sql(db, read):
    found = read("a.csv", 'a,a,,"x""; drop table t",c0,a_2,\'\n1,2,3,4,5,6,7\n')
    assert found.columns == ("a", "a_3", "column_3", 'x"; drop table t', "c0", "a_2", "'")
    assert rows(db, found) == [tuple("1234567")]


def test_one_column_is_a_file_too(db, read):
    found = read("a.csv", "id\n1\n\n2,\r\n")
    assert found.columns == ("id",)
    assert rows(db, found) == [("1",), ("2",)]


def test_quoted_fields_may_span_lines(db, read):
    found = read("a.csv", 'a,"b\nb",c\n1,"2\r\n\n""x"", y",3\n4,5,6\n')
    assert found.columns == ("a", "b\nb", "c")
    assert rows(db, found) == [("1", '2\r\n\n"x", y', "3"), ("4", "5", "6")]


def test_header_only_has_columns_and_no_rows(db, read):
    for name, content in [("a.csv", "a,b\n"), ("b.csv", "a,b")]:
        found = read(name, content)
        assert found.columns == ("a", "b")
        assert rows(db, found) == []


@pytest.mark.parametrize("content", [b"", b"\n \n\r\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.json"])
def test_empty_file_is_an_error(read, name, content):
    with pytest.raises(InputError, match=f"{name} is empty"):
        read(name, gzip.compress(content) if name.endswith(".gz") else content)


def test_ragged_rows_are_unreadable(db, read):
    found = read("a.csv", "a,b,c\n1,2,3\n1,2\n1,2,3,4\n4,5,6\n")
    assert rows(db, found) == [("1", "2", "3"), ("4", "5", "6")]
    assert bad(found) == [
        (3, "1,2", "2 fields where the header has 3"),
        (4, "1,2,3,4", "4 fields where the header has 3"),
    ]
    assert found.unreadable["record"].to_pylist() == [1, 2]
    assert [r for (r,) in db.rows(f"select row from {found.relation} order by 1")] == [0, 3]


def test_a_quote_never_closed_costs_only_its_line(db, read):
    found = read("a.csv", 'a,b,c\n1,2,3\n4,"5,6\n7,8,9\n"1\n1",2,3\n')
    assert rows(db, found) == [("1", "2", "3"), ("7", "8", "9"), ("1\n1", "2", "3")]
    assert bad(found) == [(3, '4,"5,6', "a quote is opened and never closed")]


def test_each_of_several_broken_quotes_costs_only_its_line(db, read):
    found = read("a.csv", 'a,b\n"x,1\n2,3\n"y,4\n"p""q",5\n6," 7"x\n8,5" pipe\n')
    assert rows(db, found) == [("2", "3"), ('p"q', "5"), ("8", '5" pipe')]
    assert [(line, text) for line, text, _ in bad(found)] == [(2, '"x,1'), (4, '"y,4'), (6, '6," 7"x')]


def test_a_broken_quote_in_a_large_file_loses_nothing(db, read):
    good = "1,2,3\n" * 200_000
    found = read("a.csv", f'a,b,c\n{good}1,"2,3\n{good}')
    assert db.rows(f"select count(*), count(distinct row), max(row) from {found.relation}") == [
        (400_000, 400_000, 400_000)
    ]
    assert bad(found) == [(200_002, '1,"2,3', "a quote is opened and never closed")]


def test_rows_keep_the_order_of_a_large_file(db, read):
    found = read("a.csv", "a,b\n" + "".join(f"{i},x\n" for i in range(500_000)))
    assert db.rows(f"select count(*), bool_and(row = c0::bigint) from {found.relation}") == [(500_000, True)]


def test_invalid_utf8_is_unreadable_and_kept_readable(db, read):
    found = read("a.csv", b"a,b\n1,2\n3,\xff\xe9\n5,6\n")
    assert rows(db, found) == [("1", "2"), ("5", "6")]
    assert bad(found) == [(3, "3,\\xff\\xe9", "not valid UTF-8")]


def test_nul_bytes_are_accepted_as_recorded(db, read):
    assert rows(db, read("a.csv", b"a,b\n1,2\x00x\n")) == [("1", "2\x00x")]
    found = read("b.csv", b"a,b\n1,2\x00x\n3,a longer text\n" + b"\x00" * 5)
    assert rows(db, found) == [("1", "2\x00x"), ("3", "a longer text")]
    assert bad(found) == [(4, "\x00" * 5, "1 fields where the header has 2")]


def test_a_line_too_long_is_unreadable(db, read, monkeypatch):
    monkeypatch.setattr(csv_text, "LONGEST", 50)
    monkeypatch.setattr("ingest.readers.text_lines.LONGEST", 50)
    found = read("a.csv", f"a,b\n1,2\n3,{'x' * 200}\n5,6\n")
    assert rows(db, found) == [("1", "2"), ("5", "6")]
    assert [(line, text[:5]) for line, text, _ in bad(found)] == [(3, "3,xxx")]


def test_unreadable_text_is_cut(read):
    (_, text, _) = bad(read("a.csv", f"a,b\n{'x' * 5_000}\n"))[0]
    assert text == "x" * raw.SHOWN


def test_a_header_with_a_broken_quote_is_named(read):
    with pytest.raises(InputError, match="line 1: in the header, text after a closing quote"):
        read("a.csv", '"a"x,b\n1,2\n')
    with pytest.raises(InputError, match="line 1: in the header, a quote is opened"):
        read("a.csv", '"a,b\n1,2\n')


def test_a_text_that_looks_like_rows_is_one_field(db, read, monkeypatch):
    """DuckDB's parallel reader may take the text for rows: then another count of the lines refutes it."""
    text = "1,2,3\n" * 3
    content = "a,b,c\n" + "".join(f'{i},"{text}",x\n' for i in range(5))
    whole = [(str(i), text, "x") for i in range(5)]
    assert rows(db, read("a.csv", content)) == whole
    real = csv_text.count_lines
    monkeypatch.setattr(csv_text, "count_lines", lambda path: real(path) + 1)
    assert rows(db, read("b.csv", content)) == whole


@pytest.mark.parametrize("name", ["it's.csv", "a[1].csv", "a*.csv", "q?.csv", "{a,b}.csv", "a=1.csv", "ü $x.csv"])
def test_file_names_mean_themselves(db, read, name):
    read("a1.csv", "a,b\nother,file\n")
    assert rows(db, read(name, "a,b\n1,2\n")) == [("1", "2")]


def test_directory_names_are_no_columns(db, tmp_path):
    path = tmp_path / "day=2024-01-01" / "a.csv"
    path.parent.mkdir()
    path.write_text("a,b\n1,2\n")
    assert read_rows(db, path).columns == ("a", "b")


# --- compression -------------------------------------------------------------------------------------------------

PACKERS = {".gz": gzip.compress, ".zst": zstd}


@pytest.mark.parametrize("suffix", PACKERS)
def test_compressed_files_are_told_by_their_bytes(db, read, suffix):
    pack = PACKERS[suffix]
    for name in ("a.csv" + suffix, "b.csv"):
        assert rows(db, read(name, pack(b"a,b\n1,2\n"))) == [("1", "2")]
    assert rows(db, read("c.ndjson" + suffix, pack(b'{"a":1}\n'))) == [("1",)]
    assert rows(db, read("d.json" + suffix, pack(b'[{"a":1}]'))) == [("1",)]
    assert rows(db, read("e.csv" + suffix, b"a,b\n1,2\n")) == [("1", "2")]


@pytest.mark.parametrize("suffix", PACKERS)
def test_parts_packed_one_by_one_are_one_file(db, read, suffix):
    pack = PACKERS[suffix]
    assert rows(db, read("a.csv" + suffix, pack(b"a,b\n1,2\n") + pack(b"3,4\n"))) == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("cut", [4, 200])
def test_a_file_cut_off_is_not_loaded(db, read, suffix, cut):
    packed = PACKERS[suffix](b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * 7919 % 1009) for i in range(5_000)))
    with pytest.raises(InputError, match=r"is cut off.*nothing of it was loaded"):
        read("a.csv" + suffix, packed[:-cut])
    assert db.rows("select table_name from duckdb_tables()") == []


def test_a_damaged_file_is_not_loaded(read):
    packed = bytearray(gzip.compress(b"a,b\n1,2\n"))
    packed[-8] ^= 1  # the checksum
    with pytest.raises(InputError, match="is damaged"):
        read("a.csv.gz", bytes(packed))
    packed = bytearray(zstd(b"a,b\n" + b"1,2\n" * 5000))
    packed[10:14] = b"\xff\xff\xff\xff"
    with pytest.raises(InputError, match="is damaged"):
        read("a.csv.zst", bytes(packed))


def test_a_full_disk_is_not_the_files_fault(read, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ingest.readers.files.copy_bounded", full)
    with pytest.raises(InputError, match=r"could not be unpacked into .*No space left"):
        read("a.csv.gz", gzip.compress(b"a,b\n"))


@pytest.mark.parametrize(
    "head, what",
    [(b"PK\x03\x04", "Excel"), (b"BZh9", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"\xd0\xcf\x11\xe0", "Excel")],
)
def test_other_containers_are_named(read, head, what):
    with pytest.raises(InputError, match=what):
        read("a.csv", head + b"rest")


def test_nothing_stays_behind(db, read, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    db.run(f"set temp_directory = '{scratch}'")
    found = read("a.csv.gz", gzip.compress(b"a,b\n1,2,3\n4,5\n"))
    assert list(scratch.iterdir()) == []
    assert rows(db, found) == [("4", "5")]
    found.release(db)
    assert (
        db.rows(
            "select table_name from duckdb_tables() union all select view_name from duckdb_views() where not internal"
        )
        == []
    )


# --- NDJSON and JSON ---------------------------------------------------------------------------------------------


def test_ndjson_columns_are_all_top_level_keys(db, read):
    lines = ['{"id":"007","n":1.10,"t":true,"o":{"z":[1, 2]}}', "", '{"x":null,"id":"8"}', '{"id":"","o":[]}']
    found = read("a.ndjson", "\r\n".join(lines))
    assert found.columns == ("id", "n", "t", "o", "x")
    assert [v[:3] for v in rows(db, found)] == [("007", "1.10", "true"), ("8", None, None), ("", None, None)]
    assert [v[4] for v in rows(db, found)] == [None] * 3
    assert json.loads(rows(db, found)[0][3]) == {"z": [1, 2]}
    assert found.format == "ndjson"


def test_keys_with_any_character(db, read):
    keys = [
        "a.b",
        "$",
        'q"q',
        "a/b",
        "m~n",
        "~1",
        "",
        "A",
        "a",
        "0",
        "s*",
        "it's",
        "new\nline",
        "ключ",
        "$.x",
        "[0]",
        "c0",
    ]
    found = read("a.ndjson", json.dumps({k: f"value of {k}" for k in keys}) + "\n")
    assert dict(zip(found.columns, rows(db, found)[0], strict=True)) == {k: f"value of {k}" for k in keys}


def test_lines_that_are_no_object_are_unreadable(db, read):
    found = read("a.ndjson", b'{"a":1}\n{"a":\n[1]\n"x"\n{"a":"\xff"}\n   \n{"a":2}\n')
    assert rows(db, found) == [("1",), ("2",)]
    assert bad(found) == [
        (2, '{"a":', "not valid JSON"),
        (3, "[1]", "a JSON array, not an object"),
        (4, '"x"', "a JSON varchar, not an object"),
        (5, '{"a":"\\xff"}', "not valid UTF-8"),
    ]


def test_ndjson_lines_longer_than_the_limit_are_unreadable(db, read):
    found = read("a.ndjson", b'{"a":1}\n{"a":"' + b"x" * 2_100_000 + b'"}\n{"a":2}\n')
    assert rows(db, found) == [("1",), ("2",)]
    assert [(line, detail) for line, _, detail in bad(found)] == [(2, "longer than 2,000,000 bytes")]


def test_lines_with_control_characters_are_still_lines(db, read):
    found = read("a.ndjson", b'{"a":1}\nx\x01y\n{"a":"\\u0001"}\n')
    assert rows(db, found) == [("1",), ("\x01",)]
    assert [line for line, _, _ in bad(found)] == [2]


def test_an_empty_ndjson_file_has_no_rows(db, read):
    found = read("a.ndjson", b"")
    assert (found.columns, rows(db, found)) == ((), [])


def test_json_array(db, read):
    found = read("a.json", '\ufeff [\n {"a": 1},\n 5,\n {"b": {"c": "x"}}\n]\n')
    assert found.columns == ("a", "b")
    assert rows(db, found) == [("1", None), (None, '{"c":"x"}')]
    assert bad(found) == [(None, "5", "a JSON ubigint, not an object")]
    assert found.format == "json"


def test_names_of_json_files_may_be_wrong(db, read):
    assert rows(db, read("a.json", '{"a":1}\n{"a":2}\n')) == [("1",), ("2",)]
    assert rows(db, read("a.ndjson", '[{"a":1},{"a":2}]')) == [("1",), ("2",)]
    assert rows(db, read("b.json", '{\n "a": 1\n}\n{\n "a": 2\n}\n')) == [("1",), ("2",)]


@pytest.mark.parametrize("content", ['[{"a":1},\n {"b":', '[{"a":1} {"a":2}]', '[{"a":1}] [', "[nothing"])
def test_malformed_json_says_where(read, content):
    with pytest.raises(InputError, match=r"a\.json is not valid JSON; nothing of it was loaded.*at byte"):
        read("a.json", content)


@pytest.mark.parametrize("content", ['[{"a":1},', '[{"a":1},' + "\n" * 100_000, "[" + '{"a":1},' * 3])
def test_an_array_that_is_cut_off_behind_a_comma_is_not_loaded(read, content):
    with pytest.raises(InputError, match=r"a\.json is not valid JSON; nothing of it was loaded\. Its array has no end"):
        read("a.json", content)


def test_an_array_may_end_with_much_space(db, read):
    assert rows(db, read("a.json", '[{"a":1}]' + " " * 100_000)) == [("1",)]


def test_keys_that_are_data_are_refused(read):
    lines = "".join(json.dumps({f"customer {i}": 1}) + "\n" for i in range(1_001))
    with pytest.raises(InputError, match="more than 1,000 different top-level keys"):
        read("a.ndjson", lines)


# --- Parquet -----------------------------------------------------------------------------------------------------


def test_parquet_keeps_instants_and_days_typed(db, tmp_path):
    table = pa.table(
        {
            'we"ird; drop': ["x", None],
            "row": [1, 2],
            "ts": pa.array([1_000, None], pa.timestamp("ns")),
            "tz": pa.array([0, None], pa.timestamp("us", "Europe/Berlin")),
            "day": [date(2024, 1, 2), None],
            "flag": [True, None],
            "list": [[1], None],
            "object": [{"x": 1}, None],
            "text": pa.array([b"ab", b"\xff"], pa.binary()),
            "id": [13090.0, None],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    found = read_rows(db, tmp_path / "a.parquet")
    assert found.columns == tuple(table.column_names)
    assert found.types == ("string", "string", "timestamp", "timestamptz", "date", *["string"] * 4, "double")
    texts = ", ".join(f"c{i}::varchar" for i in range(10))
    assert db.rows(f"select row, {texts} from {found.relation} order by row") == [
        (
            0,
            "x",
            "1",
            "1970-01-01 00:00:00.000001",
            "1970-01-01 00:00:00+00",
            "2024-01-02",
            "true",
            "[1]",
            '{"x":1}',
            "ab",
            "13090.0",
        ),
        (1, None, "2", None, None, None, None, None, None, "\\xFF", None),
    ]
    found.release(db)


def test_parquet_is_told_by_its_bytes(db, tmp_path):
    pq.write_table(pa.table({"file_row_number": ["x"]}), tmp_path / "a.csv")
    found = read_rows(db, tmp_path / "a.csv")
    assert (found.format, found.columns, rows(db, found)) == ("parquet", ("file_row_number",), [("x",)])


def test_packed_parquet_is_read_at_once(db, read):
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": ["x"]}), sink)
    assert rows(db, read("a.parquet.gz", gzip.compress(sink.getvalue()))) == [("x",)]


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1 broken PAR1", b"not at all"])
def test_broken_parquet_is_an_error(read, content):
    with pytest.raises(InputError, match=r"a\.parquet is not a readable  Parquet file"):
        read("a.parquet", content)


# --- formats, standard input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("a.txt", "a,b\n1,2\n", "csv"),
        ("a", '{"a":1}\n', "ndjson"),
        ("a", '[{"a":1}]', "json"),
        ("a.log", '{"a":1}\n', "ndjson"),
        ("a", '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1\n', "combined"),
    ],
)
def test_format_is_guessed(read, name, content, expected):
    assert read(name, content).format == expected


def test_format_can_be_given(db, read):
    assert rows(db, read("a.txt", '{"a":1}\n', format="ndjson")) == [("1",)]
    with pytest.raises(ConfigError, match=r'no format "ndjsn"\. Did you mean "ndjson"'):
        read("a.txt", "", format="ndjsn")


def test_standard_input(db, monkeypatch):
    class Stdin:
        buffer = io.BytesIO(gzip.compress(b"a,b\n1,2\n"))

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert rows(db, read_rows(db, Path("-"), name="today.csv")) == [("1", "2")]


def test_spool_makes_a_file_of_a_stream(tmp_path):
    assert spool(io.BytesIO(b"abc"), tmp_path).read_bytes() == b"abc"


# --- names -------------------------------------------------------------------------------------------------------


def test_natural_order_of_names():
    names = [
        "file",
        "file0",
        "file00",
        "file1",
        "file2",
        "file02",
        "file2a",
        "file10",
        "file10/1",
        "file10/2",
        "file99999",
        "filea",
    ]
    keys = [natural_key(name) for name in names]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_expand(tmp_path):
    for name in ["b/f10.csv", "b/f2.csv", "b/c/f1.csv", "a[1].csv", "a1.csv"]:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()

    def names(*patterns: str | Path) -> list[str]:
        return [input_name(p, tmp_path) for p in expand(patterns, tmp_path)]

    assert names("b/*.csv") == ["b/f2.csv", "b/f10.csv"]
    assert names("b/**/*.csv", tmp_path / "b" / "f2.csv") == ["b/c/f1.csv", "b/f2.csv", "b/f10.csv"]
    assert names(str(tmp_path / "b" / "*")) == ["b/f2.csv", "b/f10.csv"]
    assert names("a[1].csv") == ["a[1].csv"]
    assert expand(["-"], tmp_path) == [Path("-")]


def test_expand_says_what_is_missing(tmp_path):
    (tmp_path / "events.csv").touch()
    (tmp_path / "empty").mkdir()
    for pattern, message in [
        ("evnts.csv", 'There is no file .*evnts.csv. Did you mean "events.csv"'),
        ("zzz", "There is no file .*zzz. .* holds empty, events.csv"),
        ("*.json", r'No file matches "\*\.json" in .*holds empty, events.csv'),
        ("empty/*", "empty is empty"),
        ("none/*", "There is no directory .*none"),
        ("empty", r"is a directory; name its files, for example .*empty/\*\.csv"),
        ("/dev/null", "is not a regular file"),
    ]:
        with pytest.raises(MissingInput, match=message):
            expand([pattern], tmp_path)


def test_no_permission(db, tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n")
    monkeypatch.setattr(os, "access", lambda *_: False)
    for attempt in (lambda: expand(["a.csv"], tmp_path), lambda: read_rows(db, path), lambda: content_hash(path)):
        with pytest.raises(MissingInput, match=r"No permission to read .*a\.csv"):
            attempt()


def test_no_permission_on_opening(tmp_path, monkeypatch):
    (tmp_path / "a.csv").touch()

    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(MissingInput, match="No permission"):
        content_hash(tmp_path / "a.csv")


def test_read_rows_says_what_is_missing(db, tmp_path):
    with pytest.raises(MissingInput, match="There is no file"):
        read_rows(db, tmp_path / "a.csv")
    with pytest.raises(MissingInput, match="is a directory"):
        read_rows(db, tmp_path)


def test_content_hash_is_of_the_stored_bytes(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"x"))
    assert content_hash(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_input_names(tmp_path):
    assert input_name(tmp_path / "a" / ".." / "b" / "c.csv", tmp_path) == "b/c.csv"
    assert input_name(tmp_path / "c.csv", tmp_path / "b") == (tmp_path / "c.csv").as_posix()


def test_glob_root(tmp_path):
    (tmp_path / "in[1]").mkdir()
    (tmp_path / "in[1]" / "a.csv").touch()
    assert glob_root("in/web/*.csv", tmp_path) == tmp_path / "in" / "web"
    assert glob_root("in/**/x/*.csv", tmp_path) == tmp_path / "in"
    assert glob_root("*.csv", tmp_path) == tmp_path
    assert glob_root("in/a.csv", tmp_path) == tmp_path / "in"
    assert glob_root("in[1]/a.csv", tmp_path) == tmp_path / "in[1]"
    assert glob_root("/x/*/a.csv", tmp_path) == Path("/x")


# --- real files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, records", [("ecom.csv.gz", 31_106), ("nasa_hits.csv.gz", 63_524)])
def test_samples_are_read_whole(db, name, records):
    found = read_rows(db, DATA / name)
    assert db.rows(f"select count(*), min(row), max(row) from {found.relation}") == [(records, 0, records - 1)]
    assert found.unreadable.num_rows == 0


def test_a_relation_is_gone_after_release(db, read):
    found = read("a.csv", "a,b\n1,2\n")
    found.release(db)
    with pytest.raises(QueryError):
        db.rows(f"select * from {found.relation}")
