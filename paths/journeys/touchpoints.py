"""Rules -> touchpoint and stage of an event, evaluated once per distinct (event, url path, channel), never per row."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import repeat
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from ingest.array_types import Codes32
from ingest.scan.batches import Codes, EventBatch
from paths.arrays.counting import DENSE
from paths.arrays.grouping import cells_there, groups

K = TypeVar("K", bound=Hashable)

UNMAPPED = "(unmapped)"
RESERVED = ("START", "END")


@dataclass(frozen=True, kw_only=True)
class TouchpointRule:
    """Every given list must hold a glob that matches; the url is its path without query and fragment."""

    name: str
    event: tuple[str, ...] = ()
    url: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()

    def matches(self, event: str, path: str | None, channel: str | None) -> bool:
        """Does it name this event?"""
        return fits(self.event, event) and fits(self.url, path) and fits(self.channel, channel)

    def speaks_of(self, event: str, path: str | None, channel: str | None) -> bool:
        """Is the event of the kind this rule is about: one of its names, or, where it lists none, with what it looks at?"""
        if self.event:
            return fits(self.event, event)
        return not (self.url and path is None) and not (self.channel and channel is None)


def fits(globs: tuple[str, ...], value: str | None) -> bool:
    """No glob fits everything; else one of them must match a value that is there."""
    return not globs or (value is not None and any(fnmatchcase(value, g) for g in globs))


@dataclass(frozen=True)
class TouchpointRules:
    """The first rule that matches names the touchpoint; without one it is the event's own name."""

    rules: tuple[TouchpointRule, ...] = ()

    @cached_property
    def given(self) -> frozenset[str]:
        """The names that rules give."""
        return frozenset(r.name for r in self.rules)

    @property
    def columns(self) -> frozenset[str]:
        """What the rules read beyond the event's name."""
        return frozenset(c for c in ("url", "channel") if any(getattr(r, c) for r in self.rules))

    def name(self, batch: EventBatch) -> Codes:
        """The touchpoint of each event."""
        if not self.rules:
            names = tuple(shown(n) for n in batch.event.names)
            if len(set(names)) < len(names):  # START and event:START are one touchpoint
                return recoded(batch.event.codes, names)
            return Codes(batch.event.codes, names)
        columns = [batch.event, *(batch.text(c) if c in self.columns else None for c in ("url", "channel"))]
        return named_by(columns, len(batch), lambda event, url, channel: self.touchpoint(event or "", url, channel))

    def touchpoint(self, event: str, url: str | None, channel: str | None) -> str:
        """The touchpoint of one kind of event."""
        path = None if url is None else path_of(url)
        for rule in self.rules:
            if rule.matches(event, path, channel):
                return rule.name
        other = any(r.speaks_of(event, path, channel) for r in self.rules)
        return f"{event} (other)" if other else shown(event)


@dataclass(frozen=True, kw_only=True)
class StageRule:
    """An event is in the stage if its touchpoint, name or channel is listed (globs)."""

    name: str
    touchpoints: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def has(self, touchpoint: str, event: str, channel: str | None) -> bool:
        """Does the event belong here?"""
        return (
            any(fnmatchcase(touchpoint, g) for g in self.touchpoints)
            or any(fnmatchcase(event, g) for g in self.events)
            or (channel is not None and any(fnmatchcase(channel, g) for g in self.channels))
        )


