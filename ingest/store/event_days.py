"""Events by day, on the calendar of a time zone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from ingest.database import Database, load_sql
from ingest.store.event_store import EventStore, Snapshot
from ingest.store.spans import SpanFile

QUARTER = timedelta(minutes=15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOTES = "days.json"
"""File of the store: file (`name_of`) -> quarter of an hour since 1970 -> events. A file never changes, so a note stays true."""


def event_days(snapshot: Snapshot, timezone: str) -> dict[date, int]:
    """Events of each day that has any, oldest first.

    UTC days that are no part of a sealed month stand in the log; all other days are made of quarters of an hour, which
    are noted down once per file (see `note_days`).
    """
    days, others = Counter[date](), []
    for f in snapshot.files:
        if timezone == "UTC" and f.is_day:
            days[date.fromisoformat(f.span)] += f.rows
        else:
            others.append(f)
    noted = notes(snapshot.root.parent)
    quarters = noted | counted([f for f in others if name_of(f.path) not in noted])
    unit = 96 if timezone == "UTC" else 1  # quarters of an hour that are on one day for sure
    found = Counter[int]()
    for f in others:
        for quarter, events in quarters[name_of(f.path)].items():
            found[int(quarter) // unit] += events
    zone = ZoneInfo(timezone)
    for n, events in found.items():
        days[(EPOCH + n * unit * QUARTER).astimezone(zone).date()] += events
    return dict(sorted(days.items()))


def name_of(file: Path) -> str:
    """span=2026-01-15/part-1.parquet: the files of one write differ by their span alone."""
    return f"{file.parent.name}/{file.name}"


def counted(files: Sequence[SpanFile]) -> dict[str, dict[str, int]]:
    """File -> quarter -> events, read from the files."""
    days: dict[str, dict[str, int]] = {name_of(f.path): {} for f in files}
    if files:
        with Database() as db:
            rows = db.rows(load_sql("ingest", "quarter_hours"), {"files": [str(f.path) for f in files]})
        for file, quarter, events in rows:
            days[name_of(Path(file))][str(quarter)] = events
    return days


def notes(root: Path) -> dict[str, dict[str, int]]:
    """What is noted down; nothing where there are no notes, or none that can be read."""
    try:
        days: dict[str, dict[str, int]] = json.loads((root / NOTES).read_text())
    except (OSError, ValueError):
        return {}
    return days


def note_days(store: EventStore, timezone: str) -> None:
    """Note down what `event_days` would have to count again every time; call under the lock."""
    files = [f for f in store.snapshot().files if timezone != "UTC" or not f.is_day]
    noted = notes(store.root)
    wanted = {name: noted[name] for f in files if (name := name_of(f.path)) in noted}
    wanted |= counted([f for f in files if name_of(f.path) not in wanted])
    if wanted != noted:
        store.note(NOTES, json.dumps(wanted, separators=(",", ":")))


def first_event(snapshot: Snapshot) -> int | None:
    """The instant of the earliest event of all, microseconds UTC, from what the oldest files say of themselves."""
    files = [f for f in snapshot.files if f.rows]
    if not files:
        return None
    starts = []
    for file in (f for f in files if f.span == files[0].span):
        metadata = pq.read_metadata(file.path)
        place = metadata.schema.names.index("event_at")
        starts += [metadata.row_group(i).column(place).statistics.min for i in range(metadata.num_row_groups)]
    return int((min(starts) - EPOCH) // timedelta(microseconds=1))
