"""Answers on standard output or in a file, everything else on standard error.

table, markdown and html (a figure and its table) are for people: rounded, with units. json, ndjson, csv and parquet are for
programs: values as they are, instants in ISO 8601 UTC, null as null (csv: empty). A csv cell is the recorded text to the
letter: one that begins with = + - or @ is not altered, because programs read it; a spreadsheet should import such a column
as text.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from ingest.errors import ConfigError, InputError, MissingInput
from pipeline.atomic_write import replace_file
from pipeline.cli.formatting import LAYOUT, neutral, plain
from pipeline.cli.options import OutputOptions, current_project

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_ROWS = 40
_CHUNK = 8_192
_SUFFIXES = {
    ".csv": "csv",
    ".html": "html",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".md": "markdown",
    ".parquet": "parquet",
    ".txt": "table",
}


def say(message: str) -> None:
    """Tell the user something, on standard error; -q silences it."""
    if not current_project().quiet:
        click.echo(neutral(message, keep=LAYOUT), err=True)


def detail(message: str) -> None:
    """Tell the user something that only -v asks for, on standard error."""
    if current_project().verbose:
        click.echo(neutral(message, keep=LAYOUT), err=True)


def warn(message: str) -> None:
    """Warn the user, on standard error; -q does not silence it."""
    click.echo(f"warning: {neutral(message, keep=LAYOUT)}", err=True)


def show(
    table: pa.Table,
    options: OutputOptions,
    *,
    title: str | None = None,
    notes: Sequence[str] = (),
    meta: Mapping[str, Any] | None = None,
) -> None:
    """`emit` as the user's options say, and `meta` into the file of --meta."""
    color = current_project().color
    emit(
        table, format=options.format, output=options.output, limit=options.limit, title=title, notes=notes, color=color
    )
    note_meta(options, meta)


def note_meta(options: OutputOptions, meta: Mapping[str, Any] | None) -> None:
    """How the answer came about, into the file of --meta."""
    if options.meta is not None:
        text = json.dumps(meta or {}, indent=2, ensure_ascii=False, default=plain) + "\n"
        write_atomic(options.meta, lambda file: file.write(text.encode()))


def emit(
    table: pa.Table,
    *,
    format: str | None,
    output: Path | None,
    limit: int | None,
    title: str | None = None,
    notes: Sequence[str] = (),
    color: str = "auto",
) -> None:
    """Write a table to `output` (all or nothing) or to standard output, in a format of `options.FORMATS`.

    Without a format the file's suffix decides; on standard output a terminal gets a table of at most 40 rows, a pipe
    ndjson. A shortened answer says so. `title` and `notes` stand in table and markdown, else notes go to stderr.
    Raises ConfigError for a suffix that says nothing and for parquet to a terminal, BrokenPipeError when the reader
    left, and InputError where the file cannot be written.
    """
    target = None if output is None or str(output) == "-" else output
    chosen = chosen_format(format, target)
    if limit is None and chosen == "table" and target is None:
        limit = TABLE_ROWS
    shown = table if limit is None else table.slice(0, limit)
    if shown.num_rows < table.num_rows:
        notes = [f"showing {shown.num_rows:,} of {table.num_rows:,} rows; --limit {table.num_rows} shows all", *notes]
    if chosen == "html":
        raise ConfigError("html is for answers that have a figure; choose another -f")
    if chosen not in ("table", "markdown"):
        for note in notes:
            say(note)
    _send(target, lambda file: _write(shown, chosen, file, title, notes, _colored(color, target)))
    if target is not None:
        say(f"wrote {target} ({shown.num_rows:,} rows)")


def show_page(page: bytes, options: OutputOptions, meta: Mapping[str, Any]) -> None:
    """`show` for a page that stands ready."""
    target = None if options.output is None or str(options.output) == "-" else options.output
    _send(target, lambda file: file.write(page))
    if target is not None:
        say(f"wrote {target}")
    note_meta(options, meta)


