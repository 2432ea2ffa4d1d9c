"""Patterns, variants and steps, session by session; a pattern is put to Python's `re` as letters."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from tests.builder import Event
from tests.oracles.sessions import Session

Node = Callable[[Event], str]
Answers = Callable[[Event, str], bool]


class Part(NamedTuple):
    """One element of a pattern."""

    names: tuple[str, ...]
    negated: bool = False
    mark: str = ""  # * + ? or none

    def __str__(self) -> str:
        if not self.names:
            return "." + self.mark
        inside = "|".join(f'"{n}"' if " " in n else n for n in self.names)
        plain = len(self.names) == 1 and not self.negated
        return (inside if plain else f"[{'^' * self.negated}{inside}]") + self.mark


def written(parts: Sequence[Part], from_start: bool, to_end: bool) -> str:
    """The pattern as a user writes it."""
    return " -> ".join(["START"] * from_start + [str(p) for p in parts] + ["END"] * to_end)


def walk(session: Session, node: Node, *, collapse: bool = False, hidden: Collection[str] = ()) -> list[Event]:
    """The first event of each visit."""
    shown = [e for e in session.events if e.name not in hidden]
    return [next(run) for _, run in groupby(shown, node)] if collapse else shown


def reported(
    parts: Sequence[Part], from_start: bool, to_end: bool, visits: Sequence[Event], answers: Answers
) -> list[Event] | None:
    """The run of visits that is reported: of those that match the first to end and, of these, the last to start."""
    letter = [chr(0x4E00 + i) for i in range(len(visits))]  # a letter for each visit, so that a class can name any
    word, size = "".join(letter), len(visits)
    regex = re.compile("".join(class_of(p, visits, letter, answers) for p in parts))
    for end in range(max(size, 1) if to_end else 1, size + 1):
        for start in range(0 if from_start else end - 1, -1, -1):
            if regex.fullmatch(word[start:end]):
                return list(visits[start:end])
    return None


def class_of(part: Part, visits: Sequence[Event], letter: Sequence[str], answers: Answers) -> str:
    """One element as a class of letters."""
    takes = [c for c, v in zip(letter, visits, strict=True) if any(answers(v, n) for n in part.names) != part.negated]
    if not part.names:
        takes = list(letter)
    return f"[{''.join(takes)}]{part.mark}" if takes else f"[^\\s\\S]{part.mark}"


def variants(
    walks: Iterable[tuple[Session, Sequence[str]]], goals: Collection[str], most: int | None
) -> dict[Any, Any]:
    """By (nodes, does it go on): sessions, customers, converted, the times in microseconds."""
    found: dict[Any, list[Session]] = defaultdict(list)
    for session, names in walks:
        cut = most is not None and len(names) > most
        found[tuple(names[:most]), cut].append(session)
    return {
        key: {
            "sessions": len(mine),
            "customers": len({s.events[0].customer for s in mine}),
            "converted": sum(any(e.name in goals for e in s.events) for s in mine),
            "times": [s.end - s.start for s in mine],
        }
        for key, mine in found.items()
    }


def steps_around(
    walks: Iterable[tuple[str, Sequence[str], Sequence[bool]]], steps: int, *, before: bool, last: bool
) -> dict[tuple[int, str], tuple[int, int]]:
    """By (step, node): (sessions, customers). A walk is (customer, nodes, which of them are anchors)."""
    who: dict[tuple[int, str], list[str]] = defaultdict(list)
    for customer, names, anchor in walks:
        at = [i for i, hit in enumerate(anchor) if hit]
        if not at:
            continue
        start = at[-1] if last else at[0]
        for step in range(steps + 1):
            place = start - step if before else start + step
            frame = "START" if before else "END"
            who[-step if before else step, names[place] if 0 <= place < len(names) else frame].append(customer)
    return {key: (len(found), len(set(found))) for key, found in who.items()}


def between(walks: Iterable[tuple[str, Sequence[str], Sequence[bool], Sequence[bool]]]) -> tuple[int, dict[str, Any]]:
    """(sessions that go from source to target, by node: [visits, sessions, customers])."""
    visits, sessions, customers = Counter[str](), Counter[str](), defaultdict(set)
    total = 0
    for customer, names, source, target in walks:
        first = next((i for i, hit in enumerate(source) if hit), None)
        then = None if first is None else next((i for i in range(first + 1, len(names)) if target[i]), None)
        if first is None or then is None:
            continue
        total += 1
        inner = list(names[first + 1 : then]) or ["(nothing)"]
        visits.update(n for n in inner)
        sessions.update(set(inner))
        for name in inner:
            customers[name].add(customer)
    return total, {n: [visits[n], sessions[n], len(customers[n])] for n in visits}
