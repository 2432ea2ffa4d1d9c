"""What goes with a step taken, rule by rule; tests/property/test_drivers.py compares with an oracle."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import paths.drivers.counts as counting
from ingest.errors import ConfigError
from paths.drivers.drivers import Drivers
from paths.drivers.outcomes import DroppedOff, GoalReached, StepTaken
from paths.drivers.rules import Factors
from paths.drivers.table import DriversAnswer
from paths.funnels.funnel import Funnel
from tests.builder import Row, journeys_of, minutes, step

TWO = Funnel(steps=(step("a"), step("b")), window=minutes(60))
STEP = StepTaken(funnel=TWO, step=2)
HOUR = 60


def asked(rows: list[Row], outcome: Any = STEP, scope: dict[str, Any] | None = None, **factors: Any) -> DriversAnswer:
    question = Drivers(outcome=outcome, factors=Factors(**factors))
    return question.reduce([question.map(journeys_of(rows, **(scope or {})))])


def counts(answer: DriversAnswer) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    return {
        (r["factor"], r["value"]): (r["units"], r["hits"], r["units_without"], r["hits_without"])
        for r in answer.table.to_pylist()
    }


def test_a_factor_is_a_columns_value_at_a_and_not_at_the_outcome() -> None:
    rows: list[Row] = [
        ("u", 0, "a", {"channel": "web"}),
        ("u", 1, "b", {"channel": "app"}),
        ("v", 0, "a", {"channel": "app"}),
        ("w", 0, "a"),
    ]
    assert counts(asked(rows, columns=("channel",), touchpoints=False)) == {
        ("channel", "web"): (1, 1, 2, 0),
        ("channel", "app"): (1, 0, 2, 1),
        ("channel", "(none)"): (1, 0, 2, 1),
    }


def test_the_exposure_is_closed_and_ends_before_a_in_recorded_order() -> None:
    rows: list[Row] = [
        ("u", 0, "x"),
        ("u", 24 * HOUR, "y"),
        ("u", 24 * HOUR, "a"),
        ("u", 24 * HOUR, "z"),
        ("v", 0, "x"),
        ("v", 24 * HOUR + 1, "a"),
    ]
    assert set(counts(asked(rows, exposure=timedelta(days=1)))) == {("touchpoint", "x"), ("touchpoint", "y")}


def test_between_ends_at_the_outcome_and_for_the_others_with_the_window() -> None:
    rows: list[Row] = [
        *[("u", 0, "a"), ("u", 1, "x"), ("u", 2, "b"), ("u", 3, "y")],
        *[("v", 0, "a"), ("v", 59, "y"), ("v", 60, "z"), ("v", 61, "x")],
    ]
    assert counts(asked(rows, between=True)) == {
        ("touchpoint", "x"): (1, 1, 1, 0),
        ("touchpoint", "y"): (1, 0, 1, 1),
        ("touchpoint", "z"): (1, 0, 1, 1),
    }


def test_a_unit_whose_window_is_open_at_as_of_is_left_out_also_if_it_went_on() -> None:
    rows: list[Row] = [("u", 0, "a"), ("v", 0, "a"), ("v", 1, "b"), ("w", 1, "a"), ("w", 2, "b"), ("x", 1, "a")]
    found = asked(rows, scope={"as_of": 61})
    assert (found.units, found.hits, found.open_) == (2, 1, 2)


@pytest.mark.parametrize("units, least", [(100, 2), (101, 3), (1249, 25), (5000, 25)])
def test_factors_of_fewer_than_the_smaller_of_25_and_2_percent_are_left_out(units: int, least: int) -> None:
    def rows(having: int) -> list[Row]:
        return [(f"{i:06d}", 0, "a", {"channel": "app" if i < having else "web"}) for i in range(units)]

    assert ("channel", "app") in counts(asked(rows(least), columns=("channel",), touchpoints=False))
    found = asked(rows(least - 1), columns=("channel",), touchpoints=False)
    assert list(counts(found)) == [("channel", "web")] and found.rare == 1


def test_what_all_have_tells_nobody_apart_and_is_left_out() -> None:
    found = asked([("u", 0, "a", {"channel": "web"}), ("v", 0, "a", {"channel": "web"})], columns=("channel",))
    assert (found.tried, found.everywhere, found.units) == (0, 1, 2)


def test_what_is_beyond_noise_comes_first_the_strongest_first() -> None:
    rows: list[Row] = []
    for i in range(200):
        column = {"channel": "app" if i % 2 else "web", "url": "x" if i % 4 < 2 else "y"}
        rows.append((f"{i:03d}", 0, "a", column))
        if i % 2 and i > 20:
            rows.append((f"{i:03d}", 1, "b"))
    table = asked(rows, columns=("channel", "url"), touchpoints=False).table.to_pylist()
    assert [(r["factor"], r["significant"]) for r in table] == [("channel", True)] * 2 + [("url", False)] * 2
    assert table[0]["sentence"].startswith("channel app: 90.0 % of 100 went on, 0.0 % of the others (odds ratio ")
    assert table[2]["sentence"].endswith("no difference to the others beyond noise")


def test_a_goals_units_are_sessions_from_their_first_event() -> None:
    rows: list[Row] = [("u", 0, "mail"), ("u", 10, "x"), ("u", 11, "buy"), ("v", 0, "x"), ("v", 5, "y"), ("w", 0, "y")]
    found = asked(rows, GoalReached(goal=frozenset({"buy"})), {"passive": frozenset({"mail"})}, columns=("event",))
    assert counts(found) == {
        ("event", "x"): (2, 1, 1, 0),
        ("event", "y"): (1, 0, 2, 1),
        ("touchpoint", "mail"): (1, 1, 2, 0),
    }


def test_a_drop_off_is_a_session_that_ends_at_the_touchpoint_without_a_goal() -> None:
    rows: list[Row] = [
        *[("u", 0, "x"), ("u", 1, "n")],
        *[("v", 0, "n"), ("v", 1, "buy"), ("v", 2, "n")],
        *[("w", 0, "x"), ("w", 1, "n"), ("w", 2, "y")],
    ]
    found = asked(rows, DroppedOff(touchpoint="n", goal=frozenset({"buy"})))
    assert (found.units, found.hits) == (3, 1)
    assert counts(found) == {("touchpoint", "x"): (2, 1, 1, 0)}


def test_a_column_with_very_many_values_is_left_out_and_said_however_the_batches_fall(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counting, "MOST_VALUES", 3)
    rows: list[Row] = [(f"u{i}", 0, "a", {"url": f"/{i}", "channel": "app" if i % 2 else "web"}) for i in range(6)]
    question = Drivers(outcome=STEP, factors=Factors(columns=("url", "channel")))
    for parts in ([rows], [rows[:2], rows[2:]], [[r] for r in rows]):
        found = question.reduce([question.map(journeys_of(p)) for p in parts])
        assert found.crowded == ["url"]
        assert set(counts(found)) == {("channel", "app"), ("channel", "web")}


def test_nobody_at_all_is_an_empty_answer() -> None:
    question = Drivers(outcome=STEP, factors=Factors(columns=("channel",)))
    for found in (question.reduce([]), asked([("u", 0, "z")], columns=("channel",))):
        assert (found.units, found.tried, found.table.num_rows) == (0, 0, 0)


def test_a_cohort_of_one_has_no_factor_to_compare() -> None:
    found = asked([("u", 0, "x"), ("u", 1, "a", {"channel": "web"})], columns=("channel",))
    assert (found.units, found.everywhere, found.tried) == (1, 2, 0)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: StepTaken(funnel=TWO, step=1), "step 1 is the first one"),
        (lambda: StepTaken(funnel=TWO, step=3), "there is no step 3"),
        (lambda: StepTaken(funnel=Funnel(steps=TWO.steps, order="any"), step=2), 'order "any" has none'),
        (lambda: StepTaken(funnel=Funnel(steps=TWO.steps, window=None), step=2), "without a window"),
        (lambda: GoalReached(goal=frozenset()), "drivers of a goal need one"),
        (lambda: Factors(touchpoints=False), "nothing to try"),
        (lambda: Factors(exposure=-minutes(1)), "at least 0"),
        (lambda: Drivers(outcome=DroppedOff(touchpoint="n"), factors=Factors(between=True)), "has no between"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
