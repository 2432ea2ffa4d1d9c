"""carts: what was put into carts, and what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answering import answer, answer_compared, opened, words
from pipeline.cli.options import (
    OutputOptions,
    ProjectOptions,
    ScopeOptions,
    compare_option,
    output_options,
    project_options,
    question,
)

if TYPE_CHECKING:
    from pipeline.api.words import CartStatus


@click.group(invoke_without_command=True)
@click.option("--by", metavar="COLUMN", help="kind, status, last_step, channel, hour (of opening), or any column.")
@compare_option
@click.option(
    "--crossings", is_flag=True, help="What crosses channels and devices: customers, and carts that were bought."
)
@question
@click.pass_context
def carts(
    context: click.Context,
    by: str | None,
    compare: str | None,
    crossings: bool,
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
) -> None:
    """Carts left behind, recovered, converted: episodes, customers, value.

    \b
    Example:
      journeys carts
      journeys carts --by last_step
      journeys carts --crossings
      journeys carts --by platform --compare 2024-04-01..2024-05-01
    """
    if context.invoked_subcommand is not None:
        return
    from pipeline.questions.carts import totals_in_words

    result = opened(project).carts(by=by, compare=compare, crossings=crossings, **words(scope))
    if crossings:
        answer(result, output)
        return
    if compare is not None:
        answer_compared(result, output)
        return
    answer(result, output, notes=tuple(totals_in_words(result.meta["totals"])))


@carts.command("list")
@click.option(
    "--status",
    multiple=True,
    type=click.Choice(["converted", "recovered", "abandoned", "open", "emptied"]),
    help="Only these.",
)
@click.option("--unmask", is_flag=True, help="Show customer ids as recorded.")
@question
def list_(
    status: tuple[CartStatus, ...], unmask: bool, project: ProjectOptions, output: OutputOptions, scope: ScopeOptions
) -> None:
    """One row per cart, customers masked.

    \b
    Example:
      journeys carts list --status abandoned --limit 5
    """
    answer(
        opened(project).carts_list(status=status, unmask=unmask, **words(scope)),
        output,
        hide=("cart_id", "purchase_at"),
    )


@carts.command()
@click.option("--due", required=True, metavar="DAY", help="The day (its first instant) on which reminders go out.")
@click.option(
    "--suppress", type=click.Path(path_type=Path), help="A file with customer ids, one per line, to leave out."
)
@click.option("--contactable", metavar="COLUMN", help="A column that says who may be written to.")
@project_options
@output_options
def remind(
    due: str, suppress: Path | None, contactable: str | None, project: ProjectOptions, output: OutputOptions
) -> None:
    """Whom to remind of an abandoned cart, with a key that names the cart in every run.

    Ids are shown as recorded: somebody must write to them.

    \b
    Example:
      journeys carts remind --due 2024-06-30 -o reminders.csv
    """
    answer(opened(project).carts_remind(due, suppress=suppress, contactable=contactable), output)
