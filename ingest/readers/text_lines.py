"""Text files, line by line: the physical lines, and a table with one row per line."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa

from ingest.database import Database
from ingest.errors import QueryError
from ingest.quoting import path_literal
from ingest.readers.raw import LONGEST, RowWriter, Unreadable

BOM = b"\xef\xbb\xbf"
NOT_UTF8 = "not valid UTF-8"
TOO_LONG = f"longer than {LONGEST:,} bytes"


class Lines:
    """The physical lines of a stream, numbered from 1, without the line feed; lines can be given back.

    A line longer than LONGEST comes back cut to LONGEST + 1 bytes, so memory stays flat whatever a file holds.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._ahead: deque[tuple[int, bytes]] = deque()
        self._number = 0

    def take(self) -> tuple[int, bytes] | None:
        """The next line, or None at the end."""
        if self._ahead:
            return self._ahead.popleft()
        line = self._stream.readline(LONGEST + 2)
        if not line:
            return None
        self._number += 1
        if len(line) > LONGEST and not line.endswith(b"\n"):
            self._skip_rest()
            return self._number, line[: LONGEST + 1]
        if self._number == 1:
            line = line.removeprefix(BOM)
        return self._number, line.removesuffix(b"\n")

    def give_back(self, lines: list[tuple[int, bytes]]) -> None:
        """Put lines back, to be taken again in the same order."""
        self._ahead.extendleft(reversed(lines))

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return iter(self.take, None)

    def _skip_rest(self) -> None:
        while (part := self._stream.readline(LONGEST)) and not part.endswith(b"\n"):
            pass


def decoded(line: bytes) -> str | None:
    """The line as text, or None if it is not UTF-8."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def bad_bytes(line: bytes) -> str | None:
    """What is wrong with a line before anybody looks at what it says, if anything."""
    if len(line) > LONGEST:
        return TOO_LONG
    return None if line.isascii() or decoded(line) is not None else NOT_UTF8


def count_lines(path: Path) -> int:
    """Physical lines of a file, counted apart from any parser; a last line without a line feed counts."""
    lines, last = 0, 10
    with path.open("rb") as stream:
        while block := stream.read(1 << 18):
            lines += int(np.count_nonzero(np.frombuffer(block, np.uint8) == 10))
            last = block[-1]
    return lines + (last != 10)


def count_blank(path: Path, skip: int = 0) -> int:
    """Physical lines of a file that hold nothing, behind its first `skip` lines."""
    with path.open("rb") as stream:
        return sum(1 for line in islice(stream, skip, None) if not line.strip(b"\r\n"))


def read_lines(db: Database, path: Path, table: str) -> tuple[str, pa.Table]:
    """Fill `table` (line VARCHAR) with the file's lines: (the SQL of a line's number from 0, unreadable lines).

    DuckDB reads in parallel; a file it does not take whole (mixed line ends, broken UTF-8) is read here, line by line.
    """
    try:
        # quoting is off, and the delimiter is a character that neither JSON nor a web log holds
        db.run(f"""create or replace temp table {table} as select c0 as line from read_csv({path_literal(path)},
            auto_detect = false, header = false, delim = '\x01', quote = '', escape = '', columns = {{'c0': 'VARCHAR'}},
            max_line_size = {LONGEST}, compression = 'none', hive_partitioning = false, strict_mode = true)""")
        if db.rows(f"select count(*) from {table}")[0][0] == count_lines(path):
            return "rowid", Unreadable().table()
    except QueryError:
        pass
    return "row", _read_slowly(db, path, table)


def _read_slowly(db: Database, path: Path, table: str) -> pa.Table:
    bad = Unreadable()
    rows = RowWriter(db, table, ["line"])
    with path.open("rb") as stream:
        for number, line in Lines(stream):
            if fault := bad_bytes(line):
                bad.add(number - 1, number, line, fault)
            else:
                rows.add(number - 1, [line.rstrip(b"\r").decode()])
    rows.flush()
    return bad.table()
