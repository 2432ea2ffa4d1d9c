"""How many events of each day are stitched, read from the files of a few days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from ingest.database import Database, load_sql
from ingest.store.spans import SpanFile


class StitchedDay(NamedTuple):
    """One UTC day: its events, those whose row names a customer, those with an anonymous id alone that are a customer's."""

    day: date
    events: int
    known: int
    stitched: int

    @property
    def share(self) -> float:
        """Stitched of all its events."""
        return self.stitched / self.events

    @property
    def alone(self) -> int:
        """Events that name nobody."""
        return self.events - self.known


def stitched_days(files: Sequence[SpanFile], since: int, until: int) -> list[StitchedDay]:
    """The days, in order, of events at since <= event_at < until (microseconds UTC); files of other spans are not read."""
    paths = [str(f.path) for f in files if f.since < until and f.until > since]
    if not paths:
        return []
    with Database() as db:
        rows = db.rows(load_sql("ingest", "stitched_days"), {"files": paths, "since": since, "until": until})
    return [StitchedDay(date.fromisoformat(day), *counts) for day, *counts in rows]
