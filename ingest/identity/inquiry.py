"""What identity did to a store: how many events are whose, devices and customers by how many of the other they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from ingest.database import Database, load_sql
from ingest.identity.rules import IdentityRules
from ingest.quoting import path_literal
from ingest.store.spans import SpanFile


@dataclass(frozen=True, kw_only=True)
class Identities:
    """Counts before an instant. `by_customers`: customers named -> (devices, their events, those with the id alone);
    `by_devices`: anonymous ids -> known customers."""

    events: int
    known: int
    stitched: int
    anonymous: int
    links: int
    astray: int  # events of an owner that are not stored under its key: 0
    by_customers: Mapping[int, tuple[int, int, int]]
    by_devices: Mapping[int, int]


def identities(files: Sequence[SpanFile], rules: IdentityRules, as_of: datetime) -> Identities:
    """Read the ids of all events before `as_of`."""
    with open_events(files, rules, as_of) as db:
        counts = db.query(load_sql("ingest", "identity_kinds")).to_pylist()[0]
        devices = db.rows(load_sql("ingest", "identity_devices"))
        customers = db.rows(load_sql("ingest", "identity_customers"))
    return Identities(
        **counts,
        by_customers={n: (devices_, events, alone) for n, devices_, events, alone in devices},
        by_devices=dict(customers),
    )


def rows_of(
    files: Sequence[SpanFile], rules: IdentityRules, as_of: datetime, id: str, anonymous: bool
) -> list[dict[str, Any]]:
    """The events that carry an id (of a known customer: those that are its), in order, as they were recorded."""
    with open_events(files, rules, as_of) as db:
        rows: list[dict[str, Any]] = db.query(
            load_sql("ingest", "identity_rows"), {"id": id, "anonymous": anonymous}
        ).to_pylist()
    return rows


@contextmanager
def open_events(files: Sequence[SpanFile], rules: IdentityRules, as_of: datetime) -> Iterator[Database]:
    """A database with the view `events`: the ids of all events before `as_of`, and the space of their anonymous id."""
    shared = pa.table({"source": list(rules.spaces), "shared": list(rules.spaces.values())}, schema=SPACES)
    with Database() as db:
        db.run(load_sql("ingest", "macros"))
        db.run_with("create temp table spaces as select * from given", given=shared)
        db.run("set variable as_of = $as_of::timestamptz", {"as_of": as_of})
        relation = (
            f"read_parquet({path_literal(*(f.path for f in files))}, union_by_name = true, hive_partitioning = false)"
        )
        db.run(
            "create temp view events as select e.*, coalesce(shared, e.source) as space "
            f"from {relation} e left join spaces on e.source = spaces.source where event_at < getvariable('as_of')"
        )
        yield db


SPACES = pa.schema([("source", pa.string()), ("shared", pa.string())])
"""One row per source that shares a space."""
