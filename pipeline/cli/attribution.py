"""attribution: which channels conversions are owed to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answering import answer, answer_compared, opened, words
from pipeline.cli.options import OutputOptions, ProjectOptions, ScopeOptions, compare_option, question

if TYPE_CHECKING:
    from paths.attribution.rules import Reach

TABLE_ROWS = 40


@click.command()
@click.option(
    "--by", default="channel", show_default=True, metavar="COLUMN", help="Or campaign, touchpoint, event, stage."
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
    """
    from pipeline.questions.attribution import share_told, told_in_words

    found = opened(project).attribution(goal=list(goal) or None, paths=paths, compare=compare, **asked, **words(scope))
    if compare is not None:
        answer_compared(found, output)
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
