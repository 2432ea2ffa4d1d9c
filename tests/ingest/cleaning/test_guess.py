"""Guesses: a guess is refused, with what to choose, where it could be wrong at a cost; a safe one is made."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.cleaning.guess import Guess, guess
from ingest.cleaning.guess_needed import share
from ingest.cleaning.mapping import Field, SourceMapping
from ingest.cleaning.well_known import plain
from ingest.errors import ConfigError
from ingest.guess_file import guess_file
from ingest.readers.sources import ReadOptions

EUROS = SourceMapping(currency="EUR")


@pytest.fixture
def made(tmp_path: Path):
    """What is guessed of a file with these lines."""

    def made(*lines: str, name: str = "log.csv", **how) -> Guess:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return guess_file(path, ReadOptions(), name, **how)[0]

    return made


def columns(made: Guess) -> dict[str, str]:
    return {target: f.columns[0] for target, f in made.fields.items() if f.columns}


@pytest.mark.parametrize("name", ["User ID", "userId", "USER_ID", "user-id", "$user_id", "UserID"])
def test_names_are_compared_without_case_space_hyphen_and_underscore(name):
    assert columns(guess([name, "eventTime", "Event Name"])) == {
        "event_at": "eventTime",
        "event": "Event Name",
        "customer_id": name,
    }


def test_what_plain_leaves_apart():
    assert plain("Event-Time ") == "eventtime" != plain("event.time")


@pytest.mark.parametrize(
    "names, expected",
    [
        (["user_id", "timestamp", "event"], {"event_at": "timestamp", "event": "event", "customer_id": "user_id"}),
        (
            ["event_at", "time", "event", "name", "uuid"],
            {"event_at": "event_at", "event": "event", "customer_id": "uuid"},
        ),
        (["anonymous_id", "ts", "type"], {"event_at": "ts", "event": "type", "anonymous_id": "anonymous_id"}),
        (
            ["uuid", "distinct_id", "event", "timestamp"],
            {"event_at": "timestamp", "event": "event", "customer_id": "distinct_id", "event_id": "uuid"},
        ),
    ],
)
def test_a_guess_takes_the_well_known_names(names, expected):
    assert columns(guess(names)) == expected


def test_a_log_of_urls_is_guessed_as_page_views():
    assert guess(["uuid", "timestamp", "url"]).fields["event"] == Field(constant="page_view")


@pytest.mark.parametrize(
    "names, message",
    [
        (
            ["user", "timestamp", "created_at", "event"],
            "several columns could be event_at: timestamp, created_at. Choose one with --map event_at=timestamp",
        ),
        (
            ["user_id", "customer_id", "ts", "event"],
            "several columns could be customer_id: customer_id, user_id. Choose one with --map customer_id=customer_id",
        ),
        (["user", "ts", "action", "type"], "several columns could be event: action, type"),
        (["user", "date", "time", "event"], "Read both as event_at with --map event_at=date+time"),
        (["a", "b", "c"], "cannot tell which column is event_at or event or customer_id; the columns are a, b, c"),
        (
            ["user", "what", "when"],
            "cannot tell which column is event_at or event; the columns are user, what, when. Say it with --map event_at=COLUMN",
        ),
        (["user", "ts", "what"], "If every row is the same event, name it: --map \"event='purchase'\""),
    ],
)
def test_a_guess_that_is_ambiguous_says_what_to_choose(names, message):
    with pytest.raises(ConfigError) as caught:
        guess(names)
    assert message in str(caught.value)


def test_two_candidates_that_say_the_same_in_every_row_leave_no_doubt(made):
    assert (
        columns(made("user_id,customer_id,ts,event", "a,a,2026-01-01,x", "b,b,2026-01-02,x"))["customer_id"]
        == "customer_id"
    )
    with pytest.raises(ConfigError, match="several columns could be customer_id"):
        made("user_id,customer_id,ts,event", "a,a,2026-01-01,x", "b,c,2026-01-02,x")


def test_an_empty_column_is_no_candidate(made):
    found = columns(made("user_id,customer_id,ts,event", ",a,2026-01-01,x", ",b,2026-01-02,x"))
    assert found["customer_id"] == "customer_id"


def test_what_is_said_is_not_asked(made):
    lines = ("user_id,customer_id,ts,event", "a,a,2026-01-01,x", "b,c,2026-01-02,x")
    found = made(*lines, given={"customer_id": Field(columns=("user_id",))})
    assert columns(found) == {"event_at": "ts", "event": "event"}


def test_a_customer_column_that_is_different_in_nearly_every_row_is_refused_with_what_to_choose(made):
    rows = [f"id{i},2026-01-01 10:00:{i:02},view" for i in range(20)]
    with pytest.raises(
        ConfigError, match=r"user_id is different in nearly every row \(20 in 20\).* --map customer_id=user_id"
    ):
        made("user_id,ts,event", *rows)
    again = [f"id{i % 15},2026-01-01 10:00:{i:02},view" for i in range(20)]
    assert columns(made("user_id,ts,event", *again))["customer_id"] == "user_id"


def test_a_few_customers_with_one_event_each_are_no_reason_to_doubt_but_a_uuid_is(made):
    rows = [f"id{i},2026-01-01 10:00:{i:02},view" for i in range(4)]
    assert columns(made("user_id,ts,event", *rows))["customer_id"] == "user_id"
    with pytest.raises(ConfigError, match="uuid is different in nearly every row"):
        made("uuid,ts,event", *rows)
    repeated = ["a,2026-01-01,x", "a,2026-01-02,x", "b,2026-01-02,x"]
    assert columns(made("uuid,ts,event", *repeated)) == {"event_at": "ts", "event": "event", "customer_id": "uuid"}


def test_a_mostly_empty_column_is_never_the_event(made):
    rows = ["a,2026-01-01,,view", "a,2026-01-02,click,cart", "b,2026-01-02,,buy"]
    found = made("user,ts,event,event_type", *rows)
    assert columns(found)["event"] == "event_type"
    assert found.notes == ("the column event is not taken as event: it is empty in 67 % of the rows",)


def test_an_order_s_number_is_never_an_event_name(made):
    with pytest.raises(
        ConfigError,
        match=r"cannot tell which column is event;.*it holds numbers, as orders have them.*event='purchase'",
    ):
        made("Name,User,Created at", "#1001,ann,2026-01-01", "#1001,ann,2026-01-01", "#1002,bob,2026-01-02")


def test_a_day_and_a_time_of_day_are_asked_for_as_such(made):
    with pytest.raises(ConfigError, match=r"date is a day and time a time of day\. .*--map event_at=date\+time"):
        made("user_id,event,date,time", "a,view,2024-03-05,10:15:30", "a,buy,2024-03-05,10:16:30")
    with pytest.raises(ConfigError, match=r"--map 'event_at=Event Date\+Event Time'"):
        made("user_id,event,Event Date,Event Time,birthday", "a,view,05.03.2024,10:15,2000-01-01")
    with pytest.raises(ConfigError, match=r"time holds times of day.*--map event_at=DAY\+time"):
        made("user_id,event,time", "a,view,10:15:30")


def test_a_time_of_day_beside_a_whole_time_is_passed_over(made):
    found = made("user_id,event,date,time,timestamp", "a,view,2024-03-05,10:15:30,2024-03-05 10:15:30")
    assert columns(found)["event_at"] == "timestamp"


def test_a_counter_is_never_the_event_id_where_a_row_s_own_id_is_beside_it(made):
    found = made(
        '{"event_type":"Signup","event_time":"2026-07-01 10:30:00","event_id":1,"user_id":"u1","$insert_id":"e1"}',
        '{"event_type":"Page View","event_time":"2026-07-01 12:31:00","event_id":1,"user_id":"u1","$insert_id":"e2"}',
        name="amp.ndjson",
    )
    assert columns(found)["event_id"] == "$insert_id"
    assert not found.notes


def test_an_event_id_that_one_customer_repeats_with_other_content_is_dropped_with_a_word(made):
    rows = ["u1,1,view,2026-01-01 10:00:00", "u1,1,view,2026-01-01 10:01:00", "u1,3,purchase,2026-01-01 10:05:00"]
    found = made("user_id,event_id,event_name,event_time", *rows)
    assert "event_id" not in found.fields
    assert found.notes == (
        "the column event_id is not taken as event_id: 1 of its rows repeat one of their customer's with other content "
        "(a type, a counter?); --map event_id=event_id takes it all the same",
    )


def test_an_event_id_is_taken_where_its_copies_are_the_same_or_differ_by_a_load_stamp_alone(made):
    rows = [
        "u1,1,view,2026-01-01,mon",
        "u1,1,view,2026-01-01,tue",
        "u2,1,view,2026-01-01,tue",
        "u1,2,view,2026-01-02,tue",
    ]
    assert columns(made("user_id,event_id,event,ts,_loaded_at", *rows))["event_id"] == "event_id"
    assert columns(made("user_id,event_id,event,ts,ingested", *rows))["event_id"] == "event_id"
    assert "event_id" not in made("user_id,event_id,event,ts,weekday", *rows).fields


@pytest.mark.parametrize(
    "target, column, cell", [("value", "value", "lead"), ("price", "Unit Price", "soon"), ("quantity", "qty", "1.5")]
)
def test_a_guessed_number_is_dropped_with_a_word_where_a_filled_cell_of_it_is_no_number(made, target, column, cell):
    found = made(f"user,ts,event,{column}", "a,2026-01-01,x,", "a,2026-01-02,x,1", f"a,2026-01-03,x,{cell}")
    assert target not in found.fields
    assert f"the column {column} is not taken as {target}: 1 of its cells is not a number ({cell})" in found.notes[0]
    assert target in made(f"user,ts,event,{column}", "a,2026-01-01,x,", "a,2026-01-02,x,1").fields


def test_of_two_numbers_the_one_that_is_a_number_is_taken(made):
    assert columns(made("user,ts,event,value,revenue", "a,2026-01-01,x,lead,1.50"))["value"] == "revenue"


def test_money_is_taken_with_the_currency_beside_it_or_not_at_all(made):
    found = made("user,ts,event,value,currency", "a,2026-01-01,x,10,EUR", "a,2026-01-02,x,10,JPY", mapping=EUROS)
    assert columns(found)["currency"] == "currency"
    assert found.notes == ("rows in another currency than EUR: 1, quarantined as unknown_currency",)
    found = made("user,ts,event,value,currency", "a,2026-01-01,x,10,US Dollar", "a,2026-01-02,x,10,EUR")
    assert not {"value", "currency"} & found.fields.keys()
    assert "--map value=value takes it as one currency" in found.notes[0]


def test_columns_that_the_store_has_a_name_for_are_mapped_and_their_bots_are_told(made):
    head = "user,ts,event,channel,page_url,Referer,User Agent,client_ip,sku,orderId"
    rows = ["a,2026-01-01,x,mail,/a,r,Mozilla/5.0 (X11; Linux) Firefox/140.0,192.0.2.1,s1,o1"] * 3
    found = made(head, *rows, "b,2026-01-01,x,mail,/a,r,Googlebot/2.1,192.0.2.2,s1,o2")
    assert list(found.fields)[3:] == ["channel", "url", "referrer", "user_agent", "ip", "order_id", "item_id"]
    assert found.notes == ("25 % of the user agents are bots (1 of 4 rows): those rows are quarantined",)


def test_a_guess_is_taken_back(made):
    assert "value" not in made("user,ts,event,value", "a,2026-01-01,x,1", refused={"value"}).fields


def test_a_large_file_is_judged_by_its_first_lines(made, monkeypatch):
    monkeypatch.setattr("ingest.guess_file.LOOKED_AT", 60)
    lines = ["user,ts,event,value", "a,2026-01-01,x,1", "a,2026-01-02,x,2", "a,2026-01-03,x,none"]
    assert "value" in made(*lines).fields
    monkeypatch.setattr("ingest.guess_file.LOOKED_AT", 90)
    assert "value" not in made(*lines).fields


def test_a_large_parquet_file_is_judged_by_blocks_from_its_start_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.guess_file.ROWS", 8)
    monkeypatch.setattr("ingest.guess_file.BLOCK", 2)
    ids = pa.array(["a", "b"] * 10)
    for bad, mapped in ((5, True), (18, False)):  # blocks of two rows begin at 0, 6, 12 and 18
        value = pa.array(["1" if i != bad else "none" for i in range(20)])
        table = pa.table({"user": ids, "ts": pa.array(["2026-01-01"] * 20), "event": ids, "value": value})
        pq.write_table(table, tmp_path / "e.parquet")
        found, _ = guess_file(tmp_path / "e.parquet", ReadOptions(), "e.parquet")
        assert ("value" in found.fields) == mapped
        assert "guessed by a part of it, 2 rows of every 6" in found.notes[-1]


def test_a_header_without_rows_is_guessed_by_its_names(made):
    assert set(columns(made("user_id,event_id,ts,event,value"))) == {
        "customer_id",
        "event_at",
        "event",
        "event_id",
        "value",
    }


@pytest.mark.parametrize(
    "part, text", [(0, "0 %"), (1, "less than 1 %"), (120, "12 %"), (999, "99 %"), (1000, "100 %")]
)
def test_a_share_is_never_rounded_to_nothing_or_all(part, text):
    assert share(part, 1000) == text
