"""journeys map on the command line and in Python: one answer, with what people know of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import journeys
from paths.journeys.touchpoints import StageRule, StageRules
from pipeline.cli import cli
from pipeline.config import Config
from pipeline.config.preset_stages import SHOP_PHASES, shop_stages

ROWS = "customer_id,event_at,event,score,note\n" + "".join(
    f"{who},2026-01-{day:02} 10:{minute:02}:00,{event},{score},{note}\n"
    for who, plan in ((f"c{i}", i % 2) for i in range(8))
    for day, minute, event, score, note in (
        (5, 0, "home", "", ""),
        (5, 1, "add_to_cart", "", ""),
        (5, 2, "payment" if plan else "home", "", ""),
        (5, 3, "purchase" if plan else "oops", "", ""),
        (6, 0, "csat", "5" if plan else "1", "write to me@example.org"),
        (20, 0, "home", "", ""),
    )
)
RULES = """
[project]
currency = "EUR"
[map]
min_n = 2
errors = "oops"
[[survey]]
event = "csat"
kind = "csat"
comment = "note"
[sessions]
passive = "csat"
[[customers]]
path = "who.csv"
[[persona]]
name = "pros"
where = "plan=pro"
"""
STAGES = """
[[stage]]
name = "look"
events = ["home"]
owner = "marketing"
review_by = 2026-01-10
goal = "find"
[[stage]]
name = "buy"
events = ["add_to_cart", "payment", "purchase", "oops"]
[[touchpoint]]
name = "pay"
event = "payment"
owner = "payments"
[journey.targets.buy]
share = 0.9
sentiment = 1.5
[[annotation]]
date = 2026-01-15
text = "new checkout"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> journeys.Project:
    return made(tmp_path_factory.mktemp("shop"), RULES + STAGES)


def made(folder: Path, rules: str) -> journeys.Project:
    (folder / "journeys.toml").write_text(rules)
    (folder / "events.csv").write_text(ROWS)
    (folder / "who.csv").write_text(
        "customer_id,plan\n" + "".join(f"c{i},{'pro' if i % 2 else 'basic'}\n" for i in range(8))
    )
    project = journeys.open(folder)
    project.ingest(str(folder / "events.csv"))
    return project


def called(project: journeys.Project, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(project.directory), *words])


def rows_of(project: journeys.Project, *words: str) -> list[dict[str, Any]]:
    found = called(project, *words, "-f", "json")
    assert found.exit_code == 0, found.output
    rows: list[dict[str, Any]] = json.loads(found.stdout)
    return rows


@pytest.mark.parametrize("by", ["touchpoint", "channel", "stage"])
def test_the_command_line_says_what_python_says(shop: journeys.Project, by: str) -> None:
    said = json.loads(json.dumps(shop.map(by=by).rows(), default=str))
    assert rows_of(shop, "map", "--by", by) == said


def test_a_cell_has_the_words_of_its_touchpoint_else_of_its_stage(shop: journeys.Project) -> None:
    found = {r["touchpoint"]: (r["owner"], r["review_by"], r["goal"]) for r in rows_of(shop, "map")}
    assert found["pay"] == ("payments", None, None)
    assert found["home"] == ("marketing", "2026-01-10", "find")


def test_a_map_past_its_review_says_so(shop: journeys.Project) -> None:
    assert "were to be reviewed by 2026-01-10" in called(shop, "map").stderr
    assert "reviewed" not in called(shop, "map", "--as-of", "2026-01-09").stderr


def test_feelings_friction_and_moments_are_where_they_belong(shop: journeys.Project) -> None:
    cells = {r["touchpoint"]: r for r in rows_of(shop, "map")}
    assert (cells["purchase"]["sentiment"], cells["oops"]["sentiment"]) == (2.0, -2.0)
    assert {(r["touchpoint"], r["customers"]) for r in rows_of(shop, "map", "pains") if r["signal"] == "error"} == {
        ("home", 4),
        ("oops", 4),
    }
    moment = {r["touchpoint"]: r for r in rows_of(shop, "map", "moments")}["home"]
    assert (moment["good"], moment["p_goal_bad"], moment["verdict"]) == (0, 0.0, None)  # no good visit had room
    assert [(r["touchpoint"], r["best"], r["worst"]) for r in rows_of(shop, "map", "best")] == [
        ("purchase", 1, 2),
        ("oops", 2, 1),
    ]


def test_targets_are_met_or_missed(shop: journeys.Project) -> None:
    buy = rows_of(shop, "map", "designed")[1]
    assert (buy["stage"], buy["share_met"], buy["sentiment"], buy["sentiment_met"]) == ("buy", True, 0.0, False)
    assert (
        "100.0% of 8 customers come in the designed order"
        in called(shop, "map", "designed", "-f", "table").stderr + called(shop, "map", "designed", "-f", "table").stdout
    )


