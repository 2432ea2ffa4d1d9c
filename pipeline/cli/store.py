"""sql, reconcile: the store itself asked in SQL, and every law of the numbers checked on it."""

from __future__ import annotations

import click

from pipeline.cli.answering import opened
from pipeline.cli.options import OutputOptions, ProjectOptions, output_options, project_options
from pipeline.cli.output import show


@click.command()
@project_options
@output_options
def reconcile(project: ProjectOptions, output: OutputOptions) -> None:
    """Check that the numbers agree with each other on your own store; exit code 1 if they do not.

    \b
    Example:
      journeys reconcile
    """
    from ingest.errors import JourneysError

    table = opened(project).reconcile()
    show(table, output, title="reconcile")
    broken = table["holds"].to_pylist().count(False)
    if broken:
        raise JourneysError(
            f"{broken} of {table.num_rows} laws do not hold on this store: see the rows with holds = no."
        )


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
