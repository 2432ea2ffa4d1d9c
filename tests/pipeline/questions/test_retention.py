"""The questions who comes back, as they are asked of a project."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

import journeys
from ingest.errors import ConfigError
from pipeline.cli import cli

LINES = """u,t,event,v
ann,2026-01-05 10:00,see,
ann,2026-01-13 10:00,purchase,20
ben,2026-01-08 12:00,see,
cy,2026-01-14 12:00,purchase,
cy,2026-01-25 12:00,see,
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> journeys.Project:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "log.csv").write_text(LINES)
    found = journeys.open(folder)
    found.ingest(folder / "log.csv", map={"customer_id": "u", "event_at": "t", "value": "v"})
    return found


def written(shop: journeys.Project, *words: str) -> str:
    done = CliRunner().invoke(cli, ["-C", str(shop.directory), *words, "-f", "table"], catch_exceptions=False)
    return done.output


def test_a_terminal_has_a_triangle_and_the_average_with_both_its_sums(shop: journeys.Project) -> None:
    lines = [" ".join(line.split()) for line in written(shop, "retention").splitlines()]
    assert "cohort customers week 0 week 1 week 2" in lines
    assert "2026-01-05 2 100.0 % 50.0 % 0.0 %" in lines
    assert "2026-01-12 1 100.0 % 100.0 % \N{EN DASH}" in lines
    assert "average 3 100.0 % 66.7 % 0.0 %" in lines
    assert lines[-1].endswith("week 1 2 / 3, week 2 0 / 2")


def test_goals_without_a_value_are_said(shop: journeys.Project) -> None:
    found = shop.retention(value=True)
    assert "1 of 2 goals have no value; they add nothing to it." in found.meta["warnings"]
    assert [r["value_per_customer"] for r in found.rows() if r["cohort"] == "2026-01-05"] == [0.0, 10.0, 10.0]
    nothing = shop.retention(value=True, goal="see")
    assert any("no goal of these cohorts has a value" in w for w in nothing.meta["warnings"])
    assert {r["value"] for r in nothing.rows()} == {None}


def test_the_customers_behind_a_cell_are_those_it_counts(shop: journeys.Project) -> None:
    back = shop.retention(returned=("2026-01-05", 1), unmask=True)
    away = shop.retention(lapsed=("2026-01-05", 1), unmask=True)
    assert (back.table["customer"].to_pylist(), away.table["customer"].to_pylist()) == (["ann"], ["ben"])
    assert shop.retention(returned=("2026-01-05", 1)).table["customer"].to_pylist() != ["ann"]
    blank = shop.retention(returned=("2026-01-12", 2), as_of="2026-01-27")
    assert "week 2 of 2026-01-12 is not over at as_of, so the triangle is blank there." in blank.meta["warnings"]


@pytest.mark.parametrize(
    "words, said",
    [
        ({"returned": ("2026-01-06", 1)}, 'no cohort "2026-01-06".*Did you mean "2026-01-05"'),
        ({"returned": ("2026-01-05", 1), "lapsed": ("2026-01-05", 1)}, "do not go together"),
        ({"unmask": True}, "ask for --returned or --lapsed"),
        ({"second_goal": True, "rolling": True, "by": "day"}, "leave out by, rolling"),
        ({"returned": ("2026-01-05", "1")}, "returned is a text and a whole number"),
        ({"by": "year"}, "by is day, week or month"),
        ({"brackets": [1, 0]}, "brackets"),
    ],
)
def test_words_that_do_not_go_together_are_refused(shop: journeys.Project, words: dict[str, object], said: str) -> None:
    with pytest.raises(journeys.ConfigError, match=said):
        shop.retention(**words)  # type: ignore[arg-type]
    bad = CliRunner().invoke(cli, ["-C", str(shop.directory), "retention", "--brackets", "1;3"])
    assert bad.exit_code == 2 and "such as 1,3,7" in bad.output


def test_names_and_columns_that_never_occur_are_warned_about(shop: journeys.Project) -> None:
    assert any('the return "purchas" never occurs' in w for w in shop.retention(return_="purchas").meta["warnings"])
    assert any('column "kolor"' in w for w in shop.retention(breakdown="kolor").meta["warnings"])


def test_explain_says_what_is_counted_and_how_to_see_who(shop: journeys.Project) -> None:
    text = shop.explain(shop.retention(mode="on_or_after", return_="purchase"))
    assert "A period that is not over at as_of for all of them is blank" in text
    assert "retention --by week --mode on_or_after --return purchase --returned 2026-01-05 1" in text
    for result in (shop.lifecycle(), shop.lifecycle(stickiness=True), shop.retention(second_goal=True)):
        assert "see the guide" not in shop.explain(result)


def test_two_sides_are_compared_by_the_age_of_their_cohorts_pooled_as_the_average_is(shop: journeys.Project) -> None:
    sides = {"since": "2026-01-12", "until": "2026-01-19"}, {"since": "2026-01-05", "until": "2026-01-12"}
    found = shop.retention(compare="2026-01-05..2026-01-12", **sides[0])
    pooled = [
        {r["period"]: (r["customers"], r["share"]) for r in shop.retention(**s).rows() if r["cohort"] == "average"}
        for s in sides
    ]
    assert [(r["period"], r["name"]) for r in found.rows()] == [(1, "week 1")]  # week 2 of the later cohort is not over
    row = found.rows()[0]
    assert (row["n"], row["rate"]) == pooled[0][1] == (1, 1.0)
    assert (row["n_before"], row["rate_before"]) == pooled[1][1] == (2, 0.5)
    overall = found.meta["overall"]
    assert overall["mix"] + overall["rate_effect"] == overall["difference"] == 0.5


def test_the_own_period_is_compared_where_not_everybody_is_back_in_it(shop: journeys.Project) -> None:
    found = shop.retention(compare="2026-01-05..2026-01-12", return_="purchase", since="2026-01-12", until="2026-01-19")
    assert [(r["period"], r["rate"], r["rate_before"]) for r in found.rows()] == [(0, 1.0, 0.0), (1, 0.0, 0.5)]


@pytest.mark.parametrize("words", [{"value": True}, {"breakdown": "event"}, {"returned": ("2026-01-05", 1)}])
def test_compared_cohorts_are_not_broken_down_valued_or_listed(shop: journeys.Project, words: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="does not go with"):
        shop.retention(compare="previous", **words)
