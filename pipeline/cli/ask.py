"""From a command's options to a Result on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import OutputOptions, ProjectOptions, ScopeOptions, current_project, explaining
from pipeline.cli.output import chosen_format, show, warn

if TYPE_CHECKING:
    from paths.result import Result
    from pipeline.project import Project


def opened(project: ProjectOptions) -> Project:
    """The project that the options name."""
    from pipeline.project import Project

    return Project(project.directory)


def words(scope: ScopeOptions) -> dict[str, Any]:
    """The period options, as the Python API spells them."""
    return {
        "as_of": scope.as_of,
        "since": scope.since,
        "until": scope.until,
        "segment": scope.segment,
        "where": scope.where,
        "persona": scope.persona,
    }


def answer(
    result: Result,
    output: OutputOptions,
    *,
    title: str | None = None,
    notes: tuple[str, ...] = (),
    hide: tuple[str, ...] = (),
) -> None:
    """Show a result; its header says what it is about. `hide`: columns that a terminal table leaves out."""
    for message in result.meta.get("warnings", ()):
        warn(message)
    table = result.table
    if chosen_format(output.format, output.output) in ("table", "markdown"):
        table = table.drop_columns([c for c in hide if c in table.column_names])
    show(table, output, title=title or result.title, notes=[header(result.meta), *notes], meta=result.meta)
    explain_if_asked(result)


def explain_if_asked(result: Result) -> None:
    """--explain: how the number came about, behind the answer, on standard error."""
    if explaining():
        from pipeline.explain import explanation

        click.echo("\n" + explanation(result, str(current_project().directory)), err=True)


def header(meta: Any) -> str:
    """What an answer is about, in a line."""
    parts = [f"as of {meta['as_of']}"]
    parts += [f"{name} {meta[name]}" for name in ("since", "until") if meta.get(name)]
    parts += [f"segment {c}" for c in meta.get("segment", ())]
    parts += [f"where {c}" for c in meta.get("where", ())]
    if meta.get("excluded_sessions"):
        parts.append(f"{meta['excluded_sessions']:,} sessions excluded")
    return " · ".join(parts)
