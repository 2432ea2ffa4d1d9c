"""The published `sessions` table: a copy for people and SQL, brought up to date when the events or the rules have changed.

Only the dates are written again whose sessions can have changed: those from max_duration before the first changed day on.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

from ingest.store.delta import publish, published_files, published_stamp
from ingest.store.event_store import Snapshot
from paths.journeys.scope import NEVER, Scope
from paths.overview.session_rows import SessionRows
from paths.views.period import InPeriod
from pipeline.engines.local import Pass, run
from pipeline.project.periods import local_day
from pipeline.project.project import Period, ProjectFolder
from pipeline.project.rules import goal_rules
from sessionize.clock import midnight
from sessionize.rules import SessionRules
from sessionize.sessions import SESSIONS

WAIT = 60.0
"""Seconds that a reader of an outdated table waits for a writer, who is most likely bringing it up to date."""


def sessions_table(project: ProjectFolder) -> list[Path]:
    """The files of the up-to-date table; raises Locked where it is not, and another writer keeps the store."""
    stamp = published_stamp(path_of(project))
    snapshot = project.store.snapshot()
    scope, _ = project.scope(Period(), snapshot)
    if outdated_since(stamp, snapshot, scope, rules_of(project)) is not None:
        with project.store.lock(WAIT):
            publish_sessions(project)
    return published_files(path_of(project))


def publish_sessions(project: ProjectFolder) -> Pass:
    """Bring the table up to date; call under the lock. Returns what was read."""
    return project.store.read(lambda snapshot: published(project, snapshot))


def published(project: ProjectFolder, snapshot: Snapshot) -> Pass:
    """The same, of one snapshot."""
    path, rules = path_of(project), rules_of(project)
    scope, _ = project.scope(Period(), snapshot)
    day = outdated_since(published_stamp(path), snapshot, scope, rules)
    if day is None:
        return Pass()
    zone = scope.sessions.timezone
    question = SessionRows(goal=goal_rules(project.config).goal)
    since = -NEVER if day == date.min else midnight(day, zone)
    (rows,), done = run([InPeriod(analysis=question, since=since)], snapshot, replace(scope, since=-NEVER, until=NEVER))
    stamp = {"events_version": str(snapshot.version), "rules": rules, "as_of": str(scope.as_of)}
    publish(path, rows, "session_date", stamp, None if day == date.min else day.isoformat())
    return done


def path_of(project: ProjectFolder) -> Path:
    """Where the table is."""
    return project.store.root / "sessions"


def rules_of(project: ProjectFolder) -> str:
    """A hash of all that decides what a row says, but the events."""
    values = project.config.values()
    told = repr((values["sessions"], values["touchpoint"], project.config.project, SESSIONS.names))
    return hashlib.sha256(told.encode()).hexdigest()


def outdated_since(found: dict[str, str], snapshot: Snapshot, scope: Scope, rules: str) -> date | None:
    """The first session_date that may say something else now; date.min = all of them, None = none."""
    if found.get("rules") != rules or "as_of" not in found:
        return date.min
    touched = snapshot.touched_since(int(found["events_version"]))
    if touched is None:
        return date.min
    changed = [midnight(date.fromisoformat(touched), "UTC")] if touched else []
    as_of = int(found["as_of"])
    changed += [as_of, scope.as_of] if as_of != scope.as_of else []
    return first_date(min(changed), scope.sessions) if changed else None


def first_date(changed: int, rules: SessionRules) -> date:
    """The earliest date on which a session starts that may hold events from this instant on."""
    if rules.cut_at_midnight:
        return local_day(changed, rules.timezone)
    if not rules.longest:
        return date.min  # a session may have begun at any time
    return local_day(changed - rules.longest, rules.timezone)
