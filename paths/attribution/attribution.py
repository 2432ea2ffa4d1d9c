"""Attribution: the analysis. Credits and paths are counted batch by batch; Markov, rankings and the table come of their sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import pyarrow as pa

from ingest.array_types import MICROSECOND, Ints
from paths.analysis import Lookback
from paths.attribution.credits import MILLION
from paths.attribution.models import Shares
from paths.attribution.paths import Paths, counted, merged
from paths.attribution.rules import MODELS, AttributionRules, models_of
from paths.attribution.table import ASKED, CHAIN, CREDITS, DECAY, TOUCHED, AttributionAnswer, answer_of
from paths.attribution.touches import Touches, columns_of, conversion_paths, find_touches, null_paths
from paths.journeys.goals import VALUE_COLUMNS
from paths.journeys.journeys import Journeys

LOOKBACKS = tuple(timedelta(days=d) for d in (7, 14, 30, 60, 90))
"""Over which the first place is tried."""


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Which touches conversions are owed to: one row per value, by several models; see AttributionRules.

    `tried`: other look-backs under which the first place is looked at, none for none. The answer is an AttributionAnswer.
    """

    rules: AttributionRules = field(default_factory=AttributionRules)
    models: tuple[str, ...] = ()  # () = all
    tried: tuple[timedelta, ...] = LOOKBACKS
    minor_units: int = 100

    @property
    def columns(self) -> frozenset[str]:
        """What it reads."""
        return VALUE_COLUMNS | columns_of(self.rules)

    @property
    def asked(self) -> tuple[str, ...]:
        """The models of the answer."""
        return models_of(self.models or ("all",), self.rules)

    def lookback(self, since: int) -> Lookback | None:
        """As far as a touch may lie before a conversion, or before the next touch of a path without one. The customer's goal
        before matters only where it lies behind such a touch."""
        longest = max((self.rules.lookback, *self.tried))
        return Lookback(since=since, horizon=since - longest // MICROSECOND, orders=True)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive integers of a batch, as PARTS."""
        touches = find_touches(journeys, self.rules)
        chosen = np.flatnonzero(journeys.selects(touches.goal))
        there = np.bincount(touches.code[journeys.selects(touches.position)], minlength=len(touches.names))
        parts = [values(touches.names, there.astype(np.int64), TOUCHED, 0)]
        for which, lookback in enumerate((self.rules.lookback, *self.tried)):
            parts += self.of_lookback(journeys, touches, chosen, which, lookback // MICROSECOND)
        return merged(parts)

    def of_lookback(
        self, journeys: Journeys, touches: Touches, chosen: Ints, which: int, lookback: int
    ) -> list[pa.Table]:
        """Paths under one look-back; credits under the one that was asked."""
        rules, parts = self.rules, []
        mine = [touches.value[chosen], touches.valued[chosen].astype(np.int64)]
        nulls, still_open = null_paths(journeys, touches, lookback)
        nulls = self.trimmed(nulls, touches)
        for what, since_goal in ((ASKED, rules.paths == "since_goal"), (CHAIN, True)):
            if what == CHAIN and rules.paths == "since_goal":
                continue  # they are the same
            paths = self.trimmed(conversion_paths(touches, chosen, lookback, since_goal=since_goal), touches)
            one, none = (np.full(len(chosen), n, dtype=np.int64) for n in (1, 0))
            parts.append(counted(paths, touches.names, [one, *mine, none, none], what, which))
            if what == ASKED:
                parts += self.credited(paths, touches, mine[0], which)
        zero = np.zeros(len(nulls), dtype=np.int64)
        counts = [zero, zero, zero, (~still_open).astype(np.int64), still_open.astype(np.int64)]
        what = ASKED if rules.paths == "since_goal" else CHAIN
        return [*parts, counted(nulls, touches.names, counts, what, which)]

    def trimmed(self, paths: Paths, touches: Touches) -> Paths:
        """Under the touch rules."""
        rules = self.rules
        return paths.trimmed(
            touches.direct,
            drop_direct=rules.drop_direct,
            collapse_repeats=rules.collapse_repeats,
            first=rules.first_touches,
        )

    def credited(self, paths: Paths, touches: Touches, money: Ints, which: int) -> list[pa.Table]:
        """What each model gives to each value, conversion by conversion; of other look-backs only what needs their times."""
        some = np.flatnonzero(paths.size)
        shares, names = Shares(paths.pick(some), touches.direct, self.rules), touches.names
        one = np.full(len(some), MILLION, dtype=np.int64)
        if which:
            return [values(names, np.rint(shares.estimates("decay", one)).astype(np.int64), DECAY, which)]
        parts = []
        for model in self.asked:
            if model != "markov":
                credit, worth = shares.credits(model, [one, money[some]])
                parts.append(values(names, credit, CREDITS, MODELS.index(model), worth))
        return parts

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return merged(parts)

    def reduce(self, parts: Sequence[pa.Table]) -> AttributionAnswer:
        """The answer."""
        return answer_of(
            merged(parts),
            self.rules,
            self.asked,
            lookbacks=(self.rules.lookback, *self.tried),
            minor_units=self.minor_units,
        )


def values(names: Sequence[str], counts: Ints, what: int, which: int, money: Ints | None = None) -> pa.Table:
    """PARTS of single values, those of nothing left out."""
    some = np.flatnonzero(counts if money is None else (counts != 0) | (money != 0))
    zero, worth = np.zeros(len(some), dtype=np.int64), None if money is None else money[some]
    paths = Paths.of(np.ones_like(zero), some.astype(np.int32), zero)
    return counted(paths, names, [counts[some], zero if worth is None else worth, zero, zero, zero], what, which)
