"""Mapping without SQL: spellings, joins, JSON paths, constants, promoted columns - and names that look like SQL."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.cleaning.mapping import Columns, Field, SourceMapping, parse_field
from ingest.errors import ConfigError
from ingest.scan.extra_columns import ScanCount, opened
from ingest.scan.shards import scan_shard, shards
from tests.filling import COLUMNS, Filling


@pytest.fixture
def shop(tmp_path: Path) -> Filling:
    return Filling(tmp_path)


def properties(shop: Filling) -> list[dict[str, str] | None]:
    return [None if p is None else json.loads(p) for p in shop.events("properties")]


def test_of_several_spellings_the_first_that_is_not_empty_wins(shop):
    columns = {**COLUMNS, "customer_id": "client_id|clientId|nobody"}
    shop.csv(
        "ann,,1,a",
        ",bob,2,a",
        "cy,dan,3,a",
        header="client_id,clientId,n,what",
        columns={**columns, "event_at": "'2026-01-15'"},
    )
    assert shop.events("customer_id") == ["ann", "bob", "cy"]
    assert properties(shop) == [{"n": "1"}, {"n": "2"}, {"n": "3"}]  # every spelling is taken


def test_spellings_may_be_missing_in_a_file_but_not_all_of_them(shop):
    columns = {**COLUMNS, "customer_id": "client|clientId"}
    shop.csv("ann,2026-01-15,a", header="clientId,at,what", columns=columns)
    with pytest.raises(
        ConfigError, match=r'^b.csv: no column "client" for customer_id; the columns are clientID, at, what.'
    ):
        shop.csv("ann,2026-01-15,a", name="b.csv", header="clientID,at,what", columns=columns)


def test_columns_are_joined_by_a_space_and_read_by_a_format(shop):
    at = Field(join=("Date", "Time"), formats=("%d.%m.%Y %H:%M:%S",))
    book = shop.csv(
        "ann,15.01.2026,10:30:00,a",
        "bob,15.01.2026,,a",
        "cy,,,a",
        header="who,Date,Time,what",
        columns={**COLUMNS, "event_at": at},
        timezone="Europe/Berlin",
    )
    assert shop.events("event_at") == ["2026-01-15T09:30:00"]
    assert book.quarantined == {"bad_timestamp": 2}
    assert properties(shop) == [None]


def test_joined_ids_leave_out_what_is_empty(shop):
    shop.csv(
        "1,x,2026-01-15,a",
        "2,,2026-01-15,a",
        ",,2026-01-15,a",
        header="ip,agent,at,what",
        columns={**COLUMNS, "customer_id": "ip+agent"},
    )
    assert sorted(shop.events("customer_id")) == ["1 x", "2"]


def test_a_path_leads_into_a_json_column_however_deep(shop):
    rows = [
        {"user": {"id": "ann"}, "data": '{"price": {"amount": 12.5}, "n": 2}'},
        {"user": {"id": 7}, "data": {"price": {"amount": "3"}}},
        {"user": {"id": "cy"}, "data": "no json"},
        {"user": {"id": None}, "data": None},
    ]
    lines = "".join(json.dumps({**row, "at": "2026-01-15", "what": str(i)}) + "\n" for i, row in enumerate(rows))
    columns = {**COLUMNS, "customer_id": "user.id", "value": "data.price.amount", "quantity": "data.n"}
    book = shop.book(shop.take(shop.file("log.ndjson", lines), columns=columns))
    assert shop.events("customer_id", "value", "quantity") == [("ann", 1_250, 2), ("7", 300, None), ("cy", None, None)]
    assert book.quarantined == {"missing_customer": 1}
    assert list(properties(shop)[0]) == ["user", "data"]  # a path takes nothing out of its column


def test_a_column_whose_name_has_dots_comes_before_a_path(shop):
    columns = {**COLUMNS, "customer_id": "user.id", "order_id": "user.id.x"}
    shop.csv('"{""id"":""wrong""}","{""x"":""o1""}",2026-01-15,a', header="user,user.id,at,what", columns=columns)
    assert shop.events("customer_id", "order_id") == [('{"x":"o1"}', "o1")]


def test_a_constant_is_the_same_in_every_row(shop):
    shop.csv(
        "ann,2026-01-15",
        "bob,2026-01-15",
        header="who,at",
        columns={**COLUMNS, "event": "'it''s; $1'", "channel": '"web"'},
    )
    assert set(shop.events("event", "channel")) == {("it''s; $1", "web")}


def test_integer_codes_stay_names(shop):
    shop.csv("ann,2026-01-15,007", "ann,2026-01-15,1.0", "ann,2026-01-15,true")
    assert shop.events("event") == ["007", "1.0", "true"]


def test_columns_that_nobody_mapped_are_kept_as_properties_as_recorded(shop):
    shop.csv('ann,2026-01-15,a,007,"x ""y""\nz",', "bob,2026-01-15,a,,,", header='who,at,what,n,"k""ey",empty')
    assert properties(shop) == [{"n": "007", 'k"ey': 'x "y"\nz'}, None]


def test_a_promoted_column_is_asked_for_like_any_other_and_old_files_answer_null(shop):
    shop.csv("ann,2026-01-14,a,red", header="who,at,what,colour")
    shop.csv(
        "bob,2026-01-15,a,blue", name="b.csv", header="who,at,what,colour", columns={**COLUMNS, "colour": "colour"}
    )
    assert shop.events("customer_id", "colour", "properties") == [
        ("ann", None, '{"colour":"red"}'),
        ("bob", "blue", None),
    ]
    assert shop.store.snapshot().promoted == ("colour",)
    assert sorted(scanned(shop, "colour"), key=str) == [None, "blue"]


def test_a_day_written_before_a_promotion_is_merged_with_one_after_it(shop):
    shop.csv("ann,2026-01-15,a,red", header="who,at,what,colour")
    shop.csv(
        "bob,2026-01-15,a,blue", name="b.csv", header="who,at,what,colour", columns={**COLUMNS, "colour": "colour"}
    )
    shop.csv("cy,2026-01-15,a", name="c.csv")
    assert sorted(shop.events("customer_id", "colour"), key=str) == [("ann", None), ("bob", "blue"), ("cy", None)]


def scanned(shop: Filling, column: str) -> list[str | None]:
    """A column as kernels receive it."""
    snapshot = shop.store.snapshot()
    with opened(snapshot.files) as files:
        batches = list(scan_shard(files, [column], snapshot.columns, *shards(1)[0], ScanCount()))
    return [value for batch in batches for value in batch.text(column).texts()]


HOSTILE = [
    'a"b',
    "a'b",
    "$1",
    "; drop table staged; --",
    "line\nbreak",
    "c0",
    "c1",
    "row",
    "t_event",
    "reason",
    "span",
    "line",
    "source",
    "select",
    "é ü",
]


def test_column_names_are_data_and_never_sql(shop):
    header = ",".join('"' + name.replace('"', '""') + '"' for name in HOSTILE)
    book = shop.csv("ann,2026-01-15,a," + ",".join(str(i) for i in range(len(HOSTILE))), header=f"who,at,what,{header}")
    assert book.accepted == 1
    assert properties(shop) == [{name: str(i) for i, name in enumerate(HOSTILE)}]


@pytest.mark.parametrize(
    "name",
    [
        "c0",
        "row",
        "select",
        "reason",
        "span_",
        "input",
        "raw",
        "detail",
        "line",
        "rule",
        "place",
        "fresh",
        "filename",
        "a b",
        "b;c=d(e){f}",
        "$1",
        "page.kind",
        "it's",
        "ä`",
    ],
)
def test_columns_of_any_harmless_name_can_be_promoted(shop, name):
    columns = {**COLUMNS, name: name}
    shop.csv("ann,2026-01-15,a,x", "ann,2026-01-15,a,x", header=f"who,at,what,{name}", columns=columns)
    shop.csv("bob,2026-01-15,a,y", name="b.csv", header=f"who,at,what,{name}", columns=columns)
    assert sorted(shop.events("customer_id", name)) == [("ann", "x"), ("bob", "y")]
    assert sorted(scanned(shop, name), key=str) == ["x", "y"]


@pytest.mark.parametrize(
    "name", ["source", "span", "Event", "customer_key", "duplicates", "_span", "line\nbreak", "", " ", "x" * 300]
)
def test_a_name_that_the_store_cannot_carry_is_refused_before_anything_is_read(shop, name):
    with pytest.raises(ConfigError, match="cannot be a column of the store"):
        shop.csv("ann,2026-01-15,a,x", header="who,at,what,other", columns={**COLUMNS, name: "other"})
    assert not shop.store.exists


def test_two_promoted_names_differ_in_more_than_case(shop):
    with pytest.raises(ConfigError, match='"colour" and "Colour" differ in case only'):
        shop.csv("ann,2026-01-15,a,x", header="who,at,what,c", columns={**COLUMNS, "colour": "c", "Colour": "c"})


@pytest.mark.parametrize(
    "text, expected",
    [
        ("user", Field(columns=("user",))),
        ("a|b | c", Field(columns=("a", "b", "c"))),
        ("Date+Time", Field(join=("Date", "Time"))),
        ("'web'", Field(constant="web")),
        ('"a+b|c"', Field(constant="a+b|c")),
        ("data.price", Field(columns=("data.price",))),
    ],
)
def test_a_mapping_on_the_command_line_is_a_column_spellings_a_join_or_a_constant(text, expected):
    assert parse_field(text) == expected


def test_a_missing_column_is_told_with_the_near_one(shop):
    with pytest.raises(ConfigError) as caught:
        shop.csv("ann,2026-01-15,a", columns={**COLUMNS, "customer_id": "whos"})
    assert (
        str(caught.value)
        == 'log.csv: no column "whos" for customer_id; the columns are who, at, what. Did you mean "who"?'
    )


def test_the_longest_column_name_wins():
    columns = Columns(("a", "a.b"), ("text", "text"))
    assert columns.find("a.b.c", "x") == (1, ("c",))
    assert columns.find("a.c", "x") == (0, ("c",))


def test_the_duplicate_rule_follows_the_mapping():
    assert SourceMapping(fields={"event_id": Field(columns=("id",))}).key == "event_id"
    assert SourceMapping().key == "content"
    assert SourceMapping(deduplicate="off", fields={"event_id": Field(columns=("id",))}).key == "off"
