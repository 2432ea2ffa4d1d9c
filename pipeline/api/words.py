"""The words of the questions: their types, and `question`, which refuses what is none of them with the near one.

A type says what a word may be, to an editor, to mypy and, while a program runs, to `question`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from enum import Enum
from functools import cache, wraps
from typing import Annotated, Any, Literal, ParamSpec, TypeAlias, TypeVar, cast

from ingest.errors import ConfigError, UnknownArgument, did_you_mean
from ingest.foreign_errors import ours
from pipeline.api.privacy import guarded_answer, is_strict, refuse_people
from pipeline.api.types import Between, fits, options, spoken
from pipeline.project.project import PeriodWords

P = ParamSpec("P")
R = TypeVar("R")


class Default(Enum):
    """For a word whose None has a meaning of its own: the one of the saved funnel, else the documented default."""

    DEFAULT = "default"

    def __repr__(self) -> str:
        return "DEFAULT"


DEFAULT = Default.DEFAULT

Day: TypeAlias = str | date
"""A day on the project's calendar: "2026-01-31" or a date."""
Instant: TypeAlias = str | date
"""A day (its midnight in the project's time zone) or an instant: "2026-01-31T12:00Z", a datetime."""
Segment: TypeAlias = Mapping[str, str] | str | Sequence[str | tuple[str, str]]
"""Values of columns: {"platform": "mobile"}, "platform=mobile", or several of either form."""
Names: TypeAlias = str | Sequence[str]
"""One name or several; a text is one name, never its letters."""
Duration: TypeAlias = str | timedelta
"""A number with its unit ("30m", "1h30m", "7d"), or a timedelta."""
Level: TypeAlias = Literal["event", "touchpoint", "stage"]
NodeKind: TypeAlias = Literal["touchpoint", "stage"]
MapRows: TypeAlias = Literal["touchpoint", "channel", "stage"]
Unit: TypeAlias = Literal["customers", "sessions"]
Order: TypeAlias = Literal["ordered", "strict", "any"]
Ties: TypeAlias = Literal["recorded", "step"]
Ended: TypeAlias = Literal["chain", "customer"]
Calendar: TypeAlias = Literal["day", "week", "month"]
CartStatus: TypeAlias = Literal["converted", "recovered", "abandoned", "open", "emptied"]
Positive: TypeAlias = Annotated[int, Between(1)]
StepCount: TypeAlias = Annotated[int, Between(1, 1000)]
"""As far as the kernels count steps."""


def question(method: Callable[P, R]) -> Callable[P, R]:
    """A method that refuses words it does not know, and values that its annotations do not allow.

    Raises UnknownArgument (a ConfigError, and a TypeError) and ConfigError, each with the near word; what a library below
    raises comes out as a JourneysError that says what to do. Under [project] privacy = "strict": see pipeline/api/privacy.py.
    """

    @wraps(method)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        words = check(method, args, kwargs)
        try:
            if not is_strict(args[0]):
                return method(*args, **kwargs)
            refuse_people(method.__name__, words)
            return cast(R, guarded_answer(method.__name__, method(*args, **kwargs)))
        except BaseException as error:
            known = ours(error)
            if known is None:
                raise
            raise known from error

    return asked


def check(method: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The same, of one call; returns its words by name."""
    signature = signature_of(method)
    known = [n for n in signature.parameters if n != "self"]
    if not any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()):
        for word in kwargs.keys() - set(known):
            raise UnknownArgument(
                f'{method.__name__}() takes no "{word}".{did_you_mean(word, known)} It takes: {", ".join(known)}.'
            )
    bound = signature.bind(*args, **kwargs).arguments
    for name, value in bound.items():
        kind = signature.parameters[name].annotation
        if name != "self" and not all(fits(v, kind) for v in several(signature.parameters[name], value)):
            raise ConfigError(refusal(name, value, kind))
    return bound


@cache
def signature_of(method: Callable[..., Any]) -> inspect.Signature:
    """Its signature; modules whose methods are questions do not postpone their annotations."""
    return inspect.signature(method)


def several(parameter: inspect.Parameter, value: Any) -> Sequence[Any]:
    """The values that the annotation is about: each of *args, else the one."""
    return value if parameter.kind is parameter.VAR_POSITIONAL else (value,)


def refusal(name: str, value: Any, kind: Any) -> str:
    """Why a value is none of a word's."""
    choices = [
        c for k in options(kind) for c in getattr(k, "__args__", ()) if getattr(k, "__origin__", None) is Literal
    ]
    near = did_you_mean(value, [c for c in choices if isinstance(c, str)]) if isinstance(value, str) else ""
    return f"{name} is {spoken(kind)}, not {shown(value)}.{near}"


def shown(value: Any) -> str:
    """A value as its author wrote it, in the quotes of our messages."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def about(
    as_of: Instant | None,
    since: Day | None,
    until: Day | None,
    segment: Segment | None,
    where: Names,
    persona: str | None,
) -> PeriodWords:
    """The period as questions take it: texts and tuples."""
    return {
        "as_of": None if as_of is None else text_of(as_of),
        "since": None if since is None else text_of(since),
        "until": None if until is None else text_of(until),
        "segment": pairs_of(segment or ()),
        "where": names_of(where),
        "persona": persona,
    }


def text_of(at: Instant) -> str:
    """A day or an instant as people write it."""
    return at if isinstance(at, str) else at.isoformat()


def names_of(names: Names) -> tuple[str, ...]:
    """One name or several, as several."""
    return (names,) if isinstance(names, str) else tuple(names)


def goals_of(goal: Names | None) -> tuple[str, ...] | None:
    """The goals that take the place of [project] goal; None leaves that, none at all is for nothing."""
    return None if goal is None else names_of(goal)


def pairs_of(segment: Segment) -> tuple[tuple[str, str], ...]:
    """(column, value) of every part of a segment; raises ConfigError for a text without its =."""
    if isinstance(segment, Mapping):
        return tuple(segment.items())
    parts = (segment,) if isinstance(segment, str) else segment
    return tuple(pair_of(part) if isinstance(part, str) else part for part in parts)


def pair_of(text: str) -> tuple[str, str]:
    """COLUMN=VALUE."""
    column, equals, value = text.partition("=")
    if not equals or not column.strip():
        raise ConfigError(f'segment "{text}" is not COLUMN=VALUE, such as platform=mobile.')
    return column.strip(), value


def given(**words: Any) -> dict[str, Any]:
    """The words that were said: not None, not DEFAULT, not empty."""
    return {name: value for name, value in words.items() if value is not None and value is not DEFAULT and value != ()}
