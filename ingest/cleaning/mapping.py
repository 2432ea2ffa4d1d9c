"""How a raw row becomes an event: which column (or columns, or constant) each target is read from.

A mapping is data. `resolve` finds its columns in one file's header; `expressions` turns the result into SQL
over c0, c1, ..., the positions of the file's columns, so no name from a file ever becomes SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.cleaning.bots import BotRules
from ingest.cleaning.channels import ChannelRules, channel_sql
from ingest.cleaning.currencies import Rates
from ingest.cleaning.refining import Refinement, refined
from ingest.errors import ConfigError, did_you_mean
from ingest.exports.models import Export
from ingest.identity.rules import IdentityRules
from ingest.json_path import path_value, steps
from ingest.readers.balancer_log import FORMAT as BALANCER_LOG
from ingest.readers.weblog import COMBINED
from ingest.schema import IDENTIFIERS, NUMBERS, TARGETS


@dataclass(frozen=True, kw_only=True)
class Field:
    """Where one target comes from. Exactly one of `columns`, `join` and `constant` is set."""

    columns: tuple[str, ...] = ()  # several spellings: the first non-empty wins
    join: tuple[str, ...] = ()  # joined by a space
    constant: str | None = None
    formats: tuple[str, ...] = ()  # of event_at: strptime or one of time_formats.WORDS; the first that fits
    first: tuple[
        Field, ...
    ] = ()  # several, each refined by itself, whose first that is there holds; `columns` are all of theirs
    channels: ChannelRules | None = None  # of channel: told from the fields url and referrer, which are `first`
    refined: Refinement = field(default_factory=Refinement)  # what is made of the text


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One of several events that a row may hold: its name, and what only it is read from, its time (event_at) too."""

    name: str
    fields: Mapping[str, Field]


@dataclass(frozen=True, kw_only=True)
class SourceMapping:
    """The reading rules of one source."""

    name: str = "events"
    fields: Mapping[str, Field] = field(default_factory=dict)
    timezone: str = "UTC"
    zones: Mapping[str, str] = field(default_factory=dict)  # abbreviation -> Region/City or offset
    deduplicate: str | None = None  # content | event_id | off; None = event_id where mapped, else content
    excluded: tuple[Mapping[str, str], ...] = ()  # [[exclude]]: every glob of one entry must match
    currency: str | None = None
    rates: Rates = field(default_factory=Rates)  # what amounts in other currencies are converted by
    decimal: str | None = None  # "." or "," in numbers; None = told from each column of each file
    missing: tuple[str, ...] = ()  # texts that stand for nothing, in any column
    identity: IdentityRules = field(default_factory=IdentityRules)  # of the whole project
    bots: BotRules = field(default_factory=BotRules)  # where user_agent or ip is mapped
    static_files: str | None = None  # keep | exclude requests for them; None = exclude in a web server's log
    readings: tuple[Reading, ...] = ()  # the events of a row; () = each row is one
    required: tuple[str, ...] = ()  # targets without which a file is refused, beside time, event and customer
    volatile: tuple[str, ...] = ()  # columns of a file that are no part of a row's content
    export: Export | None = None  # the kind of export that its files are

    @property
    def key(self) -> str:
        """The duplicate rule in force."""
        return self.deduplicate or ("event_id" if "event_id" in self.fields else "content")

    @property
    def promoted(self) -> tuple[str, ...]:
        """Columns of this source's own, behind those of the event contract."""
        return tuple(name for name in self.fields if name not in TARGETS)


WEBLOG: dict[str, Field] = {
    "event_at": Field(columns=("time",), formats=("%d/%b/%Y:%H:%M:%S %z",)),
    "event": Field(constant="page_view"),
    "customer_id": Field(join=("ip", "user_agent")),  # weak: people share addresses, and addresses change hands
    "url": Field(columns=("path",)),
    "ip": Field(columns=("ip",)),
    "user_agent": Field(columns=("user_agent",)),
    "referrer": Field(columns=("referrer",)),
}
"""How a web server's log is read unless a source says otherwise."""

BALANCER: dict[str, Field] = {
    **{target: spec for target, spec in WEBLOG.items() if target not in ("event_at", "referrer")},
    "event_at": Field(columns=("time",)),
}
"""How a load balancer's log is read; it has no referrer."""

_W3C = {
    "url": ("cs-uri-stem", "cs-uri"),
    "ip": ("c-ip", "cs-ip", "x-forwarded-for"),
    "user_agent": ("cs(user-agent)",),
    "referrer": ("cs(referer)", "cs(referrer)"),
}


def server_log(columns: Sequence[str], format: str) -> dict[str, Field] | None:
    """How the log of a server is read unless a source says otherwise; None for a file that is none."""
    if format in ("combined", "alb"):
        return dict(WEBLOG if format == "combined" else BALANCER)
    if format != "w3c":
        return None
    lower = {name.lower(): name for name in columns}
    known = {t: next((lower[n] for n in names if n in lower), None) for t, names in _W3C.items()}
    found = {t: Field(columns=(name,)) for t, name in known.items() if name}
    time = [lower[n] for n in ("date", "time") if n in lower]
    found["event_at"] = Field(join=tuple(time)) if len(time) > 1 else Field(columns=tuple(time) or ("date",))
    found["event"] = Field(constant="page_view")
    found["customer_id"] = Field(join=tuple(known[t] or "" for t in ("ip", "user_agent") if known[t]) or ("c-ip",))
    return found


