"""Files as vendors, spreadsheets and servers write them, through the commands that a user types."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
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
        (
            "ga4ui.csv",
            "# ----\n# Shop - GA4\n# 20240305-20240306\n# ----\n\nuser_id,event,timestamp\na,view,2024-03-05 10:00:00\n",
        ),
        ("excel.csv", "sep=;\nuser_id;event;timestamp\na;view;2024-03-05 10:00:00\n"),
        ("titled.csv", "Orders report\nGenerated 2024-03-05\n\nuser_id,event,timestamp\na,view,2024-03-05 10:00:00\n"),
    ],
)
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


# --- Paths into JSON -----------------------------------------------------------------------------------------------

NESTED = [
    {
        "user_id": "a",
        "event": "view",
        "timestamp": "2024-03-05T10:00:00Z",
        "device": {"category": "mobile", "os": {"name": "iOS"}},
    },
    {
        "user_id": "b",
        "event": "view",
        "timestamp": "2024-03-05T10:00:00Z",
        "device": {"category": "desktop", "os": {"name": "Win"}},
    },
    {"user_id": "b", "event": "csat", "timestamp": "2024-03-05T10:01:00Z", "answers": {"score": 5}},
]


def written(folder: Path, kind: str) -> str:
    """NESTED as a file of that kind; its name."""
    name = f"e.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist([{"answers": None, **r} for r in NESTED]), folder / name)
    elif kind == "csv":
        rows = [
            [
                r["user_id"],
                r["event"],
                r["timestamp"],
                *(json.dumps(r[c]) if c in r else "" for c in ("device", "answers")),
            ]
            for r in NESTED
        ]
        with (folder / name).open("w", newline="") as out:
            csv.writer(out).writerows([["user_id", "event", "timestamp", "device", "answers"], *rows])
    else:
        lines = "\n".join(json.dumps(r) for r in NESTED)
        (folder / name).write_text(json.dumps(NESTED) if kind == "json" else lines)
    return name


def answer(*words: str) -> list[dict[str, Any]]:
    found = call(*words, "-f", "json")
    assert found.exit_code == 0, found.stderr
    rows: list[dict[str, Any]] = json.loads(found.stdout)
    return rows


@pytest.mark.parametrize("kind", ["ndjson", "json", "csv", "parquet"])
def test_dots_descend_into_nested_objects_wherever_they_came_from(desk, kind):
    (desk / "journeys.toml").write_text('[[survey]]\nevent = "csat"\nkind = "csat"\nscore = "answers.score"\n')
    assert ingested(written(desk, kind))["accepted"] == 3
    for option in ("--where", "--segment"):
        (row,) = answer("summary", option, "device.category=mobile")
        assert (row["events"], row["customers"]) == (1, 1)
    split = {r["device.category"]: r["reached"] for r in answer("funnel", "view", "--breakdown", "device.category")}
    assert split == {"mobile": 1, "desktop": 1}
    assert {r["device.os.name"] for r in answer("funnel", "view", "--breakdown", "device.os.name")} == {"iOS", "Win"}
    (view,) = [r for r in answer("map") if r["touchpoint"] == "view"]
    assert (view["answers"], view["sentiment"]) == (1, 2.0)


def test_a_path_that_no_event_has_is_warned_about(desk):
    ingested(written(desk, "ndjson"))
    found = call("summary", "--where", "device.brand=x", "-f", "json")
    assert 'no event has a value in the column "device.brand"' in found.stderr
    found = call("summary", "--where", "device.category=tablet", "-f", "json")
    assert "no event has a value" not in found.stderr


GA4 = (
    '{"event_timestamp":"1709632800000000","event_name":"page_view","user_pseudo_id":"p1","event_params":'
    '[{"key":"page_location","value":{"string_value":"https://shop.example/a"}},{"key":"ga_session_id","value":{"int_value":"77"}}],"items":[]}\n'
    '{"event_timestamp":"1709632860000000","event_name":"purchase","user_pseudo_id":"p1","event_params":'
    '[{"key":"ga_session_id","value":{"int_value":"77"}},{"key":"page_location","value":{"string_value":"https://shop.example/thanks"}}],'
    '"items":[{"item_id":"s1","price":12.5,"quantity":1}],"ecommerce":{"purchase_revenue":12.5,"transaction_id":"T1"}}\n'
)


@pytest.mark.parametrize(
    "mapped, column, expected",
    [
        ("url=event_params.page_location", "url", ["https://shop.example/a", "https://shop.example/thanks"]),
        (
            "url=event_params.page_location.string_value",
            "url",
            ["https://shop.example/a", "https://shop.example/thanks"],
        ),
        ("url=event_params[0].value.string_value", "url", ["https://shop.example/a", None]),
        ("url=event_params.0.value.string_value", "url", ["https://shop.example/a", None]),
        ("item_id=items.0.item_id", "item_id", [None, "s1"]),
        ("value=ecommerce.purchase_revenue", "value", [None, 1250]),
        ("ga_session=event_params.ga_session_id", "ga_session", ["77", "77"]),
    ],
)
def test_a_mapped_path_goes_into_lists_by_place_and_by_key(desk, mapped, column, expected):
    (desk / "ga4.ndjson").write_text(GA4)
    book = ingested("ga4.ndjson", "--map", mapped)
    assert [r["x"] for r in asked(f"select {column} as x from events order by event_at")] == expected
    assert "has no value in any" not in book["said"]


def test_a_mapped_path_that_leads_nowhere_is_warned_about(desk):
    (desk / "ga4.ndjson").write_text(GA4)
    said = ingested("ga4.ndjson", "--map", "url=event_params.page_referrer")["said"]
    assert "url = event_params.page_referrer has no value in any of 2 rows" in said


# --- Records inside an envelope --------------------------------------------------------------------------------------

VIEW = {"user_id": "a", "event": "view", "timestamp": "2024-03-05T10:00:00Z"}
BUY = {"user_id": "b", "event": "buy", "timestamp": "2024-03-05T10:01:00Z"}
MATOMO = [
    {
        "idVisit": "1",
        "visitorId": "v1",
        "serverTimestamp": 1709632860,
        "type": "visit",
        "actionDetails": [
            {"type": "action", "url": "https://shop.example/a", "timestamp": 1709632800},
            {"type": "goal", "goalName": "Order", "revenue": 20, "timestamp": 1709632860},
        ],
    },
    {"idVisit": "2", "visitorId": "v2", "serverTimestamp": 1709632860, "type": "visit", "actionDetails": []},
]


@pytest.mark.parametrize(
    "name, content",
    [
        ("wrapped.json", json.dumps({"meta": {"page": 1}, "results": [VIEW, BUY]}, indent=1)),
        ("one_line.json", json.dumps({"tickets": [VIEW, BUY], "count": 2, "next_page": None})),
        ("lines.ndjson", json.dumps([VIEW]) + "\n" + json.dumps([BUY]) + "\n"),
    ],
)
def test_the_records_of_an_envelope_are_read(desk, name, content):
    (desk / name).write_text(content)
    book = ingested(name)
    assert (book["rows"], book["accepted"]) == (2, 2)
    assert ("records = " in book["said"]) == (name != "lines.ndjson")


def test_an_order_with_its_items_is_no_envelope(desk):
    """One order in a file is read like two orders in a file."""
    order = {
        "order_id": "1",
        "user_id": "a",
        "event": "buy",
        "timestamp": "2024-03-05T10:00:00Z",
        "items": [{"sku": "x"}, {"sku": "y"}],
    }
    (desk / "orders.json").write_text(json.dumps(order))
    assert ingested("orders.json")["accepted"] == 1


def test_records_says_where_they_are_and_what_stands_beside_stays_reachable(desk):
    (desk / "journeys.toml").write_text(
        '[[source]]\nname = "matomo"\npath = "matomo.json"\nrecords = "actionDetails"\n'
        '[source.columns]\nevent_at = "timestamp"\nevent = "type"\ncustomer_id = "visitorId"\nvisit = "idVisit"\nkind = "outer.type"\n'
    )
    (desk / "matomo.json").write_text(json.dumps(MATOMO))
    assert ingested()["rows"] == 2
    assert asked("select event, customer_id, visit, kind, url from events order by event_at") == [
        {"event": "action", "customer_id": "v1", "visit": "1", "kind": "visit", "url": None},
        {"event": "goal", "customer_id": "v1", "visit": "1", "kind": "visit", "url": None},
    ]


def test_records_may_lie_deeper_and_a_line_without_them_is_unreadable(desk):
    (desk / "journeys.toml").write_text('[[source]]\nname = "api"\npath = "api.ndjson"\nrecords = "data.items"\n')
    lines = [
        {"data": {"items": [VIEW, BUY], "cursor": "c"}, "page": 1},
        {"error": "too many requests"},
        {"data": {"items": []}},
    ]
    (desk / "api.ndjson").write_text("\n".join(map(json.dumps, lines)) + "\nnonsense\n")
    book = ingested()
    assert (book["rows"], book["accepted"], book["reasons"]) == (4, 2, [{"reason": "unreadable_row", "rows": 2}])
    assert {r["p"] for r in asked("select properties as p from events")} == {'{"page":"1","cursor":"c"}'}
    details = {r["detail"] for r in answer("quarantine", "--rows")}
    assert details == {'an object without the list "data"', "not valid JSON"}


# --- Names and containers --------------------------------------------------------------------------------------------


def test_a_name_that_is_not_utf8_is_read_by_its_bytes_and_shown_escaped(desk):
    (desk / "inbox").mkdir()
    (desk / "journeys.toml").write_text('[[source]]\nname = "web"\npath = "inbox/*.csv"\n')
    (desk / "inbox" / "good.csv").write_text("customer_id,timestamp,event\na,2024-01-01 10:00:00,x\n")
    odd = Path(os.fsdecode(b"inbox/M\xe4rz.csv"))
    odd.write_text("customer_id,timestamp,event\nb,2024-01-01 10:00:00,y\n")
    night = call("run")
    assert night.exit_code == 0, night.stderr
    assert "2 rows = 2 accepted" in night.output
    found = call("inspect", str(odd))
    assert found.exit_code == 0, found.stderr
    assert 'path = "inbox/*.csv"' in found.output
    odd.write_text("customer_id,timestamp,event\nb,nonsense,y\nb,2024-01-01 11:00:00,z\n")
    call("ingest", str(odd))
    (row,) = answer("quarantine", "--rows")
    assert row["input"].endswith("M\\xe4rz.csv")


def test_members_of_an_archive_are_inputs_and_are_known_the_next_time(desk):
    (desk / "journeys.toml").write_text('[[source]]\nname = "web"\npath = "*.zip"\n')
    with zipfile.ZipFile(desk / "march.zip", "w") as archive:
        for who in "ab":
            archive.writestr(f"{who}.csv", f"customer_id,timestamp,event\n{who},2024-01-01 10:00:00,x\n")
    assert ingested()["accepted"] == 2
    again = call("ingest")
    assert "march.zip/a.csv: already in the store" in again.output
    assert call("ingest", "march.zip", "-f", "json").exit_code == 0
    assert answer("summary")[0]["events"] == 2


def test_a_workbook_is_read(desk):
    with xlsxwriter.Workbook(desk / "orders.xlsx", {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["user_id", "timestamp", "event"])
        sheet.write_row(1, 0, [7, datetime(2024, 3, 5, 10, 30), "view"])  # noqa: DTZ001 - a workbook knows no zone
    assert ingested("orders.xlsx")["accepted"] == 1
    assert asked("select customer_id, event_at::varchar as at from events") == [
        {"customer_id": "7", "at": "2024-03-05 10:30:00+00"}
    ]


# --- One row with several events -------------------------------------------------------------------------------------

ORDERS = """[[source]]
name = "orders"
path = "orders.csv"
[source.columns]
customer_id = "customer"
order_id = "order"
[[source.event]]
name = "placed"
time = "placed_at"
value = "total"
[[source.event]]
name = "paid"
time = "paid_at"
[[source.event]]
name = "refunded"
time = "refunded_at"
columns = { value = "refund", reason = "why" }
"""
HEADER = "order,customer,total,placed_at,paid_at,refunded_at,refund,why,shop\n"


def test_a_row_holds_one_event_for_each_of_its_times(desk):
    (desk / "journeys.toml").write_text(ORDERS)
    (desk / "orders.csv").write_text(
        HEADER + "1,ann,10.00,2024-03-05 10:00:00,2024-03-05 10:05:00,2024-03-05 12:00:00,4.00,late,north\n"
        "2,bob,20.00,2024-03-05 11:00:00,,,,,south\n3,cy,30.00,,,,,,south\n4,dee,1.00,nonsense,2024-03-05 10:05:00,,,,south\n"
    )
    book = ingested()
    assert (book["rows"], book["accepted"], book["reasons"]) == (6, 5, [{"reason": "bad_timestamp", "rows": 1}])
    assert (
        "4 rows hold 6 events (placed, paid, refunded), each counted as a row; 1 of the rows hold none" in book["said"]
    )
    found = asked(
        "select customer_id, event, value, reason, properties as p from events order by customer_id, event_at"
    )
    assert [(r["customer_id"], r["event"], r["value"], r["reason"], r["p"]) for r in found] == [
        ("ann", "placed", 1000, None, '{"shop":"north"}'),
        ("ann", "paid", None, None, '{"shop":"north"}'),
        ("ann", "refunded", 400, "late", '{"shop":"north"}'),
        ("bob", "placed", 2000, None, '{"shop":"south"}'),
        ("dee", "paid", None, None, '{"shop":"south"}'),
    ]


def test_an_order_paid_later_is_placed_once(desk):
    (desk / "journeys.toml").write_text(ORDERS)
    (desk / "orders.csv").write_text(HEADER + "1,ann,10.00,2024-03-05 10:00:00,,,,,north\n")
    ingested()
    (desk / "orders.csv").write_text(HEADER + "1,ann,10.00,2024-03-05 10:00:00,2024-03-06 09:00:00,,,,north\n")
    book = ingested()
    assert (book["rows"], book["accepted"], book["duplicates"]) == (2, 1, 1)
    assert [r["event"] for r in asked("select event from events order by event_at")] == ["placed", "paid"]
