"""Records inside an envelope: {"meta": ..., "results": [{...}, {...}]}, a visit with its actions, lines that are arrays.

Each step goes from one table of JSON texts to the next: a list becomes one row per element, an object stays one row,
and what stood beside it is kept as `envelope`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import pyarrow as pa

from ingest.database import Database
from ingest.quoting import literal
from ingest.readers.json_numbers import as_written
from ingest.readers.raw import SHOWN, UNREADABLE

# a CASE, because AND may ask for the type of what is not valid, and that fails
READABLE = "case when json_valid(line) then json_type(line) = 'OBJECT' else false end"

ENVELOPE_KEY = re.compile(
    r"(?i)(?:^|[^a-z])(?:id|at|on|ts)$|Id$|ID$|At$|time$|date$|stamp$|^(?:event|user|customer|name|type)"
)
"""A key of an event, or of what it is about: an object that has one is a record itself, whatever lists it holds."""


def guessed_records(db: Database, table: str) -> str | None:
    """The key of the one list of objects in a file that is a single object and no event; None for any other file."""
    if db.rows(f"select count(*) from (select 1 from {table} where trim(line) <> '' limit 2)")[0][0] != 1:
        return None
    kinds = db.rows(f"""
with kinds as (  -- one row per key of the object
  select unnest(json_keys(line)) as key, line from {table} where {READABLE}
)
select key, json_type(json_extract(line, '/' || replace(replace(key, '~', '~0'), '/', '~1'))) = 'ARRAY'
    and json_type(json_extract(line, '/' || replace(replace(key, '~', '~0'), '/', '~1') || '/0')) = 'OBJECT' from kinds""")
    lists = [key for key, is_list in kinds if is_list]
    others = [key for key, is_list in kinds if not is_list]
    return lists[0] if len(lists) == 1 and not any(ENVELOPE_KEY.search(key) for key in others) else None


def has_array_lines(db: Database, table: str) -> bool:
    """Is a line an array of objects?"""
    return bool(db.rows(f"select 1 from {table} where {_is_array('line')} limit 1"))


def _is_array(text: str) -> str:
    """SQL: is it an array of objects?"""
    valid = f"starts_with(ltrim({text}), '[') and json_valid({text})"
    return f"case when {valid} then json_type({text}, '$[0]') = 'OBJECT' else false end"


def unwrap(db: Database, table: str, number: str, names: Sequence[str | None], odd: bool = False) -> pa.Table:
    """Replace a table of lines by the table (row, line, envelope) of the records at a path; None: the line itself is the list.

    `odd`: some lines hold numbers that would not stay as written. Returns the lines that hold no such list, as
    UNREADABLE. A line that is no object stays, to be judged with the others.
    """
    db.run(f"alter table {table} rename to {table}_0")
    line = f"{as_written('line')} as line" if odd else "line"
    source = f"(select {number} as row, {line}, null::varchar as envelope, null::varchar as fault from {table}_0)"
    for step, name in enumerate(names, 1):
        db.run(_STEP.format(target=f"{table}_{step}", source=source, **_one_step(name)))
        db.run(f"drop table {table}_{step - 1}")
        source = f"{table}_{step}"
    missing = db.query(f"""
select row as record, null::bigint as line, left(line, {SHOWN}) as text, fault as detail from {source} where fault is not null""")
    db.run(
        f"create or replace temp table {table} as select row, line, envelope from {source} where fault is null order by row"
    )
    db.run(f"drop table {source}")
    return missing.cast(UNREADABLE)


_STEP = """
create or replace temp table {target} as
with lists as (  -- one row per text: the elements of its list (an object is one of its own), where it has one
  select *, case when fault is null and {many} then case json_type({item})
      when 'ARRAY' then json_extract({item}, '$[*]') when 'OBJECT' then [{item}::json] when 'NULL' then [] end end as items
  from {source}
), parts as (
  select row, item::varchar as line, place, envelope, fault from (select row, unnest(items) as item,
    generate_subscripts(items, 1) as place, {rest}::varchar as envelope, fault from lists)
  union all
  select row, line, 0, envelope, case when {many} then {fault} else fault end from lists where items is null
)
select row_number() over (order by row, place) - 1 as row, line, envelope, fault from parts"""


def _one_step(name: str | None) -> dict[str, str]:
    """The SQL of one step: the list, which texts can hold it, what stays beside it, and what to say where it lacks."""
    if name is None:
        return {"item": "line", "many": _is_array("line"), "rest": "envelope", "fault": "fault"}
    missing = literal(f'an object without the list "{name}"')
    beside = f"json_merge_patch(line, {literal(json.dumps({name: None}))})"
    return {
        "item": f"json_extract(line, {literal(_pointer(name))})",
        "many": READABLE,
        "rest": f"json_merge_patch(coalesce(envelope, '{{}}'), {beside})",
        "fault": f"coalesce(fault, {missing})",
    }


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")
