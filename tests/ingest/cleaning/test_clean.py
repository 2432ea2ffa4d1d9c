"""Rows: accepted, duplicate, quarantined - each rule of SEMANTICS on a handful of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cleaning.clean import Limits
from ingest.cleaning.mapping import Field
from ingest.database import Database, load_sql
from ingest.errors import ConfigError
from ingest.schema import EVENTS, REASONS
from tests.cases import cases
from tests.filling import COLUMNS, Filling

AS_OF = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Filling:
    return Filling(tmp_path)


# --- Accounting ----------------------------------------------------------------------------------------------------


def test_a_row_with_several_faults_gets_the_first_reason_in_list_order(shop):
    everything = {**COLUMNS, "value": "v", "currency": "cur", "user_agent": "ua"}
    book = shop.csv(
        ",,nonsense,x,GBP,Googlebot/2.1",
        "staff,,nonsense,x,GBP,Googlebot/2.1",
        "staff,buy,nonsense,x,GBP,Googlebot/2.1",
        "staff,buy,1989-12-31,x,GBP,Googlebot/2.1",
        "staff,buy,2026-01-10,x,GBP,Googlebot/2.1",
        "staff,buy,2026-01-10,1,GBP,Googlebot/2.1",
        "staff,buy,2026-01-10,1,EUR,Googlebot/2.1",
        "staff,buy,2026-01-10,1,EUR,",
        "ann,buy,2026-01-10,1,EUR,",
        "ann,buy,2026-01-20,1,EUR,",
        "ann,buy,2026-01-20",
        header="who,what,at,v,cur,ua",
        columns=everything,
        currency="EUR",
        excluded=({"customer_id": "staff*"},),
        limits=Limits(as_of=AS_OF, newest_day="2026-01-20"),
    )
    assert shop.bad("reason") == [*REASONS[1:], "unreadable_row"]
    assert (book.rows, book.accepted, book.duplicates, sum(book.quarantined.values())) == (11, 1, 0, 10)


def test_a_blank_id_is_missing(shop):
    blanks = ["", " ", "   ", "\t", "\u00a0", "\u3000 ", '"\n"', "\x1f"]
    assert shop.csv(*(f"{blank},2026-01-15,a" for blank in blanks)).quarantined == {"missing_customer": len(blanks)}


def test_an_id_keeps_the_blanks_around_it_and_its_leading_zeros(shop):
    shop.csv(
        " ann ,2026-01-15 01:00,a",
        "13090.0,2026-01-15 02:00,a",
        "007,2026-01-15 03:00,a",
        "1e3,2026-01-15 04:00,a",
        "nully,2026-01-15 05:00,a",
    )
    assert shop.events("customer_id") == [" ann ", "13090.0", "007", "1e3", "nully"]
    assert len(set(shop.events("customer_key"))) == 5


def test_one_id_of_any_kind_is_enough(shop):
    columns = {**COLUMNS, "anonymous_id": "cookie"}
    book = shop.csv(
        "ann,,2026-01-15,a",
        ",x1,2026-01-15,a",
        "ann,x1,2026-01-15,a",
        " ,,2026-01-15,a",
        header="who,cookie,at,what",
        columns=columns,
    )
    assert (book.accepted, book.quarantined) == (3, {"missing_customer": 1})


def test_known_and_anonymous_ids_never_collide(shop):
    shop.csv(
        "x,,2026-01-15,a", ",x,2026-01-15,b", header="who,cookie,at,what", columns={**COLUMNS, "anonymous_id": "cookie"}
    )
    assert len(set(shop.events("customer_key"))) == 2


def test_an_event_without_a_name_is_missing_but_a_blank_name_is_a_name(shop):
    book = shop.csv("ann,2026-01-15,", "ann,2026-01-15, ")
    assert (book.accepted, book.quarantined) == (1, {"missing_event": 1})
    assert shop.events("event") == [" "]


def test_time_ranges_from_1990_to_a_day_after_as_of_inclusive(shop):
    expected = {
        "1990-01-01": None,
        "1989-12-31T23:59:59.999999Z": "timestamp_out_of_range",
        "2026-02-01": None,
        "2026-02-01T00:00:00.000001": "timestamp_out_of_range",
        "57971-05-03": "timestamp_out_of_range",
        "": "bad_timestamp",
        "   ": "bad_timestamp",
        "yesterday": "bad_timestamp",
        "2026-02-30": "bad_timestamp",
        "infinity": "bad_timestamp",
        "nan": "bad_timestamp",
    }
    shop.csv(*(f"ann,{at},{i}" for i, at in enumerate(expected)), limits=Limits(as_of=AS_OF))
    found = {json.loads(raw)["what"]: reason for raw, reason in shop.bad("raw", "reason")}
    assert {at: found.get(str(i)) for i, at in enumerate(expected)} == expected


@pytest.mark.parametrize("at, reason", [("2100-01-01", None), ("2100-01-01T00:00:01Z", "timestamp_out_of_range")])
def test_without_as_of_time_ranges_to_2100(shop, at, reason):
    assert shop.csv(f"ann,{at},a").quarantined == ({reason: 1} if reason else {})


def test_quarantine_tells_the_value_the_line_and_the_row(shop):
    shop.csv("ann,2026-01-15,a", "ann,soon,a", 'bob,"x', "ann,2026-01-15,b,c")
    assert shop.bad("record", "line", "reason", "detail", "raw") == [
        (2, 3, "bad_timestamp", "soon", '{"who":"ann","at":"soon","what":"a"}'),
        (3, 4, "unreadable_row", "a quote is opened and never closed", 'bob,"x'),
        (4, 5, "unreadable_row", "4 fields where the header has 3", "ann,2026-01-15,b,c"),
    ]


def test_where_a_record_spans_lines_its_number_is_told_instead_of_its_line(shop):
    shop.csv('ann,2026-01-15,"a\nb"', "ann,soon,a")
    assert shop.bad("record", "line") == [(2, None)]


def test_repeated_header_lines_are_rows_with_a_reason(shop):
    book = shop.csv("ann,2026-01-15,a", "who,at,what", "bob,2026-01-15,a")
    assert (book.rows, book.accepted, book.quarantined) == (3, 2, {"bad_timestamp": 1})


def test_late_rows_are_judged_by_the_day_and_only_where_asked(shop):
    lines = ["ann,2026-01-16T23:59,a", "ann,2026-01-17,a", "ann,2026-01-20,a"]
    assert shop.csv(*lines, limits=Limits(newest_day="2026-01-20")).quarantined == {"too_late": 1}
    assert shop.csv(*lines, "ann,2020-01-01,a", name="again.csv").quarantined == {}


# --- Numbers and money ---------------------------------------------------------------------------------------------


def test_what_is_no_finite_number_is_bad(shop):
    texts = ["inf", "-Infinity", "1.2.3", "0x10", "1e", "--1", "1e30", "true"]
    book = shop.csv(
        *(f"ann,2026-01-15,a,{text}" for text in texts), header="who,at,what,v", columns={**COLUMNS, "value": "v"}
    )
    assert book.quarantined == {"bad_number": len(texts)}
    assert shop.bad("detail") == ["value = " + text.strip('"') for text in texts]


def test_money_is_rounded_half_to_even_in_minor_units(shop):
    expected = {
        "": None,
        "0": 0,
        "1": 100,
        "1.5": 150,
        " 2.50 ": 250,
        "\t3": 300,
        ".5": 50,
        "5.": 500,
        "+5": 500,
        "1e3": 100_000,
        "-19.99": -1_999,
        "0.005": 0,
        "0.015": 2,
        "0.025": 2,
        "0.0250001": 3,
        "0.02500000000001": 3,
        "12.344999999999": 1_234,
        "-0.005": 0,
        "-0.015": -2,
        "-0.025": -2,
        "-0.035": -4,
        "-0.0251": -3,
        "99999999999999.99": 9_999_999_999_999_999,
    }
    shop.csv(
        *(f"n{i},2026-01-15,a,{text}" for i, text in enumerate(expected)),
        header="who,at,what,v",
        columns={**COLUMNS, "value": "v"},
    )
    found = dict(shop.events("customer_id", "value"))
    assert {text: found.get(f"n{i}", "?") for i, text in enumerate(expected)} == expected


@pytest.mark.parametrize("currency, minor", [("EUR", 123_457), ("JPY", 1_235), ("KWD", 1_234_568), (None, 123_457)])
def test_minor_units_are_those_of_the_currency(shop, currency, minor):
    shop.csv("ann,2026-01-15,a,1234.5675", header="who,at,what,v", columns={**COLUMNS, "value": "v"}, currency=currency)
    assert shop.events("value") == [minor]


def test_quantity_counts_whole_pieces(shop):
    expected = {"6": 6, "6.0": 6, "-2": -2, "": None, "0": 0}
    shop.csv(
        *(f"n{i},2026-01-15,a,{text}" for i, text in enumerate(expected)),
        header="who,at,what,q",
        columns={**COLUMNS, "quantity": "q"},
    )
    assert dict(shop.events("customer_id", "quantity")) == {
        f"n{i}": pieces for i, pieces in enumerate(expected.values())
    }


def test_half_a_piece_is_no_quantity(shop):
    book = shop.csv("ann,2026-01-15,a,1.5", header="who,at,what,q", columns={**COLUMNS, "quantity": "q"})
    assert book.quarantined == {"bad_number": 1}


def test_a_declared_currency_needs_no_column_of_money(shop):
    assert shop.csv("ann,2026-01-15,a", header="who,at,what", columns=COLUMNS, currency="EUR").accepted == 1


def test_rows_in_another_currency_are_quarantined_and_none_means_the_declared_one(shop):
    columns = {**COLUMNS, "value": "v", "currency": "c"}
    book = shop.csv(
        "ann,2026-01-15,a,1,EUR",
        "ann,2026-01-15,b,1, eur ",
        "ann,2026-01-15,c,1,",
        "ann,2026-01-15,d,1,USD",
        header="who,at,what,v,c",
        columns=columns,
        currency="EUR",
    )
    assert (book.accepted, book.quarantined) == (3, {"unknown_currency": 1})


# --- Exclusion -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entries, left",
    [
        (({"customer_id": "test-*"},), ["ann", "Test-3"]),
        (({"customer_id": "?est-[12]"},), ["Test-3", "ann"]),
        (({"customer_id": "test-*", "event": "b"},), ["ann", "test-1", "Test-3"]),
        (({"event": "b"}, {"customer_id": "ann"}), ["test-1", "Test-3"]),
        (({"mail": "*@shop.example"},), ["ann", "test-1", "test-2"]),
        (({"nobody_has_this": "*"},), ["ann", "test-1", "test-2", "Test-3"]),
    ],
)
def test_an_exclude_entry_needs_all_of_its_globs(shop, entries, left):
    shop.csv(
        "ann,2026-01-15,a,",
        "test-1,2026-01-15,a,x@y.example",
        "test-2,2026-01-15,b,",
        "Test-3,2026-01-15,a,me@shop.example",
        header="who,at,what,mail",
        excluded=entries,
    )
    assert sorted(shop.events("customer_id")) == sorted(left)


# --- Duplicates ----------------------------------------------------------------------------------------------------

ID = {**COLUMNS, "event_id": "id"}
ID_HEADER = "id,who,at,what"


def test_equal_rows_are_one_event(shop):
    book = shop.csv("ann,2026-01-15,a", "ann,2026-01-15,a", "ann,2026-01-15,a", "bob,2026-01-15,a")
    assert (book.rows, book.accepted, book.duplicates, book.conflicting) == (4, 2, 2, 0)
    assert shop.events("customer_id", "duplicates", "variants") == [("ann", 2, None), ("bob", 0, None)]


def test_columns_that_nobody_mapped_count_as_content(shop):
    book = shop.csv("ann,2026-01-15,a,red", "ann,2026-01-15,a,blue", "ann,2026-01-15,a,", header="who,at,what,colour")
    assert (book.accepted, book.duplicates) == (3, 0)


def test_empty_is_missing_in_content_too_and_the_order_of_columns_does_not_matter(shop):
    shop.csv("ann,2026-01-15,a,", header="who,at,what,colour")
    assert shop.csv("a,ann,2026-01-15", name="b.csv", header="what,who,at").duplicates == 1
    assert (
        shop.take(shop.file("c.ndjson", '{"at":"2026-01-15","who":"ann","what":"a","colour":null}\n'))
        .accounting["events"]
        .duplicates
        == 1
    )


def test_values_that_swap_columns_are_other_content(shop):
    columns = {**COLUMNS, "order_id": "x"}
    assert (
        shop.csv(
            "ann,2026-01-15,a,b,c",
            "ann,2026-01-15,a,c,b",
            "ann,2026-01-15,a,b,b",
            "ann,2026-01-15,a,c,c",
            header="who,at,what,x,y",
            columns=columns,
        ).accepted
        == 4
    )


def test_the_smallest_time_and_recorded_order_is_kept(shop):
    shop.csv(
        "1,ann,2026-01-15T12:00,late",
        "1,ann,2026-01-15T09:00,early",
        "1,ann,2026-01-15T09:00,early too",
        header=ID_HEADER,
        columns=ID,
    )
    assert shop.events("event", "duplicates") == [("early", 2)]


def test_copies_with_other_content_are_counted_apart(shop):
    book = shop.csv(
        "1,ann,2026-01-15,a",
        "1,ann,2026-01-15,b",
        "1,ann,2026-01-15,b",
        "1,ann,2026-01-15,a",
        header=ID_HEADER,
        columns=ID,
    )
    assert (book.accepted, book.duplicates, book.conflicting) == (1, 3, 2)
    (variants,) = shop.events("variants")
    assert [v["rows"] for v in variants] == [2]


def test_a_row_without_an_event_id_falls_back_to_content(shop):
    book = shop.csv(
        ",ann,2026-01-15,a",
        ",ann,2026-01-15,a",
        ",ann,2026-01-15,b",
        "1,ann,2026-01-15,a",
        header=ID_HEADER,
        columns=ID,
    )
    assert (book.accepted, book.duplicates) == (3, 1)


def test_the_same_event_id_of_another_customer_or_on_another_utc_day_is_another_event(shop):
    book = shop.csv(
        "1,ann,2026-01-15T23:59,a",
        "1,ann,2026-01-16T00:00,a",
        "1,bob,2026-01-15T23:59,a",
        "1,ann,2026-01-16T00:30+01:00,a",
        header=ID_HEADER,
        columns=ID,
    )
    assert (book.accepted, book.duplicates, book.conflicting) == (3, 1, 1)


@pytest.mark.parametrize("rule, accepted", [("event_id", 2), ("content", 3), ("off", 4), (None, 2)])
def test_the_duplicate_rule_is_that_of_the_source(shop, rule, accepted):
    book = shop.csv(
        "1,ann,2026-01-15,a",
        "1,ann,2026-01-15,a",
        "1,ann,2026-01-15,b",
        "2,ann,2026-01-15,a",
        header=ID_HEADER,
        columns=ID,
        deduplicate=rule,
    )
    assert (book.accepted, book.duplicates) == (accepted, 4 - accepted)


def test_the_later_arriving_row_is_the_duplicate_of_its_run_even_where_it_is_the_one_kept(shop):
    first = shop.csv("1,ann,2026-01-15T12:00,second", name="b.csv", header=ID_HEADER, columns=ID)
    second = shop.csv("1,ann,2026-01-15T09:00,first", name="a.csv", header=ID_HEADER, columns=ID)
    assert (first.accepted, first.duplicates) == (1, 0)
    assert (second.accepted, second.duplicates, second.conflicting) == (0, 1, 1)
    assert shop.events("event", "duplicates") == [("first", 1)]


def test_sources_do_not_find_duplicates_in_each_other(shop):
    shop.csv("ann,2026-01-15,a", name="a.csv")
    assert shop.csv("ann,2026-01-15,a,", name="b.csv", header="who,at,what,extra").duplicates == 1
    other = shop.take(shop.file("c.csv", "who,at,what,more\nann,2026-01-15,a,\n"), name="other")
    assert other.accounting["other"].accepted == 1
    assert sorted(shop.events("source", "duplicates")) == [("events", 1), ("other", 0)]


def test_quarantine_is_judged_before_duplicates(shop):
    book = shop.csv("ann,never,a", "ann,never,a")
    assert (book.duplicates, book.quarantined) == (0, {"bad_timestamp": 2})


# --- Instants ------------------------------------------------------------------------------------------------------


def test_times_are_read_as_iso_with_or_without_offset_and_as_epoch_numbers(shop):
    expected = {
        "2026-01-15": "2026-01-15T00:00:00",
        "2026-01-15 10:30": "2026-01-15T10:30:00",
        "2026-01-15T10:30:15": "2026-01-15T10:30:15",
        "2026-01-15T10:30:15.123456Z": "2026-01-15T10:30:15.123456",
        "2026-01-15 10:30:15.5": "2026-01-15T10:30:15.500000",
        "2026-01-15T10:30:15z": "2026-01-15T10:30:15",
        " 2026-01-15T10:30:15\u00a0": "2026-01-15T10:30:15",
        "2026-01-15 10:30:15 UTC": "2026-01-15T10:30:15",
        "2026-01-15T10:30:15+02:00": "2026-01-15T08:30:15",
        "2026-01-15T10:30:15-0530": "2026-01-15T16:00:15",
        "2026-01-15T10:30:15+02": "2026-01-15T08:30:15",
        "2026-01-15 10:30:15+00:00": "2026-01-15T10:30:15",
        "20260115": "2026-01-15T00:00:00",
        "20260115103015": "2026-01-15T10:30:15",
        "20260115T103015Z": "2026-01-15T10:30:15",
        "20260115T1030": "2026-01-15T10:30:00",
        "2026/1/5": "2026-01-05T00:00:00",
        "1768473015": "2026-01-15T10:30:15",
        "1768473015.25": "2026-01-15T10:30:15.250000",
        "1768473015250": "timestamp_out_of_range",  # most numbers of the column are seconds
        "1768473015250001": "timestamp_out_of_range",  # most numbers of the column are seconds
        "1768473015250001999": "timestamp_out_of_range",  # most numbers of the column are seconds
        "1.768473015e9": "2026-01-15T10:30:15",
        "2026-01-15T24:00:00": "2026-01-16T00:00:00",
        "2026-13-01": "bad_timestamp",
        "15.01.2026": "bad_timestamp",
        "99999999999999999999": "timestamp_out_of_range",
        "-1": "timestamp_out_of_range",
        "0": "timestamp_out_of_range",
        "epoch": "bad_timestamp",
        "now": "bad_timestamp",
        "today": "bad_timestamp",
        "2026-01-15 25:00": "bad_timestamp",
        "2026-01-15T10:30:15 Europe/Berlin": "2026-01-15T09:30:15",
        "2026-01-15 10:30:15 PM": "bad_timestamp",
        "2026-01-15 10:30:15 foo": "bad_timestamp",
        "2026-01-15T": "bad_timestamp",
    }
    shop.csv(*(f"n{i},{text},a" for i, text in enumerate(expected)))
    found = dict(shop.events("customer_id", "event_at")) | {
        json.loads(raw)["who"]: reason for raw, reason in shop.bad("raw", "reason")
    }
    assert {text: found[f"n{i}"] for i, text in enumerate(expected)} == expected


def test_epoch_numbers_have_one_unit_inferred_from_the_whole_column_never_from_its_first_row(shop):
    shop.csv("ann,1768473015,a", *(f"ann,{1768473015250 + i},b" for i in range(3)))
    assert shop.events("event", "event_at") == [("b", f"2026-01-15T10:30:15.25{i}000") for i in range(3)]
    assert shop.bad("reason") == ["timestamp_out_of_range"]  # read as milliseconds it lies in 1970


@pytest.mark.parametrize("number", [1768473015, 1768473015000, 1768473015000000, 1768473015000000000])
def test_a_column_of_one_unit_is_read_in_it(shop, number):
    shop.csv(f"ann,{number},a")
    assert shop.events("event_at") == ["2026-01-15T10:30:15"]


def fold_zero(wall: datetime, zone: str) -> datetime:
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    "zone, near",
    [
        ("Europe/Berlin", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25"),
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"),
        ("Australia/Lord_Howe", "2026-04-05"),
        ("Australia/Lord_Howe", "2026-10-04"),
        ("Asia/Kolkata", "2026-01-15"),
        ("Africa/Casablanca", "2026-02-15"),
        ("Pacific/Apia", "2011-12-30"),
        ("America/Santiago", "2026-04-05"),
    ],
)
def test_naive_times_are_read_in_the_zone_of_the_source_with_the_offset_before_the_change(shop, zone, near):
    start = datetime.fromisoformat(near) - timedelta(hours=6)
    walls = [start + timedelta(minutes=10 * i) for i in range(6 * 36)]
    shop.csv(*(f"n{i},{w.isoformat()},a" for i, w in enumerate(walls)), timezone=zone)
    found = dict(shop.events("customer_id", "event_at"))
    assert found == {f"n{i}": fold_zero(w, zone).isoformat() for i, w in enumerate(walls)}


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Asia/Tokyo"])
def test_a_time_that_no_zone_reaches_is_out_of_range_and_stops_nothing(shop, zone):
    times = ["294247-01-10 04:00:54.775806", "290309-12-22 (BC) 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59"]
    book = shop.csv("ann,2026-01-15 10:00,a", *(f"ann,{t},a" for t in times), timezone=zone)
    assert (book.accepted, book.quarantined) == (1, {"timestamp_out_of_range": 4})


def test_ambiguous_and_skipped_times_are_counted_as_warnings(shop):
    times = [
        "2026-10-25 01:59:59",
        "2026-10-25 02:00",
        "2026-10-25 02:59:59",
        "2026-10-25 03:00",
        "2026-10-25 02:30+02:00",
        "2026-03-29 01:59:59",
        "2026-03-29 02:00",
        "2026-03-29 02:30",
        "2026-03-29 02:59:59",
        "2026-03-29 03:00",
        "1774749600",
    ]
    loaded = shop.take(
        shop.file("log.csv", "who,at,what\n" + "".join(f"n{i},{t},a\n" for i, t in enumerate(times))),
        timezone="Europe/Berlin",
    )
    assert loaded.notes == (
        "events: the clocks of Europe/Berlin showed 2 of the times twice: the earlier offset was taken.",
        "events: the clocks of Europe/Berlin showed 3 of the times never: they were moved forward.",
    )


@pytest.mark.parametrize(
    "format, text, expected",
    [
        ("%d.%m.%Y %H:%M:%S", "15.01.2026 10:30:00", "2026-01-15T09:30:00"),
        ("%d/%b/%Y:%H:%M:%S %z", "15/Jan/2026:10:30:00 +0300", "2026-01-15T07:30:00"),
        ("%m/%d/%y", " 01/15/26 ", "2026-01-14T23:00:00"),
        ("%d.%m.%Y", "2026-01-15", None),
        ("%d'%m", "15'01", "out of range"),
    ],
)
def test_a_format_reads_naive_times_in_the_zone_and_offsets_as_they_are(shop, format, text, expected):
    columns = {**COLUMNS, "event_at": Field(columns=("at",), formats=(format,))}
    book = shop.csv(f"ann,{text},a", columns=columns, timezone="Europe/Berlin")
    if expected is None:
        assert book.quarantined == {"bad_timestamp": 1}
    elif expected == "out of range":
        assert book.quarantined == {"timestamp_out_of_range": 1}
    else:
        assert shop.events("event_at") == [expected]


PIECES = st.sampled_from([*"0123456789", "-", ":", ".", " ", "T", "Z", "+", "+01", "PM", "\u00a0", "é", "12", "2026"])
PLAIN = st.sampled_from(
    ["2026-01-15 10:30:15", "2026-01-15T10:30:15.5", "2026-10-25 02:30:00.123456", "2026-1-5 1:2:3"]
)
NEARLY = st.builds(
    lambda text, at, gone, piece: text[:at] + piece + text[at + gone :],
    PLAIN,
    st.integers(0, 26),
    st.integers(0, 3),
    PIECES,
)


@pytest.fixture(scope="module")
def macros() -> Iterator[Database]:
    with Database(threads=1) as db:
        db.run(load_sql("ingest", "macros"))
        yield db


@cases(20)
@given(texts=st.lists(PLAIN | NEARLY, min_size=50, max_size=50))
def test_a_time_that_is_quickly_read_is_what_the_long_way_makes_of_it(macros, texts):
    sql = """
        select t, plain_time(t)::varchar as wall, wall_clock_of(bare(t))::varchar as clock,
          instant_of(bare(t), 'UTC', 's')::timestamp::varchar as utc
        from texts where plain_time(t) is not null"""
    for row in macros.query(sql, texts=pa.table({"t": [*texts, "2026-01-15 10:30:15"]})).to_pylist():
        assert row["wall"] == row["utc"] == row["clock"], row["t"]


def test_the_times_that_most_logs_write_are_quickly_read(macros):
    texts = ["2026-01-15 10:30:15", "2026-01-15T10:30:15", "2026-01-15 10:30:15.5", "2026-01-15T10:30:15.123456"]
    (left,) = macros.rows(f"select count(*) from (select unnest({texts}) as t) where plain_time(t) is null")[0]
    assert left == 0


def test_parquet_instants_are_taken_as_they_are_and_naive_ones_in_the_zone(tmp_path):
    import pyarrow.parquet as pq

    wall = datetime.fromisoformat("2026-01-15T10:30")
    for kind, expected in (
        (pa.timestamp("us"), "2026-01-15T09:30:00"),
        (pa.timestamp("ms", "UTC"), "2026-01-15T10:30:00"),
        (pa.timestamp("us", "America/New_York"), "2026-01-15T10:30:00"),
        (pa.timestamp("ns", "UTC"), "2026-01-15T10:30:00"),
        (pa.timestamp("ns"), "2026-01-15T09:30:00"),
        (pa.date32(), "2026-01-14T23:00:00"),
    ):
        shop = Filling(tmp_path / str(kind).replace("/", "-"))
        at = (
            pa.array([wall, None], pa.timestamp("us")).cast(kind)
            if kind != pa.date32()
            else pa.array([wall.date(), None])
        )
        file = shop.file("log.parquet", b"")
        pq.write_table(pa.table({"who": ["ann", "bob"], "at": at, "what": ["a", "a"]}), file.path)
        book = shop.book(shop.take(file, timezone="Europe/Berlin"))
        assert (shop.events("event_at"), book.quarantined) == ([expected], {"bad_timestamp": 1}), kind


# --- The schema ----------------------------------------------------------------------------------------------------


def test_an_empty_span_has_the_columns_of_the_event_contract():
    with Database(threads=1) as db:
        db.run(load_sql("ingest", "empty_span"))
        assert db.query("select * from stored").schema.equals(EVENTS)


@pytest.mark.parametrize("target", ["event_at", "event"])
def test_a_mapping_without_time_or_event_is_refused(shop, target):
    columns = {t: c for t, c in COLUMNS.items() if t != target}
    with pytest.raises(ConfigError, match=f"maps no {target}; add {target} = "):
        shop.csv("ann,2026-01-15,a", columns=columns)
    assert not shop.store.exists
