"""The question what goes with an outcome, as it is asked of a project."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import journeys
from ingest.errors import ConfigError
from pipeline.cli import cli

PEOPLE = 60


def lines() -> list[str]:
    """Of 60 customers 30 are on mobile; half of them chat, and those who chat buy."""
    found = ["u,t,event,platform,id"]
    for i in range(PEOPLE):
        platform, day = "mobile" if i % 2 else "desktop", f"2026-01-{5 + i % 20:02d}"
        found += [f"c{i},{day} 09:50,chat,{platform},{i}"] if i % 4 < 2 else []
        found.append(f"c{i},{day} 10:00,cart,{platform},{i}")
        found += [f"c{i},{day} 10:05,purchase,{platform},{i}"] if i % 4 < 2 and i % 8 else []
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> journeys.Project:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "log.csv").write_text("\n".join(lines()))
    (folder / "journeys.toml").write_text(
        '[[funnel]]\nname = "buy"\nsteps = ["cart", "purchase"]\nsegment = { platform = "mobile" }\n'
    )
    found = journeys.open(folder)
    found.ingest(folder / "log.csv", map={"customer_id": "u", "event_at": "t"})
    return found


AS_OF = "2026-03-01"


def test_columns_of_the_files_and_touchpoints_are_tried_unless_some_are_named(shop: journeys.Project) -> None:
    found = shop.drivers(["cart", "purchase"], as_of=AS_OF)
    assert found.meta["by"] == ["id", "platform", "touchpoint"]
    first = found.rows()[0]
    assert (first["factor"], first["value"], first["units"], first["rate_without"]) == ("touchpoint", "chat", 30, 0.0)
    assert found.meta["totals"] == {"units": 60, "hits": 22, "rate": 0.366667, "open": 0, "customers": 60}
    assert found.meta["factors"] == {"tried": 3, "rare": 60, "everywhere": 0}
    named = shop.drivers(["cart", "purchase"], by="platform", as_of=AS_OF)
    assert {(r["factor"], r["value"]) for r in named.rows()} == {("platform", "mobile"), ("platform", "desktop")}
    assert "exposure" not in named.meta


def test_the_people_behind_a_factor_are_those_it_counts(shop: journeys.Project) -> None:
    row = next(r for r in shop.drivers("cart > purchase", as_of=AS_OF).rows() if r["value"] == "mobile")
    for having, units, hits in ((True, row["units"], row["hits"]), (False, row["units_without"], row["hits_without"])):
        word = {"having" if having else "without": ("platform", "mobile")}
        assert shop.drivers("cart > purchase", as_of=AS_OF, **word).table.num_rows == units
        assert shop.drivers("cart > purchase", as_of=AS_OF, hits=True, **word).table.num_rows == hits
        assert shop.drivers("cart > purchase", as_of=AS_OF, hits=False, **word).table.num_rows == units - hits
    shown = shop.drivers("cart > purchase", as_of=AS_OF, having=("touchpoint", "chat"), unmask=True)
    assert {r["customer"] for r in shown.rows()} == {
        f"c{i}" for i in range(PEOPLE) if i % 4 < 2
    } and "session_id" not in shown.table.column_names


def test_a_saved_funnel_brings_its_segment(shop: journeys.Project) -> None:
    assert shop.drivers("buy", as_of=AS_OF).meta["totals"]["units"] == 30
    assert shop.drivers("buy", as_of=AS_OF, segment="platform=desktop").meta["totals"]["units"] == 30
    assert shop.drivers("buy", as_of=AS_OF).meta["segment"] == ["platform=mobile"]


def test_a_goal_and_a_drop_off_are_of_sessions(shop: journeys.Project) -> None:
    goal = shop.drivers(by="event", as_of=AS_OF)
    assert (goal.meta["goal"], goal.meta["units"], goal.meta["totals"]["hits"]) == (["purchase"], "sessions", 22)
    left = shop.drivers(drop_off="cart", by="platform", as_of=AS_OF)
    assert (left.meta["totals"]["units"], left.meta["totals"]["hits"]) == (60, 38)
    assert "session_id" in shop.drivers(drop_off="cart", having=("platform", "mobile"), as_of=AS_OF).table.column_names


@pytest.mark.parametrize(
    "words, message",
    [
        ({"steps": "cart > purchase", "drop_off": "cart"}, "give one of them"),
        ({"steps": "cart > purchase", "goal": "cart"}, "last step is its goal"),
        ({"drop_off": "cart", "window": "1d"}, "window: of the steps of a funnel only"),
        ({"steps": "cart > purchase", "step": "pay"}, 'names "pay", which is not a step'),
        ({"steps": "bye"}, "there is no \\[\\[funnel\\]\\] named"),
        ({"having": ("platform", "x"), "without": ("platform", "x")}, "do not go together"),
        ({"hits": True}, "about the people behind a factor"),
    ],
)
def test_words_that_do_not_go_together_are_refused(
    shop: journeys.Project, words: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        shop.drivers(**words)


def test_what_cannot_be_told_is_said(shop: journeys.Project) -> None:
    def said(**words: object) -> str:
        return " ".join(shop.drivers(**words).meta["warnings"])

    assert 'the touchpoint "carts" never occurs. Did you mean "cart"?' in said(drop_off="carts")
    assert "all 60 is open at as_of" in said(steps="cart > purchase", window="90d", as_of=AS_OF)
    assert 'the goal "buy" never occurs' in said(goal="buy")
    assert "none of the 60 sessions reached the goal: nothing tells them apart." in said(goal="buy", as_of=AS_OF)
    assert 'no event has a value in the column "platfrom". Did you mean "platform"?' in said(by="platfrom")


def test_the_command_says_whom_it_is_about_and_explains_who_is_behind_it(shop: journeys.Project) -> None:
    words = ["-C", str(shop.directory), "drivers", "cart", "purchase", "--as-of", AS_OF, "-f", "table", "--explain"]
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert "cart > purchase: 60 customers, 36.7 % hits; 0 left out, their window is open" in done.output
    assert "3 factors tried, 1 beyond noise (q = 0.05); left out: 60 that fewer than min(25, 2 %) have" in done.output
    assert "touchpoint chat: 73.3 % of 30 went on, 0.0 % of the others" in done.output
    command = next(line.split() for line in done.output.splitlines() if "--having" in line)
    again = CliRunner().invoke(cli, [*command[1:], "--as-of", AS_OF, "-f", "csv"], catch_exceptions=False)
    assert len(again.stdout.splitlines()) == 1 + 22


def test_of_few_nothing_is_told_under_strict_privacy(shop: journeys.Project, tmp_path: Path) -> None:
    (tmp_path / "journeys.toml").write_text('[project]\nprivacy = "strict"\n')
    (tmp_path / "log.csv").write_text("\n".join(lines()))
    journeys.open(tmp_path).ingest(tmp_path / "log.csv", map={"customer_id": "u", "event_at": "t"})
    for words in (["drivers", "cart", "purchase", "--as-of", "2026-01-13"], ["why", "cart", "purchase"]):
        done = CliRunner().invoke(cli, ["-C", str(tmp_path), *words, "-f", "table"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    with pytest.raises(ConfigError, match="lists people"):
        journeys.open(tmp_path).drivers("cart > purchase", without=("platform", "mobile"))
    assert "id" in journeys.open(tmp_path).drivers("cart > purchase").meta["by"]
