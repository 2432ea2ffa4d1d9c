"""Which files are read by which mapping, and what the load says of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

from ingest.cleaning.bots import STATIC_NAMES, STATIC_SUFFIXES
from ingest.cleaning.clean import Limits, describe
from ingest.cleaning.mapping import WEBLOG, Field, SourceMapping, parse_field
from ingest.cleaning.time_formats import check
from ingest.errors import ConfigError, did_you_mean
from ingest.guess_file import guess_file
from ingest.load import InputFile, Loaded, Source, load
from ingest.readers.archives import archive_of
from ingest.readers.files import STDIN
from ingest.readers.sources import ReadOptions, expand, glob_root, input_name, spool
from ingest.schema import IDS
from pipeline.config import Source as SourceConfig
from pipeline.config.values import zone_name
from pipeline.loading.upkeep import keep_house
from pipeline.project.as_of import moment, parse_instant
from pipeline.project.project import ProjectFolder
from pipeline.project.rules import bot_rules, read_options, source_mapping

SERVER_LOGS = ("combined", "w3c", "alb")

ADHOC = "events"
"""The source of files that no [[source]] speaks of."""


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What the caller says about the files; None = find out."""

    files: Sequence[str] = ()
    maps: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    format: str | None = None
    delimiter: str | None = None
    timezone: str | None = None
    time_formats: Sequence[str] = ()  # of event_at
    deduplicate: str | None = None
    as_of: str | None = None
    as_name: str | None = None
    bots: str | None = None  # keep | quarantine
    static_files: str | None = None  # keep | exclude


def ingest(project: ProjectFolder, intake: Intake, wait_seconds: float = 0.0) -> tuple[Loaded, list[str]]:
    """(what was loaded, what was guessed). Raises InputError before anything is written if a file cannot be read at all."""
    limits = Limits()
    if intake.timezone is not None:
        check_zone(intake.timezone)
    check(intake.time_formats)
    if intake.as_of is not None:
        limits = Limits(as_of=moment(parse_instant(intake.as_of, project.config.project.timezone)))
    notes: list[str] = []
    with TemporaryDirectory(prefix="journeys-") as scratch:
        sources = [replace(s, limits=limits) for s in plan(project, intake, notes, Path(scratch))]
        notes += [note for s in sources for note in remarks(s.mapping)]
        with project.store.lock(wait_seconds):
            loaded = load(project.store, sources)
            keep_house(project, None)
        return loaded, notes


def check_zone(name: str) -> None:
    """Raise ConfigError for what is no time zone."""
    try:
        zone_name(name)
    except ValueError as error:
        raise ConfigError(f"--timezone: {error}.") from None


def plan(project: ProjectFolder, intake: Intake, notes: list[str], scratch: Path) -> list[Source]:
    """The sources to load: those of journeys.toml, or the files given. Standard input is copied to `scratch`."""
    if not intake.files:
        if not project.config.sources:
            raise ConfigError("nothing to ingest: name a file, or add a [[source]] with a path to journeys.toml.")
        return [configured(project, s, intake, notes) for s in chosen(project, intake.source) if s.path]
    groups: dict[str, tuple[Source, list[InputFile]]] = {}
    for path in expand(intake.files, Path.cwd()):
        config = source_of(project, path, intake.source)
        if path == STDIN:  # it can be read once only, and is read twice: to guess, and to load
            file = InputFile(path=spool(sys.stdin.buffer, scratch), name=intake.as_name or "-")
        else:
            file = InputFile(path=path, name=recorded_name(path, roots_of(project, config)))
        source = (
            described(project, config, file, intake, notes) if config else adhoc(project, file, intake, notes, groups)
        )
        groups.setdefault(source.mapping.name, (source, []))[1].append(file)
    return [replace(source, files=files) for source, files in groups.values()]


def chosen(project: ProjectFolder, name: str | None) -> list[SourceConfig]:
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


def configured(project: ProjectFolder, config: SourceConfig, intake: Intake, notes: list[str]) -> Source:
    """A [[source]] with the files its paths name now."""
    roots = roots_of(project, config)
    files = [InputFile(path=p, name=recorded_name(p, roots)) for p in expand(config.path, project.directory)]
    return replace(described(project, config, files[0], intake, notes), files=files)


def described(
    project: ProjectFolder, config: SourceConfig, file: InputFile, intake: Intake, notes: list[str]
) -> Source:
    """A [[source]] without files; what the caller says of it comes first.

    What its columns do not say of time, event and customer is guessed from a file of it.
    """
    mapping, options = source_mapping(project.config, config), read_options(config)
    mapping = replace(
        mapping,
        fields={t: f for t, f in ({**mapping.fields, **said(intake)}).items() if t not in taken_back(intake)},
        timezone=intake.timezone or mapping.timezone,
        deduplicate=intake.deduplicate or mapping.deduplicate,
        static_files=intake.static_files or mapping.static_files,
        bots=bot_rules(project.config, intake.bots) if intake.bots else mapping.bots,
        identity=project.identity_rules,
    )
    options = replace(options, format=intake.format or options.format, delimiter=intake.delimiter or options.delimiter)
    if not complete(mapping.fields):
        mapping = guessed(file, options, mapping, intake, config.name, notes)
    mapping = replace(mapping, fields=timed(mapping.fields, intake.time_formats))
    return Source(mapping=mapping, files=(), options=options)


