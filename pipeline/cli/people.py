"""customers, customer, strugglers: the people behind the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answering import answer, opened, words
from pipeline.cli.options import OutputOptions, ProjectOptions, ScopeOptions, question
from pipeline.cli.questions import BY, FUNNEL_WORDS, step_windows
from pipeline.cli.questions import funnel as funnel_command

if TYPE_CHECKING:
    from pipeline.project.result import Result

UNMASK = click.option("--unmask", is_flag=True, help="Show ids as recorded.")
WORDS = tuple(w for w in FUNNEL_WORDS if w not in ("breakdown", "by", "top", "compare"))


@click.command()
@click.option("--funnel", metavar="NAME|STEPS", help="A saved [[funnel]], or steps: 'a > b > c'.")
@click.option("--dropped-at", metavar="STEP", help="Who got to STEP and dropped there.")
@click.option("--converted-at", metavar="STEP", help="Who reached STEP.")
@click.option("--in-progress-at", metavar="STEP", help="Who is at STEP and may go on.")
@click.option("--edge", nargs=2, metavar="A B", help="Sessions that go from A to B.")
@click.option("--lost", metavar="NODE", help="Sessions that drop-off counts as lost at NODE.")
@click.option(
    "--returned", metavar="NODE", help="Sessions that ended at NODE, and whose customer reached the goal later."
)
@click.option("--cart", metavar="STATUS", help="Carts: converted, recovered, abandoned, open or emptied.")
@click.option("--by", type=BY, default="touchpoint", help="Nodes are touchpoints or stages.")
@click.option("--collapse-repeats", is_flag=True, help="With --edge, as in paths.")
@click.option("--goal", multiple=True, help="The goal, instead of [project] goal; may be repeated.")
@UNMASK
@question
def customers(
    goal: tuple[str, ...],
    step_window: tuple[str, ...],
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
    **given: Any,
) -> None:
    """The customers behind a number: exactly those it counts, one row each.

    Steps are numbered from 1 as written; the options of `journeys funnel` say how it counts. Where sessions are
    counted a row is a session; with --cart it is a cart. Without a choice: everyone in the period and the segment.
    value is the sum of the customer's goals (of a cart: its own). Ids are masked by a keyed hash whose secret is <store>/mask.key.

    \b
    Example:
      journeys customers --funnel 'product_view > add_to_cart > purchase' --dropped-at 2
      journeys customers --funnel 'product_view > purchase' --converted-at 2 --count sessions --window 1h
      journeys customers --edge add_to_cart cart --limit 5
      journeys customers --lost product_view --since 2024-03-01 --until 2024-04-01
      journeys customers --cart abandoned
    """
    asked = {k: v for k, v in given.items() if v not in (None, (), False)} | {
        k: v for k, v in words(scope).items() if v
    }
    if step_window:
        asked["step_window"] = step_windows(step_window)
    result = opened(project).customers(goal=list(goal) or None, **asked)
    answer(result, output, notes=(how_many(result), *hint(result)))


customers.params += [p for p in funnel_command.params if p.name in (*WORDS, "step_window")]


def how_many(result: Result) -> str:
    """Rows and different customers."""
    rows, people = result.meta["rows"], result.meta["customers"]
    return f"{people:,} customers" if rows == people else f"{rows:,} rows of {people:,} customers"


def hint(result: Result) -> tuple[str, ...]:
    """How to get at the ids."""
    return (
        ("ids are masked; --unmask shows them, and `journeys customer ID` the whole journey",)
        if result.meta["masked"]
        else ()
    )


@click.command()
@click.argument("id")
@click.option("--anonymous", is_flag=True, help="ID is an anonymous id.")
@question
def customer(id: str, anonymous: bool, project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """One customer's whole journey: every event of every session, over all channels.

    ID is as recorded. Where nobody is known by it, the anonymous visitor of that id is shown.

    \b
    Example:
      journeys customer user_0000
    """
    from pipeline.cli.answering import explain_if_asked
    from pipeline.cli.output import chosen_format, warn
    from pipeline.cli.timeline import show_text, timeline

    shop = opened(project)
    result = shop.customer(id, anonymous=anonymous, **words(scope))
    if chosen_format(output.format, output.output) != "table":
        answer(result, output, title=f"customer {id}")
        return
    for message in result.meta["warnings"]:
        warn(message)
    show_text(timeline(result, shop.config.project.timezone, output.limit), output, meta=result.meta)
    explain_if_asked(result)


@click.command()
@click.option(
    "--sessions",
    type=click.IntRange(min=1),
    default=3,
    metavar="N",
    help="At least this many sessions with intent  [default: 3]",
)
@click.option("--goal", multiple=True, help="The goal, instead of [project] goal; may be repeated.")
@UNMASK
@question
def strugglers(
    sessions: int,
    goal: tuple[str, ...],
    unmask: bool,
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
) -> None:
    """Customers who come again and again with intent and do not buy, and where they get stuck.

    Intent: a stage with intent = true; else the stages cart, checkout, payment and what comes after cart; without such
    stages, an event that fills, shows or pays a cart.

    \b
    Example:
      journeys strugglers --limit 10
    """
    result = opened(project).strugglers(sessions=sessions, goal=list(goal) or None, unmask=unmask, **words(scope))
    answer(result, output, notes=(sticking(result), *hint(result)))


def sticking(result: Result) -> str:
    """How many they are, and where most of them stick."""
    meta = result.meta
    text = f"{meta['customers']:,} of {meta['of_customers']:,} customers: {meta['sessions']} sessions with intent or more, and no goal"
    places = [f"{place} ({n:,})" for place, n in list(meta["sticks_at"].items())[:3]]
    return f"{text}; they stick at {', '.join(places)}" if places else text
