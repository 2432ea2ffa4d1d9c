"""sql: ask the store in SQL."""

from __future__ import annotations

import click

from pipeline.cli.answering import opened
from pipeline.cli.options import OutputOptions, ProjectOptions, output_options, project_options
from pipeline.cli.output import show


@click.command()
@click.argument("statement")
@project_options
@output_options
def sql(statement: str, project: ProjectOptions, output: OutputOptions) -> None:
    """Ask the store in SQL, read-only. Tables: events, sessions.

    \b
    Example:
      journeys sql "select event, count(*) as n from events group by all order by n desc limit 5"
    """
    show(opened(project).sql(statement), output, title="sql")
