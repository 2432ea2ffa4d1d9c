"""Drivers, one unit at a time: its step before, whether it came to the outcome, what it had met; and sums over all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

from tests.builder import Event
from tests.oracles import funnel
from tests.oracles.sessions import Session

Key = tuple[str, str]


@dataclass(frozen=True)
class Unit:
    """A unit whose window is over; `met` are the names of the events in its window."""

    at: Event
    hit: bool
    met: frozenset[str]


@dataclass(frozen=True)
class Found:
    units: list[Unit]
    open_: int


def window(events: Sequence[Event], a: Event, b: Event | None, end: int, exposure: int | None) -> frozenset[str]:
    """The names met before a, at most `exposure` older; without one: after a and before b, else up to `end`."""
    mine = [e for e in events if e.customer == a.customer]
    place = mine.index(a)
    if exposure is not None:
        return frozenset(e.name for e in mine[:place] if a.at - e.at <= exposure)
    last = len(mine) if b is None else mine.index(b)
    return frozenset(e.name for e in mine[place + 1 : last] if b is not None or e.at <= end)


def steps(
    units: Iterable[tuple[funnel.Unit, Session | None]],
    events: Sequence[Event],
    question: funnel.Question,
    step: int,
    as_of: int,
    exposure: int | None,
) -> Found:
    """Units that reached step number `step` - 1 (from 1)."""
    found, open_ = [], 0
    for unit, session in units:
        reported = funnel.reported(unit, question, as_of)
        if reported is None or len(reported.chain) < step - 1:
            continue
        a, hit = reported.chain[step - 2], len(reported.chain) >= step
        ends = [a.at + w for w in (question.within[step - 1],) if w is not None]
        ends += [reported.chain[0].at + question.window] if question.window is not None else []
        end = min(ends, default=1 << 62)
        still = as_of <= end and (session is None or unit.may_go_on)
        if still or (reported.in_progress and not hit):
            open_ += 1
            continue
        end = end if session is None else min(end, session.end)
        b = reported.chain[step - 1] if hit else None
        found.append(Unit(a, hit, window(events, a, b, end, exposure)))
    return Found(found, open_)


def goals(
    sessions: Iterable[Session],
    events: Sequence[Event],
    goal: Collection[str],
    over: Callable[[Session], bool],
    exposure: int | None,
) -> Found:
    """Sessions, from their first event to their first goal."""
    found, open_ = [], 0
    for s in sessions:
        if not over(s):
            open_ += 1
            continue
        b = next((e for e in s.events if e.name in goal), None)
        found.append(Unit(s.events[0], b is not None, window(events, s.events[0], b, s.end, exposure)))
    return Found(found, open_)


def drop_offs(
    sessions: Iterable[Session],
    events: Sequence[Event],
    node: str,
    goal: Collection[str],
    over: Callable[[Session], bool],
    exposure: int | None,
) -> Found:
    """Sessions that visit a node, from their first visit."""
    found, open_ = [], 0
    for s in sessions:
        a = next((e for e in s.events if e.name == node), None)
        if a is None:
            continue
        if not over(s):
            open_ += 1
            continue
        hit = s.events[-1].name == node and not any(e.name in goal for e in s.events)
        found.append(Unit(a, hit, window(events, a, None, s.end, exposure)))
    return Found(found, open_)


def counts(units: Sequence[Unit], column: str) -> dict[Key, tuple[int, int]]:
    """(factor, value) -> (units, hits), of the factors that are tried."""
    had = [{(column, u.at.get(column) or "(none)"), *(("touchpoint", n) for n in u.met)} for u in units]
    both = {
        key: (sum(key in h for h in had), sum(key in h and u.hit for h, u in zip(had, units, strict=True)))
        for key in {k for h in had for k in h}
    }
    least = min(Fraction(25), Fraction(len(units), 50))
    return {k: (n, hits) for k, (n, hits) in both.items() if least <= n < len(units)}


def fisher(hits: int, misses: int, hits_without: int, misses_without: int) -> Fraction:
    """The chance of all tables with these sums that are no likelier than this one."""
    n, drawn, marked = hits + misses + hits_without + misses_without, hits + misses, hits + hits_without
    ways = [comb(marked, x) * comb(n - marked, drawn - x) for x in range(drawn + 1)]
    return Fraction(sum(w for w in ways if w <= ways[hits]), sum(ways))


def benjamini_hochberg(p_values: Sequence[Fraction]) -> list[Fraction]:
    """Of each test: the smallest rate q such that it is among the first k with p_k <= q k / n."""
    ordered, n = sorted(p_values), len(p_values)
    return [min(min(ordered[k] * n / (k + 1), Fraction(1)) for k in range(n) if ordered[k] >= p) for p in p_values]
