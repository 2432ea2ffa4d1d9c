"""Steps after, before and between nodes; the step matrix; their laws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ConfigError
from paths.journeys.touchpoints import StageRule, StageRules
from paths.sequences.first_steps import StepFlows
from paths.sequences.steps_around import Between, StepsAround, step_matrix
from paths.sequences.walks import NodeView
from sessionize.rules import SessionRules
from tests.builder import Row, ask, columns_of, events_of, journeys_of
from tests.cases import cases
from tests.oracles import patterns as oracle
from tests.oracles.sessions import kept_sessions
from tests.paths.sequences.node_views import WORDS, answers_at, node_at, options
from tests.property.strategies import logs, session_rules

A, B = frozenset({"a"}), frozenset({"b"})


def sessions_of(*walks: str) -> list[Row]:
    """One session a word, an event a letter, a minute apart, each of a customer of its own."""
    return [(f"u{i:03}", minute, letter) for i, word in enumerate(walks) for minute, letter in enumerate(word)]


def counted(question: StepsAround, rows: Sequence[Row], **scope: Any) -> list[tuple[Any, ...]]:
    return columns_of(ask(question, rows, **scope), "step", question.view.level, "sessions")


def test_steps_after_a_node_run_from_its_first_visit_and_end_stays() -> None:
    rows = sessions_of("xabac", "ab", "cc")
    assert counted(StepsAround(anchor=A, steps=3), rows) == [
        (0, "a", 2),
        (1, "b", 2),
        (2, "END", 1),
        (2, "a", 1),
        (3, "END", 1),
        (3, "c", 1),
    ]
    assert counted(StepsAround(anchor=A, steps=1, last=True), rows) == [(0, "a", 2), (1, "b", 1), (1, "c", 1)]


def test_steps_before_a_node_are_negative_and_start_stays() -> None:
    rows = sessions_of("cab", "bb", "a")
    assert counted(StepsAround(anchor=B, steps=2, before=True), rows) == [
        (0, "b", 2),
        (-1, "START", 1),
        (-1, "a", 1),
        (-2, "START", 1),
        (-2, "c", 1),
    ]
    assert (-1, "b", 1) in counted(StepsAround(anchor=B, steps=2, before=True, last=True), rows)


def test_customers_and_shares_are_of_the_sessions_with_the_node() -> None:
    rows = [("u", 0, "a"), ("u", 60, "a"), ("u", 61, "b"), ("v", 0, "a"), ("w", 0, "b")]
    found = columns_of(
        ask(StepsAround(anchor=A, steps=1), rows), "step", "touchpoint", "sessions", "customers", "share"
    )
    assert found == [(0, "a", 3, 2, 1.0), (1, "END", 2, 2, 0.666667), (1, "b", 1, 1, 0.333333)]


def test_between_counts_from_the_first_visit_to_the_next_of_the_other() -> None:
    rows = sessions_of("aaxxbyb", "ab", "ba", "aza", "xaxb")
    assert columns_of(
        ask(Between(source=A, target=B), rows), "touchpoint", "visits", "sessions", "customers", "share"
    ) == [
        ("x", 3, 2, 2, 0.666667),
        ("(nothing)", 1, 1, 1, 0.333333),
        ("a", 1, 1, 1, 0.333333),
    ]
    assert columns_of(ask(Between(source=A, target=A), rows), "touchpoint", "sessions") == [("(nothing)", 1), ("z", 1)]


def test_an_event_named_like_a_word_of_the_answer_keeps_its_own_row() -> None:
    rows = [
        ("u", 0, "a"),
        ("u", 1, "b"),
        ("v", 0, "a"),
        ("v", 1, "(nothing)"),
        ("v", 2, "b"),
        ("w", 0, "a"),
        ("w", 1, "END"),
    ]
    found = ask(Between(source=A, target=B), rows)
    assert columns_of(found, "touchpoint", "visits", "share") == [("(nothing)", 1, 0.5)] * 2
    assert counted(StepsAround(anchor=A, steps=2), rows)[-2:] == [(2, "END", 2), (2, "b", 1)]
    assert (1, "event:END", 1) in counted(StepsAround(anchor=A, steps=1), rows)


def test_the_step_matrix_has_a_column_a_step_and_end_as_its_last_row() -> None:
    steps = StepsAround(steps=2).reduce([StepsAround(steps=2).map(journeys_of(sessions_of("abc", "ab", "b", "b")))])
    assert step_matrix(steps, "touchpoint", 3).to_pylist() == [
        {"touchpoint": "b", "step_1": 0.5, "step_2": 0.5, "step_3": 0.0},
        {"touchpoint": "a", "step_1": 0.5, "step_2": 0.0, "step_3": 0.0},
        {"touchpoint": "c", "step_1": 0.0, "step_2": 0.0, "step_3": 0.25},
        {"touchpoint": "END", "step_1": 0.0, "step_2": 0.5, "step_3": 0.75},
    ]


def test_at_level_stage_nodes_and_names_are_stages_and_repeats_may_be_collapsed() -> None:
    stages = StageRules((StageRule(name="look", events=("a", "b")),))
    view = NodeView(level="stage", collapse_repeats=True)
    found = counted(StepsAround(anchor=frozenset({"look"}), steps=1, view=view), sessions_of("xabc"), stages=stages)
    assert found == [(0, "look", 1), (1, "(unmapped)", 1)]


def test_steps_are_between_0_and_1000() -> None:
    for steps in (-1, 1001):
        with pytest.raises(ConfigError, match="between 0 and 1000"):
            StepsAround(steps=steps)


def test_of_nothing_there_are_no_steps() -> None:
    for question in (StepsAround(anchor=A), StepsAround(), Between(source=A, target=B)):
        assert ask(question, []) == []
        assert question.reduce([]).num_rows == 0
    assert step_matrix(StepsAround(steps=1).reduce([]), "touchpoint", 2).column_names == [
        "touchpoint",
        "step_1",
        "step_2",
    ]


WORD = st.sampled_from(WORDS)
CASE = (
    logs(step=5),
    session_rules(),
    st.sampled_from(["event", "touchpoint", "stage"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), ("a",), ("c", "mail")]),
)


def walks_of(
    rows: list[Row],
    rules: SessionRules,
    level: str,
    named: bool,
    collapse: bool,
    hidden: tuple[str, ...],
    words: Sequence[str],
) -> list[Any]:
    """(customer, nodes, does each answer to the first word, to the second, ...)."""
    _, sessions = kept_sessions(events_of(rows), rules)
    node, answers = node_at(level, named), answers_at(level, named)
    walks = [(s.events[0].customer, oracle.walk(s, node, collapse=collapse, hidden=hidden)) for s in sessions]
    return [(c, [node(e) for e in walk], *([answers(e, w) for e in walk] for w in words)) for c, walk in walks]


def view_of(level: str, collapse: bool, hidden: tuple[str, ...]) -> NodeView:
    return NodeView(level=level, collapse_repeats=collapse, hidden=frozenset("event:" + n for n in hidden))


@given(st.tuples(*CASE), st.none() | WORD, st.integers(0, 4), st.booleans(), st.booleans())
@cases(100)
def test_steps_are_those_of_the_oracle_and_sessions_add_up_at_each(
    case: tuple[Any, ...], word: str | None, steps: int, before: bool, last: bool
) -> None:
    rows, rules, level, named, collapse, hidden = case
    walks = walks_of(*case, [] if word is None else [word])
    if word is None:
        walks = [(customer, names, [i == 0 for i in range(len(names))]) for customer, names in walks]
    expected = oracle.steps_around(walks, steps, before=before, last=last)
    question = StepsAround(
        anchor=None if word is None else frozenset({word}),
        steps=steps,
        before=before,
        last=last,
        view=view_of(level, collapse, hidden),
    )
    found = ask(question, rows, **vars(rules), **options(named))
    assert {(r["step"], r[level]): (r["sessions"], r["customers"]) for r in found} == expected
    sums = Counter[int]()
    for r in found:
        sums[r["step"]] += r["sessions"]
    assert len(set(sums.values())) <= 1
    assert all(r["share"] == round(r["sessions"] / sums[0], 6) for r in found)


@given(st.tuples(*CASE), WORD, WORD)
@cases(60)
def test_what_lies_between_is_that_of_the_oracle(case: tuple[Any, ...], source: str, target: str) -> None:
    rows, rules, level, named, collapse, hidden = case
    total, expected = oracle.between(walks_of(*case, [source, target]))
    view = view_of(level, collapse, hidden)
    question = Between(source=frozenset({source}), target=frozenset({target}), view=view)
    found = ask(question, rows, **vars(rules), **options(named))
    assert {r[level]: [r["visits"], r["sessions"], r["customers"]] for r in found} == expected
    assert all(r["share"] == round(r["sessions"] / total, 6) for r in found)


@given(logs(step=5), st.booleans())
@cases(40)
def test_the_step_matrix_agrees_with_the_flows_and_its_columns_add_up(rows: list[Row], collapse: bool) -> None:
    steps = ask(StepsAround(steps=3, view=NodeView(collapse_repeats=collapse)), rows)
    flows = Counter[tuple[int, str]]()
    for flow in ask(StepFlows(steps=4, collapse_repeats=collapse), rows):
        if flow["target"] != "END":
            flows[flow["step"], flow["target"]] += flow["sessions"]
    assert {(r["step"], r["touchpoint"]): r["sessions"] for r in steps if r["touchpoint"] != "END"} == flows
    table = StepsAround(steps=3).reduce([StepsAround(steps=3).map(journeys_of(rows))])
    matrix = step_matrix(table, "touchpoint", 4)
    for column in ("step_1", "step_2", "step_3", "step_4"):
        shares = matrix[column].to_pylist()
        assert sum(shares) == pytest.approx(1.0 if shares else 0.0, abs=1e-5)


@given(logs(step=5))
@cases(40)
def test_steps_of_customers_one_by_one_add_up(rows: list[Row]) -> None:
    for question in (StepsAround(anchor=A, steps=2), Between(source=A, target=B)):
        parts = [question.map(journeys_of([r for r in rows if r[0] == who])) for who in "wuv"]
        assert question.reduce(parts) == question.reduce([question.map(journeys_of(rows))])
