"""Files -> rows of the table `staged`: each input once, and many small ones by one statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from ingest.cleaning.clean import Limits, stage
from ingest.cleaning.mapping import Columns, SourceMapping
from ingest.cleaning.readings import read_events, without_events
from ingest.database import Database, load_sql
from ingest.errors import ConfigError
from ingest.json_path import steps
from ingest.quoting import literal, quoted
from ingest.readers.files import readable, stamp_of
from ingest.readers.sources import ReadOptions, content_hash, first_line, natural_key, read_alike, read_rows
from ingest.store.event_store import TakenInput

SMALL = 4 << 20
"""Bytes of a file that is read together with others."""

TOGETHER = 100
"""Files read by one statement, at most."""


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """One file to load, and the name under which its rows are recorded."""

    path: Path
    name: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """Files that are read by one mapping."""

    mapping: SourceMapping
    files: Sequence[InputFile]
    options: ReadOptions = field(default_factory=ReadOptions)
    limits: Limits = field(default_factory=Limits)


@dataclass
class Staged:
    """What was read: new inputs, names of known ones and of those that were still written to, rows by source,
    and what to say of how they were read."""

    fresh: list[TakenInput] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    growing: list[str] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def stage_all(
    db: Database,
    sources: Sequence[Source],
    is_known: Callable[[str], bool] | None,
    hashed: Callable[[Path], str] = content_hash,
) -> Staged:
    """Stage every file that is not known yet (None: none can be) and does not change while it is read.

    A thread hashes the files ahead of their being read. The first file that nothing can be known of is read meanwhile.
    """
    done, seen = Staged(), Seen(is_known)
    with ThreadPoolExecutor(1) as ahead:
        try:
            for source in sources:
                arrived = [Arrived(f, stamp_of(readable(f.path)), ahead.submit(hashed, f.path)) for f in source.files]
                stage_source(db, source, arrived, seen, done)
        finally:
            ahead.shutdown(cancel_futures=True)
    return done


class Arrived(NamedTuple):
    """A file to load, its stamp before anybody read it, and its digest, soon."""

    file: InputFile
    stamp: tuple[int, int]
    digest: Future[str]


class Seen:
    """Which files are not new: taken in before, or the bytes of another file of this load."""

    def __init__(self, is_known: Callable[[str], bool] | None) -> None:
        self._is_known = is_known
        self._first: Future[str] | None = None  # a file that was new whatever its bytes are
        self._digests = set[str]()

    def before(self, digest: Future[str]) -> bool:
        """Was it seen before? It is from now on."""
        if self._is_known is None and self._first is None:
            self._first = digest
            return False
        if self._first is not None:
            self._digests.add(self._first.result())
        found = digest.result()
        if found in self._digests or (self._is_known is not None and self._is_known(found)):
            return True
        self._digests.add(found)
        return False


def stage_source(db: Database, source: Source, arrived: Iterable[Arrived], seen: Seen, done: Staged) -> None:
    """Stage the files of one source; `done` says what became of each."""
    news: list[Arrived] = []

    def new_files() -> Iterator[InputFile]:
        for one in arrived:
            if seen.before(one.digest):
                done.known.append(one.file.name)
            else:
                news.append(one)
                yield one.file

    name, before = source.mapping.name, count(db)
    for files in batches(new_files()):
        done.notes += stage_files(db, source, files)
    for file, stamp, soon in news:
        digest = soon.result()  # first: what is hashed still must not change either
        if stamp_of(file.path) != stamp:
            db.run(
                "delete from staged where source = $source and recorded_input = $recorded_input",
                {"source": name, "recorded_input": natural_key(file.name)},
            )
            done.growing.append(file.name)
        else:
            done.fresh.append(TakenInput(digest=digest, source=name, name=file.name))
    done.rows[name] += count(db) - before


def batches(files: Iterable[InputFile]) -> Iterator[list[InputFile]]:
    """Neighbours that begin with the same line and are small: together; every other file: alone."""
    for line, alike in groupby(files, key=lambda f: first_line(f.path) if stamp_of(f.path)[0] <= SMALL else None):
        if line is None:  # one after another: the next one is hashed while this one is read
            yield from ([f] for f in alike)
            continue
        group = list(alike)
        yield from (group[i : i + TOGETHER] for i in range(0, len(group), TOGETHER))


def stage_files(db: Database, source: Source, files: Sequence[InputFile]) -> list[str]:
    """Stage these files; where one of several cannot be read together with the others, half of them at a time.

    Returns what to say of how they were read.
    """
    if len(files) == 1:
        return stage_file(db, source, files[0])
    raw = read_alike(db, [(f.path, f.name) for f in files], source.options)
    if raw is None:
        half = len(files) // 2
        return stage_files(db, source, files[:half]) + stage_files(db, source, files[half:])
    notes = judge(db, raw.relation, Columns(raw.columns, ("text",) * len(raw.columns)), source, files[0].name)
    raw.release(db)
    return notes


def stage_file(db: Database, source: Source, file: InputFile) -> list[str]:
    """Stage one file, its unreadable records too; returns what to say of how it was read."""
    raw = read_rows(db, file.path, source.options, name=file.name)
    line = "null::bigint" if raw.first_line is None else f"row + {raw.first_line}"
    relation = f"(select {literal(natural_key(file.name))} as recorded_input, {line} as line, * from {raw.relation})"
    notes = judge(db, relation, Columns(raw.columns, raw.types), source, file.name)
    if raw.unreadable.num_rows:
        origin = {"source": source.mapping.name, "recorded_input": natural_key(file.name)}
        db.run_with(load_sql("ingest", "unreadable"), origin, unreadable=raw.unreadable)
    raw.release(db)
    return [*(f"{file.name}: {note}." for note in raw.notes), *notes]


def judge(db: Database, relation: str, columns: Columns, source: Source, name: str) -> list[str]:
    """Stage a relation; a mapping that does not fit names the file that it does not fit. Returns what to say of it."""
    try:
        if not source.mapping.readings:
            return stage(db, relation, columns, source.mapping, source.limits)
        before, notes = count(db), dict[str, None]()
        for part in read_events(relation, columns, source.mapping):
            notes |= dict.fromkeys(stage(db, part.relation, part.columns, part.mapping, source.limits))
        rows, without = db.rows(without_events(relation, columns, source.mapping))[0]
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from error
    names = ", ".join(r.name for r in source.mapping.readings)
    none = f"; {without:,} of the rows hold none" if without else ""
    held = f"{name}: {rows:,} rows hold {count(db) - before:,} events ({names}), each counted as a row{none}."
    return [held, *notes]


def count(db: Database) -> int:
    """Rows staged so far."""
    return int(db.rows("select count(*) from staged")[0][0])


def path_notes(db: Database, sources: Sequence[Source], fresh: Sequence[TakenInput]) -> list[str]:
    """What to say of mapped paths into JSON that lead nowhere in any row of what was read."""
    notes = []
    for source in sources:
        name = source.mapping.name
        paths = {t: f.columns for t, f in source.mapping.fields.items() if any(len(steps(c)) > 1 for c in f.columns)}
        if not paths or not any(i.source == name for i in fresh):
            continue
        counts = ", ".join(f"count({quoted(t)})" for t in paths)
        total, *found = db.rows(f"select count(*), {counts} from staged where source = $source", {"source": name})[0]
        notes += [
            f"{name}: {t} = {' | '.join(paths[t])} has no value in any of {total:,} rows; is the path right?"
            for t, n in zip(paths, found, strict=True)
            if total and not n
        ]
    return notes


def clock_notes(db: Database, sources: Sequence[Source]) -> list[str]:
    """What to say of local times that a clock showed twice, or never."""
    zones = {s.mapping.name: s.mapping.timezone for s in sources}
    if set(zones.values()) <= {"UTC"}:
        return []
    said = {"ambiguous": "twice: the earlier offset was taken", "skipped": "never: they were moved forward"}
    return [
        f"{source}: the clocks of {zones[source]} showed {n:,} of the times {said[clock]}."
        for source, clock, n in db.rows(load_sql("ingest", "clocks"))
    ]
