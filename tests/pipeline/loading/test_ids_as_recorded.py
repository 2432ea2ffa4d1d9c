"""Ids are text exactly as recorded: whole numbers of floating columns without their .0, numbers of JSON as written."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.database import Database
from ingest.readers.sources import read_rows
from tests.cases import cases
from tests.desk import Desk

TIMES = [f"2026-01-01T10:0{i}:00Z" for i in range(5)]
EXACT = 1 << 53


def csv_of(ids: list[str]) -> str:
    rows = (f"{at},{one},e{i}\n" for i, (at, one) in enumerate(zip(TIMES, ids, strict=False)))
    return f"ts,user_id,event\n{''.join(rows)}"


def ids(desk: Desk) -> list[str]:
    return [row[1] for row in desk.sql("event, customer_id", "1")]


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_a_whole_number_in_a_floating_column_of_parquet_is_written_without_its_point(desk, kind):
    users = pa.array([12345.0, None, 777.5, 0.0, float("nan")], kind)
    orders = pa.array([1.0, 2.0, None, 4.0, 5.0], pa.float64())
    table = pa.table({"ts": TIMES, "user_id": users, "event": list("abcde"), "order_id": orders})
    pq.write_table(table, desk.root / "f.parquet")
    assert desk.call("ingest", "f.parquet").exit_code == 0
    assert desk.sql("customer_id, order_id", "1") == [("12345", "1"), ("777.5", None)]  # 0 is blocked, as zeros are


@pytest.mark.parametrize(
    "ids, kept",
    [
        (["12345.0", "", "777.0"], ["12345", "777"]),
        (["12345.0", "1.10", "777.0"], ["12345.0", "1.10", "777.0"]),  # not floating: 1.10 is a text
        (["12345.0", "abc"], ["12345.0", "abc"]),
        (["007.0", "008.0"], ["007.0", "008.0"]),  # no float begins with zeros
        (["-5.0", "1.0"], ["-5", "1"]),
        (["1.00", "2.00"], ["1.00", "2.00"]),
        (["9007199254740993", "12345678901234567890"], ["9007199254740993", "12345678901234567890"]),
    ],
)
def test_ids_of_csv_lose_their_point_where_the_whole_column_is_written_as_floats(desk, ids, kept):
    desk.file("f.csv", csv_of(ids))
    assert desk.call("ingest", "f.csv", "--map", "customer_id=user_id").exit_code == 0
    assert [row[1] for row in desk.sql("event, customer_id", "1")] == kept


def test_each_file_is_judged_by_its_own_column(desk):
    desk.file("in/1.csv", csv_of(["12345.0", "", "777.0"]))
    desk.file("in/2.csv", csv_of(["12345", "x1.0"]).replace(",e0", ",f0").replace(",e1", ",f1"))
    assert desk.call("ingest", "in/*.csv", "--map", "customer_id=user_id").exit_code == 0
    assert ids(desk) == ["12345", "777", "12345", "x1.0"]


def test_the_same_row_written_with_floats_is_the_same_content(desk):
    desk.file("in/1.csv", csv_of(["12345"]))
    desk.file("in/2.csv", csv_of(["12345.0"]))
    assert desk.call("ingest", "in/*.csv", "--map", "customer_id=user_id").exit_code == 0
    assert ids(desk) == ["12345"]


def write_floats(desk: Desk, shape: str) -> tuple[str, int]:
    """(a file whose last id is beyond what its column can hold, the bits of that)."""
    if shape in ("float32", "float64"):
        bits, kind = (24, pa.float32()) if shape == "float32" else (53, pa.float64())
        users = pa.array([1.0, 2.0, float((1 << bits) + 2)], kind)
        pq.write_table(pa.table({"ts": TIMES[:3], "user_id": users, "event": list("abc")}), desk.root / "f.parquet")
        return "f.parquet", bits
    texts = ["12345.0", "1.2345678901234568e+16"]
    rows = [{"ts": at, "user_id": float(t), "event": "e"} for at, t in zip(TIMES, texts, strict=False)]
    desk.file(f"f.{shape}", csv_of(texts) if shape == "csv" else json.dumps(rows))
    return f"f.{shape}", 53


@pytest.mark.parametrize("shape", ["float64", "float32", "csv", "json"])
def test_a_floating_id_beyond_2_53_is_an_error_that_says_so(desk, shape):
    name, bits = write_floats(desk, shape)
    desk.file("good.csv", csv_of(["7"]))
    found = desk.call("ingest", name, "good.csv", "--map", "customer_id=user_id")
    assert found.exit_code == 4
    assert f"{name}: the ids in user_id are floating numbers" in found.stderr and f"beyond 2^{bits}" in found.stderr
    assert ids(desk) == ["7"]  # the other file is taken in


def test_false_and_nan_in_ids_and_numbers_of_json_are_missing(desk):
    lines = [
        '{"ts": "2026-01-01T10:00:00Z", "user_id": false, "event": "a", "value": 1}',
        '{"ts": "2026-01-01T10:01:00Z", "user_id": NaN, "event": "b", "value": 1}',
        '{"ts": "2026-01-01T10:02:00Z", "user_id": 5, "event": "c", "value": false, "order_id": false, "member": false}',
        '{"ts": "2026-01-01T10:03:00Z", "user_id": 5.0, "event": "d", "value": NaN, "order_id": NaN}',
    ]
    desk.file("m.ndjson", "\n".join(lines))
    found = desk.call("ingest", "m.ndjson")
    assert "4 rows = 2 accepted + 0 duplicates + 2 quarantined (2 missing_customer)" in found.stderr
    told = desk.sql("event, order_id, value, json_extract_string(properties, 'member')", "1")
    assert told == [("c", None, None, "false"), ("d", None, None, None)]


def test_so_they_are_at_a_path_into_json(desk):
    desk.file("m.ndjson", '{"ts": "2026-01-01T10:00:00Z", "user": {"id": false, "device": 12.0}, "event": "a"}\n')
    maps = ("--map", "customer_id=user.id", "--map", "anonymous_id=user.device")
    assert desk.call("ingest", "m.ndjson", *maps).exit_code == 0
    assert desk.sql("customer_id, anonymous_id, event") == [(None, "12", "a")]


def test_several_spellings_pass_over_false(desk):
    desk.file("m.ndjson", '{"ts": "2026-01-01T10:00:00Z", "a": false, "b": 9, "event": "a"}\n')
    assert desk.call("ingest", "m.ndjson", "--map", "customer_id=a|b").exit_code == 0
    assert ids(desk) == ["9"]


@pytest.mark.parametrize("suffix", ["ndjson", "json"])
def test_json_numbers_are_read_as_written(desk, suffix):
    rows = [
        '{"ts": "2026-01-01T10:00:00Z", "user_id": 1.10, "event": "a", "v": 1e3, "n": {"deep": 2.50}}',
        '{"ts": "2026-01-01T10:01:00Z", "user_id": 1.1, "event": "b", "v": 12345678901234567890123, "n": {"deep": 2.5}}',
    ]
    desk.file(f"j.{suffix}", "\n".join(rows) if suffix == "ndjson" else f"[{','.join(rows)}]")
    assert desk.call("ingest", f"j.{suffix}").exit_code == 0
    where = "json_extract_string(properties, 'v'), json_extract_string(properties, '$.n.deep')"
    assert desk.sql(f"event, customer_id, {where}", "1") == [
        ("a", "1.10", "1e3", "2.50"),
        ("b", "1.1", "12345678901234567890123", "2.5"),
    ]


def test_so_they_are_inside_an_envelope(desk):
    desk.file("w.json", '{"results": [{"ts": "2026-01-01T10:00:00Z", "user_id": 1.10, "event": "a"}], "total": 1.00}')
    assert desk.call("ingest", "w.json").exit_code == 0
    assert desk.sql("customer_id, json_extract_string(properties, 'total'), event") == [("1.10", "1.00", "a")]


DIGITS = st.text("0123456789", min_size=1, max_size=24)
NUMBERS = st.builds(
    lambda minus, whole, rest, e: f"{minus}{int(whole)}{rest}{e}",
    st.sampled_from(["", "-"]),
    DIGITS,
    st.one_of(st.just(""), DIGITS.map(lambda d: f".{d}")),
    st.sampled_from(["", "", "e3", "E+5", "e-2"]),
)


Record = list[tuple[str, str, bool]]  # key, its value as written, is it a number


def records(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[Record]]:
    """Objects with hostile keys, and texts beside the numbers."""
    value = st.one_of(NUMBERS.map(lambda n: (n, True)), texts.map(lambda t: (json.dumps(t), False)))
    pair = st.tuples(texts, value).map(lambda p: (p[0], *p[1]))
    return st.lists(st.lists(pair, min_size=1, max_size=5, unique_by=lambda p: p[0]), min_size=1, max_size=8)


def read_back(written: list[Record], folder: Path) -> list[dict[str, str]]:
    """The records of a file as they are read."""
    lines = ["{" + ", ".join(f"{json.dumps(k)}: {v}" for k, v, _ in record) + "}" for record in written]
    (folder / "r.ndjson").write_text("".join(f"{line}\n" for line in lines))
    with Database(threads=1) as db:
        raw = read_rows(db, folder / "r.ndjson")
        values = db.rows(f"select * exclude (row) from {raw.relation} order by row")
        return [dict(zip(raw.columns, row, strict=True)) for row in values]


@cases(5)
@given(written=records(st.text(':,{}"\\ ab', max_size=6)))
def test_numbers_stay_as_written_whatever_stands_beside_them(tmp_path_factory, written):
    for record, found in zip(written, read_back(written, tmp_path_factory.mktemp("r")), strict=True):
        for key, text, is_number in record:
            if is_number and text.strip("-0.") == "":  # -0 and 0.0, which mean the same
                assert float(found[key]) == 0
            else:
                assert found[key] == (text if is_number else json.loads(text))


@cases(5)
@given(written=records(st.text(':,{}"\\ .01e', max_size=9)))
def test_texts_that_look_like_numbers_change_no_value(tmp_path_factory, written):
    for record, found in zip(written, read_back(written, tmp_path_factory.mktemp("r")), strict=True):
        for key, text, is_number in record:
            assert float(found[key]) == float(text) if is_number else found[key] == json.loads(text)
