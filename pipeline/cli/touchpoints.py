"""touchpoints: what the [[touchpoint]] rules cover, what they miss, and which one fires."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pipeline.cli.answering import answer, opened, words
from pipeline.cli.options import OutputOptions, ProjectOptions, ScopeOptions, output_options, project_options, question

if TYPE_CHECKING:
    from pipeline.project.result import Result


@click.group(invoke_without_command=True)
@click.option(
    "--top", type=click.IntRange(min=1), default=10, metavar="N", help="How many paths and suggestions  [default: 10]"
)
@click.option("--unmatched", is_flag=True, help="Only the URL paths that no rule names, most frequent first.")
@click.option("--suggest", is_flag=True, help="Only the [[touchpoint]] blocks for them, to paste into journeys.toml.")
@question
@click.pass_context
def touchpoints(
    context: click.Context,
    top: int,
    unmatched: bool,
    suggest: bool,
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
) -> None:
    """What the touchpoint rules cover: events, customers and share by the rule that names them.

    "(event)": the event's own name; "(other)": rules speak of the event, none matched. Below, the most frequent URL paths
    that no rule names, and rules that would; ids, numbers and hashes in them are *. `touchpoints test` tries a path.

    \b
    Example:
      journeys touchpoints
      journeys touchpoints --suggest
      journeys touchpoints test '/users/123/cart' --event page_viewed
    """
    if context.invoked_subcommand is not None:
        return
    result = opened(project).touchpoints(top=top, **words(scope))
    if suggest:
        click.echo(result.meta["toml"], nl=False)
    elif unmatched:
        show_unmatched(result, output)
    else:
        show_coverage(result, output)


def show_unmatched(result: Result, output: OutputOptions) -> None:
    """The paths that no rule names."""
    import pyarrow as pa

    from paths.overview.rule_coverage import UNMATCHED
    from pipeline.cli.output import show

    table = pa.Table.from_pylist(result.meta["unmatched"], schema=UNMATCHED)
    show(table, output, title="paths that no rule names", notes=[of_paths(result)], meta=result.meta)


def show_coverage(result: Result, output: OutputOptions) -> None:
    """The coverage; a person also sees what is missing and what to do about it."""
    from pipeline.cli.output import chosen_format, say

    person = chosen_format(output.format, output.output) == "table" and output.output is None
    missing = bool(result.meta["unmatched"])
    notes = (
        (of_paths(result), *(() if person else ("--unmatched lists them, --suggest prints rules for them",)))
        if missing
        else ()
    )
    answer(result, output, notes=notes)
    if person and missing:
        click.echo()
        show_unmatched(result, OutputOptions(format="table"))
        click.echo()
        say("rules for them, to paste into journeys.toml:")
        click.echo(result.meta["toml"], nl=False)


def of_paths(result: Result) -> str:
    """How many of the paths are shown."""
    shown, total = len(result.meta["unmatched"]), result.meta["paths_unmatched"]
    return f"{total:,} paths that no rule names" + (f", the {shown:,} most frequent shown" if shown < total else "")


@touchpoints.command("test")
@click.argument("url")
@click.option("--event", help="The event's name  [default: any that the rule takes]")
@click.option("--channel", help="The event's channel  [default: any that the rule takes]")
@project_options
@output_options
def test(url: str, event: str | None, channel: str | None, project: ProjectOptions, output: OutputOptions) -> None:
    """Which rule fires for an event at URL (or its path), and why the others do not.

    \b
    Example:
      journeys touchpoints test '/users/123/cart' --event page_viewed
    """
    from pipeline.cli.output import show

    result = opened(project).test_touchpoint(url, event=event, channel=channel)
    show(result.table, output, title=f"touchpoint of {result.meta['path']}", notes=[verdict(result)], meta=result.meta)


def verdict(result: Result) -> str:
    """The answer in a line."""
    meta, rules = result.meta, result.table.num_rows
    if meta["rule"] is not None:
        return f'rule {meta["rule"]} fires: the touchpoint is "{meta["touchpoint"]}"'
    why = "there is no [[touchpoint]] rule" if not rules else f"none of the {rules} rules fires"
    return why + (
        f': the touchpoint is "{meta["touchpoint"]}"'
        if meta["touchpoint"]
        else ": the touchpoint is the event's own name"
    )
