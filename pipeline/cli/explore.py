"""variants, find, steps, step-matrix, flows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answering import answer, opened, words
from pipeline.cli.options import OutputOptions, ProjectOptions, ScopeOptions, question

if TYPE_CHECKING:
    from pipeline.api.words import NodeKind

INTERVAL = ("ci_low", "ci_high")


def way_question(command: Callable[..., None]) -> Callable[..., None]:
    """The options that every question here takes."""
    for option in (
        click.option("--hide", multiple=True, metavar="EVENT", help="Leave this event out first; may be repeated."),
        click.option("--collapse-repeats", is_flag=True, help="Count a run of one node as one visit."),
        click.option(
            "--level",
            type=click.Choice(["event", "touchpoint", "stage"]),
            default="touchpoint",
            show_default=True,
            help="What a node is.",
        ),
    ):
        command = option(command)
    return question(command)


@click.command()
@click.option("--max-steps", type=click.IntRange(min=1), help="Cut longer sequences here; they end in ...")
@click.option("--top", type=click.IntRange(min=1), help="At most this many rows; counts and shares are of all.")
@click.option("--converted", type=click.Choice(["yes", "no"]), help="Only sessions with a goal, or without one.")
@click.option("--goal", multiple=True, help="The goal, instead of [project] goal; may be repeated.")
@way_question
def variants(
    converted: str | None,
    goal: tuple[str, ...],
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
    **asked: Any,
) -> None:
    """Whole sessions as sequences of nodes: one row per sequence, most frequent first.

    \b
    Example:
      journeys variants --collapse-repeats --top 10
      journeys variants --converted yes --max-steps 6 --limit 10
    """
    chosen = None if converted is None else converted == "yes"
    result = opened(project).variants(converted=chosen, goal=list(goal) or None, **asked, **words(scope))
    note = f"{result.meta['variants']:,} different ways"
    answer(result, output, notes=(note,), hide=INTERVAL)


@click.command()
@click.argument("pattern")
@click.option("--list", "sessions", is_flag=True, help="One row per session that matches, customers masked.")
@click.option("--unmask", is_flag=True, help="With --list, show customer ids as recorded.")
@way_question
def find(pattern: str, project: ProjectOptions, output: OutputOptions, scope: ScopeOptions, **asked: Any) -> None:
    """Sessions that hold a pattern of nodes, and the time between its ends.

    Elements are joined by ->. An element is a name, "a name" in quotes, [a|b], [^a|b] (any but these) or . (any), and may
    be followed by * (any number), + (at least one) or ? (one or none). START may stand first, END last. Of several
    matches in a session the one that ends first counts; of those, the one that starts last.

    \b
    Example:
      journeys find 'add_to_cart -> [^purchase]* -> END'
      journeys find 'START -> . -> . -> END' --list --limit 5
    """
    answer(opened(project).find(pattern, **asked, **words(scope)), output)


@click.command()
@click.option("--from", "from_", metavar="NAME", help="What comes after a visit to it.")
@click.option("--to", metavar="NAME", help="What comes before a visit to it.")
@click.option(
    "--between",
    nargs=2,
    metavar="NAME NAME",
    help="What lies between the first visit to one and the next to the other.",
)
@click.option(
    "--steps",
    type=click.IntRange(1, 1000),
    default=3,
    show_default=True,
    help="How many steps away (not with --between).",
)
@click.option(
    "--visit",
    type=click.Choice(["first", "last"]),
    default="first",
    show_default=True,
    help="Which visit of a session (not with --between).",
)
@way_question
def steps(project: ProjectOptions, output: OutputOptions, scope: ScopeOptions, **asked: Any) -> None:
    """What comes after a node, before it, or between two; without any of them, how sessions begin.

    At each step the sessions add up: those that are over are at END, those that have not begun at START.

    \b
    Example:
      journeys steps --from add_to_cart --steps 2 --limit 10
      journeys steps --to purchase --limit 10
      journeys steps --between add_to_cart purchase --limit 10
    """
    answer(opened(project).steps(**asked, **words(scope)), output)


@click.command("step-matrix")
@click.argument("steps", type=click.IntRange(1, 1000), default=8)
@click.option("--anchor", metavar="NAME", help="Step 1 is the first visit to it, in sessions that have one.")
@way_question
def step_matrix(steps: int, project: ProjectOptions, output: OutputOptions, scope: ScopeOptions, **asked: Any) -> None:
    """Where sessions are at their first, second, ... step: shares that add up to 1 in each column.

    \b
    Example:
      journeys step-matrix 6
      journeys step-matrix 4 --anchor add_to_cart
    """
    result = opened(project).step_matrix(steps, **asked, **words(scope))
    answer(result, output, notes=(f"{result.meta['sessions']:,} sessions",))


@click.command()
@click.argument("steps", type=click.IntRange(2, 1000), default=6)
@click.option("--by", type=click.Choice(["touchpoint", "stage"]), default="touchpoint", help="What a node is.")
@click.option("--goal", multiple=True, help="The goal, instead of [project] goal; may be repeated.")
@click.option(
    "--collapse-repeats/--every-visit", default=True, help="Count a run of one node as one visit [default], or not."
)
@question
def flows(
    steps: int,
    by: NodeKind,
    goal: tuple[str, ...],
    collapse_repeats: bool,
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
) -> None:
    """How sessions begin, step by step: one row per flow from node to node, the data of a Sankey.

    What flows into a node at a step flows out of it; a session that is over flows to END.

    \b
    Example:
      journeys flows 4 --limit 10
      journeys flows -o flows.html
    """
    result = opened(project).flows(
        steps, by=by, goal=list(goal) or None, collapse_repeats=collapse_repeats, **words(scope)
    )
    answer(result, output)
