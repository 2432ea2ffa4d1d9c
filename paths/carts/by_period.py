"""Cart episodes span by span: the numbers of a tile and the points of its sparkline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from paths.analysis import Lookback, summed
from paths.arrays.counting import exact_sums
from paths.carts.episodes import STATUSES, episodes
from paths.carts.rules import CartRules
from paths.journeys.journeys import Journeys
from paths.statistics.intervals import rate

CART_SPANS = pa.schema(
    [
        ("span", pa.int64()),
        *((s, pa.int64()) for s in STATUSES),
        ("abandonment_rate", pa.float64()),
        *((f"{s}_known", pa.int64()) for s in STATUSES),
        *((f"{s}_value", pa.int64()) for s in STATUSES),
    ]
)
"""One row is one span: episodes that opened in it by status, how many of them have a value, and its sum in minor units."""

PARTS = pa.schema(
    [("span", pa.int64()), ("status", pa.int64()), ("n", pa.int64()), ("known", pa.int64()), ("value", pa.int64())]
)


@dataclass(frozen=True, kw_only=True)
class CartSpans:
    """Counts per span (since, until), microseconds UTC; spans may overlap. The period of the scope does not matter."""

    rules: CartRules
    spans: tuple[tuple[int, int], ...]

    @property
    def columns(self) -> frozenset[str]:
        """What carts read."""
        return self.rules.columns

    def lookback(self, since: int) -> Lookback | None:
        """As Carts, of its spans."""
        since = min((s for s, _ in self.spans), default=0)
        return Lookback(since=since, horizon=since - self.rules.recovery, orders=True, carts=self.rules)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        carts = episodes(journeys, self.rules)
        chosen = np.flatnonzero(journeys.in_segment[carts.first])
        opened, status = carts.opened_at[chosen], carts.status[chosen].astype(np.int64)
        is_known = carts.known[chosen]
        worth = np.where(is_known, carts.value[chosen], 0)
        size = len(STATUSES)
        sums_by_span = np.zeros((3, len(self.spans), size), dtype=np.int64)
        for i, (since, until) in enumerate(self.spans):
            mine = np.flatnonzero((opened >= since) & (opened < until))
            state = status[mine]
            sums = np.bincount(state), np.bincount(state[is_known[mine]]), exact_sums(state, worth[mine])
            for row, values in zip(sums_by_span[:, i], sums, strict=True):
                row[: len(values)] = values
        span, state = np.divmod(np.arange(sums_by_span[0].size), size)
        return pa.table([span, state, *(counts.ravel() for counts in sums_by_span)], schema=PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The CART_SPANS table, one row per span as they were given."""
        rows = {(r["span"], STATUSES[r["status"]]): r for r in summed(parts, ["span", "status"], PARTS).to_pylist()}
        nothing = {"n": 0, "known": 0, "value": 0}
        table = []
        for i in range(len(self.spans)):
            mine = {s: rows.get((i, s), nothing) for s in STATUSES}
            left = mine["abandoned"]["n"] + mine["recovered"]["n"]
            table.append(
                {"span": i, "abandonment_rate": rate(left, left + mine["converted"]["n"])}
                | {s: r["n"] for s, r in mine.items()}
                | {f"{s}_{c}": r[c] for s, r in mine.items() for c in ("known", "value")}
            )
        return pa.Table.from_pylist(table, schema=CART_SPANS)
