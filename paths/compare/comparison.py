"""Two sides of a question, rate by rate: how much they differ, how sure that is, and what each does to the whole.

A side is a period or a segment; "before" is the side that is compared with. Both sides must hold different units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum
from typing import Any

import pyarrow as pa

from paths.statistics.intervals import rate
from paths.statistics.pairs import MIN_N, Key, Pair, Q, beyond_noise, points

MEASURES = (
    ("n", pa.int64()),
    ("rate", pa.float64()),
    ("n_before", pa.int64()),
    ("rate_before", pa.float64()),
    ("difference", pa.float64()),
    ("ci_low", pa.float64()),
    ("ci_high", pa.float64()),
    ("p_value", pa.float64()),
    ("significant", pa.bool_()),
    ("mix", pa.float64()),
    ("rate_effect", pa.float64()),
    ("sentence", pa.string()),
)
"""Behind the key of a row. difference, its Newcombe 95 % interval (of effective sample sizes where customers have several
units, paths/statistics/clusters.py) and p_value are null below min_n. mix and rate_effect
are not rounded: over all rows they add up to the difference of the overall rates."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """What the rates of a side add up to: base + sum of weight x (rate - base), a row's weight being trials / units.

    Rows that share out the units (each unit in one row) have weights that add up to 1, and any base gives the same.
    With base 1 the misses are added up instead of the hits, for rates that follow on each other: each miss happens once.
    """

    units: int
    units_before: int
    base: int = 0

    def overall(self, pairs: Sequence[Pair]) -> tuple[Fraction, Fraction] | None:
        """(the overall rate, that of the other side); None where a side has no units."""
        if not self.units or not self.units_before:
            return None
        gained = sum(p.hits - self.base * p.trials for p in pairs)
        gained_before = sum(p.hits_before - self.base * p.trials_before for p in pairs)
        return self.base + Fraction(gained, self.units), self.base + Fraction(gained_before, self.units_before)

    def effects(self, pair: Pair) -> tuple[Fraction, Fraction]:
        """(mix, rate effect) of a row, midpoint weights; without trials on a side its rate is taken to be the other's."""
        if not pair.trials and not pair.trials_before:
            return Fraction(0), Fraction(0)
        weight, weight_before = Fraction(pair.trials, self.units), Fraction(pair.trials_before, self.units_before)
        rates = [
            Fraction(hits, trials)
            for hits, trials in ((pair.hits, pair.trials), (pair.hits_before, pair.trials_before))
            if trials
        ]
        now, before = rates[0], rates[-1]
        mix = (weight - weight_before) * ((now + before) / 2 - self.base)
        return mix, (now - before) * (weight + weight_before) / 2


@dataclass(frozen=True, kw_only=True)
class Words:
    """How a sentence speaks: "checkout: 34.2 % of 1,204 [dropped off], 5.1 points more than [before]"."""

    did: str
    than: str = "before"
    name: Callable[[Key], str] = lambda key: " > ".join(str(part) for part in key)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`table`: the key's columns, then MEASURES; `overall`: rate, rate_before, difference = mix + rate_effect, or None."""

    table: pa.Table
    overall: Mapping[str, float] | None
    clustered: bool = False  # are bounds on noise over customers, who have several units each?


def compared(
    pairs: Mapping[Key, Pair],
    keys: Sequence[pa.Field],
    whole: Whole,
    words: Words,
    *,
    min_n: int = MIN_N,
    q: float = Q,
    sure: Sequence[bool] | None = None,
) -> Comparison:
    """One row per pair: what is beyond noise first, the largest difference first, then the rest as they come.

    `sure`: which are beyond noise, where more are judged together than stand here.
    """
    if sure is None:
        sure = beyond_noise(list(pairs.values()), min_n, q)
    overall = whole.overall(list(pairs.values()))
    rows, mixes, effects = [], [], []
    for (key, pair), significant in zip(pairs.items(), sure, strict=True):
        mix, effect = (None, None) if overall is None else map(float, whole.effects(pair))
        mixes.append(mix or 0.0)
        effects.append(effect or 0.0)
        row = dict(zip([k.name for k in keys], key, strict=True)) | measures(pair, min_n, significant)
        said = sentence(words, words.name(key), pair, min_n, significant)
        rows.append(row | {"mix": mix, "rate_effect": effect, "sentence": said})
    rows.sort(key=surest)
    table = pa.Table.from_pylist(rows, schema=pa.schema([*keys, *(pa.field(n, t) for n, t in MEASURES)]))
    clustered = any(p.clusters is not None or p.clusters_before is not None for p in pairs.values())
    if overall is None:
        return Comparison(table=table, overall=None, clustered=clustered)
    now, before = overall
    total = {"rate": float(now), "rate_before": float(before), "difference": float(now - before)}
    return Comparison(
        table=table, overall=total | {"mix": fsum(mixes), "rate_effect": fsum(effects)}, clustered=clustered
    )


def surest(row: Mapping[str, Any]) -> float:
    """Sorts rows: what is beyond noise first, the largest difference first; the rest stays as it comes."""
    return -abs(row["difference"]) if row["significant"] else 1.0


def measures(pair: Pair, min_n: int, significant: bool) -> dict[str, Any]:
    """MEASURES up to `significant`."""
    enough = pair.fewest >= min_n
    low, high = pair.interval if enough else (None, None)
    return {
        "n": pair.trials,
        "rate": rate(pair.hits, pair.trials),
        "n_before": pair.trials_before,
        "rate_before": rate(pair.hits_before, pair.trials_before),
        "difference": pair.difference if enough else None,
        "ci_low": low,
        "ci_high": high,
        "p_value": pair.p_value if enough else None,
        "significant": significant,
    }


def sentence(words: Words, name: str, pair: Pair, min_n: int, significant: bool) -> str:
    """One row in words."""
    if pair.fewest < min_n:
        return f"{name}: too few to say ({pair.trials:,} and {pair.trials_before:,})"
    said = f"{name}: {100 * pair.rate:.1f} % of {pair.trials:,} {words.did}"
    if not significant:
        return f"{said}, no difference beyond noise"
    low, high = (bound or 0.0 for bound in pair.interval)
    more = pair.difference > 0
    ends = (low, high) if more else (-high, -low)
    between = " to ".join(points(bound) for bound in ends)
    return f"{said}, {points(abs(pair.difference))} points {'more' if more else 'less'} than {words.than} (95 % CI {between})"
