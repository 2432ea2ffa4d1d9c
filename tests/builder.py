"""Event rows as literals -> what kernels receive.

A row is (customer, when, event) or (customer, when, event, {column: value}). `when` is a number of minutes after ZERO or
UTC text. The order of the rows is their recorded order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ingest.cleaning.mapping import Field, SourceMapping
from ingest.load import Accounting, InputFile, Source, load
from ingest.scan.batches import Codes, Column, EventBatch, Numbers
from ingest.schema import IDS, NUMBERS, TEXTS
from ingest.store.event_store import EventStore, Snapshot
from paths.analysis import Analysis
from paths.journeys.conditions import parse_condition
from paths.journeys.journeys import Journeys
from paths.journeys.matchers import Matcher, Step
from paths.journeys.prepare import prepare
from paths.journeys.scope import Scope
from sessionize.rules import SessionRules

MINUTE = 60_000_000
DAY = 1440 * MINUTE
ZERO = "2026-01-15 00:00"
LATER = "2027-01-01 00:00"  # every window of a row near ZERO is over
CONTRACT = (*IDS, "owner_id", *TEXTS, *NUMBERS)  # columns that are always there, if only with nothing in them
SESSION_RULES = frozenset(f.name for f in fields(SessionRules))

Row = tuple[Any, ...]


class Event(NamedTuple):
    """What the plain-Python oracles read."""

    customer: str
    at: int
    recorded: int
    name: str
    columns: Mapping[str, Any]

    def get(self, column: str) -> Any:
        return self.name if column == "event" else self.columns.get(column)


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def instant(when: float | str) -> int:
    """Microseconds since 1970 UTC."""
    if isinstance(when, str):
        return (datetime.fromisoformat(when).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
            microseconds=1
        )
    return instant(ZERO) + round(when * MINUTE)


def events_of(rows: Sequence[Row]) -> list[Event]:
    """The rows in the order (customer, event_at, recorded order)."""
    events = [
        Event(r[0], instant(r[1]), i, r[2], {"customer_id": r[0], **(r[3] if len(r) > 3 else {})})
        for i, r in enumerate(rows)
    ]
    return sorted(events, key=lambda e: (key_of(e.customer), e.at, e.recorded))


def key_of(customer: str) -> int:
    """Ascending as the text is."""
    return int.from_bytes(customer.encode()[:7].ljust(7, b"\0"), "big")


def batch_of(rows: Sequence[Row]) -> EventBatch:
    """One batch of whole customers."""
    events = events_of(rows)
    names = dict.fromkeys([*CONTRACT, *(c for e in events for c in e.columns)])
    return EventBatch.of(
        key=np.array([key_of(e.customer) for e in events], dtype=np.int64),
        at=np.array([e.at for e in events], dtype=np.int64),
        event=codes([e.name for e in events]),
        columns={name: column(name, [e.columns.get(name) for e in events]) for name in names},
    )


def column(name: str, values: Sequence[Any]) -> Column:
    if name in NUMBERS:
        return Numbers(
            np.array([v or 0 for v in values], dtype=np.int64), np.array([v is not None for v in values], dtype=bool)
        )
    return codes(values)


def codes(values: Sequence[str | None]) -> Codes:
    names = tuple(dict.fromkeys(v for v in values if v is not None))
    return Codes(np.array([-1 if v is None else names.index(v) for v in values], dtype=np.int32), names)


def scope_of(as_of: float | str = LATER, **options: Any) -> Scope:
    """A Scope; the options of SessionRules may stand among its own."""
    rules = {k: options.pop(k) for k in list(options) if k in SESSION_RULES}
    others: dict[str, Any] = {k: instant(v) if k in ("since", "until") else v for k, v in options.items()}
    return Scope(as_of=instant(as_of), sessions=SessionRules(**rules), **others)


def journeys_of(rows: Sequence[Row], **scope: Any) -> Journeys:
    """The journeys of one batch."""
    return prepare(batch_of(rows), scope_of(**scope))


def ask(analysis: Analysis[Any], rows: Sequence[Row], **scope: Any) -> list[dict[str, Any]]:
    """The answer as rows."""
    answer: list[dict[str, Any]] = analysis.reduce([analysis.map(journeys_of(rows, **scope))]).to_pylist()
    return answer


def step(*names: str, where: str = "", within: timedelta | None = None) -> Step:
    """A funnel step that any of these names takes, under one condition on all of them."""
    conditions = (parse_condition(where),) if where else ()
    return Step(matchers=tuple(Matcher(name=n, conditions=conditions) for n in names), within=within)


def columns_of(answer: Sequence[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Only these columns."""
    return [tuple(row[n] for n in names) for row in answer]


def store_of(root: Path, file: Path, **columns: str) -> tuple[Snapshot, Accounting]:
    """A file loaded into a new store: its snapshot, and what became of its rows."""
    mapping = SourceMapping(fields={target: Field(columns=(name,)) for target, name in columns.items()})
    store = EventStore(root)
    done = load(store, [Source(mapping=mapping, files=[InputFile(path=file, name=file.name)])])
    return store.snapshot(), done.accounting[mapping.name]