def test_opportunities_are_said_in_words(shop: journeys.Project) -> None:
    found = {r["opportunity"]: r["status"] for r in rows_of(shop, "map", "opportunities", "--as-of", "2026-03-01")}
    assert found["carts_to_win_back"].startswith("4 of 8 carts were abandoned")


def test_personas_stand_side_by_side_and_every_question_takes_one(shop: journeys.Project) -> None:
    found = {(r["persona"], r["stage"]): r["customers"] for r in rows_of(shop, "map", "personas")}
    assert found == {(p, s): 4 for p in ("pros", "(other)") for s in ("look", "buy", "(unmapped)")}
    assert rows_of(shop, "funnel", "add_to_cart", "purchase", "--persona", "pros")[1]["reached"] == 4
    assert rows_of(shop, "funnel", "add_to_cart", "purchase", "--segment", "plan=basic")[1]["reached"] == 0
    assert 'Did you mean "pros"' in called(shop, "summary", "--persona", "pro").stderr


def test_two_sides_of_the_map_are_compared_rate_by_rate(shop: journeys.Project) -> None:
    found = {(r["touchpoint"], r["measure"]): r for r in rows_of(shop, "map", "--compare", "plan=pro")}
    assert (found["home", "goes_on"]["rate"], found["pay", "visited"]["rate_before"]) == (1.0, 0.0)
    assert found["oops", "friction"]["sentence"] == "buy, oops: too few to say (0 and 4)"


def test_annotations_stand_with_every_answer_whose_time_they_are_in(shop: journeys.Project) -> None:
    assert shop.summary().meta["annotations"] == ["2026-01-15 new checkout"]
    assert shop.summary(until="2026-01-15").meta["annotations"] == []
    asked = called(shop, "funnel", "home", "purchase", "--by", "week", "-f", "table")
    assert "2026-01-15 new checkout" in asked.stdout + asked.stderr


def test_without_stages_they_are_those_of_a_shop_and_the_answer_says_so(tmp_path: Path) -> None:
    project = made(tmp_path, RULES)
    answer = project.map(by="stage")
    assert [r["stage"] for r in answer.rows()] == ["awareness", "cart", "checkout", "purchase", "(unmapped)"]
    assert any("journeys.toml has no [[stage]]" in w for w in answer.meta["warnings"])


def test_the_stages_of_a_shop_take_roles_before_common_names() -> None:
    stages = shop_stages(Config().carts.roles)
    rules = StageRules(tuple(StageRule(name=s.name, events=s.events) for s in stages))
    names = ("product_added", "product_view", "add_to_cart", "payment", "home_page", "review_written", "odd")
    found = [rules.stage(n, n, None) for n in names]
    assert found == ["cart", "consideration", "cart", "checkout", "awareness", "advocacy", "(unmapped)"]
    assert {s.name for s in stages} == set(SHOP_PHASES)


@pytest.mark.parametrize(
    "text, words",
    [
        (
            '[journey]\nstages = ["lok"]\n',
            '[journey] names "lok", and there is no such [[stage]]. Did you mean "look"?',
        ),
        ('[[survey]]\nevent = "x"\nkind = "scale"\n', "needs low and high"),
        ('[[survey]]\nevent = "x"\nkind = "csta"\n', 'Did you mean "csat"'),
        ('[[persona]]\nname = "p"\n', "needs at least one of where, did and did_not"),
        (
            '[[persona]]\nname = "p"\nwhere = "plam=x"\n',
            'no [[customers]] file has a column "plam". Did you mean "plan"?',
        ),
        ("[map]\nmin = 3\n", '[map] has no key "min".'),
    ],
)
def test_what_makes_no_sense_in_the_configuration_is_said(tmp_path: Path, text: str, words: str) -> None:
    rules = (
        "".join(part for part in (RULES + STAGES).split('\n[map]\nmin_n = 2\nerrors = "oops"') if part)
        if text.startswith("[map]")
        else RULES + STAGES
    )
    project = made(tmp_path, RULES + STAGES)
    (tmp_path / "journeys.toml").write_text(rules + text)
    asked = called(project, "map", "--persona", "p")
    assert asked.exit_code != 0
    assert words in asked.stderr.replace("\n", " ")


def test_the_goal_of_a_map_may_be_another_one(shop: journeys.Project) -> None:
    usual = {r["touchpoint"]: r for r in rows_of(shop, "map")}
    asked = {r["touchpoint"]: r for r in rows_of(shop, "map", "--goal", "oops")}
    assert (usual["purchase"]["friction"], asked["oops"]["friction"]) == (None, None)  # a goal has none
    assert usual["oops"]["friction"] is not None and asked["purchase"]["friction"] is not None
    assert shop.map(goal=["oops"]).rows() == shop.map(goal="oops").rows()
    never = called(shop, "map", "--goal", "order completed")
    assert never.exit_code == 0 and 'the goal "order completed" never occurs' in never.stderr
