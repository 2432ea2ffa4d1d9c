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
@click.option("--timeout", metavar="DURATION", help="How long it may run, such as 30s [default: 10m, or of [sql]].")
@click.option(
    "--memory", metavar="SIZE", help="What it and its answer may take, such as 4GB [default: 2GB, or of [sql]]."
)
@click.option(
    "--disk", metavar="SIZE", help="What it may spill, at most half of what is free [default: 10GB, or of [sql]]."
)
@project_options
@output_options
def sql(
    statement: str,
    timeout: str | None,
    memory: str | None,
    disk: str | None,
    project: ProjectOptions,
    output: OutputOptions,
) -> None:
    """Ask the store in SQL, read-only. Tables: events, sessions.

    \b
    Example:
      journeys sql "select event, count(*) as n from events group by all order by n desc limit 5"
    """
    show(opened(project).sql(statement, timeout=timeout, memory=memory, disk=disk), output, title="sql")
