"""Period, segment and where: which units an answer counts. A small shop, taken in once, asked in many ways."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from ingest.errors import ConfigError
from pipeline.api import Project
from pipeline.cli import cli
from pipeline.loading.intake import ingest
from pipeline.loading.reading import Intake

TOML = """
[project]
currency = "EUR"
[[source]]
name = "shop"
path = "shop.csv"
[source.columns]
event_at = "time"
event = "event"
customer_id = "user"
value = "revenue"
channel = "channel"
"""
# ann's first session runs over midnight of the 2nd; she changes platform in it; dan's platform is not known at first
SHOP = """user,time,event,revenue,channel,platform
ann,2024-03-01T23:50,view,,ads,web
ann,2024-03-02T00:05,cart,,ads,app
ann,2024-03-02T00:10,purchase,30,ads,app
bob,2024-03-02T10:00,view,,mail,app
bob,2024-03-02T10:10,cart,,mail,web
bob,2024-03-05T10:00,purchase,10,mail,web
cat,2024-03-03T09:00,view,,ads,web
cat,2024-03-03T09:20,help,,ads,web
cat,2024-03-03T09:40,view,,ads,web
dan,2024-03-04T08:00,view,,mail,
dan,2024-03-04T08:05,purchase,20,mail,app
"""
AS_OF = {"as_of": "2024-04-01"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("shop")
    (root / "journeys.toml").write_text(TOML)
    (root / "shop.csv").write_text(SHOP)
    ingest(Project(root), Intake())
    return Project(root)


def counts(project: Project, **period: Any) -> tuple[int, ...]:
    row = project.summary(**AS_OF, **period).rows()[0]
    return tuple(row[c] for c in ("events", "customers", "sessions"))


def starters(project: Project, **period: Any) -> list[str]:
    return [r["customer_id"] for r in project.sessions(**AS_OF, **period).rows()]


def edges(project: Project, **period: Any) -> dict[tuple[str, str], int]:
    return {(r["source"], r["target"]): r["transitions"] for r in project.paths(**AS_OF, **period).rows()}


def reached(project: Project, *steps: str, **question: Any) -> list[int]:
    return [
        r["reached"] for r in project.funnel(list(steps or ("view", "cart", "purchase")), **AS_OF, **question).rows()
    ]


def leaks(project: Project, **period: Any) -> dict[str, dict[str, Any]]:
    return {r["touchpoint"]: r for r in project.dropoff(**AS_OF, **period).rows()}


def test_everything_without_a_period(shop: Project) -> None:
    assert counts(shop) == (11, 4, 5)
    assert starters(shop) == ["ann", "bob", "cat", "dan", "bob"]


@pytest.mark.parametrize(
    "period, found, who",
    [
        ({"since": "2024-03-02"}, (10, 4, 4), ["bob", "cat", "dan", "bob"]),  # ann's session began before
        ({"until": "2024-03-02"}, (1, 1, 1), ["ann"]),  # until is exclusive
        ({"since": "2024-03-02", "until": "2024-03-03"}, (4, 2, 1), ["bob"]),
        ({"since": "2024-03-05", "until": "2024-03-06"}, (1, 1, 1), ["bob"]),
        ({"since": "2024-03-06"}, (0, 0, 0), []),
    ],
)
def test_events_count_by_their_time_and_sessions_by_their_first_event(
    shop: Project, period: dict[str, str], found: tuple[int, ...], who: list[str]
) -> None:
    assert counts(shop, **period) == found
    assert starters(shop, **period) == who


def test_a_session_is_cut_nowhere_by_a_period(shop: Project) -> None:
    (row,) = shop.sessions(**AS_OF, until="2024-03-02").rows()
    assert (row["events"], row["duration_seconds"], row["goal"]) == (3, 1200.0, True)
    assert edges(shop, until="2024-03-02") == {
        ("START", "view"): 1,
        ("view", "cart"): 1,
        ("cart", "purchase"): 1,
        ("purchase", "END"): 1,
    }


def test_days_are_those_of_the_project_s_timezone(shop: Project) -> None:
    berlin = Project(shop.directory, {"project.timezone": "Europe/Berlin"})
    assert starters(berlin, until="2024-03-02") == []  # 23:50 UTC is 00:50 of the 2nd in Berlin
    assert starters(berlin, since="2024-03-02", until="2024-03-03") == ["ann", "bob"]


def test_a_chain_counts_by_its_first_event(shop: Project) -> None:
    assert reached(shop) == [4, 2, 2]
    assert reached(shop, since="2024-03-02") == [3, 1, 1]  # ann viewed before
    assert reached(shop, since="2024-03-02", until="2024-03-03") == [1, 1, 1]  # bob bought on the 5th, and it counts
    assert reached(shop, "cart", "purchase", since="2024-03-02", until="2024-03-03") == [
        2,
        2,
    ]  # ann's chain starts at her cart
    assert reached(shop, until="2024-03-02") == [1, 1, 1]


def test_a_session_funnel_selects_sessions_by_their_start(shop: Project) -> None:
    assert reached(shop, "cart", "purchase", count="sessions") == [2, 1]
    assert reached(shop, "cart", "purchase", count="sessions", since="2024-03-02") == [
        1,
        0,
    ]  # ann's session began before
    assert reached(shop, "cart", "purchase", count="sessions", until="2024-03-02") == [1, 1]


def test_windows_are_judged_at_as_of_and_never_at_until(shop: Project) -> None:
    period = {"since": "2024-03-03", "until": "2024-03-04"}
    late, early = (shop.dropoff(as_of=t, **period).rows()[0] for t in ("2024-04-01", "2024-03-05"))
    assert [(r["lost"], r["in_progress"]) for r in (late, early)] == [(1, 0), (0, 1)]
    rows = shop.funnel(["view", "cart"], as_of="2024-03-05", **period).rows()
    assert [(r["dropped"], r["in_progress"]) for r in rows] == [(0, 1), (0, 0)]


def test_a_goal_after_the_period_still_makes_a_session_return(shop: Project) -> None:
    row = leaks(shop, since="2024-03-02", until="2024-03-03")["cart"]
    assert [row[c] for c in ("drop_off", "returned", "lost", "conversion")] == [1, 1, 0, 1.0]


def test_the_mean_goal_value_is_over_the_goals_of_the_period(shop: Project) -> None:
    """cat's session of the 3rd is lost; conversion at view is 3 of 4 over all time."""
    everything = leaks(shop)["view"]
    assert (everything["lost"], everything["conversion"], everything["value_at_risk"]) == (
        1,
        0.75,
        15.0,
    )  # x (30 + 10 + 20) / 3
    # since the 3rd: cat lost, dan bought: conversion 1 of 2; goals of the period: dan's 20 and bob's 10
    later = leaks(shop, since="2024-03-03")["view"]
    assert (later["lost"], later["conversion"], later["value_at_risk"]) == (1, 0.5, 7.5)
    # the 3rd alone: no goal lies in it, so there is no mean, though bob's and dan's windows are over
    assert leaks(shop, since="2024-03-03", until="2024-03-04")["view"]["value_at_risk"] is None


