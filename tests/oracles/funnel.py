"""Funnels by trying every choice of events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.builder import Event

Step = frozenset[str]


@dataclass(frozen=True)
class Question:
    steps: tuple[Step, ...]
    window: int | None
    within: tuple[int | None, ...] = ()
    ties: str = "recorded"


@dataclass(frozen=True)
class Unit:
    """The events that may be steps, in order."""

    events: Sequence[Event]
    may_start: Callable[[Event], bool]
    may_go_on: bool = True  # a session that has ended may not


@dataclass(frozen=True)
class Reported:
    chain: tuple[Event, ...]
    in_progress: bool


def rank(event: Event, question: Question) -> tuple[int, int, int]:
    """Where the event stands among its customer's."""
    lowest = next((i for i, s in enumerate(question.steps) if event.name in s), len(question.steps))
    return event.at, lowest if question.ties == "step" else 0, event.recorded


def chains(unit: Unit, question: Question) -> list[list[tuple[Event, ...]]]:
    """All chains of each length."""
    found: list[list[tuple[Event, ...]]] = [
        [(e,) for e in unit.events if e.name in question.steps[0] and unit.may_start(e)]
    ]
    for i, step in enumerate(question.steps[1:], 1):
        found.append([(*c, e) for c in found[-1] for e in unit.events if e.name in step and follows(e, c, i, question)])
    return found


def follows(event: Event, chain: tuple[Event, ...], step: int, question: Question) -> bool:
    if question.ties == "step":
        later = event.at >= chain[-1].at and event not in chain
    else:
        later = rank(event, question) > rank(chain[-1], question)
    return later and open_at(event.at, chain, step, question)


def open_at(at: int, chain: tuple[Event, ...], step: int, question: Question) -> bool:
    """May the chain take this step at this instant?"""
    within = question.within[step] if question.within else None
    return (question.window is None or at - chain[0].at <= question.window) and (
        within is None or at - chain[-1].at <= within
    )


def reported(unit: Unit, question: Question, as_of: int) -> Reported | None:
    """The deepest chain that reaches its depth first; seen from its end every step is as late as it can be."""
    found = chains(unit, question)
    depth = max((i for i, level in enumerate(found, 1) if level), default=0)
    if not depth:
        return None
    end = min(rank(c[-1], question) for c in found[depth - 1])
    ending = [c for c in found[depth - 1] if rank(c[-1], question) == end]
    best = max(ending, key=lambda c: [rank(e, question) for e in reversed(c)])
    going = any(open_at(as_of, c, i, question) for i, level in enumerate(found[:-1], 1) for c in level)
    return Reported(best, depth < len(question.steps) and unit.may_go_on and going)


def counts(units: Sequence[Reported], steps: int, after: Callable[[Event], str]) -> list[dict[str, Any]]:
    """One row per step."""
    rows = []
    for depth in range(1, steps + 1):
        here = [u for u in units if len(u.chain) == depth < steps]
        gone = [u for u in here if not u.in_progress]
        rows.append(
            {
                "reached": sum(len(u.chain) >= depth for u in units),
                "dropped": len(gone),
                "in_progress": len(here) - len(gone),
                "times": [u.chain[depth - 1].at - u.chain[depth - 2].at for u in units if len(u.chain) >= depth > 1],
                "dropped_next": dict(Counter(after(u.chain[-1]) for u in gone)),
            }
        )
    return rows
