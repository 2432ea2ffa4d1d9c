"""CSV: a clean file is DuckDB's to read, in parallel; a broken one is judged here, record by record.

DuckDB stops at the first record it cannot read (and with a quote that is never closed may lose or invent rows after
it), so nothing of such an attempt is kept: the file is read again by `records`, which follows the same dialect
(RFC 4180; spaces around a quoted field are dropped; delimiters too many at the end of a row are forgiven) and gives
up only the lines that are truly broken. That costs about 3 microseconds a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from ingest.csv_header import Fault, Fields, Header, Tokenizer, read_header, tokenizer
from ingest.database import Database
from ingest.errors import QueryError
from ingest.raw import LONGEST, RawRows, RowWriter, Unreadable, literal, new_name, path_literal
from ingest.text_lines import Lines, bad_bytes, count_blank, count_lines, decoded


class Record(NamedTuple):
    """One record of the file: its number from 0, its first line, and its fields - or else what is wrong with it."""

    number: int
    line: int
    fields: Fields | None
    text: bytes
    detail: str


def read_csv(db: Database, path: Path, name: str, delimiter: str | None) -> RawRows:
    """The rows of a plain CSV file; InputError where the file as a whole makes no sense."""
    header = read_header(path, name, delimiter)
    relation = new_name()
    table = f"{relation}_rows"
    number, unreadable = _read(db, path, header, table)
    columns = ", ".join(f"c{i}" for i in range(len(header.names)))
    db.run(f"create or replace temp view {relation} as select {number} as row, {columns} from {table}")
    return RawRows(relation=relation, columns=header.names, types=("text",) * len(header.names), unreadable=unreadable,
                   format="csv", delimiter=header.delimiter, table=table)  # fmt: skip


def _read(db: Database, path: Path, header: Header, table: str) -> tuple[str, pa.Table]:
    """Fill `table`: (the SQL of a row's number, unreadable records)."""
    columns = [f"c{i}" for i in range(len(header.names))]
    # with one column DuckDB takes blank lines, and delimiters, for rows
    tries = ("true", "false") if header.plain and len(columns) > 1 else ()
    # a long text that looks like rows can mislead the parallel reader, so there is a second, serial try
    if any(_read_fast(db, path, header.delimiter, table, columns, parallel) for parallel in tries):
        return "rowid", Unreadable().table()
    rows, bad = RowWriter(db, table, columns), Unreadable()
    for record in records(path, header):
        if record.fields is None:
            bad.add(record.number, record.line, record.text, record.detail)
        else:
            rows.add(record.number, record.fields)
    rows.flush()
    return "row", bad.table()


def _read_fast(db: Database, path: Path, delimiter: str, table: str, columns: list[str], parallel: str) -> bool:
    """Fill `table` by DuckDB; False if it found a broken record, or came to another number of records than we do."""
    types = ", ".join(f"'{c}': 'VARCHAR'" for c in columns)
    try:
        db.run(f"""create or replace temp table {table} as select * from read_csv({path_literal(path)}, skip = 1,
            auto_detect = false, header = false, delim = {literal(delimiter)}, quote = '"', escape = '"',
            columns = {{{types}}}, strict_mode = true, max_line_size = {LONGEST}, compression = 'none',
            hive_partitioning = false, parallel = {parallel})""")
    except QueryError:
        return False
    missing = count_lines(path) - 1 - _count(db, table, "count(*)")
    if missing:
        inside = " + ".join(f"coalesce(length({c}) - length(replace({c}, chr(10), '')), 0)" for c in columns)
        missing -= _count(db, table, f"coalesce(sum({inside}), 0)") + count_blank(path)
    return missing == 0


def _count(db: Database, table: str, what: str) -> int:
    return int(db.rows(f"select {what} from {table}")[0][0])


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
