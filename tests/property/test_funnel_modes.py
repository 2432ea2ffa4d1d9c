"""Strict and any order, step windows and exclusions: kernel = every choice of events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paths.funnels.candidates import find
from paths.funnels.funnel import Funnel
from paths.funnels.spec import Exclusion
from paths.journeys.matchers import Matcher, Step
from tests.builder import MINUTE, Row, events_of, journeys_of, minutes
from tests.cases import cases
from tests.oracles.funnel_modes import Asked, deepest

pytestmark = pytest.mark.usefixtures("tier")

names = st.sampled_from("abcx")


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    order = draw(st.sampled_from(["ordered", "strict", "any"]))
    steps = draw(st.lists(st.frozensets(st.sampled_from("abc"), min_size=1, max_size=2), min_size=1, max_size=3))
    ordered = order != "any"
    within = [None] + [draw(st.sampled_from([None, 3, 8])) if ordered else None for _ in steps[1:]]
    barrier = draw(st.sampled_from([None, (1, 99)] + ([(1, 2)] if ordered and len(steps) > 1 else [])))
    return {
        "order": order,
        "steps": steps,
        "within": within,
        "barrier": barrier,
        "window": draw(st.sampled_from([None, 5, 12])),
    }


rows = st.lists(st.tuples(names, st.integers(0, 20)), min_size=1, max_size=7)


def check(question: dict[str, Any], pairs: list[tuple[str, int]]) -> None:
    log: list[Row] = [("u", at, name) for name, at in sorted(pairs, key=lambda p: p[1])]
    events = events_of(log)
    asked = Asked(
        steps=tuple(question["steps"]),
        window=None if question["window"] is None else question["window"] * MINUTE,
        order=question["order"],
        within=tuple(None if w is None else w * MINUTE for w in question["within"]),
        barrier=question["barrier"],
    )
    steps = tuple(
        Step(matchers=tuple(Matcher(name=n) for n in sorted(s)), within=None if w is None else minutes(w))
        for s, w in zip(question["steps"], question["within"], strict=True)
    )
    barrier = question["barrier"]
    exclusions = (
        () if barrier is None else (Exclusion(matchers=(Matcher(name="x"),), after=barrier[0], before=barrier[1]),)
    )
    window = None if question["window"] is None else minutes(question["window"])
    found = find(Funnel(steps=steps, window=window, order=question["order"], exclusions=exclusions), journeys_of(log))
    depth, chain = deepest(events, asked)
    assert found.chains.depth.tolist() == ([depth] if depth else [])
    if depth:
        reported = [r for r in found.position[0].tolist() if r >= 0]
        wanted = sorted(set(chain)) if question["order"] == "any" else list(chain)
        assert reported == wanted


@given(questions(), rows)
@cases(100)
def test_kernel_equals_every_choice_of_events(question: dict[str, Any], pairs: list[tuple[str, int]]) -> None:
    check(question, pairs)


@pytest.mark.proof
@given(questions(), rows)
@settings(max_examples=3000)
def test_kernel_equals_every_choice_of_events_at_length(question: dict[str, Any], pairs: list[tuple[str, int]]) -> None:
    check(question, pairs)
