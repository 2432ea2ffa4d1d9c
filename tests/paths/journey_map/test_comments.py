"""Comments: a few of each touchpoint and mood, whatever the batches."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from paths.journey_map.channels import TouchpointChannels
from paths.journey_map.comments import MOST, Comments
from paths.journey_map.surveys import Survey
from paths.views.period import InPeriod
from tests.builder import Row, instant, journeys_of

SURVEY = Survey(event="csat", kind="csat", about="about", comment="said")


ALL_COLUMNS: Row = (
    "z",
    0,
    "pad",
    {"score": "", "said": "", "about": "nowhere"},
)  # the store gives every column that is asked for


def told(*batches: list[Row], **scope: Any) -> list[tuple[str, float, str]]:
    asked = Comments(surveys=(SURVEY,))
    table = asked.reduce([asked.map(journeys_of([*rows, ALL_COLUMNS], **scope)) for rows in batches])
    return [(r["touchpoint"], r["feeling"], r["text"]) for r in table.to_pylist()]


def says(who: str, at: int, score: str, text: str, **columns: str) -> list[Row]:
    return [(who, at, "page", {}), (who, at + 1, "csat", {"score": score, "said": text, **columns})]


def test_a_comment_belongs_to_the_visit_its_answer_speaks_of_and_the_worst_mood_comes_first() -> None:
    rows = [
        *says("u", 0, "5", "fine"),
        *says("v", 0, "1", "bad"),
        ("w", 0, "home", {}),
        ("w", 1, "page", {}),
        ("w", 2, "csat", {"score": "2", "said": "slow", "about": "home"}),
    ]
    assert told(rows) == [("home", -1.0, "slow"), ("page", -2.0, "bad"), ("page", 2.0, "fine")]


def test_equal_texts_are_one_and_the_strongest_then_the_newest_are_kept_whatever_the_batches() -> None:
    rows = [says(f"u{i}", i * 10, "1", f"no {i}") for i in range(MOST + 2)]
    again = [says("v", 500, "1", "no 0"), says("x", 600, "2", "not so bad")]
    all_of = [r for group in [*rows, *again] for r in group]
    expected = [("page", -2.0, "no 0"), ("page", -2.0, "no 4"), ("page", -2.0, "no 3")]
    assert told(all_of) == expected
    assert told(*rows, *again) == expected
    assert told(*again, *reversed(rows)) == expected


def test_an_answer_without_a_word_or_of_another_period_says_nothing() -> None:
    rows = [
        *says("u", 0, "1", "  "),
        *says("v", 100, "1", "late"),
        ("w", 0, "page", {}),
        ("w", 1, "csat", {"score": "1"}),
    ]
    asked = InPeriod(analysis=Comments(surveys=(SURVEY,)), since=instant(0), until=instant(50))
    assert asked.reduce([asked.map(journeys_of([*rows, ALL_COLUMNS]))]).num_rows == 0
    assert told(rows) == [("page", -2.0, "late")]
    assert Comments(surveys=(SURVEY,)).reduce([]).num_rows == 0
    assert {"said", "score", "about"} <= Comments(surveys=(SURVEY,)).columns


def test_the_busiest_channel_of_a_touchpoint_comes_first() -> None:
    rows: list[Row] = [("u", i, "a", {"channel": c}) for i, c in enumerate(["web", "app", "app"])]
    asked = TouchpointChannels()
    found: pa.Table = asked.reduce([asked.map(journeys_of([*rows, ("u", 9, "b", {})]))])
    assert [tuple(r.values()) for r in found.to_pylist()] == [("a", "app", 2), ("a", "web", 1)]
