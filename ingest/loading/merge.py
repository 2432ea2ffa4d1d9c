"""Staged rows + what the store holds -> the files of all spans touched, written anew: sorted, each event once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from ingest.database import Database, load_sql
from ingest.identity.stitching import Stitching, join_indexes
from ingest.loading.gathering import Gathering, Part
from ingest.loading.inputs import Source
from ingest.loading.parquet_writer import CHUNK, Writing
from ingest.quoting import quoted
from ingest.readers.files import natural_key
from ingest.store.event_store import sealed_file
from ingest.store.ledger import Share
from ingest.store.spans import SpanFile

TOGETHER = 200_000
"""Rows of small spans that are written by one statement: a statement costs more than the rows of a small span."""

STITCHED = 500_000
"""The same where every statement looks up whose the rows are, among all owners of the load."""

LINKED = 2_000_000
"""Rows whose links are collected together; a load of so many is gathered once, for its links and for its files."""

ORDER = "customer_key, event_at, recorded_input, source, recorded_row, content_hash"
Tally = dict[str, tuple[int, int, int]]


class Shape(NamedTuple):
    """What of `kept` is sorted, and by what; text and keys are dear to carry and to compare."""

    columns: Sequence[str]
    order: str
    same: Mapping[str, str]  # texts that every row has, left out of the columns


def touched(arrivals: pa.Table, months: Collection[str]) -> list[tuple[str, int]]:
    """(span, rows that arrive) of every span that is touched, in order; a day of a sealed month is that month's."""
    spans = Counter[str]()
    days = arrivals.group_by("span").aggregate([("rows", "sum")])
    for day, rows in zip(days["span"].to_pylist(), days["rows_sum"].to_pylist(), strict=True):
        month = day[: len("2026-01")]
        spans[month if month in months else day] += rows
    return sorted(spans.items())


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a load writes: files of the spans that rows arrive for, and of spans whose events only change hands."""

    arriving: Sequence[SpanFile]
    moved: Sequence[SpanFile] = ()
    emptied: Sequence[SpanFile] = ()  # stored files of which nothing is left


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What a merge did."""

    removed: list[SpanFile]
    added: list[SpanFile]
    tally: Tally
    shares: set[Share]  # pairs of inputs that hold copies of one event


def merge(gathering: Gathering, plan: Plan) -> Merged:
    """Write the planned files; `staged` is gone. With stitching, which is settled, every event has the key of its owner."""
    db, stitching = gathering.db, gathering.stitching
    arrived = db.rows("select source, count(*) from staged where _fault is null group by all")
    tally: Tally = {source: (n, 0, 0) for source, n in arrived}
    removed: list[SpanFile] = []
    shares: set[Share] = set()
    with Writing(gathering.columns, sealed_file) as writing:
        for planned in gathering.groups(plan.arriving, TOGETHER if stitching is None else LINKED):
            part = gathering.gather(planned)
            shares |= part.shares
            for source, twice, differing in part.copies:
                accepted, duplicates, conflicting = tally[source]
                tally[source] = (accepted - twice, duplicates + twice, conflicting + differing)
            write_part(gathering, writing, part)
            removed += part.old
        for planned in gathering.groups(plan.moved, LINKED):
            removed += write_moved(gathering, writing, planned)
        db.run("drop table staged")  # giving memory back takes time, and the last files are still being written
        written = writing.files()
    if stitching is not None:
        index(gathering, plan, written, stitching)
    return Merged(removed=removed, added=written, tally=tally, shares=shares)


def write_part(gathering: Gathering, writing: Writing, part: Part) -> None:
    """Write the files of spans that were gathered, a few at a time."""
    stitching = gathering.stitching
    held = gathering.columns if part.old or part.copies else gathering.arriving
    if stitching is not None and "owner_id" not in held:
        held = [*held, "owner_id"]
    kept = "kept" if stitching is None else stitching.own()
    for group in gathering.groups(part.planned, TOGETHER if stitching is None else STITCHED):
        gathering.narrow(group)
        shape = mixed(gathering.db, held) if part.old else fresh(gathering.sources, held)
        write(gathering.db, writing, group, shape, kept)


