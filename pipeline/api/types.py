"""Values held against the annotations of a question's words: enough of typing for what those use."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from numbers import Integral
from os import PathLike
from typing import Annotated, Any, Literal, Union, get_args, get_origin


@dataclass(frozen=True)
class Between:
    """The whole numbers from `low` to `high`, both included; None = without end."""

    low: int
    high: int | None = None

    def holds(self, value: int) -> bool:
        """Is the number one of them?"""
        return self.low <= value and (self.high is None or value <= self.high)

    def __repr__(self) -> str:
        return f"Between({self.low}{'' if self.high is None else f', {self.high}'})"


def options(kind: Any) -> tuple[Any, ...]:
    """The parts of a union, None left out; any other annotation alone."""
    parts = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    return tuple(p for p in parts if p is not type(None))


def fits(value: Any, kind: Any) -> bool:
    """Is a value one that an annotation allows? bool is no number, and a text is no sequence of letters."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(fits(value, part) for part in parts)
    if origin is Literal:
        return any(type(value) is type(choice) and value == choice for choice in parts) or (
            isinstance(value, str) and value in parts
        )
    if origin is Annotated:
        return fits(value, parts[0]) and all(b.holds(value) for b in parts[1:] if isinstance(b, Between))
    if origin is tuple:
        return pair(value, parts)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(fits(k, parts[0]) and fits(v, parts[1]) for k, v in value.items())
    if origin is Sequence:
        return sequence(value) and all(fits(v, parts[0]) for v in value)
    if kind is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    return isinstance(value, origin or kind)


def sequence(value: Any) -> bool:
    """Some values in an order; sets are taken for what people mean by them, texts are not."""
    return isinstance(value, (Sequence, set, frozenset)) and not isinstance(value, (str, bytes))


def pair(value: Any, parts: tuple[Any, ...]) -> bool:
    """As many values as a tuple's annotation names, each of its kind; a list does as well."""
    return (
        isinstance(value, (tuple, list))
        and len(value) == len(parts)
        and all(fits(v, p) for v, p in zip(value, parts, strict=True))
    )


WORDS: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    bool: "True or False",
    date: "a date",
    timedelta: "a timedelta",
    type(None): "None",
}


def spoken(kind: Any) -> str:
    """An annotation in words: "touchpoint or stage", "a whole number of at least 1"; markers of defaults are left out."""
    written = (part for part in options(kind) if not (isinstance(part, type) and issubclass(part, Enum)))
    said = list(dict.fromkeys(spoken_part(part) for part in written))
    return listed(said)


def listed(said: Sequence[str]) -> str:
    """One, or another, or a third."""
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}"


def spoken_part(kind: Any) -> str:
    """One part of it."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return listed([str(p) for p in parts])
    if origin is Annotated:
        bounds = next(p for p in parts[1:] if isinstance(p, Between))
        return f"{spoken(parts[0])} " + (
            f"of at least {bounds.low}" if bounds.high is None else f"from {bounds.low} to {bounds.high}"
        )
    if origin is tuple:
        if len(parts) == 2:
            return f"a pair of {plural(parts[0])}" if parts[0] == parts[1] else " and ".join(map(spoken, parts))
        return f"{len(parts)} values"
    if origin is Mapping:
        return f"a dict of {plural(parts[0])} to {' or '.join(plural(p) for p in options(parts[1]))}"
    if origin is Sequence:
        return f"a list of {' or '.join(plural(p) for p in options(parts[0]))}"
    if origin is PathLike:
        return "a path"
    return WORDS.get(kind, getattr(kind, "__name__", str(kind)))


def plural(kind: Any) -> str:
    """Several of a kind."""
    return {str: "texts", timedelta: "timedeltas"}.get(kind, f"values, each {spoken_part(kind)}")
