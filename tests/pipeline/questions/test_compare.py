"""--compare: each side is the plain question about it, and what differs is told. On the sample shop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import journeys
from ingest.errors import ConfigError
from pipeline.cli import cli
from pipeline.questions.carts import carts

MAY = {"since": "2024-05-01", "until": "2024-06-01"}
APRIL = {"since": "2024-03-31", "until": "2024-05-01"}  # as many days
BUY = ["product_view", "add_to_cart", "purchase"]


@pytest.fixture(scope="module")
def shop(sample_shop: Path) -> journeys.Project:
    return journeys.open(sample_shop)


def call(shop: journeys.Project, *words: str) -> Result:
    found = CliRunner().invoke(cli, ["-C", str(shop.directory), *words], catch_exceptions=False)
    assert "Traceback" not in found.stderr
    return found


def by_key(result: journeys.Result, *key: str) -> dict[Any, dict[str, Any]]:
    return {tuple(r[k] for k in key): r for r in result.rows()}


def check_whole(result: journeys.Result) -> dict[str, float]:
    """The law: mix and rate effect of all rows are the overall change."""
    overall: dict[str, float] = result.meta["overall"]
    total = sum(r["mix"] + r["rate_effect"] for r in result.rows())
    assert total == pytest.approx(overall["difference"], abs=1e-12)
    assert total == pytest.approx(overall["mix"] + overall["rate_effect"], abs=1e-12)
    assert overall["rate"] - overall["rate_before"] == pytest.approx(total, abs=1e-12)
    return overall


# --- Both sides ----------------------------------------------------------------------------------------------------

SIDES = [
    ({**MAY, "compare": "previous"}, MAY, APRIL),
    ({**MAY, "compare": "2024-02-01..2024-03-01"}, MAY, {"since": "2024-02-01", "until": "2024-03-01"}),
    (
        {"compare": "previous"},
        {"since": "2024-06-02", "until": "2024-06-30"},
        {"since": "2024-05-05", "until": "2024-06-02"},
    ),
    (
        {**MAY, "segment": {"platform": "desktop"}, "compare": "platform=mobile"},
        MAY | {"segment": {"platform": "desktop"}},
        MAY | {"segment": {"platform": "mobile"}},
    ),
    (
        {"segment": {"platform": "tablet", "acquisition_channel": "email"}, "compare": "platform=mobile"},
        {"segment": {"platform": "tablet", "acquisition_channel": "email"}},
        {"segment": {"platform": "mobile", "acquisition_channel": "email"}},
    ),
]
sides = pytest.mark.parametrize("words, now, before", SIDES, ids=lambda w: "")


@sides
def test_both_sides_of_a_drop_off_are_the_plain_questions(
    shop: journeys.Project, words: Any, now: Any, before: Any
) -> None:
    found = shop.dropoff(**words)
    rows = by_key(found, "touchpoint")
    for side, (n, rate) in ((now, ("n", "rate")), (before, ("n_before", "rate_before"))):
        plain = by_key(shop.dropoff(**side), "touchpoint")
        assert {k: (r[n], r[rate]) for k, r in rows.items() if r[n]} == {
            k: (r["sessions"], r["drop_off_rate"]) for k, r in plain.items()
        }
    overall = check_whole(found)
    ends = sum(r["drop_off"] for r in shop.dropoff(**now).rows())
    assert overall["rate"] == pytest.approx(ends / shop.summary(**now).rows()[0]["sessions"])


@sides
def test_both_sides_of_a_funnel_are_the_plain_questions(
    shop: journeys.Project, words: Any, now: Any, before: Any
) -> None:
    found = shop.funnel(BUY, breakdown="acquisition_channel", **words)
    rows = by_key(found, "acquisition_channel", "step")
    overall = check_whole(found)
    for side, (n, rate) in ((now, ("n", "rate")), (before, ("n_before", "rate_before"))):
        plain = by_key(shop.funnel(BUY, breakdown="acquisition_channel", **side), "acquisition_channel", "step")
        for (channel, step), r in plain.items():
            if step > 1:
                taken = rows[channel, step][n], rows[channel, step][rate]
                assert taken == (plain[channel, step - 1]["reached"], r["step_conversion_rate"])
        last = shop.funnel(BUY, **side).rows()[-1]
        assert overall[rate] == pytest.approx(last["conversion_rate"], abs=1e-6)


@sides
def test_both_sides_of_the_carts_are_the_plain_questions(
    shop: journeys.Project, words: Any, now: Any, before: Any
) -> None:
    found = carts(shop, by="kind", **words)
    overall = check_whole(found)
    for side, (n, rate) in ((now, ("n", "rate")), (before, ("n_before", "rate_before"))):
        plain = carts(shop, **side)
        assert overall[rate] == pytest.approx(plain.meta["totals"]["abandonment_rate"], abs=1e-6)
        decided = ("converted", "abandoned", "recovered")
        assert sum(r[n] for r in found.rows()) == sum(plain.meta["totals"][s] for s in decided)
    assert check_whole(carts(shop, by="hour", **words))["rate"] == overall["rate"]


@sides
def test_both_sides_of_the_edges_are_the_plain_questions(
    shop: journeys.Project, words: Any, now: Any, before: Any
) -> None:
    found = shop.paths(**words)
    rows = by_key(found, "source", "target")
    shares = []
    for side, rate in ((now, "rate"), (before, "rate_before")):
        plain = by_key(shop.paths(**side), "source", "target")
        assert {k: r[rate] for k, r in rows.items() if r[rate]} == {k: r["probability"] for k, r in plain.items()}
        total = sum(r["transitions"] for r in plain.values())
        shares.append({k: r["transitions"] / total for k, r in plain.items()})
    for key, row in rows.items():
        moved = shares[0].get(key, 0) - shares[1].get(key, 0)
        assert row["mix"] + row["rate_effect"] == pytest.approx(moved, abs=1e-12)
    assert check_whole(found)["rate"] == 1


def test_a_segment_alone_is_compared_with_everybody_else(shop: journeys.Project) -> None:
    found = shop.dropoff(by="stage", compare="platform=mobile")
    assert (found.meta["segment"], found.meta["before"]["segment"]) == (["platform=mobile"], ["platform!=mobile"])
    plain = by_key(shop.dropoff(by="stage"), "stage")
    assert {k: r["n"] + r["n_before"] for k, r in by_key(found, "stage").items()} == {
        k: r["sessions"] for k, r in plain.items()
    }
    assert any(" than the rest " in r["sentence"] for r in found.rows() if r["significant"])


def test_swapped_segments_change_signs(shop: journeys.Project) -> None:
    one = shop.dropoff(segment={"platform": "mobile"}, compare="platform=desktop")
    two = by_key(shop.dropoff(segment={"platform": "desktop"}, compare="platform=mobile"), "touchpoint")
    assert {r["touchpoint"]: (r["difference"], r["mix"], r["significant"]) for r in one.rows()} == {
        k[0]: (None if r["difference"] is None else -r["difference"], -r["mix"], r["significant"])
        for k, r in two.items()
    }


def test_the_rest_of_a_breakdown_is_the_same_values_on_both_sides(shop: journeys.Project) -> None:
    words = {"breakdown": "acquisition_channel", **MAY, "compare": "previous"}
    every, top = shop.funnel(BUY, **words), shop.funnel(BUY, top=1, **words)
    first = shop.funnel(BUY, breakdown="acquisition_channel", **MAY).rows()[0]["acquisition_channel"]
    assert {r["acquisition_channel"] for r in top.rows()} == {first, "(other)"}
    for n in ("n", "n_before"):
        assert sum(r[n] for r in top.rows()) == sum(r[n] for r in every.rows())
    assert top.meta["overall"]["difference"] == every.meta["overall"]["difference"]


def test_optional_steps_are_passed_over(shop: journeys.Project) -> None:
    found = shop.funnel(["product_view", "add_to_cart?", "purchase"], compare="platform=mobile")
    assert [(r["step"], r["name"], r["previous_step"]) for r in found.rows()] == [(3, "purchase", "product_view")]


def test_the_meta_says_what_was_compared(shop: journeys.Project) -> None:
    meta = shop.dropoff(**MAY, compare="previous").meta
    assert (meta["since"], meta["until"]) == ("2024-05-01T00:00:00Z", "2024-06-01T00:00:00Z")
    assert meta["before"] == {"since": "2024-03-31T00:00:00Z", "until": "2024-05-01T00:00:00Z", "segment": []}
    assert (meta["compare"], meta["min_n"], meta["q"]) == ("previous", 30, 0.05)


# --- What cannot be compared ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, message",
    [
        ({"compare": "previos"}, 'Did you mean "previous"?'),
        ({"compare": "platform!=mobile"}, "--compare takes previous, DAY..DAY"),
        ({"compare": "2024-01-01.."}, "--compare takes previous, DAY..DAY"),
        ({"compare": "2024-01-01..tomorrow"}, '--compare "tomorrow" is not a day'),
        ({"compare": "2024-02-01..2024-01-01"}, "the period is empty"),
        ({"compare": "2024-05-20..2024-06-10"}, "overlaps the period (2024-06-02 until 2024-06-30)"),
        ({"compare": "platform=mobile", "segment": {"platform": "mobile"}}, "is the --segment itself"),
        ({"compare": "persona=nobody"}, 'no [[persona]] named "nobody"'),
        ({"compare": "event_at=x"}, "no condition can look at event_at"),
        ({"compare": "previous", "since": "2024-06-30"}, "the period is empty"),
    ],
)
def test_what_cannot_be_compared_is_refused(shop: journeys.Project, words: Any, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        shop.dropoff(**words)
    assert message in str(raised.value)


def test_trends_are_not_compared_with_another_period(shop: journeys.Project) -> None:
    with pytest.raises(ConfigError, match="--by month tells periods apart"):
        shop.funnel(BUY, by="month", compare="previous")
    months = {r["month"] for r in shop.funnel(BUY, by="month", compare="platform=mobile").rows()}
    assert len(months) == 6


def test_a_side_that_holds_nothing_is_said_and_nothing_is_claimed(shop: journeys.Project) -> None:
    found = shop.dropoff(**MAY, compare="2020-01-01..2020-02-01")
    assert found.meta["overall"] is None
    assert {(r["significant"], r["difference"], r["mix"]) for r in found.rows()} == {(False, None, None)}
    assert found.rows()[0]["sentence"].endswith(" and 0)")
    assert "--compare 2020-01-01..2020-02-01: one side holds nothing, so nothing is compared." in found.meta["warnings"]


def test_open_windows_are_warned_about(shop: journeys.Project) -> None:
    assert any("still in progress" in w for w in shop.funnel(BUY, compare="previous").meta["warnings"])
    assert not shop.funnel(BUY, **MAY, compare="previous").meta["warnings"]


def test_nodes_are_not_compared(shop: journeys.Project) -> None:
    with pytest.raises(ConfigError, match="leave out --nodes"):
        shop.paths(nodes=True, compare="previous")


# --- The command line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, answer",
    [
        (["funnel", *BUY], lambda j: j.funnel(BUY, compare="previous")),
        (["funnel", "buy"], lambda j: j.funnel(**j.saved_funnel("buy"), compare="previous")),
        (["dropoff", "--by", "stage"], lambda j: j.dropoff(by="stage", compare="previous")),
        (["paths", "--collapse-repeats"], lambda j: j.paths(collapse_repeats=True, compare="previous")),
        (["carts", "--by", "platform"], lambda j: carts(j, by="platform", compare="previous")),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_the_command_and_the_method_give_one_answer(
    shop: journeys.Project, words: list[str], answer: Any, tmp_path: Path
) -> None:
    meta = tmp_path / "meta.json"
    found = call(shop, *words, "--compare", "previous", "-f", "json", "--meta", str(meta))
    assert found.exit_code == 0, found.stderr
    assert json.loads(found.stdout) == answer(shop).rows()
    assert json.loads(meta.read_text())["overall"] == answer(shop).meta["overall"]


def test_a_table_has_the_numbers_and_below_it_the_findings_in_words(shop: journeys.Project) -> None:
    text = call(shop, "dropoff", "--by", "stage", "--compare", "2024-01-01..2024-06-01", "-f", "table").stdout
    (finding,) = [
        r["sentence"] for r in shop.dropoff(by="stage", compare="2024-01-01..2024-06-01").rows() if r["significant"]
    ]
    lines = text.splitlines()
    assert lines[0] == "dropoff, compared"
    assert finding in lines
    assert "compared with: since 2024-01-01T00:00:00Z · until 2024-06-01T00:00:00Z" in lines
    assert "1 of 5 compared rates differ beyond noise (q = 0.05)" in lines
    assert lines[-1].startswith("overall 82.0 % against 88.6 %: -6.6 points = mix ")


def test_the_option_is_explained(shop: journeys.Project) -> None:
    text = call(shop, "dropoff", "--compare", "previous", "--explain").stderr
    assert "dropoff compared: one row per rate of either side." in text
    assert "mix + rate_effect, over all rows, = the difference of the overall rates." in text
    assert call(shop, "dropoff", "--compare", "previos").exit_code == 2
