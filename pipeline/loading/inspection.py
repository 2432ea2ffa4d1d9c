"""A look at a file before it is loaded: its columns, the mapping that would be guessed, and a [[source]] that says so."""

from __future__ import annotations

import json
from pathlib import Path

from ingest.preview import Look, look
from ingest.readers.files import as_pattern, shown_name
from ingest.readers.sources import ReadOptions, expand
from pipeline.project.result import Result


def inspected(file: str, *, format: str | None = None, delimiter: str | None = None) -> Result:
    """One row per column of a file, relative to the folder one stands in; `meta` has what else there is to see.

    meta: file (its name), rows (readable or not), format, delimiter, problem (why no mapping can be guessed, or ""),
    first_event_at, last_event_at, events (name, rows), reasons (rows that would be quarantined) and toml (a [[source]] to
    paste, None where no mapping can be guessed). Raises MissingInput and InputError.
    """
    path = expand([file], Path.cwd())[0]
    found = look(path, ReadOptions(format=format, delimiter=delimiter))
    meta = {
        "file": shown_name(path.name),
        "rows": found.rows,
        "format": found.format,
        "delimiter": found.delimiter,
        "problem": found.problem,
        "first_event_at": found.first_event_at,
        "last_event_at": found.last_event_at,
        "events": found.events,
        "reasons": found.reasons,
        "toml": None if found.mapping is None else source_block(as_pattern(path), found),
    }
    return Result(title="inspect", table=found.columns, meta=meta)


def source_block(name: str, found: Look) -> str:
    """The [[source]] that says what was guessed."""
    mapping = found.mapping
    assert mapping is not None
    lines = [
        "[[source]]",
        f"name = {json.dumps(name.split('.')[0])}",
        f"path = {json.dumps(name)}",
        f"format = {json.dumps(found.format)}",
    ]
    if found.delimiter not in (None, ","):
        lines.append(f"delimiter = {json.dumps(found.delimiter)}")
    spelled = []
    for target, f in mapping.fields.items():
        if f.constant is not None:
            value = f"{{ constant = {json.dumps(f.constant)} }}"
        elif f.join or f.formats:
            place = f"join = {json.dumps(list(f.join))}" if f.join else f"column = {json.dumps(f.columns[0])}"
            written = f", format = {json.dumps(f.formats[0] if len(f.formats) == 1 else list(f.formats))}"
            value = f"{{ {place}{written if f.formats else ''} }}"
        else:
            value = json.dumps(f.columns[0] if len(f.columns) == 1 else list(f.columns))
        spelled.append(f"{target} = {value}")
    return "\n".join([*lines, "", "[source.columns]", *spelled])
