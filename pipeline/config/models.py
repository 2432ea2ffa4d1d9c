"""What journeys.toml can say, section by section. Every default is here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from ipaddress import ip_network
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt, field_validator, model_validator

from pipeline.config.keep import KeepLength
from pipeline.config.roles import ROLE_PRESETS
from pipeline.config.values import (
    ColumnSpec,
    Duration,
    DurationOrZero,
    FreeName,
    Names,
    Section,
    Size,
    Timezone,
    ZoneNames,
)

__all__ = [
    "Bot",
    "Carts",
    "Funnel",
    "Gates",
    "Project",
    "Roles",
    "Sessions",
    "Source",
    "Sql",
    "Stage",
    "Store",
    "Touchpoint",
]


class Project(Section):
    """[project]: what holds for every question. An empty `goal` list means that journeys are for nothing."""

    timezone: Timezone = "UTC"
    goal: Names = ("purchase",)
    currency: str | None = None
    store: str = "store"
    reports: str = "reports"
    return_window: Duration = timedelta(days=7)
    segments: Names = ("channel", "platform")  # columns by whose values the report can be looked at
    privacy: Literal["strict"] | None = None  # strict: no number about fewer than 10 customers, no list of people

    @field_validator("currency")
    @classmethod
    def _iso_code(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch("[A-Z]{3}", value):
            raise ValueError(f'"{value}" is not an ISO 4217 code such as "EUR"')
        return value

    @field_validator("store")
    @classmethod
    def _local_folder(cls, value: str) -> str:
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", value):
            raise ValueError(f'"{value}" is an address; a store is a folder of this machine for now, such as "store"')
        return value


class Store(Section):
    """[store]: how long days and replaced files stay, when days become months, and who may read what is written."""

    keep: KeepLength | None = None  # None: for good
    retain: DurationOrZero = timedelta(days=7)
    seal_after: Duration = timedelta(days=91)  # at least: the late window of every source, too
    mode: Literal["private", "group", "umask"] = "private"  # who may read the store, and the reports of nights
    unpacked: Size = "20GB"  # what one packed input may become; a workbook a tenth of it


class Sql(Section):
    """[sql]: what one statement of `journeys sql` may use."""

    timeout: Duration = timedelta(minutes=10)
    memory: Size = "2GB"
    disk: Size = "10GB"  # at most half of what is free


class EventOfRow(Section):
    """[[source.event]]: one of several events of a row: its name, the column of its time, and what only it has."""

    name: FreeName
    time: ColumnSpec
    value: ColumnSpec | None = None
    columns: dict[str, ColumnSpec] = Field(default_factory=dict)


class Source(Section):
    """[[source]]: files of one origin and how their columns become an event's. Without a name, its path names it, or its kind."""

    name: str = Field(default="", min_length=1)
    kind: str | None = Field(
        default=None, min_length=1
    )  # of export: gives what is not said here (pipeline/config/kinds.py)
    path: Names = ()
    format: Literal["csv", "ndjson", "json", "parquet", "excel", "combined", "w3c", "alb"] | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str | None = Field(default=None, min_length=1)  # of text; None = UTF-8, else told from the bytes
    skip_lines: Annotated[StrictInt, Field(ge=0)] = 0  # before the header line, whatever they hold
    header: Names = ()  # the names of the columns, of a file without a header line
    sheet: str | None = Field(default=None, min_length=1)  # of a workbook; None = the first
    records: str | None = Field(default=None, min_length=1)  # of JSON: the path of the list that holds them
    timezone: Timezone = "UTC"
    zones: ZoneNames = Field(default_factory=dict)  # abbreviation in a time -> Region/City or offset
    decimal: Literal[".", ","] | None = None  # in numbers; None = told from each column of each file
    missing: Names = ()  # texts that stand for nothing, in any column
    deduplicate: Literal["content", "event_id", "off"] | None = None
    columns: dict[str, ColumnSpec] = Field(default_factory=dict)
    promote: Names = ()
    id_space: str | None = Field(default=None, min_length=1)  # sources of one space share their anonymous ids
    late_window: DurationOrZero = timedelta(days=3)
    bots: Literal["quarantine", "keep"] = "quarantine"  # what crawlerdetect takes for a bot, where user_agent is mapped
    static_files: Literal["exclude", "keep"] | None = None  # requests for them; None = exclude in a web server's log
    required: Names = ()  # what no file may lack, beside time, event and customer
    redelivery: Literal["append", "replace"] = "append"  # of a file that comes again under its name with other bytes
    volatile: Names = ()  # columns of the file that are no part of a row's content, such as a load stamp

    event: tuple[EventOfRow, ...] = ()  # where a row holds several; () = it is one

    @model_validator(mode="before")
    @classmethod
    def _name_from_path(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or "name" in value:
            return value
        path = value.get("path") or value.get("kind", "")
        return {**value, "name": _spoken_name(path[0] if isinstance(path, list) and path else path)}


def _spoken_name(path: object) -> str:
    """The last part without a pattern, up to its first dot: in/orders.csv.gz is orders, in/web/*.csv is web."""
    plain = [part for part in re.split(r"[/\\]", str(path)) if part and not re.search(r"[*?\[]", part)]
    return (plain[-1].split(".")[0] if plain else "") or "events"


class Bot(Section):
    """[[bot]]: rows of which every given column fits one of its globs are a bot's; `ip` may hold networks (10.0.0.0/8) too."""

    user_agent: Names = ()
    ip: Names = ()

    @model_validator(mode="after")
    def _says_something(self) -> Bot:
        if not (self.user_agent or self.ip):
            raise ValueError("needs at least one of user_agent and ip")
        for pattern in self.ip:
            try:
                "/" in pattern and ip_network(pattern, strict=False)
            except ValueError:
                raise ValueError(f'ip "{pattern}" is not a network such as "10.0.0.0/8"') from None
        return self

    def given(self) -> dict[str, tuple[str, ...]]:
        """Column -> globs, of the columns that are given."""
        return {k: v for k, v in (("user_agent", self.user_agent), ("ip", self.ip)) if v}


class Sessions(Section):
    """[sessions]: the rules of sessionization (SessionRules). `max_duration` 0 is off."""

    idle_timeout: Duration = timedelta(minutes=30)
    max_duration: DurationOrZero = timedelta(hours=24)
    cut_at_midnight: StrictBool = False
    cut_on: str | None = None
    passive: Names = ()
    max_session_events: Annotated[StrictInt, Field(ge=1)] = 10_000


class Touchpoint(Section):
    """[[touchpoint]]: an event that meets all given patterns (any of each list) is this touchpoint; first rule wins."""

    name: FreeName
    event: Names = ()
    url: Names = ()
    channel: Names = ()
    goal: str | None = None  # of the customer, here
    owner: str | None = None
    review_by: date | None = None
    notes: str | None = None  # what the customer does
    response: str | None = None  # what the company answers

    @model_validator(mode="after")
    def _matches_something(self) -> Touchpoint:
        if not (self.event or self.url or self.channel):
            raise ValueError("needs at least one of event, url and channel")
        return self


class Stage(Section):
    """[[stage]]: the first stage that names an event's touchpoint, event or channel has it; the rest is for people."""

    name: FreeName
    touchpoints: Names = ()
    events: Names = ()
    channels: Names = ()
    owner: str | None = None
    goal: str | None = None
    review_by: date | None = None
    notes: str | None = None
    response: str | None = None
    phase: Literal["before", "during", "after"] | None = None
    intent: StrictBool = False


class Roles(Section):
    """[carts.roles]: the event names of each role; a role that is not given has its preset, less the names given."""

    view: Names = ROLE_PRESETS["view"]
    add: Names = ROLE_PRESETS["add"]
    remove: Names = ROLE_PRESETS["remove"]
    update: Names = ROLE_PRESETS["update"]
    view_cart: Names = ROLE_PRESETS["view_cart"]
    begin_checkout: Names = ROLE_PRESETS["begin_checkout"]
    payment: Names = ROLE_PRESETS["payment"]
    purchase: Names = ROLE_PRESETS["purchase"]
    refund: Names = ROLE_PRESETS["refund"]
    reminder: Names = ROLE_PRESETS["reminder"]

    @model_validator(mode="before")
    @classmethod
    def _given_names_leave_the_presets(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        given = [name for names in value.values() for name in (names if isinstance(names, list) else [names])]
        twice = [name for name in given if given.count(name) > 1]
        if twice:
            raise ValueError(f'"{twice[0]}" appears twice; an event has one role')
        kept = {role: tuple(n for n in names if n not in given) for role, names in ROLE_PRESETS.items()}
        return {**kept, **value}

    def by_role(self) -> dict[str, tuple[str, ...]]:
        """Role -> event names, in the order of ROLE_PRESETS."""
        return {role: getattr(self, role) for role in ROLE_PRESETS}


class Carts(Section):
    """[carts]: when a cart is quiet, when it is over, whom to remind, and which events play which role."""

    quiet_period: Duration = timedelta(hours=4)
    recovery_window: Duration = timedelta(days=7)
    reminder_max_age: Duration = timedelta(days=3)
    cooldown: DurationOrZero = timedelta(days=7)
    order_value: Literal["sum", "once"] | None = None  # None: a later row that repeats the order's value counts once
    roles: Roles = Roles()

    @model_validator(mode="after")
    def _quiet_before_over(self) -> Carts:
        if self.quiet_period > self.recovery_window:
            raise ValueError("quiet_period is longer than recovery_window; both run from the last cart activity")
        return self


class Gates(Section):
    """[gates]: what a night may look like. A gate in `fail_on` stops the publish, any other one warns."""

    quarantine_share: Annotated[float, Field(ge=0, le=1)] = 0.5  # of a source's rows, at most
    volume_low: Annotated[float, Field(ge=0)] = 0.2  # newest day's events against the median of the trailing days
    volume_high: Annotated[float, Field(gt=0)] = 5.0
    trailing_days: Annotated[StrictInt, Field(ge=3)] = 28
    unmapped_share: Annotated[float, Field(ge=0, le=1)] = 0.5  # events in no [[stage]], where there are stages
    fresh_warn: Duration = timedelta(days=1)  # as_of - end of the newest event day
    fresh_error: Duration | None = None
    fail_on: tuple[Literal["quarantine_share", "volume", "new_events", "vanished_events", "unmapped_share"], ...] = (
        "quarantine_share",
    )


class Funnel(Section):
    """[[funnel]]: a saved question, with the words of the command line."""

    name: str = Field(min_length=1)
    steps: Annotated[Names, Field(min_length=1)]
    window: Duration = timedelta(days=7)
    count: Literal["customers", "sessions"] = "customers"
    order: Literal["ordered", "strict", "any"] = "ordered"
    ties: Literal["recorded", "step"] = "recorded"
    step_window: dict[str, Duration] = Field(default_factory=dict)
    exclude: Names = ()
    exclusion: Literal["chain", "customer"] = "chain"
    ignore: Names = ()
    breakdown: str | None = None
    by: Literal["day", "week", "month"] | None = None
    segment: dict[str, str] = Field(default_factory=dict)
    where: Names = ()

    @model_validator(mode="after")
    def _ties_of_ordered(self) -> Funnel:
        if self.ties == "step" and self.order != "ordered":
            raise ValueError('ties = "step" goes with order = "ordered" only')
        if self.order == "any" and (self.step_window or any(re.search(r":\d+-\d+$", rule) for rule in self.exclude)):
            raise ValueError('order = "any" has no step windows and no exclusions between steps')
        return self
