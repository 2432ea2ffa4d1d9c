"""Files -> rows of the table `staged`: each input once, and many small ones by one statement.

A file that cannot be read stops itself alone: nothing of it stays in `staged`, and `Staged.aside` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

from ingest.cleaning.clean import Read, stage
from ingest.cleaning.kind_of_export import check_kind
from ingest.cleaning.mapping import Columns
from ingest.cleaning.readings import read_events, without_events
from ingest.database import Database, load_sql
from ingest.errors import ConfigError, EmptyInput, InputError, JourneysError, QueryError
from ingest.json_path import steps
from ingest.loading.inputs import FILE_FAULTS, InputFile, Known, Seen, Source, Staged
from ingest.loading.settling import Arrived, settle
from ingest.quoting import literal, quoted
from ingest.readers.files import readable, stamp_of
from ingest.readers.raw import RawRows
from ingest.readers.sources import content_hash, first_line, natural_key, read_alike, read_rows
from ingest.store.ledger import TakenInput

SMALL = 4 << 20
"""Bytes of a file that is read together with others."""

TOGETHER = 100
"""Files read by one statement, at most."""


def stage_all(
    db: Database,
    sources: Sequence[Source],
    known: Known | None = None,
    hashed: Callable[[Path], str] = content_hash,
    keep_faulty: bool = False,
) -> Staged:
    """Stage every file that is not known yet (None: none can be) and does not change while it is read.

    A thread hashes the files ahead of their being read. The first file that nothing can be known of is read meanwhile.
    """
    done, seen = Staged(keep_faulty=keep_faulty), Seen(known)
    with ThreadPoolExecutor(1) as ahead:
        try:
            for source in sources:
                stage_source(db, source, arrivals(source, ahead, hashed, done), seen, done)
        finally:
            ahead.shutdown(cancel_futures=True)
    return done


def arrivals(source: Source, ahead: ThreadPoolExecutor, hashed: Callable[[Path], str], done: Staged) -> list[Arrived]:
    """The files of a source that may be opened; their digests are on the way."""
    found = []
    for file in source.files:
        try:
            if source.fault is not None:
                raise source.fault
            found.append(Arrived(file, stamp_of(readable(file.path)), ahead.submit(hashed, file.path)))
        except FILE_FAULTS as error:
            done.put_aside(source, file, error)
    return found


def stage_source(db: Database, source: Source, arrived: Iterable[Arrived], seen: Seen, done: Staged) -> None:
    """Stage the files of one source; `done` says what became of each."""
    news: list[Arrived] = []

    def new_files() -> Iterator[InputFile]:
        for one in arrived:
            try:
                before = seen.before(source.name, one.file.name, one.digest)
            except FILE_FAULTS as error:
                done.put_aside(source, one.file, error)
                continue
            if before:
                done.known.append(one.file.name)
                if before not in (1, source.reading):
                    done.remapped.append((source.name, one.file.name))
            else:
                news.append(one)
                yield one.file

    for files in batches(new_files()):
        stage_files(db, source, files, done)
    settle(db, source, news, seen, done)


def batches(files: Iterable[InputFile]) -> Iterator[list[InputFile]]:
    """Neighbours that begin with the same line and are small: together; every other file: alone."""
    for line, alike in groupby(files, key=lambda f: first_line(f.path) if stamp_of(f.path)[0] <= SMALL else None):
        if line is None:  # one after another: the next one is hashed while this one is read
            yield from ([f] for f in alike)
            continue
        group = list(alike)
        yield from (group[i : i + TOGETHER] for i in range(0, len(group), TOGETHER))


def stage_files(db: Database, source: Source, files: Sequence[InputFile], done: Staged) -> None:
    """Stage these files; where one of several cannot be read together with the others, half of them at a time."""
    if len(files) == 1:
        try:
            stage_file(db, source, files[0], done)
        except EmptyInput:
            pass  # it has no rows, which is what will be said of it
        except FILE_FAULTS as error:
            done.put_aside(source, files[0], error)
        return
    if not staged_together(db, source, files, done):
        half = len(files) // 2
        stage_files(db, source, files[:half], done)
        stage_files(db, source, files[half:], done)


def staged_together(db: Database, source: Source, files: Sequence[InputFile], done: Staged) -> bool:
    """Stage several files by one statement; False, and nothing is staged, where that cannot be."""
    try:
        raw = read_alike(db, [(f.path, f.name) for f in files], source.options)
    except FILE_FAULTS:
        return False
    if raw is None:
        return False
    try:
        judge(db, raw.relation, Columns(raw.columns, ("text",) * len(raw.columns)), source, files, done)
    except (ConfigError, InputError):
        return False
    finally:
        raw.release(db)
    return True


def stage_file(db: Database, source: Source, file: InputFile, done: Staged) -> None:
    """Stage one file, its unreadable records too; one without a row lacks nothing."""
    raw = read_rows(db, file.path, source.options, name=file.name)
    try:
        if raw.columns and (raw.unreadable.num_rows or db.rows(f"select 1 from {raw.relation} limit 1")):
            line = "null::bigint" if raw.first_line is None else f"row + {raw.first_line}"
            key = literal(natural_key(file.name))
            relation = f"(select {key} as recorded_input, {line} as line, * from {raw.relation})"
            judge(db, relation, Columns(raw.columns, raw.types), source, [file], done)
        if raw.unreadable.num_rows:
            origin = {"source": source.name, "recorded_input": natural_key(file.name)}
            db.run_with(load_sql("ingest", "unreadable"), origin, unreadable=raw.unreadable)
        done.notes += [f"{file.name}: {note}." for note in raw.notes]
    except QueryError as error:
        raise damaged(raw, file, error) from error
    finally:
        raw.release(db)


def damaged(raw: RawRows, file: InputFile, error: QueryError) -> JourneysError:
    """Pages of a Parquet file are read when its rows are: what fails there is the file's fault, but for memory and disk."""
    what = str(error).split("\n")[0]
    if raw.format != "parquet" or "Out of Memory" in what or "No space left" in what:
        return error
    return InputError(f"{file.name} is not a readable  Parquet file; nothing of it was loaded. {what}")


