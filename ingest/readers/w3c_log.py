"""W3C extended logs (IIS, CloudFront, Netscaler, Akamai): `#Fields:` names the columns, one request per line.

Fields are separated by tabs or by spaces; a text with spaces is in quotes, or has + or %20 for them. A server that
starts anew writes its directives again, perhaps with other fields: each line is read by the `#Fields:` above it.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from ingest.database import Database
from ingest.errors import InputError
from ingest.quoting import new_name
from ingest.readers.raw import SHOWN, UNREADABLE, RawRows
from ingest.readers.text_lines import read_lines

FIELDS = "#Fields:"
MOST_LISTS = 200
"""Different lists of fields, one after another, in one file at most."""

_VIEW = """
create or replace temp view {relation} as
with parts as (  -- one row per line that is no directive: its fields, and how many of them its #Fields: names
  select {number} as row, line, {parts} as p, {width} as width from {table}
  where line <> '' and line[1] <> '#' and trim(line) <> ''
)
select row, {columns} from parts where len(p) = width"""

_PARTS = r"""case when contains(line, chr(9)) then string_split(rtrim(line, chr(13)), chr(9))
  when contains(line, '"') then regexp_extract_all(line, '"(?:[^"]|"")*"|[^\s"]+')
  else string_split_regex(trim(line), '\s+') end"""


def is_fields_line(line: str) -> bool:
    """Does this line name the fields of a W3C extended log?"""
    return line.startswith(FIELDS)


def read_w3c_log(db: Database, path: Path, name: str) -> RawRows:
    """One line, one request; `-` is NULL; directives and blank lines are none. InputError without `#Fields:`."""
    relation = new_name()
    table = f"{relation}_lines"
    number, undecodable = read_lines(db, path, table)
    lists = _lists(db, table, number, name)
    columns = tuple(dict.fromkeys(field for _, fields in lists for field in fields))
    width = _by_list(number, lists, [str(len(fields)) for _, fields in lists])
    values = []
    for i, column in enumerate(columns):
        places = [f"p[{fields.index(column) + 1}]" if column in fields else "null" for _, fields in lists]
        values.append(f"{_value(_by_list('row', lists, places), column)} as c{i}")
    sql = _VIEW.format(
        relation=relation, number=number, parts=_PARTS, width=width, table=table, columns=", ".join(values)
    )
    db.run(sql)
    unreadable = _unreadable(db, table, number, width)
    return RawRows(
        relation=relation,
        columns=columns,
        types=("text",) * len(columns),
        unreadable=pa.concat_tables([unreadable, undecodable]).sort_by("record"),
        format="w3c",
        table=table,
        first_line=1,
    )


def _lists(db: Database, table: str, number: str, name: str) -> list[tuple[int, list[str]]]:
    """(line from 0, field names) wherever the list of fields becomes another one."""
    headers = db.rows(f"select {number}, line from {table} where starts_with(line, '{FIELDS}') order by 1")
    lists: list[tuple[int, list[str]]] = []
    for at, line in headers:
        fields = line.removeprefix(FIELDS).split()
        if fields and (not lists or lists[-1][1] != fields):
            lists.append((int(at), fields))
    if not lists:
        raise InputError(f'{name} is not a W3C extended log: no line begins with "{FIELDS}".')
    if len(lists) > MOST_LISTS:
        raise InputError(f'{name} changes its "{FIELDS}" more than {MOST_LISTS} times. Split it at these lines.')
    return lists


def _by_list(number: str, lists: list[tuple[int, list[str]]], values: list[str]) -> str:
    """SQL of the value that belongs to the list of fields in force at a line; what comes before the first takes the first."""
    if len(set(values)) == 1:
        return values[0]
    later = [f"when {number} > {at} then {value}" for (at, _), value in list(zip(lists, values, strict=True))[:0:-1]]
    return f"case {' '.join(later)} else {values[0]} end"


def _value(sql: str, column: str) -> str:
    """A field's text without its quotes; in a user agent + or %20 (written twice: %2520) stands for a space."""
    text = f"""case when starts_with({sql}, '"') then replace(trim({sql}, '"'), '""', '"') else {sql} end"""
    if column.lower() == "cs(user-agent)":
        twice = f"case when contains({text}, '%25') then url_decode({text}) else {text} end"
        text = f"""case when contains({text}, ' ') then {text} when contains({text}, '%20') or contains({text}, '%25')
          then url_decode({twice}) else replace({text}, '+', ' ') end"""
    return f"nullif(nullif({text}, ''), '-')"


def _unreadable(db: Database, table: str, number: str, width: str) -> pa.Table:
    """Lines with another number of fields than their `#Fields:` names."""
    detail = f"len({_PARTS}) || ' fields where #Fields: names ' || {width}"
    faults = db.query(f"""
select {number} as record, {number} + 1 as line, left(line, {SHOWN}) as text, {detail} as detail
from {table} where line <> '' and line[1] <> '#' and trim(line) <> '' and len({_PARTS}) <> {width} order by 1""")
    return faults.cast(UNREADABLE)
