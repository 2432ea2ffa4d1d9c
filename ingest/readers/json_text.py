"""NDJSON (one object per line), arrays of objects, and objects written one after another over several lines.

The columns are the top-level keys of all records, in the order in which they first appear. Nested values stay JSON
text, numbers and booleans stay as written, null is NULL. A line that is no JSON object is unreadable.
"""

from __future__ import annotations

from os import SEEK_END
from pathlib import Path

import pyarrow as pa

from ingest.database import Database
from ingest.errors import InputError, QueryError
from ingest.quoting import literal, new_name, path_literal
from ingest.readers.raw import LONGEST, SHOWN, UNREADABLE, RawRows
from ingest.readers.text_lines import BOM, read_lines

MOST_KEYS = 1_000
"""Columns at most: more different keys than this are data, not names."""
BLOCK = 1 << 16

# a CASE, because AND may ask for the type of what is not valid, and that fails
READABLE = "case when json_valid(line) then json_type(line) = 'OBJECT' else false end"


def read_ndjson(db: Database, path: Path, name: str) -> RawRows:
    """One line, one record; blank lines are none."""
    relation = new_name()
    number, undecodable = read_lines(db, path, f"{relation}_lines")
    return _objects(db, relation, number, undecodable, name, "ndjson")


def read_json(db: Database, path: Path, name: str) -> RawRows:
    """An array of objects, or objects one after another; InputError with the position where it is no JSON."""
    layout = json_layout(path)
    if layout == "newline_delimited":
        return read_ndjson(db, path, name)
    relation = new_name()
    try:
        db.run(f"""create or replace temp table {relation}_lines as select json::varchar as line from read_json_objects(
            {path_literal(path)}, format = '{layout}', compression = 'none', hive_partitioning = false,
            maximum_object_size = {8 * LONGEST})""")
    except QueryError as error:
        what = str(error).split("\n")[0].replace(str(path.absolute()), name)
        raise InputError(f"{name} is not valid JSON; nothing of it was loaded. {what}") from error
    if layout == "array" and last_byte(path) != b"]":  # behind a comma the reader takes it for the end
        raise InputError(
            f"{name} is not valid JSON; nothing of it was loaded. Its array has no end: the file is cut off."
        )
    return _objects(db, relation, "rowid", UNREADABLE.empty_table(), name, "json")


def json_layout(path: Path) -> str:
    """array, newline_delimited or unstructured (DuckDB's words), told from the first line that says something."""
    with path.open("rb") as stream:
        while line := stream.readline(LONGEST):
            text = line.removeprefix(BOM).strip()
            if text:
                break
        else:
            return "newline_delimited"
    if text.startswith(b"["):
        return "array"
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


def _objects(db: Database, relation: str, number: str, undecodable: pa.Table, name: str, kind: str) -> RawRows:
    """The rows over a table of JSON texts."""
    table = f"{relation}_lines"
    keys = _keys(db, table, number, name)
    db.run(_view(relation, table, number, keys))
    line = f"{number} + 1" if kind == "ndjson" else "null"
    return RawRows(
        relation=relation,
        columns=tuple(keys),
        types=("text",) * len(keys),
        format=kind,
        table=table,
        first_line=1 if kind == "ndjson" else None,
        unreadable=_with_faults(db, table, number, line, undecodable),
    )


def _keys(db: Database, table: str, number: str, name: str) -> list[str]:
    """All top-level keys, in order of first appearance."""
    found = db.rows(f"""
with sets as (  -- one row per different list of keys
  select case when {READABLE} then json_keys(line) end as keys, min({number}) as first_row from {table} group by 1
), places as (select first_row, unnest(keys) as key, generate_subscripts(keys, 1) as place from sets)
select key from places group by key order by min((first_row, place)) limit {MOST_KEYS + 1}""")
    if len(found) > MOST_KEYS:
        raise InputError(
            f"{name} has more than {MOST_KEYS:,} different top-level keys: they look like data, not like column names. "
            "Write the records so that every one has the same keys."
        )
    return [key for (key,) in found]


def _view(relation: str, table: str, number: str, keys: list[str]) -> str:
    """The text is parsed once per record for all keys, by JSON pointers: only ~ and / are special there."""
    pointers = ", ".join(literal("/" + k.replace("~", "~0").replace("/", "~1")) for k in keys)
    columns = "".join(f", v[{i + 1}] as c{i}" for i in range(len(keys)))
    # a filter on a value may be asked before READABLE is: what is not valid must not fail then
    values = f"try(json_extract_string(line, [{pointers}]))" if keys else "null"
    return f"""create or replace temp view {relation} as select row{columns} from (
        select {number} as row, {values} as v from {table} where {READABLE})"""


def _with_faults(db: Database, table: str, number: str, line: str, undecodable: pa.Table) -> pa.Table:
    found = db.query(f"""
select {number} as record, {line} as line, left(line, {SHOWN}) as text,
  case when json_valid(line) then 'a JSON ' || lower(json_type(line)) || ', not an object' else 'not valid JSON' end
    as detail
from {table} where trim(line) <> '' and not {READABLE} order by 1""")
    return pa.concat_tables([found.cast(UNREADABLE), undecodable]).sort_by("record")
