"""A look at files before they are loaded: their columns, how they would be mapped, and a [[source]] that says so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.cleaning.mapping import Field, SourceMapping
from ingest.errors import InputError
from ingest.preview import Look, look
from ingest.readers.files import as_pattern, shown_name
from ingest.readers.sources import ReadOptions, expand
from ingest.scratch import scratch
from pipeline.loading.intake import Intake, said, source_of
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import read_options, source_mapping

NEEDED = ("event_at", "event", "customer_id")


def inspected(
    project: ProjectFolder,
    file: str,
    *,
    maps: Mapping[str, str] | None = None,
    format: str | None = None,
    delimiter: str | None = None,
) -> Result:
    """One row per column of a file (of the first, where `file` is a glob of several); `meta` has what else there is to see.

    The [[source]] of journeys.toml whose path fits is used, `maps` comes before it, and the rest is guessed.

    meta: file (its name), files, source (that [[source]], or None), rows (readable or not), format, delimiter, problem (why
    no mapping can be guessed, or ""), first_event_at, last_event_at, events (name, rows), reasons (rows that would be
    quarantined), notes, differences (how the other files differ from the first) and toml (a [[source]] to paste, with "?"
    where something is to fill in). Raises MissingInput, InputError and ConfigError.
    """
    paths = expand([file], Path.cwd())
    intake = Intake(maps=maps or {}, format=format, delimiter=delimiter)
    config = source_of(project, paths[0], None, [])
    given = (
        source_mapping(project.config, config) if config else SourceMapping(currency=project.config.project.currency)
    )
    given = replace(given, fields={**given.fields, **said(intake)})
    options = read_options(config) if config else ReadOptions()
    options = replace(options, format=format or options.format, delimiter=delimiter or options.delimiter)
    refused = frozenset(t for t, text in (maps or {}).items() if not text)
    with scratch(project.config.store_path):
        found = look(paths[0], options, given=given, refused=refused)
        differing = differences(found, paths, options)
    meta = {
        "file": shown_name(paths[0].name),
        "files": len(paths),
        "source": config.name if config else None,
        "rows": found.rows,
        "format": found.format,
        "delimiter": found.delimiter,
        "problem": found.problem,
        "first_event_at": found.first_event_at,
        "last_event_at": found.last_event_at,
        "events": found.events,
        "reasons": found.reasons,
        "notes": list(found.notes),
        "differences": differing,
        "toml": source_block(as_pattern(paths[0]) if len(paths) == 1 else file, found),
    }
    return Result(title="inspect", table=found.columns, meta=meta)


def differences(first: Look, paths: Sequence[Path], options: ReadOptions) -> list[str]:
    """How files differ from the first one: columns that lack or are new, another delimiter or format, a fault."""
    told = []
    names = first.columns["column"].to_pylist()
    for path in paths[1:]:
        shown = shown_name(path.name)
        try:
            other = look(path, options, given=None)
        except InputError as error:
            told.append(str(error))
            continue
        columns = other.columns["column"].to_pylist()
        lacking, new = [c for c in names if c not in columns], [c for c in columns if c not in names]
        what = [f"lacks {', '.join(lacking)}"] if lacking else []
        what += [f"has {', '.join(new)} besides"] if new else []
        what += [f"is {other.format}, not {first.format}"] if other.format != first.format else []
        what += [f"has the delimiter {other.delimiter!r}"] if other.delimiter != first.delimiter else []
        what += [note for note in other.notes if note.startswith("read as ")]
        if what:
            told.append(f"{shown} {' and '.join(what)}")
    return told


def source_block(name: str, found: Look) -> str:
    """The [[source]] that says what was guessed, with "?" where something is to fill in."""
    fields = dict(found.mapping.fields) if found.mapping is not None else {}
    lines = [
        "[[source]]",
        f"name = {json.dumps(name.split('.')[0].rpartition('/')[2] or 'events')}",
        f"path = {json.dumps(name)}",
        f"format = {json.dumps(found.format)}",
    ]
    if found.delimiter not in (None, ","):
        lines.append(f"delimiter = {json.dumps(found.delimiter)}")
    spelled = [f"{target} = {spelled_field(f)}" for target, f in fields.items()]
    missing = [t for t in NEEDED if t not in fields and not (t == "customer_id" and "anonymous_id" in fields)]
    columns = ", ".join(found.columns["column"].to_pylist())
    spelled += [f'{target} = "?"  # one of: {columns}' for target in missing]
    return "\n".join([*lines, "", "[source.columns]", *spelled])


def spelled_field(f: Field) -> str:
    """A field as journeys.toml has it."""
    if f.constant is not None:
        return f"{{ constant = {json.dumps(f.constant)} }}"
    if f.join or f.formats:
        place = f"join = {json.dumps(list(f.join))}" if f.join else f"column = {json.dumps(f.columns[0])}"
        written = f", format = {json.dumps(f.formats[0] if len(f.formats) == 1 else list(f.formats))}"
        return f"{{ {place}{written if f.formats else ''} }}"
    return json.dumps(f.columns[0] if len(f.columns) == 1 else list(f.columns))
