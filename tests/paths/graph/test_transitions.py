"""SEMANTICS, Paths: edges, repeats, names of nodes."""

from __future__ import annotations

import numpy as np

from ingest.scan.batches import Codes, EventBatch
from paths.graph.transitions import Transitions
from paths.journeys.prepare import prepare
from paths.journeys.touchpoints import StageRule, StageRules, TouchpointRule, TouchpointRules
from paths.sequences.first_steps import StepFlows
from tests.builder import MINUTE, ask, columns_of, scope_of

EDGE = ("source", "target", "transitions")


def test_start_and_end_frame_each_session() -> None:
    rows = [("u", 0, "a"), ("u", 1, "b"), ("u", 60, "b")]
    expected = [("b", "END", 2), ("START", "a", 1), ("START", "b", 1), ("a", "b", 1)]
    assert columns_of(ask(Transitions(), rows), *EDGE) == expected


def test_an_edge_counts_transitions_sessions_and_customers() -> None:
    rows = [
        ("u", 0, "a"),
        ("u", 1, "b"),
        ("u", 2, "a"),
        ("u", 3, "b"),
        ("u", 60, "a"),
        ("u", 61, "b"),
        ("v", 0, "a"),
        ("v", 1, "b"),
    ]
    edge = next(r for r in ask(Transitions(), rows) if (r["source"], r["target"]) == ("a", "b"))
    assert (edge["transitions"], edge["sessions"], edge["customers"], edge["probability"]) == (4, 3, 2, 1.0)


def test_the_frame_counts_sessions_and_customers_too() -> None:
    rows = [("u", 0, "a"), ("u", 60, "a"), ("v", 0, "a")]
    found = columns_of(ask(Transitions(), rows), *EDGE, "sessions", "customers")
    assert found == [("START", "a", 3, 3, 2), ("a", "END", 3, 3, 2)]


def test_probability_is_the_share_of_the_sources_transitions() -> None:
    rows = [("t", 0, "a"), ("t", 1, "b"), ("u", 0, "a"), ("u", 1, "c"), ("v", 0, "a")]
    found = {(r["source"], r["target"]): r["probability"] for r in ask(Transitions(), rows)}
    assert found["a", "b"] == found["a", "c"] == found["a", "END"] == 0.333333
    assert found["START", "a"] == found["b", "END"] == 1.0


def test_seconds_are_median_and_p90_by_nearest_rank_and_none_at_the_frame() -> None:
    rows = [row for i, gap in enumerate((1, 2, 3, 4)) for row in ((f"u{i}", 0, "a"), (f"u{i}", gap, "b"))]
    found = {(r["source"], r["target"]): (r["median_seconds"], r["p90_seconds"]) for r in ask(Transitions(), rows)}
    assert found["a", "b"] == (120.0, 240.0)
    assert found["START", "a"] == found["b", "END"] == (None, None)


def test_repeats_are_self_loops() -> None:
    rows = [("u", 0, "a"), ("u", 1, "a"), ("u", 2, "a"), ("u", 5, "b")]
    assert ("a", "a", 2) in columns_of(ask(Transitions(), rows), *EDGE)


def test_collapsed_repeats_are_no_edges_and_seconds_run_from_first_to_first() -> None:
    rows = [("u", 0, "a"), ("u", 1, "a"), ("u", 2, "b"), ("u", 4, "b"), ("u", 7, "a")]
    found = ask(Transitions(collapse_repeats=True), rows)
    assert sorted(columns_of(found, *EDGE)) == [("START", "a", 1), ("a", "END", 1), ("a", "b", 1), ("b", "a", 1)]
    assert {(r["source"], r["target"]): r["median_seconds"] for r in found}["b", "a"] == 300.0


def test_a_repeat_over_a_session_border_is_not_collapsed() -> None:
    rows = [("u", 0, "a"), ("u", 60, "a"), ("v", 60, "a")]
    assert columns_of(ask(Transitions(collapse_repeats=True), rows), *EDGE) == [("START", "a", 3), ("a", "END", 3)]


def test_passive_events_are_on_no_edge() -> None:
    rows = [("u", 0, "a"), ("u", 1, "email_sent"), ("u", 2, "b")]
    assert ("a", "b", 1) in columns_of(ask(Transitions(), rows, passive=frozenset({"email_sent"})), *EDGE)


def test_by_stage_a_node_is_the_stage_and_the_rest_is_unmapped() -> None:
    stages = StageRules((StageRule(name="look", events=("a", "b")), StageRule(name="late", events=("b", "c"))))
    rows = [("u", 0, "a"), ("u", 1, "b"), ("u", 2, "c"), ("u", 3, "d")]
    found = columns_of(ask(Transitions(by_stage=True), rows, stages=stages), "source", "target")
    assert sorted(found) == [
        ("(unmapped)", "END"),
        ("START", "look"),
        ("late", "(unmapped)"),
        ("look", "late"),
        ("look", "look"),
    ]


def test_events_named_start_and_end_are_shown_as_events() -> None:
    rows = [("u", 0, "START"), ("u", 1, "END")]
    found = columns_of(ask(Transitions(), rows), "source", "target")
    assert sorted(found) == [("START", "event:START"), ("event:END", "END"), ("event:START", "event:END")]


def test_an_event_named_as_another_is_shown_is_the_same_node() -> None:
    rows = [("u", 0, "START"), ("u", 1, "y"), ("u", 2, "event:START"), ("u", 3, "y"), ("v", 0, "event:START")]
    names = "source", "target", "transitions", "sessions", "customers", "probability"
    found = columns_of(ask(Transitions(), rows), *names)
    assert ("event:START", "y", 2, 1, 1, 0.666667) in found
    assert ("event:START", "END", 1, 1, 1, 0.333333) in found


def test_an_event_that_rules_speak_of_and_none_matched_is_the_other_node() -> None:
    rules = TouchpointRules((TouchpointRule(name="product page", event=("view",), url=("/products/*",)),))
    rows = [
        ("u", 0, "view", {"url": "/products/1"}),
        ("u", 1, "view", {"url": "/"}),
        ("u", 2, "view"),
        ("u", 3, "add", {"url": "/"}),
    ]
    found = columns_of(ask(Transitions(), rows, touchpoints=rules), *EDGE)
    assert ("view (other)", "view (other)", 1) in found  # a view without a url, too
    assert ("view (other)", "add", 1) in found


def test_more_names_than_32_bits_have_edges_for() -> None:
    n = 50_000
    batch = EventBatch.of(
        np.repeat(np.arange(n // 5, dtype=np.int64), 5),
        np.tile(np.arange(5, dtype=np.int64) * MINUTE, n // 5),
        Codes(np.arange(n, dtype=np.int32), tuple(map(str, range(n)))),
        {},
    )
    journeys = prepare(batch, scope_of())
    for question in (Transitions(), Transitions(collapse_repeats=True)):
        rows = question.reduce([question.map(journeys)]).to_pylist()
        found = {(r["source"], r["target"]): (r["transitions"], r["median_seconds"]) for r in rows}
        assert len(found) == n // 5 * 6
        assert found["49998", "49999"] == (1, 60.0)
        assert found["START", "49995"] == found["49999", "END"] == (1, None)
    flows = StepFlows(steps=3)
    steps = flows.reduce([flows.map(journeys)]).to_pylist()
    assert {"step": 2, "source": "49996", "target": "49997", "sessions": 1, "with_goal": 0} in steps