def write_moved(gathering: Gathering, writing: Writing, planned: Sequence[SpanFile]) -> list[SpanFile]:
    """Write spans anew whose events only change hands; returns the files that go."""
    assert gathering.stitching is not None
    old = gathering.held_by(planned)
    gathering.hold(old)
    gathering.narrow(planned)
    gathering.stitching.recorded()
    owned = gathering.stitching.reown()
    for group in gathering.groups(planned, STITCHED):
        gathering.narrow(group)
        write(gathering.db, writing, group, mixed(gathering.db, gathering.columns), owned)
    return old


def settle(gathering: Gathering, plan: Plan) -> list[str]:
    """Let the stitching see every event that will be written; returns the further spans whose events change hands.

    Copies are taken out first, as they are when files are written: a copy links nobody.
    """
    stitching = gathering.stitching
    assert stitching is not None
    for planned in gathering.groups(plan.arriving, LINKED):
        part = gathering.gather(planned)
        stitching.collect(planned, mixed=bool(part.old))
    return stitching.settle([p.span for p in (*plan.arriving, *plan.emptied)])


def index(gathering: Gathering, plan: Plan, written: Sequence[SpanFile], stitching: Stitching) -> None:
    """Put its device index beside every written file; a span whose events only changed hands keeps the one it had."""
    moved = {f.span for f in plan.moved}
    stitching.write_indexes(f for f in written if f.span not in moved)
    for file in written:
        if file.span in moved:
            join_indexes(gathering.held_by([file]), file)


def fresh(sources: Sequence[Source], columns: Sequence[str]) -> Shape:
    """Where nothing was stored, the inputs are those at hand: inputs of different names have no row number twice."""
    names = [f.name for s in sources for f in s.files]
    texts = {"recorded_input": {natural_key(n) for n in names}, "source": {s.mapping.name for s in sources}}
    same = {column: place.pop() for column, place in texts.items() if len(place) == 1}
    told = {"source", "content_hash"} if len(set(names)) == len(names) else set()
    return Shape([c for c in columns if c not in same], order(told | set(same)), same)


def mixed(db: Database, columns: Sequence[str]) -> Shape:
    """What is stored has inputs and sources of its own."""
    texts = ("recorded_input", "source")
    (bounds,) = db.rows("select min(recorded_input) = max(recorded_input), min(source) = max(source) from kept")
    return Shape(columns, order({name for name, one in zip(texts, bounds, strict=True) if one}), {})


def order(needless: Collection[str]) -> str:
    """ORDER, less what decides nothing; of `kept`, where sources and inputs may still be numbers."""
    return ", ".join(f"kept.{c}" for c in ORDER.split(", ") if c not in needless)


def write(db: Database, writing: Writing, group: Sequence[SpanFile], shape: Shape, kept: str) -> None:
    """Write the files of a group: a large span as it comes out of the sort, small ones cut out of one sorted table."""
    texts = ("recorded_input", "source")
    listed = ", ".join(f"{c}::varchar as {c}" if c in texts else quoted(c) for c in shape.columns)
    if len(group) == 1:
        (only,) = group
        batches = db.batches(f"select {listed} from {kept} as kept order by {shape.order}", CHUNK)
        writing.stream(only.path, only.span, batches, shape.same)
        return
    counts = dict(db.rows(load_sql("ingest", "kept_days")))
    table = db.query(
        f"select {listed} from {kept} as kept order by epoch_us(kept.event_at) // 86400000000, {shape.order}"
    )
    start = 0
    for p in group:
        writing.whole(p.path, p.span, table.slice(start, counts[p.span]), shape.same)
        start += counts[p.span]
