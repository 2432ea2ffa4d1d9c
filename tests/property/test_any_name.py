"""A name is a name, whatever it is made of: answers about hostile names are those about plain ones, renamed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from paths.analysis import Analysis
from paths.carts.counts import Carts
from paths.carts.rules import CartRules
from paths.compare.changes import dropoff_changes, step_changes
from paths.compare.rates import MAP_MEASURES, cart_counts, dropoff_counts, edge_counts, map_counts, step_counts
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.journey_map.comments import Comments
from paths.journey_map.friction import FrictionRules
from paths.journey_map.journey_map import JourneyMap
from paths.journey_map.surveys import Survey
from paths.journeys.goals import GoalRules
from paths.journeys.personas import CustomerFacts, Persona
from paths.journeys.touchpoints import StageRule, StageRules, TouchpointRule, TouchpointRules
from paths.sequences.first_steps import StepFlows
from paths.sequences.variants import Variants
from tests.builder import Row, ask, journeys_of, step
from tests.cases import cases

SEPARATORS = (
    "\x1f",
    " > ",
    ">",
    "|",
    ",",
    ":",
    ";",
    "=",
    "_",
    "_before",
    "/",
    "\x01",
    "\u2063",
    " ",
    "funnel:",
    "event",
    ".",
    "(none)",
    '"',
)
"""Whatever the code has ever joined names with, and words it might take a part of a name for."""
WORDS = st.lists(st.sampled_from([*SEPARATORS, "a", "b"]), min_size=1, max_size=4).map(
    lambda parts: f"x{''.join(parts)}x"
)
NAMES = st.lists(WORDS, min_size=9, max_size=9, unique=True).map(sorted)
PLAIN = tuple(f"x{letter}" for letter in "ABCDEFGHI")  # in the order that ties are decided by
EVENTS, (RULED, EARLY, LATE, CHANNEL), COLUMN = PLAIN[:4], PLAIN[4:8], PLAIN[8]
MINUTES = (0, 1, 2, 300, 301, 2000, 2001, 2002)
HISTORIES = st.lists(
    st.tuples(st.sampled_from("uv"), st.sampled_from(MINUTES), st.sampled_from(EVENTS)), min_size=1, max_size=12
)


def rows_of(history: list[tuple[str, int, str]], name: dict[str, str]) -> list[Row]:
    """An answer that names the last event's touchpoint stands behind each customer's events."""
    channel, column = name[CHANNEL], name[COLUMN]
    rows: list[Row] = [
        (who, at, name[event], {"channel": channel, "url": "/x", column: channel}) for who, at, event in history
    ]
    told = {"score": "1", "about": name[EVENTS[0]], "said": "bad"}
    return [*rows, *((who, 3000, "csat", told) for who in "uv")]


def scope_of(name: dict[str, str]) -> dict[str, Any]:
    a, b, c, d = (name[e] for e in EVENTS)
    rule = TouchpointRule(name=name[RULED], event=(glob(d),))
    stages = StageRule(name=name[EARLY], events=(glob(a),)), StageRule(name=name[LATE], events=(glob(b), glob(c)))
    return {
        "touchpoints": TouchpointRules((rule,)),
        "stages": StageRules(stages),
        "passive": frozenset({"csat"}),
        "facts": CustomerFacts(personas=(Persona(name=name[RULED], did=(step(a),)),)),
        "asked": frozenset({"persona"}),
    }


def glob(name: str) -> str:
    """A glob that matches this name alone."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def questions(name: dict[str, str]) -> list[Analysis[Any]]:
    a, b, c, d = (name[e] for e in EVENTS)
    rules = GoalRules(goal=frozenset({c}), purchase=frozenset({c}))
    surveys = (Survey(event="csat", kind="csat", about="about", comment="said"),)
    stages, steps = (name[EARLY], name[LATE]), (step(a), step(b), step(c))
    friction = FrictionRules(errors=(glob(d),), dwell={a: timedelta(seconds=10)})
    maps = [
        JourneyMap(stages=stages, by=by, rules=rules, surveys=surveys, friction=friction)
        for by in ("touchpoint", "channel", "stage")
    ]
    carts = CartRules(roles={"add": (a,), "purchase": (c,)})
    return [
        *maps,
        Comments(surveys=surveys),
        Transitions(),
        DropOff(rules=rules),
        StepFlows(rules=rules),
        Carts(rules=carts, by="last_step"),
        Carts(rules=carts, by=name[COLUMN]),
        Variants(rules=rules),
        *(Funnel(steps=steps, breakdown=by) for by in (None, "channel", name[COLUMN], "persona", "event")),
    ]


def spelled(answer: Any, known: dict[str, str]) -> Any:
    """The answer's rows, in an order that no name decides, with plain names."""
    if hasattr(answer, "to_pylist"):
        return sorted(repr(spelled(r, known)) for r in answer.to_pylist())
    if isinstance(answer, dict):
        return {known.get(k, k): spelled(v, known) for k, v in answer.items()}
    if isinstance(answer, list | tuple):
        return sorted(repr(spelled(v, known)) for v in answer)
    if hasattr(answer, "__dataclass_fields__"):
        return {f: spelled(getattr(answer, f), known) for f in answer.__dataclass_fields__}
    return known.get(answer, answer) if isinstance(answer, str) else answer


