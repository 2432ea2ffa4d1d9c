"""A goal that never occurs is said, and the way out."""

from __future__ import annotations

import pytest

from ingest.errors import ConfigError
from pipeline.config import Config, Project, Sessions
from pipeline.project.goal_warnings import goal_warnings
from pipeline.project.rules import goal_rules


def told(*goals: str, events: tuple[str, ...]) -> list[str]:
    return goal_warnings(goals, Config(), (), events, ())


def test_a_goal_that_never_occurs_is_said_with_what_the_role_purchase_has() -> None:
    assert told("purchase", events=("view", "Order Completed")) == [
        'the goal "purchase" never occurs. The role purchase has Order Completed: --goal "Order Completed", or [project] goal in '
        "journeys.toml."
    ]


def test_else_with_the_nearest_name() -> None:
    assert told("purchas", events=("view", "purchases")) == [
        'the goal "purchas" never occurs. Did you mean "purchases"?'
    ]


def test_a_goal_that_occurs_is_not_spoken_of() -> None:
    assert told("buy", '"buy"', "event:buy", events=("buy",)) == []


def test_a_passive_goal_is_a_config_error() -> None:
    config = Config(sessions=Sessions(passive=("mail",)), project=Project(goal=("buy",)))
    for goal in ("mail", "event:mail", '"mail"'):
        with pytest.raises(ConfigError, match="passive"):
            goal_rules(config, [goal])
