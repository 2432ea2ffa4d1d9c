"""Facts about customers as columns: attributes in force at an event, personas by rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from paths.journeys.conditions import parse_condition
from paths.journeys.matchers import Matcher, Step
from paths.journeys.personas import Attributes, CustomerFacts, Persona
from paths.overview.summary import Summary
from tests.builder import Row, ask, batch_of, codes, instant, key_of, prepare, scope_of

ALWAYS = -(1 << 62)


def facts(rows: list[tuple[str, float | None, str | None]], *personas: Persona) -> CustomerFacts:
    """(customer, minutes from which the plan holds or None = always, plan)."""
    ordered = sorted((key_of(who), ALWAYS if since is None else instant(since), plan) for who, since, plan in rows)
    attributes = Attributes(
        key=np.array([r[0] for r in ordered]),
        since=np.array([r[1] for r in ordered]),
        columns={"plan": codes([r[2] for r in ordered])},
    )
    return CustomerFacts(attributes=attributes, personas=personas)


def plans(rows: list[Row], known: CustomerFacts) -> list[str | None]:
    return prepare(batch_of(rows), scope_of(facts=known, asked=frozenset({"plan"}))).events.text("plan").texts()


def personas(rows: list[Row], known: CustomerFacts, **scope: Any) -> list[str | None]:
    found = prepare(batch_of(rows), scope_of(facts=known, asked=frozenset({"persona"}), **scope))
    return found.events.text("persona").texts()


def did(*names: str) -> tuple[Step, ...]:
    return tuple(Step(matchers=(Matcher(name=n),)) for n in names)


def test_an_attribute_is_the_one_in_force_at_the_event() -> None:
    known = facts([("a", 10, "basic"), ("a", 20, "pro"), ("b", None, "basic"), ("c", 5, None)])
    rows = [("a", t, "x") for t in (9, 10, 19, 20, 99)] + [("b", 0, "x"), ("c", 9, "x"), ("d", 9, "x")]
    assert plans(rows, known) == [None, "basic", "basic", "pro", "pro", "basic", None, None]


def test_a_customer_of_many_revisions_has_the_last_one_that_began() -> None:
    known = facts([("a", i, str(i)) for i in range(50)])
    assert plans([("a", i + 0.5, "x") for i in range(50)], known) == [str(i) for i in range(50)]


def test_the_first_persona_that_fits_has_the_customer_and_the_rest_is_other() -> None:
    basic = Persona(name="thrifty", where=(parse_condition("plan=basic"),))
    buyer = Persona(name="buyers", did=did("purchase"), did_not=did("refund"))
    known = facts([("a", None, "basic")], basic, buyer)
    rows = [("a", 0, "purchase"), ("b", 0, "x"), ("b", 1, "purchase"), ("c", 0, "purchase"), ("c", 1, "refund")]
    assert personas(rows, known) == ["thrifty", "buyers", "buyers", "(other)", "(other)"]


def test_a_persona_knows_all_that_the_customer_ever_did_before_as_of_whatever_where_leaves() -> None:
    known = facts([], Persona(name="buyers", did=did("purchase")))
    rows = [("a", 0, "x"), ("a", 1, "purchase")]
    assert personas(rows, known, where=(parse_condition("event=x"),)) == ["buyers"]
    assert personas(rows, known, as_of=1) == ["(other)"]


def test_personas_add_up_to_everybody() -> None:
    known = facts(
        [("a", None, "basic")],
        Persona(name="p", where=(parse_condition("plan=basic"),)),
        Persona(name="q", did=did("y")),
    )
    rows = [("a", 0, "x"), ("b", 0, "y"), ("c", 0, "z"), ("d", 0, "y")]
    asked = {"facts": known, "asked": frozenset({"persona"})}
    counts = [
        ask(Summary(), rows, segment=(parse_condition(f"persona={n}"),), **asked)[0]["customers"]
        for n in ("p", "q", "(other)")
    ]
    assert counts == [1, 2, 1]
