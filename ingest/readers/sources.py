"""Raw files -> text rows inside DuckDB, with nothing lost: the one door for the rest of `ingest`.

    path -> plain_file (unpacked) -> read_csv | read_ndjson | read_json | read_weblog | read_parquet -> RawRows

Every record of a file is either a row of `RawRows.relation` or a row of `RawRows.unreadable`. A file that cannot be
read as a whole raises InputError and leaves nothing behind.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from ingest.database import Database
from ingest.errors import ConfigError, InputError, QueryError, did_you_mean
from ingest.quoting import new_name, path_literal
from ingest.readers.csv_header import read_header
from ingest.readers.csv_text import AlikeRows, read_csv, read_csv_alike
from ingest.readers.files import (
    HEAD,
    STDIN,
    content_hash,
    expand,
    first_line,
    glob_root,
    input_name,
    natural_key,
    plain_file,
    spool,
)
from ingest.readers.json_text import read_json, read_ndjson
from ingest.readers.raw import UNREADABLE, RawRows, ReadOptions
from ingest.readers.text_lines import BOM
from ingest.readers.weblog import is_weblog, read_weblog

__all__ = [
    "UNREADABLE",
    "RawRows",
    "ReadOptions",
    "columns_of",
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

FORMATS = ("csv", "ndjson", "json", "parquet", "combined")
_BY_NAME = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".parquet": "parquet",
}
_MAY_BE_EMPTY = ("ndjson", "combined")


def read_rows(db: Database, path: Path, options: ReadOptions | None = None, *, name: str | None = None) -> RawRows:
    """Read one file (`-`: standard input) whole; `name` is what messages call it, and what its format is told from.

    Text is read into a temporary table of `db`, in parallel and in the order of the file; `release` it when the rows
    have been used. A Parquet file stays where it is and is read when the view is.
    Raises MissingInput if it cannot be opened and InputError if it is not what it claims to be.
    """
    options = options or ReadOptions()
    shown = name or str(path)
    with TemporaryDirectory(prefix="journeys-", dir=_spill(db)) as directory:
        scratch = Path(directory)
        original = spool(sys.stdin.buffer, scratch) if path == STDIN else path
        plain = plain_file(original, scratch, shown)
        kind = _format(plain, options.format, shown)
        match kind:
            case "parquet":
                return read_parquet(db, plain, shown, keep=plain != path)
            case "combined":
                return read_weblog(db, plain)
            case "ndjson":
                return read_ndjson(db, plain, shown)
            case "json":
                return read_json(db, plain, shown)
            case _:
                return read_csv(db, plain, shown, options.delimiter)


def columns_of(path: Path, options: ReadOptions, name: str) -> tuple[tuple[str, ...], str]:
    """(a file's columns, its format), as `read_rows` finds them; of CSV without reading its rows."""
    with TemporaryDirectory(prefix="journeys-") as directory:
        plain = plain_file(path, Path(directory), name)
        kind = _format(plain, options.format, name)
        if kind == "csv":
            return read_header(plain, name, options.delimiter).names, kind
    with Database() as db:
        raw = read_rows(db, path, options, name=name)
        return raw.columns, raw.format


def read_alike(db: Database, files: Sequence[tuple[Path, str]], options: ReadOptions) -> AlikeRows | None:
    """CSV files (path, name) with the same first line, read by one statement: a statement costs more than a small file's rows.

    None if one of them is not for DuckDB to read as it is; then read them one by one. Raises as `read_rows` does.
    """
    with TemporaryDirectory(prefix="journeys-", dir=_spill(db)) as directory:
        plain: list[Path] = []
        for i, (path, name) in enumerate(files):
            plain.append(plain_file(path, Path(directory) / str(i), name))
            if _format(plain[-1], options.format, name) != "csv":
                return None
        inputs = [natural_key(name) for _, name in files]
        return read_csv_alike(db, plain, inputs, files[0][1], options.delimiter)


def _spill(db: Database) -> str | None:
    """Unpacked copies go where DuckDB spills, if that is a directory, else to the system's temporary directory."""
    place = str(db.rows("select current_setting('temp_directory')")[0][0])
    return place if Path(place).is_dir() else None


def _format(path: Path, given: str | None, name: str) -> str:
    """The file's format; InputError if it holds nothing, or something that none of the formats is."""
    if given is not None and given not in FORMATS:
        raise ConfigError(f'There is no format "{given}".{did_you_mean(given, FORMATS)} Formats: {", ".join(FORMATS)}.')
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    found = given or guess_format(name, head)
    if not head.removeprefix(BOM).strip() and found not in _MAY_BE_EMPTY:
        what = "it has no header line" if found == "csv" else f"there is no {found} in it"
        raise InputError(f"{name} is empty: {what}. Remove it, or fetch it again.")
    if found != "parquet" and (
        head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:4096].count(0) * 4 > len(head[:4096])
    ):
        raise InputError(
            f"{name} is not UTF-8 text; it looks like UTF-16 (or is binary). Convert it, for example with: "
            "iconv -f UTF-16 -t UTF-8"
        )
    return found


def guess_format(name: str, head: bytes) -> str:
    """The format told from the name (.csv .tsv .ndjson .jsonl .json .parquet, before .gz or .zst), else the content."""
    pure = PurePath(name.lower())
    suffix = PurePath(pure.stem).suffix if pure.suffix in (".gz", ".zst") else pure.suffix
    if head.startswith(b"PAR1"):
        return "parquet"
    text = head.removeprefix(BOM).lstrip()
    if suffix in _BY_NAME and not (suffix in (".ndjson", ".jsonl") and text.startswith(b"[")):
        return _BY_NAME[suffix]
    if text.startswith((b"[", b"{")):
        return "json"
    first = text.split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
    return "combined" if suffix == ".log" or is_weblog(first) else "csv"


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
        raise InputError(f"{name} is no readable Parquet file; nothing of it was loaded. {what}") from error
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
    return "date" if kind == "DATE" else "text"


def _parquet_value(column: str, kind: str) -> str:
    match _parquet_type(kind):
        case "timestamp":
            return f"{column}::timestamp"
        case "timestamptz":
            return f"{column}::timestamptz"  # nanoseconds are cut off
        case "date":
            return column
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        return f"case when {column} is not null then to_json({column})::varchar end"
    if kind == "BLOB":  # some writers do not mark text as text
        return f"coalesce(try(decode({column})), {column}::varchar)"
    return f"{column}::varchar"
