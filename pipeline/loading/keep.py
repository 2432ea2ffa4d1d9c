"""[store] keep: days that are older leave at night, their history with them, and do not come back."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

from ingest.loading.aged import Aged, age_out, blank_aged
from ingest.store.event_store import Snapshot
from ingest.store.retention import expire, superseded
from pipeline.config.keep import parse_keep
from pipeline.project.periods import local_day
from pipeline.project.project import ProjectFolder


def kept_from(project: ProjectFolder, snapshot: Snapshot | None) -> date | None:
    """The first day of which rows are still taken in; None where none has left, or `keep` was made longer or taken out since."""
    keep, told = project.config.store.keep, snapshot.kept if snapshot is not None else {}
    if keep is None or not told:
        return None
    first = date.fromisoformat(told["from"])
    return first if keep.start(first) >= parse_keep(told["keep"]).start(first) else None


def age_days(project: ProjectFolder, as_of: int, run_id: str) -> Aged | None:
    """Let the days leave that are older than `keep` at as_of (microseconds UTC); None without `keep`. Call under the lock.

    An as_of that is still to come counts as today: a wrong date must not empty a store.
    """
    keep = project.config.store.keep
    if keep is None:
        return None
    today = min(local_day(as_of, "UTC"), datetime.now(UTC).date())
    told = kept_from(project, project.store.snapshot())
    before = max(keep.start(today), told or date.min)  # what has left once does not come back on an earlier as_of
    return age_out(project.store, before, str(keep), project.identity_rules, run_id)


def end_history(project: ProjectFolder, aged: Aged | None) -> None:
    """Delete what older versions of the store still hold of days that left, now or in a night that was killed since.

    Call under the lock, when nothing asks an older version any more.
    """
    if aged is None:
        return
    blank_aged(project.store)
    if aged.events or any(date.fromisoformat(f"{day}-01"[:10]) < aged.before for day in old_days(project)):
        expire(project.store, math.inf)


def old_days(project: ProjectFolder) -> list[str]:
    """The first days (YYYY-MM-DD, or a month) of files that no newest version names; of those of the quarantine the first of all."""
    folders = [path.parent.name for path in superseded(project.store)]
    return [f.partition("=")[2] or str(date.min) for f in folders]


def aged_facts(aged: Aged, keep: object) -> dict[str, Any]:
    """What a manifest says of the days that left: the first day kept, days, events, and the same in words."""
    days = aged.days[0] if len(aged.days) == 1 else f"{len(aged.days):,} days ({aged.days[0]} to {aged.days[-1]})"
    events = f"{aged.events:,} event{'s' if aged.events != 1 else ''}"
    said = f'[store] keep = "{keep}": {events} of {days} erased; {aged.before} is the first day kept'
    return {"from": str(aged.before), "days": len(aged.days), "events": aged.events, "said": said}
