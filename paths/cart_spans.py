"""Cart episodes span by span: the numbers of a tile and the points of its sparkline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paths.analysis import Journeys, summed
from paths.cart_rules import CartRules
from paths.counting import exact_sums
from paths.episodes import STATUSES, episodes
from paths.statistics import rate

Ints = npt.NDArray[np.int64]

CART_SPANS = pa.schema(
    [("span", pa.int64()), *((s, pa.int64()) for s in STATUSES), ("abandonment_rate", pa.float64()),
     *((f"{s}_known", pa.int64()) for s in STATUSES), *((f"{s}_value", pa.int64()) for s in STATUSES)]
)  # fmt: skip
"""One row is one span: episodes that opened in it by status, how many of them have a value, and its sum in minor units."""

PARTS = pa.schema(
    [("span", pa.int64()), ("status", pa.int64()), ("n", pa.int64()), ("known", pa.int64()), ("value", pa.int64())]
)


@dataclass(frozen=True, kw_only=True)
class CartSpans:
    """Counts per span (since, until), microseconds UTC; spans may overlap. The period of the scope does not matter."""

    rules: CartRules
    spans: tuple[tuple[int, int], ...]
    lag: timedelta | None = None

    @property
    def columns(self) -> frozenset[str]:
        """What carts read."""
        return self.rules.columns

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        found = episodes(journeys, self.rules)
        chosen = np.flatnonzero(journeys.in_segment[found.first])
        opened, status = found.opened_at[chosen], found.status[chosen].astype(np.int64)
        is_known = found.known[chosen]
        worth = np.where(is_known, found.value[chosen], 0)
        size = len(STATUSES)
        tables = []
        for i, (since, until) in enumerate(self.spans):
            mine = np.flatnonzero((opened >= since) & (opened < until))
            n, known = (np.bincount(s, minlength=size) for s in (status[mine], status[mine][is_known[mine]]))
            value = np.zeros(size, dtype=np.int64)
            sums = exact_sums(status[mine], worth[mine])
            value[: len(sums)] = sums
            tables.append(pa.table([np.full(size, i), np.arange(size), n, known, value], schema=PARTS))
        return pa.concat_tables(tables) if tables else PARTS.empty_table()

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
