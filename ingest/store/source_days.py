"""Events of each source by UTC day: what tells which day of a source is its newest, and whether that one stands apart."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from ingest.database import Database, load_sql
from ingest.store.event_days import event_days, name_of
from ingest.store.event_store import EventStore, Snapshot
from ingest.store.spans import SpanFile

NOTES = "source_days.json"
"""File of the store: file (`name_of`) -> source -> day -> events. A file never changes, so a note stays true."""

Noted = dict[str, dict[str, dict[str, int]]]
Days = Mapping[str, Mapping[date, int]]


def source_days(store: EventStore, snapshot: Snapshot) -> Days:
    """Source -> UTC day -> events, days in order; call under the lock.

    Of a single source the log has said it; of several, each file is counted once and noted down.
    """
    sources = {source for source, _ in snapshot.ledger.inputs}
    if len(sources) == 1:
        return {sources.pop(): event_days(snapshot, "UTC")}
    noted = notes(store.root)
    held = {name: noted[name] for f in snapshot.files if (name := name_of(f.path)) in noted}
    days = held | counted([f for f in snapshot.files if name_of(f.path) not in held])
    if days != noted:
        store.note(NOTES, json.dumps(days, separators=(",", ":")))
    return added_up(days)


def added_up(noted: Noted) -> Days:
    """The days of all files."""
    days: dict[str, Counter[date]] = defaultdict(Counter)
    for by_source in noted.values():
        for source, events in by_source.items():
            days[source].update({date.fromisoformat(day): n for day, n in events.items()})
    return {source: dict(sorted(counts.items())) for source, counts in days.items()}


def counted(files: Sequence[SpanFile]) -> Noted:
    """Read from the files."""
    noted: Noted = {name_of(f.path): {} for f in files}
    if files:
        with Database() as db:
            rows = db.rows(load_sql("ingest", "source_days"), {"files": [str(f.path) for f in files]})
        for file, source, day, events in rows:
            noted[name_of(Path(file))].setdefault(source, {})[day] = events
    return noted


def notes(root: Path) -> Noted:
    """What is noted down; nothing where there are no notes, or none that can be read."""
    try:
        noted: Noted = json.loads((root / NOTES).read_text())
    except (OSError, ValueError):
        return {}
    return noted
