"""Load files: read, clean, merge into their days, commit once.

    load(store, [Source(mapping, files)], ...) -> Loaded

All files of a call are one commit. A file whose bytes were taken in before adds nothing and says so.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from ingest.cleaning.clean import prepare
from ingest.database import Database, load_sql
from ingest.errors import Conflict
from ingest.identity.rules import IdentityRules
from ingest.identity.stitching import Stitching
from ingest.loading.digests import Digests
from ingest.loading.merge import Plan, merge, settle, touched
from ingest.loading.staging import InputFile, Source, clock_notes, path_notes, stage_all
from ingest.schema import MONEY
from ingest.store.event_store import EventStore, Snapshot, TakenInput
from ingest.store.quarantine import Quarantine
from ingest.store.spans import SpanFile

__all__ = ["ARRIVALS", "Accounting", "Gate", "InputFile", "LoadOptions", "Loaded", "Source", "load"]


@dataclass
class Accounting:
    """rows = accepted + duplicates + quarantined, for one source and run."""

    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    conflicting: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Is every row accounted for?"""
        return self.rows == self.accepted + self.duplicates + sum(self.quarantined.values())


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What one load did."""

    run_id: str
    version: int
    accounting: dict[str, Accounting]  # by source
    known: tuple[str, ...]  # inputs that were taken in before
    spans: tuple[str, ...]  # spans rewritten
    inputs: tuple[TakenInput, ...] = ()  # taken in now
    growing: tuple[str, ...] = ()  # inputs that changed while they were read: left for the next load
    arrivals: pa.Table | None = None  # ARRIVALS: what came, before duplicates were found
    notes: tuple[str, ...] = ()  # what to warn of


ARRIVALS = pa.schema([("source", pa.string()), ("span", pa.string()), ("event", pa.string()), ("rows", pa.int64())])
"""One row is one source, UTC day and event name: rows without a fault, before duplicates are taken out."""

CROWD, ABSURD = 1_000, 0.2
"""Of so many events of a source, a customer who has a larger share than this is warned about."""

Gate = Callable[[Mapping[str, Accounting], pa.Table], None]
"""Called with the books (quarantined counted, duplicates not yet) and ARRIVALS before anything is written; may raise."""


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """How a load is done; none of it changes what the rows mean."""

    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    gate: Gate | None = None
    threads: int | None = None
    memory_limit: str = "3GB"
    wait_seconds: float = 0.0  # for another writer


def load(store: EventStore, sources: Sequence[Source], options: LoadOptions | None = None) -> Loaded:
    """Take files into the store, all in one commit.

    Raises InputError before anything is written if a file cannot be read at all, Locked while another writer holds the
    store, and whatever the gate raises.
    """
    options = options or LoadOptions()
    with store.lock(options.wait_seconds):
        attempt = retry(retry=retry_if_exception_type(Conflict), stop=stop_after_attempt(3), reraise=True)(_load)
        return attempt(store, sources, options)


def _load(store: EventStore, sources: Sequence[Source], options: LoadOptions) -> Loaded:
    store.clear_leftovers()  # of a crash, or of an attempt that lost its race
    before = store.snapshot() if store.exists else None
    with Database(options.threads, options.memory_limit, store.root / "tmp") as db:
        prepare(db, [s.mapping for s in sources], [f.name for s in sources for f in s.files])
        digests = Digests(store)
        staged = stage_all(db, sources, None if before is None else before.knows, digests.of)
        books = {s.mapping.name: Accounting(rows=staged.rows[s.mapping.name]) for s in sources}
        for source, reason, n in db.rows(load_sql("ingest", "reasons")):
            books[source].quarantined[reason] = n
        arrivals = db.query(load_sql("ingest", "arrived")).cast(ARRIVALS)
        notes = [
            *staged.notes,
            *path_notes(db, sources, staged.fresh),
            *clock_notes(db, sources),
            *blocked_notes(db),
        ]
        if options.gate is not None:
            options.gate(books, arrivals)
        base = base_of(store, before, sources)
        currencies = sorted({*base.currencies, *staged_currencies(db)})
        notes += [*currency_notes(currencies), *crowd_notes(db)]
        spans: tuple[str, ...] = ()
        stitching = stitching_of(db, store, base, sources)
        again = stitching is not None and stitching.all_again
        if staged.fresh or again:
            said = facts(base, options.run_id, books, arrivals, currencies)
            spans = write(db, store, base, sources, staged.fresh, books, arrivals, said, stitching)
        version = base.version + bool(staged.fresh or again)
        digests.note()
    return Loaded(
        run_id=options.run_id,
        version=version,
        accounting=books,
        known=tuple(staged.known),
        spans=spans,
        inputs=tuple(staged.fresh),
        growing=tuple(staged.growing),
        arrivals=arrivals,
        notes=tuple(notes),
    )


def base_of(store: EventStore, before: Snapshot | None, sources: Sequence[Source]) -> Snapshot:
    """The snapshot to write on: the store is there, with a column for everything that is promoted."""
    base = before or store.create()
    promoted = sorted({name for s in sources for name in s.mapping.promoted} - set(base.promoted))
    return store.promote(base, promoted) if promoted else base


def write(
    db: Database,
    store: EventStore,
    base: Snapshot,
    sources: Sequence[Source],
    inputs: Sequence[TakenInput],
    books: Mapping[str, Accounting],
    arrivals: pa.Table,
    facts: dict[str, str],
    stitching: Stitching | None,
) -> tuple[str, ...]:
    """Write what is staged and commit it; duplicates go into the books. Returns the spans written."""
    quarantine, token = Quarantine(store.root), uuid.uuid4().hex
    plan = planned(db, store, base, sources, arrivals, token, stitching)
    written = [*plan.arriving, *plan.moved]
    store.begin(inputs, [*(p.path for p in written), quarantine.new_file(token)])
    bad = db.query(load_sql("ingest", "quarantined"), {"run_id": facts["run_id"]})
    if bad.num_rows:
        quarantine.append(quarantine.new_file(token), bad)
    removed, added, tally = merge(db, base, sources, plan, stitching)
    if stitching is not None:
        days = {*json.loads(facts["spans"]), *(f"{p.span}-01"[: len("2026-01-01")] for p in plan.moved)}
        facts = facts | stitching.facts(store.root) | {"spans": json.dumps(sorted(days))}
    for source, (accepted, duplicates, conflicting) in tally.items():
        book = books[source]
        book.accepted, book.duplicates, book.conflicting = accepted, duplicates, conflicting
    twice = base.duplicates + sum(book.duplicates for book in books.values())
    store.commit(base, removed, added, inputs, facts | {"duplicates": str(twice)})
    store.journal.unlink()
    return tuple(p.span for p in written)


def blocked_notes(db: Database) -> list[str]:
    """What to say of ids that are none."""
    rows = db.rows(load_sql("ingest", "blocked_ids"))
    by_source: dict[str, list[str]] = {}
    for source, word, n in rows:
        by_source.setdefault(source, []).append(f'"{word}" {n:,}')
    return [
        f"{source}: ids that are none ([identity] blocked), as if blank: {', '.join(words[:5])}{' ...' if len(words) > 5 else ''}."
        for source, words in by_source.items()
    ]


def stitching_of(db: Database, store: EventStore, base: Snapshot, sources: Sequence[Source]) -> Stitching | None:
    """The identity of this load; None where nobody ever had an anonymous id or an alias."""
    rules = sources[0].mapping.identity if sources else IdentityRules()
    here = any("anonymous_id" in s.mapping.fields for s in sources)
    if not (here or base.identity or rules.aliases):
        return None
    return Stitching(db, rules, base.files, base.identity, store.root)


def planned(
    db: Database,
    store: EventStore,
    base: Snapshot,
    sources: Sequence[Source],
    arrivals: pa.Table,
    token: str,
    stitching: Stitching | None,
) -> Plan:
    """The files to write: of the spans that rows arrive for, and of those whose events change hands by it."""
    rows = dict(touched(arrivals, base.months))
    if stitching is not None and stitching.all_again:
        rows = {f.span: 0 for f in base.files} | rows

    def files(spans: Iterable[str]) -> list[SpanFile]:
        return [SpanFile(path=store.new_file(s, token), span=s, rows=rows.get(s, 0)) for s in sorted(spans)]

    arriving = files(rows)
    if stitching is None:
        return Plan(arriving=arriving)
    return Plan(arriving=arriving, moved=files(settle(db, base, sources, arriving, stitching)))


def staged_currencies(db: Database) -> list[str]:
    """The currencies of the staged rows that have money and are accepted."""
    columns = {str(row[0]) for row in db.rows("describe staged")}
    money = " or ".join(f"{name} is not null" for name in MONEY if name in columns)
    if "currency" not in columns or not money:
        return []
    found = db.rows(
        f"select distinct upper(bare(currency)) from staged where _fault is null and ({money}) and currency is not null"
    )
    return sorted(str(name) for (name,) in found if name)


def crowd_notes(db: Database) -> list[str]:
    """What to say of a customer who has an absurd share of a source's rows: a word for nothing, or a column that is no id."""
    found = db.rows(
        "select source::varchar, max(n), sum(n) from (select source, count(*) as n from staged where _fault is null "
        f"group by source, customer_key) group by all having sum(n) >= {CROWD} and max(n) > {ABSURD} * sum(n) order by all"
    )
    return [
        f"{source}: one customer has {most:,} of {rows:,} events ({most / rows:.0%}). Is its id a word for nothing? "
        'missing = ["..."] in the [[source]] names it. See: journeys sql "select customer_id, anonymous_id, count(*) as n '
        'from events group by all order by n desc limit 3"'
        for source, most, rows in found
    ]


