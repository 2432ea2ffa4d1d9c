"""What a name means: a touchpoint that a rule gives, else an event; `event:x` forces the event; in quotes it is taken as it stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

EVENT = "event:"
"""Before the name of an event, whatever touchpoint has that name too."""
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
"""A text in quotes, in which \\" and \\\\ stand for " and \\."""


class Meaning(NamedTuple):
    """What a name asks for."""

    touchpoint: bool  # else an event
    text: str  # as it is stored


def quoted(text: str) -> str:
    """The name that means this very text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquoted(name: str) -> str | None:
    """The text between the quotes of a name; None where it has none."""
    quoted_name = QUOTED.fullmatch(name)
    return None if quoted_name is None else re.sub(r"\\(.)", r"\1", quoted_name[1], flags=re.DOTALL)


def meaning(name: str, given: Collection[str]) -> Meaning:
    """Of a name, where `given` are the names that [[touchpoint]] rules give."""
    literal = unquoted(name)
    if literal is None and name.startswith(EVENT):
        return Meaning(False, name.removeprefix(EVENT))
    text = name if literal is None else literal
    return Meaning(text in given, text)


def meanings(names: Iterable[str], given: Collection[str]) -> tuple[set[str], set[str]]:
    """(texts of events, texts of touchpoints) that these names ask for."""
    each = [meaning(name, given) for name in names]
    return {m.text for m in each if not m.touchpoint}, {m.text for m in each if m.touchpoint}


def never_seen(
    names: Iterable[str], given: Collection[str], events: Collection[str], touchpoints: Collection[str]
) -> list[str]:
    """Those of these names that none of the events, or touchpoints, that occur has; `given` are those of [[touchpoint]] rules."""
    each = ((name, meaning(name, given)) for name in names)
    return [name for name, means in each if means.text not in (touchpoints if means.touchpoint else events)]
