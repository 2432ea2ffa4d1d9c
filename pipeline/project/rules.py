"""journeys.toml -> the frozen rules that the rooms understand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingest.cleaning.bots import BotRules
from ingest.cleaning.channels import ChannelRule, ChannelRules, default_rules
from ingest.cleaning.mapping import Field, Reading, SourceMapping
from ingest.cleaning.refining import Refinement
from ingest.errors import ConfigError
from ingest.exports.reading import export_named
from ingest.readers.sources import ReadOptions
from paths.carts.rules import CartRules
from paths.journeys.goals import GoalRules
from paths.journeys.touchpoints import StageRule, StageRules, TouchpointRule, TouchpointRules
from pipeline.config import ColumnSpec, Config, Source
from pipeline.config.models import EventOfRow
from sessionize.rules import SessionRules


def cart_rules(config: Config) -> CartRules:
    """[carts] and [carts.roles]."""
    roles = {role: frozenset(names) for role, names in config.carts.roles.by_role().items()}
    said = config.carts
    return CartRules(
        roles=roles,
        quiet_period=said.quiet_period,
        recovery_window=said.recovery_window,
        order_value=said.order_value or "auto",
    )


def session_rules(config: Config) -> SessionRules:
    """[sessions]."""
    s = config.sessions
    return SessionRules(
        idle_timeout=s.idle_timeout,
        max_duration=s.max_duration,
        cut_at_midnight=s.cut_at_midnight,
        cut_on=s.cut_on,
        passive=frozenset(s.passive),
        max_session_events=s.max_session_events,
        timezone=config.project.timezone,
    )


def touchpoint_rules(config: Config) -> TouchpointRules:
    """[[touchpoint]]."""
    return TouchpointRules(
        tuple(TouchpointRule(name=t.name, event=t.event, url=t.url, channel=t.channel) for t in config.touchpoints)
    )


def stage_rules(config: Config) -> StageRules:
    """[[stage]]."""
    return StageRules(
        tuple(
            StageRule(name=s.name, touchpoints=s.touchpoints, events=s.events, channels=s.channels)
            for s in config.stages
        )
    )


def goal_rules(config: Config, goal: Sequence[str] | None = None) -> GoalRules:
    """[project] goal, or `goal` instead, and the roles that buy and refund; raises ConfigError for a goal that is passive."""
    for name in goal or ():
        if passive := config.passive_event(name):
            raise ConfigError(
                f'the goal "{name}" is passive: [sessions] passive names "{passive}", so it is in no session.'
            )
    roles = config.carts.roles.by_role()
    return GoalRules(
        goal=frozenset(config.project.goal if goal is None else goal),
        purchase=frozenset(roles["purchase"]),
        refund=frozenset(roles["refund"]),
        order_value=config.carts.order_value or "auto",
    )


def source_mapping(config: Config, source: Source) -> SourceMapping:
    """One [[source]] with what the whole project says of it."""
    fields = {target: column_field(spec) for target, spec in source.columns.items()}
    if source.columns.get("channel") == AUTO:
        fields["channel"] = channel_field(source.name, fields, channel_rules(config))
    fields |= {name: Field(columns=(name,)) for name in source.promote if name not in fields}
    readings = tuple(reading(event) for event in source.event)
    for one in readings:  # all that any event of a row has is a column of the store
        fields = {**one.fields, "event": Field(constant=one.name), **fields}
    return SourceMapping(
        name=source.name,
        fields=fields,
        timezone=source.timezone,
        zones=source.zones,
        decimal=source.decimal,
        missing=source.missing,
        deduplicate=source.deduplicate,
        excluded=config.excludes,
        currency=config.project.currency,
        bots=bot_rules(config, source.bots),
        static_files=source.static_files,
        readings=readings,
        required=source.required,
        volatile=source.volatile,
        export=None if source.kind is None else export_named(source.kind, config.directory),
    )


AUTO = ColumnSpec(column=("auto",))
"""channel = "auto"; a column of that name is ["auto", ...] with another spelling beside it."""


def channel_rules(config: Config) -> ChannelRules:
    """[[channel]], then the rules of the package."""
    own = tuple(
        ChannelRule(
            name=c.name,
            medium=tuple(m.lower() for m in c.medium),
            source=tuple(s.lower() for s in c.source),
            click_id=c.click_id,
        )
        for c in config.channels
    )
    rules = default_rules()
    return replace(rules, rules=(*own, *rules.rules))


def channel_field(source: str, fields: Mapping[str, Field], rules: ChannelRules) -> Field:
    """The channel as url and referrer tell it; raises ConfigError where neither is mapped."""
    told = tuple(fields.get(target, Field()) for target in ("url", "referrer"))
    names = tuple(name for one in told for name in (*one.columns, *one.join))
    if not names:
        raise ConfigError(
            f'[[source]] "{source}": channel = "auto" is told from url and referrer, and neither is mapped: say url = "COLUMN".'
        )
    return Field(columns=names, first=told, channels=rules)


def reading(event: EventOfRow) -> Reading:
    """One [[source.event]]."""
    specs = {**event.columns, **({"value": event.value} if event.value else {}), "event_at": event.time}
    return Reading(name=event.name, fields={target: column_field(spec) for target, spec in specs.items()})


def bot_rules(config: Config, bots: str | None = None) -> BotRules:
    """[[bot]], and whether the library is asked too: `keep` keeps what it takes for a bot, not what an entry names."""
    return BotRules(judged=bots != "keep", entries=tuple(b.given() for b in config.bots))


def column_field(spec: ColumnSpec) -> Field:
    """One entry of `columns`."""
    refined = Refinement(
        host=bool(spec.host),
        query=spec.query or "",
        unlike=spec.unlike,
        differs_from=spec.differs_from,
        only=tuple(spec.only.items()),
        unless=tuple(spec.unless.items()),
        names=tuple(spec.names.items()),
        otherwise=spec.otherwise,
    )
    first = tuple(column_field(one) for one in spec.first)
    inner = tuple(dict.fromkeys(c for one in first for c in (*one.columns, *one.join)))
    columns = spec.column or spec.host or spec.of or inner
    return Field(
        columns=columns, join=spec.join, constant=spec.constant, formats=spec.format, first=first, refined=refined
    )


def read_options(source: Source) -> ReadOptions:
    """How the source's files are written."""
    return ReadOptions(
        format=source.format,
        delimiter=source.delimiter,
        encoding=source.encoding,
        skip_lines=source.skip_lines,
        header=source.header,
        records=source.records,
        sheet=source.sheet,
    )
