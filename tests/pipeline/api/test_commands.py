"""What the command line can ask, a notebook can ask: every command has its method, with the options as words."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Literal, get_args, get_origin

import click
import pytest

import journeys
from pipeline.api.types import options
from pipeline.cli import cli

METHODS = {
    "config show": "config_show",
    "carts list": "carts_list",
    "carts remind": "carts_remind",
    "identity explain": "identity_explain",
    "runs list": "runs",
    "runs show": "runs_show",
    "runs diff": "runs_diff",
    "step-matrix": "step_matrix",
    "touchpoints test": "test_touchpoint",
} | {f"map {n}": f"map_{n}" for n in ("pains", "moments", "best", "designed", "opportunities", "personas")}
NO_QUESTION = {
    "init",
    "demo",
    "run",
    "backfill",
    "config",
    "runs",
    "report",
    "report build",
    "report export",
    "report index",
}
"""These make something, or are the names of groups."""

RENAMED = {
    "ingest": {"maps": "map"},
    "inspect": {"maps": "map"},
}
SCREEN = {
    "config show": {"origin"},  # always a column
    "funnel": {"name", "listing"},  # the name is said as steps; saved_funnels lists them
    "ingest": {"wait"},
    "quarantine": {"rows"},  # counts=True is the command's default
    "touchpoints": {"unmatched", "suggest"},  # in meta
}
"""Options that choose what of an answer a screen shows."""
MORE = {"quarantine": {"counts"}, "ingest": {"as_of"}, "changes": set()}
PERIOD = {"as_of", "since", "until", "segment", "where", "persona"}


def commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None, name
        yield " ".join((*words, name)), found
        if isinstance(found, click.Group):
            yield from commands(found, (*words, name))


ASKED = {name: command for name, command in commands(cli) if name not in NO_QUESTION}


@pytest.mark.parametrize("name", ASKED)
def test_a_command_has_its_method_with_the_same_words(name: str) -> None:
    method = getattr(journeys.Project, METHODS.get(name, name))
    taken = set(inspect.signature(method).parameters) - {"self"}
    options = {str(p.name) for p in ASKED[name].params}
    own = {RENAMED.get(name, {}).get(o, o) for o in options if "__" not in o} - SCREEN.get(name, set())
    scope = PERIOD if "scope__since" in options and name != "ingest" else set()
    assert taken == own | scope | MORE.get(name, set())


def test_no_command_is_forgotten() -> None:
    assert {name for name, _ in commands(cli)} > NO_QUESTION


@pytest.mark.parametrize("name", sorted({METHODS.get(n, n) for n in ASKED} | {"saved_funnels", "explain"}))
def test_a_method_says_what_its_words_are(name: str) -> None:
    method = getattr(journeys.Project, name)
    text = inspect.getdoc(method) or ""
    arguments = text.partition("Args:\n")[2].partition("\nReturns:")[0]
    said = {word for line in arguments.splitlines() for word in line.partition(":")[0].strip().split(", ")}
    assert set(inspect.signature(method).parameters) - {"self"} <= said
    assert "Returns:\n" in text


CHOICES = [(name, o) for name, command in ASKED.items() for o in command.params if isinstance(o.type, click.Choice)]


@pytest.mark.parametrize("name, option", CHOICES, ids=lambda value: value if isinstance(value, str) else value.name)
def test_a_choice_is_the_same_in_both(name: str, option: click.Parameter) -> None:
    word = RENAMED.get(name, {}).get(str(option.name), str(option.name))
    if "__" in word or (name, word) == ("variants", "converted"):  # of the screen; yes and no are True and False
        return
    assert isinstance(option.type, click.Choice)
    annotation = inspect.signature(getattr(journeys.Project, METHODS.get(name, name))).parameters[word].annotation
    allowed = [set(get_args(part)) for part in options(annotation) if get_origin(part) is Literal]
    assert allowed == [set(option.type.choices)]
