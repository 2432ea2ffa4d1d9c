"""Each kind of export, from a file with the traps of its vendor's documentation to events, a funnel, carts and a report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ingest.cleaning.kind_of_export import recognise
from ingest.cleaning.mapping import Columns
from ingest.database import Database, load_sql
from ingest.exports.reading import exports_of
from ingest.readers.sources import expand, read_rows
from tests.desk import Desk

FILES = Path(__file__).parent / "files"
Row = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file of a kind, and what becomes of it."""

    file: str
    events: tuple[Row, ...]  # (event_at, event, whose, channel, value in minor units), in their order
    funnel: tuple[str, ...]
    reached: tuple[int, ...]
    duplicates: int = 0
    quarantined: Mapping[str, int] = field(default_factory=dict)
    in_sessions: int | None = None  # events that a session holds; None = all
    carts: tuple[Row, ...] = ()  # (kind, status, value)


CASES = {
    "matomo": Case(
        file="matomo.json",
        events=(
            ("2024-05-01 10:00:00", "page_view", "u1", "campaign", None),
            ("2024-05-01 10:01:00", "add_to_cart", "u1", "campaign", None),
            ("2024-05-01 10:01:30", "site_search", "u1", "campaign", None),
            ("2024-05-01 10:02:00", "purchase", "u1", "campaign", 2498),
            ("2024-05-01 10:02:10", "ecommerceAbandonedCart", "u1", "campaign", 500),
        ),
        duplicates=2,
        in_sessions=4,
        funnel=("page_view", "add_to_cart", "purchase"),
        reached=(1, 1, 1),
        carts=(("cart", "converted", 24.98),),
    ),
    "shopify": Case(
        file="shopify.csv",
        events=(
            ("2024-05-01 10:00:00", "purchase", "ann@example.com", "web", 2498),
            ("2024-05-01 10:00:00", "purchase", "ann@example.com", None, None),
            ("2024-05-01 10:00:05", "order_paid", "ann@example.com", None, None),
            ("2024-05-01 11:00:00", "purchase", "bob@example.com", "web", 999),
            ("2024-05-01 11:00:00", "order_paid", "bob@example.com", None, None),
            ("2024-05-02 07:00:00", "order_fulfilled", "ann@example.com", None, None),
            ("2024-05-03 08:00:00", "refund", "bob@example.com", None, 999),
        ),
        duplicates=3,
        in_sessions=3,
        funnel=("purchase", "refund"),
        reached=(2, 1),
    ),
    "stripe": Case(
        file="stripe.csv",
        events=(
            ("2024-05-01 10:00:00", "payment_failed", "cus_1", None, None),
            ("2024-05-01 10:05:00", "purchase", "cus_1", None, 2498),
            ("2024-05-01 11:00:00", "purchase", "bob@example.com", None, 999),
            ("2024-05-03 08:00:00", "refund", "cus_1", None, 500),
        ),
        in_sessions=3,
        funnel=("payment_failed", "purchase"),
        reached=(1, 1),
    ),
    "zendesk": Case(
        file="zendesk.ndjson",
        events=(
            ("2024-05-01 10:00:00", "ticket_opened", "900", "email", None),
            ("2024-05-01 11:00:00", "ticket_answered", "900", None, None),
            ("2024-05-02 09:00:00", "ticket_solved", "900", None, None),
        ),
        duplicates=1,
        in_sessions=1,
        funnel=("ticket_opened", "ticket_solved"),
        reached=(1, 1),
    ),
    "intercom": Case(
        file="intercom.ndjson",
        events=(
            ("2024-05-01 10:00:00", "conversation_opened", "u1", "email", None),
            ("2024-05-01 10:01:00", "conversation_opened", "ic2", "conversation", None),
            ("2024-05-01 10:10:00", "conversation_answered", "u1", None, None),
            ("2024-05-01 12:00:00", "conversation_closed", "u1", None, None),
            ("2024-05-01 12:01:40", "csat_answered", "u1", None, None),
        ),
        in_sessions=3,
        funnel=("conversation_opened", "csat_answered"),
        reached=(2, 1),
    ),
    "umami": Case(
        file="umami.csv",
        events=(
            ("2024-05-01 10:00:00", "page_view", "u1", None, None),
            ("2024-05-01 10:01:00", "add_to_cart", "u1", None, None),
            ("2024-05-01 10:02:00", "purchase", "u1", None, None),
        ),
        duplicates=1,
        funnel=("page_view", "add_to_cart", "purchase"),
        reached=(1, 1, 1),
        carts=(("cart", "converted", None),),
    ),
    "typeform": Case(
        file="typeform.csv",
        events=(
            ("2024-05-01 10:00:00", "survey_started", "u1", None, None),
            ("2024-05-01 10:03:00", "survey_answered", "u1", None, None),
            ("2024-05-01 11:00:00", "survey_started", "n2", None, None),
        ),
        funnel=("survey_started", "survey_answered"),
        reached=(2, 1),
    ),
    "surveymonkey": Case(
        file="surveymonkey.csv",
        events=(
            ("2024-05-01 10:03:00", "survey_answered", "ann@example.com", None, None),
            ("2024-05-02 10:05:00", "survey_answered", "119", None, None),
        ),
        duplicates=1,
        quarantined={"missing_customer": 1},
        funnel=("survey_answered", "purchase"),
        reached=(2, 0),
    ),
    "rudderstack": Case(
        file="rudderstack.ndjson",
        events=(
            ("2024-05-01 10:00:00", "page", "u1", "email", None),
            ("2024-05-01 10:01:00", "Product Added", "u1", None, None),
            ("2024-05-01 10:01:30", "identify", "u1", None, None),
            ("2024-05-01 10:02:00", "Order Completed", "u1", None, 1998),
        ),
        duplicates=1,
        in_sessions=3,
        funnel=("page", "Product Added", "Order Completed"),
        reached=(1, 1, 1),
        carts=(("cart", "converted", 19.98),),
    ),
    "mixpanel": Case(
        file="mixpanel.ndjson",
        events=(
            ("2024-05-01 10:00:00", "$mp_web_page_view", "u1", "email", None),
            ("2024-05-01 10:01:00", "add_to_cart", "u1", None, None),
            ("2024-05-01 10:01:10", "$identify", "u1", None, None),
            ("2024-05-01 10:02:00", "purchase", "u1", None, 1998),
            ("2024-05-01 10:02:10", "$create_alias", "u1", None, None),
            ("2024-05-01 10:02:20", "page", "u1", None, None),
        ),
        duplicates=1,
        in_sessions=4,
        funnel=("$mp_web_page_view", "add_to_cart", "purchase"),
        reached=(1, 1, 1),
        carts=(("cart", "converted", 19.98),),
    ),
    "amplitude": Case(
        file="amplitude.zip",
        events=(
            ("2024-05-01 10:00:00", "session_start", "user-1", None, None),
            ("2024-05-01 10:00:00", "[Amplitude] Page Viewed", "user-1", "email", None),
            ("2024-05-01 10:01:00", "add_to_cart", "user-1", None, None),
            ("2024-05-01 10:01:30", "$identify", "user-1", None, None),
            ("2024-05-01 10:02:00", "revenue_amount", "user-1", None, 1998),
        ),
        duplicates=1,
        in_sessions=3,
        funnel=("add_to_cart", "revenue_amount"),
        reached=(1, 1),
        carts=(("cart", "converted", 19.98),),
    ),
    "posthog": Case(
        file="posthog.ndjson",
        events=(
            ("2024-05-01 10:00:00", "$pageview", "u1", "email", None),
            ("2024-05-01 10:01:00", "add_to_cart", "u1", None, None),
            ("2024-05-01 10:01:30", "$identify", "u1", None, None),
            ("2024-05-01 10:01:31", "$identify", "u1", None, None),
            ("2024-05-01 10:02:00", "purchase", "u1", None, 1998),
            ("2024-05-01 10:02:10", "$pageleave", "u1", None, None),
            ("2024-05-01 12:00:00", "refund", "u1", None, 500),
        ),
        duplicates=1,
        in_sessions=4,
        funnel=("$pageview", "add_to_cart", "purchase"),
        reached=(1, 1, 1),
        carts=(("cart", "converted", 14.98),),
    ),
    "snowplow": Case(
        file="snowplow.tsv",
        events=(
            ("2024-05-01 10:00:00", "page_view", "u1", "email", None),
            ("2024-05-01 10:00:30", "page_view", "u1", None, None),
            ("2024-05-01 10:00:40", "page_ping", "u1", None, None),
            ("2024-05-01 10:01:00", "add_to_cart", "u1", None, None),
            ("2024-05-01 10:01:10", "change_form", "u1", None, None),
            ("2024-05-01 10:01:20", "coupon", "u1", None, None),
            ("2024-05-01 10:02:00", "transaction", "u1", None, 2498),
            ("2024-05-01 10:02:01", "transaction_item", "u1", None, None),
        ),
        duplicates=1,
        in_sessions=6,
        funnel=("page_view", "add_to_cart", "transaction"),
        reached=(1, 1, 1),
        carts=(("cart", "converted", 24.98),),
    ),
    "segment": Case(
        file="segment.ndjson",
        events=(
            ("2024-05-01 10:00:01", "page", "u1", "email", None),
            ("2024-05-01 10:01:00", "Product Added", "u1", None, None),
            ("2024-05-01 10:02:00", "identify", "u1", None, None),
            ("2024-05-01 10:03:00", "Checkout Started", "u1", None, 2100),
            ("2024-05-01 10:04:00", "Order Completed", "u1", None, 2100),
            ("2024-05-01 10:05:00", "alias", "u1", None, None),
            ("2024-05-01 11:05:00", "screen", "u1", None, None),
        ),
        duplicates=1,
        in_sessions=5,
        funnel=("page", "Product Added", "Order Completed"),
        reached=(1, 1, 1),
        carts=(("checkout", "converted", 21.0),),
    ),
    "ga4": Case(
        file="ga4.ndjson",
        events=(
            ("2024-05-01 10:20:01", "session_start", "u1", "organic", None),
            ("2024-05-01 10:20:01", "page_view", "u1", "email", None),
            ("2024-05-01 10:21:00", "add_to_cart", "u1", "organic", 1998),
            ("2024-05-01 10:22:00", "purchase", "u1", "organic", 2498),
        ),
        duplicates=1,
        quarantined={"missing_customer": 1},
        in_sessions=3,
        funnel=("page_view", "add_to_cart", "purchase"),
        reached=(1, 1, 1),
        carts=(("cart", "converted", 24.98),),
    ),
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


def taken_in(desk: Desk, kind: str) -> dict[str, Any]:
    """The books of a load of that kind's file."""
    desk.file(CASES[kind].file, (FILES / CASES[kind].file).read_bytes())
    (book,) = desk.rows("ingest", "--kind", kind, CASES[kind].file)
    return book


EVENTS = """strftime(event_at, '%Y-%m-%d %H:%M:%S') as at, event,
    coalesce(customer_id, owner_id, anonymous_id) as who, channel, value"""


@pytest.mark.parametrize("kind", CASES)
def test_a_file_of_a_kind_is_read_by_its_name_alone(kind: str, desk: Desk) -> None:
    case = CASES[kind]
    book = taken_in(desk, kind)
    assert book["source"] == kind
    assert (book["accepted"], book["duplicates"]) == (len(case.events), case.duplicates)
    assert {r["reason"]: r["rows"] for r in book["reasons"]} == case.quarantined
    found = desk.rows("sql", f"select {EVENTS} from events order by event_at, recorded_row")
    assert tuple(tuple(r.values()) for r in found) == case.events
    funnel = desk.rows("funnel", *case.funnel)
    assert tuple(r["reached"] for r in funnel) == case.reached
    if case.in_sessions is not None:
        assert sum(s["events"] for s in desk.rows("sessions")) == case.in_sessions
    carts = [] if not case.carts else [r for r in desk.rows("carts") if r["kind"] != "browse"]
    assert tuple((r["kind"], r["status"], r["value"]) for r in carts) == case.carts


@pytest.mark.parametrize("kind", CASES)
def test_a_file_is_recognised(kind: str) -> None:
    (path, *_) = expand([FILES / CASES[kind].file], FILES)
    with Database() as db:
        db.run(load_sql("ingest", "json_paths"))
        raw = read_rows(db, path)
        known = recognise(db, raw.relation, Columns(raw.columns, raw.types), exports_of().values())
    assert known is not None and known.name == kind


def test_inspect_says_what_a_file_looks_like(desk: Desk) -> None:
    desk.file("ga4.ndjson", (FILES / "ga4.ndjson").read_bytes())
    seen = desk.call("inspect", "ga4.ndjson")
    assert 'kind = "ga4"' in seen.stdout
    assert "this looks like a GA4 BigQuery export" in seen.stderr


@pytest.mark.parametrize("kind", ["segment"])
def test_a_report_comes_of_one_file_and_two_commands(kind: str, desk: Desk) -> None:
    taken_in(desk, kind)
    assert desk.call("report", "build", "-o", "report").exit_code == 0
    assert (desk.root / "report" / "index.html").stat().st_size > 100_000


def test_every_kind_has_a_file_and_names_the_page_of_each_trap() -> None:
    kinds = exports_of()
    assert kinds.keys() == CASES.keys()
    for export in kinds.values():
        assert export.trap
        assert export.signs.columns or export.signs.width
        assert all(t.url.startswith("https://") for t in export.trap)


def test_not_set_is_nothing_in_a_ga4_export(desk: Desk) -> None:
    taken_in(desk, "ga4")
    assert desk.sql("event, campaign, ga_session_id", "event_at, recorded_row") == [
        ("session_start", "(organic)", "77"),
        ("page_view", None, "77"),
        ("add_to_cart", "(organic)", None),
        ("purchase", "(organic)", None),
    ]


def test_what_a_source_says_comes_before_its_kind(desk: Desk) -> None:
    desk.file(
        "journeys.toml",
        '[[source]]\nkind = "segment"\npath = "calls.ndjson"\n[source.columns]\nvalue = "properties.total"\nchannel = ""\n'
        "[sessions]\npassive = []\n",
    )
    desk.file("calls.ndjson", (FILES / "segment.ndjson").read_bytes())
    desk.rows("ingest")
    assert desk.sql("max(value), count(*)", "1") == [(2590, 7)]
    assert desk.sql("count(channel)", "1") == [(0,)]
    assert sum(s["events"] for s in desk.rows("sessions")) == 7
    origins = {r["key"]: r["origin"] for r in desk.rows("config", "show", "--origin")}
    assert origins["source[1].columns.event_at.column"] == "kind segment"
    assert origins["source[1].columns.value.column"] == "journeys.toml"


def test_a_kind_is_written_into_the_project_and_changed_there(desk: Desk) -> None:
    assert desk.call("kinds", "segment", "--write").exit_code == 0
    file = desk.root / "exports" / "segment.toml"
    assert desk.call("kinds", "segment").stdout == file.read_text()
    file.write_text(file.read_text().replace('"properties.revenue", ', ""))
    assert next(r for r in desk.rows("kinds") if r["kind"] == "segment")["own"]
    taken_in(desk, "segment")
    assert desk.sql("max(value)", "1") == [(2590,)]
    again = desk.call("kinds", "segment", "--write")
    assert again.exit_code == 2 and "is there already" in again.stderr


def test_a_person_adds_a_kind_without_python(desk: Desk) -> None:
    desk.file(
        "exports/till.toml",
        'title = "till file"\ndocumentation = "https://till.example/"\npassive = ["open"]\n[signs]\ncolumns = [["Bon", "Karte", "Art"]]\n'
        '[source]\ndelimiter = ";"\n[source.columns]\nevent_at = "Zeit"\nevent = { column = "Art", names = { V = "purchase" } }\n'
        'customer_id = "Karte"\n[roles]\npurchase = ["purchase"]\n',
    )
    desk.file("till.csv", "Bon;Karte;Art;Zeit\n1;k1;V;2024-05-01 10:00\n2;k1;open;2024-05-01 11:00\n")
    assert 'kind = "till"' in desk.call("inspect", "till.csv").stdout
    desk.rows("ingest", "--kind", "till", "till.csv")
    assert desk.sql("event, customer_id, source") == [("open", "k1", "till"), ("purchase", "k1", "till")]
    assert sum(s["events"] for s in desk.rows("sessions")) == 1


@pytest.mark.parametrize(
    "file, word",
    [
        ('title = "x"\ndocumentation = "y"\nsource = { colums = {} }', 'has no key "colums". Did you mean "columns"?'),
        ('title = "x"\ndocumentation = "y"\nsings = {}', 'a kind has no key "sings". Did you mean "signs"?'),
        ('title = "x"', 'exports/own.toml: needs the key "documentation"'),
        ("title = ", "exports/own.toml: Invalid value"),
    ],
)
def test_a_file_of_a_kind_that_makes_no_sense_says_so(file: str, word: str, desk: Desk) -> None:
    desk.file("exports/own.toml", file)
    desk.file("a.csv", "a,b\n1,2\n")
    found = desk.call("ingest", "--kind", "own", "a.csv")
    assert found.exit_code == 2 and word in found.stderr and "own" in found.stderr


def test_an_unknown_kind_names_the_near_one(desk: Desk) -> None:
    desk.file("a.csv", "a,b\n1,2\n")
    found = desk.call("ingest", "--kind", "segmnet", "a.csv")
    assert found.exit_code == 2 and 'Did you mean "segment"?' in found.stderr


def lines(kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FILES / CASES[kind].file).read_text().splitlines()]


