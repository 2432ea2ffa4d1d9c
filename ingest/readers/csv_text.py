"""CSV: a clean file is DuckDB's to read, in parallel; a broken one is judged here, record by record.

DuckDB stops at the first record it cannot read (and with a quote that is never closed may lose or invent rows after
it), so nothing of such an attempt is kept: the file is read again by `records`, which follows the same dialect
(RFC 4180; spaces around a quoted field are dropped; delimiters too many at the end of a row are forgiven) and gives
up only the lines that are truly broken. That costs about 3 microseconds a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from ingest.database import Database
from ingest.errors import QueryError
from ingest.quoting import literal, new_name, path_literal
from ingest.readers.csv_header import Fault, Fields, Header, Tokenizer, read_header, tokenizer
from ingest.readers.raw import LONGEST, RawRows, ReadOptions, RowWriter, Unreadable
from ingest.readers.text_lines import Lines, bad_bytes, count_blank, count_lines, decoded


@dataclass(frozen=True, kw_only=True)
class AlikeRows:
    """Several CSV files of the same columns as one relation (recorded_input, row, line, c0, c1, ...)."""

    relation: str
    columns: tuple[str, ...]

    def release(self, db: Database) -> None:
        """Give the rows' memory back."""
        db.run(f"drop view {self.relation}")
        for table in ("rows", "files"):
            db.run(f"drop table {self.relation}_{table}")


class Record(NamedTuple):
    """One record of the file: its number from 0, its first line, and its fields - or else what is wrong with it."""

    number: int
    line: int
    fields: Fields | None
    text: bytes
    detail: str


def read_csv(db: Database, path: Path, name: str, options: ReadOptions) -> RawRows:
    """The rows of a plain CSV file; InputError where the file as a whole makes no sense."""
    header = read_header(path, name, options)
    relation = new_name()
    table = f"{relation}_rows"
    number, first_line, unreadable = _read(db, path, header, table)
    columns = ", ".join(f"c{i}" for i in range(len(header.names)))
    db.run(f"create or replace temp view {relation} as select {number} as row, {columns} from {table}")
    return RawRows(
        relation=relation,
        columns=header.names,
        types=("text",) * len(header.names),
        unreadable=unreadable,
        format="csv",
        delimiter=header.delimiter,
        table=table,
        first_line=first_line,
        notes=(header.note,) if header.note else (),
    )


def _read(db: Database, path: Path, header: Header, table: str) -> tuple[str, int | None, pa.Table]:
    """Fill `table`: (the SQL of a row's number, the line of row 0 where rows are lines, unreadable records)."""
    columns = [f"c{i}" for i in range(len(header.names))]
    # with one column DuckDB takes blank lines, and delimiters, for rows
    tries = ("true", "false") if header.plain and len(columns) > 1 else ()
    # a long text that looks like rows can mislead the parallel reader, so there is a second, serial try
    for parallel in tries:
        facts = _read_fast(db, [path], header, table, parallel)
        if facts is not None:
            return "rowid", facts[0].first_line, Unreadable().table()
    rows, bad, first = RowWriter(db, table, columns), Unreadable(), header.lines + 1
    for record in records(path, header):
        if record.fields is None:
            bad.add(record.line - first, record.line, record.text, record.detail)
        else:
            rows.add(record.line - first, record.fields)
    rows.flush()
    return "row", first, bad.table()


class FileRows(NamedTuple):
    """What DuckDB made of one file: its first row in the table, and the line of that row where rows are lines."""

    first_row: int
    first_line: int | None


def _read_fast(db: Database, paths: Sequence[Path], header: Header, table: str, parallel: str) -> list[FileRows] | None:
    """Fill `table` by DuckDB, file by file; None if it found a broken record, or came to another number of records than we do."""
    columns = [f"c{i}" for i in range(len(header.names))]
    types = ", ".join(f"'{c}': 'VARCHAR'" for c in columns)
    several = len(paths) > 1
    try:
        db.run(f"""create or replace temp table {table} as select * from read_csv({path_literal(*paths)}, skip = {header.lines},
            auto_detect = false, header = false, delim = {literal(header.delimiter)}, quote = '"', escape = '"',
            columns = {{{types}}}, strict_mode = true, max_line_size = {LONGEST}, compression = 'none',
            hive_partitioning = false, parallel = {parallel}{", filename = true" if several else ""})""")
    except QueryError:
        return None
    name = "filename" if several else literal(str(paths[0].absolute()))
    counted = f"select {name}, min(rowid), max(rowid) + 1 - min(rowid), count(*) from {table} group by all"
    counts = {file: (first, width, rows) for file, first, width, rows in db.rows(counted)}
    inside: dict[str, int] | None = None
    files: list[FileRows] = []
    for path in paths:
        first, width, rows = counts.get(str(path.absolute()), (0, 0, 0))
        missing = count_lines(path) - header.lines - rows
        line_by_line = missing == 0
        if missing:
            inside = _line_ends_inside(db, table, columns, name) if inside is None else inside
            missing -= inside.get(str(path.absolute()), 0) + count_blank(path, header.lines)
        if missing or width != rows:
            return None
        files.append(FileRows(first, header.lines + 1 if line_by_line else None))
    return files