def test_a_segment_is_the_value_at_the_unit_s_first_event(shop: Project) -> None:
    web, app = {"segment": {"platform": "web"}}, {"segment": {"platform": "app"}}
    assert starters(shop, **web) == ["ann", "cat", "bob"]  # bob's second session starts at his purchase
    assert starters(shop, **app) == ["bob"]
    assert edges(shop, **app) == {("START", "view"): 1, ("view", "cart"): 1, ("cart", "END"): 1}  # the whole session
    assert counts(shop, **app) == (4, 3, 1)  # an event is its own unit
    assert reached(shop, **web) == [2, 1, 1]
    assert reached(shop, **app) == [1, 1, 1]
    assert reached(shop, segment=[("platform", "web"), ("channel", "ads")]) == [2, 1, 1]
    assert leaks(shop, **app)["cart"]["returned"] == 1


@pytest.mark.parametrize("count", ["customers", "sessions"])
@pytest.mark.parametrize("column", ["platform", "channel"])
def test_breakdown_rows_are_the_segments_and_add_up(shop: Project, column: str, count: str) -> None:
    steps = ["view", "cart", "purchase"]
    rows = shop.funnel(steps, breakdown=column, count=count, **AS_OF).rows()
    values = {r[column] for r in rows}
    assert values == ({"web", "app", "(none)"} if column == "platform" else {"ads", "mail"})
    for value in values - {"(none)"}:
        mine = [r["reached"] for r in rows if r[column] == value]
        assert mine == reached(shop, segment={column: value}, count=count)
    total = [sum(r["reached"] for r in rows if r["step"] == i) for i in (1, 2, 3)]
    assert total == reached(shop, count=count)


