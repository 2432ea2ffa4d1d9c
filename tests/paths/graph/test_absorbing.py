"""The absorbing chain against dense algebra, against taking each node out by hand, and against walks."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple
from math import isclose, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.graph.absorbing import Chances, absorbing_chain
from paths.graph.nodes import GoalNodes, GoalSplit, Nodes, goal_nodes, nodes_table
from paths.graph.path_graph import graph_of
from paths.graph.transitions import EDGES, Transitions
from paths.journeys.touchpoints import StageRule, StageRules
from paths.visits.visits import END, START
from pipeline.api import Project
from tests.builder import Row, ask, journeys_of
from tests.cases import cases

DATA = Path(__file__).parents[3] / "data"
Counts = dict[tuple[str, str], int]


def edges(counts: Counts) -> pa.Table:
    """An EDGES table with these transitions."""
    rows = [{"source": s, "target": t, "transitions": n} for (s, t), n in counts.items()]
    return pa.Table.from_pylist(rows, schema=EDGES)


def dense(counts: Counts, goals: set[str]) -> dict[str, float]:
    """P(goal | node) by value iteration on a dense matrix: the smallest solution, whatever cannot leave."""
    names = sorted({n for pair in counts for n in pair} | {START})
    at = {n: i for i, n in enumerate(names)}
    matrix = np.zeros((len(names), len(names)))
    for (s, t), n in counts.items():
        matrix[at[s], at[t]] = n
    matrix /= np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    goal = np.array([n in goals for n in names])
    p = goal.astype(float)
    for _ in range(60):  # squaring: 2^60 steps of the walk
        matrix[goal] = np.eye(len(names))[goal]
        matrix = matrix @ matrix
    p = matrix @ goal.astype(float)
    return {n: float(p[at[n]]) for n in names if n != END}


def without(counts: Counts, node: str) -> Counts:
    """The same with every transition into the node going to END."""
    found: Counter[tuple[str, str]] = Counter()
    for (s, t), n in counts.items():
        found[s, END if t == node else t] += n
    return dict(found)


# START -> a (3 of 4), b (1); a -> goal 1, b 1, END 2; b -> a 1, END 1
SMALL: Counts = {
    (START, "a"): 3,
    (START, "b"): 1,
    ("a", "buy"): 1,
    ("a", "b"): 1,
    ("a", END): 2,
    ("b", "a"): 1,
    ("b", END): 1,
    ("buy", "a"): 1,
}


def test_a_small_chain_worked_out_by_hand() -> None:
    found = absorbing_chain(edges(SMALL), {"buy"})
    # p(a) = 1/4 + 1/4 p(b), p(b) = 1/2 p(a)  =>  p(a) = 2/7, p(b) = 1/7, p(START) = 3/4 * 2/7 + 1/4 * 1/7 = 1/4
    assert {n: c.p_goal for n, c in found.items()} == {
        START: 0.25,
        "a": round(2 / 7, 6),
        "b": round(1 / 7, 6),
        "buy": 1.0,
    }
    # without a nothing is left; without b p(START) = 3/4 * 1/4 = 3/16
    assert {n: c.removal_effect for n, c in found.items()} == {START: None, "a": 1.0, "b": 0.25, "buy": 1.0}
    # of the walks that succeed from a: a path a(ba)^k buy has 1 + 2k steps and chance 1/4 (1/8)^k => mean 1 + 2/7
    assert found["a"].expected_steps == round(9 / 7, 6)
    assert found["b"].expected_steps == round(16 / 7, 6)
    assert found["buy"].expected_steps == 0.0


def test_a_node_from_which_the_goal_cannot_be_reached_gives_0() -> None:
    loop: Counts = {(START, "a"): 1, (START, "x"): 1, ("a", "buy"): 1, ("x", "y"): 5, ("y", "x"): 5, ("buy", END): 1}
    found = absorbing_chain(edges(loop), {"buy"})  # x and y never end: I - Q over all nodes is singular
    assert found["x"] == found["y"] == Chances(0.0, 0.0, None)
    assert found[START] == Chances(0.5, None, 2.0)


@pytest.mark.parametrize("goals", [{"nothing"}, set(), {"far"}])
def test_without_a_goal_that_start_reaches_there_is_no_removal_effect(goals: set[str]) -> None:
    found = absorbing_chain(edges({**SMALL, ("lonely", "far"): 1}), goals)
    assert {found[n] for n in (START, "a", "b", "buy")} == {Chances(0.0, None, None)}
    assert found["lonely"].p_goal == (1.0 if goals == {"far"} else 0.0)


def test_no_edges_no_chances() -> None:
    assert absorbing_chain(EDGES.empty_table(), {"buy"}) == {}


def test_what_follows_a_goal_plays_no_part() -> None:
    longer = {**SMALL, ("buy", "b"): 100, ("buy", "c"): 7, ("c", "buy"): 7}
    found, before = (absorbing_chain(edges(c), {"buy"}) for c in (longer, SMALL))
    assert {n: found[n] for n in before} == before


NAMES = ["a", "b", "c", "d", "e", "buy", "win"]
COUNTS = st.dictionaries(
    st.tuples(st.sampled_from([START, *NAMES]), st.sampled_from([*NAMES, END])),
    st.integers(1, 20),
    min_size=1,
    max_size=30,
)
GOALS = st.sets(st.sampled_from(["buy", "win", "a"]), min_size=1, max_size=2)


@given(COUNTS, GOALS)
@cases(100)
def test_chances_are_those_of_dense_algebra_and_of_taking_nodes_out(counts: Counts, goals: set[str]) -> None:
    found = absorbing_chain(edges(counts), goals)
    expected = dense(counts, goals)
    assert set(found) == {n for pair in counts for n in pair} - {END}
    for name, chance in found.items():
        assert isclose(chance.p_goal, expected[name], abs_tol=2e-6), name
        assert (chance.expected_steps is None) == (chance.p_goal == 0)
        if name == START or START not in found or expected[START] == 0:
            assert chance.removal_effect is None
        else:
            left = dense(without(counts, name), goals).get(START, 0.0)
            assert chance.removal_effect is not None
            assert isclose(chance.removal_effect, 1 - left / expected[START], abs_tol=2e-6), name


@given(COUNTS, GOALS)
@cases(25)
def test_a_large_chain_is_solved_in_blocks_to_the_same_answer(counts: Counts, goals: set[str]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        before = absorbing_chain(edges(counts), goals)
        patched.setattr("paths.graph.absorbing.DENSE", 0)
        patched.setattr("paths.graph.absorbing.BLOCK", 2)
        found = absorbing_chain(edges(counts), goals)
    assert found.keys() == before.keys()
    for name, chance in found.items():
        assert astuple(chance) == pytest.approx(astuple(before[name]), abs=2e-6)


@given(COUNTS, GOALS)
@cases(40)
def test_expected_steps_solve_the_conditioned_chain(counts: Counts, goals: set[str]) -> None:
    """m(i) = 1 + sum of P(i, j) p(j) / p(i) m(j): the h-transform, row by row."""
    found = absorbing_chain(edges(counts), goals)
    exact = dense(counts, goals)
    out: Counter[str] = Counter()
    for (s, _), n in counts.items():
        out[s] += n
    for name, chance in found.items():
        if name in goals or chance.expected_steps is None:
            continue
        after = sum(
            n / out[s] * exact[t] / exact[s] * (found[t].expected_steps or 0.0)
            for (s, t), n in counts.items()
            if s == name and t != END and exact[t] > 0
        )
        assert isclose(chance.expected_steps, 1 + after, rel_tol=1e-4, abs_tol=1e-4)


@given(COUNTS, GOALS, st.integers(0, 2**32 - 1))
@cases(25)
def test_the_chain_is_what_walks_do_within_their_error(counts: Counts, goals: set[str], seed: int) -> None:
    """6 standard errors of 4,000 walks; a walk that cannot end is cut, and is no success."""
    found = absorbing_chain(edges({**counts, (START, "a"): 1}), goals)
    walks, steps = walked({**counts, (START, "a"): 1}, goals, np.random.default_rng(seed), 4_000)
    p, share = found[START].p_goal, float(np.mean(walks))
    assert abs(share - p) <= 6 * sqrt(max(p * (1 - p), 1e-6) / len(walks)) + 1e-3
    if walks.sum() > 100:
        mean, error = float(steps[walks].mean()), float(steps[walks].std() / sqrt(walks.sum()))
        assert abs(mean - (found[START].expected_steps or 0.0)) <= 6 * error + 0.05 * mean


def walked(counts: Counts, goals: set[str], random: np.random.Generator, n: int) -> tuple[Any, Any]:
    """(did each walk from START reach a goal, in how many steps), 2,000 steps at most."""
    names = sorted({x for pair in counts for x in pair} | {START, END})
    at = {x: i for i, x in enumerate(names)}
    shares = np.zeros((len(names), len(names)))
    for (s, t), k in counts.items():
        shares[at[s], at[t]] = k
    shares[shares.sum(axis=1) == 0, at[END]] = 1
    cumulative = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    final = np.array([x == END or x in goals for x in names])
    where, steps = np.full(n, at[START]), np.zeros(n, dtype=int)
    for _ in range(2_000):
        going = np.flatnonzero(~final[where])
        if not len(going):
            break
        draw = random.random(len(going))
        where[going] = np.minimum((cumulative[where[going]] < draw[:, None]).sum(axis=1), len(names) - 1)
        steps[going] += 1
    return np.array([names[i] in goals for i in where]), steps


ROWS: list[Row] = [
    ("ann", 0, "view"),
    ("ann", 1, "view"),
    ("ann", 2, "buy"),
    ("ann", 100, "view"),
    ("bob", 0, "search"),
    ("bob", 3, "view"),
]


def test_nodes_count_visits_sessions_and_customers() -> None:
    assert ask(Nodes(), ROWS) == [
        {"node": "buy", "visits": 1, "sessions": 1, "customers": 1},
        {"node": "search", "visits": 1, "sessions": 1, "customers": 1},
        {"node": "view", "visits": 4, "sessions": 3, "customers": 2},
    ]
    assert {r["node"]: r["visits"] for r in ask(Nodes(collapse_repeats=True), ROWS)} == {
        "buy": 1,
        "search": 1,
        "view": 3,
    }


@given(
    st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 90), st.sampled_from(["a", "b", "buy"])), max_size=40),
    st.booleans(),
)
def test_visits_are_transitions_in_and_out(rows: list[Row], collapse: bool) -> None:
    nodes = {r["node"]: r for r in ask(Nodes(collapse_repeats=collapse), rows)}
    into: Counter[str] = Counter()
    out: Counter[str] = Counter()
    for edge in ask(Transitions(collapse_repeats=collapse), rows):
        into[edge["target"]] += edge["transitions"]
        out[edge["source"]] += edge["transitions"]
    for name, row in nodes.items():
        assert row["visits"] == into[name] == out[name]
        assert row["customers"] <= row["sessions"] <= row["visits"]


def split_of(rows: list[Row], goal: str, **scope: Any) -> GoalSplit:
    analysis = GoalNodes(goal=frozenset({goal}), by_stage="stages" in scope)
    return analysis.reduce([analysis.map(journeys_of(rows, **scope))])


def test_a_goal_node_holds_nothing_but_goals_or_carries_the_name() -> None:
    assert split_of(ROWS, "buy") == GoalSplit(goals=frozenset({"buy"}))
    stages = StageRules((StageRule(name="buy", events=("buy", "search")), StageRule(name="look", events=("view",))))
    mixed = split_of(ROWS, "buy", stages=stages)
    assert mixed == GoalSplit(mixed=frozenset({"buy"}))
    assert goal_nodes(mixed, ["buy"]) == {"buy"}
    assert goal_nodes(mixed, ["order"]) == frozenset()


def test_the_graph_carries_the_chances_that_exist() -> None:
    table = Transitions().reduce([Transitions().map(journeys_of(ROWS))])
    graph = graph_of(table, absorbing_chain(table, {"buy"}))
    assert graph.nodes["buy"] == {"visits": 1, "p_goal": 1.0, "removal_effect": 1.0, "expected_steps_to_goal": 0.0}
    assert graph.nodes["search"]["p_goal"] == graph.nodes["view"]["p_goal"] == round(1 / 3, 6)
    assert set(graph.nodes[START]) == {"visits", "p_goal", "expected_steps_to_goal"}
    assert set(graph.nodes[END]) == {"visits"}
    assert set(graph_of(table).nodes["buy"]) == {"visits"}


def test_without_a_goal_the_columns_are_null() -> None:
    counts = Nodes().reduce([Nodes().map(journeys_of(ROWS))])
    (first, *_) = nodes_table(counts, {}, by_stage=False).to_pylist()
    assert first == {
        "touchpoint": "view",
        "visits": 4,
        "sessions": 3,
        "customers": 2,
        "p_goal": None,
        "removal_effect": None,
        "expected_steps": None,
    }


@pytest.fixture(scope="module")
def ecom(tmp_path_factory: pytest.TempPathFactory) -> Project:
    from pipeline.loading.intake import ingest
    from pipeline.loading.reading import Intake

    project = Project(tmp_path_factory.mktemp("ecom"))
    ingest(project, Intake(files=[str(DATA / "ecom.csv.gz")]))
    return project


def test_ecom_nodes_equal_the_naive_resolve(ecom: Project) -> None:
    table = ecom.paths().table
    counts = {(r["source"], r["target"]): r["transitions"] for r in table.to_pylist()}
    into: Counter[str] = Counter()
    for (_, target), n in counts.items():
        into[target] += n
    exact = dense(counts, {"purchase"})
    rows = ecom.paths(nodes=True).rows()
    assert len(rows) == len(exact) - 1
    for row in rows:
        name = row["touchpoint"]
        assert row["visits"] == into[name]
        assert isclose(row["p_goal"], exact[name], abs_tol=2e-6)
        effect = 1 - dense(without(counts, name), {"purchase"})[START] / exact[START]
        assert isclose(row["removal_effect"], effect, abs_tol=2e-6)
    graph = ecom.graph()
    assert {r["touchpoint"]: r["p_goal"] for r in rows} == {
        n: d["p_goal"] for n, d in graph.nodes(data=True) if n not in (START, END)
    }
