"""SEMANTICS, Names: every name that can be stored can be asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ConfigError
from paths.funnels.spec import Exclusion
from paths.journeys.conditions import parse_condition
from paths.journeys.names import quoted
from paths.sequences.patterns import parse_pattern
from pipeline.project.funnel_words import Known, nothing_known, parse_exclusion, parse_funnel, parse_step, split_outside
from tests.builder import journeys_of

HOSTILE = (
    "[Amplitude] Network Request",
    "Was this helpful?",
    "A|B",
    "event:signup",
    "page:view",
    "a, b",
    'say "hi"',
    "x=y",
    "a:1-2",
    "*",
)
ROWS = [("u", i, name) for i, name in enumerate((*HOSTILE, "A", "signup", "view"))]


def taken(text: str, known: Known = nothing_known) -> list[str]:
    """The events of ROWS that a step takes."""
    found = parse_step(text, known=known).matches(journeys_of(ROWS))
    return [name for (_, _, name), yes in zip(ROWS, found, strict=True) if yes]


@pytest.mark.parametrize("name", HOSTILE)
def test_quotes_around_a_name_in_a_step_take_it_literally(name: str) -> None:
    assert taken(quoted(name)) == [name]
    assert taken(f"{quoted(name)}|A") == [name, "A"]
    assert taken(f"{quoted(name)}[event={quoted(name)}]?") == [name]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_plain_name_that_exists_exactly_as_written_wins_over_its_parse(name: str) -> None:
    known = HOSTILE if name.startswith("event:") else (*HOSTILE, "A", "signup", "view")
    assert taken(name, lambda: known) == [name]
    assert taken(f"{name}?", lambda: known) == [name]


def test_event_x_forces_the_event() -> None:
    assert taken("event:signup", lambda: {"event:signup", "signup"}) == ["signup"]
    assert taken("event:event:signup") == ["event:signup"]
    assert taken("event:A|B") == ["A"]
    for name in HOSTILE:
        assert taken(f"event:{name}", lambda: HOSTILE) == [name]


@given(st.text(st.sampled_from('ab[]?|,":= \\>*~-'), min_size=1).filter(lambda t: t.strip() == t))
def test_every_name_that_can_be_stored_can_be_asked(name: str) -> None:
    batch = journeys_of([("u", 0, name), ("u", 1, "other")])
    assert parse_step(quoted(name)).matches(batch).tolist() == [True, False]
    assert parse_step(name, known=lambda: {name}).matches(batch).tolist() == [True, False]
    assert parse_condition(f"event={quoted(name)}").holds(batch.events).tolist() == [True, False]
    assert parse_exclusion(quoted(name)).matches(batch).tolist() == [True, False]
    assert batch.answers_to([quoted(name)]).tolist() == [True, False]
    (element,) = parse_pattern(quoted(name)).elements
    assert batch.answers_to(element.names).tolist() == [True, False]
    assert split_outside(f"{quoted(name)}>b", ">") == [quoted(name), "b"]


def test_steps_are_named_by_a_name_or_a_number_everywhere() -> None:
    steps = ("view|see", "add_to_cart[price>50]?", '"A|B"', "purchase")
    for between in ("1-3", "view|see-3", 'view|see-"A|B"', "1-A|B"):
        found = parse_funnel(
            steps, exclude=[f"refund:{between}"], step_window={"4": "1h", "add_to_cart[price>50]": "2h"}
        )
        assert [(x.after, x.before) for x in found.exclusions] == [(1, 3)], between
        assert [s.within for s in found.steps] == [None, timedelta(hours=2), None, timedelta(hours=1)]
        assert [s.name for s in found.steps] == ["view|see", "add_to_cart[price>50]", "A|B", "purchase"]


def test_a_step_that_stands_twice_is_named_by_its_number() -> None:
    with pytest.raises(ConfigError, match="steps 1 and 3: say the number"):
        parse_funnel(("a", "b", "a"), step_window={"a": "1h"})
    with pytest.raises(ConfigError, match='"c", which is not a step'):
        parse_funnel(("a", "b"), step_window={"c": "1h"})


def test_an_exclusion_without_steps_is_for_the_whole_chain() -> None:
    assert parse_exclusion("page:/help") == Exclusion(matchers=parse_step("page:/help").matchers)
    assert parse_exclusion("a:b-c").everywhere  # no such steps: it is a name