def is_server_log(columns: Sequence[str]) -> bool:
    """Are these the columns of a server's log?"""
    names = tuple(columns)
    return names in (COMBINED.columns, BALANCER_LOG.columns) or any(n.lower() == "cs-uri-stem" for n in names)


@dataclass(frozen=True)
class Columns:
    """One file's header, and the SQL of its columns."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    whole: Mapping[str, str] = field(default_factory=dict)
    """Column or path -> SQL of which rows have floating numbers for ids there (ingest/cleaning/whole_ids.py)."""

    def cell(self, at: int) -> str:
        """SQL of the text of a column."""
        return self.as_id(f"c{at}::VARCHAR", self.names[at])

    def as_id(self, text: str, path: str) -> str:
        """SQL of a text, without the .0 of ids that are floating numbers."""
        if path not in self.whole:
            return text
        return f"case when {self.whole[path]} then whole_id({text}) else {text} end"

    def type_of(self, spec: Field, target: str) -> str:
        """The type of the one column that a field reads whole; else that of any text."""
        place = self.find(spec.columns[0], target, fail=False) if len(spec.columns) == 1 else None
        return self.types[place[0]] if place is not None and place[1] is None else "text"

    def find(self, path: str, target: str, fail: bool = True) -> tuple[int, tuple[str, ...] | None] | None:
        """(position, path inside the JSON text of that column, or None); the longest column name wins."""
        if path in self.names:
            return self.names.index(path), None
        parts = steps(path)
        for n in range(len(parts), 0, -1):
            name = ".".join(parts[:n])
            if name in self.names:
                return self.names.index(name), parts[n:] or None
        if not fail:
            return None
        raise ConfigError(
            f'no column "{path}" for {target}; the columns are {", ".join(self.names) or "(none)"}.'
            + did_you_mean(path, self.names)
        )


PLAIN = Refinement()


@dataclass
class Expressions:
    """SQL fragments over c0, c1, ... and the values bound in them."""

    params: dict[str, str] = field(default_factory=dict)

    def bind(self, value: str) -> str:
        """A parameter for one value."""
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"${name}"

    def text(self, columns: Columns, spec: Field, target: str) -> str:
        """The field's text; NULL where it is missing."""
        if spec.refined == PLAIN:
            return self.plain_text(columns, spec, target)

        def other(name: str) -> str | None:
            return self.one(columns, name, "event") if columns.find(name, target, fail=False) else None

        return refined(self.plain_text(columns, spec, target), spec.refined, other, self.bind)

    def plain_text(self, columns: Columns, spec: Field, target: str) -> str:
        """The text as the file has it."""
        if spec.constant is not None:
            return f"{self.bind(spec.constant)}::VARCHAR"
        if spec.channels is not None:
            texts = [
                self.text(columns, one, target) if has_any(columns, one) else "null::varchar" for one in spec.first
            ]
            return channel_sql(texts[0], texts[1], spec.channels, self.bind)
        if spec.first:
            there = [
                f
                for f in spec.first
                if f.constant or any(columns.find(c, target, fail=False) for c in f.columns + f.join)
            ]
            return f"coalesce({', '.join(self.text(columns, f, target) for f in there or spec.first)})"
        if spec.join:
            parts = [self.one(columns, name, target) for name in spec.join]
            return f"nullif(concat_ws(' ', {', '.join(parts)}), '')"
        known = [c for c in spec.columns if columns.find(c, target, fail=len(spec.columns) == 1) is not None]
        if not known:
            columns.find(spec.columns[0], target)
        parts = [self.one(columns, name, target) for name in known]
        return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"

    def one(self, columns: Columns, name: str, target: str) -> str:
        """The text of one column or path; NULL where it is missing, as false and NaN are in ids and numbers of JSON."""
        found = columns.find(name, target)
        assert found is not None
        at, inner = found
        text = f"c{at}::VARCHAR" if inner is None else path_value(f"c{at}", inner, self.bind)
        text = columns.as_id(f"nullif({text}, '')", name)
        if target not in (*IDENTIFIERS, *NUMBERS):
            return text
        if inner is not None or columns.types[at] == "json":
            return f"nullif(nullif({text}, 'false'), 'NaN')"
        return f"nullif({text}, 'nan')" if columns.types[at] in ("double", "float") else text


def has_any(columns: Columns, spec: Field) -> bool:
    """Has the file one of the columns that a field is read from?"""
    return any(columns.find(name, "url", fail=False) for name in (*spec.columns, *spec.join))


def consumed(columns: Columns, fields: Mapping[str, Field]) -> set[int]:
    """Positions of columns that a mapping takes whole: all others, and those of which it takes a part, go to `properties`."""
    taken = set()
    for target, spec in fields.items():
        if spec.channels is not None or spec.refined.loses or any(one.refined.loses for one in spec.first):
            continue
        for name in (*spec.columns, *spec.join):
            found = columns.find(name, target, fail=False)
            if found is not None and found[1] is None:
                taken.add(found[0])
    return taken


def timed(fields: Mapping[str, Field], formats: Sequence[str]) -> dict[str, Field]:
    """The fields with event_at read by these formats, where there are any."""
    at = fields.get("event_at")
    return {**fields, "event_at": replace(at, formats=tuple(formats))} if at is not None and formats else dict(fields)


def parse_field(text: str) -> Field:
    """`--map TARGET=...`: a column, several joined by '+', or a quoted 'constant'."""
    if re.fullmatch(r"'.*'|\".*\"", text):
        return Field(constant=text[1:-1])
    if "+" in text:
        return Field(join=tuple(part.strip() for part in text.split("+")))
    return Field(columns=tuple(part.strip() for part in text.split("|")))