def judge(
    db: Database, relation: str, columns: Columns, source: Source, files: Sequence[InputFile], done: Staged
) -> None:
    """Stage a relation; a mapping that does not fit names the file that it does not fit."""
    try:
        check_kind(db, relation, columns, source.mapping)
        reads, notes = staged_parts(db, relation, columns, source, files[0].name)
    except ConfigError as error:
        raise ConfigError(f"{files[0].name}: {error}") from error
    told = dict.fromkeys([*notes, *(note for read in reads for note in read.notes)])
    done.notes += [note for note in told if note not in done.notes]
    lacking = {target for read in reads for target in read.lacking}
    for target in (t for t in source.mapping.fields if t in lacking):
        done.lacking[source.name, target] += [f.name for f in files]
    done.present[source.name].update(source.mapping.fields.keys() - lacking)


def staged_parts(
    db: Database, relation: str, columns: Columns, source: Source, name: str
) -> tuple[list[Read], list[str]]:
    """Stage a relation, once for each event that its rows may hold: (what there is to say of each, of all)."""
    if not source.mapping.readings:
        return [stage(db, relation, columns, source.mapping, source.limits)], []
    before = count(db)
    reads = [
        stage(db, part.relation, part.columns, part.mapping, source.limits)
        for part in read_events(relation, columns, source.mapping)
    ]
    rows, without = db.rows(without_events(relation, columns, source.mapping))[0]
    names = ", ".join(r.name for r in source.mapping.readings)
    none = f"; {without:,} of the rows hold none" if without else ""
    return reads, [f"{name}: {rows:,} rows hold {count(db) - before:,} events ({names}), each counted as a row{none}."]


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
        empty = [t for t, n in zip(paths, found, strict=True) if total and not n]
        if source.mapping.export is not None:
            notes += (
                [f"{name}: no row of this {source.mapping.export.title} has a value for {', '.join(empty)}."]
                if len(empty) > len(paths) / 2
                else []
            )
            continue
        notes += [
            f"{name}: {t} = {' | '.join(paths[t])} has no value in any of {total:,} rows; is the path right?"
            for t in empty
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
