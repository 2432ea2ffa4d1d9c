"""How files are read: what the caller says of them comes before their [[source]], and that before a guess."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.cleaning.mapping import Field, SourceMapping, parse_field, timed
from ingest.cleaning.time_formats import check
from ingest.errors import ConfigError
from ingest.readers.sources import ReadOptions
from ingest.sizes import bytes_of
from pipeline.config import Source as SourceConfig
from pipeline.config.kinds import with_kind
from pipeline.config.values import zone_name
from pipeline.project.project import ProjectFolder
from pipeline.project.rules import bot_rules, read_options, source_mapping

ADHOC = "events"
"""The source of files that no [[source]] speaks of."""


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What the caller says about the files; None = find out."""

    files: Sequence[str] = ()
    maps: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    kind: str | None = None  # of export
    format: str | None = None
    delimiter: str | None = None
    records: str | None = None  # of JSON: the path of the list that holds them
    timezone: str | None = None
    time_formats: Sequence[str] = ()  # of event_at
    deduplicate: str | None = None
    as_of: str | None = None
    as_name: str | None = None
    bots: str | None = None  # keep | quarantine
    static_files: str | None = None  # keep | exclude
    again: bool = False  # read known files anew: what came of them before goes

    def check(self) -> None:
        """Raise ConfigError for what is no time zone, and for what is no format of a time."""
        if self.timezone is not None:
            try:
                zone_name(self.timezone)
            except ValueError as error:
                raise ConfigError(f"--timezone: {error}.") from None
        check(self.time_formats)

    @property
    def said(self) -> dict[str, Field]:
        """The columns of --map."""
        return {target: parse_field(text) for target, text in (self.maps or {}).items() if text}

    @property
    def taken_back(self) -> frozenset[str]:
        """The targets of --map TARGET=: nothing is read as them."""
        return frozenset(target for target, text in (self.maps or {}).items() if not text)


def of_kind(project: ProjectFolder, kind: str, found: SourceConfig | None, shown: str) -> SourceConfig:
    """The [[source]] of a file of that kind: the `found` one where it is of it, else one that says nothing else.

    Raises ConfigError for an unknown kind, and where the file belongs to a source that is read otherwise.
    """
    if found is not None and found.kind == kind:
        return found
    if found is not None:
        raise ConfigError(
            f'{shown} is read as [[source]] "{found.name}", which says how; kind = {json.dumps(kind)} there reads it as that kind.'
        )
    if any(s.name == kind for s in project.config.sources):
        raise ConfigError(f'a [[source]] is named "{kind}" and is not of that kind: give it kind = {json.dumps(kind)}.')
    return SourceConfig.model_validate(with_kind({"name": kind, "kind": kind}, project.directory))


def reading(project: ProjectFolder, config: SourceConfig | None, intake: Intake) -> tuple[SourceMapping, ReadOptions]:
    """(the mapping as far as it is said, how the files are written), of a [[source]] or of files that none speaks of."""
    mapping = SourceMapping(
        name=ADHOC,
        excluded=project.config.excludes,
        currency=project.config.project.currency,
        bots=bot_rules(project.config, intake.bots),
    )
    options = ReadOptions()
    if config is not None:
        mapping, options = source_mapping(project.config, config), read_options(config)
    fields = {t: f for t, f in {**mapping.fields, **intake.said}.items() if t not in intake.taken_back}
    mapping = replace(
        mapping,
        fields=timed(fields, intake.time_formats),
        timezone=intake.timezone or mapping.timezone,
        deduplicate=intake.deduplicate or mapping.deduplicate,
        static_files=intake.static_files or mapping.static_files,
        bots=bot_rules(project.config, intake.bots) if intake.bots else mapping.bots,
        identity=project.identity_rules,
        rates=project.rates,
    )
    return mapping, replace(
        options,
        format=intake.format or options.format,
        delimiter=intake.delimiter or options.delimiter,
        records=intake.records or options.records,
        unpacked=bytes_of(project.config.store.unpacked),
    )
