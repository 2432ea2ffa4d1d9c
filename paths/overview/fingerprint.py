"""A number that tells two sets of events apart: equal for equal events, however they came into the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingest.array_types import Hashes
from ingest.compiled import twin
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
        names = np.array([hash_of(n) for n in (*whole.events.event.names, "")], dtype=np.uint64)
        total = summed_hashes(whole, mixed(whole.events.keys.astype(np.uint64)), names)
        return pa.table([pa.array([total], pa.uint64())], schema=PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> str:
        """The digits."""
        return f"{sum(part['sum'][0].as_py() for part in parts) % (1 << 64):016x}"


def _compiled_hashes(journeys: Journeys, customers: Hashes, names: Hashes) -> int | None:
    if journeys.scope.segment:
        return None
    events = journeys.events
    return int(loops.fingerprint(customers, names, events.customer, events.at, events.event.codes, *journeys.period))


@twin(_compiled_hashes)
def summed_hashes(journeys: Journeys, customers: Hashes, names: Hashes) -> int:
    """The sum of the hashes of the selected events; those of customers and names are given by code."""
    events = journeys.events
    customer, at, code = (journeys.of_selected(c) for c in (events.customer, events.at, events.event.codes))
    state = mixed(mixed(customers[customer] ^ at.astype(np.uint64)) ^ names[code])
    return int(state.sum(dtype=np.uint64))


def hash_of(name: str) -> int:
    """FNV-1a, 64 bits (Fowler, Noll, Vo): names are few."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 % (1 << 64)
    return state
