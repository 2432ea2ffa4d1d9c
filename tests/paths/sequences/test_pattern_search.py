"""Pattern search: which match is reported, and the kernel against `re`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paths.journeys.touchpoints import StageRule, StageRules
from paths.sequences.pattern_search import Matches, Search, first_hits, matches
from paths.sequences.patterns import parse_pattern
from paths.sequences.walks import NodeView, walks_of
from sessionize.rules import SessionRules
from tests.builder import Row, ask, events_of, instant, journeys_of
from tests.cases import cases
from tests.oracles import patterns as oracle
from tests.oracles.paths import nearest_rank
from tests.oracles.patterns import Part
from tests.oracles.sessions import kept_sessions
from tests.paths.sequences.node_views import WORDS, answers_at, near, node_at, options
from tests.property.strategies import logs, session_rules

PATTERN = st.lists(
    st.builds(
        Part,
        st.lists(st.sampled_from("abcd"), max_size=3, unique=True).map(tuple),
        st.booleans(),
        st.sampled_from(["", "", "*", "+", "?"]),
    ).map(lambda p: p if p.names else p._replace(negated=False)),
    min_size=1,
    max_size=7,
)
WALKS = st.lists(st.text("abcd", min_size=1, max_size=12), min_size=1, max_size=8)


def sessions_of(*walks: str) -> list[Row]:
    """One session a word, one event a letter, a minute apart, each of a customer of its own."""
    return [(f"u{i:03}", minute, letter) for i, word in enumerate(walks) for minute, letter in enumerate(word)]


def path(text: str, word: str, **view: Any) -> str | None:
    """The reported match in a session."""
    rows = ask(Matches(pattern=parse_pattern(text), view=NodeView(**view)), sessions_of(word))
    return rows[0]["path"].replace(" > ", "") if rows else None


@pytest.mark.parametrize(
    "text, word, expected",
    [
        ("b", "abc", "b"),
        ("a -> b", "aacab", "ab"),
        ("a -> b", "ba", None),
        ("a -> .* -> c", "abcabc", "abc"),
        ("a -> .* -> c", "abac", "ac"),
        ("a -> [^c]+ -> b", "acabb", "abb"),
        ("a -> b?  -> c", "abac", "ac"),
        ("a+", "baab", "a"),
        ("a+ -> b", "caab", "ab"),
        ("START -> a+ -> b", "aab", "aab"),
        ("START -> b", "ab", None),
        ("b -> END", "bab", "b"),
        ("b -> END", "ba", None),
        ("a -> [^b]* -> END", "abaca", "a"),
        ("START -> [^c]* -> END", "abab", "abab"),
        ("START -> [^c]* -> END", "abcb", None),
        ("START -> . -> . -> END", "abc", None),
        ("[a|b] -> [a|b] -> c", "aabc", "abc"),
    ],
)
def test_the_match_that_ends_first_and_of_those_starts_last_is_reported(
    text: str, word: str, expected: str | None
) -> None:
    assert path(text, word) == expected


def test_a_match_has_at_least_one_node() -> None:
    assert path("x*", "abc") is None
    assert path("x* -> END", "abc") is None
    assert path("a*", "bba") == "a"


def test_an_answer_has_sessions_customers_share_and_time_between_the_ends() -> None:
    rows = [("u", 0, "a"), ("u", 2, "x"), ("u", 3, "b"), ("u", 60, "a"), ("u", 61, "b"), ("v", 0, "a"), ("w", 0, "b")]
    assert ask(Search(pattern=parse_pattern("a -> .* -> b")), rows) == [
        {
            "pattern": "a -> .* -> b",
            "sessions": 2,
            "customers": 1,
            "share": 0.5,
            "ci_low": 0.150039,
            "ci_high": 0.849961,
            "median_seconds": 60.0,
            "p90_seconds": 180.0,
        }
    ]


def test_nothing_found_is_zero_and_has_no_time() -> None:
    row = ask(Search(pattern=parse_pattern("never")), [("u", 0, "a")])[0]
    assert (row["sessions"], row["customers"], row["share"], row["median_seconds"]) == (0, 0, 0.0, None)
    row = ask(Search(pattern=parse_pattern("a")), [])[0]
    assert (row["sessions"], row["share"], row["ci_low"], row["p90_seconds"]) == (0, None, None, None)
    assert Search(pattern=parse_pattern("a")).reduce([]).to_pylist()[0]["sessions"] == 0
    assert Matches(pattern=parse_pattern("a")).reduce([]).num_rows == 0


def test_the_sessions_of_a_match_are_listed_oldest_first() -> None:
    rows = [("u", 50, "a"), ("v", 0, "c"), ("v", 1, "a"), ("v", 2, "b"), ("w", 9, "b")]
    found = ask(Matches(pattern=parse_pattern("a -> b?")), rows)
    assert [(r["customer_id"], r["seconds"], r["path"]) for r in found] == [("v", 0.0, "a"), ("u", 0.0, "a")]
    assert found[0]["started_at"].timestamp() * 1_000_000 == instant(0)


def test_hidden_events_are_taken_out_before_runs_are_collapsed() -> None:
    assert path("a -> b", "axxb") is None
    assert path("a -> b", "axxb", hidden=frozenset("x")) == "ab"
    assert path("a -> a", "axa", hidden=frozenset("x")) == "aa"
    assert path("a -> a", "axa", hidden=frozenset("x"), collapse_repeats=True) is None
    assert path("a -> b", "aaabb", collapse_repeats=True) == "ab"
    assert path(".", "xx", hidden=frozenset("x")) is None


def test_at_level_stage_the_name_of_a_stage_means_the_stage() -> None:
    stages = StageRules((StageRule(name="a", events=("b", "c")),))
    rows = sessions_of("bcd")
    for text, expected in [("a -> a -> d", ["a > a > (unmapped)"]), ("event:b -> (unmapped)", []), ("c", ["a"])]:
        found = ask(Matches(pattern=parse_pattern(text), view=NodeView(level="stage")), rows, stages=stages)
        assert [r["path"] for r in found] == expected
    assert not ask(Matches(pattern=parse_pattern("a")), rows, stages=stages)


def test_the_longest_pattern_reads_all_of_its_bits() -> None:
    text = " -> ".join(["a?"] * 30 + ["b"] + ["c*"] * 30 + ["d"])
    assert path(text, "aabccd") == "bccd"
    assert path(" -> ".join(["a"] * 62), "a" * 61) is None
    assert path(" -> ".join(["a"] * 62), "b" + "a" * 62) == "a" * 62


def test_a_pattern_that_others_try_again_and_again_is_read_once() -> None:
    text = " -> ".join([*["a?"] * 30, *["a*"] * 31, "b"])
    assert path(text, "a" * 3_000) is None
    reads: list[int] = []

    class Masks(np.ndarray[Any, Any]):
        def __getitem__(self, rows: Any) -> Any:
            reads.append(len(rows))
            return np.asarray(self)[rows]

    masks = np.full(5_000, (1 << 62) - 2, dtype=np.uint64).view(Masks)
    start, left = np.array([0, 1_000]), np.array([1_000, 4_000])
    first_hits(parse_pattern(text).forward, masks, start, left, anywhere=True)
    assert sum(reads) == 5_000


def check_words(parts: Sequence[Part], ends: tuple[bool, bool], words: Sequence[str]) -> None:
    pattern, journeys = parse_pattern(oracle.written(parts, *ends)), journeys_of(sessions_of(*words))
    walks = walks_of(journeys, NodeView())
    found = matches(journeys, walks, pattern, NodeView())
    spans = {int(w): (int(a), int(b)) for w, a, b in zip(found.walk, found.first, found.last, strict=True)}
    events = events_of(sessions_of(*words))
    for i, word in enumerate(words):
        visits = [e for e in events if e.customer == f"u{i:03}"]
        expected = oracle.reported(parts, *ends, visits, answers_at("event", rules=False))
        start = sum(map(len, words[:i]))
        at = spans.get(i)
        assert (None if at is None else word[at[0] - start : at[1] - start + 1]) == (
            None if expected is None else "".join(e.name for e in expected)
        )
        if expected is not None and at is not None:
            assert at[1] - start == visits.index(expected[-1])


@given(PATTERN, st.tuples(st.booleans(), st.booleans()), WALKS)
@cases(150)
def test_matches_are_those_of_re(parts: list[Part], ends: tuple[bool, bool], words: list[str]) -> None:
    check_words(parts, ends, words)


@pytest.mark.proof
@given(PATTERN, st.tuples(st.booleans(), st.booleans()), WALKS)
@settings(max_examples=5_000)
def test_matches_are_those_of_re_proved(parts: list[Part], ends: tuple[bool, bool], words: list[str]) -> None:
    check_words(parts, ends, words)


NAMED = st.lists(
    st.builds(
        Part,
        st.lists(st.sampled_from(WORDS), max_size=2, unique=True).map(tuple),
        st.booleans(),
        st.sampled_from(["", "*", "+", "?"]),
    ).map(lambda p: p if p.names else p._replace(negated=False)),
    min_size=1,
    max_size=4,
)


@given(
    logs(step=5),
    session_rules(),
    NAMED,
    st.tuples(st.booleans(), st.booleans()),
    st.sampled_from(["event", "touchpoint", "stage"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), ("a",), ("c", "mail")]),
)
@cases(100)
def test_counts_and_lists_are_those_of_the_oracle(
    rows: list[Row],
    rules: SessionRules,
    parts: list[Part],
    ends: tuple[bool, bool],
    level: str,
    named: bool,
    collapse: bool,
    hidden: tuple[str, ...],
) -> None:
    _, sessions = kept_sessions(events_of(rows), rules)
    node, answers = node_at(level, named), answers_at(level, named)
    expected = []
    for session in sessions:
        visits = oracle.walk(session, node, collapse=collapse, hidden=hidden)
        run = oracle.reported(parts, *ends, visits, answers)
        if run is not None:
            expected.append((session, run))
    view = NodeView(level=level, collapse_repeats=collapse, hidden=frozenset("event:" + n for n in hidden))
    pattern = parse_pattern(oracle.written(parts, *ends))
    row = ask(Search(pattern=pattern, view=view), rows, **vars(rules), **options(named))[0]
    times = [run[-1].at - run[0].at for _, run in expected]
    assert row["sessions"] == len(expected)
    assert row["customers"] == len({s.events[0].customer for s, _ in expected})
    assert row["share"] == (round(len(expected) / len(sessions), 6) if sessions else None)
    assert near(row["median_seconds"], nearest_rank(times, 50))
    assert near(row["p90_seconds"], nearest_rank(times, 90))
    found = ask(Matches(pattern=pattern, view=view), rows, **vars(rules), **options(named))
    assert sorted((r["customer_id"], r["seconds"], r["path"]) for r in found) == sorted(
        (s.events[0].customer, (run[-1].at - run[0].at) / 1_000_000, " > ".join(map(node, run))) for s, run in expected
    )
    assert len({r["session_id"] for r in found}) == len(found)
    assert [r["started_at"] for r in found] == sorted(r["started_at"] for r in found)
