"""Files as vendors, spreadsheets and servers write them, through the commands that a user types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import cli


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that one is in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words), catch_exceptions=False)


def ingested(*words: str) -> dict[str, Any]:
    """The books of the one source that was read, and what was said."""
    found = call("ingest", *words, "-f", "json")
    assert found.exit_code == 0, found.stderr
    (book,) = json.loads(found.stdout)
    return {**book, "said": found.stderr}


def asked(sql: str) -> list[dict[str, Any]]:
    found = call("sql", sql, "-f", "json")
    assert found.exit_code == 0, found.stderr
    answer: list[dict[str, Any]] = json.loads(found.stdout)
    return answer


AGENT = "Mozilla/5.0 (X11)"
LOGS = {
    "app.log": "user_id,event,timestamp\na,view,2024-03-05 10:00:00\n",
    "iis.log": (
        "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2024-03-05 10:00:00\n"
        "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status\n"
        "2024-03-05 10:00:01 192.0.2.1 GET /a - 443 - 198.51.100.7 Mozilla/5.0+(X11) - 200\n"
        "2024-03-05 10:00:05 192.0.2.1 GET /b.png - 443 - 198.51.100.7 Mozilla/5.0+(X11) - 200\n"
        "2024-03-05 10:00:05 192.0.2.1 GET /b - 443 - 198.51.100.8 Googlebot/2.1 - 200\n"
    ),
    "cloudfront.log": (
        "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent)\n"
        "2024-03-05\t10:00:01\tFRA2\t182\t198.51.100.7\tGET\td1.cloudfront.net\t/a\t200\t-\tMozilla/5.0%20(X11)\n"
    ),
    "alb.log": (
        "https 2024-03-05T10:00:01.127531Z app/lb/abc 198.51.100.7:2817 192.0.2.1:80 0.001 0.102 0.000 200 200 225 2495 "
        f'"GET https://www.example.com:443/a HTTP/1.1" "{AGENT}" ECDHE TLSv1.2\n'
    ),
    "vhost.log": (
        f'www.a.example 198.51.100.7 - - [05/Mar/2024:10:00:01 +0000] "GET /a HTTP/1.1" 200 1 "-" "{AGENT}"\n'
        f'www.a.example 198.51.100.8 - - [05/Mar/2024:10:00:01 +0000] "GET /a HTTP/1.1" 200 1 "-" "{AGENT}"\n'
    ),
}


def test_a_csv_called_log_is_csv(desk):
    (desk / "app.log").write_text(LOGS["app.log"])
    assert ingested("app.log")["accepted"] == 1


@pytest.mark.parametrize("name", ["iis.log", "cloudfront.log", "alb.log"])
def test_a_servers_log_is_read_with_a_mapping_of_its_own(desk, name):
    (desk / name).write_text(LOGS[name])
    book = ingested(name)
    assert book["accepted"] == 1
    assert "weak: people share addresses" in book["said"]
    (row,) = asked("select customer_id, event, url, ip, user_agent, event_at::varchar as at from events")
    assert row["at"].startswith("2024-03-05 10:00:01")
    assert (row["customer_id"], row["event"], row["url"]) == (f"198.51.100.7 {AGENT}", "page_view", "/a")
    assert (row["ip"], row["user_agent"]) == ("198.51.100.7", AGENT)


def test_bots_and_static_files_are_told_apart_in_every_servers_log(desk):
    (desk / "iis.log").write_text(LOGS["iis.log"])
    reasons = {r["reason"]: r["rows"] for r in ingested("iis.log")["reasons"]}
    assert reasons == {"bot": 1, "excluded": 1}


def test_visitors_of_a_virtual_host_are_several_customers(desk):
    (desk / "vhost.log").write_text(LOGS["vhost.log"])
    ingested("vhost.log")
    assert asked("select count(distinct customer_id) as n from events") == [{"n": 2}]


@pytest.mark.parametrize(
    "name, content",
    [
        ("ga4ui.csv", "# ----\n# Shop - GA4\n# 20240305-20240306\n# ----\n\nuser_id,event,timestamp\na,view,2024-03-05 10:00:00\n"),
        ("excel.csv", "sep=;\nuser_id;event;timestamp\na;view;2024-03-05 10:00:00\n"),
        ("titled.csv", "Orders report\nGenerated 2024-03-05\n\nuser_id,event,timestamp\na,view,2024-03-05 10:00:00\n"),
    ],
)  # fmt: skip
def test_lines_before_the_header_are_passed_over(desk, name, content):
    (desk / name).write_text(content)
    book = ingested(name)
    assert (book["rows"], book["accepted"]) == (1, 1)
    assert ("the header is line 4, below a title" in book["said"]) == (name == "titled.csv")


def test_a_source_can_say_encoding_lines_to_skip_and_names(desk):
    (desk / "journeys.toml").write_text(
        '[[source]]\nname = "till"\npath = "till.csv"\nencoding = "cp850"\nskip_lines = 2\nheader = ["user_id", "event", "timestamp"]\n'
    )
    (desk / "till.csv").write_bytes("any\nthing\nMüller;Küche;2024-03-05 10:00:00\n".encode("cp850"))
    assert ingested()["accepted"] == 1
    assert asked("select customer_id, event from events") == [{"customer_id": "Müller", "event": "Küche"}]


def test_an_encoding_that_was_found_out_is_said(desk):
    (desk / "a.csv").write_bytes("user_id,event,timestamp\nMüller,view,2024-03-05 10:00:00\n".encode("latin-1"))
    book = ingested("a.csv")
    assert book["accepted"] == 1
    assert "a.csv: read as cp1252, for it is not UTF-8" in book["said"]
