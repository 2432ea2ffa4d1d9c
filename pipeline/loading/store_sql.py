"""SQL over the store, read-only: the tables events and sessions."""

from __future__ import annotations

import pyarrow as pa

from ingest.read_only_sql import read_only
from ingest.schema import EVENTS
from pipeline.loading.sessions_table import sessions_table
from pipeline.project.project import ProjectFolder
from sessionize.sessions import SESSIONS

EMPTY = {"events": EVENTS.append(pa.field("span", pa.string())), "sessions": SESSIONS}


def ask_sql(project: ProjectFolder, statement: str) -> pa.Table:
    """The rows of one SELECT; sessions are published first where it names them. Raises QueryError and NoStore."""
    views = {"events": [f.path for f in project.store.snapshot().files]}
    if "sessions" in statement.lower():
        views["sessions"] = sessions_table(project)
    return read_only(statement, views, EMPTY)
