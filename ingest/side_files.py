"""Small files beside the events (whom not to write to, aliases, what is known of customers, rates, what was spent), all read
by one reader with the care of a source.

The encoding, its BOM, line ends, the delimiter, quotes and compression are the readers' to find out; names of columns are
compared without case, spaces and joints; ids are text as recorded, without the .0 of floating columns; a file of nothing
holds nothing; a line that cannot be read is an error, for a list that is half read would be half obeyed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.cleaning.mapping import Columns, Field, SourceMapping
from ingest.cleaning.well_known import CERTAIN, LIKELY, plain
from ingest.cleaning.whole_ids import whole_ids
from ingest.database import Database, load_sql
from ingest.errors import EmptyInput, InputError
from ingest.readers.files import readable
from ingest.readers.raw import RawRows
from ingest.readers.sources import ReadOptions, read_rows

ID = "customer_id"


@dataclass(frozen=True, kw_only=True)
class SideFile:
    """One file, read whole: `relation` has its rows (row, c0, c1, ...), and the methods give SQL of its cells."""

    db: Database
    path: Path
    raw: RawRows

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return self.raw.columns

    @property
    def relation(self) -> str:
        """Its rows."""
        return self.raw.relation

    def find(self, *names: str) -> int | None:
        """The place of the column of the first of these names that is there: as written, else as `plain` writes it."""
        spelled = [plain(name) for name in self.columns]
        for name in names:
            if name in self.columns:
                return self.columns.index(name)
            if plain(name) in spelled:
                return spelled.index(plain(name))
        return None

    def filled(self, at: int) -> str:
        """SQL: is there anything in a cell?"""
        return f"(c{at} is not null and not is_blank(c{at}::varchar))"

    def text(self, at: int) -> str:
        """SQL of a cell's text without white space around it; NULL where it is blank."""
        return f"case when {self.filled(at)} then bare(c{at}::varchar) end"

    def identifier(self, at: int) -> str:
        """SQL of the id in a cell, exactly as recorded. Raises InputError for floating ids beyond 2^53."""
        names = tuple(f"c{i}" for i in range(len(self.columns)))  # any name, each once
        columns, mapping = Columns(names, self.raw.types), SourceMapping(fields={ID: Field(columns=(names[at],))})
        rows = f"(select '' as recorded_input, * from {self.relation})"
        whole = whole_ids(self.db, rows, columns, mapping, shown=(self.path.name, self.columns[at]))
        return f"whole_id(c{at}::varchar)" if whole else f"c{at}::varchar"


@contextmanager
def side_file(db: Database, path: Path, options: ReadOptions | None = None) -> Iterator[SideFile | None]:
    """The file as long as the block lasts; None for a file of nothing.

    Raises MissingInput where it cannot be opened, and InputError where a record of it cannot be read.
    """
    if not readable(path).stat().st_size:
        yield None
        return
    db.run(load_sql("ingest", "macros"))
    try:
        raw = read_rows(db, path, options, name=path.name)
    except EmptyInput:
        yield None
        return
    try:
        check_whole(raw, path)
        yield SideFile(db=db, path=path, raw=raw)
    finally:
        raw.release(db)


def read_ids(path: Path) -> frozenset[str]:
    """The customer ids of a file: one a line, with or without a header, or its column that is named like an id of a customer.

    Each is given as recorded and without white space around it. A file of nothing holds none. Raises MissingInput where
    it cannot be opened, and InputError where none of several columns can be told to be the customer.
    """
    names = (*CERTAIN[ID], "uuid", *LIKELY[ID], "id", "contact_id", "email", "email_address")
    with Database(threads=1) as db:
        with side_file(db, path) as file:
            if file is None:
                return frozenset()
            at = file.find(*names)
            alone = at is None and len(file.columns) == 1 and file.raw.format == "csv"
            if at is None and not alone:
                raise InputError(
                    f"{path.name}: none of the columns {', '.join(file.columns)} is named like a customer's id. "
                    f'Name it "{ID}" in the first line, or leave the other columns out.'
                )
            if at is not None:
                return ids_of(file, at)
        with side_file(db, path, ReadOptions(format="csv", header=(ID,))) as file:  # its first line is an id, too
            return frozenset() if file is None else ids_of(file, 0)


def ids_of(file: SideFile, at: int) -> frozenset[str]:
    """The different ids of a column."""
    text = file.identifier(at)
    asked = f"select distinct unnest([{text}, bare({text})]) from {file.relation} where {file.filled(at)}"
    return frozenset(str(value) for (value,) in file.db.rows(asked))


def check_whole(raw: RawRows, path: Path) -> None:
    """Raise InputError for a record that could not be read."""
    if raw.unreadable.num_rows:
        first = raw.unreadable.slice(0, 1).to_pylist()[0]
        where = f"line {first['line']}" if first["line"] is not None else f"record {first['record'] + 1}"
        raise InputError(
            f"{path.name}, {where}: {first['detail']}. Mend it: a list that is half read would be half obeyed."
        )


def read_texts(path: Path, wanted: Mapping[str, Sequence[str]], needed: Sequence[str]) -> dict[str, list[str | None]]:
    """Columns of a small file as text, row by row: of each target that column whose name is the first of its spellings.

    Blank is None; a target that no column is named like is missing, and raises InputError if it is `needed`. Raises
    MissingInput where the file cannot be opened, and InputError where a line cannot be read. A file of nothing has no rows.
    """
    with Database(threads=1) as db, side_file(db, path) as file:
        if file is None:
            return {target: [] for target in needed}
        places = {target: file.find(*names) for target, names in wanted.items()}
        for target in needed:
            if places[target] is None:
                names = ", ".join(dict.fromkeys(wanted[target]))
                raise InputError(
                    f"{path.name} has no column for {target}: its columns are {', '.join(file.columns)}. Name it {names}."
                )
        there = {target: at for target, at in places.items() if at is not None}
        rows = db.rows(f"select {', '.join(map(file.text, there.values()))} from {file.relation} order by row")
        return {target: [None if r[i] is None else str(r[i]) for r in rows] for i, target in enumerate(there)}
