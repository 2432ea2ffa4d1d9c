"""Which files are read by which mapping, and what the load says of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

from ingest.cleaning.bots import STATIC_NAMES, STATIC_SUFFIXES
from ingest.cleaning.clean import Limits, describe
from ingest.cleaning.fitting import reading_of
from ingest.cleaning.mapping import WEBLOG, Field, SourceMapping, timed
from ingest.errors import ConfigError, EmptyInput, InputError, MissingInput, did_you_mean
from ingest.exports.models import Export
from ingest.exports.reading import exports_of
from ingest.guess_file import guess_file
from ingest.load import InputFile, Loaded, LoadOptions, Source, load
from ingest.readers.archives import archive_of
from ingest.readers.files import STDIN, named
from ingest.readers.sources import ReadOptions, glob_root, input_name, spool
from ingest.schema import IDS
from ingest.scratch import scratch as private_folder
from pipeline.config import Source as SourceConfig
from pipeline.config.kinds import remember
from pipeline.loading.erase import finish_erasing
from pipeline.loading.keep import kept_from
from pipeline.loading.reading import ADHOC, Intake, of_kind, reading
from pipeline.loading.upkeep import keep_house
from pipeline.project.as_of import moment, parse_instant
from pipeline.project.project import ProjectFolder
from pipeline.project.rules import read_options, source_mapping

TRIED = 20
"""Files of a source from which a mapping cannot be told before it is asked for."""

SERVER_LOGS = ("combined", "w3c", "alb")


def ingest(project: ProjectFolder, intake: Intake, wait_seconds: float = 0.0) -> tuple[Loaded, list[str]]:
    """(what was loaded, what was guessed or could not be found).

    Files that cannot be read are set aside (`Loaded.aside`); the first one's error is raised where there is no other file.
    """
    limits = Limits()
    intake.check()
    if intake.as_of is not None:
        limits = Limits(as_of=moment(parse_instant(intake.as_of, project.config.project.timezone)))
    notes: list[str] = []
    if intake.kind is not None:
        project.use_kind(intake.kind)
    with private_folder(project.config.store_path) as scratch:
        sources = [replace(s, limits=limits) for s in plan(project, intake, notes, scratch)]
        if not any(s.files for s in sources) and not project.store.exists:
            raise MissingInput("\n  ".join(notes) or "there is no file to ingest.")
        notes += [note for s in sources for note in remarks(s.mapping)]
        with project.store.lock(wait_seconds):
            finish_erasing(project)
            before = project.store.snapshot() if project.store.exists else None
            loaded = load(project.store, sources, LoadOptions(again=intake.again, kept_from=kept_from(project, before)))
            keep_house(project, None)
            if intake.kind is not None and loaded.inputs:
                with project.store.private():
                    remember(project.config.store_path, loaded.inputs[0].source, intake.kind)
        return loaded, notes


def plan(project: ProjectFolder, intake: Intake, notes: list[str], scratch: Path) -> list[Source]:
    """The sources to load: those of journeys.toml, or the files given. Standard input is copied to `scratch`."""
    if not intake.files:
        if intake.kind is not None:
            raise ConfigError(f'--kind is of files that are named; in a [[source]] it is kind = "{intake.kind}".')
        if not project.config.sources:
            raise ConfigError("nothing to ingest: name a file, or add a [[source]] with a path to journeys.toml.")
        return [configured(project, s, intake, notes) for s in chosen(project, intake.source) if s.path]
    paths, missing = named(intake.files, Path.cwd())
    if missing:
        raise missing[0]
    groups: dict[str | None, tuple[SourceConfig | None, list[InputFile]]] = {}
    for path in paths:
        config = source_of(project, path, intake.source, notes if intake.kind is None else [])
        if intake.kind is not None:
            config = of_kind(project, intake.kind, config, path.name)
        if path == STDIN:  # it can be read once only, and is read twice: to guess, and to load
            file = InputFile(path=spool(sys.stdin.buffer, scratch), name=intake.as_name or "-")
        else:
            file = InputFile(path=path, name=recorded_name(path, roots_of(project, config)))
        groups.setdefault(config.name if config else None, (config, []))[1].append(file)
    return [
        described(project, config, files, intake, notes) if config else adhoc(project, files, intake, notes)
        for config, files in groups.values()
    ]


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
    """A [[source]] with the files its paths name now; where a path names none, that is said."""
    roots = roots_of(project, config)
    paths, missing = named(config.path, project.directory)
    notes += [f"{config.name}: {error}" for error in missing]
    files = [InputFile(path=p, name=recorded_name(p, roots)) for p in paths]
    return described(project, config, files, intake, notes)


def described(
    project: ProjectFolder, config: SourceConfig, files: Sequence[InputFile], intake: Intake, notes: list[str]
) -> Source:
    """A [[source]] with these files; what the caller says of it comes first.

    What its columns do not say of time, event and customer is guessed from the first file that it can be guessed from.
    """
    mapping, options = reading(project, config, intake)
    source = Source(
        mapping=mapping,
        files=files,
        options=options,
        redelivery=config.redelivery,
        roots=roots_of(project, config),
    )
    return with_times(
        source if complete(mapping.fields) else with_guess(source, config.name, intake, notes, project.directory),
        intake,
    )


def with_times(source: Source, intake: Intake) -> Source:
    """The source with the formats of times that the caller gives."""
    return replace(source, mapping=replace(source.mapping, fields=timed(source.mapping.fields, intake.time_formats)))


def with_guess(source: Source, shown: str, intake: Intake, notes: list[str], folder: Path) -> Source:
    """The source with the rest of its mapping guessed from its first file that tells; if none does, with the fault.

    Of very many files that do not tell, the first TRIED are asked.
    """
    fault, failed = None, 0
    exports = [*exports_of(folder).values()]
    for file in source.files:
        if failed == TRIED:
            break
        try:
            mapping = guessed(file, source.options, source.mapping, intake, shown, notes, exports)
        except EmptyInput:
            continue
        except (InputError, ConfigError) as error:
            fault, failed = fault or error, failed + 1
            continue
        return replace(source, mapping=mapping)
    return replace(source, fault=fault)


def read_otherwise(project: ProjectFolder, inputs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of these inputs (source, name) that were read by another mapping than journeys.toml has today."""
    if not project.store.exists:
        return []
    today = {
        s.name: reading_of(mapping, read_options(s))
        for s in project.config.sources
        if complete((mapping := source_mapping(project.config, s)).fields)
    }
    ledger = project.store.snapshot().ledger.inputs
    return [
        (source, name)
        for source, name in sorted(set(inputs))
        if source in today and any(i.reading not in (1, today[source]) for i in ledger.get((source, name), ()))
    ]


