"""NDJSON (one object per line), arrays of objects, and objects written one after another over several lines.

The columns are the top-level keys of all records, in the order in which they first appear. Nested values stay JSON
text, numbers and booleans stay as written (1.10 is not 1.1), null is NULL. A line that is no JSON object is unreadable.
"""

from __future__ import annotations

from os import SEEK_END
from pathlib import Path

import pyarrow as pa

from ingest.database import Database
from ingest.errors import InputError, QueryError
from ingest.json_path import steps
from ingest.quoting import literal, new_name, path_literal
from ingest.readers.json_numbers import as_written, holds_odd_numbers
from ingest.readers.raw import LONGEST, SHOWN, UNREADABLE, RawRows
from ingest.readers.records import READABLE, guessed_records, has_array_lines, unwrap
from ingest.readers.text_lines import BOM, read_lines

MOST_KEYS = 1_000
"""Columns at most: more different keys than this are data, not names."""
BLOCK = 1 << 16
LARGEST = 1 << 29
"""Bytes of the largest object that wraps records."""


def read_ndjson(db: Database, path: Path, name: str, records: str | None = None) -> RawRows:
    """One line, one record, or an array of them; blank lines are none. `records` is the path of a list inside each."""
    relation = new_name()
    number, undecodable = read_lines(db, path, f"{relation}_lines")
    return _objects(db, relation, number, undecodable, name, "ndjson", records)


def read_json(db: Database, path: Path, name: str, records: str | None = None) -> RawRows:
    """An array of objects, or objects one after another; InputError with the position where it is no JSON."""
    layout = json_layout(path)
    if layout == "newline_delimited" and not (records and path.stat().st_size > LONGEST):
        return read_ndjson(db, path, name, records)
    layout = "unstructured" if layout == "newline_delimited" else layout
    relation = new_name()
    try:
        db.run(f"""create or replace temp table {relation}_lines as select json::varchar as line from read_json_objects(
            {path_literal(path)}, format = '{layout}', compression = 'none', hive_partitioning = false,
            maximum_object_size = {_largest(path, layout)})""")
    except QueryError as error:
        what = str(error).split("\n")[0].replace(str(path.absolute()), name)
        raise InputError(f"{name} is not valid JSON; nothing of it was loaded. {what}") from error
    if layout == "array" and last_byte(path) != b"]":  # behind a comma the reader takes it for the end
        raise InputError(
            f"{name} is not valid JSON; nothing of it was loaded. Its array has no end: the file is cut off."
        )
    return _objects(db, relation, "rowid", UNREADABLE.empty_table(), name, "json", records)


def _largest(path: Path, layout: str) -> int:
    """Bytes of the largest object: one that wraps all records is as large as its file."""
    return max(8 * LONGEST, min(path.stat().st_size, LARGEST) if layout == "unstructured" else 0)


def json_layout(path: Path) -> str:
    """array, newline_delimited or unstructured (DuckDB's words), told from the first line that says something."""
    with path.open("rb") as stream:
        while line := stream.readline(LONGEST):
            text = line.removeprefix(BOM).strip()
            if text:
                break
        else:
            return "newline_delimited"
        following = next((more for part in stream if (more := part.strip())), b"") if text.endswith(b"]") else b""
    if text.startswith(b"["):
        return "newline_delimited" if following.startswith(b"[") else "array"
    return "newline_delimited" if text.endswith(b"}") or len(line) == LONGEST else "unstructured"


def last_byte(path: Path) -> bytes:
    """The last one that is no white space; none in an empty file."""
    with path.open("rb") as stream:
        end = stream.seek(0, SEEK_END)
        while end > 0:
            start = stream.seek(max(0, end - BLOCK))
            text = stream.read(end - start).rstrip()
            if text:
                return text[-1:]
            end = start
    return b""


