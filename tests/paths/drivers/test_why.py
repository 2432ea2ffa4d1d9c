"""Why a rate moved, rule by rule; tests/property/test_why.py has the law that contributions add up to the move."""

from __future__ import annotations

from math import isclose
from typing import Any

from paths.drivers.moves import Move, explained
from paths.drivers.outcomes import GoalReached, StepTaken
from paths.drivers.rules import Factors
from paths.drivers.why import Why
from paths.drivers.why_table import Words, why_table
from paths.funnels.funnel import Funnel
from tests.builder import Row, journeys_of, step

WORDS = Words(did="bought", units="sessions")
BUY = GoalReached(goal=frozenset({"buy"}))


def visits(n: int, hits: int, name: str, more: tuple[str, ...] = (), **columns: Any) -> list[Row]:
    """So many customers with one session each, of whom so many buy."""
    rows: list[Row] = []
    for i in range(n):
        events = ("see", *more, *(("buy",) if i < hits else ()))
        rows += [(f"{name}{i:04d}", place, event, columns) for place, event in enumerate(events)]
    return rows


def moved(now: list[Row], before: list[Row], outcome: Any = BUY, steps: Any = ()) -> Move:
    question = Why(outcome=outcome, factors=Factors(columns=("channel",)), steps=len(steps))
    sides = [question.reduce([question.map(journeys_of(rows))]) for rows in (now, before)]
    return explained(sides[0], sides[1], steps)


def told(move: Move) -> list[tuple[str, str, str, bool, float]]:
    rows = why_table(move, WORDS).to_pylist()
    return [(r["kind"], r["name"], r["value"], r["named"], round(100 * r["contribution"], 2)) for r in rows]


def sentences(move: Move) -> list[str]:
    return [r["sentence"] for r in why_table(move, WORDS).to_pylist()]


def test_a_value_whose_rate_fell_is_named_and_the_others_are_one_row() -> None:
    before = visits(500, 200, "a", channel="web") + visits(500, 200, "b", channel="app")
    now = visits(500, 200, "c", channel="web") + visits(500, 100, "d", channel="app")
    found = moved(now, before)
    assert told(found) == [("column", "channel", "app", True, -10.0), ("column", "channel", "(other)", False, 0.0)]
    assert sentences(found) == [
        "channel app: 20.0 % of 500 bought, 40.0 % before: -10.0 points",
        "the rest of channel: 0.0 points",
    ]


def test_a_mix_is_named_where_the_share_moved_and_the_rate_is_another_than_that_of_the_rest() -> None:
    before = visits(500, 250, "a", channel="web") + visits(500, 50, "b", channel="app")
    now = visits(200, 100, "c", channel="web") + visits(800, 80, "d", channel="app")
    found = moved(now, before)
    assert [c.mix_sure and not c.rate_sure for c in found.cells] == [True, True]
    assert isclose(sum(float(c.contribution.total) for c in found.cells), 0.18 - 0.3)
    assert (
        sentences(found)[1]
        == "channel app: 80.0 % of the sessions, 50.0 % before, of whom 10.0 % bought: -4.2 points by the mix"
    )
    alike = moved(visits(200, 60, "c", channel="web") + visits(800, 240, "d", channel="app"), before)
    again = visits(500, 150, "a", channel="web") + visits(500, 150, "b", channel="app")
    assert told(moved(visits(200, 60, "c", channel="web") + visits(800, 240, "d", channel="app"), again)) == []
    assert alike.total == 0  # the rates changed, and the whole did not: what is beyond noise is named all the same
    assert {r[2] for r in told(alike)} == {"web", "app"}


def test_nothing_beyond_noise_has_no_rows() -> None:
    before = visits(100, 40, "a", channel="web") + visits(100, 41, "b", channel="app")
    now = visits(101, 42, "c", channel="web") + visits(99, 39, "d", channel="app")
    found = moved(now, before)
    assert told(found) == [] and found.compared == 4


def test_below_30_units_nothing_is_claimed() -> None:
    others = visits(200, 100, "o", channel="app")
    for units, named in ((29, 0), (30, 1)):
        sides = [visits(units, hits, "a", channel="web") + others for hits in (units, 0)]
        assert sum(r[3] for r in told(moved(*sides))) == named


def test_a_value_that_all_units_have_tells_nothing() -> None:
    assert moved(visits(200, 150, "a", channel="web"), visits(200, 0, "b", channel="web")).cells == []


def test_a_new_touchpoint_is_held_against_the_others_of_its_own_side() -> None:
    before = visits(1000, 500, "a", channel="web")
    now = visits(800, 320, "b", channel="web") + visits(200, 20, "c", more=("wheel",), channel="web")
    found = moved(now, before)
    assert told(found)[-2:] == [
        ("new touchpoint", "wheel", "met", True, -6.0),
        ("new touchpoint", "wheel", "(other)", False, -10.0),
    ]
    assert (
        "wheel is new: 20.0 % of the sessions met it, of whom 10.0 % bought, 40.0 % of the others: -6.0 points"
        in sentences(found)
    )
    gone = sentences(moved(before, now))
    assert (
        "wheel is gone: 20.0 % of the sessions met it before, of whom 10.0 % bought, 40.0 % of the others: +6.0 points"
        in gone
    )


def test_a_new_touchpoint_that_those_who_meet_it_buy_as_often_as_the_others_is_silent() -> None:
    before = visits(1000, 500, "a")
    now = visits(800, 200, "b") + visits(200, 50, "c", more=("wheel",))
    assert not [r for r in told(moved(now, before)) if r[0] == "new touchpoint"]


def test_the_steps_that_moved_are_named() -> None:
    def rows(name: str, at: tuple[int, int, int]) -> list[Row]:
        counts = zip(("a", "b", "c"), at, strict=True)
        return [(f"{name}{i:04d}", place, e) for place, (e, n) in enumerate(counts) for i in range(n)]

    funnel = Funnel(steps=(step("a"), step("b"), step("c")))
    outcome = StepTaken(funnel=funnel, step=3, start=1)
    found = moved(rows("x", (1000, 500, 100)), rows("y", (1000, 500, 250)), outcome, outcome.names)
    assert told(found) == [("step", "b", "c", True, -15.0), ("step", "(other)", "(other)", False, 0.0)]
    assert sentences(found)[0] == "b > c: 20.0 % of 500 went on, 50.0 % before: -15.0 points"


def test_sessions_of_one_customer_say_less_than_as_many_of_strangers() -> None:
    def rows(name: str, customers: int, sessions: int, hits: int) -> list[Row]:
        every = [(f"{name}{c:03d}", day * 1440) for c in range(customers) for day in range(sessions)]
        return [
            row
            for who, at in every
            for row in [(who, at, "see", {"channel": "web"}), *([(who, at + 1, "buy")] if int(who[1:]) < hits else [])]
        ]

    others = visits(200, 100, "o", channel="app")
    assert told(moved(rows("a", 200, 1, 80) + others, rows("b", 200, 1, 120) + others)) != []
    assert told(moved(rows("a", 20, 10, 8) + others, rows("b", 20, 10, 12) + others)) == []


def test_a_side_without_units_explains_nothing() -> None:
    found = moved(visits(50, 10, "a"), [])
    assert (
        found.total is None
        and told(found) == []
        and explained(*[Why(outcome=BUY, factors=Factors()).reduce([])] * 2).total is None
    )
