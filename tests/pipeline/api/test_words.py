"""Wrong words are refused with the near one, as on the command line, and right ones are taken in every form people write."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pytest

import journeys
from ingest.errors import UnknownArgument
from pipeline.api.types import Between, fits, spoken
from pipeline.api.words import Names, Positive, Segment

LINES = """user,time,event,platform,price
ann,2026-01-15 10:00,view,web,
ann,2026-01-15 10:05,add,web,60
ann,2026-01-15 10:09,buy,web,
bob,2026-01-15 11:00,view,app,
bob,2026-01-15 11:01,add,app,40
cy,2026-01-16 11:00,view,app,
"""
CONFIG = """
[project]
goal = ["buy"]

[carts.roles]
purchase = ["buy"]
add = ["add"]

[[funnel]]
name = "bought"
steps = ["view", "add", "buy"]
window = "6m"
count = "sessions"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> journeys.Project:
    folder = tmp_path_factory.mktemp("words")
    (folder / "log.csv").write_text(LINES)
    (folder / "journeys.toml").write_text(CONFIG)
    found = journeys.open(folder)
    found.ingest(folder / "log.csv")
    return found


@pytest.mark.parametrize(
    "ask, said",
    [
        (lambda j: j.dropoff(by="channel"), 'by is touchpoint or stage, not "channel".'),
        (lambda j: j.paths(by="stages"), 'not "stages". Did you mean "stage"?'),
        (lambda j: j.flows(by="channel"), 'by is touchpoint or stage, not "channel".'),
        (lambda j: j.graph(by="touchpoints"), 'Did you mean "touchpoint"?'),
        (lambda j: j.map(by="chanel"), 'Did you mean "channel"?'),
        (lambda j: j.customers(lost="view", by="stages"), 'Did you mean "stage"?'),
        (lambda j: j.customers(cart="abandonned"), 'Did you mean "abandoned"?'),
        (lambda j: j.customers(edge="ab"), 'edge is a pair of texts, not "ab".'),
        (lambda j: j.carts_list(status="abandonned"), 'Did you mean "abandoned"?'),
        (lambda j: j.variants(level="touchpoints"), 'Did you mean "touchpoint"?'),
        (lambda j: j.variants(converted="no"), 'converted is True or False, not "no".'),
        (lambda j: j.variants(top=0), "top is a whole number of at least 1, not 0."),
        (lambda j: j.steps(visit="lst"), 'Did you mean "last"?'),
        (lambda j: j.steps(steps=1001), "steps is a whole number from 1 to 1000, not 1001."),
        (lambda j: j.flows(1), "steps is a whole number from 2 to 1000, not 1."),
        (lambda j: j.changes(days=0), "days is a whole number of at least 1, not 0."),
        (lambda j: j.touchpoints(top=True), "top is a whole number of at least 1, not True."),
        (lambda j: j.paths(collapse_repeats="no"), 'collapse_repeats is True or False, not "no".'),
        (lambda j: j.funnel(["view"], count="people"), "count is customers or sessions"),
        (lambda j: j.funnel(["view"], order="any_order"), "order is ordered, strict or any"),
        (lambda j: j.funnel(["view"], ties="steps"), 'Did you mean "step"?'),
        (lambda j: j.funnel(["view"], exclusion="customers"), 'Did you mean "customer"?'),
        (lambda j: j.funnel(["view"], by="hour"), "by is day, week or month"),
        (lambda j: j.funnel(["view"], top=0), "top is a whole number of at least 1, not 0."),
        (lambda j: j.funnel(["view"], window="7"), "7 has no unit."),
        (lambda j: j.funnel(["view"], window=7), "window is a text or a timedelta, not 7."),
        (lambda j: j.funnel(["view"], window=timedelta(-1)), "a window cannot be shorter than 0"),
        (lambda j: j.funnel(["view", "buy"], step_window={"buy": "-1d"}), "is not a duration"),
        (lambda j: j.funnel([7]), "steps is a text or a list of texts, not [7]."),
        (lambda j: j.summary(segment={"platform": 7}), "segment is a dict of texts to texts, a text or a list"),
        (lambda j: j.summary(segment="platform"), 'segment "platform" is not COLUMN=VALUE'),
        (lambda j: j.summary(since=20260115), "since is a text or a date, not 20260115."),
        (lambda j: j.test_touchpoint(7), "url is a text, not 7."),
        (lambda j: j.ingest("log.csv", format="cvs"), 'Did you mean "csv"?'),
    ],
)
def test_a_value_that_is_none_of_a_words_is_refused(shop, ask: Callable[[Any], Any], said: str):
    with pytest.raises(journeys.ConfigError) as refused:
        ask(shop)
    assert said in str(refused.value)


def test_a_word_that_a_question_does_not_take_is_refused_with_the_near_one(shop):
    with pytest.raises(
        UnknownArgument, match=r'funnel\(\) takes no "windw"\. Did you mean "window"\? It takes: steps, '
    ):
        shop.funnel(["view"], windw="7d")
    with pytest.raises(TypeError, match='takes no "untill"'):
        shop.summary(untill="2026-01-16")


