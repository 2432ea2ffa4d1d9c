"""The carts one by one: what a reminder, a support desk or a doubter needs to see behind the counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import Ints
from ingest.errors import ConfigError, did_you_mean
from ingest.scan.batches import Codes
from paths.analysis import Lookback
from paths.carts.episodes import BY, BY_NONE, KINDS, STATUSES, CartRows, Episodes, episodes_of
from paths.carts.rules import REMINDER, CartRules, text_at
from paths.journeys.customer_ids import ID_COLUMNS
from paths.journeys.journeys import Journeys
from paths.journeys.scope import NEVER

INSTANT = pa.timestamp("us", tz="UTC")
YES = frozenset({"1", "true", "t", "yes", "y", "on"})

CART_LIST = pa.schema(
    [
        pa.field("customer_id", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("status", pa.string()),
        pa.field("opened_at", INSTANT),
        pa.field("last_activity_at", INSTANT),
        pa.field("last_step", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("known", pa.bool_()),
        pa.field("items_left", pa.int64()),
        pa.field("by", pa.string()),
        pa.field("quiet_since", INSTANT),
        pa.field("purchase_at", INSTANT),
        pa.field("cart_id", pa.string()),
        pa.field("last_reminder_at", INSTANT),
        pa.field("bought_since", pa.bool_()),
        pa.field("customer_key", pa.int64()),
    ]
)
"""One row is one episode. `customer_id` is raw: the customer's last known id, else its last anonymous one. `value` in
units of the currency, null where it is not `known`; `items_left` pieces; `by` null unless recovered; `last_reminder_at`
the customer's last reminder event; `bought_since`: has the customer bought anything after the last activity? With a
contactable column there is `contactable` (bool) behind them."""


@dataclass(frozen=True, kw_only=True)
class CartList:
    """Lists the episodes that open in the period, by their opening, then customer_key, then cart_id."""

    rules: CartRules
    statuses: frozenset[str] = field(default_factory=frozenset)  # none = all
    contactable: str | None = None  # a column that says whether the customer may be written to; its last value counts
    minor_units: int = 100  # of one unit of the currency

    def __post_init__(self) -> None:
        for status in sorted(self.statuses - set(STATUSES)):
            known = ", ".join(STATUSES)
            raise ConfigError(f'no cart is "{status}".{did_you_mean(status, STATUSES)} Statuses: {known}.')

    @property
    def columns(self) -> frozenset[str]:
        """What carts read, and the ids as recorded."""
        further = set(ID_COLUMNS) | ({self.contactable} if self.contactable else set())
        return self.rules.columns | further

    @property
    def schema(self) -> pa.Schema:
        """CART_LIST, with `contactable` where that is known."""
        return CART_LIST.append(pa.field("contactable", pa.bool_())) if self.contactable else CART_LIST

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The episodes of a batch."""
        rows = CartRows.of(journeys, self.rules)
        listed = episodes_of(journeys, rows, self.rules)
        keep = journeys.selects(listed.first)
        if self.statuses:
            keep = keep & np.array([s in self.statuses for s in STATUSES])[listed.status]
        listed = listed.take(keep)
        return (
            pa.table(
                [*self.episode_columns(journeys, listed), *self.customer_columns(journeys, listed, rows)],
                names=[
                    *CART_LIST.names[1:13],
                    "customer_id",
                    *CART_LIST.names[13:],
                    *(["contactable"] if self.contactable else []),
                ],
            )
            .select(self.schema.names)
            .cast(self.schema)
        )

    def episode_columns(self, journeys: Journeys, found: Episodes) -> list[Any]:
        """kind to cart_id."""
        by = np.array([None if i == BY_NONE else name for i, name in enumerate(BY)], dtype=object)
        digits = len(str(self.minor_units)) - 1
        return [
            named(KINDS, found.kind),
            named(STATUSES, found.status),
            instants(found.opened_at),
            instants(found.last_activity_at),
            named(journeys.touchpoint.names, found.last_step),
            pa.array(np.round(found.value / self.minor_units, digits), pa.float64(), mask=~found.known),
            pa.array(found.known),
            pa.array(found.items_left),
            pa.array(by[found.by], pa.string()),
            instants(found.quiet_since),
            instants(found.purchase_at),
            pa.array(text_at(journeys.events, "cart_id", found.first).texts(), pa.string()),
        ]

    def customer_columns(self, journeys: Journeys, found: Episodes, rows: CartRows) -> list[Any]:
        """customer_id, last_reminder_at, bought_since, customer_key and, where asked for, contactable."""
        events = journeys.events
        ids = [pa.array(last_texts(journeys, events.text(c), found.customer), pa.string()) for c in ID_COLUMNS]
        reminder = last_flagged(journeys, np.flatnonzero(rows.role == REMINDER), found.customer)
        reminded_at = np.where(reminder >= 0, events.at[np.maximum(reminder, 0)], NEVER) if len(events) else reminder
        columns = [
            pc.coalesce(*ids),
            instants(reminded_at),
            pa.array(last_flagged(journeys, rows.orders.first, found.customer) > found.last),
            pa.array(events.key[found.first]),
        ]
        if self.contactable:
            said = last_texts(journeys, events.text(self.contactable), found.customer)
            columns.append(pa.array([s is not None and s.strip().casefold() in YES for s in said], pa.bool_()))
        return columns

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """All episodes, in order."""
        whole = pa.concat_tables(parts) if parts else self.schema.empty_table()
        return whole.sort_by([(c, "ascending") for c in ("opened_at", "customer_key", "cart_id", "last_activity_at")])


def named(names: Sequence[str], code: npt.NDArray[np.integer[Any]]) -> pa.Array:
    """The names of these codes, as text."""
    return pa.array(np.array([*names, None], dtype=object)[code], pa.string())


def instants(at: Ints) -> pa.Array:
    """int64 microseconds since 1970 UTC -> timestamps; NEVER -> null."""
    return pa.array(at, INSTANT, mask=at == NEVER)


def last_flagged(journeys: Journeys, flagged: Ints, customer: Ints) -> Ints:
    """The last of these ascending positions among each customer's events, -1 = none."""
    start = journeys.customer_starts
    end = np.append(start[1:], len(journeys))
    place = np.searchsorted(flagged, end[customer]) - 1
    last = np.append(flagged, -1)[place]
    return np.where((place >= 0) & (last >= start[customer]), last, -1)


def last_texts(journeys: Journeys, column: Codes, customer: Ints) -> list[str | None]:
    """The last value that is not missing among each customer's events."""
    at = last_flagged(journeys, np.flatnonzero(column.codes >= 0), customer)
    return Codes(np.where(at >= 0, np.append(column.codes, -1)[at], -1).astype(np.int32), column.names).texts()
