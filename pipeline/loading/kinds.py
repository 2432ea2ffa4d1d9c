"""The kinds of exports that a project knows, one of them in full, and its file written into the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.errors import ConfigError
from ingest.exports.models import Export
from ingest.exports.reading import FOLDER, export_named, exports_of, own_files, text_of
from pipeline.atomic_write import publish_bytes
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result

KINDS = pa.schema([("kind", pa.string()), ("title", pa.string()), ("documentation", pa.string()), ("own", pa.bool_())])
"""One row is one kind of export; `own`: a file of the project says what it is."""

KEYS = pa.schema([("key", pa.string()), ("value", pa.string())])
"""One row is one key that a kind gives a [[source]] or the project."""


def kinds(project: ProjectFolder, name: str | None = None, *, write: bool = False) -> Result:
    """KINDS, or KEYS of the named one (meta: toml, and written: the file that `write` made).

    Raises ConfigError for a kind that there is not, where the file is there already, and for `write` without a name.
    """
    if name is None:
        if write:
            raise ConfigError("name the kind to write: journeys kinds ga4 --write.")
        own = {path.stem for path in own_files(project.directory)}
        rows = [
            {"kind": e.name, "title": e.title, "documentation": e.documentation, "own": e.name in own}
            for e in exports_of(project.directory).values()
        ]
        return Result(title="kinds", table=pa.Table.from_pylist(rows, schema=KINDS), meta={})
    export = export_named(name, project.directory)
    text = text_of(name, project.directory)
    written = written_to(project.directory / FOLDER / f"{name}.toml", text) if write else None
    rows = [{"key": key, "value": value} for key, value in keys_of(export)]
    return Result(
        title="kinds",
        table=pa.Table.from_pylist(rows, schema=KEYS),
        meta={"kind": name, "toml": text, "written": None if written is None else str(written)},
    )


def written_to(target: Path, text: str) -> Path:
    """Write a kind's file; raises ConfigError where one is there."""
    if target.exists():
        raise ConfigError(f"{target} is there already; nothing was changed.")
    publish_bytes(target, text.encode())
    return target


def keys_of(export: Export) -> Iterator[tuple[str, str]]:
    """(key as in journeys.toml, value as JSON) of all that a kind gives."""
    yield from flat("source", export.source)
    if export.passive:
        yield "sessions.passive", json.dumps(export.passive)
    yield from flat("identity", export.identity)
    yield from flat("carts.roles", export.roles)
    for number, rule in enumerate(export.touchpoint, 1):
        yield from flat(f"touchpoint[{number}]", rule)


def flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    """The leaves of nested tables, by dotted keys."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(f"{prefix}.{key}", inner)
    elif isinstance(value, list) and value and all(isinstance(inner, dict) for inner in value):
        for number, inner in enumerate(value, 1):
            yield from flat(f"{prefix}[{number}]", inner)
    else:
        yield prefix, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
