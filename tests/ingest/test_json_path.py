"""Paths into JSON: by key, by place, by the key of {key, value}, through dots in keys and texts that hold JSON."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.database import Database, load_sql
from ingest.json_path import bound_path, steps
from ingest.scan.json_properties import property_values

PARAMS = [
    {
        "key": "ga_session_id",
        "value": {"string_value": None, "int_value": 77, "float_value": None, "double_value": None},
    },
    {"key": "page_location", "value": {"string_value": "https://shop.example/a"}},
    {"key": "plain", "value": "text"},
    {"key": "deep", "value": {"x": {"y": 1}}},
]
DOCUMENT = {
    "device": {"category": "mobile", "os": {"name": "iOS"}, "os.version": "17.1", "empty": "", "nothing": None},
    "event_params": PARAMS,
    "items": [{"item_id": "s1", "tags": ["new", "sale"]}, {"item_id": "s2"}],
    "encoded": json.dumps({"a": {"b": [1, 2]}, "params": PARAMS}),
    "0": "zero",
}


def read(document: object, path: str) -> Any:
    sql, params = bound_path("c", path)
    with Database(threads=1) as db:
        db.run(load_sql("ingest", "json_paths"))
        table = pa.table({"c": pa.array([document if isinstance(document, str) else json.dumps(document)])})
        return db.query(f"select {sql} as v from docs", params, docs=table)["v"][0].as_py()


@pytest.mark.parametrize(
    "path, expected",
    [
        ("device.category", "mobile"),
        ("device.os.name", "iOS"),
        ("device.os.version", "17.1"),
        ('device."os.version"', "17.1"),
        ("device.os", '{"name":"iOS"}'),
        ("device.empty", ""),
        ("device.nothing", None),
        ("device.brand", None),
        ("items.0.item_id", "s1"),
        ("items[1].item_id", "s2"),
        ("items.0.tags.1", "sale"),
        ("items.2.item_id", None),
        ("items.item_id", None),
        ("event_params.page_location", "https://shop.example/a"),
        ("event_params.page_location.string_value", "https://shop.example/a"),
        ("event_params.ga_session_id", "77"),
        ("event_params.plain", "text"),
        ("event_params.deep.x.y", "1"),
        ("event_params.1.value.string_value", "https://shop.example/a"),
        ("event_params.absent", None),
        ("encoded.a.b.1", "2"),
        ("encoded.params.page_location", "https://shop.example/a"),
        ("encoded.absent", None),
    ],
)
def test_a_path_leads_to_the_text_of_its_value(path, expected):
    assert read(DOCUMENT, path) == expected


def test_steps_of_a_path():
    assert steps("a.b[0].c") == ("a", "b", "0", "c")
    assert steps('a."b.c"') == ("a", "b.c")


@pytest.mark.parametrize("document", ["no JSON", "", "{", "[1,2", '"text"', "12", "null"])
def test_what_is_no_object_and_no_list_has_no_path(document):
    assert read(document, "a.b") is None


def test_the_column_may_be_the_list_itself():
    assert read(PARAMS, "page_location") == "https://shop.example/a"
    assert read(DOCUMENT["items"], "1.item_id") == "s2"


KEYS = st.sampled_from(["a", "b", "c"])
LEAVES = st.one_of(st.text("xyz é", min_size=1, max_size=4), st.integers(0, 99), st.none())
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(KEYS, inner, max_size=3),
        st.lists(inner, max_size=3),
        st.lists(st.fixed_dictionaries({"key": KEYS, "value": inner}), max_size=3, unique_by=lambda e: e["key"]),
    ),
    max_leaves=12,
)


def walked(value: Any, names: tuple[str, ...]) -> Any:
    """The oracle: one step after another; None where there is nothing."""
    for name in names:
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal():
            value = value[int(name)] if int(name) < len(value) else None
        elif isinstance(value, list):
            value = next(
                (e["value"] for e in value if isinstance(e, dict) and e.get("key") == name and "value" in e), None
            )
        else:
            return None
    return value


@given(
    st.lists(st.dictionaries(KEYS, TREES, min_size=1), min_size=1, max_size=4),
    st.lists(st.sampled_from(["a", "b", "c", "0", "1"]), min_size=2, max_size=3),
)
def test_paths_lead_where_one_step_after_another_leads(documents, names):
    names = ["a", *names]
    found = property_values([json.dumps(d) for d in documents], ".".join(names))
    for document, text in zip(documents, found, strict=True):
        value = walked(document, tuple(names))
        if isinstance(value, (dict, list)):
            assert text is None or text == json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        else:
            assert text == (None if value is None else str(value))
