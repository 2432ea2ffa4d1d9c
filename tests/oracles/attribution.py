"""Attribution, one event at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.builder import Event

Path = tuple[str, ...]
Conversion = tuple[list[tuple[str, int]], int | None]
"""([(value, age in microseconds)] of its touches, its value)."""
EDGES = {"position": (40, 20, 40), "j": (20, 20, 60), "inverse_j": (60, 20, 20)}


def touches_of(mine: Sequence[Event], sessions: Mapping[int, int], named: set[str] | None) -> list[int]:
    """Places of a customer's touches; `sessions` tells the session of each place, absent: none."""
    if named is not None:
        return [i for i, e in enumerate(mine) if e.name in named]
    return [i for i in sessions if all(sessions[k] != sessions[i] for k in sessions if k < i)]


def goals_of(mine: Sequence[Event]) -> list[tuple[int, int | None]]:
    """(place of the first row, value net of refunds) of each purchase, folded; rows of an order at one instant are added."""
    orders: dict[Any, list[int]] = {}
    for i, e in enumerate(mine):
        if e.name == "purchase":
            order = e.get("order_id")
            orders.setdefault(("order", order) if order else ("at", e.at), []).append(i)
    found = []
    for (kind, order), rows in orders.items():
        values = [mine[i].get("value") for i in rows if mine[i].get("value") is not None]
        back = sum(
            abs(e.get("value") or 0)
            for e in mine
            if e.name == "refund" and kind == "order" and e.get("order_id") == order
        )
        found.append((rows[0], sum(values) - back if values else None))
    return sorted(found)


def conversions_of(
    mine: Sequence[Event],
    touches: Sequence[int],
    by: Callable[[Event], str],
    lookback: int,
    counts: Callable[[int], bool],
    *,
    since_goal: bool,
    trim: Callable[[list[tuple[str, int]]], list[tuple[str, int]]] = lambda path: path,
) -> tuple[list[Conversion], set[int]]:
    """(conversions of the period, the touches that count for any conversion)."""
    found, used, before = [], set[int](), -1
    for goal, value in goals_of(mine):
        own = [t for t in touches if t <= goal and mine[goal].at - mine[t].at <= lookback]
        own = [t for t in own if t > before] if since_goal else own
        used |= set(own)
        before = goal
        if counts(mine[goal].at):
            found.append((trim([(by(mine[t]), mine[goal].at - mine[t].at) for t in own]), value))
    return found, used


def nulls_of(
    mine: Sequence[Event],
    touches: Sequence[int],
    used: set[int],
    by: Callable[[Event], str],
    lookback: int,
    as_of: int,
    counts: Callable[[int], bool],
) -> list[tuple[Path, bool]]:
    """(null path, is it open) of the period."""
    goals = [g for g, _ in goals_of(mine)]
    runs: list[list[int]] = []
    for t in touches:
        if t in used:
            continue
        last = runs[-1][-1] if runs else None
        cut = last is None or any(last <= g < t for g in goals) or mine[t].at - mine[last].at > lookback
        runs.append([t]) if cut else runs[-1].append(t)
    chosen = [run for run in runs if counts(mine[run[0]].at)]
    return [(tuple(by(mine[t]) for t in run), as_of - mine[run[-1]].at <= lookback) for run in chosen]


def largest_remainder(total: int, shares: Mapping[str, Fraction]) -> dict[str, int]:
    """Integers in these proportions that add up to the total; ties by name."""
    whole = sum(shares.values())
    exact = {name: total * share / whole for name, share in shares.items()}
    found = {name: exact[name].numerator // exact[name].denominator for name in exact}
    order = sorted(exact, key=lambda name: (found[name] - exact[name], name))
    for name in order[: total - sum(found.values())]:
        found[name] += 1
    return found


def shares(
    model: str, path: Sequence[tuple[str, int]], direct: set[str], half: int, weights: Any
) -> dict[str, Fraction]:
    """What each value of a path is owed, up to a factor."""
    n = len(path)
    each = [Fraction(0)] * n
    if model in ("first", "last"):
        each[0 if model == "first" else -1] = Fraction(1)
    elif model == "last_non_direct":
        each[max((i for i, (v, _) in enumerate(path) if v not in direct), default=n - 1)] = Fraction(1)
    elif model == "linear":
        each = [Fraction(1)] * n
    elif model == "decay":
        newest = min(age for _, age in path)
        each = [Fraction(round(2.0 ** (-(age - newest) / half) * 2**32)) for _, age in path]
    elif model == "shapley":
        return {v: Fraction(1) for v, _ in path}
    else:
        first, between, last = (Fraction(str(w)) for w in (weights if model == "custom" else EDGES[model]))
        if n == 1:
            each = [Fraction(1)]
        elif n == 2:
            each = [first, last] if first + last else [Fraction(1)] * 2
        else:
            each = [first, *[between / (n - 2)] * (n - 2), last]
    found: defaultdict[str, Fraction] = defaultdict(Fraction)
    for (value, _), share in zip(path, each, strict=True):
        found[value] += share
    return dict(found)


def credits(
    model: str, conversions: Sequence[Conversion], direct: set[str], half: int, weights: Any
) -> dict[str, list[int]]:
    """Value -> [1e-6 conversions, minor units]."""
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for path, value in conversions:
        if not path:
            continue
        for place, total in enumerate((1_000_000, value or 0)):
            if model == "participation":
                owed = {v: total for v, _ in path}
            else:
                owed = largest_remainder(total, shares(model, path, direct, half, weights))
            for name, credit in owed.items():
                found[name][place] += credit
    return {name: both for name, both in found.items() if any(both)}


def removal(paths: Mapping[Path, tuple[int, int]]) -> tuple[Fraction, dict[str, Fraction]]:
    """(chance of a conversion, removal effect of each value): Gauss-Jordan over Fractions, the chain solved anew without each."""
    moves: defaultdict[str | None, Counter[Any]] = defaultdict(Counter)
    for path, (hits, misses) in paths.items():
        states = [None, *path]
        for a, b in pairwise(states):
            moves[a][b] += hits + misses
        moves[states[-1]][True] += hits
        moves[states[-1]][False] += misses
    names = sorted({v for path in paths for v in path})
    whole = chance(moves, names, None)
    return whole, {v: 1 - chance(moves, names, v) / whole for v in names} if whole else {}


def chance(moves: Mapping[str | None, Counter[Any]], names: Sequence[str], gone: str | None) -> Fraction:
    """Of a conversion, where every transition into `gone` leads to nothing."""
    states = [None, *names]
    rows = []
    for i, state in enumerate(states):
        total = sum(moves[state].values())
        row = [Fraction(int(i == j)) for j in range(len(states))] + [Fraction(0)]
        if total:
            for target, n in moves[state].items():
                if target is True:
                    row[-1] += Fraction(n, total)
                elif target is not False and target != gone:
                    row[states.index(target)] -= Fraction(n, total)
        rows.append(row)
    for i in range(len(rows)):
        pivot = next(k for k in range(i, len(rows)) if rows[k][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for k in range(len(rows)):
            if k != i and rows[k][i]:
                rows[k] = [a - rows[k][i] * b for a, b in zip(rows[k], rows[i], strict=True)]
    return rows[0][-1]
