"""The journey map counted by hand: every visit looked at, one after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from tests.builder import DAY, MINUTE, Event
from tests.oracles.sessions import Session

SECOND = MINUTE // 60


def feeling(kind: str, score: float) -> float | None:
    if kind == "csat":
        return score - 3 if 1 <= score <= 5 else None
    if not 0 <= score <= 10:
        return None
    return -2 if score <= 6 else 0 if score <= 8 else 2


def answers(
    events: Sequence[Event], passive: Collection[str], surveys: Mapping[str, str]
) -> list[tuple[Event, float, Event | None, str | None]]:
    """(answer, feeling, the visit it speaks of, the touchpoint it names where the customer was never there)."""
    found = []
    for i, e in enumerate(events):
        if e.name not in surveys or e.get("score") is None:
            continue
        value = feeling(surveys[e.name], float(e.get("score")))
        if value is None:
            continue
        before = [v for v in events[:i] if v.customer == e.customer and v.name not in passive and v.name not in surveys]
        about = e.get("about")
        mine = [v for v in before if about is None or v.name == about]
        found.append((e, value, mine[-1] if mine else None, about if about is not None and not mine else None))
    return found


def place_of(e: Event) -> str | None:
    """The path of its URL, without its query."""
    return e.get("url") and e.get("url").split("?")[0]


def room(session: Session, i: int, signal: str, support: Collection[str], dwell: Mapping[str, int]) -> bool:
    """Could the session's i-th visit show the signal?"""
    path = session.events
    if signal == "repeat":
        return len(path) >= 3
    if signal == "back_and_forth":
        return 0 < i < len(path) - 1
    if signal == "dwell":
        return i < len(path) - 1 and path[i].name in dwell
    return signal != "contact" or path[i].name not in support


def moments(
    sessions: Sequence[Session],
    events: Sequence[Event],
    bad: Collection[int],
    goals: Collection[str],
    support: Collection[str],
    window: int,
    as_of: int,
) -> dict[str, dict[str, list[tuple[str, bool]]]]:
    """Name -> good or bad -> (customer, does a goal follow) of each visit with room for every signal."""
    found: dict[str, dict[str, list[tuple[str, bool]]]] = defaultdict(lambda: {"good": [], "bad": []})
    for s in sessions:
        end = s.events[-1]
        if as_of <= end.at + window:
            continue
        for e in s.events[1:-1]:
            if e.name not in goals and e.name not in support:
                later = [v for v in events if v.customer == e.customer and (v.at, v.recorded) > (e.at, e.recorded)]
                follows = any(v.name in goals and v.at <= end.at + window for v in later)
                found[e.name]["bad" if e.recorded in bad else "good"].append((e.customer, follows))
    return found


def signals(
    sessions: Sequence[Session],
    events: Sequence[Event],
    errors: Collection[str],
    support: Collection[str],
    dwell: Mapping[str, int],
) -> dict[int, set[str]]:
    """The signals of each visit, by recorded order; `dwell`: reference medians in microseconds."""
    found: dict[int, set[str]] = defaultdict(set)
    for session in sessions:
        path = session.events
        for i, e in enumerate(path):
            found[e.recorded] |= set()
            follows = path[i + 1] if i + 1 < len(path) else None
            if e.name in errors or (follows is not None and follows.name in errors):
                found[e.recorded].add("error")
            if follows is not None and e.name in dwell and follows.at - e.at > 3 * dwell[e.name]:
                found[e.recorded].add("dwell")
            if 0 < i < len(path) - 1 and path[i - 1].name == path[i + 1].name != e.name:
                same_page = any(place_of(e) == place_of(v) is not None for v in (path[i - 1], path[i + 1]))
                if path[i + 1].at - e.at >= SECOND and not same_page:
                    found[e.recorded].add("back_and_forth")
            three = path[i : i + 3]
            if len(three) == 3 and len({v.name for v in three}) == 1 and three[2].at - three[0].at <= 10 * SECOND:
                for v in three:
                    found[v.recorded].add("repeat")
            later = [v for v in events if v.customer == e.customer and (v.at, v.recorded) > (e.at, e.recorded)]
            if e.name not in support and any(v.name in support and v.at - e.at <= DAY for v in later):
                found[e.recorded].add("contact")
    return found


def cells(
    sessions: Sequence[Session],
    events: Sequence[Event],
    cell: Callable[[Event], str],
    rank: Callable[[Event], int],
    passive: Collection[str],
    goals: Collection[str],
    shown: Mapping[int, set[str]],
    window: int,
    as_of: int,
    last_rank: int,
) -> dict[str, dict[str, Any]]:
    """Per cell: customers, events, visits, sessions, drop_off, closed, converting, goes_on_of, goes_on, friction."""
    found: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    people: dict[str, set[str]] = defaultdict(set)
    for e in [*(e for s in sessions for e in s.events), *(e for e in events if e.name in passive)]:
        people[cell(e)].add(e.customer)
        found[cell(e)]["events"] += 1
    for s in sessions:
        end = s.events[-1]
        mine = [e for e in events if e.customer == end.customer]
        for e in s.events:
            found[cell(e)]["visits"] += 1
            found[cell(e)]["goals"] += e.name in goals
            found[cell(e)]["friction"] += bool(shown[e.recorded])
        for name in dict.fromkeys(cell(e) for e in s.events):
            first = next(e for e in s.events if cell(e) == name)
            later = [e for e in mine if (e.at, e.recorded) > (first.at, first.recorded) and e.at <= end.at + window]
            row = found[name]
            row["sessions"] += 1
            row["drop_off"] += cell(end) == name and not any(e.name in goals for e in s.events)
            if as_of > end.at + window:
                row["closed"] += 1
                row["converting"] += any(e.name in goals for e in later)
                if 0 <= rank(first) < last_rank:
                    row["goes_on_of"] += 1
                    row["goes_on"] += any(rank(e) > rank(first) for e in later if e.name not in passive)
    for name, who in people.items():
        found[name]["customers"] = len(who)
    return found


def designed(sessions: Sequence[Session], rank: Callable[[Event], int], stages: int) -> dict[str, Any]:
    """Customers in order and complete; per stage reached, missing, repeated, out of order."""
    paths: dict[str, list[int]] = defaultdict(list)
    for s in sessions:
        paths[s.events[0].customer] += [rank(e) for e in s.events if rank(e) >= 0]
    found: dict[str, Any] = {
        "customers": len(paths),
        "in_order": 0,
        "complete": 0,
        "stages": [[0, 0, 0, 0] for _ in range(stages)],
    }
    for path in paths.values():
        firsts = list(dict.fromkeys(path))
        runs = [r for i, r in enumerate(path) if i == 0 or path[i - 1] != r]
        in_order = bool(path) and firsts == sorted(firsts)
        found["in_order"] += in_order
        found["complete"] += in_order and firsts == list(range(len(firsts)))
        for i, row in enumerate(found["stages"]):
            row[0] += i in firsts
            row[1] += i not in firsts and any(r > i for r in firsts)
            row[2] += runs.count(i) > 1
            row[3] += i in firsts and any(r > i for r in firsts[: firsts.index(i)])
    return found