def currency_notes(currencies: Sequence[str]) -> list[str]:
    """What to say of a store that holds several currencies."""
    if len(currencies) < 2:
        return []
    return [
        f"the store holds money in {', '.join(currencies)}: amounts of several currencies are not added up, so answers have no "
        'money. currency = "..." in [project] says which one counts; load the files anew then, rows in others are quarantined.'
    ]


def facts(
    base: Snapshot, run_id: str, books: Mapping[str, Accounting], arrivals: pa.Table, currencies: Sequence[str]
) -> dict[str, str]:
    """What the log entry says of the run, added up over all runs so far.

    rows_read lets `reconcile` balance the store; newest_days (source -> UTC day) says from when on a row is late.
    """
    newest = dict(base.newest_days)
    for row in arrivals.to_pylist():
        newest[row["source"]] = max(newest.get(row["source"], ""), row["span"])
    rows = base.rows_read + sum(book.rows for book in books.values())
    return {
        "run_id": run_id,
        "rows_read": str(rows),
        "currencies": json.dumps(list(currencies)),
        "newest_days": json.dumps(newest, sort_keys=True),
        "quarantined": json.dumps(sum_of(base.quarantined, *(b.quarantined for b in books.values())), sort_keys=True),
        "spans": json.dumps(sorted(set(arrivals["span"].to_pylist()))),
    }


def sum_of(*counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by name, added up."""
    total = Counter[str]()
    for one in counts:
        total.update(one)
    return dict(total)
