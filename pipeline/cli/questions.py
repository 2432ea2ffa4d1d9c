"""summary, sessions, paths, dropoff, funnel, graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.ask import answer, opened, words
from pipeline.cli.options import (
    OutputOptions,
    ProjectOptions,
    ScopeOptions,
    output_options,
    project_options,
    question_options,
)

if TYPE_CHECKING:
    from collections.abc import Callable

BY = click.Choice(["touchpoint", "stage"])


def question(command: Callable[..., None]) -> Callable[..., None]:
    """The options that every question takes."""
    return project_options(output_options(question_options(command)))


@click.command()
@question
def summary(project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """Events, customers, sessions, and the time they span.

    \b
    Example:
      journeys summary
    """
    answer(opened(project).summary(**words(scope)), output)


@click.command()
@question
def sessions(project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """One row a session, oldest first.

    \b
    Example:
      journeys sessions --limit 5
    """
    answer(opened(project).sessions(**words(scope)), output)


@click.command()
@click.option("--by", type=BY, default="touchpoint", help="Nodes are touchpoints or stages.")
@click.option("--collapse-repeats", is_flag=True, help="Count a run of one node as one visit.")
@question
def paths(by: str, collapse_repeats: bool, project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """Where customers go from where: one row an edge, most frequent first.

    \b
    Example:
      journeys paths --limit 10
    """
    answer(opened(project).paths(by=by, collapse_repeats=collapse_repeats, **words(scope)), output)


@click.command()
@click.option("--by", type=BY, default="touchpoint", help="One row a touchpoint or a stage.")
@click.option("--goal", multiple=True, help="What journeys are for, instead of [project] goal; may be repeated.")
@question
def dropoff(
    by: str, goal: tuple[str, ...], project: ProjectOptions, output: OutputOptions, scope: ScopeOptions
) -> None:
    """Where customers leave, and what it costs: the worst leak first.

    \b
    Example:
      journeys dropoff --limit 3
      journeys dropoff --by stage --since 2024-03-01 --until 2024-04-01
    """
    result = opened(project).dropoff(by=by, goal=list(goal) or None, **words(scope))
    answer(result, output, title=f"drop-off by {by}", hide=("visits", "ci_low", "ci_high", "lost_after", "returned_at"))


@click.command()
@click.argument("steps", nargs=-1, required=True)
@click.option("--window", default="7d", help="From the first to the last step.", show_default=True)
@click.option(
    "--count",
    type=click.Choice(["customers", "sessions"]),
    default="customers",
    show_default=True,
    help="What is counted.",
)
@click.option(
    "--ties", type=click.Choice(["recorded", "step"]), default="recorded", help="Order of events at one instant."
)
@click.option("--step-window", multiple=True, metavar="STEP=30m", help="From the step before; may be repeated.")
@click.option("--breakdown", metavar="COLUMN", help="One funnel per value at the chain's first event.")
@question
def funnel(steps: tuple[str, ...], window: str, count: str, ties: str, step_window: tuple[str, ...], breakdown: str | None,
           project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:  # fmt: skip
    """How many go from step to step, in order, within a window.

    A step is a name, names joined by |, or NAME[COLUMN>VALUE].

    \b
    Example:
      journeys funnel product_view add_to_cart purchase --window 7d
    """
    result = opened(project).funnel(list(steps), window=window, count=count, ties=ties, step_window=step_windows(step_window),
                                    breakdown=breakdown, **words(scope))  # fmt: skip
    answer(result, output, title=f"funnel of {count} within {window}", hide=("ci_low", "ci_high", "dropped_next"))


def step_windows(texts: tuple[str, ...]) -> dict[str, str]:
    """STEP=30m options as a dict."""
    found = {}
    for text in texts:
        step, equals, window = text.rpartition("=")
        if not equals:
            raise click.BadParameter(f'"{text}" is not STEP=DURATION, such as purchase=30m', param_hint="--step-window")
        found[step] = window
    return found


@click.command()
@click.option("--by", type=BY, default="touchpoint", help="Nodes are touchpoints or stages.")
@click.option("--collapse-repeats", is_flag=True, help="Count a run of one node as one visit.")
@question
def graph(by: str, collapse_repeats: bool, project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """The path graph, as .graphml, .json or .mmd (Mermaid): by the suffix of -o FILE.

    \b
    Example:
      journeys graph -o paths.graphml
    """
    from ingest.errors import ConfigError
    from pipeline.cli.output import say, write_atomic
    from reports.export import GRAPH_WRITERS

    target: Any = output.output
    suffix = ".mmd" if target is None else target.suffix.lower()
    if suffix not in GRAPH_WRITERS:
        raise ConfigError(f'graph writes {", ".join(sorted(GRAPH_WRITERS))}, not "{suffix}"; name one with -o FILE.')
    found = opened(project).paths(by=by, collapse_repeats=collapse_repeats, **words(scope)).graph()
    data = GRAPH_WRITERS[suffix](found)
    if target is None:
        click.echo(data.decode(), nl=False)
        return
    write_atomic(target, lambda file: file.write(data))
    say(f"wrote {target} ({found.number_of_nodes()} nodes, {found.number_of_edges()} edges)")
