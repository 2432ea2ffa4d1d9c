"""A mapping and one file: what the file lacks is missing there, and is a mistake only where a row could not be without it.

Every file needs columns for the time, the event and the customer (an id of either kind), and for what its source calls
`required`; any other target that a file has no column for is missing in each of its rows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from typing import Any

from ingest.cleaning.mapping import Columns, SourceMapping
from ingest.cleaning.mapping import Field as Target
from ingest.errors import ConfigError
from ingest.schema import IDS

ALWAYS = ("event_at", "event")
"""Targets that every row has."""

NO_READING = frozenset(
    {"name", "required", "excluded", "bots", "identity", "static_files", "rates", "unpacked", "export"}
)
"""What of a mapping changes no value of a row (what it is called, who is left out), or grows by the day (rates)."""


def fitted(mapping: SourceMapping, columns: Columns) -> tuple[SourceMapping, tuple[str, ...]]:
    """(the mapping without the targets that the file has no column for, those targets).

    Raises ConfigError where one of them is required.
    """
    fits = {target: kept for target, spec in mapping.fields.items() if (kept := fitted_to(spec, columns, target))}
    lacking = tuple(target for target in mapping.fields if target not in fits)
    ids = [i for i in IDS if i in mapping.fields]
    needed = {*ALWAYS, *mapping.required, *(ids if not any(i in fits for i in ids) else ())}
    for target in lacking:
        if target in needed:
            spec = mapping.fields[target]
            columns.find(next(c for c in (*spec.join, *spec.columns) if not has(columns, c)), target)
    unmapped = [t for t in mapping.required if t not in mapping.fields]
    if unmapped:
        raise ConfigError(f'source "{mapping.name}" requires {unmapped[0]} and maps no column to it.')
    return (replace(mapping, fields=fits), lacking) if lacking or fits != dict(mapping.fields) else (mapping, ())


def fitted_to(spec: Target, columns: Columns, target: str) -> Target | None:
    """The part of a field that the file has; None = nothing. A time or an id is joined of all its parts or of none."""
    if spec.constant is not None or not spec.join:
        return spec if spec.constant is not None or any(has(columns, c) for c in spec.columns) else None
    kept = tuple(c for c in spec.join if has(columns, c))
    if not kept or (len(kept) < len(spec.join) and target in (*ALWAYS, *IDS)):
        return None
    return replace(spec, join=kept)


def has(columns: Columns, path: str) -> bool:
    """Has the file a column of that name, or one that the path begins in?"""
    return columns.find(path, "", fail=False) is not None


def reading_of(*options: Any) -> int:
    """How a file is read, as a number: the same for equal mappings and read options, never 0.

    What has its default is left out, so that an option that a later version knows changes nothing.
    """
    text = json.dumps([said(o) for o in options], sort_keys=True, default=plain)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1 or 1


def said(options: Any) -> dict[str, Any]:
    """The fields of a dataclass that differ from their default."""
    asked = [f for f in fields(options) if f.name not in NO_READING]
    return {f.name: value for f in asked if (value := getattr(options, f.name)) != default(f)}


def default(field: Field[Any]) -> Any:
    """The default of a dataclass's field."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default


def plain(value: Any) -> Any:
    """A value of a mapping as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return said(value)
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)
