"""The mapping of a file that nobody described, told from its columns and its rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.cleaning.clean import without_missing
from ingest.cleaning.evidence import Evidence
from ingest.cleaning.guess import Guess, guess
from ingest.cleaning.kind_of_export import recognise
from ingest.cleaning.mapping import Columns, Field, SourceMapping
from ingest.database import Database
from ingest.errors import ConfigError, EmptyInput
from ingest.exports.models import Export
from ingest.exports.recognition import looks_like
from ingest.readers.files import first_lines
from ingest.readers.raw import RawRows
from ingest.readers.sources import ReadOptions, read_rows

LOOKED_AT = 4 << 20
"""Bytes of text, unpacked, by which a mapping is guessed: a larger file is judged by its first lines, and by some of its middle and end."""

ROWS = 1 << 16
"""Rows of Parquet by which a mapping is guessed: of a larger file, so many in blocks from its start to its end."""

BLOCK = 1 << 11
"""Rows of Parquet that are looked at together, as many as its readers decode at once."""


def guess_file(
    path: Path,
    options: ReadOptions,
    name: str,
    *,
    given: Mapping[str, Field] | None = None,
    refused: Collection[str] = (),
    mapping: SourceMapping | None = None,
    exports: Sequence[Export] = (),
) -> tuple[Guess, str]:
    """(what is guessed beside what is `given`, the file's format); `refused` targets are not guessed. A file that looks like one of
    the `exports` says so.

    Raises ConfigError, with what to paste, where time, event or customer cannot be told; InputError as `read_rows` does.
    """
    with Database() as db:
        looked_at = first_lines(path, db.scratch, LOOKED_AT)
        raw = read_rows(db, looked_at, options, name=name)
        if not raw.columns:
            raise EmptyInput(f"{name} has no record.")
        some, part = (
            part_of(db, raw) if raw.format == "parquet" else (raw.relation, f"{LOOKED_AT >> 20} MB of its text")
        )
        relation = without_missing(some, Columns(raw.columns, raw.types), mapping or SourceMapping())
        evidence = Evidence(db, relation, raw.columns, raw.types)
        known = recognise(db, relation, Columns(raw.columns, raw.types), exports)
        try:
            made = guess(raw.columns, raw.format, evidence=evidence, given=given, refused=refused, mapping=mapping)
        except ConfigError as error:
            raise error if known is None else ConfigError(f"{error} But {looks_like(known)}.") from None
        if (looked_at != path or some != raw.relation) and made.fields:
            note = f"guessed by a part of it, {part}; journeys inspect reads the whole file"
            made = replace(made, notes=(*made.notes, note))
        return made if known is None else replace(made, notes=(f"{looks_like(known)}.", *made.notes)), raw.format


def part_of(db: Database, raw: RawRows) -> tuple[str, str]:
    """(the relation, or blocks of its rows from the start to the end where it has more than ROWS, in words how many)."""
    rows = int(db.rows(f"select count(*) from {raw.relation}")[0][0])
    if rows <= ROWS:
        return raw.relation, f"{rows:,} rows"
    apart = BLOCK * (rows // ROWS + 1)
    return f"(select * from {raw.relation} where row % {apart} < {BLOCK})", f"{BLOCK:,} rows of every {apart:,}"
