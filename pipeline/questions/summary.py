"""The questions about what there is: events, customers, sessions."""

from __future__ import annotations

from typing import Unpack

import pyarrow as pa

from ingest.store.quarantine import Quarantine
from paths.overview.names import Vocabulary
from paths.overview.session_rows import SessionRows
from paths.overview.summary import Summary
from pipeline.project.project import Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import goal_rules

COUNTED = ("events", "customers", "sessions", "first_event_at", "last_event_at")


def summary(project: ProjectFolder, **period: Unpack[PeriodWords]) -> Result:
    """One row: events, customers, sessions, first and last event; duplicates and quarantined of the whole ingestion."""
    asked = project.ask(Period(**period), [Summary()])
    table: pa.Table = asked.answers[0]
    ingested = {
        "duplicates": project.store.duplicates(asked.snapshot),
        "quarantined": Quarantine(project.store.root).count(),
    }
    columns = {name: table[name] for name in COUNTED} | {n: pa.array([v], pa.int64()) for n, v in ingested.items()}
    return asked.result("summary", pa.table(columns | {"excluded_sessions": table["excluded_sessions"]}))


def sessions(project: ProjectFolder, **period: Unpack[PeriodWords]) -> Result:
    """One row per session, the earliest first."""
    goal = goal_rules(project.config).goal
    asked = project.ask(Period(**period), [SessionRows(goal=goal), Vocabulary()])
    asked.check_goal(goal)
    return asked.result("sessions", asked.answers[0].drop_columns(["customer_key"]))
