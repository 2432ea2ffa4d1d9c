"""The kinds of value that journeys.toml holds: names, durations, time zones, and the mapping of one column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from ingest.cleaning.time_formats import check
from ingest.errors import ConfigError, did_you_mean
from ingest.sizes import bytes_of
from pipeline.config.durations import format_duration, parse_duration

RESERVED = ("START", "END")


class Section(BaseModel):
    """A part of journeys.toml: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _duration(value: object) -> timedelta:
    try:
        return parse_duration(value)
    except ConfigError as error:
        raise ValueError(str(error)) from None


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than 0")
    return value


def _names(value: object) -> object:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _no_blank(value: tuple[str, ...]) -> tuple[str, ...]:
    if any(not name.strip() for name in value):
        raise ValueError("holds an empty name")
    return value


def zone_name(value: str) -> str:
    """The name of an IANA time zone; raises ValueError with the near one."""
    try:
        ZoneInfo(value)
    except (OSError, ValueError, KeyError):
        near = did_you_mean(value, available_timezones())
        raise ValueError(f'"{value}" is not an IANA time zone such as "Europe/Berlin".{near}') from None
    return value


def _zone_of_abbreviation(value: str) -> str:
    return value if re.fullmatch(r"[+-]\d\d:\d\d", value) else zone_name(value)


def _abbreviations(value: dict[str, str]) -> dict[str, str]:
    for word in value:
        if not re.fullmatch("[A-Za-z]+", word) or word.upper() in ("Z", "UTC", "GMT"):
            raise ValueError(f'"{word}" is not an abbreviation that needs a zone; write such as BST = "Europe/London"')
    return {word.upper(): zone for word, zone in value.items()}


def _time_formats(value: tuple[str, ...]) -> tuple[str, ...]:
    try:
        check(value)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    return value


def _free_name(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    if value in RESERVED or value.startswith("event:"):
        raise ValueError(f'"{value}" is reserved: START and END frame each session, "event:x" means the event x')
    return value


def _size(value: str) -> str:
    bytes_of(value)
    return value


Size = Annotated[str, AfterValidator(_size)]
DurationOrZero = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(format_duration)]
Duration = Annotated[DurationOrZero, AfterValidator(_positive)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names), AfterValidator(_no_blank)]
Timezone = Annotated[str, AfterValidator(zone_name)]
ZoneNames = Annotated[dict[str, Annotated[str, AfterValidator(_zone_of_abbreviation)]], AfterValidator(_abbreviations)]
TimeFormats = Annotated[Names, AfterValidator(_time_formats)]
FreeName = Annotated[str, AfterValidator(_free_name)]


class ColumnSpec(Section):
    """Where one column of an event comes from: exactly one of `column`, `join` and `constant`.

    `column` holds the spellings (first non-empty wins; "a.b" is a path into a JSON column), `join` the columns joined
    by a space, `constant` one text for every row; `format` is how a time is written (strptime, epoch_s, excel, or a list of
    which the first that fits holds), else it is guessed.
    `host` and `query` (`of` columns) take the host or a parameter of an address, `unlike`, `differs_from`, `only` and `unless`
    make some texts missing, `names` names codes, `otherwise` stands for what is missing.
    In the file: "name", ["name", "Name"], { column = ..., format = ... }, { join = [...] } or { constant = "web" }.
    """

    column: Names = ()
    join: Names = ()
    constant: str | None = None
    format: TimeFormats = ()
    host: Names = ()  # the columns of addresses whose host it is
    query: str | None = Field(default=None, min_length=1)  # a parameter of the addresses in `of`
    of: Names = ()
    unlike: Names = ()  # globs: such texts are missing
    only: dict[str, str] = Field(default_factory=dict)  # column -> glob: missing unless one holds
    unless: dict[str, str] = Field(default_factory=dict)  # column -> glob: missing where one holds
    first: tuple[ColumnSpec, ...] = ()  # several, each for itself: the first that is there
    differs_from: Names = ()  # columns: a text that says the same is missing
    names: dict[str, str] = Field(default_factory=dict)  # code -> name
    otherwise: str | None = Field(default=None, min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, (Mapping, ColumnSpec)):
            return value
        if isinstance(value, (list, tuple)) and any(isinstance(one, (Mapping, ColumnSpec)) for one in value):
            return {"first": value}
        if isinstance(value, (str, list, tuple)):
            return {"column": value}
        raise ValueError('must be a column name, a list of them, or { join = [...] } or { constant = "..." }')

    @model_validator(mode="after")
    def _one_form(self) -> ColumnSpec:
        places = [self.column, self.join, self.host, self.first, self.query]
        given = [self.constant is not None, *map(bool, places)]
        if sum(given) != 1:
            raise ValueError("needs exactly one of column, join, constant, host and query, or is a list")
        if bool(self.query) != bool(self.of):
            raise ValueError('a query needs the columns of its addresses: { query = "utm_source", of = "page_url" }')
        if self.constant is not None and (
            self.format or self.unlike or self.differs_from or self.names or self.otherwise
        ):
            raise ValueError("a constant has no format and nothing else beside it")
        return self
