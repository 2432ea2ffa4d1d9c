"""SQL over the store, read-only: the tables events and sessions."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa

from ingest.read_only_sql import SqlLimits, read_only
from ingest.schema import EVENTS
from pipeline.loading.sessions_table import sessions_table
from pipeline.project.project import ProjectFolder
from sessionize.sessions import SESSIONS

EMPTY = {"events": EVENTS.append(pa.field("span", pa.string())), "sessions": SESSIONS}


def ask_sql(
    project: ProjectFolder,
    statement: str,
    timeout: timedelta | None = None,
    memory: str | None = None,
    disk: str | None = None,
) -> pa.Table:
    """The rows of one SELECT; sessions are published first where it names them. None = the limit of [sql].

    Raises QueryError, LimitMet and NoStore.
    """
    said = project.config.sql
    limits = SqlLimits(timeout=timeout or said.timeout, memory=memory or said.memory, disk=disk or said.disk)
    views = {"events": [f.path for f in project.store.snapshot().files]}
    if "sessions" in statement.lower():
        views["sessions"] = sessions_table(project)
    return read_only(statement, views, EMPTY, limits, project.store.root)
