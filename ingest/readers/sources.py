"""Raw files -> text rows inside DuckDB, with nothing lost: the one door for the rest of `ingest`.

    path -> unpacked -> in UTF-8 -> what it is -> read_csv | read_ndjson | read_json | read_weblog | ... -> RawRows

Every record of a file is either a row of `RawRows.relation` or a row of `RawRows.unreadable`. A file that cannot be
read as a whole raises InputError and leaves nothing behind.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ingest.database import Database
from ingest.errors import EmptyInput, InputError, QueryError
from ingest.quoting import new_name, path_literal
from ingest.readers.archives import MAGIC as ZIP
from ingest.readers.archives import check_workbook
from ingest.readers.balancer_log import read_balancer_log
from ingest.readers.csv_text import AlikeRows, read_csv, read_csv_alike
from ingest.readers.encodings import encoding_of, in_utf8, legacy_encoding
from ingest.readers.excel import OLD, read_excel
from ingest.readers.files import (
    STDIN,
    content_hash,
    expand,
    first_line,
    glob_root,
    head_of,
    in_utf8_place,
    input_name,
    natural_key,
    shown_name,
    spool,
    unpacked_file,
    with_line_feeds,
)
from ingest.readers.json_text import read_json, read_ndjson
from ingest.readers.kinds import MAY_BE_EMPTY, checked_format, foreign, kind_of
from ingest.readers.raw import UNREADABLE, RawRows, ReadOptions
from ingest.readers.text_lines import BOM, NOT_UTF8
from ingest.readers.w3c_log import read_w3c_log
from ingest.readers.weblog import read_weblog

__all__ = [
    "UNREADABLE",
    "RawRows",
    "ReadOptions",
    "content_hash",
    "expand",
    "first_line",
    "glob_root",
    "input_name",
    "natural_key",
    "read_alike",
    "read_rows",
    "spool",
]


def read_rows(db: Database, path: Path, options: ReadOptions | None = None, *, name: str | None = None) -> RawRows:
    """Read one file (`-`: standard input) whole; `name` is what messages call it, and what its format is told from.

    Text is read into a temporary table of `db`, in parallel and in the order of the file; `release` it when the rows
    have been used. A Parquet file stays where it is and is read when the view is.
    Raises MissingInput if it cannot be opened and InputError if it is not what it claims to be.
    """
    options = options or ReadOptions()
    shown = name or shown_name(path)
    with TemporaryDirectory(dir=db.scratch) as directory:
        scratch = Path(directory)
        original = spool(sys.stdin.buffer, scratch) if path == STDIN else path
        plain = _plain(original, scratch, shown, options)
        raw = _read(db, plain, shown, options, keep=plain.path != path)
        if plain.encoding is None and NOT_UTF8 in raw.unreadable["detail"].to_pylist():
            encoding = legacy_encoding(plain.path)  # its first bytes were UTF-8, what follows is not
            if encoding is not None:
                raw.release(db)
                plain = _in_utf8(plain.path, scratch, shown, encoding)
                raw = _read(db, plain, shown, options, keep=True)
        return raw if plain.note is None else replace(raw, encoding=plain.encoding, notes=(plain.note, *raw.notes))


def _read(db: Database, plain: _Plain, shown: str, options: ReadOptions, *, keep: bool) -> RawRows:
    match _format(plain.path, options.format, shown):
        case "parquet":
            return read_parquet(db, plain.path, shown, keep=keep)
        case "excel":
            return read_excel(db, plain.path, shown, options)
        case "combined":
            return read_weblog(db, plain.path)
        case "w3c":
            return read_w3c_log(db, plain.path, shown)
        case "alb":
            return read_balancer_log(db, plain.path)
        case "ndjson":
            return read_ndjson(db, plain.path, shown, options.records)
        case "json":
            return read_json(db, plain.path, shown, options.records)
        case _:
            return read_csv(db, plain.path, shown, options)


def read_alike(db: Database, files: Sequence[tuple[Path, str]], options: ReadOptions) -> AlikeRows | None:
    """CSV files (path, name) with the same first line, read by one statement: a statement costs more than a small file's rows.

    None if one of them is not for DuckDB to read as it is; then read them one by one. Raises as `read_rows` does.
    """
    with TemporaryDirectory(dir=db.scratch) as directory:
        texts: list[Path] = []
        for i, (path, name) in enumerate(files):
            plain = _plain(path, Path(directory) / str(i), name, options)
            if plain.note or _format(plain.path, options.format, name) != "csv":
                return None
            texts.append(plain.path)
        inputs = [natural_key(name) for _, name in files]
        return read_csv_alike(db, texts, inputs, files[0][1], options)


@dataclass(frozen=True, kw_only=True)
class _Plain:
    """A file whose bytes can be read as they are: no longer compressed, and of text UTF-8 with line feeds."""

    path: Path
    encoding: str | None = None
    """What a text was written in before, if not in UTF-8."""
    note: str | None = None


def _plain(path: Path, directory: Path, name: str, options: ReadOptions) -> _Plain:
    """The file itself, or a copy in `directory`. Raises InputError for damaged data and for a kind that is not read."""
    path = unpacked_file(in_utf8_place(path, directory), directory, name, options.unpacked)
    head = head_of(path)
    if what := foreign(head):
        raise InputError(f"{name} is {what}.")
    if head.startswith(ZIP):
        check_workbook(path, name, options.unpacked)
    if head.startswith((b"PAR1", ZIP, OLD)):
        return _Plain(path=path)
    encoding = encoding_of(path, head, options.encoding)
    if encoding is not None:
        in_utf8 = _in_utf8(path, directory, name, encoding)
        return replace(in_utf8, note=None) if options.encoding else in_utf8
    return _Plain(path=_with_line_feeds(path, directory, head))


def _in_utf8(path: Path, directory: Path, name: str, encoding: str) -> _Plain:
    directory.mkdir(exist_ok=True)
    copy = in_utf8(path, directory / "utf8", encoding, name)
    said = f'read as {encoding}, for it is not UTF-8; if that is wrong, set encoding, such as encoding = "{encoding}"'
    return _Plain(path=_with_line_feeds(copy, directory, head_of(copy)), encoding=encoding, note=said)


def _with_line_feeds(path: Path, directory: Path, head: bytes) -> Path:
    if b"\r" not in head or b"\n" in head:
        return path
    directory.mkdir(exist_ok=True)
    return with_line_feeds(path, directory / "lines")


def _format(path: Path, given: str | None, name: str) -> str:
    """The file's format; InputError if it holds nothing, or something that none of the formats is."""
    head = head_of(path)
    kind = kind_of(name, head) if given is None else checked_format(given)
    if not head.removeprefix(BOM).strip() and kind not in MAY_BE_EMPTY:
        what = "it has no header line" if kind == "csv" else f"there is no {kind} in it"
        raise EmptyInput(f"{name} is empty: {what}. Remove it, or fetch it again.")
    return kind


