"""retention, lifecycle."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answering import answer, answer_compared, opened, words
from pipeline.cli.formatting import lasting, readable
from pipeline.cli.options import OutputOptions, ProjectOptions, ScopeOptions, compare_option, question
from pipeline.cli.output import chosen_format

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from pipeline.api.words import Calendar
    from pipeline.project.result import Result

CALENDAR = click.Choice(["day", "week", "month"])
TOLD = 12
"""So many periods after the first find room on a terminal, and are told with the sums of their average; csv and json have all."""


def lengths(_: click.Context, __: click.Parameter, text: str | None) -> tuple[int, ...]:
    """1,3,7 as numbers."""
    if text is None:
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f'"{text}" is not a list of days, such as 1,3,7') from None


@click.command()
@click.option("--by", type=CALENDAR, help="What a cohort and a period is  [default: week, from Monday]")
@click.option(
    "--mode",
    type=click.Choice(["on", "on_or_after"]),
    help="A return in the period, or in it or later  [default: on]",
)
@click.option("--rolling", is_flag=True, help="Periods of 24 h, 7 d or 30 d from each customer's own start.")
@click.option(
    "--brackets",
    metavar="DAYS,...",
    callback=lengths,
    help="Days after day 0 in brackets of these lengths: 1,3,7 are 1, 2-4, 5-11.",
)
@click.option(
    "--from",
    "from_",
    type=click.Choice(["first", "goal"]),
    help="A cohort is that of the first event, or of the first goal  [default: first]",
)
@click.option(
    "--return",
    "return_",
    multiple=True,
    metavar="NAME",
    help="What counts as a return; may be repeated  [default: any]",
)
@click.option("--breakdown", metavar="COLUMN", help="Cohorts apart by its value at the customer's start.")
@click.option("--value", is_flag=True, help="Goal value per customer by the end of each period.")
@click.option("--periods", type=click.IntRange(min=1), help="So many after the first  [default: 1000]")
@click.option("--second-goal", is_flag=True, help="Instead: the time from the first goal to the second.")
@click.option(
    "--returned", type=(str, int), metavar="COHORT K", help="The customers with a return in period K, one row each."
)
@click.option("--lapsed", type=(str, int), metavar="COHORT K", help="Those of the cohort without one.")
@click.option("--unmask", is_flag=True, help="With --returned and --lapsed, show ids as recorded.")
@click.option("--goal", multiple=True, help="Instead of [project] goal; may be repeated.")
@compare_option
@question
def retention(
    goal: tuple[str, ...],
    compare: str | None,
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
    **asked: Any,
) -> None:
    """Who comes back: one row per cohort, a column for each period after its own; csv and json have one row per both.

    A period that is not over is blank, never 0. The average is pooled over the cohorts whose period is over.
    --since and --until select cohorts by their start.

    \b
    Example:
      journeys retention --by month
      journeys retention --from goal --return purchase --value
      journeys retention --second-goal
      journeys retention --by month --compare platform=mobile
      journeys retention --by month --lapsed 2024-03-01 1 --limit 5
    """
    result = opened(project).retention(goal=list(goal) or None, compare=compare, **asked, **words(scope))
    if compare is not None:
        answer_compared(result, output, f"retention by {result.meta['by']}")
        return
    if asked["second_goal"]:
        answer(result, output, title="time from the first goal to the second", notes=(reached(result.meta),))
        return
    if asked["returned"] or asked["lapsed"]:
        meta = result.meta
        what = "returned in" if meta["returned"] else "without a return in"
        title = f"customers of the cohort {meta['cohort']} {what} {meta['period']}"
        answer(result, output, title=title, notes=(f"{meta['customers']:,} customers",))
        return
    title = f"retention by {result.meta['by']}"
    measure = "value_per_customer" if result.meta.get("goals_with_value") else "share"
    notes = sums(result, measure)
    if (chosen := chosen_format(output.format, output.output)) in ("table", "markdown", "html"):
        table = triangle(result, measure, TOLD if chosen == "table" else None)
        hidden = len({r["name"] for r in result.rows()}) - TOLD - 1
        notes += (f"{hidden:,} later periods are in csv and json",) if chosen == "table" and hidden > 0 else ()
        result = replace(result, table=table)
    answer(result, output, title=title, notes=notes)


def triangle(result: Result, measure: str, most: int | None = None) -> pa.Table:
    """One row per cohort, the averages among them, and a column of the measure for each period up to number `most`."""
    import pyarrow as pa

    breakdown = result.meta["breakdown"]
    rows = [r for r in result.rows() if most is None or r["period"] <= most]
    names = list(dict.fromkeys(r["name"] for r in sorted(rows, key=lambda r: r["period"])))
    before = "by_" if measure != "share" else ""  # money by the end of the period, and no share
    columns = {name: before + name.replace(" ", "_") for name in names}
    rows_by_key: dict[tuple[Any, ...], dict[str, Any]] = {}
    for r in rows:
        key = {breakdown: r[breakdown], "cohort": r["cohort"]} if breakdown else {"cohort": r["cohort"]}
        row = rows_by_key.setdefault(tuple(key.values()), {**key, "customers": r["customers"]})
        row[columns[r["name"]]] = r[measure]
    text = [pa.field(n, pa.string()) for n in ((breakdown, "cohort") if breakdown else ("cohort",))]
    schema = [*text, pa.field("customers", pa.int64()), *(pa.field(c, pa.float64()) for c in columns.values())]
    return pa.Table.from_pylist(list(rows_by_key.values()), schema=pa.schema(schema))


def sums(result: Result, measure: str) -> tuple[str, ...]:
    """The average with both of its sums, in a line; of a breakdown the long rows have them."""
    if result.meta["breakdown"]:
        return ()
    average = [r for r in result.rows() if r["cohort"] == "average" and r["complete"] and r["period"]][:TOLD]
    what = "returned" if measure == "share" else "value"
    parts = [f"{r['name']} {readable(what, r[what])} / {r['customers']:,}" for r in average]
    told = f"average = {what} / customers of the cohorts whose period is over: {', '.join(parts)}"
    return (told,) if parts else ()


def reached(meta: Mapping[str, Any]) -> str:
    """How many have a second goal, and the median of the time to it."""
    median = meta["median_seconds"]
    told = "fewer than half are known to" if median is None else f"half do within {lasting(median)}"
    return f"{meta['with_second_goal']:,} of {meta['customers']:,} customers with a goal have a second one; {told}"


@click.command()
@click.option("--by", type=CALENDAR, default="week", show_default=True, help="What a period is.")
@click.option("--stickiness", is_flag=True, help="Instead: on how many days of each period customers came.")
@question
def lifecycle(
    by: Calendar, stickiness: bool, project: ProjectOptions, output: OutputOptions, scope: ScopeOptions
) -> None:
    """Who is new, who stayed, who came back and who went silent: one row per period.

    new + retained + resurrected = active, retained + dormant = active of the period before. A period that is not over is
    blank. --since and --until select periods by their start.

    \b
    Example:
      journeys lifecycle --by month
      journeys lifecycle --stickiness --limit 10
    """
    result = opened(project).lifecycle(by=by, stickiness=stickiness, **words(scope))
    answer(result, output, title=f"{result.title} by {by}")
