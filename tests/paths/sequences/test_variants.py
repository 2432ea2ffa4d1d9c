"""Variants: whole sessions as sequences, exact and additive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import ConfigError
from paths.journeys.goals import GoalRules
from paths.journeys.touchpoints import StageRule, StageRules
from paths.sequences import variants as kernel
from paths.sequences.variants import Variants
from paths.sequences.walks import NodeView, quoted
from paths.statistics.intervals import wilson
from sessionize.rules import SessionRules
from tests.builder import Row, ask, columns_of, events_of, journeys_of
from tests.cases import cases
from tests.oracles import patterns as oracle
from tests.oracles.paths import nearest_rank
from tests.oracles.sessions import kept_sessions
from tests.paths.sequences.node_views import near, node_at, options
from tests.property.strategies import logs, session_rules


def sessions_of(*walks: Sequence[str]) -> list[Row]:
    """One session a walk, an event a minute, each of a customer of its own."""
    return [(f"u{i:03}", minute, name) for i, walk in enumerate(walks) for minute, name in enumerate(walk)]


def ways(rows: Sequence[Row], **question: Any) -> list[tuple[str, int]]:
    """(path, sessions)."""
    return [(r["path"], r["sessions"]) for r in ask(Variants(**question), rows)]


def test_a_variant_is_the_whole_sequence_of_a_session_and_the_most_frequent_comes_first() -> None:
    assert ways(sessions_of("ab", "abc", "ab", "ba")) == [("a > b", 2), ("a > b > c", 1), ("b > a", 1)]


def test_a_variant_counts_customers_once_and_has_share_time_and_conversion() -> None:
    rows = [("u", 0, "a"), ("u", 2, "purchase"), ("u", 60, "a"), ("u", 64, "purchase")]
    rows += [(who, 0, "a") for who in "vwx"]
    found = ask(Variants(), rows)
    assert columns_of(found, "path", "steps", "sessions", "customers", "share", "median_seconds") == [
        ("a", 1, 3, 3, 0.6, 0.0),
        ("a > purchase", 2, 2, 1, 0.4, 120.0),
    ]
    assert columns_of(found, "converted", "conversion_rate", "ci_low", "ci_high") == [
        (0, 0.0, *wilson(0, 3)),
        (2, 1.0, *wilson(2, 2)),
    ]


def test_without_a_goal_nothing_is_said_of_conversion() -> None:
    found = ask(Variants(rules=GoalRules(goal=frozenset())), sessions_of("a"))
    assert columns_of(found, "sessions", "converted", "conversion_rate", "ci_low") == [(1, None, None, None)]


def test_longer_ways_are_cut_and_say_so() -> None:
    rows = sessions_of("ab", "abc", "abd", "a")
    assert ways(rows, max_steps=2) == [("a > b > ...", 2), ("a", 1), ("a > b", 1)]
    assert columns_of(ask(Variants(max_steps=1), rows), "path", "steps", "sessions") == [("a > ...", 1, 3), ("a", 1, 1)]
    with pytest.raises(ConfigError, match="at least one step"):
        Variants(max_steps=0)


def test_repeats_are_collapsed_and_hidden_events_left_out() -> None:
    rows = sessions_of("aab", "axab", "xx")
    assert ways(rows, view=NodeView(collapse_repeats=True)) == [("a > b", 1), ("a > x > a > b", 1), ("x", 1)]
    hidden = frozenset({"x"})
    assert ways(rows, view=NodeView(hidden=hidden)) == [("a > a > b", 2), ("(nothing)", 1)]
    assert ways(rows, view=NodeView(hidden=hidden, collapse_repeats=True)) == [("a > b", 2), ("(nothing)", 1)]


def test_sessions_with_and_without_a_goal_can_be_compared() -> None:
    rows = [("u", 0, "a"), ("v", 0, "a"), ("v", 1, "purchase"), ("w", 0, "purchase")]
    assert ways(rows, converted=True) == [("a > purchase", 1), ("purchase", 1)]
    assert ways(rows, converted=False) == [("a", 1)]
    assert ask(Variants(converted=False), rows)[0]["share"] == 1.0


def test_different_sequences_have_different_texts() -> None:
    rows = sessions_of(["a", "b"], ["a > b"], ["..."], ["(nothing)"], ['"a"'], ["a", "..."])
    found = ways(rows)
    assert len(found) == len({p for p, _ in found}) == 6
    assert ('"a > b"', 1) in found
    assert quoted('say "x"') == '"say \\"x\\""'


def test_a_node_is_an_event_a_touchpoint_or_a_stage() -> None:
    stages = StageRules((StageRule(name="look", events=("a", "b")),))
    found = ask(Variants(view=NodeView(level="stage")), sessions_of("abc"), stages=stages)
    assert found[0]["path"] == "look > look > (unmapped)"
    assert ask(Variants(view=NodeView(level="event")), sessions_of(["END"]))[0]["path"] == "event:END"
    with pytest.raises(ConfigError, match='Did you mean "stage"'):
        NodeView(level="stages")


def test_of_nothing_there_are_no_variants() -> None:
    assert ask(Variants(), []) == []
    assert Variants().reduce([]).num_rows == 0


def test_sequences_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sessions_of("ab", "ba", "ab", "abc", "c", "ba", "aaa")
    expected = ways(rows)
    monkeypatch.setattr(kernel, "hashed", lambda node, start, length: np.zeros(len(start), dtype=np.uint64))
    assert ways(rows) == expected == [("a > b", 2), ("b > a", 2), ("a > a > a", 1), ("a > b > c", 1), ("c", 1)]


def test_a_hash_depends_on_the_place_of_each_node() -> None:
    walks = ["ab", "ba", "aab", "aba", "aa", "a"]
    node = np.array([ord(c) for w in walks for c in w])
    length = np.array([len(w) for w in walks])
    found = kernel.hashed(node, np.cumsum(length) - length, length)
    assert len(set(found.tolist())) == len(walks)
    again = kernel.hashed(np.append([7, 7, 7], node), np.cumsum(length) - length + 3, length)
    assert again.tolist() == found.tolist()


CASE = st.tuples(
    logs(step=5, names=("a", "b", "purchase", "mail")),
    session_rules(),
    st.sampled_from(["event", "touchpoint", "stage"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), ("a",), ("a", "b", "mail")]),
    st.sampled_from([None, 1, 3]),
    st.sampled_from([None, True, False]),
)


def check(
    rows: list[Row],
    rules: SessionRules,
    level: str,
    named: bool,
    collapse: bool,
    hidden: tuple[str, ...],
    most: int | None,
    converted: bool | None,
) -> None:
    _, sessions = kept_sessions(events_of(rows), rules)
    chosen = [s for s in sessions if converted in (None, any(e.name == "purchase" for e in s.events))]
    node = node_at(level, named)
    walks = [(s, [node(e) for e in oracle.walk(s, node, collapse=collapse, hidden=hidden)]) for s in chosen]
    expected = {
        " > ".join([*names, *["..."] * cut]) or "(nothing)": (len(names), want)
        for (names, cut), want in oracle.variants(walks, {"purchase"}, most).items()
    }
    view = NodeView(level=level, collapse_repeats=collapse, hidden=frozenset("event:" + n for n in hidden))
    found = ask(Variants(view=view, max_steps=most, converted=converted), rows, **vars(rules), **options(named))
    assert {r["path"] for r in found} == expected.keys()
    for row in found:
        steps, want = expected[row["path"]]
        counts = (row["steps"], row["sessions"], row["customers"], row["converted"])
        assert counts == (steps, want["sessions"], want["customers"], want["converted"])
        assert near(row["median_seconds"], nearest_rank(want["times"], 50))
        assert row["conversion_rate"] == round(want["converted"] / want["sessions"], 6)
        assert row["share"] == round(want["sessions"] / len(chosen), 6)
    assert sum(r["sessions"] for r in found) == len(chosen)
    order = [(-r["sessions"], r["path"]) for r in found]
    assert order == sorted(order)


@given(CASE)
@cases(100)
def test_variants_are_those_of_the_oracle_and_hold_every_session_once(case: tuple[Any, ...]) -> None:
    check(*case)


@pytest.mark.proof
@given(CASE)
@settings(max_examples=2000)
def test_variants_are_those_of_the_oracle_and_hold_every_session_once_proved(case: tuple[Any, ...]) -> None:
    check(*case)


@given(logs(step=5))
@cases(40)
def test_variants_of_customers_one_by_one_add_up(rows: list[Row]) -> None:
    question = Variants(max_steps=3)
    parts: list[pa.Table] = [question.map(journeys_of([r for r in rows if r[0] == who])) for who in "wuv"]
    assert question.reduce(parts) == question.reduce([question.map(journeys_of(rows))])
