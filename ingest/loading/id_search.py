"""Where an id still stands: every file of a folder, values read back where they are compressed, and bytes as they are.

A value *is* the id in a column of ids. In any other text the id is looked for as it stands, a short one (fewer than `LONG`
bytes) as a word of its own: "7" stands in nearly every file.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.database import Database
from ingest.keys import key_of, known_text
from ingest.quoting import literal, quoted
from ingest.store.core import open_core

LONG = 8
"""Bytes of an id that does not come about by chance in a compressed file."""

PIECE = 1 << 22
"""Bytes of a file that are looked at in one go."""

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

PARQUET = (".parquet", ".devices")


@dataclass
class Hits:
    """What was found in one place: values that are the id, values of others in which its text stands, files with its bytes."""

    own: int = 0
    mentions: int = 0
    bytes: int = 0
    columns: set[str] = field(default_factory=set)  # with mentions

    def add(self, other: Hits) -> None:
        """The sum of both."""
        self.own += other.own
        self.mentions += other.mentions
        self.bytes += other.bytes
        self.columns |= other.columns

    @property
    def any(self) -> bool:
        """Is there anything?"""
        return bool(self.own or self.mentions or self.bytes)


@dataclass(frozen=True, kw_only=True)
class Sought:
    """The ids of a person, and the columns whose values are such ids."""

    ids: tuple[str, ...]
    columns: frozenset[str]
    keyed: bool = False  # are the customer keys of known ids sought, too?

    @property
    def keys(self) -> frozenset[int]:
        """The customer keys of known ids."""
        return frozenset(key_of(known_text(i)) for i in self.ids) if self.keyed else frozenset()

    def pattern(self, numbers: bool = True) -> re.Pattern[bytes]:
        """The bytes that are looked for in a text: as UTF-8, and as JSON writes what is not ASCII.

        Without `numbers`, short ids of digits alone are left out: among counts and times they would be found by chance.
        """
        found = []
        ids = [i for i in self.ids if numbers or is_long(i) or not i.isdigit()]
        for text in {t for i in ids for t in (i, json.dumps(i)[1:-1])}:
            raw = re.escape(text.encode())
            found.append(raw if is_long(text) else rb"(?<![0-9A-Za-z_])" + raw + rb"(?![0-9A-Za-z_])")
        return re.compile(b"|".join(sorted(found)) or rb"(?!)")

    def in_text(self, column: str) -> str:
        """SQL: does one of the ids stand in a text?"""
        tests = []
        for text in sorted({t for i in self.ids for t in (i, json.dumps(i)[1:-1])}):
            test = f"contains({column}, {literal(text)})"
            if not is_long(text):
                word = f"(^|[^0-9A-Za-z_]){re.escape(text)}($|[^0-9A-Za-z_])"
                test += f" and regexp_matches({column}, {literal(word)})"
            tests.append(f"({test})")
        return f"coalesce({' or '.join(tests)}, false)"


def is_long(id: str) -> bool:
    """Is an id so long that its bytes are no chance?"""
    return len(id.encode()) >= LONG


class Search:
    """The files of a store that were looked at. What was not changed since is not read again."""

    def __init__(self, sought: Sought) -> None:
        self._sought = sought
        self._seen: dict[tuple[Path, int, int, int], Hits] = {}

    def hits(self, files: Iterable[tuple[str, Path]]) -> dict[str, Hits]:
        """Place -> what is found in its files, given as (place, file)."""
        found: dict[str, Hits] = {}
        with Database() as db:
            for place, path in files:
                with suppress(FileNotFoundError):
                    now = path.stat()
                    state = path, now.st_ino, now.st_size, now.st_mtime_ns
                    if state not in self._seen:
                        self._seen[state] = search_file(db, path, self._sought)
                    found.setdefault(place, Hits()).add(self._seen[state])
        return found


def search_file(db: Database, path: Path, sought: Sought) -> Hits:
    """What one file holds of the ids."""
    hits = Hits()
    if path.suffix in PARQUET:
        hits = search_parquet(db, path, sought)
    elif path.suffix == ".arrow":
        hits = search_core(path, sought)
    elif path.suffix != ".key":
        hits.mentions = sum(len(sought.pattern(numbers=False).findall(piece)) for piece in pieces_of(path))
    if path.suffix in (*PARQUET, ".arrow"):
        hits.bytes = int(holds_bytes(path, sought))
    return hits


def search_parquet(db: Database, path: Path, sought: Sought) -> Hits:
    """The values of a Parquet file, page by page: own ids, customer keys, and text of any column."""
    schema = pq.read_schema(path)
    asked: dict[str, str] = {}
    for f in schema:
        column = quoted(f.name)
        if f.name in sought.columns:
            asked[f.name] = f"{column} in ({', '.join(map(literal, sought.ids))})"
        elif f.name == "customer_key" and sought.keys:
            asked[f.name] = f"{column} in ({', '.join(map(str, sorted(sought.keys)))})"
        elif pa.types.is_string(f.type) or pa.types.is_large_string(f.type):
            asked[f.name] = sought.in_text(column)
        elif pa.types.is_nested(f.type) and f.name != "variants":
            asked[f.name] = sought.in_text(f"{column}::varchar")
    if not asked:
        return Hits()
    counts = ", ".join(f"count(*) filter (coalesce({test}, false))" for test in asked.values())
    (row,) = db.rows(f"select {counts} from read_parquet($file, hive_partitioning = false)", {"file": [str(path)]})
    hits = Hits()
    for name, n in zip(asked, row, strict=True):
        if name in sought.columns or name == "customer_key":
            hits.own += n
        elif n:
            hits.mentions += n
            hits.columns.add(name)
    return hits


def holds_values(path: Path, sought: Sought) -> bool:
    """Does any value of a Parquet file, whoever wrote it, hold one of the ids? Instants and truths are none."""
    kinds = (pa.types.is_temporal, pa.types.is_boolean)
    columns = [f.name for f in pq.read_schema(path) if not any(is_kind(f.type) for is_kind in kinds)]
    tests = " or ".join(sought.in_text(f"{quoted(name)}::varchar") for name in columns)
    if not tests:
        return False
    with Database() as db:
        asked = f"select 1 from read_parquet($file, hive_partitioning = false) where {tests} limit 1"
        return bool(db.rows(asked, {"file": [str(path)]}))


def search_core(path: Path, sought: Sought) -> Hits:
    """The customer keys and the names of a core."""
    parquet = path.with_name(f"{path.stem[1:]}.parquet")
    core = open_core(parquet)
    try:
        own = sum(int((chunk.key == key).sum()) for chunk in core.chunks for key in sought.keys)
        mentions = sum(bool(sought.pattern().search(name.encode())) for name in core.names)
    finally:
        core.close()
    return Hits(own=own, mentions=mentions)


def holds_bytes(path: Path, sought: Sought) -> bool:
    """Do the bytes of a file, as they are, hold one of the ids that are long enough to ask this?"""
    wanted = [i.encode() for i in sought.ids if is_long(i)]
    with path.open("rb") as file:
        return bool(wanted) and any(w in piece for piece in overlapping(file, max(map(len, wanted))) for w in wanted)


def overlapping(file: BinaryIO | Any, longest: int) -> Iterator[bytes]:
    """The pieces of a stream, each with the end of the one before."""
    tail = b""
    while piece := file.read(PIECE):
        yield tail + piece
        tail = (tail + piece)[-longest - 1 :]


def pieces_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file as a reader would see them: unpacked; cut at lines, where there are any."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    yield from at_lines(member)
        return
    with path.open("rb") as file:
        packed = file.read(4)
        file.seek(0)
        if packed[:2] == GZIP:
            with gzip.open(file) as unpacked:
                yield from at_lines(unpacked)
        elif packed == ZSTD:
            with pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd") as unpacked:
                yield from at_lines(unpacked)
        else:
            yield from at_lines(file)


def at_lines(stream: Any) -> Iterator[bytes]:
    """Pieces of a stream that end with a line; a line of more than two pieces is cut where it is."""
    rest = b""
    while piece := stream.read(PIECE):
        whole, line_end, rest = (rest + piece).rpartition(b"\n")
        if len(rest) > 2 * PIECE:
            whole, rest = whole + line_end + rest[:-PIECE], rest[-PIECE:]
        yield whole + line_end
    yield rest


def files_of(root: Path, places: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """(place, file) of all files below a folder: its first folder, or what `places` calls it; logs and indexes apart."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        inside = Path(folder).relative_to(root).parts
        for name in sorted(names):
            path = Path(folder) / name
            top = inside[0] if inside else name.split("-")[0].split(".")[0]
            place = places.get(top, top)
            if "_delta_log" in inside:
                place = "Delta logs"
            elif path.suffix == ".devices":
                place = "device indexes"
            elif path.suffix == ".arrow":
                place = "cores"
            yield place, path
