"""What crosses channels and devices: customers by how many they use, and carts begun in one place and bought in another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from ingest.array_types import Ints
from ingest.scan.batches import Codes
from paths.analysis import Lookback, summed
from paths.arrays.counting import tally
from paths.carts.episodes import CONVERTED, RECOVERED, episodes
from paths.carts.rules import CartRules
from paths.journeys.journeys import Journeys
from paths.journeys.personas import values_shown
from paths.journeys.touchpoints import combination

CROSSINGS = pa.schema(
    [
        pa.field("what", pa.string()),
        pa.field("begun", pa.string()),
        pa.field("bought", pa.string()),
        pa.field("n", pa.int64()),
        pa.field("share", pa.float64()),
    ]
)
"""One row of `what` is, of CHANNELS and DEVICES, how many channels or devices (`begun`: 0 to 9, or "10 or more") so many customers
use; of CART_CHANNELS, the channel on which carts were begun and that on which they were bought; of CART_DEVICES, in `bought`,
whether the device is the same. share: of all of that `what`."""

CHANNELS, DEVICES = "customers by channels", "customers by devices"
CART_CHANNELS, CART_DEVICES = "carts bought by channel", "carts bought by device"
ORDER = (CHANNELS, DEVICES, CART_CHANNELS, CART_DEVICES)
SAME, ANOTHER, UNKNOWN = "same device", "another device", "not known"
MOST = 10
"""Channels and devices that are told apart."""

PARTS = pa.schema([f for f in CROSSINGS if f.name != "share"])


@dataclass(frozen=True, kw_only=True)
class Crossings:
    """Customers with an event in the period and the segment, by different channels and devices of these events; carts that
    open in them and were bought (converted or recovered).

    A device is an anonymous id in its space: `spaces` names that of a source, where it is not its own. Excluded sessions'
    events are in none of it.
    """

    rules: CartRules
    spaces: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> frozenset[str]:
        """What carts read, and where an event was."""
        return self.rules.columns | {"channel", "anonymous_id", "source"}

    def lookback(self, since: int) -> Lookback | None:
        """A cart may be running; it is over after recovery_window of silence."""
        return Lookback(since=since, horizon=since - self.rules.recovery, orders=True, carts=self.rules)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        device, channel = self.device_of(journeys), journeys.events.text("channel").codes.astype(np.int64)
        rows = [
            *((CHANNELS, *row) for row in used(journeys, channel)),
            *((DEVICES, *row) for row in used(journeys, device)),
            *self.carts(journeys, device),
        ]
        columns = [list(c) for c in zip(*rows, strict=True)] or [[] for _ in PARTS]
        return pa.table(columns, schema=PARTS)

    def device_of(self, journeys: Journeys) -> Ints:
        """Per event: a number for its anonymous id in its space, -1 without one."""
        ids, source = journeys.events.text("anonymous_id"), journeys.events.text("source")
        spaces = [self.spaces.get(name, name) for name in source.names]
        place = {name: i for i, name in enumerate(dict.fromkeys(spaces))}
        code = np.array([*(place[name] for name in spaces), -1], dtype=np.int32)[source.codes]
        combined, _ = combination([ids, Codes(code, tuple(place))], len(journeys))
        return np.where(ids.codes >= 0, combined, -1)

    def carts(self, journeys: Journeys, device: Ints) -> list[tuple[str, str, str | None, int]]:
        """Bought carts by where they were begun and bought."""
        found = episodes(journeys, self.rules)
        bought = (found.status == CONVERTED) | (found.status == RECOVERED)
        found = found.take(bought & journeys.selects(found.first))
        channel = values_shown(journeys.events, "channel")
        size = max(len(channel.names), 1)
        pair = channel.codes[found.first].astype(np.int64) * size + channel.codes[found.purchase]
        rows: list[tuple[str, str, str | None, int]] = [
            (CART_CHANNELS, channel.names[code // size], channel.names[code % size], n)
            for code, n in zip(*(a.tolist() for a in tally(pair, size * size)), strict=True)
        ]
        one, other = device[found.first], device[found.purchase]
        kind = np.where((one < 0) | (other < 0), 2, np.where(one == other, 0, 1))
        said = zip((SAME, ANOTHER, UNKNOWN), np.bincount(kind, minlength=3).tolist(), strict=True)
        return rows + [(CART_DEVICES, "", name, n) for name, n in said if n]

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The CROSSINGS table: by ORDER, numbers ascending, the most frequent pair of channels first."""
        rows = summed(parts, ["what", "begun", "bought"], PARTS).to_pylist()
        whole = {what: sum(r["n"] for r in rows if r["what"] == what) for what in ORDER}
        for row in rows:
            row["share"] = round(row["n"] / whole[row["what"]], 6)
        numbered = {str(n): n for n in range(MOST)}
        rows.sort(
            key=lambda r: (
                ORDER.index(r["what"]),
                numbered.get(r["begun"], MOST) if r["what"] in (CHANNELS, DEVICES) else -r["n"],
                r["begun"],
                r["bought"] or "",
            )
        )
        return pa.Table.from_pylist(rows, schema=CROSSINGS)


def used(journeys: Journeys, code: Ints) -> list[tuple[str, str | None, int]]:
    """(how many different codes, None, customers) of the customers with a selected event; -1 is no code."""
    customer, code = journeys.of_selected(journeys.customer.astype(np.int64)), journeys.of_selected(code)
    people = np.unique(customer)
    size = int(code.max(initial=-1)) + 1
    pairs = np.unique(customer[code >= 0] * size + code[code >= 0]) // max(size, 1)
    number = np.minimum(np.bincount(pairs, minlength=int(people.max(initial=-1)) + 1)[people], MOST)
    found = zip(*(a.tolist() for a in tally(number.astype(np.int64), MOST + 1)), strict=True)
    return [(str(n) if n < MOST else f"{MOST} or more", None, customers) for n, customers in found]
