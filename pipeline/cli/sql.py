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
    import pyarrow as pa

    from ingest.read_only_sql import read_only
    from ingest.schema import EVENTS
    from pipeline.loading.sessions_table import sessions_table
    from sessionize.sessions import SESSIONS

    shop = opened(project)
    views = {"events": [f.path for f in shop.store.snapshot().files]}
    empty = {"events": EVENTS.append(pa.field("span", pa.string())), "sessions": SESSIONS}
    if "sessions" in statement.lower():
        views["sessions"] = sessions_table(shop)
    show(read_only(statement, views, empty), output, title="sql")
