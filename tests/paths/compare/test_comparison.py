"""Comparing: differences of rates are beyond noise or nothing is claimed; mix and rate add up to the whole, exactly."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import isclose
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.scan.batches import Codes, EventBatch
from paths.compare.comparison import Comparison, Whole, Words, compared
from paths.compare.rates import cart_counts, dropoff_counts, edge_counts, folded, started, step_counts
from paths.dropoff.dropoff import DropOff
from paths.graph.transitions import Transitions
from paths.journeys.conditions import Condition
from paths.journeys.goals import GoalRules
from paths.journeys.prepare import prepare
from paths.journeys.scope import Scope
from paths.overview.summary import Summary
from paths.statistics.pairs import Pair, beyond_noise, paired
from paths.views.segment import InSegment
from tests.builder import MINUTE

KEYS = [pa.field("place", pa.string())]
DROPPED = Words(did="dropped off")


def pair(hits: int, trials: int, hits_before: int, trials_before: int) -> Pair:
    return Pair(hits=hits, trials=trials, hits_before=hits_before, trials_before=trials_before)


def swapped(p: Pair) -> Pair:
    return pair(p.hits_before, p.trials_before, p.hits, p.trials)


def table(*pairs: Pair, **options: Any) -> list[dict[str, Any]]:
    return found(list(pairs), **options).table.to_pylist()


def found(pairs: list[Pair], **options: Any) -> Comparison:
    named = {(f"p{i}",): p for i, p in enumerate(pairs)}
    return compared(named, KEYS, shared_out(pairs), DROPPED, **options)


def shared_out(pairs: list[Pair]) -> Whole:
    """Each unit in one row."""
    return Whole(units=sum(p.trials for p in pairs), units_before=sum(p.trials_before for p in pairs))


def a_side(most: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.integers(0, most).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def some_pairs(most: int = 80) -> st.SearchStrategy[list[Pair]]:
    one = st.tuples(a_side(most), a_side(most)).map(lambda sides: pair(*sides[0], *sides[1]))
    return st.lists(one, min_size=1, max_size=8)


# --- Mix and rate --------------------------------------------------------------------------------------------------


@given(pairs=some_pairs(), units=st.tuples(st.integers(1, 500), st.integers(1, 500)), base=st.sampled_from([0, 1]))
def test_the_overall_change_is_split_exactly_into_mix_and_rate(
    pairs: list[Pair], units: tuple[int, int], base: int
) -> None:
    whole = Whole(units=units[0], units_before=units[1], base=base)
    overall = whole.overall(pairs)
    assert overall is not None
    assert sum(mix + rate for mix, rate in map(whole.effects, pairs)) == overall[0] - overall[1]


@given(pairs=some_pairs())
def test_rows_that_share_out_the_units_add_up_to_all_hits_of_all_trials_whatever_the_base(pairs: list[Pair]) -> None:
    whole = shared_out(pairs)
    overall = whole.overall(pairs)
    if not whole.units or not whole.units_before:
        assert overall is None
        return
    hits, before = sum(p.hits for p in pairs), sum(p.hits_before for p in pairs)
    assert overall == (Fraction(hits, whole.units), Fraction(before, whole.units_before))
    assert overall == replace(whole, base=1).overall(pairs)


@given(pairs=some_pairs())
def test_mix_is_the_change_of_weight_at_the_mean_rate_and_the_rate_effect_the_other_way_round(
    pairs: list[Pair],
) -> None:
    whole = shared_out(pairs)
    if not whole.units or not whole.units_before:
        return
    for p in pairs:
        w1, w0 = p.trials / whole.units, p.trials_before / whole.units_before
        r1 = p.hits / p.trials if p.trials else p.hits_before / max(1, p.trials_before)
        r0 = p.hits_before / p.trials_before if p.trials_before else r1
        mix, rate = map(float, whole.effects(p))
        assert isclose(mix, (w1 - w0) * (r1 + r0) / 2, abs_tol=1e-12)
        assert isclose(rate, (r1 - r0) * (w1 + w0) / 2, abs_tol=1e-12)


@given(
    now=st.lists(st.integers(0, 60), min_size=2, max_size=6),
    before=st.lists(st.integers(0, 60), min_size=2, max_size=6),
)
def test_the_steps_of_a_funnel_split_the_change_of_its_conversion(now: list[int], before: list[int]) -> None:
    reached, was = sorted(now, reverse=True), sorted(before, reverse=True)
    size = min(len(reached), len(was))
    steps = [pair(reached[i], reached[i - 1], was[i], was[i - 1]) for i in range(1, size)]
    whole = Whole(units=reached[0], units_before=was[0], base=1)
    if not reached[0] or not was[0]:
        assert whole.overall(steps) is None
        return
    expected = Fraction(reached[size - 1], reached[0]), Fraction(was[size - 1], was[0])
    assert whole.overall(steps) == expected
    assert sum(mix + rate for mix, rate in map(whole.effects, steps)) == expected[0] - expected[1]


@given(pairs=some_pairs())
def test_what_is_shown_adds_up_to_the_overall_difference(pairs: list[Pair]) -> None:
    answer = found(pairs)
    rows = answer.table.to_pylist()
    if answer.overall is None:
        assert {r["mix"] for r in rows} == {r["rate_effect"] for r in rows} == {None}
        return
    total = sum(r["mix"] + r["rate_effect"] for r in rows)
    assert isclose(total, answer.overall["difference"], abs_tol=1e-12)
    assert isclose(answer.overall["mix"] + answer.overall["rate_effect"], total, abs_tol=1e-12)


# --- Laws ----------------------------------------------------------------------------------------------------------


@given(pairs=some_pairs(200))
def test_swapped_sides_change_the_sign_of_difference_mix_and_rate_and_nothing_else(pairs: list[Pair]) -> None:
    rows = {r["place"]: r for r in table(*pairs)}
    for back in table(*map(swapped, pairs)):
        row = rows[back["place"]]
        for name in ("difference", "mix", "rate_effect"):
            assert row[name] is back[name] is None or row[name] == -back[name]
        assert (row["n"], row["rate"]) == (back["n_before"], back["rate_before"])
        assert (row["significant"], row["p_value"]) == (back["significant"], back["p_value"])
        assert row["ci_low"] is back["ci_high"] is None or row["ci_low"] == -back["ci_high"]


@given(sides=st.lists(a_side(3_000), min_size=1, max_size=8))
def test_equal_sides_differ_in_nothing(sides: list[tuple[int, int]]) -> None:
    for row in table(*(pair(*s, *s) for s in sides)):
        assert not row["significant"]
        assert row["difference"] in (0, None)
        assert (row["mix"] or 0, row["rate_effect"] or 0) == (0, 0)


@given(pairs=some_pairs(400), q=st.sampled_from([0.05, 0.2, 0.6]))
def test_benjamini_hochberg_over_the_rows_that_have_min_n(pairs: list[Pair], q: float) -> None:
    enough = [p for p in pairs if min(p.trials, p.trials_before) >= 30]
    ps = sorted(p.p_value for p in enough)
    limits = [p for k, p in enumerate(ps, 1) if p <= q * k / len(ps)]
    expected = [p in enough and bool(limits) and p.p_value <= limits[-1] for p in pairs]
    assert beyond_noise(pairs, q=q) == expected
    assert sorted(r["significant"] for r in table(*pairs, q=q)) == sorted(expected)


@given(pairs=some_pairs(40))
def test_below_min_n_nothing_is_claimed(pairs: list[Pair]) -> None:
    for row in table(*pairs):
        if min(row["n"], row["n_before"]) < 30:
            assert [row[c] for c in ("difference", "ci_low", "ci_high", "p_value")] == [None] * 4
            assert not row["significant"]
            assert row["sentence"] == f"{row['place']}: too few to say ({row['n']} and {row['n_before']})"
        else:
            assert row["difference"] is not None


def test_findings_come_first_the_largest_before_all_and_the_rest_as_it_was_asked() -> None:
    rows = table(pair(50, 100, 49, 100), pair(60, 100, 30, 100), pair(9, 10, 1, 10), pair(10, 100, 70, 100))
    assert [(r["place"], r["significant"]) for r in rows] == [("p3", True), ("p1", True), ("p0", False), ("p2", False)]


def test_the_interval_is_newcombes() -> None:
    (row,) = table(pair(56, 70, 48, 80))  # Newcombe 1998, table II, method 10
    assert (row["difference"], row["ci_low"], row["ci_high"]) == (0.2, *map(approximately, (0.0524, 0.3339)))


def approximately(value: float) -> Any:
    return pytest.approx(value, abs=1e-4)


# --- Sentences -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "one, sentence",
    [
        (
            pair(412, 1204, 300, 1031),
            "p0: 34.2 % of 1,204 dropped off, 5.1 points more than before (95 % CI 1.2 to 9.0)",
        ),
        (
            pair(300, 1031, 412, 1204),
            "p0: 29.1 % of 1,031 dropped off, 5.1 points less than before (95 % CI 1.2 to 9.0)",
        ),
        (pair(40, 100, 41, 100), "p0: 40.0 % of 100 dropped off, no difference beyond noise"),
        (pair(12, 12, 0, 9), "p0: too few to say (12 and 9)"),
        (
            pair(2000, 10**7, 1000, 10**7),
            "p0: 0.0 % of 10,000,000 dropped off, 0.01 points more than before (95 % CI 0.009 to 0.01)",
        ),
    ],
)
def test_each_row_is_one_plain_sentence(one: Pair, sentence: str) -> None:
    assert table(one)[0]["sentence"] == sentence


def test_the_other_side_has_a_name() -> None:
    words = Words(did="went on", than="with plan=basic", name=lambda key: f"step {key[0]}")
    row = compared({("x",): pair(60, 100, 30, 100)}, KEYS, Whole(units=100, units_before=100), words).table.to_pylist()[
        0
    ]
    assert row["sentence"].startswith("step x: 60.0 % of 100 went on, 30.0 points more than with plan=basic (95 % CI ")


# --- The rates of each answer --------------------------------------------------------------------------------------


def test_a_rate_that_one_side_lacks_is_nothing_of_nothing_there() -> None:
    both = paired({("a",): (1, 2)}, {("b",): (3, 4), ("a",): (0, 1)})
    assert both == {("a",): pair(1, 2, 0, 1), ("b",): pair(0, 0, 3, 4)}


def test_an_edge_that_one_side_lacks_is_none_of_the_transitions_out_of_its_source() -> None:
    now = pa.table({"source": ["a", "a"], "target": ["b", "c"], "transitions": [3, 1]})
    before = pa.table({"source": ["a", "b"], "target": ["b", "c"], "transitions": [2, 5]})
    assert edge_counts(now, before) == (
        {("a", "b"): (3, 4), ("a", "c"): (1, 4), ("b", "c"): (0, 0)},
        {("a", "b"): (2, 2), ("a", "c"): (0, 2), ("b", "c"): (5, 5)},
    )


def test_browse_sessions_and_undecided_carts_are_in_no_rate() -> None:
    states = [
        ("cart", "converted", 4),
        ("cart", "abandoned", 3),
        ("cart", "recovered", 2),
        ("cart", "open", 9),
        ("cart", "emptied", 9),
        ("browse", "abandoned", 9),
    ]
    rows = pa.Table.from_pylist([{"kind": k, "status": s, "episodes": n, "channel": "web"} for k, s, n in states])
    assert cart_counts(rows, None) == {("cart",): (5, 9)}
    assert cart_counts(rows, "channel") == {("cart", "web"): (5, 9)}


def test_steps_are_compared_with_the_needed_step_before_in_each_group() -> None:
    reached = [
        ("x", 1, "a", False, 9),
        ("x", 2, "b", True, 8),
        ("x", 3, "c", False, 5),
        ("y", 1, "a", False, 4),
        ("y", 2, "b", True, 1),
        ("y", 3, "c", False, 0),
    ]
    names = ("channel", "step", "name", "optional", "reached")
    answer = pa.Table.from_pylist([dict(zip(names, r, strict=True)) for r in reached])
    counts = step_counts(answer, "channel")
    assert counts == {("x", 3, "c", "a"): (5, 9), ("y", 3, "c", "a"): (0, 4)}
    assert step_counts(answer.slice(0, 3), None) == {(3, "c", "a"): (5, 9)}
    assert folded(counts, {"y"}) == {("y", 3, "c", "a"): (0, 4), ("(other)", 3, "c", "a"): (5, 9)}
    assert folded(counts, set()) == {("(other)", 3, "c", "a"): (5, 13)}
    assert started(answer) == 13


# --- Noise ---------------------------------------------------------------------------------------------------------

PLACES = ("home", "list", "item", "cart", "pay", "help", "buy")


def noise(seed: int, customers: int = 600) -> EventBatch:
    """Walks of one process, and a coin that says on which side a customer is."""
    random = np.random.default_rng(seed)
    chain = np.random.default_rng(7).dirichlet(np.full(len(PLACES), 0.7), len(PLACES)).cumsum(axis=1)
    length = random.geometric(0.15, customers)
    start = np.cumsum(length) - length
    place = np.zeros(length.sum(), dtype=np.int32)
    place[start] = random.integers(0, 3, customers)
    for step in range(1, length.max()):
        at = (start + step)[length > step]
        place[at] = (random.random(len(at))[:, None] > chain[place[at - 1]]).sum(axis=1).clip(max=len(PLACES) - 1)
    customer = np.repeat(np.arange(customers), length)
    side = np.repeat(random.integers(0, 2, customers), length).astype(np.int32)
    minute = np.arange(len(place)) - np.repeat(start, length)
    return EventBatch.of(
        key=customer.astype(np.int64),
        at=minute.astype(np.int64) * MINUTE,
        event=Codes(place, PLACES),
        columns={"side": Codes(side, ("left", "right"))},
    )


def findings(seed: int) -> int:
    """How many edges and drop-offs of two samples of one process are said to differ."""
    dropoff, edges, total = DropOff(rules=GoalRules(goal=frozenset())), Transitions(), Summary()
    journeys = prepare(noise(seed), Scope(as_of=10**15))
    sides: list[dict[str, Any]] = [{}, {}]
    for answers, value in zip(sides, ("left", "right"), strict=True):
        for name, question in (("edges", edges), ("dropoff", dropoff), ("total", total)):
            inside = InSegment(analysis=question, condition=Condition("side", "=", value))
            answers[name] = inside.reduce([inside.map(journeys)])
    now, before = sides
    places = paired(dropoff_counts(now["dropoff"]), dropoff_counts(before["dropoff"]))
    units = [s["total"]["sessions"][0].as_py() for s in sides]
    by_edge = paired(*edge_counts(now["edges"], before["edges"]))
    whole = Whole(units=units[0], units_before=units[1])
    rows = compared(places, KEYS, whole, DROPPED).table.to_pylist()
    rows += compared(
        by_edge, [pa.field(n, pa.string()) for n in ("source", "target")], whole, DROPPED
    ).table.to_pylist()
    assert sum(r["difference"] is not None for r in rows) > 20
    return sum(r["significant"] for r in rows)


def test_two_samples_of_one_process_hardly_ever_differ() -> None:
    assert sum(findings(seed) > 0 for seed in range(20)) <= 4


@pytest.mark.proof
def test_two_hundred_pairs_of_samples_of_one_process_hardly_ever_differ() -> None:
    # Two families of rows are judged at q = 0.05 each: 10 % of seeds at most are expected to find anything, 20 +- 4 of 200.
    assert sum(findings(seed) > 0 for seed in range(200)) <= 30


def test_a_real_difference_is_found() -> None:
    (row,) = table(pair(300, 600, 210, 600))
    assert row["significant"] and row["sentence"].endswith("15.0 points more than before (95 % CI 9.4 to 20.4)")
