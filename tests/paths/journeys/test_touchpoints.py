"""SEMANTICS, Names: what an event is called, and what a name means."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.scan.batches import Codes
from paths.journeys.touchpoints import (
    UNMAPPED,
    StageRule,
    StageRules,
    TouchpointRule,
    TouchpointRules,
    named_by,
    path_of,
)
from tests.builder import journeys_of

VIEWS = TouchpointRules(
    (
        TouchpointRule(name="product page", event=("view",), url=("/products/*",)),
        TouchpointRule(name="page", event=("view",), url=("/products/*", "/blog/*")),
        TouchpointRule(name="checkout", event=("pay*",), channel=("web",)),
    )
)


@pytest.mark.parametrize(
    "event, url, channel, expected",
    [
        ("view", "https://shop.example/products/7?color=red#top", None, "product page"),  # the first rule that matches
        ("view", "/blog/1", None, "page"),
        ("view", "/", None, "view (other)"),
        ("view", None, None, "view (other)"),
        ("paypal", None, "web", "checkout"),
        ("paypal", "/products/7", "app", "paypal (other)"),
        ("add", "/products/7", "web", "add"),
        ("START", None, None, "event:START"),
    ],
)
def test_the_first_rule_that_matches_names_the_touchpoint(
    event: str, url: str | None, channel: str | None, expected: str
) -> None:
    assert VIEWS.touchpoint(event, url, channel) == expected
    columns = {k: v for k, v in (("url", url), ("channel", channel)) if v is not None}
    assert journeys_of([("u", 0, event, columns)], touchpoints=VIEWS).touchpoint.texts() == [expected]


def test_a_rule_without_names_speaks_of_every_event_that_has_what_it_looks_at() -> None:
    rules = TouchpointRules((TouchpointRule(name="shop", url=("/shop/*",)),))
    assert rules.touchpoint("view", "/shop/1", None) == "shop"
    assert rules.touchpoint("view", "/blog", None) == "view (other)"
    assert rules.touchpoint("call", None, None) == "call"


@pytest.mark.parametrize(
    "url, path",
    [
        ("https://x.example/a/b?c=d#e", "/a/b"),
        ("/a?b", "/a"),
        ("a/b", "a/b"),
        ("https://x.example", "/"),
        ("", "/"),
        ("http://[half/a?b", "http://[half/a"),
    ],
)
def test_a_url_is_judged_by_its_path(url: str, path: str) -> None:
    assert path_of(url) == path


def test_a_name_that_a_rule_gives_means_the_touchpoint_and_every_other_the_event() -> None:
    rows = [("u", 0, "view", {"url": "/products/1"}), ("u", 1, "view", {"url": "/"}), ("u", 2, "add")]
    journeys = journeys_of(rows, touchpoints=VIEWS)
    assert journeys.answers_to(["product page"]).tolist() == [True, False, False]
    assert journeys.answers_to(["view"]).tolist() == [True, True, False]
    assert journeys.answers_to(["view (other)"]).tolist() == [False, False, False]
    assert journeys.answers_to(["add", "product page"]).tolist() == [True, False, True]


def test_event_colon_forces_the_event() -> None:
    rules = TouchpointRules((TouchpointRule(name="view", event=("open",)),))
    rows = [("u", 0, "open"), ("u", 1, "view"), ("u", 2, "START"), ("u", 3, "event:view")]
    journeys = journeys_of(rows, touchpoints=rules)
    assert journeys.answers_to(["view"]).tolist() == [
        True,
        True,
        False,
        False,
    ]  # the touchpoint "view": one node, one number
    assert journeys.answers_to(["event:view"]).tolist() == [False, True, False, False]
    assert journeys.answers_to(["event:open", "event:START"]).tolist() == [True, False, True, False]


def test_the_first_stage_that_has_an_event_gets_it() -> None:
    stages = StageRules(
        (
            StageRule(name="interest", touchpoints=("product*",)),
            StageRule(name="care", channels=("phone",)),
            StageRule(name="buy", events=("add", "view")),
        )
    )
    rows = [
        ("u", 0, "view", {"url": "/products/1", "channel": "phone"}),
        ("u", 1, "add", {"channel": "phone"}),
        ("u", 2, "add"),
        ("u", 3, "view", {"url": "/"}),
        ("u", 4, "leave"),
    ]
    stage = journeys_of(rows, touchpoints=VIEWS, stages=stages).stage
    assert stage.texts() == ["interest", "care", "buy", "buy", UNMAPPED]


@pytest.mark.parametrize("beside", [None, Codes(np.array([0, -1], dtype=np.int32), ("x",))])
def test_rows_without_a_value_are_named_as_such(beside: Codes | None) -> None:
    column = Codes(np.array([-1, 0], dtype=np.int32), ("a", "b"))
    found = named_by([column, beside], 2, lambda one, other: f"{one} {other}")
    assert found.texts() == (["None None", "a None"] if beside is None else ["None x", "a None"])


def test_an_empty_batch_has_names_all_the_same() -> None:
    journeys = journeys_of([], touchpoints=VIEWS, stages=StageRules((StageRule(name="s", events=("a",)),)))
    assert (len(journeys), journeys.touchpoint.texts(), journeys.stage.texts()) == (0, [], [])