def write_atomic(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a new file beside `path`, then put it in its place: readers see the old one or all of the new.

    What is there and is no regular file (/dev/null, a pipe) is written to as it is. Raises MissingInput without the
    folder, InputError where the system refuses.
    """
    if not path.parent.is_dir():
        raise MissingInput(f"{path}: there is no folder {path.parent}")
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as special:
                write(special)
        else:
            replace_file(path.resolve(), write)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error


def chosen_format(format: str | None, target: Path | None) -> str:
    """The format in which an answer will be written; raises ConfigError as `emit` does."""
    terminal = target is None and sys.stdout.isatty()
    if format == "parquet" and terminal:
        raise ConfigError("parquet is not for a terminal: add -o FILE, or choose another -f")
    if format is not None:
        return format
    if target is None:
        return "table" if terminal else "ndjson"
    format_ = _SUFFIXES.get(target.suffix.lower())
    if format_ is None:
        known = ", ".join(sorted(_SUFFIXES))
        raise ConfigError(f'the suffix of "{target}" does not say a format ({known}): choose one with -f')
    return format_


def _colored(color: str, target: Path | None) -> bool:
    if color != "auto":
        return color == "always"
    plain_terminal = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return target is None and sys.stdout.isatty() and not plain_terminal


def _send(target: Path | None, write: Callable[[BinaryIO], object]) -> None:
    if target is not None:
        write_atomic(target, write)
        return
    sys.stdout.flush()
    write(sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _write(table: pa.Table, format: str, file: BinaryIO, title: str | None, notes: Sequence[str], color: bool) -> None:
    if format == "parquet":
        from pyarrow import parquet

        parquet.write_table(table, file, compression="zstd")
        return
    if format == "table":
        from pipeline.cli.table import render

        width = shutil.get_terminal_size((120, 40)).columns if sys.stdout.isatty() else 200
        texts: Iterator[str] = iter([render(table, title, notes, width=width, color=color)])
    elif format == "markdown":
        from pipeline.cli.markdown import markdown

        texts = iter([markdown(table, title, notes)])
    else:
        texts = {"json": _json, "ndjson": _ndjson, "csv": _csv}[format](_spelled(table))
    for text in texts:
        file.write(text.encode())


def _spelled(table: pa.Table) -> pa.Table:
    """The table with what JSON and CSV have no word for as text: instants, days; and no NaN."""
    import pyarrow as pa
    from pyarrow import compute as pc

    columns = []
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_timestamp(column.type):
            column = _instants(column)
        elif pa.types.is_date(column.type):
            column = column.cast(pa.date32()).cast(pa.string())
        elif pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
        columns.append(column)
    return pa.table(columns, names=table.column_names)


def _instants(column: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any]:
    """ISO 8601 in UTC with Z and no idle zeros, as `cells.instant` writes one."""
    import pyarrow as pa
    from pyarrow import compute as pc

    micros: Any = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.timestamp("us", "UTC"))
    text: Any = pc.strftime(micros, "%Y-%m-%dT%H:%M:%SZ")
    text = pc.replace_substring_regex(text, r"\.0+Z$", "Z")
    trimmed: pa.ChunkedArray[Any] = pc.replace_substring_regex(text, r"(\.\d*[1-9])0+Z$", r"\1Z")
    return trimmed


def _rows(table: pa.Table) -> Iterator[str]:
    for batch in table.to_batches(max_chunksize=_CHUNK):
        for row in batch.to_pylist():
            yield json.dumps(row, ensure_ascii=False, default=plain)


def _ndjson(table: pa.Table) -> Iterator[str]:
    return (f"{row}\n" for row in _rows(table))


def _json(table: pa.Table) -> Iterator[str]:
    """An array, one row object a line."""
    before = "[\n"
    for row in _rows(table):
        yield f"{before}  {row}"
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _csv(table: pa.Table) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.column_names)
    for batch in table.to_batches(max_chunksize=_CHUNK):
        columns = [[_csv_cell(value) for value in column.to_pylist()] for column in batch.columns]
        writer.writerows(zip(*columns, strict=True))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _csv_cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=plain)
    return value