def _line_ends_inside(db: Database, table: str, columns: list[str], name: str) -> dict[str, int]:
    """File -> line ends inside its fields."""
    inside = " + ".join(f"coalesce(length({c}) - length(replace({c}, chr(10), '')), 0)" for c in columns)
    return {file: int(n) for file, n in db.rows(f"select {name}, coalesce(sum({inside}), 0) from {table} group by all")}


def read_csv_alike(
    db: Database, paths: Sequence[Path], inputs: Sequence[str], name: str, options: ReadOptions
) -> AlikeRows | None:
    """Plain CSV files with the same first line, read by one statement; None if they must be read one by one.

    `inputs` is the recorded_input of each file.
    """
    header = read_header(paths[0], name, options)
    if not header.plain or header.note or len(header.names) < 2:
        return None
    # where the header is not the first line, which they share, it may lie elsewhere in another one
    if (header.lines > 1 or options.header) and any(read_header(p, name, options) != header for p in paths[1:]):
        return None
    relation = new_name()
    columns = [f"c{i}" for i in range(len(header.names))]
    files = _read_fast(db, paths, header, f"{relation}_rows", "true")
    if files is None:
        db.run(f"drop table if exists {relation}_rows")
        return None
    facts = {
        "filename": pa.array([str(p.absolute()) for p in paths], pa.string()),
        "first_row": pa.array([f.first_row for f in files], pa.int64()),
        "first_line": pa.array([f.first_line for f in files], pa.int64()),
    }
    known = pa.table({**facts, "recorded_input": pa.array(inputs, pa.string())})
    db.run_with(f"create or replace temp table {relation}_files as select * from known_files", known_files=known)
    db.run(f"""create or replace temp view {relation} as
        select recorded_input, r.rowid - first_row as row, r.rowid - first_row + first_line as line, {", ".join(columns)}
        from {relation}_rows r join {relation}_files using (filename)""")
    return AlikeRows(relation=relation, columns=header.names)


def records(path: Path, header: Header) -> Iterator[Record]:
    """Every record of the file, readable or not; blank lines are none.

    A quoted field may span lines. If what then comes out is no record of the right width, its first line is
    unreadable by itself and the lines after it are judged anew: a stray quote never swallows its neighbours.
    """
    width, tokenize = len(header.names), tokenizer(header.delimiter)
    number = 0
    with path.open("rb") as stream:
        lines = Lines(stream)
        for line, text in lines:
            if line <= header.lines or not text.rstrip(b"\r"):
                continue
            fields, detail = _judge(lines, text, tokenize, width)
            yield Record(number, line, fields, text, detail)
            number += 1


def _judge(lines: Lines, line: bytes, tokenize: Tokenizer, width: int) -> tuple[Fields | None, str]:
    """The record that begins with `line`: (its fields or None, what is wrong)."""
    if fault := bad_bytes(line):
        return None, fault
    found = tokenize(line.rstrip(b"\r").decode())
    if isinstance(found, Fault):
        fields = _gathered(lines, line, tokenize, width) if found is Fault.OPEN else None
        return fields, found.value
    if len(found) == width:
        return found, ""
    return _fitted(found, width), f"{len(found)} fields where the header has {width}"


def _gathered(lines: Lines, line: bytes, tokenize: Tokenizer, width: int) -> Fields | None:
    """The fields of a record that goes on over the next lines; None, and the lines given back, if it is none."""
    taken: list[tuple[int, bytes]] = []
    parts, size = [line.decode()], len(line)
    while (following := lines.take()) is not None:
        taken.append(following)
        size += len(following[1]) + 1
        text = decoded(following[1])
        if text is None or size > LONGEST:
            break
        parts.append(text)
        if '"' in text and (found := tokenize("\n".join(parts).rstrip("\r"))) is not Fault.OPEN:
            fields = None if isinstance(found, Fault) else _fitted(found, width)
            if fields is not None:
                return fields
            break
    lines.give_back(taken)
    return None


def _fitted(fields: Fields, width: int) -> Fields | None:
    """The fields if they are as many as the columns; empty ones too many at the end are forgiven."""
    return fields[:width] if len(fields) >= width and not any(fields[width:]) else None