@pytest.mark.parametrize(
    "ask",
    [
        lambda j, days: j.summary(**days),
        lambda j, days: j.funnel(["view"], **days),
        lambda j, days: j.customer("ann", **days),
        lambda j, days: j.dropoff(compare="previous", **days),
        lambda j, days: j.carts_list(**days),
    ],
)
@pytest.mark.parametrize("until", ["2026-01-16", date(2026, 1, 15)])
def test_since_at_or_after_until_is_a_usage_error(shop, ask, until):
    with pytest.raises(
        journeys.ConfigError, match="the period is empty: it would run from 2026-01-16 until"
    ) as refused:
        ask(shop, {"since": "2026-01-16", "until": until})
    assert refused.value.exit_code == 2


def test_a_text_is_a_saved_funnel_or_steps_with_arrows_and_never_its_letters(shop):
    assert shop.funnel("bought").meta["steps"] == ["view", "add", "buy"]
    assert (shop.funnel("bought").meta["count"], shop.funnel("bought").meta["window"]) == (
        "sessions",
        timedelta(minutes=6),
    )
    assert shop.funnel("bought").table["reached"].to_pylist() == [3, 2, 0]
    assert shop.funnel("bought", window=None).table["reached"].to_pylist() == [3, 2, 1]
    assert shop.funnel("bought", window="7d").table["reached"].to_pylist() == [3, 2, 1]
    assert shop.funnel("view > add[price>50] > buy").table["reached"].to_pylist() == [3, 1, 1]
    with pytest.raises(journeys.ConfigError, match=r'no \[\[funnel\]\] named "buy"'):
        shop.funnel("buy")
    with pytest.raises(journeys.ConfigError, match='Did you mean "bought"'):
        shop.funnel("bougt")


def test_a_column_that_nobody_has_is_warned_about_where_carts_are_told_apart(shop):
    near = ['no event has a value in the column "platfrm". Did you mean "platform"?']
    assert shop.carts(by="platfrm").meta["warnings"] == near
    assert near[0] in shop.carts(by="platfrm", compare="platform=web").meta["warnings"]
    assert 'Did you mean "status"?' in shop.carts(by="statuss").meta["warnings"][0]
    assert "contact" in shop.carts_remind("2026-01-16", contactable="contact").meta["warnings"][0]
    assert shop.carts(by="platform").meta["warnings"] == shop.carts(by="hour").meta["warnings"] == []


@pytest.mark.parametrize(
    "segment", [{"platform": "app"}, "platform=app", ["platform=app"], [("platform", "app")], (("platform", "app"),)]
)
def test_a_segment_in_every_form(shop, segment):
    found = shop.summary(segment=segment)
    assert found.rows()[0]["customers"] == 2
    assert shop.summary(segment=found.meta["segment"]).rows() == found.rows()


def test_one_name_is_as_good_as_a_list_of_one(shop):
    assert shop.summary(where="platform=app").rows() == shop.summary(where=["platform=app"]).rows()
    assert shop.summary(where="platform=app").rows()[0]["events"] == 3
    asked = ["view", "buy"]
    assert shop.funnel(asked, exclude="add").rows() == shop.funnel(asked, exclude=["add"]).rows()
    assert shop.funnel(asked, exclude="add").table["reached"].to_pylist() == [3, 0]
    assert shop.variants(hide="view").rows() == shop.variants(hide={"view"}).rows()
    assert shop.flows(goal="add").rows() == shop.flows(goal=["add"]).rows()
    assert sum(r["with_goal"] for r in shop.flows(2, goal="add").rows() if r["step"] == 0) == 2


def test_days_and_instants_may_be_dates_and_datetimes(shop):
    asked = shop.summary(since=date(2026, 1, 15), until=date(2026, 1, 16))
    assert asked.rows() == shop.summary(since="2026-01-15", until="2026-01-16").rows()
    assert asked.rows()[0]["customers"] == 2
    noon = shop.summary(as_of=datetime(2026, 1, 15, 10, 6, tzinfo=UTC))
    assert noon.rows()[0]["events"] == 2
    with pytest.raises(journeys.ConfigError, match="is not a day"):
        shop.summary(since=datetime(2026, 1, 15, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    "value, kind, right",
    [
        ("a", Names, True),
        (["a", "b"], Names, True),
        ([1], Names, False),
        (1, Positive, True),
        (True, Positive, False),
        (1.0, Positive, False),
        (0, Positive, False),
        (3, Between, False),
        (True, bool, True),
        (1, bool, False),
        (("a", "b"), tuple[str, str], True),
        (["a", "b"], tuple[str, str], True),
        ("ab", tuple[str, str], False),
        (["a"], tuple[str, str], False),
        (1, Literal[1, 2], True),
        (True, Literal[1, 2], False),
        ({"a": "b"}, Segment, True),
        ({"a": 1}, Segment, False),
        (object(), Any, True),
    ],
)
def test_a_value_is_held_against_its_annotation(value, kind, right):
    assert fits(value, kind) is right


def test_an_annotation_in_words():
    assert spoken(Names) == "a text or a list of texts"
    assert spoken(Positive | None) == "a whole number of at least 1"
    assert spoken(Literal["a", "b"] | None) == "a or b"


def test_a_signature_shows_every_word_and_its_type():
    found = inspect.signature(journeys.Project.dropoff).parameters
    assert found["by"].annotation == Literal["touchpoint", "stage"]
    assert list(found)[1:] == ["by", "goal", "compare", "as_of", "since", "until", "segment", "where", "persona"]
    assert all(p.kind is p.KEYWORD_ONLY for name, p in found.items() if name != "self")
