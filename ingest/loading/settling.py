"""What came of the new files of a source, once all are staged: taken in, still growing, empty, or set aside."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple

from ingest.database import Database, load_sql
from ingest.errors import NothingAccepted
from ingest.loading.inputs import FILE_FAULTS, InputFile, Seen, Source, Staged
from ingest.readers.files import natural_key, stamp_of
from ingest.store.ledger import TakenInput


class Arrived(NamedTuple):
    """A file to load, its stamp before anybody read it, and its digest, soon."""

    file: InputFile
    stamp: tuple[int, int]
    digest: Future[str]


def settle(db: Database, source: Source, news: Sequence[Arrived], seen: Seen, done: Staged) -> None:
    """What came of the new files: taken in, still growing, empty, or put aside."""
    counts = {
        key: (rows, sound) for key, rows, sound in db.rows(load_sql("ingest", "per_input"), {"source": source.name})
    }
    out = {(a.source, a.name) for a in done.aside}
    for file, stamp, soon in news:
        key = natural_key(file.name)
        if (source.name, file.name) in out:
            drop(db, source, file, counts)
            continue
        try:
            digest = soon.result()  # first: what is hashed still must not change either
            if stamp_of(file.path) != stamp:
                drop(db, source, file, counts)
                done.growing.append(file.name)
                continue
        except FILE_FAULTS as error:
            drop(db, source, file, counts)
            done.put_aside(source, file, error)
            continue
        rows, sound = counts.get(key, (0, 0))
        if rows and not sound and not done.keep_faulty:
            done.put_aside(source, file, nothing_accepted(db, source, file, rows))
            drop(db, source, file, counts)
            continue
        if not rows:
            done.empty.append(file.name)
            continue
        if seen.named(source.name, file.name):
            done.redelivered.append((source.name, file.name))
        done.fresh.append(
            TakenInput(digest=digest, source=source.name, name=file.name, reading=source.reading, rows=rows)
        )
    done.rows[source.name] += sum(rows for rows, _ in counts.values())


def drop(db: Database, source: Source, file: InputFile, counts: dict[str, tuple[int, int]]) -> None:
    """Take the rows of a file out again."""
    if counts.pop(natural_key(file.name), None) is not None:
        drop_rows(db, source.name, file.name)


def drop_rows(db: Database, source: str, name: str) -> None:
    """The same, wherever they were counted."""
    db.run(
        "delete from staged where source = $source and recorded_input = $recorded_input",
        {"source": source, "recorded_input": natural_key(name)},
    )


def nothing_accepted(db: Database, source: Source, file: InputFile, rows: int) -> NothingAccepted:
    """The error of a file of which no row is an event: its first reasons, and what to do."""
    named = {"source": source.name, "recorded_input": natural_key(file.name)}
    reasons = db.rows(load_sql("ingest", "first_reasons"), named)
    shown = "; ".join(
        f"{n:,} {reason} (the first{'' if line is None else f' in line {line}'}{f': {detail[:80]}' if detail else ''})"
        for reason, n, detail, line in reasons[:3]
    )
    advice = ADVICE.get(reasons[0][0], "")
    return NothingAccepted(
        f'{file.name}: none of its {rows:,} rows is an event of source "{source.name}", so nothing of it was taken in: '
        f"{shown}.{advice} The file is read again at the next load."
    )


ADVICE = {
    "bad_timestamp": ' Say how its times are written: event_at = { column = "...", format = "%d.%m.%Y %H:%M" }.',
    "missing_customer": " Map customer_id to a column that says who it was.",
    "missing_event": ' Map event to a column that says what happened, or to { constant = "..." }.',
    "bad_number": " Map no number to a column of words, or say how its numbers are written.",
}
"""How a file of which every row has this reason is mended."""
