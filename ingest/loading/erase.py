"""The events of a customer leave the store: the spans that hold any are written anew without them, in one commit.

The way is that of a load: what the spans still hold is gathered, owners are found anew (a link that goes may make events of
a shared device another's), files are written and committed. What went is counted on in the quarantine, as `excluded` rows
without content, so that the books still balance.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from ingest.cleaning.clean import prepare
from ingest.cleaning.mapping import SourceMapping
from ingest.database import Database, load_sql
from ingest.identity.rules import IdentityRules
from ingest.identity.stitching import Stitching
from ingest.keys import anonymous_text, key_of, known_text
from ingest.loading.gathering import Gathering
from ingest.loading.merge import Plan, merge, settle
from ingest.readers.files import name_of_key, natural_key
from ingest.schema import QUARANTINE
from ingest.store.core import open_core
from ingest.store.device_index import device_index_path
from ingest.store.event_store import EventStore, Snapshot
from ingest.store.quarantine import Quarantine
from ingest.store.spans import SpanFile

__all__ = ["Erased", "Person", "erase_events", "find_events", "person_of", "without"]


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whom to erase: known ids, those of a customer and of its aliases, or anonymous ids."""

    customers: frozenset[str] = frozenset()
    anonymous: frozenset[str] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """All of them."""
        return self.customers | self.anonymous


def person_of(id: str, anonymous: bool, aliases: Sequence[dict[str, str]]) -> Person:
    """The customer of an id with all its aliases, by any of these (alias -> customer); or an anonymous id, which has none."""
    if anonymous:
        return Person(anonymous=frozenset([id]))
    ids = {id}
    while True:
        more = {i for pairs in aliases for pair in pairs.items() if ids & set(pair) for i in pair}
        if more <= ids:
            return Person(customers=frozenset(ids))
        ids |= more


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What was found of a person: files with the events in each, and the rows of which there is one `Gone` each."""

    files: dict[SpanFile, int]
    rows: pa.Table  # GONE
    devices: tuple[tuple[str, str], ...]  # (space, anonymous id) of a customer's events that no other customer used

    @property
    def events(self) -> int:
        """Events that go."""
        return sum(self.files.values())

    @property
    def stitched(self) -> int:
        """Those of them that name nobody."""
        return int(np.count_nonzero(self.rows["stitched"].to_numpy(zero_copy_only=False)))


GONE = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("recorded_input", pa.string()),
        pa.field("recorded_row", pa.int64()),
        pa.field("duplicates", pa.int64()),
        pa.field("stitched", pa.bool_()),
    ]
)
"""One row is one event that goes: where it was recorded, how many copies of it came, does the row itself not name its owner."""


def find_events(store: EventStore, base: Snapshot, person: Person, rules: IdentityRules) -> Erased:
    """The events of a person. Only files are read whose core has the customer's key, or whose index has anonymous ids."""
    files = [f for f in base.files if may_hold(f, person)]
    if not files:
        return Erased(files={}, rows=GONE.empty_table(), devices=())
    with Database(store=store.root) as db:
        db.run(load_sql("ingest", "macros"))
        who_goes(db, person)
        paths = {"files": [str(f.path) for f in files]}
        db.run(load_sql("ingest", "going_events"), paths)
        counts = dict(db.rows("select filename, count(*) from going_events group by all"))
        rows = db.query(load_sql("ingest", "going_rows")).cast(GONE)
        devices = of_nobody_else(db, base, rules, person) if person.customers else ()
    return Erased(files={f: counts[str(f.path)] for f in files if str(f.path) in counts}, rows=rows, devices=devices)


def may_hold(file: SpanFile, person: Person) -> bool:
    """Can a file hold events of a person?"""
    if person.anonymous:
        return device_index_path(file.path).exists()
    keys = np.array(sorted(key_of(known_text(i)) for i in person.customers), dtype=np.int64)
    core = open_core(file.path)
    try:
        places = [(c.key, np.searchsorted(c.key, keys).clip(0, len(c.key) - 1)) for c in core.chunks if len(c.key)]
        return any(bool((key[place] == keys).any()) for key, place in places)
    finally:
        core.close()


def who_goes(db: Database, person: Person) -> None:
    """Say who is being erased: the macro is_leaving(customer, owner, anonymous id, instant)."""
    for name, ids in (("going_customers", person.customers), ("going_devices", person.anonymous)):
        table = pa.table({"id": pa.array(sorted(ids), pa.string())})
        db.run_with(f"create or replace temp table {name} as select id from given", given=table)
    db.run(load_sql("ingest", "going_macro"))


