"""A number that tells two sets of events apart: equal for equal events, however they came into the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingest.compiled import worth
from paths.analysis import Lookback
from paths.journeys.journeys import Journeys
from paths.overview import loops
from sessionize.sessions import mixed

PARTS = pa.schema([("sum", pa.uint64())])


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """Of the events of the period and the segment: customers, instants and names, as 16 hexadecimal digits."""

    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The sum over the events of a batch, modulo 2^64, of a hash of each."""
        whole = journeys.with_excluded
        events = whole.events
        names = np.array([hash_of(n) for n in (*events.event.names, "")], dtype=np.uint64)
        customers = mixed(events.keys.astype(np.uint64))
        columns = (events.customer, events.at, events.event.codes)
        if worth() and not whole.scope.segment:
            total = int(loops.fingerprint(customers, names, *columns, *whole.period))
        else:
            customer, at, code = (whole.of_selected(c) for c in columns)
            state = mixed(mixed(customers[customer] ^ at.astype(np.uint64)) ^ names[code])
            total = int(state.sum(dtype=np.uint64))
        return pa.table([pa.array([total], pa.uint64())], schema=PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> str:
        """The digits."""
        return f"{sum(part['sum'][0].as_py() for part in parts) % (1 << 64):016x}"


def hash_of(name: str) -> int:
    """FNV-1a, 64 bits (Fowler, Noll, Vo): names are few."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 % (1 << 64)
    return state
