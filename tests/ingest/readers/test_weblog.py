"""Web server logs: one line, one request, in its parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.database import Database
from ingest.readers.sources import RawRows, ReadOptions, read_rows
from ingest.readers.weblog import COLUMNS, is_weblog

DATA = Path(__file__).parents[3] / "data"
START = "1.2.3.4 - - [17/May/2015:10:05:03 +0000]"


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], tuple[list[dict[str, Any]], RawRows]]:
    def read(content: str) -> tuple[list[dict[str, Any]], RawRows]:
        path = tmp_path / "access.log"
        path.write_text(content)
        with Database(threads=2) as db:
            found = read_rows(db, path, ReadOptions(format="combined"))
            values = db.rows(f"select * exclude (row) from {found.relation} order by row")
        return [dict(zip(COLUMNS, row, strict=True)) for row in values], found

    return read


def test_combined_line(read):
    rows, found = read(START + ' "GET /a%20b/c?x=1&y=2 HTTP/1.1" 200 51 "http://r/?q" "Mozilla (X; Y)"\n')
    assert rows == [
        {
            "ip": "1.2.3.4",
            "ident": None,
            "user": None,
            "time": "17/May/2015:10:05:03 +0000",
            "method": "GET",
            "target": "/a%20b/c?x=1&y=2",
            "path": "/a%20b/c",
            "query": "x=1&y=2",
            "protocol": "HTTP/1.1",
            "status": "200",
            "bytes": "51",
            "referrer": "http://r/?q",
            "user_agent": "Mozilla (X; Y)",
            "host": None,
        }
    ]
    assert (found.format, found.columns, found.types) == ("combined", COLUMNS, ("text",) * 14)


def test_common_line_has_no_referrer(read):
    (row,), _ = read('::1 id John [17/May/2015:10:05:03 +0000] "GET / HTTP/1.0" 304 -\r\n')[0], None
    assert (row["ip"], row["ident"], row["user"], row["bytes"]) == ("::1", "id", "John", None)
    assert (row["referrer"], row["user_agent"]) == (None, None)


@pytest.mark.parametrize(
    "request_line, method, target, path, query, protocol",
    [
        ("-", None, None, None, None, None),
        ("", None, None, None, None, None),
        ("GET /old", "GET", "/old", "/old", None, None),
        ("GET /with space?q HTTP/1.1", "GET", "/with space?q", "/with space", "q", "HTTP/1.1"),
        ("GET http://shop.example/a?b HTTP/1.1", "GET", "http://shop.example/a?b", "/a", "b", "HTTP/1.1"),
        (r"\x16\x03\x01", None, r"\x16\x03\x01", r"\x16\x03\x01", None, None),
        (r"GET /\"x\" HTTP/2.0", "GET", '/"x"', '/"x"', None, "HTTP/2.0"),
        ("GET /a?x=1#part HTTP/1.1", "GET", "/a?x=1#part", "/a", "x=1", "HTTP/1.1"),
    ],
)
def test_request_lines(read, request_line, method, target, path, query, protocol):
    (row,), _ = read(f'{START} "{request_line}" 400 0 "-" "-"\n')
    assert [row[c] for c in ("method", "target", "path", "query", "protocol")] == [
        method,
        target,
        path,
        query,
        protocol,
    ]


def test_escaped_quotes_belong_to_the_field(read):
    (row,), _ = read(START + r' "GET / HTTP/1.1" 200 1 "http://r/\"x\"" "a \"b\" c\\"' + "\n")
    assert (row["referrer"], row["user_agent"]) == ('http://r/"x"', 'a "b" c\\')


@pytest.mark.parametrize(
    "line",
    [
        "shop.example:443 " + START + ' "GET / HTTP/1.1" 200 1 "-" "UA"',
        START + ' "GET / HTTP/1.1" 200 1 "-" "UA" 0.004 "more"',
        START.replace(" - - ", " - John Doe ") + ' "GET / HTTP/1.1" 200 1 "-" "UA"',
    ],
)
def test_what_servers_add(read, line):
    (row,), _ = read(line)
    assert (row["ip"], row["user_agent"]) == ("1.2.3.4", "UA")


def test_other_lines_are_unreadable(read):
    good = START + ' "GET / HTTP/1.1" 200 1'
    rows, found = read(f'{good}\n\nnonsense\n{good} "-" "never closed\n{good}\n')
    assert len(rows) == 2
    assert found.unreadable["line"].to_pylist() == [3, 4]
    assert found.unreadable["record"].to_pylist() == [2, 3]
    assert set(found.unreadable["detail"].to_pylist()) == {"not a line of a combined or common log"}


def test_an_empty_log_has_no_rows(read):
    rows, found = read("")
    assert (rows, found.unreadable.num_rows) == ([], 0)


def test_is_weblog():
    assert is_weblog(START + ' "GET / HTTP/1.1" 200 1')
    assert not is_weblog("id,time,event")


def test_the_sample_is_accounted():
    """Of 10,000 lines one was cut off by the server inside its user agent."""
    with Database(threads=2) as db:
        found = read_rows(db, DATA / "apache_access.log.gz")
        assert db.rows(
            f"select count(*), count(distinct row), count(c0), count(c3), count(c6) from {found.relation}"
        ) == [(9_999,) * 5]
    (cut,) = found.unreadable.to_pylist()
    assert (cut["record"], cut["line"]) == (8_898, 8_899)
    assert cut["text"].endswith("+http://www.google.com/bot.html")
