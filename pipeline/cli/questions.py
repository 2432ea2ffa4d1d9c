"""summary, sessions, paths, dropoff, funnel, graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answering import answer, answer_compared, happened, opened, words
from pipeline.cli.options import OutputOptions, ProjectOptions, ScopeOptions, compare_option, question

if TYPE_CHECKING:
    from pipeline.api import Project
    from pipeline.api.words import NodeKind
    from pipeline.project.result import Result

BY = click.Choice(["touchpoint", "stage"])


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
    """One row per session, oldest first.

    \b
    Example:
      journeys sessions --limit 5
    """
    answer(opened(project).sessions(**words(scope)), output)


@click.command()
@click.option("--by", type=BY, default="touchpoint", help="Nodes are touchpoints or stages.")
@click.option("--collapse-repeats", is_flag=True, help="Count a run of one node as one visit.")
@click.option(
    "--nodes",
    is_flag=True,
    help="One row per node: its chance of reaching the goal, and how much of all goals would be lost without it.",
)
@click.option("--goal", multiple=True, help="With --nodes: the goal, instead of [project] goal; may be repeated.")
@compare_option
@question
def paths(
    by: NodeKind,
    collapse_repeats: bool,
    nodes: bool,
    goal: tuple[str, ...],
    compare: str | None,
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
) -> None:
    """Transitions from one touchpoint to the next: one row per edge, most frequent first.

    \b
    Example:
      journeys paths --limit 10
      journeys paths --nodes --limit 10
      journeys paths --compare platform=mobile --limit 10
    """
    result = opened(project).paths(
        by=by, collapse_repeats=collapse_repeats, nodes=nodes, goal=list(goal) or None, compare=compare, **words(scope)
    )
    if compare is not None:
        answer_compared(result, output)
        return
    chance = result.meta.get("p_goal")
    answer(result, output, notes=() if chance is None else (f"P(goal | START) = {chance}",))


@click.command()
@click.option("--by", type=BY, default="touchpoint", help="One row per touchpoint, or per stage.")
@click.option("--goal", multiple=True, help="The goal, instead of [project] goal; may be repeated.")
@compare_option
@question
def dropoff(
    by: NodeKind,
    goal: tuple[str, ...],
    compare: str | None,
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
) -> None:
    """Where customers leave, and what it costs: the worst leak first.

    \b
    Example:
      journeys dropoff --limit 3
      journeys dropoff --by stage --since 2024-03-01 --until 2024-04-01
      journeys dropoff --compare previous
    """
    result = opened(project).dropoff(by=by, goal=list(goal) or None, compare=compare, **words(scope))
    if compare is not None:
        answer_compared(result, output)
        return
    answer(result, output, title=f"drop-off by {by}", hide=("visits", "ci_low", "ci_high", "lost_after", "returned_at"))


FUNNEL_WORDS = (
    "window",
    "count",
    "order",
    "ties",
    "exclude",
    "exclusion",
    "ignore",
    "breakdown",
    "by",
    "top",
    "compare",
)


@click.command()
@click.argument("steps", nargs=-1)
@click.option("--name", help="A saved [[funnel]] of journeys.toml.")
@click.option("--list", "listing", is_flag=True, help="The saved funnels.")
@click.option("--window", help="Time allowed from the first to the last step  [default: 7d]")
@click.option("--count", type=click.Choice(["customers", "sessions"]), help="What is counted  [default: customers]")
@click.option(
    "--order", type=click.Choice(["ordered", "strict", "any"]), help="May other events lie between?  [default: ordered]"
)
@click.option(
    "--ties", type=click.Choice(["recorded", "step"]), help="Order of events at one instant  [default: recorded]"
)
@click.option(
    "--step-window", multiple=True, metavar="STEP=30m", help="Time allowed from the step before; may be repeated."
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="EVENT[:1-2]",
    help="An event that ends a chain, anywhere or between two steps; may be repeated.",
)
@click.option(
    "--exclusion",
    type=click.Choice(["chain", "customer"]),
    help="Does it end the chain, or leave out the customer?  [default: chain]",
)
@click.option("--ignore", multiple=True, metavar="EVENT", help="An event that --order strict skips; may be repeated.")
@click.option("--breakdown", metavar="COLUMN", help="One funnel per value at the chain's first event.")
@click.option(
    "--top", type=click.IntRange(min=1), help="At most this many values of the breakdown; the rest is (other)."
)
@click.option(
    "--by",
    type=click.Choice(["day", "week", "month"]),
    help="One funnel per day, week or month of the chain's first event.",
)
@compare_option
@question
def funnel(
    steps: tuple[str, ...],
    name: str | None,
    listing: bool,
    step_window: tuple[str, ...],
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
    **words_given: Any,
) -> None:
    """How many customers (or sessions) reach each step, within a window.

    A step is NAME, NAME|NAME, NAME[COLUMN>VALUE], page:/PATH/* or, if optional, NAME?. One word that is no event but a
    saved funnel's name asks that one.

    \b
    Example:
      journeys funnel product_view add_to_cart purchase --window 7d
      journeys funnel product_view add_to_cart? purchase --breakdown platform
      journeys funnel product_view purchase --since 2024-05-01 --until 2024-06-01 --compare previous
    """
    from pipeline.config.durations import format_duration

    shop = opened(project)
    if listing:
        show_saved(shop, output)
        return
    given = {k: v for k in FUNNEL_WORDS if (v := words_given[k]) not in (None, ())} | {
        k: v for k, v in words(scope).items() if v
    }
    if step_window:
        given["step_window"] = step_windows(step_window)
    if name is None and len(steps) == 1 and shop.config.funnel(steps[0]) is not None:
        name, steps = steps[0], ()
    if name is not None:
        given = shop.saved_funnel(name) | given
    if steps:
        given["steps"] = list(steps)
    if not given.get("steps"):
        raise click.UsageError("name the steps, or a saved funnel with --name.")
    result = shop.funnel(given.pop("steps"), **given)
    title = f"funnel of {result.meta['count']} within {format_duration(result.meta['window'])}"
    if given.get("compare") is not None:
        answer_compared(result, output, title if name is None else f"{name}: {title}", left_out(result))
        return
    hidden = ("ci_low", "ci_high", "dropped_next") + (
        () if any(r["optional"] for r in result.rows()) else ("optional",)
    )
    answer(
        result,
        output,
        title=title if name is None else f"{name}: {title}",
        hide=hidden,
        notes=(*left_out(result), *(happened(result.meta) if result.meta["by"] else ())),
    )


def left_out(result: Result) -> tuple[str, ...]:
    """How many units an exclusion left out."""
    n = result.meta.get("left_out")
    return (f"{n:,} {result.meta['count']} left out by an exclusion",) if n else ()


def show_saved(shop: Project, output: OutputOptions) -> None:
    """The [[funnel]]s of journeys.toml."""
    from pipeline.cli.output import show

    show(shop.saved_funnels(), output, title="saved funnels")


def step_windows(texts: tuple[str, ...]) -> dict[str, str]:
    """STEP=30m options as a dict."""
    windows = {}
    for text in texts:
        step, equals, window = text.rpartition("=")
        if not equals:
            raise click.BadParameter(f'"{text}" is not STEP=DURATION, such as purchase=30m', param_hint="--step-window")
        windows[step] = window
    return windows


@click.command()
@click.option("--by", type=BY, default="touchpoint", help="Nodes are touchpoints or stages.")
@click.option("--collapse-repeats", is_flag=True, help="Count a run of one node as one visit.")
@question
def graph(
    by: NodeKind, collapse_repeats: bool, project: ProjectOptions, output: OutputOptions, scope: ScopeOptions
) -> None:
    """The path graph, as .graphml, .json or .mmd (Mermaid): by the suffix of -o FILE.

    \b
    Example:
      journeys graph -o paths.graphml
    """
    from ingest.errors import ConfigError
    from pipeline.cli.output import say, write_atomic
    from reports.files.graphs import GRAPH_WRITERS

    target: Any = output.output
    suffix = ".mmd" if target is None else target.suffix.lower()
    if suffix not in GRAPH_WRITERS:
        raise ConfigError(f'graph writes {", ".join(sorted(GRAPH_WRITERS))}, not "{suffix}"; name one with -o FILE.')
    path_graph = opened(project).graph(by=by, collapse_repeats=collapse_repeats, **words(scope))
    data = GRAPH_WRITERS[suffix](path_graph)
    if target is None:
        click.echo(data.decode(), nl=False)
        return
    write_atomic(target, lambda file: file.write(data))
    say(f"wrote {target} ({path_graph.number_of_nodes()} nodes, {path_graph.number_of_edges()} edges)")
