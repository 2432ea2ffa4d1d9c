"""Levels of nodes as the kernels and as the oracles see them."""

from __future__ import annotations

from typing import Any

from paths.journeys.touchpoints import TouchpointRules
from tests.builder import Event
from tests.oracles.patterns import Answers, Node
from tests.property.strategies import STAGES, URL_RULES, stage, touchpoint

GIVEN = {"page", "b"}
IN_STAGE = {"look", "buy", "(unmapped)"}
WORDS = ("a", "b", "c", "page", "purchase", "event:b", "look", "(unmapped)", "never")


def name_of(event: Event) -> str:
    return event.name


NODES: dict[str, Node] = {"event": name_of, "touchpoint": touchpoint, "stage": stage}


def answers_at(level: str, rules: bool) -> Answers:
    """Does an event answer to a name?"""

    def answers(event: Event, name: str) -> bool:
        if level == "stage" and name in IN_STAGE:
            return stage(event) == name
        if rules and name in GIVEN:
            return touchpoint(event) == name
        return event.name == name.removeprefix("event:")

    return answers


def node_at(level: str, rules: bool) -> Node:
    """The node of an event."""
    return NODES["event" if level == "touchpoint" and not rules else level]


def options(rules: bool) -> dict[str, Any]:
    """Of the scope."""
    return {"touchpoints": URL_RULES if rules else TouchpointRules(), "stages": STAGES}


def near(found: float | None, expected: float | None) -> bool:
    """Equal to 1 %."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= 0.01 * expected
