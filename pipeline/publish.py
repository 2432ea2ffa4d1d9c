"""The published `sessions` table: a copy for people and SQL, rebuilt when the events or the rules have changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ingest.store import publish, published_files, published_stamp
from paths.session_rows import SessionRows
from pipeline.project import Period, Project
from pipeline.rules import goal_rules


def sessions_table(project: Project) -> list[Path]:
    """The files of the up-to-date table; it is built anew if its stamp is not that of the newest snapshot and rules."""
    path = project.store.root / "sessions"
    snapshot = project.store.snapshot()
    rules = hashlib.sha256(
        repr(
            (project.config.values()["sessions"], project.config.values()["touchpoint"], project.config.project)
        ).encode()
    )
    stamp = {"events_version": str(snapshot.version), "rules": rules.hexdigest()}
    found = published_stamp(path)
    if any(found.get(k) != v for k, v in stamp.items()):
        asked = project.ask(Period(), [SessionRows(goal=goal_rules(project.config).goal)])
        publish(path, asked.answers[0], "session_date", stamp)
    return published_files(path)