@given(HISTORIES, NAMES)
@cases(10)
def test_answers_about_hostile_names_are_those_about_plain_ones_renamed(
    history: list[tuple[str, int, str]], names: list[str]
) -> None:
    hostile, plain = dict(zip(PLAIN, names, strict=True)), {n: n for n in PLAIN}
    back = {n: p for p, n in hostile.items()}
    found = [
        [a.reduce([a.map(journeys_of(rows_of(history, name), **scope_of(name)))]) for a in questions(name)]
        for name in (hostile, plain)
    ]
    for question, one, other in zip(questions(plain), *found, strict=True):
        if not isinstance(question, Variants):
            assert spelled(one, back) == spelled(other, plain), question
        else:
            assert sorted(one["sessions"].to_pylist()) == sorted(other["sessions"].to_pylist())


def compared(history: list[tuple[str, int, str]], name: dict[str, str]) -> list[Any]:
    """Every rate that two sides are compared by, and every change between them: all of the history, and its first half."""
    sides = [
        [a.reduce([a.map(journeys_of(rows_of(part, name), **scope_of(name)))]) for a in compared_by(name)]
        for part in (history, history[: (len(history) + 1) // 2])
    ]
    dropoff, edges, carts, cells, funnel, again = zip(*sides, strict=True)
    changes = [*dropoff_changes(*dropoff), *step_changes(name[RULED], *again)]
    assert len({c.key for c in changes}) == len(changes)
    return [
        *map(dropoff_counts, dropoff),
        *edge_counts(*edges),
        *(cart_counts(c.table, name[COLUMN]) for c in carts),
        *(counts for m in MAP_MEASURES for counts in map_counts(*cells, m)),
        *(step_counts(f, name[COLUMN]) for f in funnel),
        {c.key: c for c in changes},
    ]


def compared_by(name: dict[str, str]) -> list[Analysis[Any]]:
    """What has sides to compare; the last funnel takes one step twice."""
    a, b, c, _ = (name[e] for e in EVENTS)
    cells, carts = (next(q for q in questions(name) if isinstance(q, kind)) for kind in (JourneyMap, Carts))
    by_column = replace(carts, by=name[COLUMN])
    steps = step(a), step(b), step(c)
    return [
        DropOff(rules=GoalRules(goal=frozenset({c}))),
        Transitions(),
        by_column,
        cells,
        Funnel(steps=steps, breakdown=name[COLUMN]),
        Funnel(steps=(step(a), step(b), step(a), step(b))),
    ]


@given(HISTORIES, NAMES)
@cases(10)
def test_what_is_compared_about_hostile_names_is_what_is_about_plain_ones(
    history: list[tuple[str, int, str]], names: list[str]
) -> None:
    hostile, plain = dict(zip(PLAIN, names, strict=True)), {n: n for n in PLAIN}
    back = {n: p for p, n in hostile.items()}
    for one, other in zip(compared(history, hostile), compared(history, plain), strict=True):
        assert renamed(one, back) == renamed(other, plain)


def renamed(counts: dict[Any, Any], known: dict[str, str]) -> dict[Any, Any]:
    """Tuples as keys, with plain names; a name that meets another one would lose its count."""
    told = {tuple(known.get(part, part) for part in key): spelled(value, known) for key, value in counts.items()}
    assert len(told) == len(counts)
    return told


def test_a_value_that_reads_none_or_other_is_shown_as_what_it_is() -> None:
    values = ("(none)", "(other)", "value:(none)", None, "web", "app")
    rows = [(f"c{i}", 0, "see", {"channel": value}) for i, value in enumerate(values)]
    shown = ["(none)", "app", "value:(none)", "value:(other)", "value:value:(none)", "web"]
    found = ask(Funnel(steps=(step("see"),), breakdown="channel"), rows)
    assert [(r["channel"], r["reached"]) for r in found] == [(value, 1) for value in shown]
    for value in shown:
        assert ask(Funnel(steps=(step("see", where=f"channel={value}"),)), rows)[0]["reached"] == 1, value
        assert ask(Funnel(steps=(step("see", where=f"channel!={value}"),)), rows)[0]["reached"] == 5, value
    top = ask(Funnel(steps=(step("see"),), breakdown="channel", top=5), rows)
    assert top[-1]["channel"] == "(other)"
    carts = Carts(rules=CartRules(roles={"add": ("see",)}), by="channel")
    table = carts.reduce([carts.map(journeys_of(rows))]).table
    assert sorted(table["channel"].to_pylist()) == shown
    cells = JourneyMap(stages=(), by="channel")
    assert sorted(cells.reduce([cells.map(journeys_of(rows))]).table["channel"].to_pylist()) == shown
