"""attribution, drivers, why: what conversions are owed to, what goes with them, what moved their rate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answering import TOLD, answer, answer_compared, happened, opened, side_in_words, words
from pipeline.cli.options import OutputOptions, ProjectOptions, ScopeOptions, compare_option, question
from pipeline.cli.people import UNMASK, WORDS, hint, how_many
from pipeline.cli.questions import funnel as funnel_command
from pipeline.cli.questions import step_windows

if TYPE_CHECKING:
    from paths.attribution.rules import Reach

TABLE_ROWS = 40


@click.command()
@click.option(
    "--by",
    metavar="COLUMN",
    help="channel, campaign, touchpoint, event, stage, any column  [default: [attribution] by]",
)
@click.option(
    "--model",
    multiple=True,
    metavar="MODEL,...",
    help="first, last, last_non_direct, linear, position, j, inverse_j, decay, participation, custom, markov, shapley, or "
    "all  [default: first,last,linear,markov]",
)
@click.option("--goal", multiple=True, help="What converts, instead of [project] goal; may be repeated.")
@click.option("--lookback", metavar="DURATION", help="How far before a goal a touch counts  [default: 30d]")
@click.option(
    "--paths",
    type=click.Choice(["since_goal", "all"]),
    help="Touches after the customer's previous goal [default], or all.",
)
@click.option(
    "--spend", type=click.Path(path_type=Path), help="What was spent: value, cost, and date, currency if known."
)
@compare_option
@click.option("--paths-table", is_flag=True, help="One row per path of touches instead.")
@click.option("--from-paths", type=click.Path(path_type=Path), help="Of a file of paths; no events are read.")
@click.option("--top", type=click.IntRange(min=1), help='Only so many rows; the others are one, "(other)".')
@click.option("--attributed", metavar="VALUE", help="The customers with a conversion owed to VALUE by the first model.")
@click.option("--unmask", is_flag=True, help="With --attributed, show ids as recorded.")
@question
def attribution(
    goal: tuple[str, ...],
    paths: Reach | None,
    compare: str | None,
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
    **asked: Any,
) -> None:
    """Which channels conversions are owed to, by every model: conversions and money, removal effects, cost and return.

    A touch is the first event of a session. Each model's columns add up to all conversions exactly, but those of participation.

    \b
    Example:
      journeys attribution --by platform
      journeys attribution --by touchpoint --model last,markov --lookback 7d
      journeys attribution --by platform --paths-table --limit 5
      journeys attribution --by platform --model last --attributed mobile --limit 5
    """
    from pipeline.questions.attribution import share_told, told_in_words

    found = opened(project).attribution(goal=list(goal) or None, paths=paths, compare=compare, **asked, **words(scope))
    if compare is not None:
        answer_compared(found, output)
        return
    if asked["attributed"] is not None:
        meta = found.meta
        title = f"customers with a conversion owed to {meta['value']} ({meta['model']})"
        answer(found, output, title=title, notes=(f"{meta['customers']:,} customers",))
        return
    notes = told_in_words(dict(found.meta))
    if not asked["paths_table"]:
        shown = share_told(found.table, output.limit or TABLE_ROWS, found.meta["models"][0])
        notes += [shown] if shown else []
    bare = found.meta["totals"]["value"] is None  # there is no money, so a table has no columns for it
    answer(
        found,
        output,
        notes=tuple(notes),
        hide=tuple(c for c in found.table.column_names if bare and c.endswith("_value")),
    )


@click.command()
@click.argument("steps", nargs=-1)
@click.option("--step", metavar="STEP", help="Which step is the outcome, by name or number  [default: the last]")
@click.option("--drop-off", metavar="TOUCHPOINT", help="Instead of steps: do sessions end there without a goal?")
@click.option("--goal", multiple=True, help="Instead of [project] goal; may be repeated.")
@click.option(
    "--by",
    multiple=True,
    metavar="COLUMN",
    help="A column, or touchpoint; may be repeated  [default: all that there are]",
)
@click.option("--exposure", metavar="DURATION", help="How far back a touchpoint counts  [default: 1d]")
@click.option("--between", is_flag=True, help="Touchpoints after the unit's event, up to the outcome, instead.")
@click.option("--having", type=(str, str), metavar="FACTOR VALUE", help="The units behind a factor, one row each.")
@click.option("--without", type=(str, str), metavar="FACTOR VALUE", help="Those without it.")
@click.option(
    "--hits/--misses", default=None, help="With --having and --without: who came to the outcome, or who did not."
)
@UNMASK
@question
def drivers(
    steps: tuple[str, ...],
    goal: tuple[str, ...],
    step_window: tuple[str, ...],
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
    **given: Any,
) -> None:
    """What goes with a step taken, a goal reached, a drop-off: one row per value of a column, or touchpoint met before.

    Of the units that reached the step before (or of all sessions, or of those that visit the touchpoint): how many of those
    with the factor came to the outcome, and how many of those without it. Association, not cause.

    \b
    Example:
      journeys drivers product_view add_to_cart purchase --step add_to_cart
      journeys drivers --goal purchase --by platform --by touchpoint
      journeys drivers --drop-off cart --exposure 2h
      journeys drivers product_view purchase --having platform mobile --misses --limit 5
    """
    from pipeline.questions.drivers import told_in_words, what_of

    asked = {k: v for k, v in given.items() if v not in (None, (), False) or k == "hits"}
    asked |= {k: v for k, v in words(scope).items() if v}
    if step_window:
        asked["step_window"] = step_windows(step_window)
    found = opened(project).drivers(steps_of(steps), goal=list(goal) or None, **asked)
    if given["having"] or given["without"]:
        meta = found.meta
        with_it = "with" if meta["having"] else "without"
        title = f"{what_of(meta)}, {with_it} {meta['factor']} {meta['value']}"
        answer(found, output, title=title, notes=(how_many(found), *hint(found)))
        return
    rows = found.rows()
    told = told_in_words(found.meta, sum(r["significant"] for r in rows))
    said = [r["sentence"] for r in rows if r["significant"]][:TOLD]
    answer(found, output, notes=(*told, *said), hide=("p_value", "units_without", "hits_without", "hits", "sentence"))


@click.command()
@click.argument("steps", nargs=-1)
@click.option("--step", metavar="STEP", help="Only the rate of this step, by name or number  [default: first to last]")
@click.option("--drop-off", metavar="TOUCHPOINT", help="Instead of steps: do sessions end there without a goal?")
@click.option("--goal", multiple=True, help="Instead of [project] goal; may be repeated.")
@click.option(
    "--by",
    multiple=True,
    metavar="COLUMN",
    help="A column, or touchpoint; may be repeated  [default: all that there are]",
)
@click.option("--compare", default="previous", show_default=True, metavar="SIDE", help="Or DAY..DAY, or COLUMN=VALUE.")
@question
def why(
    steps: tuple[str, ...],
    goal: tuple[str, ...],
    step_window: tuple[str, ...],
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
    **given: Any,
) -> None:
    """Why a rate moved: which values of columns, which steps, which new or vanished touchpoints account for it beyond noise.

    The contributions of a column's values, or of the steps, add up to the move exactly; what became more or less frequent (mix) and
    what converts better or worse (rate) are kept apart. The period is the last 28 days unless given.

    \b
    Example:
      journeys why --since 2024-05-01 --until 2024-06-01
      journeys why product_view add_to_cart purchase --since 2024-05-01 --until 2024-06-01 --by platform
      journeys why --drop-off cart --compare 2024-03-01..2024-04-01 --since 2024-05-01 --until 2024-06-01
    """
    from pipeline.questions.why import told_in_words

    asked = {k: v for k, v in given.items() if v not in (None, ())} | {k: v for k, v in words(scope).items() if v}
    if step_window:
        asked["step_window"] = step_windows(step_window)
    found = opened(project).why(steps_of(steps), goal=list(goal) or None, **asked)
    against = f"compared with: {side_in_words(found.meta['before'])}"
    notes = (against, *told_in_words(found.meta, found.table), *happened(found.meta))
    hidden = ("named", "share", "share_before", "mix_significant", "rate_significant", "sentence")
    answer(found, output, notes=notes, hide=hidden)


for command in (drivers, why):
    command.params += [p for p in funnel_command.params if p.name in (*WORDS, "step_window")]


def steps_of(steps: tuple[str, ...]) -> str | list[str]:
    """The steps as the Python API takes them: a single word is a saved funnel's name."""
    return steps[0] if len(steps) == 1 else list(steps)
