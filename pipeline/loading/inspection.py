"""A look at files before they are loaded: their columns, how they would be mapped, and a [[source]] that says so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.cleaning.mapping import Field, SourceMapping
from ingest.errors import InputError
from ingest.exports.models import Export
from ingest.exports.reading import exports_of
from ingest.exports.recognition import looks_like
from ingest.preview import Look, look
from ingest.readers.files import as_pattern, shown_name
from ingest.readers.sources import ReadOptions, expand
from ingest.scratch import scratch
from pipeline.config import Source as SourceConfig
from pipeline.loading.intake import source_of
from pipeline.loading.reading import Intake, of_kind, reading
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import column_field

NEEDED = ("event_at", "event", "customer_id")


def inspected(project: ProjectFolder, file: str, intake: Intake) -> Result:
    """One row per column of a file (of the first, where `file` is a glob of several); `meta` has what else there is to see.

    The [[source]] of journeys.toml whose path fits is used, what the caller says comes before it, and the rest is guessed.

    meta: file (its name), files, source (that [[source]], or None), rows (readable or not), format, delimiter, problem (why
    no mapping can be guessed, or ""), first_event_at, last_event_at, events (name, rows), reasons (rows that would be
    quarantined), notes, differences (how the other files differ from the first) and toml (a [[source]] to paste, with "?"
    where something is to fill in). Raises MissingInput, InputError and ConfigError.
    """
    intake.check()
    paths = expand([file], Path.cwd())
    config = source_of(project, paths[0], intake.source, [])
    if intake.kind is not None:
        config = of_kind(project, intake.kind, config, paths[0].name)
    named = config
    exports = [*exports_of(project.directory).values()]
    with scratch(project.config.store_path):
        given, options, seen = looked_at(project, paths[0], config, intake, exports)
        if seen.export is not None and config is None and intake == Intake():
            config = of_kind(project, seen.export.name, None, paths[0].name)
            given, options, seen = looked_at(project, paths[0], config, intake, exports)
        found = seen if seen.mapping is not None else replace(seen, mapping=given)
        differing = differences(found, paths, options)
    meta = {
        "file": shown_name(paths[0].name),
        "files": len(paths),
        "source": named.name if named else None,
        "rows": found.rows,
        "format": found.format,
        "delimiter": found.delimiter,
        "problem": found.problem,
        "first_event_at": found.first_event_at,
        "last_event_at": found.last_event_at,
        "events": found.events,
        "reasons": found.reasons,
        "kind": found.export.name if found.export else None,
        "notes": [*kind_note(found, named), *found.notes],
        "differences": differing,
        "toml": block(project, as_pattern(paths[0]) if len(paths) == 1 else file, found, config, options, intake),
    }
    return Result(title="inspect", table=found.columns, meta=meta)


def looked_at(
    project: ProjectFolder, path: Path, config: SourceConfig | None, intake: Intake, exports: Sequence[Export]
) -> tuple[SourceMapping, ReadOptions, Look]:
    """(what is said of a file's mapping, how it is written, what there is to see)."""
    given, options = reading(project, config, intake)
    formats = tuple(intake.time_formats)
    return (
        given,
        options,
        look(path, options, given=given, refused=intake.taken_back, time_formats=formats, exports=exports),
    )


def kind_note(found: Look, config: SourceConfig | None) -> list[str]:
    """What to say of a file that looks like an export, unless its source knows."""
    known = found.export
    return [] if known is None or (config is not None and config.kind == known.name) else [f"{looks_like(known)}"]


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


def block(
    project: ProjectFolder, name: str, found: Look, config: SourceConfig | None, options: ReadOptions, intake: Intake
) -> str:
    """The [[source]] to paste: of a kind of export, the kind and what is said beside it."""
    if config is None or config.kind is None:
        return source_block(name, found, config, options)
    plain = of_kind(project, config.kind, None, name).model_dump(mode="json")
    said = {key: v for key, v in config.model_dump(mode="json").items() if v != plain[key] and key != "columns"}
    spoken = name.split(".")[0].rpartition("/")[2] or config.kind
    keys = {"name": spoken if config.name == config.kind else config.name, "path": name, "kind": config.kind} | said
    columns = {t: c for t, c in config.columns.items() if c.model_dump(mode="json") != plain["columns"].get(t)}
    fields = {t: column_field(c) for t, c in columns.items()} | intake.said
    lines = ["[[source]]", *(f"{key} = {toml_value(value)}" for key, value in keys.items())]
    spelled = [f"{t if t.isidentifier() else json.dumps(t)} = {spelled_field(f)}" for t, f in fields.items()]
    return "\n".join([*lines, *(["", "[source.columns]", *spelled] if spelled else [])])


def source_block(name: str, found: Look, config: SourceConfig | None, options: ReadOptions) -> str:
    """The [[source]] that says what was guessed and what was said, each key once, with "?" where something is to fill in."""
    mapping = found.mapping or SourceMapping()
    readings = [dict(one.fields) for one in mapping.readings]
    fields = {
        t: f for t, f in mapping.fields.items() if not (readings and (t == "event" or any(t in r for r in readings)))
    }
    lines = [
        "[[source]]",
        *(f"{key} = {toml_value(v)}" for key, v in source_keys(name, found, config, options).items()),
    ]
    spelled = [
        f"{target if target.isidentifier() else json.dumps(target)} = {spelled_field(f)}"
        for target, f in fields.items()
    ]
    known = {*mapping.fields, *(("customer_id",) if "anonymous_id" in fields else ())}
    columns = ", ".join(found.columns["column"].to_pylist())
    spelled += [f'{target} = "?"  # one of: {columns}' for target in NEEDED if target not in known]
    lines += ["", "[source.columns]", *spelled] if spelled else []
    for one in mapping.readings:
        lines += [
            "",
            "[[source.event]]",
            f"name = {json.dumps(one.name)}",
            f"time = {spelled_field(one.fields['event_at'])}",
        ]
        own = ", ".join(f"{t} = {spelled_field(f)}" for t, f in one.fields.items() if t != "event_at")
        lines += [f"columns = {{ {own} }}"] if own else []
    return "\n".join(lines)


def source_keys(name: str, found: Look, config: SourceConfig | None, options: ReadOptions) -> dict[str, Any]:
    """The keys of a [[source]] beside its columns: those of journeys.toml, then what was said and what was found."""
    said: dict[str, Any] = {
        "name": name.split(".")[0].rpartition("/")[2] or "events",
        "path": name,
    }
    if config is not None:
        said |= {"name": config.name} | config.model_dump(
            mode="json", exclude_defaults=True, exclude={"columns", "event"}
        )
    kept = SourceConfig(name="?")
    told = {
        **{key: getattr(options, key) for key in ("encoding", "skip_lines", "header", "sheet", "records")},
        **{
            key: getattr(found.mapping, key)
            for key in ("timezone", "zones", "decimal", "missing", "deduplicate")
            if found.mapping
        },
        "bots": "quarantine" if found.mapping is None or found.mapping.bots.judged else "keep",
        "static_files": found.mapping.static_files if found.mapping else None,
    }
    said["format"] = found.format
    if found.delimiter not in (None, ","):
        said["delimiter"] = found.delimiter
    said |= {key: value for key, value in told.items() if value != getattr(kept, key)}
    said |= {key: v for key, v in (("encoding", found.encoding), ("records", found.records)) if v is not None}
    return {key: said[key] for key in SourceConfig.model_fields if key in said}


def toml_value(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{json.dumps(str(k))} = {toml_value(v)}' for k, v in value.items())} }}"
    if isinstance(value, (list, tuple)):
        return toml_value(value[0]) if len(value) == 1 else f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


def spelled_field(f: Field) -> str:
    """A field as journeys.toml has it."""
    if f.constant is not None:
        return f"{{ constant = {json.dumps(f.constant)} }}"
    if f.join or f.formats:
        place = f"join = {json.dumps(list(f.join))}" if f.join else f"column = {json.dumps(f.columns[0])}"
        written = f", format = {json.dumps(f.formats[0] if len(f.formats) == 1 else list(f.formats))}"
        return f"{{ {place}{written if f.formats else ''} }}"
    return json.dumps(f.columns[0] if len(f.columns) == 1 else list(f.columns))
