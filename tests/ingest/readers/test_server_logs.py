"""Logs of IIS, CloudFront, Netscaler and load balancers: one line, one request, in the columns that they name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.cleaning.mapping import is_server_log, server_log
from ingest.database import Database
from ingest.errors import InputError
from ingest.readers.sources import RawRows, ReadOptions, read_rows
from ingest.readers.weblog import is_weblog

FIELDS = "#Fields: date time cs-method cs-uri-stem c-ip cs(User-Agent) cs(Referer) sc-status"
Read = Callable[..., tuple[list[dict[str, Any]], RawRows]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(content: str, **options: Any) -> tuple[list[dict[str, Any]], RawRows]:
        path = tmp_path / "a.log"
        path.write_text(content, newline="")
        with Database(threads=2) as db:
            found = read_rows(db, path, ReadOptions(**options), name="a.log")
            values = db.rows(f"select * exclude (row) from {found.relation} order by row")
        return [dict(zip(found.columns, row, strict=True)) for row in values], found

    return read


# --- W3C extended logs -------------------------------------------------------------------------------------------


def test_fields_name_the_columns_and_a_dash_is_nothing(read):
    rows, found = read(f"#Version: 1.0\n{FIELDS}\n2024-03-05 10:00:01 GET /a 1.2.3.4 Mozilla/5.0+(X11) - 200\r\n")
    assert rows == [
        {
            "date": "2024-03-05",
            "time": "10:00:01",
            "cs-method": "GET",
            "cs-uri-stem": "/a",
            "c-ip": "1.2.3.4",
            "cs(User-Agent)": "Mozilla/5.0 (X11)",
            "cs(Referer)": None,
            "sc-status": "200",
        }
    ]
    assert found.format == "w3c"


@pytest.mark.parametrize(
    "line, agent",
    [
        ("2024-03-05\t10:00:01\tGET\t/a\t1.2.3.4\tMozilla/5.0%20(X11;%20a+b)\t-\t200", "Mozilla/5.0 (X11; a+b)"),
        ("2024-03-05\t10:00:01\tGET\t/a\t1.2.3.4\tMozilla/5.0%2520(X11)\t-\t200", "Mozilla/5.0 (X11)"),
        ("2024-03-05\t10:00:01\tGET\t/a\t1.2.3.4\tMozilla (X 11)\t-\t200", "Mozilla (X 11)"),
        ('2024-03-05 10:00:01 GET /a 1.2.3.4 "Mozilla (X ""11"")" - 200', 'Mozilla (X "11")'),
        ("2024-03-05 10:00:01 GET /a 1.2.3.4 curl/8.0 - 200", "curl/8.0"),
    ],
    ids=["cloudfront", "encoded twice", "tabs", "quotes", "plain"],
)
def test_a_user_agent_is_read_as_the_browser_sent_it(read, line, agent):
    ((row,), _) = read(f"{FIELDS}\n{line}\n")
    assert (row["cs(User-Agent)"], row["sc-status"]) == (agent, "200")


def test_each_line_is_read_by_the_fields_above_it(read):
    rows, found = read(
        "#Fields: date time c-ip\n2024-03-05 10:00:00 1.1.1.1\n#Date: x\n#Fields: date time c-ip\n2024-03-05 10:00:01 2.2.2.2\n"
        "#Fields: c-ip date time cs-method\n3.3.3.3 2024-03-05 10:00:02 GET\n"
    )
    assert found.columns == ("date", "time", "c-ip", "cs-method")
    assert [(r["c-ip"], r["time"], r["cs-method"]) for r in rows] == [
        ("1.1.1.1", "10:00:00", None),
        ("2.2.2.2", "10:00:01", None),
        ("3.3.3.3", "10:00:02", "GET"),
    ]


def test_a_line_of_another_width_is_unreadable(read):
    rows, found = read("#Fields: date time c-ip\n2024-03-05 10:00:00\n\n2024-03-05 10:00:01 2.2.2.2\n")
    assert len(rows) == 1
    assert found.unreadable.to_pylist() == [
        {"record": 1, "line": 2, "text": "2024-03-05 10:00:00", "detail": "2 fields where #Fields: names 3"}
    ]


def test_without_fields_it_is_no_such_log(read):
    with pytest.raises(InputError, match=r'a\.log is not a W3C extended log: no line begins with "#Fields:"'):
        read("a b c\n", format="w3c")


def test_a_w3c_log_has_a_mapping_of_its_own():
    fields = server_log(["date", "time", "c-ip", "cs-uri-stem", "cs(User-Agent)", "cs(Referer)"], "w3c")
    assert fields is not None
    assert {t: f.columns or f.join or f.constant for t, f in fields.items()} == {
        "url": ("cs-uri-stem",),
        "ip": ("c-ip",),
        "user_agent": ("cs(User-Agent)",),
        "referrer": ("cs(Referer)",),
        "event_at": ("date", "time"),
        "event": "page_view",
        "customer_id": ("c-ip", "cs(User-Agent)"),
    }
    assert is_server_log(["date", "cs-uri-stem"]) and not is_server_log(["date", "url"])
    assert server_log(["a"], "csv") is None


# --- load balancers ----------------------------------------------------------------------------------------------

TAIL = '0.001 0.102 0.000 200 200 225 2495 "GET https://www.example.com:443/a?b=1 HTTP/1.1" "Mozilla/5.0 (X11)" ECDHE TLSv1.2'


@pytest.mark.parametrize(
    "line, kind, host",
    [
        (f"https 2024-03-05T10:00:01.127531Z app/lb/abc 1.2.3.4:2817 10.0.0.1:80 {TAIL}", "https", None),
        (
            f'h2 2024-03-05T10:00:01.127531Z app/lb/abc 1.2.3.4:2817 10.0.0.1:80 {TAIL} arn:aws:x "Root=1-a" "www.example.com" '
            '"arn" 0 2024-03-05T10:00:01Z "forward" "-" "-"',
            "h2",
            "www.example.com",
        ),
        (f"2024-03-05T10:00:01.127531Z lb 1.2.3.4:2817 10.0.0.1:80 {TAIL}", None, None),
        (
            f"https 2024-03-05T10:00:01.127531Z app/lb/abc 1.2.3.4:2817 - {TAIL.replace('0.001 0.102 0.000', '-1 -1 -1')}",
            "https",
            None,
        ),
    ],
    ids=["application", "with target group", "classic", "no target answered"],
)
def test_a_load_balancers_line_in_its_parts(read, line, kind, host):
    ((row,), found) = read(line + "\n")
    assert found.format == "alb"
    assert (row["type"], row["host"], row["time"]) == (kind, host, "2024-03-05T10:00:01.127531Z")
    assert (row["ip"], row["port"], row["status"], row["bytes"]) == ("1.2.3.4", "2817", "200", "2495")
    assert (row["method"], row["path"], row["query"]) == ("GET", "/a", "b=1")
    assert (row["user_agent"], row["ssl_protocol"]) == ("Mozilla/5.0 (X11)", "TLSv1.2")


def test_a_line_of_no_load_balancer_is_unreadable(read):
    rows, found = read(f"https 2024-03-05T10:00:01Z app/lb/abc 1.2.3.4:1 10.0.0.1:80 {TAIL}\nnonsense\n")
    assert len(rows) == 1
    assert found.unreadable.to_pylist()[0]["detail"] == "not a line of a load balancer's log"


# --- virtual hosts -----------------------------------------------------------------------------------------------

REQUEST = '[17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "UA"'


@pytest.mark.parametrize(
    "start, ip, host, user",
    [
        ("www.shop.example 1.2.3.4 - -", "1.2.3.4", "www.shop.example", None),
        ("www.shop.example:443 1.2.3.4 - ann", "1.2.3.4", "www.shop.example", "ann"),
        ("shop ::1 - -", "::1", "shop", None),
        ("shop:80 client.example - -", "client.example", "shop", None),
        ("client.example - -", "client.example", None, None),
        ("client.example - Ann Lee", "client.example", None, "Ann Lee"),
        ("1.2.3.4 5.6.7.8 -", "1.2.3.4", None, None),
        ("1.2.3.4 - Ann Lee", "1.2.3.4", None, "Ann Lee"),
        ("2001:db8::1 - -", "2001:db8::1", None, None),
    ],
)
def test_a_virtual_host_comes_first_with_or_without_its_port(read, start, ip, host, user):
    assert is_weblog(f"{start} {REQUEST}")
    ((row,), _) = read(f"{start} {REQUEST}\n")
    assert (row["ip"], row["host"], row["user"]) == (ip, host, user)
