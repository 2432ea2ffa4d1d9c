"""Staged rows + what the store holds -> the files of all spans touched, written anew: sorted, each event once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.database import Database, load_sql
from ingest.identity.stitching import Stitching, join_indexes
from ingest.loading.inputs import Source
from ingest.loading.parquet_writer import CHUNK, Writing
from ingest.quoting import literal, quoted
from ingest.readers.files import natural_key
from ingest.schema import EVENTS, sql_type
from ingest.store.event_store import Snapshot, sealed_file
from ingest.store.ledger import Share
from ingest.store.spans import SpanFile

TOGETHER = 200_000
"""Rows of small spans that are merged by one statement: a statement costs more than the rows of a small span."""

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
    gone: bool = False  # do the events of the inputs in the table `gone` leave?


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What a merge did."""

    removed: list[SpanFile]
    added: list[SpanFile]
    tally: Tally
    shares: set[Share]  # pairs of inputs that hold copies of one event


def merge(
    db: Database, base: Snapshot, sources: Sequence[Source], plan: Plan, stitching: Stitching | None = None
) -> Merged:
    """Write the planned files; `staged` is gone. With `stitching`, which is settled, every event has the key of its owner."""
    make_rules(db, sources)
    arrived = db.rows("select source, count(*) from staged where _fault is null group by all")
    tally: Tally = {source: (n, 0, 0) for source, n in arrived}
    columns = [*EVENTS.names, *base.promoted]
    arriving = staged_columns(db)
    removed: list[SpanFile] = []
    shares: set[Share] = set()
    with Writing(columns, sealed_file) as writing:
        for group in groups(plan.arriving, base):
            old = held_by(base, group)
            gather(db, group, old, columns, arriving, stitching, plan.gone)
            copies = collapse(db)
            if copies:
                shares.update(Share(source=s, first=a, second=b) for s, a, b in db.rows(load_sql("ingest", "shared")))
            for source, twice, differing in copies:
                accepted, duplicates, conflicting = tally[source]
                tally[source] = (accepted - twice, duplicates + twice, conflicting + differing)
            removed += old
            held = columns if old or copies else arriving
            if stitching is not None and "owner_id" not in held:
                held = [*held, "owner_id"]
            kept = "kept" if stitching is None else stitching.own()
            write(db, writing, group, mixed(db, held) if old else fresh(sources, held), kept)
        for file in plan.moved:
            assert stitching is not None
            old = held_by(base, [file])
            hold(db, old, columns)
            stitching.recorded()
            owned = stitching.reown()
            write(db, writing, [file], mixed(db, columns), owned)
            removed += old
        db.run("drop table staged")  # giving memory back takes time, and the last files are still being written
        written = writing.files()
    if stitching is not None:
        index(base, plan, written, stitching)
    return Merged(removed=removed, added=written, tally=tally, shares=shares)


def held_by(base: Snapshot, group: Sequence[SpanFile]) -> list[SpanFile]:
    """The stored files of these spans."""
    spans = {p.span for p in group}
    return [f for f in base.files if f.span in spans]


def settle(db: Database, base: Snapshot, sources: Sequence[Source], plan: Plan, stitching: Stitching) -> list[str]:
    """Let `stitching` see every event that will be written; returns the further spans whose events change hands.

    Copies are taken out first, as they are when files are written: a copy links nobody.
    """
    make_rules(db, sources)
    columns, arriving = [*EVENTS.names, *base.promoted], staged_columns(db)
    for group in groups(plan.arriving, base):
        old = held_by(base, group)
        gather(db, group, old, columns, arriving, stitching, plan.gone)
        collapse(db)
        stitching.collect(group, mixed=bool(old))
    return stitching.settle([p.span for p in (*plan.arriving, *plan.emptied)])


def index(base: Snapshot, plan: Plan, written: Sequence[SpanFile], stitching: Stitching) -> None:
    """Put its device index beside every written file; a span whose events only changed hands keeps the one it had."""
    moved = {f.span for f in plan.moved}
    stitching.write_indexes(f for f in written if f.span not in moved)
    for file in written:
        if file.span in moved:
            join_indexes(held_by(base, [file]), file)


def make_rules(db: Database, sources: Sequence[Source]) -> None:
    """The macros has_event_id(source) and has_key(source): how copies are found, of the sources that are loaded now."""
    rules = {"has_event_id": ("event_id",), "has_key": ("event_id", "content")}
    for name, keys in rules.items():
        listed = ", ".join(literal(s.mapping.name) for s in sources if s.mapping.key in keys)
        db.run(f"create or replace temp macro {name}(source) as ({f'source in ({listed})' if listed else 'false'})")


def groups(planned: Sequence[SpanFile], base: Snapshot) -> Iterator[list[SpanFile]]:
    """Neighbouring days of TOGETHER rows in all; a larger one is alone, and so is a month."""
    held = {p.span: p.rows for p in planned}
    for f in base.files:
        if f.span in held:
            held[f.span] += f.rows
    group: list[SpanFile] = []
    for p in planned:
        if group and (
            not (group[-1].is_day and p.is_day) or sum(held[g.span] for g in group) + held[p.span] > TOGETHER
        ):
            yield group
            group = []
        group.append(p)
    if group:
        yield group


