"""journeys attribution: what was spent, files of paths, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import journeys
from ingest.errors import ConfigError, InputError, MissingInput
from pipeline.cli import cli

ROWS = """time,customer,event,channel,value
2026-01-01 10:00,ann,visit,email,
2026-01-03 10:00,ann,visit,ads,
2026-01-03 10:05,ann,purchase,,60
2026-01-04 10:00,bob,visit,,
2026-01-04 10:05,bob,purchase,,40
2026-01-05 10:00,cy,visit,email,
2026-01-09 10:00,cy,purchase,,1.5
2026-01-20 10:00,dee,visit,email,
"""


@pytest.fixture
def shop(tmp_path: Path) -> journeys.Project:
    (tmp_path / "e.csv").write_text(ROWS)
    (tmp_path / "journeys.toml").write_text('[project]\ncurrency = "EUR"\n[attribution]\nweights = [1, 0, 3]\n')
    shop = journeys.open(tmp_path)
    shop.ingest(tmp_path / "e.csv")
    return shop


def by_value(found: journeys.Result, *names: str) -> dict[str, tuple[object, ...]]:
    return {r["value"]: tuple(r[n] for n in names) for r in found.rows()}


def test_every_model_adds_up_and_the_answer_says_what_was_shared_out(shop: journeys.Project) -> None:
    found = shop.attribution(model="all")
    assert found.meta["totals"] == {
        "conversions": 3,
        "valued": 3,
        "value": 101.5,
        "no_touch": 0,
        "null_paths": 0,
        "open_paths": 1,
    }
    told = by_value(found, "touches", "first_conversions", "last_value", "custom_conversions")
    assert told == {
        "email": (3, 2.0, 0.0, 0.5),
        "(none)": (2, 1.0, 41.5, 1.75),
        "ads": (1, 0.0, 60.0, 0.75),
    }
    for model in found.meta["models"]:
        if model != "participation":
            assert sum(r[f"{model}_conversions"] for r in found.rows()) == pytest.approx(3)
            assert sum(r[f"{model}_value"] for r in found.rows()) == pytest.approx(101.5)


def test_spend_of_the_period_gives_cost_per_conversion_and_return(shop: journeys.Project, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(
        "Channel;Cost;Date;Currency\nads;12,50;2026-01-02;EUR\nads;2,50;2026-01-03;eur\nads;99;2025-12-01;EUR\nemial;1;2026-01-02;\n"
    )
    found = shop.attribution(model="last", spend=tmp_path / "s.csv", since="2026-01-01")
    told = by_value(found, "cost", "last_cost_per_conversion", "last_return")
    assert told["ads"] == (15.0, 15.0, 4.0)
    assert told["(none)"] == (None, None, None)
    assert told["emial"] == (1.0, None, None)
    assert found.meta["spend"] == {"file": "s.csv", "cost": 16.0, "left_out": 1}
    assert any('"emial", which nobody touched. Did you mean "email"?' in w for w in found.meta["warnings"])


def test_snowplows_return_on_spend(shop: journeys.Project, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("path,conversions,value\nVideo,1,206.5\n")
    (tmp_path / "s.csv").write_text("value,cost\nVideo,100000\n")
    found = shop.attribution(model="last", from_paths=tmp_path / "p.csv", spend=tmp_path / "s.csv")
    assert by_value(found, "last_return") == {"Video": (0.002065,)}
    assert any("no column date" in w for w in found.meta["warnings"])


@pytest.mark.parametrize(
    "text, message",
    [
        (
            "channel,cost,currency\nads,1,EUR\nads,1,USD\n",
            r"row 2: the cost is in USD, and \[project\] currency is EUR",
        ),
        ("channel,cost\nads,much\n", 'row 1: the cost "much" is no number'),
        ("channel,cost,day\nads,1,yesterday\n", 'the day "yesterday" is not written as'),
        ("channel,clicks\nads,1\n", "no column for cost: its columns are channel, clicks"),
    ],
)
def test_a_spend_file_that_cannot_be_right_is_refused(
    shop: journeys.Project, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        shop.attribution(spend=tmp_path / "s.csv")
    with pytest.raises(MissingInput):
        shop.attribution(spend=tmp_path / "nowhere.csv")


def test_a_table_of_paths_is_read_back_to_the_same_answer(shop: journeys.Project, tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(
        'time,customer,event,channel,value\n2026-01-11 10:00,eve,visit,a > b,\n2026-01-12 10:00,eve,visit,"say ""x""",\n'
        "2026-01-12 10:05,eve,purchase,,7\n"
    )
    shop.ingest(tmp_path / "f.csv")
    file = tmp_path / "p.csv"
    words = ["-C", str(tmp_path), "attribution", "--paths-table", "-o", str(file)]
    assert CliRunner().invoke(cli, words).exit_code == 0
    assert '"""a > b"" > say' in file.read_text()
    models = ["first", "last", "linear", "position", "shapley", "participation", "markov"]
    names = [f"{m}_{c}" for m in models for c in ("conversions", "value")]
    there, back = shop.attribution(model=models), shop.attribution(model=models, from_paths=file)
    told, again = by_value(there, *names), by_value(back, *names)
    assert told.keys() == again.keys()
    for value in told:
        assert again[value] == pytest.approx(told[value], abs=0.006)  # a file's columns are rounded at once, and finer


