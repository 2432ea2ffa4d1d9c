"""Is this night fit to be published? Judged on what arrives, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.database import Database, load_sql
from ingest.errors import GateFailed
from ingest.load import Accounting
from ingest.store.event_store import Snapshot
from ingest.store.spans import SpanFile
from pipeline.config import Gates

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One gate that does not hold."""

    gate: str
    message: str
    fails: bool


@dataclass(frozen=True, kw_only=True)
class Trailing:
    """What the store knew before the night: events by (source, UTC day), and every event name by its newest day."""

    days: Mapping[tuple[str, str], int]
    names: Mapping[str, str]
    files: Sequence[SpanFile] = ()  # what was read to know it

    @property
    def read(self) -> dict[str, int]:
        """Files, rows and bytes (of the columns looked at) that were read."""
        sizes = (columns_size(f.path, ("source", "event_at", "event")) for f in self.files)
        return {"files": len(self.files), "rows": sum(f.rows for f in self.files), "bytes": sum(sizes)}

    @classmethod
    def of(cls, snapshot: Snapshot | None, trailing_days: int, newest: date | None) -> Trailing:
        """From the spans that hold the `trailing_days` up to the newest day; nothing for a store that is new."""
        files = snapshot.files if snapshot else ()
        if not files:
            return cls(days={}, names={})
        newest = newest or date.fromisoformat(f"{files[-1].span}-01"[:10])  # of a sealed month, its first day
        since = (newest - trailing_days * DAY).isoformat()
        recent = [f for f in files if f.span >= since[: len(f.span)]]
        with Database() as db:
            rows = db.rows(load_sql("pipeline", "past"), {"files": [str(f.path) for f in recent]})
        days, names = Counter[tuple[str, str]](), dict[str, str]()
        for source, day, event, n in rows:
            days[source, day] += n
            names[event] = max(names.get(event, ""), day)
        return cls(days=days, names=names, files=recent)


def columns_size(path: Path, columns: Sequence[str]) -> int:
    """Bytes of these columns on disk."""
    meta = pq.read_metadata(path)
    places = [meta.schema.names.index(c) for c in columns]
    return sum(meta.row_group(g).column(i).total_compressed_size for g in range(meta.num_row_groups) for i in places)


def judge(rules: Gates, past: Trailing, books: Mapping[str, Accounting], arrivals: pa.Table) -> list[Verdict]:
    """Every gate that does not hold."""
    rows = arrivals.to_pylist()
    warnings = [*quarantine(rules, books), *volume(rules, past, rows), *names(past, rows)]
    return [Verdict(gate=gate, message=message, fails=gate in rules.fail_on) for gate, message in warnings]


def quarantine(rules: Gates, books: Mapping[str, Accounting]) -> list[tuple[str, str]]:
    """The share of a source's rows that is quarantined."""
    warnings = []
    for name, book in books.items():
        rows = book.rows - book.aged  # what has left the store and comes again is no fault of the night's files
        share = (sum(book.quarantined.values()) - book.aged) / rows if rows else 0.0
        if share > rules.quarantine_share:
            reasons = ", ".join(f"{n:,} {r}" for r, n in sorted(book.quarantined.items(), key=lambda i: -i[1]))
            warnings.append(
                (
                    "quarantine_share",
                    f"{name}: {share:.1%} of {rows:,} rows would be quarantined ({reasons}); "
                    f"the gate is {rules.quarantine_share:.1%}",
                )
            )
    return warnings


def volume(rules: Gates, past: Trailing, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The newest arriving day of each source against the median of the days before it."""
    arriving = Counter[tuple[str, str]]()
    for r in rows:
        arriving[r["source"], r["span"]] += r["rows"]
    warnings = []
    for source in sorted({s for s, _ in arriving}):
        newest = max(day for s, day in arriving if s == source)
        before = [n for (s, day), n in past.days.items() if s == source and day < newest]
        if len(before) < 7 or (source, newest) in past.days:
            continue
        ratio = arriving[source, newest] / median(before)
        if not rules.volume_low <= ratio <= rules.volume_high:
            warnings.append(
                (
                    "volume",
                    f"{source}: {newest} brings {arriving[source, newest]:,} events, {ratio:.2f} x the median of "
                    f"{len(before)} days before; the gate is {rules.volume_low} to {rules.volume_high}",
                )
            )
    return warnings


def names(past: Trailing, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Event names never seen in the trailing days, and those of the last week that stay away."""
    if not past.names or not rows:
        return []
    now = {r["event"] for r in rows}
    newest = max(r["span"] for r in rows)
    week_before = (date.fromisoformat(newest) - 7 * DAY).isoformat()
    fresh = sorted(now - past.names.keys())
    gone = sorted(n for n, day in past.names.items() if day >= week_before and n not in now)
    warnings = (
        [("new_events", f"new event names: {', '.join(fresh[:5])}{' ...' if len(fresh) > 5 else ''}")] if fresh else []
    )
    if gone:
        warnings.append(
            (
                "vanished_events",
                f"seen in the week before, absent now: {', '.join(gone[:5])}{' ...' if len(gone) > 5 else ''}",
            )
        )
    return warnings


def stop(verdicts: Sequence[Verdict]) -> None:
    """Raise GateFailed with every failing message."""
    failing = [v.message for v in verdicts if v.fails]
    if failing:
        raise GateFailed("nothing was written or published:\n  " + "\n  ".join(failing))
