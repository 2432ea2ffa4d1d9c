"""find, variants, steps, step-matrix: the command line and the Python API give one answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import journeys
from ingest.errors import ConfigError
from pipeline.cli import cli

ROWS = """customer_id,event_at,event
u,2026-01-15 10:00:00,home
u,2026-01-15 10:01:00,cart
u,2026-01-15 10:03:00,help
v,2026-01-15 10:00:00,home
v,2026-01-15 10:01:00,cart
v,2026-01-15 10:02:00,purchase
w,2026-01-15 10:00:00,home
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> journeys.Project:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "events.csv").write_text(ROWS)
    project = journeys.open(folder)
    project.ingest(str(folder / "events.csv"))
    return project


def called(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(folder), *words, "-f", "json"])


def answered(folder: Path, *words: str) -> list[dict[str, Any]]:
    found = called(folder, *words)
    assert found.exit_code == 0, found.output
    rows: list[dict[str, Any]] = json.loads(found.stdout)
    return rows


LOST = "cart -> [^purchase]* -> END"


@pytest.mark.parametrize(
    "words, asked",
    [
        (["find", LOST], lambda p: p.find(LOST)),
        (["variants", "--top", "2"], lambda p: p.variants(top=2)),
        (["variants", "--converted", "no", "--hide", "help"], lambda p: p.variants(converted=False, hide=["help"])),
        (["steps", "--from", "cart", "--steps", "1"], lambda p: p.steps(from_="cart", steps=1)),
        (["steps", "--to", "purchase", "--visit", "last"], lambda p: p.steps(to="purchase", visit="last")),
        (["steps", "--between", "home", "purchase"], lambda p: p.steps(between=("home", "purchase"))),
        (["step-matrix", "3", "--anchor", "cart"], lambda p: p.step_matrix(3, anchor="cart")),
        (["flows", "3"], lambda p: p.flows(3)),
        (["flows", "--every-visit", "--by", "stage"], lambda p: p.flows(by="stage", collapse_repeats=False)),
    ],
)
def test_the_command_and_the_api_give_the_same_rows(shop: journeys.Project, words: Sequence[str], asked: Any) -> None:
    rows = asked(shop).rows()
    assert rows
    assert answered(shop.directory, *words) == rows


def test_a_pattern_counts_and_lists_its_sessions_with_masked_customers(shop: journeys.Project) -> None:
    found = shop.find(LOST).rows()[0]
    assert (found["sessions"], found["customers"], found["share"], found["median_seconds"]) == (1, 1, 0.333333, 120.0)
    masked = answered(shop.directory, "find", LOST, "--list")
    assert [r["path"] for r in masked] == ["cart > help"]
    assert masked[0]["customer_id"] != "u"
    assert answered(shop.directory, "find", LOST, "--list", "--unmask")[0]["customer_id"] == "u"


def test_a_mistake_in_a_pattern_is_shown_where_it_is(shop: journeys.Project) -> None:
    found = called(shop.directory, "find", "cart -> *")
    assert found.exit_code == 2
    assert "  cart -> *\n          ^\n" in found.stderr


def test_names_that_never_occur_are_told(shop: journeys.Project) -> None:
    assert 'the pattern\'s name "crt" never occurs. Did you mean "cart"?' in shop.find("crt").meta["warnings"][0]
    assert shop.variants(hide=["hlp"]).meta["warnings"] == ['the hidden event "hlp" never occurs. Did you mean "help"?']
    assert shop.find('"(unmapped)"', level="stage").meta["warnings"] == []


def test_one_question_at_a_time(shop: journeys.Project) -> None:
    with pytest.raises(ConfigError, match="one of from, to and between"):
        shop.steps(from_="home", to="cart")
    with pytest.raises(ConfigError, match="visit is first or last"):
        shop.steps(from_="home", visit="second")


def test_a_limit_of_ways_touches_no_count(shop: journeys.Project) -> None:
    found = shop.variants(top=1)
    assert (found.table.num_rows, found.meta["variants"]) == (1, 3)
    assert found.rows()[0]["share"] == 0.333333


def test_a_page_of_a_figure_says_how_it_came_about_as_a_table_does(shop: journeys.Project, tmp_path: Path) -> None:
    page, meta, other = (str(tmp_path / name) for name in ("flows.html", "page.json", "table.json"))
    for words in (["-o", page, "--meta", meta], ["-f", "json", "--meta", other]):
        found = CliRunner().invoke(cli, ["-C", str(shop.directory), "flows", "3", *words])
        assert found.exit_code == 0, found.output
    assert Path(page).read_text().startswith("<!doctype html>")
    assert json.loads(Path(meta).read_text()) == json.loads(Path(other).read_text())