@pytest.mark.parametrize(
    "text, message",
    [
        ("path,conversions\na >,1\n", "has an empty value"),
        ("path,conversions\na > > b,1\n", "has an empty value"),
        ("path,conversions\na,-1\n", "no whole number of at least 0"),
        ("path,conversions\na,1.5\n", "no whole number of at least 0"),
        ("way,n\na,1\n", "no column for path"),
    ],
)
def test_a_file_of_paths_that_cannot_be_right_is_refused(
    shop: journeys.Project, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        shop.attribution(from_paths=tmp_path / "p.csv")


def test_words_that_make_no_sense_are_refused(shop: journeys.Project, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("path,conversions\na,1\n")
    with pytest.raises(ConfigError, match='no model "linaer". Did you mean "linear"'):
        shop.attribution(model="first,linaer")
    with pytest.raises(ConfigError, match="does not go with since"):
        shop.attribution(from_paths=tmp_path / "p.csv", since="2026-01-01")
    with pytest.raises(ConfigError, match="decay needs the times"):
        shop.attribution(from_paths=tmp_path / "p.csv", model="decay")
    with pytest.raises(ConfigError, match="compare goes with none of"):
        shop.attribution(compare="previous", paths_table=True)
    (tmp_path / "journeys.toml").write_text("[attribution]\nweights = [0, 0, 0]\n")
    with pytest.raises(ConfigError, match="weights"):
        journeys.open(tmp_path).attribution()


def test_a_lookback_of_0_is_closed_and_said(shop: journeys.Project) -> None:
    found = shop.attribution(model="last", lookback="0")
    assert by_value(found, "last_conversions")["(no touch)"] == (2.0,)
    assert by_value(found, "last_conversions")["(none)"] == (1.0,)  # cy's session begins with the goal
    assert any("lookback of 0" in w for w in found.meta["warnings"])


def test_both_sides_of_a_comparison_share_out_their_own_conversions(shop: journeys.Project) -> None:
    found = shop.attribution(model="last", compare="2026-01-01..2026-01-04", since="2026-01-04", until="2026-01-10")
    told = by_value(found, "n", "rate", "n_before", "rate_before")
    assert told == {"(none)": (2, 1.0, 1, 0.0), "ads": (2, 0.0, 1, 1.0), "email": (2, 0.0, 1, 0.0)}


def test_a_column_of_many_values_is_counted_exactly_and_shown_in_part(tmp_path: Path) -> None:
    n = 3_000
    rows = [f"2026-01-01 10:00,c{i},visit,k{i:06d}\n2026-01-01 10:01,c{i},purchase,\n" for i in range(n)]
    (tmp_path / "e.csv").write_text("time,customer,event,channel\n" + "".join(rows))
    shop = journeys.open(tmp_path)
    shop.ingest(tmp_path / "e.csv", map={"channel": "channel"})
    found = shop.attribution(top=10)
    assert found.table.num_rows == 11
    assert by_value(found, "touches", "linear_conversions", "markov_conversions")["(other)"] == (n - 10, n - 10.0, None)
    assert any("markov is solved for up to 2,000" in w for w in found.meta["warnings"])
    said = CliRunner().invoke(cli, ["-C", str(tmp_path), "attribution", "-f", "markdown", "--limit", "30"]).stdout
    assert "the first 30 of 3,000 rows have 1.0% of the conversions (first)" in said


def test_the_people_behind_a_value_are_those_with_a_conversion_that_the_model_owes_to_it(
    shop: journeys.Project,
) -> None:
    def people(value: str, model: str) -> list[str]:
        return [r["customer"] for r in shop.attribution(model=model, attributed=value, unmask=True).rows()]

    assert people("email", "first") == ["ann", "cy"]
    assert people("email", "last") == []
    assert people("ads", "last") == people("ads", "linear") == people("ads", "markov") == ["ann"]
    assert people("(none)", "last") == ["bob", "cy"]  # the session of cy's purchase has no channel
    assert people("(none)", "last_non_direct") == ["bob"]
    found = shop.attribution(model="first", attributed="email")
    assert found.meta["customers"] == 2
    assert "ann" not in found.table["customer"].to_pylist()
    with pytest.raises(ConfigError, match='no touch is called "emial".*Did you mean "email"'):
        shop.attribution(attributed="emial")
    with pytest.raises(ConfigError, match="goes with none of"):
        shop.attribution(attributed="email", top=3)
    with pytest.raises(ConfigError, match="ask for --attributed"):
        shop.attribution(unmask=True)
    with pytest.raises(ConfigError, match="no events"):
        shop.attribution(attributed="email", from_paths="p.csv")


def test_the_people_of_all_values_are_all_who_converted(shop: journeys.Project) -> None:
    for model in ("first", "linear", "shapley"):
        values = [r["value"] for r in shop.attribution(model=model).rows()]
        rows = [r["customer"] for v in values for r in shop.attribution(model=model, attributed=v, unmask=True).rows()]
        assert set(rows) == {"ann", "bob", "cy"}
    assert shop.attribution(by="platform", lookback="0s", goal="visit").meta["totals"]["conversions"] == 5


def test_a_conversion_without_a_touch_has_people_too(shop: journeys.Project) -> None:
    (shop.directory / "journeys.toml").write_text('[attribution]\ntouches = ["ad_*"]\n')
    bare = journeys.open(shop.directory)
    assert {r["value"] for r in bare.attribution().rows()} == {"(no touch)"}
    assert bare.attribution(attributed="(no touch)").meta["customers"] == 3
