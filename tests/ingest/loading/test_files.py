"""SEMANTICS "Files": what is not there today is no mistake of the configuration; one bad file stops itself."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.errors import ConfigError, NothingAccepted
from ingest.load import InputFile
from tests.filling import COLUMNS, Filling

HEADER = "who,at,what\n"


@pytest.fixture
def shop(tmp_path: Path) -> Filling:
    return Filling(tmp_path)


def parquet(shop: Filling, name: str, **columns: list[str]) -> InputFile:
    path = shop.root / "raw" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return InputFile(path=path, name=name)


# --- What is not there today ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_a_column_that_a_file_lacks_is_missing_there(shop, kind):
    if kind == "parquet":
        first = parquet(shop, "1.parquet", who=["ann"], at=["2026-01-15"], what=["buy"], amount=["1.5"])
        second = parquet(shop, "2.parquet", who=["ann"], at=["2026-01-16"], what=["view"])
    elif kind == "csv":
        first = shop.file("1.csv", "who,at,what,amount\nann,2026-01-15,buy,1.5\n")
        second = shop.file("2.csv", HEADER + "ann,2026-01-16,view\n")
    else:
        first = shop.file("1.ndjson", '{"who":"ann","at":"2026-01-15","what":"buy","amount":1.5}\n')
        second = shop.file("2.ndjson", '{"who":"ann","at":"2026-01-16","what":"view"}\n')
    mapped = {**COLUMNS, "value": "amount"}
    assert shop.take(first, columns=mapped).lacking == {}
    loaded = shop.take(second, columns=mapped)
    assert loaded.lacking == {("events", "value"): [second.name]} and loaded.vanished == (("events", "value"),)
    assert shop.events("event", "value") == [("buy", 150), ("view", None)]


def test_a_column_that_no_file_ever_had_has_not_vanished(shop):
    loaded = shop.take(shop.file("1.csv", HEADER + "ann,2026-01-15,a\n"), columns={**COLUMNS, "value": "amount"})
    assert loaded.lacking == {("events", "value"): ["1.csv"]} and loaded.vanished == ()


@pytest.mark.parametrize("target", ["event_at", "event", "customer_id"])
def test_a_file_without_a_column_for_time_event_or_customer_is_in_error(shop, target):
    lacks = HEADER.replace(COLUMNS[target], "other") + "ann,2026-01-15,a\n"
    good = shop.file("good.csv", HEADER + "ann,2026-01-15,a\n")
    loaded = shop.take(good, shop.file("bad.csv", lacks))
    assert [(a.name, type(a.error)) for a in loaded.aside] == [("bad.csv", ConfigError)]
    assert f'no column "{COLUMNS[target]}" for {target}' in str(loaded.aside[0].error)
    assert shop.book(loaded).accepted == 1


def test_a_file_needs_an_id_of_one_kind_only(shop):
    mapped = {**COLUMNS, "anonymous_id": "device"}
    shop.take(shop.file("1.csv", "device,at,what\nd1,2026-01-15,a\n"), columns=mapped)
    shop.take(shop.file("2.csv", HEADER + "ann,2026-01-16,a\n"), columns=mapped)
    assert shop.events("anonymous_id", "customer_id") == [("d1", None), (None, "ann")]


def test_required_makes_more_columns_an_error_of_the_file(shop):
    mapped, file = {**COLUMNS, "value": "amount"}, shop.file("1.csv", HEADER + "ann,2026-01-15,a\n")
    with pytest.raises(ConfigError, match='no column "amount" for value'):
        shop.take(file, columns=mapped, required=("value",))
    with pytest.raises(ConfigError, match="requires price and maps no column to it"):
        shop.take(file, columns=mapped, required=("price",))


def test_a_text_is_joined_of_the_columns_that_are_there_a_time_of_all_or_none(shop):
    mapped = {"customer_id": "who", "event": "what", "event_at": "day+hour", "channel": "source+medium"}
    good = shop.file("1.csv", "who,what,day,hour,medium\nann,a,2026-01-15,10:00,cpc\n")
    bad = shop.file("2.csv", "who,what,day,medium\nann,a,2026-01-15,cpc\n")
    loaded = shop.take(good, bad, columns=mapped)
    assert shop.events("channel", "event_at") == [("cpc", "2026-01-15T10:00:00")]
    assert 'no column "hour" for event_at' in str(loaded.aside[0].error)


@pytest.mark.parametrize(
    "name, content",
    [
        ("1.csv", b""),
        ("1.csv", b"\n \n"),
        ("1.csv", HEADER.encode()),
        ("1.csv", b"nothing,of,this\n"),
        ("1.ndjson", b""),
        ("1.json", b"[]"),
        ("1.csv.gz", gzip.compress(b"", mtime=0)),
    ],
)
def test_a_file_of_0_bytes_or_with_a_header_alone_holds_nothing(shop, name, content):
    good = shop.file("good.csv", HEADER + "ann,2026-01-15,a\n")
    loaded = shop.take(good, shop.file(name, content))
    assert (loaded.empty, loaded.aside, shop.book(loaded).rows) == ((name,), (), 1)
    assert shop.take(shop.file(name, content)).empty == (name,)


# --- Files that stop themselves ------------------------------------------------------------------------------------


def test_one_damaged_file_among_many_alike_stops_itself(shop):
    files = [shop.file(f"{n}.csv", HEADER + f"c{n},2026-01-15,a\n") for n in range(9)]
    packed = gzip.compress((HEADER + "x,2026-01-15,a\n" * 2000).encode())
    loaded = shop.take(*files, shop.file("9.csv.gz", packed[:60]))
    assert [a.name for a in loaded.aside] == ["9.csv.gz"] and shop.book(loaded).accepted == 9


def test_a_parquet_file_with_a_damaged_page_stops_itself(shop):
    file = parquet(shop, "1.parquet", who=[f"c{i}" for i in range(5000)], at=["2026-01-15"] * 5000, what=["a"] * 5000)
    content = bytearray(file.path.read_bytes())
    content[200:2000] = bytes(1800)
    file.path.write_bytes(content)
    loaded = shop.take(shop.file("good.csv", HEADER + "ann,2026-01-15,a\n"), file)
    assert [a.name for a in loaded.aside] == ["1.parquet"] and shop.book(loaded).accepted == 1


def test_a_file_of_which_no_row_is_an_event_is_an_error_with_the_first_reasons_and_is_not_known(shop):
    bad = shop.file("bad.csv", HEADER + "ann,15.01.2026 10:00,a\nbob,16.01.2026 10:00,a\n,2026-01-15,a\n")
    with pytest.raises(
        NothingAccepted,
        match=r"none of its 3 rows .* 2 bad_timestamp \(the first in line 2: 15.01.2026 10:00\); 1 missing_c",
    ):
        shop.take(bad, keep_faulty=False)
    loaded = shop.take(shop.file("good.csv", HEADER + "ann,2026-01-15,a\n"), bad, keep_faulty=False)
    assert shop.book(loaded).rows == 1 and shop.bad("reason") == [] and loaded.aside[0].error.exit_code == 3
    assert shop.take(bad, keep_faulty=False, columns={**COLUMNS, "event_at": "nowhere|at"}, strict=False).known == ()


def test_rows_that_a_rule_leaves_out_are_no_fault_of_their_file(shop):
    book = shop.book(
        shop.take(
            shop.file("1.csv", HEADER + "staff-1,2026-01-15,a\n"),
            keep_faulty=False,
            excluded=({"customer_id": "staff-*"},),
        )
    )
    assert book.quarantined == {"excluded": 1}


# --- Known: same bytes and same mapping, by source -----------------------------------------------------------------


def test_two_sources_may_read_one_file(shop):
    file = shop.file("orders.csv", "who,placed,paid\nann,2026-01-15,2026-01-16\n")
    for name in ("placed", "paid"):
        columns = {"customer_id": "who", "event_at": name, "event": f"'{name}'"}
        assert shop.book(shop.take(file, name=name, columns=columns)).accepted == 1
    assert shop.events("source", "event") == [("placed", "placed"), ("paid", "paid")]


def test_a_file_that_was_read_by_another_mapping_is_said_so(shop):
    file = shop.file("1.csv", "who,at,what,amount\nann,2026-01-15,a,3\n")
    shop.take(file)
    assert shop.take(file).remapped == ()
    loaded = shop.take(file, columns={**COLUMNS, "value": "amount"})
    assert (loaded.known, loaded.remapped) == (("1.csv",), (("events", "1.csv"),))


def test_a_known_name_with_other_bytes_is_said_so(shop):
    shop.take(shop.file("1.csv", HEADER + "ann,2026-01-15,a\n"))
    loaded = shop.take(shop.file("1.csv", HEADER + "ann,2026-01-15,a\nann,2026-01-15,b\n"))
    assert loaded.redelivered == (("events", "1.csv"),) and shop.book(loaded).duplicates == 1


def test_volatile_columns_are_no_part_of_a_rows_content(shop):
    for stamp in (1, 2):
        shop.take(shop.file(f"{stamp}.csv", f"who,at,what,loaded\nann,2026-01-15,a,{stamp}\n"), volatile=("loaded",))
    assert shop.events("event", "duplicates") == [("a", 1)]
