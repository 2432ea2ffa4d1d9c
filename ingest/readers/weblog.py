"""Web server logs in the combined and the common format (Apache, nginx), one request per line."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa

from ingest.database import Database
from ingest.quoting import literal, new_name
from ingest.readers.raw import SHOWN, UNREADABLE, RawRows
from ingest.readers.text_lines import read_lines

COLUMNS = (
    "ip",
    "ident",
    "user",
    "time",
    "method",
    "target",
    "path",
    "query",
    "protocol",
    "status",
    "bytes",
    "referrer",
    "user_agent",
)
"""`time` is the log's text, such as 17/May/2015:10:05:03 +0000; `path` and `query` are the two parts of `target`."""

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
LINE = (
    r"^(?:[\w.-]+:\d+ )?(\S+) (\S+) (\S|\S.*?) \[([^\]]+)\] "  # some servers put the virtual host first
    rf"{_QUOTED} (\d{{3}}|-) (\d+|-)(?: {_QUOTED} {_QUOTED}(?: .*)?)?\s*$"  # some add fields of their own at the end
)
REQUEST = r"^([A-Za-z_-]+) (.*?)(?: +(HTTP/[0-9.]+))?$"
TARGET = r"^(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?([^?#]*)(?:\?([^#]*))?"

_VIEW = r"""
create or replace temp view {relation} as
with parts as (  -- one row per line that is a log line
  select {number} as row, regexp_extract(line, {line}, {groups}) as p
  from {table} where regexp_matches(line, {line})
), requests as (  -- the request line in its parts; one that is not of the form METHOD TARGET is a target as a whole
  select *, regexp_extract(p.request, {request}, ['method', 'target', 'protocol']) as r,
    regexp_matches(p.request, {request}) as is_request from parts
), targets as (select *, case when is_request then r.target else p.request end as target from requests
), paths as (select *, regexp_extract(target, {target}, ['path', 'query']) as t from targets)
select row, {columns} from paths"""

_GROUPS = "['ip', 'ident', 'user', 'time', 'request', 'status', 'bytes', 'referrer', 'user_agent']"
_FROM = {"method": "r.method", "target": "target", "path": "t.path", "query": "t.query", "protocol": "r.protocol"}


def is_weblog(line: str) -> bool:
    """Is this a line of a combined or common log?"""
    return re.match(LINE, line) is not None


def read_weblog(db: Database, path: Path) -> RawRows:
    """One line, one request; `-` is NULL; blank lines are none."""
    relation = new_name()
    table = f"{relation}_lines"
    number, undecodable = read_lines(db, path, table)
    columns = ", ".join(f"{_value(_FROM.get(c, f'p.{c}'), c)} as c{i}" for i, c in enumerate(COLUMNS))
    db.run(
        _VIEW.format(
            relation=relation,
            number=number,
            table=table,
            columns=columns,
            groups=_GROUPS,
            line=literal(LINE),
            request=literal(REQUEST),
            target=literal(TARGET),
        )
    )
    found = db.query(f"""
select {number} as record, {number} + 1 as line, left(line, {SHOWN}) as text,
  'not a line of a combined or common log' as detail
from {table} where trim(line) <> '' and not regexp_matches(line, {literal(LINE)}) order by 1""")
    unreadable = pa.concat_tables([found.cast(UNREADABLE), undecodable]).sort_by("record")
    return RawRows(
        relation=relation,
        columns=COLUMNS,
        types=("text",) * len(COLUMNS),
        unreadable=unreadable,
        format="combined",
        table=table,
        first_line=1,
    )


def _value(sql: str, column: str) -> str:
    """A part of the line, without the backslashes that servers put before quotes and backslashes."""
    if column in ("target", "path", "query", "referrer", "user_agent"):
        sql = rf"""replace(replace({sql}, '\"', '"'), '\\', '\')"""
    return f"nullif(nullif({sql}, ''), '-')"
