"""Nights of a shop: which files come when, and what is left in the end."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.store.delta import published_files
from ingest.store.quarantine import Quarantine
from pipeline.api import Project
from pipeline.nightly.night import RunOptions, run_night
from tests.filling import contract

DAY = timedelta(days=1)
LATEST = 2
"""Days by which a file may come late; well within the late window of three."""

Delivery = tuple[date, list[tuple[str, bytes]]]
"""The day on whose evening files come, and these files."""


def plain(files: Mapping[date, bytes]) -> list[Delivery]:
    """Each day's file on its evening."""
    return [(day, [(f"{day}.csv", files[day])]) for day in sorted(files)]


def shuffled(files: Mapping[date, bytes], rng: random.Random) -> list[Delivery]:
    """Each file up to LATEST days later, so that later days come before earlier ones."""
    last = max(files)
    evenings: dict[date, list[tuple[str, bytes]]] = {}
    for day in sorted(files):
        evening = min(day + rng.randint(0, LATEST) * DAY, last)
        evenings.setdefault(evening, []).append((f"{day}.csv", files[day]))
    for evening in evenings.values():
        rng.shuffle(evening)
    evenings.setdefault(last, [])
    return sorted(evenings.items())


def twice(files: Mapping[date, bytes]) -> list[Delivery]:
    """Each file on its evening, and under another name on the next."""
    found = plain(files)
    for before, (_, evening) in pairwise(found):
        evening.append((f"again-{before[1][0][0]}", before[1][0][1]))
    found[-1][1].append((f"again-{max(files)}.csv", files[max(files)]))
    return found


def nights(
    folder: Path,
    config: str,
    deliveries: Sequence[Delivery],
    before: Callable[[int, str], None] = lambda _n, _day: None,
) -> Project:
    """Do one night after each delivery; `before` may disturb number n (from 0), which then is done again."""
    (folder / "inbox").mkdir(parents=True)
    (folder / "journeys.toml").write_text(config)
    for n, (day, files) in enumerate(deliveries):
        for name, content in files:
            (folder / "inbox" / name).write_bytes(content)
        as_of = (day + DAY).isoformat()
        before(n, as_of)
        run_night(Project(folder), RunOptions(as_of=as_of))
    return Project(folder)


@dataclass(frozen=True)
class End:
    """What the nights have come to."""

    events: pa.Table
    spans: list[str]
    sessions: list[dict[str, Any]]
    quarantine: list[tuple[Any, ...]]
    page: bytes
    books: tuple[Any, ...]


def end_of(shop: Project) -> End:
    """All of the store, and the page of the last night."""
    snapshot = shop.store.snapshot()
    left = Quarantine(shop.store.root).rows().drop_columns(["run_id"]).to_pylist()
    sessions = [
        {**row, "session_date": file.parent.name}
        for file in published_files(shop.store.root / "sessions")
        for row in pq.read_table(file, partitioning=None).to_pylist()
    ]
    return End(
        events=pa.concat_tables(
            [contract(pq.read_table(f.path, partitioning=None)) for f in snapshot.files]
        ).combine_chunks(),
        spans=[f.span for f in snapshot.files],
        sessions=sorted(sessions, key=lambda r: (r["started_at"], r["session_id"])),
        quarantine=sorted((tuple(r.values()) for r in left), key=repr),
        page=max((shop.directory / "reports").glob("*/index.html")).read_bytes(),
        books=(snapshot.rows, snapshot.rows_read, snapshot.duplicates, snapshot.quarantined, snapshot.targets),
    )


def differences(one: End, other: End) -> Iterator[str]:
    """In what they differ, by name."""
    for name in End.__dataclass_fields__:
        a, b = getattr(one, name), getattr(other, name)
        if not (a.equals(b) if isinstance(a, pa.Table) else a == b):
            yield name
