"""Which files are read by which mapping, and what the load says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

from ingest.clean import Limits, describe
from ingest.database import Database
from ingest.errors import ConfigError, did_you_mean
from ingest.load import InputFile, Loaded, Source, load
from ingest.mapping import SourceMapping, guess, parse_field
from ingest.sources import ReadOptions, expand, glob_root, input_name, read_rows
from pipeline.as_of import parse_instant
from pipeline.config import Source as SourceConfig
from pipeline.project import Project
from pipeline.rules import read_options, source_mapping
from sessionize.clock import EPOCH

ADHOC = "events"
"""The source of files that no [[source]] speaks of."""


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What the caller says about the files; None = find out."""

    files: Sequence[str] = ()
    maps: Mapping[str, str] = None  # type: ignore[assignment]
    source: str | None = None
    format: str | None = None
    delimiter: str | None = None
    timezone: str | None = None
    deduplicate: str | None = None
    as_of: str | None = None
    as_name: str | None = None


def ingest(project: Project, intake: Intake, wait_seconds: float = 0.0) -> tuple[Loaded, list[str]]:
    """(what was loaded, what was guessed). Raises InputError before anything is written if a file cannot be read at all."""
    limits = Limits()
    if intake.as_of is not None:
        from datetime import timedelta

        limits = Limits(
            as_of=EPOCH + timedelta(microseconds=parse_instant(intake.as_of, project.config.project.timezone))
        )
    notes: list[str] = []
    sources = [replace(s, limits=limits) for s in plan(project, intake, notes)]
    return load(project.store, sources, wait_seconds=wait_seconds), notes


def plan(project: Project, intake: Intake, notes: list[str]) -> list[Source]:
    """The sources to load: those of journeys.toml, or the files given."""
    if not intake.files:
        if not project.config.sources:
            raise ConfigError("nothing to ingest: name a file, or add a [[source]] with a path to journeys.toml.")
        return [configured(project, s) for s in chosen(project, intake.source) if s.path]
    paths = [Path("-")] if list(intake.files) == ["-"] else expand(intake.files, Path.cwd())
    groups: dict[str, tuple[Source, list[InputFile]]] = {}
    for path in paths:
        config = source_of(project, path, intake.source)
        source = (
            Source(mapping=source_mapping(project.config, config), files=(), options=read_options(config))
            if config
            else adhoc(project, path, intake, notes, groups)
        )
        name = intake.as_name or path.name if str(path) == "-" else recorded_name(project, path, config)
        groups.setdefault(source.mapping.name, (source, []))[1].append(InputFile(path=path, name=name))
    return [replace(source, files=files) for source, files in groups.values()]


def chosen(project: Project, name: str | None) -> list[SourceConfig]:
    """All configured sources, or the one of that name."""
    sources = list(project.config.sources)
    if name is None:
        return sources
    found = [s for s in sources if s.name == name]
    if not found:
        known = [s.name for s in sources]
        raise ConfigError(
            f'there is no [[source]] named "{name}".{did_you_mean(name, known)} Known: {", ".join(known) or "none"}.'
        )
    return found


def configured(project: Project, config: SourceConfig) -> Source:
    """A [[source]] with the files its paths name now."""
    files = [InputFile(path=p, name=recorded_name(project, p, config)) for p in expand(config.path, project.directory)]
    return Source(mapping=source_mapping(project.config, config), files=files, options=read_options(config))


def source_of(project: Project, path: Path, name: str | None) -> SourceConfig | None:
    """The [[source]] that a file belongs to: the named one, the one whose path fits, or the only one without a path."""
    if name is not None:
        return chosen(project, name)[0]
    where = path.resolve()
    for s in project.config.sources:
        if any(fnmatch(str(where), str((project.directory / p).resolve())) for p in s.path):
            return s
    open_ended = [s for s in project.config.sources if not s.path]
    return open_ended[0] if len(open_ended) == 1 else None


def recorded_name(project: Project, path: Path, config: SourceConfig | None) -> str:
    """The name under which rows are recorded: relative to the root of the source's glob, else to the project's folder.

    It depends on nothing that is loaded beside it, so the order of loads cannot change an answer.
    """
    where = path.resolve()
    for pattern in config.path if config else ():
        root = glob_root(pattern, project.directory.resolve())
        if where.is_relative_to(root):
            return input_name(where, root)
    return input_name(where, project.directory.resolve())


def adhoc(
    project: Project, path: Path, intake: Intake, notes: list[str], groups: Mapping[str, tuple[Source, list[InputFile]]]
) -> Source:
    """A file that no [[source]] speaks of: its mapping is guessed, what --map says stands."""
    if ADHOC in groups:
        return groups[ADHOC][0]
    options = ReadOptions(format=intake.format, delimiter=intake.delimiter)
    with Database() as db:
        raw = read_rows(db, path, options)
    given = {target: parse_field(text) for target, text in (intake.maps or {}).items()}
    try:
        fields = {**guess(raw.columns, raw.format), **given}
    except ConfigError:
        if not {"event_at", "event"} <= given.keys() or not given.keys() & {"customer_id", "anonymous_id"}:
            fields = {**guess([*raw.columns, *(t for t in given if t not in raw.columns)], raw.format), **given}
        else:
            fields = given
    guessed = {t: f for t, f in fields.items() if t not in given}
    if guessed:
        notes.append(f"{path.name}: guessed {describe(guessed)}")
    return Source(
        mapping=SourceMapping(
            name=ADHOC, fields=fields, timezone=intake.timezone or "UTC", deduplicate=intake.deduplicate,
            excluded=project.config.excludes, currency=project.config.project.currency,
        ),
        files=(), options=options,
    )  # fmt: skip
