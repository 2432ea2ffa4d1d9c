"""Load files: read, clean, merge into their days, commit once.

    load(store, [Source(mapping, files)], ...) -> Loaded

All files of a call are one commit. A file whose bytes its source took in before adds nothing and says so; one that
cannot be read is set aside with its reason, and stops no other.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pyarrow as pa
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from ingest.cleaning.clean import prepare
from ingest.cleaning.currencies import told_apart
from ingest.database import Database, load_sql
from ingest.errors import Conflict
from ingest.identity.rules import IdentityRules
from ingest.identity.stitching import Stitching
from ingest.loading.aged import exclude_aged
from ingest.loading.anew import Anew, Going, going, plan_anew, standing
from ingest.loading.digests import Digests
from ingest.loading.exclude_erased import exclude_erased
from ingest.loading.gathering import Gathering
from ingest.loading.inputs import InputFile, Known, Source, Staged
from ingest.loading.loaded import Accounting, Aside, Loaded
from ingest.loading.merge import Plan, merge, settle, touched
from ingest.loading.notes import blocked_notes, crowd_notes, currency_notes, staged_currencies, stored_currencies
from ingest.loading.staging import clock_notes, path_notes, stage_all
from ingest.store.event_store import EventStore, Snapshot
from ingest.store.ledger import Groups, Share, TakenInput
from ingest.store.quarantine import Quarantine
from ingest.store.set_aside import Note, note_set_aside
from ingest.store.spans import SpanFile
from ingest.store.tombstones import Tombstones

__all__ = ["ARRIVALS", "Accounting", "Aside", "Gate", "InputFile", "LoadOptions", "Loaded", "Source", "load"]


ARRIVALS = pa.schema([("source", pa.string()), ("span", pa.string()), ("event", pa.string()), ("rows", pa.int64())])
"""One row is one source, UTC day and event name: rows without a fault, before duplicates are taken out."""

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
    again: bool = False  # read files anew that are known: what came of them goes
    strict: bool = True  # raise where all that came is set aside
    kept_from: date | None = None  # rows of earlier days are too late: such days have left
    keep_faulty: bool = False  # quarantine the rows of a file of which no row is an event; else it is set aside


def load(store: EventStore, sources: Sequence[Source], options: LoadOptions | None = None) -> Loaded:
    """Take files into the store, all in one commit.

    Files that cannot be read are in `Loaded.aside`; if there is no other file, the first one's error is raised (unless
    the options are not `strict`), and nothing is written. Raises Locked while another writer holds the store, and
    whatever the gate raises.
    """
    options = options or LoadOptions()
    with store.lock(options.wait_seconds):
        attempt = retry(retry=retry_if_exception_type(Conflict), stop=stop_after_attempt(3), reraise=True)(_load)
        return attempt(store, sources, options)


def _load(store: EventStore, sources: Sequence[Source], options: LoadOptions) -> Loaded:
    store.clear_leftovers()  # of a crash, or of an attempt that lost its race
    before = store.snapshot() if store.exists else None
    digests = Digests(store)
    anew = Anew(sources=sources) if before is None else plan_anew(before, sources, options.again, digests.of)
    with Database(options.threads, options.memory_limit, store.root) as db:
        prepare(db, [s.mapping for s in sources], [f.name for s in anew.sources for f in s.files])
        known = None if before is None else Known(reading=before.reading, ledger=before.ledger, again=anew.files)
        staged = stage_all(db, anew.sources, known, digests.of, options.keep_faulty)
        staged.aside += anew.refused
        digests.note()
        if options.strict and staged.aside and not (staged.fresh or staged.known or staged.growing or staged.empty):
            raise staged.aside[0].error
        note_set_aside(store, [(s.name, f.name) for s in sources for f in s.files], noted(staged, sources))
        groups = standing(db, staged, anew.groups)
        staged.fresh = [replace(i, run_id=options.run_id) for i in staged.fresh]
        tombstones = Tombstones.of(store.root)
        if tombstones is not None:
            exclude_erased(db, tombstones, sources)
        books = {s.name: Accounting(rows=staged.rows[s.name]) for s in sources}
        if options.kept_from is not None:
            for source, n in exclude_aged(db, options.kept_from).items():
                books[source].aged = n
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
        come = bool(staged.fresh or groups)
        base = base_of(store, before, sources) if come or before is not None or staged.empty else None
        spans: tuple[str, ...] = ()
        writes = False
        if base is not None:
            gone = going(db, base, groups)
            before_them = stored_currencies(db, base) if gone.inputs else base.currencies
            currencies = told_apart({*before_them, *staged_currencies(db)})
            notes += [*currency_notes(currencies), *crowd_notes(db)]
            stitching = stitching_of(db, store, base, sources, tombstones)
            writes = come or (stitching is not None and stitching.all_again)
            if writes:
                said = facts(base, options.run_id, books, arrivals, currencies, gone, staged)
                spans = write(db, store, base, anew.sources, staged.fresh, books, arrivals, said, gone, stitching)
    had = before.targets if before else {}
    return Loaded(
        run_id=options.run_id,
        version=0 if base is None else base.version + writes,
        accounting=books,
        known=tuple(staged.known),
        spans=spans,
        inputs=tuple(staged.fresh),
        growing=tuple(staged.growing),
        arrivals=arrivals,
        notes=tuple(notes),
        empty=tuple(staged.empty),
        aside=tuple(staged.aside),
        anew=tuple(sorted(name for g in groups for _, name in g.files)),
        remapped=tuple(staged.remapped),
        redelivered=tuple(staged.redelivered),
        lacking=dict(staged.lacking),
        vanished=tuple(k for k in staged.lacking if k[1] in staged.present[k[0]] or k[1] in had.get(k[0], ())),
    )


def noted(staged: Staged, sources: Sequence[Source]) -> list[Note]:
    """What the store notes of the files that are set aside."""
    places = {(s.name, f.name): str(f.path.absolute()) for s in sources for f in s.files}
    return [
        Note(source=a.source, name=a.name, path=places.get((a.source, a.name), a.name), reason=str(a.error))
        for a in staged.aside
    ]


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
    gone: Going,
    stitching: Stitching | None,
) -> tuple[str, ...]:
    """Write what is staged and commit it; duplicates go into the books. Returns the spans written."""
    quarantine, token = Quarantine(store.root), uuid.uuid4().hex
    gathering = Gathering(db, base, sources, stitching, bool(gone.inputs))
    plan = planned(gathering, store, arrivals, token, gone)
    written = [*plan.arriving, *plan.moved]
    store.begin(inputs, [*(p.path for p in written), quarantine.new_file(token)], gone.inputs)
    bad = db.query(load_sql("ingest", "quarantined"), {"run_id": facts["run_id"]})
    if bad.num_rows:
        quarantine.append(quarantine.new_file(token), bad)
    merged = merge(gathering, plan)
    if stitching is not None:
        days = {*json.loads(facts["spans"]), *(f"{p.span}-01"[: len("2026-01-01")] for p in plan.moved)}
        facts = facts | stitching.facts(store.root) | {"spans": json.dumps(sorted(days))}
    for source, (accepted, duplicates, conflicting) in merged.tally.items():
        book = books[source]
        book.accepted, book.duplicates, book.conflicting = accepted, duplicates, conflicting
    twice = base.duplicates + sum(book.duplicates for book in books.values()) - gone.duplicates
    lines = gone.lines | ledger_lines(base, inputs, merged.shares, gone)
    store.commit(base, [*merged.removed, *plan.emptied], merged.added, lines, facts | {"duplicates": str(twice)})
    if gone.inputs:
        quarantine.forget({i.key for i in gone.inputs})
    store.journal.unlink()
    return tuple(p.span for p in written)


def ledger_lines(base: Snapshot, inputs: Sequence[TakenInput], shares: set[Share], gone: Going) -> dict[str, int]:
    """What the ledger says of a load: its inputs, and what joins two of them that nothing joined before."""
    lines = {name: number for i in inputs for name, number in i.taken().items()}
    left = [s for s in base.ledger.shares if s.transaction not in gone.lines]
    for source in sorted({s.source for s in shares}):
        groups = Groups(s for s in left if s.source == source)
        ordered = sorted((s for s in shares if s.source == source), key=lambda s: (s.first, s.second))
        lines |= {s.transaction: 1 for s in ordered if groups.join(s.first, s.second)}
    return lines


def stitching_of(
    db: Database, store: EventStore, base: Snapshot, sources: Sequence[Source], tombstones: Tombstones | None
) -> Stitching | None:
    """The identity of this load; None where nobody ever had an anonymous id or an alias. Erased customers have no alias."""
    rules = sources[0].mapping.identity if sources else IdentityRules()
    if tombstones is not None and rules.aliases:
        rules = replace(rules, aliases=tombstones.living(dict(rules.aliases)))
    here = any("anonymous_id" in s.mapping.fields for s in sources)
    if not (here or base.identity or rules.aliases):
        return None
    return Stitching(db, rules, base.files, base.identity, store.root)


def planned(gathering: Gathering, store: EventStore, arrivals: pa.Table, token: str, gone: Going) -> Plan:
    """The files to write: of the spans that rows arrive for or leave, and of those whose events change hands by it."""
    base, stitching = gathering.base, gathering.stitching
    rows = dict(touched(arrivals, base.months))
    emptied = [f for f in base.files if f.span not in rows and f.rows == gone.spans.get(f.span)]
    left = {f.span for f in base.files if stitching is not None and stitching.all_again} | gone.spans.keys()
    rows = dict.fromkeys(left - {f.span for f in emptied}, 0) | rows

    def files(spans: Iterable[str]) -> list[SpanFile]:
        return [SpanFile(path=store.new_file(s, token), span=s, rows=rows.get(s, 0)) for s in sorted(spans)]

    plan = Plan(arriving=files(rows), emptied=emptied)
    return plan if stitching is None else replace(plan, moved=files(settle(gathering, plan)))


def facts(
    base: Snapshot,
    run_id: str,
    books: Mapping[str, Accounting],
    arrivals: pa.Table,
    currencies: Sequence[str],
    gone: Going,
    staged: Staged,
) -> dict[str, str]:
    """What the log entry says of the run, added up over all runs so far.

    rows_read lets `reconcile` balance the store; targets (source -> what its files had a column for) tells what vanished.
    """
    rows = base.rows_read + sum(book.rows for book in books.values()) - gone.rows
    bad = sum_of(base.quarantined, *(b.quarantined for b in books.values()))
    bad.subtract(gone.quarantined)
    targets = {s: sorted({*base.targets.get(s, ()), *staged.present.get(s, ())}) for s in {*base.targets, *books}}
    days = {*arrivals["span"].to_pylist(), *(f"{span}-01"[:10] for span in gone.spans)}
    kept = {k: v for k, v in base.facts.items() if k == "kept"}
    return kept | {
        "run_id": run_id,
        "rows_read": str(rows),
        "aged": str(base.aged - gone.aged),
        "currencies": json.dumps(list(currencies)),
        "targets": json.dumps(targets, sort_keys=True),
        "quarantined": json.dumps({r: n for r, n in bad.items() if n}, sort_keys=True),
        "spans": json.dumps(sorted(days)),
    }


def sum_of(*counts: Mapping[str, int]) -> Counter[str]:
    """Counts by name, added up."""
    total = Counter[str]()
    for one in counts:
        total.update(one)
    return total