@dataclass(frozen=True)
class StageRules:
    """The first stage that has an event gets it."""

    rules: tuple[StageRule, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """What the rules read beyond event and touchpoint."""
        return frozenset({"channel"} if any(r.channels for r in self.rules) else ())

    def name(self, batch: EventBatch, touchpoint: Codes) -> Codes:
        """The stage of each event; "(unmapped)" where none has it."""
        columns = [touchpoint, batch.event, batch.text("channel") if self.columns else None]
        return named_by(columns, len(batch), lambda t, event, channel: self.stage(t or "", event or "", channel))

    def stage(self, touchpoint: str, event: str, channel: str | None) -> str:
        """The stage of one kind of event."""
        kind = touchpoint, event, channel
        if kind not in self._known:
            self._known[kind] = next((r.name for r in self.rules if r.has(*kind)), UNMAPPED)
        return self._known[kind]

    @cached_property
    def _known(self) -> dict[tuple[str, str, str | None], str]:
        """The stages of the kinds that were asked for: they come again in every batch."""
        return {}


def no_rules() -> TouchpointRules:
    """Every event is its own touchpoint."""
    return TouchpointRules()


def no_stages() -> StageRules:
    """Everything is unmapped."""
    return StageRules()


def shown(event: str) -> str:
    """START and END frame sessions: events of that name are shown as what they are."""
    return f"event:{event}" if event in RESERVED else event


def path_of(url: str) -> str:
    """The path of a URL, or of a bare path: no scheme, host, query or fragment."""
    try:
        return urlsplit(url).path or "/"
    except ValueError:  # such as "http://[half": hostile, but text all the same
        return url.split("?")[0].split("#")[0]


def distinct(columns: Sequence[Codes | None], n: int) -> tuple[npt.NDArray[np.int64], list[tuple[str | None, ...]]]:
    """(code of each row's combination, the distinct combinations); an absent column is always None."""
    combined, size = combination(columns, n)
    row, codes = groups(combined, size)
    return codes, kinds_of(columns, combined[row])


def named_by(columns: Sequence[Codes | None], n: int, name: Callable[..., str]) -> Codes:
    """Rows named by what stands in these columns; `name` is asked once per combination that may occur."""
    return Codes(*keyed_by(columns, n, name))


def keyed_by(columns: Sequence[Codes | None], n: int, key: Callable[..., K]) -> tuple[Codes32, tuple[K, ...]]:
    """(int32[n]: the code of each row's key, the different keys by code); `key` is asked once per combination that may occur."""
    shared = next(c for c in columns if c is not None).codes
    if all(c is None or c.codes is shared for c in columns) and not (shared < 0).any():  # events that are touchpoints
        kinds = zip(*(repeat(None) if c is None else c.names for c in columns), strict=False)
        return renumbered(shared, [key(*kind) for kind in kinds])
    combined, size = combination(columns, n)
    if size > DENSE:
        row, codes = groups(combined, size)
        return renumbered(codes, [key(*kind) for kind in kinds_of(columns, combined[row])])
    there, number = cells_there(combined, size)
    code_of, keys = renumbered(number, [key(*kind) for kind in kinds_of(columns, there)])
    return code_of.take(combined), keys


def combination(columns: Sequence[Codes | None], n: int) -> tuple[npt.NDArray[np.int64], int]:
    """(one number for each row's combination of codes, how many there may be)."""
    combined, size = np.zeros(n, dtype=np.int64), 1
    for column in columns:
        if column is not None and column.names:
            if size > 1:
                combined *= len(column.names) + 1
            combined += column.codes
            combined += 1
            size *= len(column.names) + 1
    return combined, size


def kinds_of(columns: Sequence[Codes | None], values: npt.NDArray[np.int64]) -> list[tuple[str | None, ...]]:
    """The texts of these combinations, a tuple per value with an entry per column (None: no value, or no column)."""
    kinds: list[list[str | None]] = [[] for _ in values]
    for column in reversed(columns):
        if column is None:
            names: list[str | None] = [None] * len(values)
        else:
            values, code = np.divmod(values, len(column.names) + 1)
            names = [column.names[c - 1] if c else None for c in code.tolist()]
        for kind, value in zip(kinds, names, strict=True):
            kind.append(value)
    return [tuple(reversed(kind)) for kind in kinds]


def recoded(codes: npt.NDArray[np.integer[Any]], names: Sequence[str]) -> Codes:
    """Codes over the distinct ones of these names; codes: one per row, into `names`, -1 for none."""
    return Codes(*renumbered(codes, names))


def renumbered(codes: npt.NDArray[np.integer[Any]], keys: Sequence[K]) -> tuple[Codes32, tuple[K, ...]]:
    """Codes over `keys` -> (codes over the distinct ones of them, those)."""
    different = tuple(dict.fromkeys(keys))
    if len(different) == len(keys):
        return codes.astype(np.int32, copy=False), different
    position = {k: i for i, k in enumerate(different)}
    table = np.array([position[k] for k in keys], dtype=np.int32)
    return table.take(codes) if len(table) else codes.astype(np.int32), different
