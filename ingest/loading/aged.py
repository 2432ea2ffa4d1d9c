"""Days that are older than a store keeps: they leave it in one commit, as if their rows had never been read.

Whole files of such days are no longer named; the month in which the kept time begins is written anew without them. With
the rows go their links, so the owners of what stays are found anew, as for any other row that leaves. The books count the
rows as `aged`: rows read = accepted + duplicates + quarantined + aged.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.cleaning.clean import prepare
from ingest.cleaning.mapping import SourceMapping
from ingest.database import Database, load_sql
from ingest.identity.rules import IdentityRules
from ingest.identity.stitching import Stitching
from ingest.loading.erase import planned
from ingest.loading.gathering import Gathering
from ingest.loading.merge import merge
from ingest.quoting import literal
from ingest.readers.files import natural_key
from ingest.schema import QUARANTINE
from ingest.store.delta import append_file, begun, published_files
from ingest.store.event_store import EventStore, Snapshot
from ingest.store.ledger import aged_line
from ingest.store.quarantine import Quarantine
from ingest.store.spans import SpanFile, instant_of_day

__all__ = ["Aged", "age_out", "blank_aged", "exclude_aged"]

EPOCH = date(1970, 1, 1)

AGED = "older than [store] keep"
"""The detail of a row that is too_late because its day has left already."""

ROWS = pa.schema(
    [
        pa.field("file", pa.string()),
        pa.field("source", pa.string()),
        pa.field("recorded_input", pa.string()),
        pa.field("day", pa.int64()),
        pa.field("events", pa.int64()),
        pa.field("duplicates", pa.int64()),
    ]
)
"""One row is one file, input and UTC day (since 1970): events that leave, and the copies of them that came."""


@dataclass(frozen=True, kw_only=True)
class Aged:
    """What left: events and their UTC days, oldest first."""

    before: date
    events: int = 0
    days: Sequence[str] = ()


def age_out(store: EventStore, before: date, keep: str, rules: IdentityRules, run_id: str) -> Aged:
    """Let every event of a UTC day before this one leave; call under the lock. Nothing is written where there is none.

    `keep`: the words by which the day was found, noted in the commit with it. `rules`: whose the events are that stay.
    """
    store.clear_leftovers()
    base, bound = store.snapshot(), instant_of_day(before)
    old = [f for f in base.files if f.since < bound]
    if not old:
        return Aged(before=before)
    with Database(store=store.root) as db:
        prepare(db, [SourceMapping(name="", fields={}, identity=rules)])
        db.run("set variable kept_from = make_timestamptz($at)", {"at": bound})
        db.run(load_sql("ingest", "aged_macro"))
        rows = db.query(load_sql("ingest", "aged_rows"), {"files": [str(f.path) for f in old]}).cast(ROWS)
        if rows.num_rows:
            held = set(rows["file"].to_pylist())
            said = {"run_id": run_id, "kept": json.dumps({"from": str(before), "keep": keep})}
            leave(db, store, base, [f for f in old if str(f.path) in held], rows, rules, said)
    days = sorted({str(EPOCH + timedelta(days=n)) for n in rows["day"].to_pylist()})
    return Aged(before=before, events=sum(rows["events"].to_pylist()), days=days)


def leave(
    db: Database,
    store: EventStore,
    base: Snapshot,
    old: Sequence[SpanFile],
    rows: pa.Table,
    rules: IdentityRules,
    said: dict[str, str],
) -> None:
    """Commit the store without the rows that `old` files hold; owners of all other events are found anew."""
    going = Counter[str]()
    for file, events in zip(rows["file"].to_pylist(), rows["events"].to_pylist(), strict=True):
        going[file] += events
    emptied = [f for f in old if going[str(f.path)] == f.rows]
    token, stitching = uuid.uuid4().hex, None
    if base.identity or rules.aliases:
        stitching = Stitching(db, rules, base.files, base.identity, store.root)
    touched = base.files if stitching is not None and stitching.all_again else old
    gathering = Gathering(db, base, (), stitching)
    plan = planned(gathering, store, [f.span for f in touched if f not in emptied], emptied, token)
    lines = {f"aged:{token}": 1} | aged_lines(base, rows)
    store.begin([], [f.path for f in (*plan.arriving, *plan.moved)], lines=[f"aged:{token}"])
    merged = merge(gathering, plan)
    removed = [*merged.removed, *emptied]
    facts = facts_after(base, rows, [f.span for f in removed]) | said
    facts |= stitching.facts(store.root) if stitching is not None else {}
    store.commit(base, removed, merged.added, lines, facts)
    store.journal.unlink()


def aged_lines(base: Snapshot, rows: pa.Table) -> dict[str, int]:
    """What the ledger says of each input of which rows leave: how many did, so far."""
    lines = Counter(base.ledger.aged)
    inputs: set[tuple[str, str]] = set()
    for row in rows.to_pylist():
        place = row["source"], row["recorded_input"]
        lines[place] += row["events"] + row["duplicates"]
        inputs.add(place)
    return {aged_line(*place): lines[place] for place in sorted(inputs)}


def facts_after(base: Snapshot, rows: pa.Table, spans: Sequence[str]) -> dict[str, str]:
    """The books over all loads, and the days that this entry changed."""
    events, duplicates = (sum(rows[name].to_pylist()) for name in ("events", "duplicates"))
    return base.facts | {
        "duplicates": str(base.duplicates - duplicates),
        "aged": str(base.aged + events + duplicates),
        "spans": json.dumps(sorted({f"{span}-01"[: len("2026-01-01")] for span in spans})),
    }


def exclude_aged(db: Database, kept_from: date) -> dict[str, int]:
    """Give every row of `staged` of a day that has left the fault `too_late`, and no row of such a day its content.

    Returns how many rows of each source got that fault for it.
    """
    bound = {"at": instant_of_day(kept_from)}
    db.run(
        f"update staged set _fault = case when _fault is null then ['too_late', {literal(AGED)}, null, null] "
        "else [_fault[1], _fault[2], null, _fault[4]] end where event_at < make_timestamptz($at)",
        bound,
    )
    counts = f"select source::varchar, count(*) from staged where _fault[2] = {literal(AGED)} group by all order by all"
    return dict(db.rows(counts))


def blank_aged(store: EventStore) -> int:
    """Empty the content of quarantined rows whose input has lost its last event; call under the lock. Returns how many.

    A row that was not accepted has no day of its own to go by: it goes with the rest of its file.
    """
    quarantine, snapshot = Quarantine(store.root), store.snapshot()
    aged, blanked = snapshot.ledger.aged, 0
    files = published_files(quarantine.path) if aged and begun(quarantine.path) else []
    for file in files:
        rows = pq.read_table(file, schema=QUARANTINE, partitioning=None)
        places = list(zip(rows["source"].to_pylist(), map(natural_key, rows["input"].to_pylist()), strict=True))
        full = rows["raw"].is_valid().to_pylist()
        asked = {place for place, raw in zip(places, full, strict=True) if raw and place in aged}
        gone = asked - still_held(snapshot, asked)
        if not gone:
            continue
        stays = pa.array([place not in gone for place in places], pa.bool_())
        texts = {name: pc.if_else(stays, rows[name], None) for name in ("raw", "detail")}
        emptied = rows
        for name, text in texts.items():
            emptied = emptied.set_column(rows.schema.get_field_index(name), name, text)
        append_file(quarantine.path, quarantine.new_file(uuid.uuid4().hex), emptied.cast(QUARANTINE), instead=file)
        blanked += sum(place in gone for place in places)
    return blanked


def still_held(snapshot: Snapshot, inputs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of these inputs (source, natural key of the name) of which the store has an event."""
    held: set[tuple[str, str]] = set()
    if inputs:
        with Database() as db:
            for file in snapshot.files:  # the oldest days first: what lost events has its next ones there
                left = sorted(inputs - held)
                if not left:
                    break
                columns = list(zip(*left, strict=True))
                table = pa.table({"source": columns[0], "recorded_input": columns[1]})
                db.run_with("create or replace temp table asked as select * from given", given=table)
                held |= set(db.rows(load_sql("ingest", "aged_held"), {"file": [str(file.path)]}))
    return held