def of_nobody_else(db: Database, base: Snapshot, rules: IdentityRules, person: Person) -> tuple[tuple[str, str], ...]:
    """(space, anonymous id) of the customer's events that no row links to another customer."""
    pairs = db.rows(
        "select distinct source, anonymous_id from going_events where anonymous_id is not null order by all"
    )
    devices = {(rules.space(source), anonymous_id) for source, anonymous_id in pairs}
    indexed = [str(p) for f in base.files if (p := device_index_path(f.path)).exists()]
    if not devices or not indexed:
        return ()
    keys = {key_of(anonymous_text(device, space)): (space, device) for space, device in devices}
    asked = pa.table({"device": pa.array(sorted(keys), pa.int64())})
    db.run_with("create or replace temp table asked_devices as select device from asked", asked=asked)
    shared = {device for (device,) in db.rows(load_sql("ingest", "going_shared"), {"files": indexed})}
    return tuple(sorted(place for key, place in keys.items() if key not in shared))


def erase_events(
    store: EventStore, base: Snapshot, person: Person, places: Erased, rules: IdentityRules, run_id: str
) -> None:
    """Write the spans anew that hold events of a person, without them; call under the lock.

    `rules` name no alias of the person. Owners of all other events are those of a store that never read the rows.
    """
    if not places.files and base.identity.get("aliases", "") == (rules.alias_digest if base.identity else ""):
        return
    quarantine, token = Quarantine(store.root), uuid.uuid4().hex
    emptied = [f for f, events in places.files.items() if events == f.rows]
    with Database(store=store.root) as db:
        prepare(db, [SourceMapping(name="", fields={}, identity=rules)])
        who_goes(db, person)
        stitching = None
        if base.identity or rules.aliases:
            stitching = Stitching(db, rules, base.files, base.identity, store.root)
        touched = base.files if stitching is not None and stitching.all_again else places.files
        gathering = Gathering(db, base, (), stitching)
        plan = planned(gathering, store, [f.span for f in touched if f not in emptied], emptied, token)
        line = f"erased:{token}"
        written = [*plan.arriving, *plan.moved]
        store.begin([], [*(p.path for p in written), quarantine.new_file(token)], lines=[line])
        rows = placeholders(places.rows, base, run_id)
        if rows.num_rows:
            quarantine.append(quarantine.new_file(token), rows)
        merged = merge(gathering, plan)
        removed = [*merged.removed, *emptied]
        facts = facts_after(base, places, [f.span for f in removed], rows.num_rows)
        facts |= stitching.facts(store.root) if stitching is not None else {}
        store.commit(base, removed, merged.added, {line: 1}, facts | {"run_id": run_id})
        store.journal.unlink()


def planned(
    gathering: Gathering, store: EventStore, spans: Sequence[str], emptied: Sequence[SpanFile], token: str
) -> Plan:
    """The files to write: of the spans that the events leave, and of those whose events change hands by it."""

    def files(names: Sequence[str]) -> list[SpanFile]:
        return [SpanFile(path=store.new_file(s, token), span=s, rows=0) for s in sorted(set(names))]

    plan = Plan(arriving=files(spans), emptied=emptied)
    return plan if gathering.stitching is None else replace(plan, moved=files(settle(gathering, plan)))


def placeholders(gone: pa.Table, base: Snapshot, run_id: str) -> pa.Table:
    """QUARANTINE: a row for each row that the store read of these events, without content.

    Each is its input's, as if it had been quarantined when it came: it goes where the input is read anew. `run_id`: of inputs
    that no ledger names.
    """
    runs = {(source, natural_key(name)): came[-1].run_id for (source, name), came in base.ledger.inputs.items()}
    rows = [
        {
            "source": row["source"],
            "input": name_of_key(row["recorded_input"]),
            "record": row["recorded_row"] + 1 if i == 0 else None,
            "reason": "excluded",
            "detail": "erased",
            "run_id": runs.get((row["source"], row["recorded_input"]), run_id),
        }
        for row in gone.to_pylist()
        for i in range(1 + row["duplicates"])
    ]
    return pa.Table.from_pylist(rows, schema=QUARANTINE)


def facts_after(base: Snapshot, places: Erased, spans: Sequence[str], excluded: int) -> dict[str, str]:
    """What the log entry says: the books over all loads, and the days that this entry changed."""
    quarantined = Counter(base.quarantined) + Counter({"excluded": excluded})
    duplicates = base.duplicates - sum(places.rows["duplicates"].to_pylist())
    return base.facts | {
        "quarantined": json.dumps(dict(quarantined), sort_keys=True),
        "duplicates": str(duplicates),
        "spans": json.dumps(sorted({f"{span}-01"[: len("2026-01-01")] for span in spans})),
    }


def without(rules: IdentityRules, person: Person) -> IdentityRules:
    """The rules without the aliases of a person."""
    kept = {a: c for a, c in rules.aliases.items() if not {a, c} & person.customers}
    return replace(rules, aliases=kept)