def complete(fields: Mapping[str, Field]) -> bool:
    """Is it said what happened, when, and to whom?"""
    return {"event_at", "event"} <= fields.keys() and not fields.keys().isdisjoint(IDS)


def guessed(
    file: InputFile,
    options: ReadOptions,
    mapping: SourceMapping,
    intake: Intake,
    name: str,
    notes: list[str],
    exports: Sequence[Export],
) -> SourceMapping:
    """A whole mapping: what is said of the file stands, the rest is guessed and noted; --map TARGET= takes a guess back."""
    given = mapping.fields
    made, kind = guess_file(
        file.path, options, file.name, given=given, refused=intake.taken_back, mapping=mapping, exports=exports
    )
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


def source_of(project: ProjectFolder, path: Path, name: str | None, notes: list[str]) -> SourceConfig | None:
    """The [[source]] that a file belongs to: the named one; the one whose path fits; the one that its name fits, wherever
    it lies; or the only one without a path. Where none does that is said.

    Raises ConfigError where the file's name fits several.
    """
    if name is not None:
        return chosen(project, name)[0]
    where, sources = (archive_of(path) or path).resolve(), project.config.sources
    for s in sources:
        if any(fnmatch(str(where), str((project.directory / p).resolve())) for p in s.path):
            return s
    by_name = [] if path == STDIN else fitting(path.name, sources)
    if len(by_name) > 1:
        raise ConfigError(
            f"{path.name} lies where no [[source]] looks, and its name fits {', '.join(s.name for s in by_name)}: "
            f"say which it is, for example with --source {by_name[0].name}."
        )
    open_ended = [s for s in sources if not s.path]
    found = by_name or (open_ended if len(open_ended) == 1 else [])
    if by_name:
        notes.append(f"{path.name}: read as [[source]] {found[0].name}, which its name fits")
    elif sources and not found:
        notes.append(
            f'{path.name}: no [[source]] of journeys.toml fits; it is read by a guess, as source "{ADHOC}". '
            f"--source {sources[0].name} reads it as that one."
        )
    return found[0] if found else None


def fitting(name: str, sources: Sequence[SourceConfig]) -> list[SourceConfig]:
    """The sources that a file's name fits: those that it begins with the name of, else those of which it fits a glob's end."""
    called = [s for s in sources if re.match(rf"{re.escape(s.name)}(?![a-z0-9])", name, re.IGNORECASE)]
    return called or [s for s in sources if any(fnmatch(name, Path(p).name) for p in s.path)]


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


def adhoc(project: ProjectFolder, files: Sequence[InputFile], intake: Intake, notes: list[str]) -> Source:
    """Files that no [[source]] speaks of: their mapping is guessed, what --map says stands."""
    mapping, options = reading(project, None, intake)
    source = Source(mapping=mapping, files=files, options=options, roots=roots_of(project, None))
    return with_times(with_guess(source, Path(files[0].name).name, intake, notes, project.directory), intake)
