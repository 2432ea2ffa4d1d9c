"""What a file is, is told by its first bytes and lines, and not by its name."""

from __future__ import annotations

import io
import sqlite3
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.orc as orc
import pytest

from ingest.errors import ConfigError, InputError
from ingest.readers.kinds import checked_format, foreign, kind_of

COMBINED = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1'


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("app.log", "user_id,event,timestamp\na,view,2024-03-05 10:00:00\n", "csv"),
        ("rotated.log", f"cut in two by rotation\n{COMBINED}\n", "combined"),
        ("events.csv", f"{COMBINED}\n", "combined"),
        ("events.csv", '{"a": 1}\n{"a": 2}\n', "json"),
        ("events.csv", '[\n{"a": 1}]', "json"),
        ("events.csv", "[id],[time]\n1,2\n", "csv"),
        ("events.json", "a,b\n1,2\n", "csv"),
        ("events.json", '{"a": 1', "json"),
        ("events.ndjson", "a;b\n1;2\n", "csv"),
        ("events.ndjson", 'broken\n{"a": 1}\n', "ndjson"),
        ("events.ndjson", '{"a": 1}\n', "ndjson"),
        ("events.txt", "#Version: 1.0\n#Fields: date time\n2024-01-01 10:00:00\n", "w3c"),
        ("events.csv.gz", "PAR1", "parquet"),
        ("a.log", "", "combined"),
        ("a", "\n\n", "csv"),
    ],
)
def test_the_content_decides_and_the_name_only_where_it_is_open(name, content, expected):
    assert kind_of(name, content.encode()) == expected


@pytest.mark.parametrize(
    "content, what",
    [
        ("<!DOCTYPE html>\n<html><body>Please sign in</body></html>", "HTML page.*Fetch it again"),
        ('<?xml version="1.0"?>\n<log xes.version="1.0"><trace/></log>', "XES event log.*pm4py"),
        ("<table><tr><td>1</td></tr></table>", "HTML table.*save it as CSV"),
        ('<?xml version="1.0"?><rows/>', "XML"),
    ],
)
def test_text_with_tags_is_named_with_what_to_do(content, what):
    with pytest.raises(InputError, match=rf"events\.csv is a?.*{what}"):
        kind_of("events.csv", content.encode())


def test_a_log_that_holds_no_line_of_a_log_is_refused_with_its_first_line():
    with pytest.raises(InputError, match=r'x\.log, line 1 is not a line of a combined log: "INFO started"'):
        kind_of("x.log", b"INFO started\nINFO done\n")


def test_binary_files_of_other_kinds_are_named_by_their_bytes(tmp_path):
    table = pa.table({"a": [1, 2, 3]})
    orc.write_table(table, tmp_path / "orc")
    feather.write_feather(table, tmp_path / "arrow")
    with sqlite3.connect(tmp_path / "sqlite") as con:
        con.execute("create table t (a)")
    con.close()
    with tarfile.open(tmp_path / "tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("x.csv"), io.BytesIO(b""))
    for name, what in {"orc": "ORC", "arrow": "Feather", "sqlite": "SQLite", "tar": "tar archive"}.items():
        assert what in (foreign((tmp_path / name).read_bytes()[:4096]) or ""), name


@pytest.mark.parametrize("head", [b"ORCID,event,time\n1,2,3\n", b"Objective,x\n", b"BZh,x\n", b"%PDF,x\n"])
def test_a_header_that_begins_like_a_signature_is_a_header(head):
    assert foreign(head) is None


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(InputError, match=r"x\.csv is binary"):
        kind_of("x.csv", bytes(range(8)) * 4 + b"\x00" * 40)


def test_a_format_that_is_none_names_the_near_one():
    assert checked_format("w3c") == "w3c"
    with pytest.raises(ConfigError, match='Did you mean "parquet"'):
        checked_format("parket")


def test_this_file_is_python_and_reads_as_one_column():
    assert kind_of("x.txt", Path(__file__).read_bytes()) == "csv"
