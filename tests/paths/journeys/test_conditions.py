"""Conditions on one column."""

from __future__ import annotations

import pytest

from ingest.errors import ConfigError
from paths.journeys.conditions import parse_condition
from tests.builder import batch_of

BATCH = batch_of(
    [
        ("u", 0, "a", {"channel": "web", "value": 1_999, "size": "9"}),
        ("u", 1, "b", {"channel": "app", "value": 5_000, "size": "10", "quantity": 2}),
        ("u", 2, "c", {"size": "big"}),
    ]
)


@pytest.mark.parametrize(
    "text, holds",
    [
        ("channel=web", [1, 0, 0]),
        ("channel = web", [1, 0, 0]),
        ("channel!=web", [0, 1, 1]),  # a missing value differs from every value
        ("channel~*p*", [0, 1, 0]),
        ("event=b", [0, 1, 0]),
        ("event!=b", [1, 0, 1]),
        ("size>9", [0, 1, 0]),  # text that is a number compares as one
        ("size<=9", [1, 0, 0]),
        ("size=9.0", [0, 0, 0]),  # but not under =
        ("value=19.99", [1, 0, 0]),
        ("value!=19.99", [0, 1, 1]),
        ("value>=19.99", [1, 1, 0]),
        ("value>19.99", [0, 1, 0]),
        ("value<=19.99", [1, 0, 0]),
        ("value<50", [1, 0, 0]),
        ("value=50", [0, 1, 0]),
        ("value=much", [0, 0, 0]),
        ("value!=much", [1, 1, 1]),
        ("quantity=2", [0, 1, 0]),
    ],
)
def test_a_condition_holds_for_these_events(text: str, holds: list[int]) -> None:
    assert parse_condition(text).holds(BATCH).tolist() == [bool(h) for h in holds]


@pytest.mark.parametrize("text", ["", "channel", "=web", "value>much", "size<", "value~5*"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_condition(text)


def test_a_condition_is_printed_as_it_is_written() -> None:
    assert str(parse_condition(" url ~ /shop/* ")) == "url~/shop/*"
    assert parse_condition("event=a").columns == frozenset()
    assert parse_condition("url!=/").columns == {"url"}