def read_parquet(db: Database, path: Path, name: str, *, keep: bool) -> RawRows:
    """A view over the file, or (`keep`) a table, for a file that is about to go away."""
    relation = new_name()
    file = f"{path_literal(path)}, hive_partitioning = false"
    try:
        described = db.rows(f"describe select * from read_parquet({file})")
        names = tuple(str(row[0]) for row in described)
        kinds = [str(row[1]) for row in described]
        select = _parquet_select(file, names, kinds)
        table = f"{relation}_rows" if keep else None
        if table:
            db.run(f"create or replace temp table {table} as {select}")
        db.run(f"create or replace temp view {relation} as {f'select * from {table}' if table else select}")
    except QueryError as error:
        what = str(error).split("\n")[0].replace(str(path.absolute()), name)
        raise InputError(f"{name} is not a readable  Parquet file; nothing of it was loaded. {what}") from error
    return RawRows(
        relation=relation,
        columns=names,
        types=tuple(map(_parquet_type, kinds)),
        format="parquet",
        table=table,
        unreadable=UNREADABLE.empty_table(),
    )


def _parquet_select(file: str, names: Sequence[str], kinds: Sequence[str]) -> str:
    aliases = ", ".join(f"p{i}" for i in range(len(names)))
    values = "".join(f", {_parquet_value(f'p{i}', kind)} as c{i}" for i, kind in enumerate(kinds))
    if any(name.lower() == "file_row_number" for name in names):  # DuckDB's number would clash; this one is slower
        return f"select row_number() over () - 1 as row{values} from read_parquet({file}) as t({aliases})"
    return f"select row{values} from read_parquet({file}, file_row_number = true) as t({aliases}, row)"


def _parquet_type(kind: str) -> str:
    if kind in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"):
        return "timestamptz"
    if kind.startswith("TIMESTAMP"):
        return "timestamp"
    return {"DATE": "date", "DOUBLE": "double", "FLOAT": "float"}.get(kind, "string")


def _parquet_value(column: str, kind: str) -> str:
    match _parquet_type(kind):
        case ("timestamp" | "timestamptz") as found if "_NS" in kind:  # cut off as in a text; a cast would round
            nanoseconds = f"epoch_ns({column})"
            return f"make_{found}(({nanoseconds} - ({nanoseconds} % 1000 + 1000) % 1000) // 1000)"
        case "timestamp" | "timestamptz" as found:
            return f"{column}::{found}"
        case "date":
            return column
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        return f"case when {column} is not null then to_json({column})::varchar end"
    if kind == "BLOB":  # some writers do not mark text as text
        return f"coalesce(try(decode({column})), {column}::varchar)"
    return f"{column}::varchar"