def test_a_column_that_the_vendor_renamed_is_named_with_the_near_one(desk: Desk) -> None:
    renamed = [{{"event_timestamp": "event_timestmp"}.get(k, k): v for k, v in row.items()} for row in lines("ga4")]
    desk.file("ga4.ndjson", "\n".join(map(json.dumps, renamed)))
    found = desk.call("ingest", "--kind", "ga4", "ga4.ndjson")
    assert found.exit_code == 2
    assert "event_at (event_timestamp)" in found.stderr
    assert "event_timestamp may be called event_timestmp here" in found.stderr
    assert "It is part of one: event_name, user_pseudo_id, event_params are there, event_timestamp not" in found.stderr


def test_of_two_kinds_in_one_folder_the_other_one_is_set_aside_by_its_name(desk: Desk) -> None:
    for kind in ("ga4", "segment"):
        desk.file(f"in/{CASES[kind].file}", (FILES / CASES[kind].file).read_bytes())
    desk.file("journeys.toml", '[[source]]\nname = "web"\nkind = "ga4"\npath = "in/*.ndjson"\n')
    found = desk.call("ingest")
    assert found.exit_code == 4
    assert "segment.ndjson: as a GA4 BigQuery export it would hold" in found.stderr
    assert 'It looks like a Segment export: kind = "segment"' in found.stderr
    assert desk.sql("count(*)", "1") == [(4,)]


def test_a_file_of_a_source_that_is_read_otherwise_is_refused(desk: Desk) -> None:
    desk.file("journeys.toml", '[[source]]\nname = "web"\npath = "*.ndjson"\n')
    desk.file("segment.ndjson", (FILES / "segment.ndjson").read_bytes())
    found = desk.call("ingest", "--kind", "segment", "segment.ndjson")
    assert found.exit_code == 2 and '[[source]] "web"' in found.stderr
