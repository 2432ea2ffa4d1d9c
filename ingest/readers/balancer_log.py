"""Logs of AWS load balancers: application (the connection's type first) and classic ones, one request per line."""

from __future__ import annotations

import re
from pathlib import Path

from ingest.database import Database
from ingest.readers.raw import RawRows
from ingest.readers.weblog import QUOTED, LineFormat, read_log_lines

_NUMBER = r"(-?[\d.]+|-)"
LINE = (
    r"^(?:(https?|h2|grpcs?|wss?) )?(\d{4}-\d\d-\d\dT[\d:.]+Z) (\S+) (\S+?)(?::(\d+))? (\S+) "
    rf"{_NUMBER} {_NUMBER} {_NUMBER} (\d+|-) (\d+|-) (\d+|-) (\d+|-) {QUOTED}"
    rf"(?: {QUOTED}(?: (\S+) (\S+)(?: (\S+) {QUOTED} {QUOTED})?)?)?(?: .*)?$"
)

_PARTS = (
    *("type", "time", "elb", "ip", "port", "backend", "request_processing_time", "backend_processing_time"),
    *("response_processing_time", "status", "backend_status", "received_bytes", "bytes", "request", "user_agent"),
    *("ssl_cipher", "ssl_protocol", "target_group", "trace_id", "host"),
)
_REQUEST = ("method", "target", "path", "query", "protocol")

FORMAT = LineFormat(
    name="alb",
    said="a load balancer's log",
    line=LINE,
    groups=tuple(f"'{part}'" for part in _PARTS),
    columns=tuple(column for part in _PARTS for column in (_REQUEST if part == "request" else (part,))),
)
"""`time` is an instant of ISO 8601, `ip` and `port` are the client's, `path` and `query` the two parts of `target`."""


def is_balancer_line(line: str) -> bool:
    """Is this a line of a load balancer's log?"""
    return re.match(LINE, line) is not None


def read_balancer_log(db: Database, path: Path) -> RawRows:
    """One line, one request; `-` is NULL; blank lines are none."""
    return read_log_lines(db, path, FORMAT)
