"""map: the journey map, and what it says to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answering import answer, answer_compared, opened, words
from pipeline.cli.options import OutputOptions, ProjectOptions, ScopeOptions, compare_option, question

if TYPE_CHECKING:
    from pipeline.api.words import MapRows

HIDDEN = (
    "events",
    "p90_seconds",
    "sentiment_low",
    "sentiment_high",
    "sessions",
    "ci_low",
    "ci_high",
    "goes_on_low",
    "goes_on_high",
    "friction_error",
    "friction_repeat",
    "friction_back_and_forth",
    "friction_contact",
    "friction_dwell",
    "phase",
    "goal",
    "review_by",
    "notes",
    "response",
    "conversion",
    "drop_off",
    "visits",
)
"""Columns that a terminal leaves out."""


GOAL = click.option("--goal", multiple=True, help="The goal, instead of [project] goal; may be repeated.")


@click.group(invoke_without_command=True)
@click.option(
    "--by", type=click.Choice(["touchpoint", "channel", "stage"]), default="touchpoint", help="Rows of the map."
)
@GOAL
@compare_option
@click.option(
    "--crossings", is_flag=True, help="What crosses channels and devices: customers, and carts that were bought."
)
@question
@click.pass_context
def map(
    context: click.Context,
    by: MapRows,
    goal: tuple[str, ...],
    compare: str | None,
    crossings: bool,
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
) -> None:
    """The journey map: stages x touchpoints, with volume, time, feelings, friction, drop-off.

    \b
    Example:
      journeys map
      journeys map --by channel
      journeys map --goal add_to_cart
      journeys map --compare previous
      journeys map --crossings
    """
    if context.invoked_subcommand is not None:
        return
    result = opened(project).map(by=by, goal=goal or None, compare=compare, crossings=crossings, **words(scope))
    if crossings:
        answer(result, output)
        return
    if compare is not None:
        answer_compared(result, output, title="journey map")
        return
    answer(result, output, title="journey map", hide=HIDDEN, notes=of_all(result.meta["totals"]))


def of_all(totals: Any) -> tuple[str, ...]:
    """How much of it all is on the map; what is hidden is left out."""
    said = [f"{totals[name]:,} {name}" for name in ("customers", "sessions") if totals[name] is not None]
    lines = [", ".join(said)] if said else []
    if totals["unmapped_share"] is not None:
        lines.append(f"{totals['unmapped_share']:.1%} of the events are in no stage")
    for name, what in (
        ("answers_off_scale", "answers are off their scale"),
        ("answers_of_nothing", "answers speak of no visit"),
    ):
        if totals[name]:
            lines.append(f"{totals[name]:,} {what}")
    return (" · ".join(lines),)


@map.command()
@GOAL
@question
def pains(goal: tuple[str, ...], project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """Pain points: signals of friction, the most expensive first.

    \b
    Example:
      journeys map pains
    """
    answer(
        opened(project).map_pains(goal=goal or None, **words(scope)), output, hide=("ci_low", "ci_high", "lost_goals")
    )


@map.command()
@GOAL
@question
def moments(goal: tuple[str, ...], project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """Moments of truth: where a good or a bad visit decides.

    \b
    Example:
      journeys map moments
    """
    hidden = ("ci_low", "ci_high", "effect_low", "effect_high", "p_value", "customers")
    answer(opened(project).map_moments(goal=goal or None, **words(scope)), output, hide=hidden)


@map.command()
@GOAL
@question
def best(goal: tuple[str, ...], project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """Touchpoints by sentiment, the best first; by friction where nobody was asked.

    \b
    Example:
      journeys map best
    """
    answer(opened(project).map_best(goal=goal or None, **words(scope)), output)


@map.command()
@question
def designed(project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """The journey as designed against the journey as it is.

    \b
    Example:
      journeys map designed
    """
    result = opened(project).map_designed(**words(scope))
    totals = result.meta["totals"]
    share, whole = totals["in_order_share"], totals["complete_share"]
    notes = (
        ()
        if share is None
        else (
            f"{share:.1%} of {totals['customers']:,} customers come in the designed order, {whole:.1%} leave nothing out",
        )
    )
    answer(result, output, hide=("ci_low", "ci_high", "p90_seconds"), notes=notes)


@map.command()
@question
def opportunities(project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """What could be done: carts to win back, silence after a purchase, complaints, avoidable contacts.

    \b
    Example:
      journeys map opportunities
    """
    answer(opened(project).map_opportunities(**words(scope)), output)


@map.command()
@question
def personas(project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """Personas side by side, stage by stage.

    Needs [[persona]] entries in journeys.toml.

    \b
    Example:
      journeys map personas --help
    """
    answer(opened(project).map_personas(**words(scope)), output, hide=HIDDEN)