def staged_columns(db: Database) -> list[str]:
    """The columns of an event in `staged`."""
    return [name for name, *_ in db.rows("describe staged") if not name.startswith("_")]


def gather(
    db: Database,
    group: Sequence[SpanFile],
    old: Sequence[SpanFile],
    columns: Sequence[str],
    arriving: Sequence[str],
    stitching: Stitching | None,
    gone: bool,
) -> None:
    """Make `arrivals`, every event of these spans, stored or new, with all columns: those not asked for cost nothing."""
    for name, at in {"since": group[0].since, "until": group[-1].until}.items():
        db.run(f"set variable {name} = make_timestamptz($at)", {"at": at})
    db.run(load_sql("ingest", "fresh"))
    absent = {
        c: f"{0 if c == 'duplicates' else 'null'}::{sql_type(c)} as {quoted(c)}" for c in columns if c not in arriving
    }
    listed = [absent.get(c, quoted(c)) for c in columns]
    stored = "select * from stored union all by name " if old else ""
    if old:
        hold(db, old, columns)
        if gone:
            db.run(load_sql("ingest", "without_gone"))
    if stitching is not None:  # owners are found anew: events have the keys of their ids as recorded
        device = "_device" if any(n == "_device" for n, *_ in db.rows("describe staged")) else "null::bigint as _device"
        listed = [*(absent.get(c, quoted(c)) for c in columns if c != "owner_id"), device, "null::varchar as _owner_id"]
        if old:
            stitching.recorded()
            stored = (
                "select * exclude (owner_id, _owner_key), null::varchar as _owner_id from recorded union all by name "
            )
    db.run(f"create or replace temp view arrivals as {stored}select {', '.join(listed)} from fresh")


def hold(db: Database, files: Sequence[SpanFile], columns: Sequence[str]) -> None:
    """Make `stored`, every event of these files."""
    db.run(load_sql("ingest", "empty_span"))
    for name in columns[len(EVENTS) :]:
        db.run(f"alter table stored add column {quoted(name)} varchar")
    db.run(load_sql("ingest", "stored"), {"files": [str(f.path) for f in files]})


def collapse(db: Database) -> list[tuple[str, int, int]]:
    """Make `kept`, every event of `arrivals` once: source, rows that are copies, those with another content."""
    db.run(load_sql("ingest", "keyed"))
    if may_repeat(db):
        db.run(load_sql("ingest", "repeated"))
        if db.rows("select count(*) from repeated")[0][0]:
            db.run(load_sql("ingest", "collapsed"))
            db.run(load_sql("ingest", "kept"))
            return db.rows(load_sql("ingest", "losers"))
    db.run("create or replace temp view kept as select * from arrivals")
    return []


def may_repeat(db: Database) -> bool:
    """Does any key come twice, whoever's it is? Looking at bare numbers tells sooner than a grouping by customer and day."""
    batches = db.batches("select _key from keyed", 1 << 20)
    return any_twice(np.concatenate([*(np.asarray(b.column(0).drop_null()) for b in batches), np.empty(0, np.uint64)]))


def any_twice(keys: npt.NDArray[np.uint64]) -> bool:
    """Is any of these numbers there twice? Each takes the place that its last bits name; only those that lost theirs to
    another number are compared by a sort."""
    places = 1 << (2 * len(keys)).bit_length()
    named = (keys & np.uint64(places - 1)).view(np.int64)
    own, holder = np.arange(len(keys), dtype=np.int32), np.empty(places, dtype=np.int32)
    holder[named] = own
    lost = np.flatnonzero(holder.take(named) != own)
    beaten, winners = keys.take(lost), keys.take(holder.take(named.take(lost)))
    if (beaten == winners).any():
        return True
    beaten.sort()
    return bool((beaten[1:] == beaten[:-1]).any())


def fresh(sources: Sequence[Source], columns: Sequence[str]) -> Shape:
    """Where nothing was stored, the inputs are those at hand: inputs of different names have no row number twice."""
    names = [f.name for s in sources for f in s.files]
    texts = {"recorded_input": {natural_key(n) for n in names}, "source": {s.mapping.name for s in sources}}
    same = {column: found.pop() for column, found in texts.items() if len(found) == 1}
    told = {"source", "content_hash"} if len(set(names)) == len(names) else set()
    return Shape([c for c in columns if c not in same], order(told | set(same)), same)


def mixed(db: Database, columns: Sequence[str]) -> Shape:
    """What is stored has inputs and sources of its own."""
    texts = ("recorded_input", "source")
    (found,) = db.rows("select min(recorded_input) = max(recorded_input), min(source) = max(source) from kept")
    return Shape(columns, order({name for name, one in zip(texts, found, strict=True) if one}), {})


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