def test_where_filters_events_before_sessionization(shop: Project) -> None:
    # without help, cat's views are 40 minutes apart: two sessions
    assert counts(shop, where=["event!=help"]) == (10, 4, 6)
    assert starters(shop, where=["event!=help"]) == ["ann", "bob", "cat", "cat", "dan", "bob"]
    assert starters(shop, where=["platform=app"]) == ["ann", "bob", "dan"]
    assert edges(shop, where=["platform=app", "event=purchase"]) == {("START", "purchase"): 2, ("purchase", "END"): 2}
    assert reached(shop, "view", "purchase", where=["platform=web"]) == [2, 0]  # bob's view, on the app, is not there
    assert counts(shop, where=["value>=20"]) == (2, 2, 2)


def test_where_and_segment_are_printed_in_the_header(shop: Project) -> None:
    words = [
        "-C",
        str(shop.directory),
        "summary",
        "-f",
        "table",
        "--where",
        "event!=help",
        "--segment",
        "platform=web",
        "--since",
        "2024-03-02",
    ]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert "since 2024-03-02T00:00:00Z · segment platform=web · where event!=help" in done.output


@pytest.mark.parametrize(
    "question",
    [
        {"segment": {"platfrom": "web"}},
        {"where": ["platfrom=web"]},
        {"where": ["platfrom!=web"]},
        {"where": ["event=none", "platfrom=1"]},
    ],
)
def test_a_column_that_no_event_has_is_warned_about(shop: Project, question: dict[str, Any]) -> None:
    assert shop.summary(**question).meta["warnings"] == [
        'no event has a value in the column "platfrom". Did you mean "platform"?'
    ]


def test_so_is_a_breakdown_s_and_a_step_s_column(shop: Project) -> None:
    expected = ['no event has a value in the column "chanel". Did you mean "channel"?']
    assert shop.funnel(["view", "cart"], breakdown="chanel").meta["warnings"] == expected
    assert shop.funnel(["view[chanel=ads]", "cart"]).meta["warnings"] == expected


def test_a_column_of_the_store_that_nobody_fills_is_one_of_them(shop: Project) -> None:
    assert shop.summary(where=["order_id=7"]).meta["warnings"] == ['no event has a value in the column "order_id".']


@pytest.mark.parametrize(
    "question", [{"where": ["platform=tv"]}, {"segment": {"channel": "tv"}}, {"where": ["event=none", "value>1"]}]
)
def test_a_value_that_nobody_has_is_no_unknown_column(shop: Project, question: dict[str, Any]) -> None:
    result = shop.summary(**question)
    assert (result.rows()[0]["events"], result.meta["warnings"]) == (0, [])


@pytest.mark.parametrize(
    "column, hint", [("event_at", "--since and --until"), ("customer_key", "customer_id"), ("variants", "duplicates")]
)
def test_our_own_columns_are_not_for_conditions(shop: Project, column: str, hint: str) -> None:
    for question in ({"where": [f"{column}=1"]}, {"segment": {column: "1"}}):
        with pytest.raises(ConfigError, match=hint):
            shop.summary(**question)
