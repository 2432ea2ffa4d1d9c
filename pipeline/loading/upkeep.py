"""What a night leaves behind in order: old days as months, replaced files gone by age, no half-written page."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from ingest.loading.seal import seal
from ingest.store.core import complete
from ingest.store.event_days import note_days
from ingest.store.retention import expire
from pipeline.project.project import ProjectFolder


def keep_house(project: ProjectFolder, today: date | None) -> tuple[str, ...]:
    """Seal months that are over on `today` (None: none), delete what `retain` gives up; call under the lock.

    Returns the months sealed.
    """
    if not project.store.exists:
        return ()
    sealed = seal(project.store, today - settled_after(project)) if today is not None else ()
    complete([f.path for f in project.store.snapshot().files])
    note_days(project.store, project.config.project.timezone)
    expire(project.store, time.time() - project.config.store.retain.total_seconds())
    for folder in (project.store.root / "runs", project.directory / project.config.project.reports):
        sweep(folder)
    return sealed


def settled_after(project: ProjectFolder) -> timedelta:
    """How old a day must be before it becomes part of a month: rows on time must not rewrite months."""
    return max([project.config.store.seal_after, *(s.late_window for s in project.config.sources)])


def sweep(folder: Path) -> None:
    """Delete what a killed writer left beside the file it was about to replace; under the lock there is no other writer."""
    for left in folder.rglob(".*.tmp") if folder.is_dir() else ():
        with suppress(FileNotFoundError):
            left.unlink()