def said(intake: Intake) -> dict[str, Field]:
    """The columns of --map."""
    return {target: parse_field(text) for target, text in (intake.maps or {}).items() if text}


def taken_back(intake: Intake) -> frozenset[str]:
    """The targets of --map TARGET=: nothing is read as them."""
    return frozenset(target for target, text in (intake.maps or {}).items() if not text)


def timed(fields: Mapping[str, Field], formats: Sequence[str]) -> dict[str, Field]:
    """The fields with event_at read by these formats, where there are any."""
    at = fields.get("event_at")
    return {**fields, "event_at": replace(at, formats=tuple(formats))} if at is not None and formats else dict(fields)


def complete(fields: Mapping[str, Field]) -> bool:
    """Is it said what happened, when, and to whom?"""
    return {"event_at", "event"} <= fields.keys() and not fields.keys().isdisjoint(IDS)


def guessed(
    file: InputFile, options: ReadOptions, mapping: SourceMapping, intake: Intake, name: str, notes: list[str]
) -> SourceMapping:
    """A whole mapping: what is said of the file stands, the rest is guessed and noted; --map TARGET= takes a guess back."""
    given = mapping.fields
    made, kind = guess_file(file.path, options, file.name, given=given, refused=taken_back(intake), mapping=mapping)
    found = dict(made.fields)
    if kind in SERVER_LOGS and "anonymous_id" in given:
        found.pop("customer_id", None)  # the address stands in for an id where there is no better one
    if found:
        notes.append(f"{name}: guessed {describe(found)}")
    notes += [f"{name}: {note}" for note in made.notes]
    return replace(mapping, fields={**found, **given})


def remarks(mapping: SourceMapping) -> list[str]:
    """What is worth knowing about how a source is read, before anybody trusts its numbers."""
    notes = []
    if is_address(mapping):
        notes.append("customer = ip + user agent is weak: people share addresses, and addresses change hands.")
    if mapping.bots.judged and "user_agent" in mapping.fields:
        notes.append('bots are told by their user agent and quarantined as bot; bots = "keep" keeps them.')
    if "url" in mapping.fields and (mapping.static_files or ("exclude" if of_log(mapping) else "keep")) == "exclude":
        kinds = " ".join(f".{s}" for s in STATIC_SUFFIXES)
        notes.append(
            f"static files ({kinds} {' '.join(STATIC_NAMES)}) are left out as excluded; "
            'static_files = "keep" keeps them.'
        )
    return [f"{mapping.name}: {note}" for note in notes]


def is_address(mapping: SourceMapping) -> bool:
    """Do an address and a user agent stand in for a customer?"""
    fields = mapping.fields
    if not {"customer_id", "ip", "user_agent"} <= fields.keys():
        return False
    return fields["customer_id"].join == (*fields["ip"].columns, *fields["user_agent"].columns)


def of_log(mapping: SourceMapping) -> bool:
    """Is it the mapping of a server's log?"""
    url = mapping.fields["url"].columns
    return mapping.fields.get("event_at") == WEBLOG["event_at"] or url == ("cs-uri-stem",) or is_address(mapping)


def source_of(project: ProjectFolder, path: Path, name: str | None) -> SourceConfig | None:
    """The [[source]] that a file belongs to: the named one, the one whose path fits, or the only one without a path."""
    if name is not None:
        return chosen(project, name)[0]
    where = (archive_of(path) or path).resolve()
    for s in project.config.sources:
        if any(fnmatch(str(where), str((project.directory / p).resolve())) for p in s.path):
            return s
    open_ended = [s for s in project.config.sources if not s.path]
    return open_ended[0] if len(open_ended) == 1 else None


def roots_of(project: ProjectFolder, config: SourceConfig | None) -> list[Path]:
    """The folders that names of inputs may be relative to: the roots of the source's globs, then the project's folder."""
    folder = project.directory.resolve()
    return [*(glob_root(pattern, folder) for pattern in (config.path if config else ())), folder]


def recorded_name(path: Path, roots: Sequence[Path]) -> str:
    """The name under which rows are recorded: relative to the first root that the file lies in.

    It depends on nothing that is loaded beside it, so the order of loads cannot change an answer.
    """
    where = path.resolve()
    return input_name(where, next((root for root in roots if where.is_relative_to(root)), roots[-1]))


def adhoc(
    project: ProjectFolder,
    file: InputFile,
    intake: Intake,
    notes: list[str],
    groups: Mapping[str, tuple[Source, list[InputFile]]],
) -> Source:
    """A file that no [[source]] speaks of: its mapping is guessed, what --map says stands."""
    if ADHOC in groups:
        return groups[ADHOC][0]
    options = ReadOptions(format=intake.format, delimiter=intake.delimiter)
    given = SourceMapping(
        name=ADHOC,
        fields=said(intake),
        timezone=intake.timezone or "UTC",
        deduplicate=intake.deduplicate,
        excluded=project.config.excludes,
        currency=project.config.project.currency,
        bots=bot_rules(project.config, intake.bots),
        identity=project.identity_rules,
        static_files=intake.static_files,
    )
    mapping = guessed(file, options, given, intake, Path(file.name).name, notes)
    mapping = replace(mapping, fields=timed(mapping.fields, intake.time_formats))
    return Source(mapping=mapping, files=(), options=options)
