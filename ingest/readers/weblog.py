"""Web server logs in the combined and the common format (Apache, nginx), one request per line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ingest.database import Database
from ingest.quoting import literal, new_name
from ingest.readers.raw import SHOWN, UNREADABLE, RawRows
from ingest.readers.text_lines import read_lines


@dataclass(frozen=True, kw_only=True)
class LineFormat:
    """A log of one request per line: the expression that takes a line apart, and what its groups are called.

    Of `groups` (SQL texts of their names) one is `request`, of which the columns method, target, path, query and
    protocol are made; a column whose name is `ip` is filled from the groups ip and bare_ip.
    """

    name: str
    said: str
    line: str
    groups: tuple[str, ...]
    columns: tuple[str, ...]


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
    "host",
)
"""`time` is the log's text, such as 17/May/2015:10:05:03 +0000; `path` and `query` are the two parts of `target`;
`host` is the virtual host, where the server writes it first."""

QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_HOST = r"[\w.-]+"
_ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+"
LINE = (
    # a virtual host may come first: without a port it is told apart by the address behind it
    rf"^(?:(?:({_HOST})(?::\d+)? )?({_ADDRESS})|(?:({_HOST}):\d+ )?(\S+)) (\S+) (\S|\S.*?) \[([^\]]+)\] "
    rf"{QUOTED} (\d{{3}}|-) (\d+|-)(?: {QUOTED} {QUOTED}(?: .*)?)?\s*$"  # some add fields of their own at the end
)
REQUEST = r"^([A-Za-z_-]+) (.*?)(?: +(HTTP/[0-9.]+))?$"
TARGET = r"^(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?([^?#]*)(?:\?([^#]*))?"

COMBINED = LineFormat(
    name="combined",
    said="a combined or common log",
    line=LINE,
    groups=(
        *("'host_of_address'", "'address'", "'host_of_name'", "'name'", "'ident'", "'user'", "'time'", "'request'"),
        *("'status'", "'bytes'", "'referrer'", "'user_agent'"),
    ),
    columns=COLUMNS,
)

_VIEW = r"""
create or replace temp view {relation} as
with parts as (  -- one row per line that is a log line
  select {number} as row, regexp_extract(line, {line}, [{groups}]) as p
  from {table} where regexp_matches(line, {line})
), requests as (  -- the request line in its parts; one that is not of the form METHOD TARGET is a target as a whole
  select *, regexp_extract(p.request, {request}, ['method', 'target', 'protocol']) as r,
    regexp_matches(p.request, {request}) as is_request from parts
), targets as (select *, case when is_request then r.target else p.request end as target from requests
), paths as (select *, regexp_extract(target, {target}, ['path', 'query']) as t from targets)
select row, {columns} from paths"""

_FROM = {"method": "r.method", "target": "target", "path": "t.path", "query": "t.query", "protocol": "r.protocol"}
_OF_COMBINED = {"ip": "p.address || p.name", "host": "p.host_of_address || p.host_of_name"}  # one of each is empty


def is_weblog(line: str) -> bool:
    """Is this a line of a combined or common log?"""
    return re.match(LINE, line) is not None


def read_weblog(db: Database, path: Path) -> RawRows:
    """One line, one request; `-` is NULL; blank lines are none."""
    return read_log_lines(db, path, COMBINED, _OF_COMBINED)


def read_log_lines(db: Database, path: Path, log: LineFormat, made: dict[str, str] | None = None) -> RawRows:
    """The rows of a log; `made` is the SQL of columns that are none of its groups. A line of no such log is unreadable."""
    relation = new_name()
    table = f"{relation}_lines"
    number, undecodable = read_lines(db, path, table)
    origin = _FROM | (made or {})
    columns = ", ".join(f"{_value(origin.get(c, f'p.{c}'), c)} as c{i}" for i, c in enumerate(log.columns))
    db.run(
        _VIEW.format(
            relation=relation,
            number=number,
            table=table,
            columns=columns,
            groups=", ".join(log.groups),
            line=literal(log.line),
            request=literal(REQUEST),
            target=literal(TARGET),
        )
    )
    faults = db.query(f"""
select {number} as record, {number} + 1 as line, left(line, {SHOWN}) as text, {literal(f"not a line of {log.said}")} as detail
from {table} where trim(line) <> '' and not regexp_matches(line, {literal(log.line)}) order by 1""")
    unreadable = pa.concat_tables([faults.cast(UNREADABLE), undecodable]).sort_by("record")
    return RawRows(
        relation=relation,
        columns=log.columns,
        types=("text",) * len(log.columns),
        unreadable=unreadable,
        format=log.name,
        table=table,
        first_line=1,
    )


def _value(sql: str, column: str) -> str:
    """A part of the line, without the backslashes that servers put before quotes and backslashes."""
    if column in ("target", "path", "query", "referrer", "user_agent"):
        sql = rf"""replace(replace({sql}, '\"', '"'), '\\', '\')"""
    return f"nullif(nullif({sql}, ''), '-')"