def _objects(
    db: Database, relation: str, number: str, undecodable: pa.Table, name: str, kind: str, records: str | None
) -> RawRows:
    """The rows over a table of JSON texts, or over the records inside them."""
    table = f"{relation}_lines"
    path: list[str | None] = [None] if has_array_lines(db, table) else []
    guessed = None if records or path else guessed_records(db, table)
    odd = holds_odd_numbers(db, table)
    path += list(steps(records or "")) or ([guessed] if guessed else [])
    missing = unwrap(db, table, number, path, odd) if path else UNREADABLE.empty_table()
    by_line = kind == "ndjson" and not path
    number = "row" if path else number
    keys, outer = _keys(db, table, number, name, "line"), _keys(db, table, number, name, "envelope") if path else []
    db.run(_view(relation, table, number, keys, outer, odd and not path))
    bad = pa.concat_tables([_with_faults(db, table, number, f"{number} + 1" if by_line else "null"), missing])
    said = f'{guessed} is a list of objects, and these were read as its records; records = "{guessed}" says so'
    return RawRows(
        relation=relation,
        columns=(*keys, *(f"outer.{key}" if key in keys else key for key in outer)),
        types=("json",) * len(keys + outer),
        format=kind,
        table=table,
        first_line=1 if by_line else None,
        unreadable=pa.concat_tables([bad, _behind(undecodable, db, table) if path else undecodable]).sort_by("record"),
        records=guessed,
        notes=(said,) if guessed else (),
    )


def _behind(undecodable: pa.Table, db: Database, table: str) -> pa.Table:
    """Records that could not be decoded, numbered behind those of a table that has numbers of its own."""
    rows = int(db.rows(f"select coalesce(max(row), -1) + 1 from {table}")[0][0]) + MOST_KEYS
    numbers = pa.array(range(rows, rows + undecodable.num_rows), pa.int64())
    return undecodable.set_column(0, UNREADABLE.field("record"), numbers)


def _keys(db: Database, table: str, number: str, name: str, text: str) -> list[str]:
    """All top-level keys of the objects in a column of texts, in order of first appearance."""
    readable = READABLE if text == "line" else f"{text} is not null"
    key_sets = db.rows(f"""
with sets as (  -- one row per different list of keys
  select case when {readable} then json_keys({text}) end as keys, min({number}) as first_row from {table} group by 1
), places as (select first_row, unnest(keys) as key, generate_subscripts(keys, 1) as place from sets)
select key from places group by key order by min((first_row, place)) limit {MOST_KEYS + 1}""")
    if len(key_sets) > MOST_KEYS:
        raise InputError(
            f"{name} has more than {MOST_KEYS:,} different top-level keys: they look like data, not like column names. "
            "Write the records so that every one has the same keys."
        )
    return [key for (key,) in key_sets]


def _view(relation: str, table: str, number: str, keys: list[str], outer: list[str], odd: bool) -> str:
    """Each text is parsed once per record for all keys, by JSON pointers: only ~ and / are special there."""
    records = f"(select * replace ({as_written('line')} as line), {number} as number from {table})" if odd else table
    number = "number" if odd else number
    columns = "".join(f", v[{i + 1}] as c{i}" for i in range(len(keys)))
    beside = "".join(f", o[{i + 1}] as c{i + len(keys)}" for i in range(len(outer)))
    # a filter on a value may be asked before READABLE is: what is not valid must not fail then
    return f"""create or replace temp view {relation} as select row{columns}{beside} from (
        select {number} as row, {_values("line", keys)} as v{f", {_values('envelope', outer)} as o" if outer else ""}
        from {records} where {READABLE})"""


def _values(text: str, keys: list[str]) -> str:
    pointers = ", ".join(literal("/" + k.replace("~", "~0").replace("/", "~1")) for k in keys)
    return f"try(json_extract_string({text}, [{pointers}]))" if keys else "null"


def _with_faults(db: Database, table: str, number: str, line: str) -> pa.Table:
    faults = db.query(f"""
select {number} as record, {line} as line, left(line, {SHOWN}) as text,
  case when json_valid(line) then 'a JSON ' || lower(json_type(line)) || ', not an object' else 'not valid JSON' end
    as detail
from {table} where trim(line) <> '' and not {READABLE} order by 1""")
    return faults.cast(UNREADABLE)
