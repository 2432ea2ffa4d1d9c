"""The people behind a number: exactly the customers (or sessions) that an answer has counted, one row each.

A selection (paths/people/selections.py) says who; `Members` says what is shown of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import Bools, Ints
from ingest.scan.batches import Codes
from paths.analysis import Lookback
from paths.carts.listing import instants, last_flagged
from paths.journeys.customer_ids import ID_COLUMNS
from paths.journeys.goals import VALUE_COLUMNS, GoalRules, goal_values
from paths.journeys.journeys import Journeys
from paths.people.selections import Chosen, Selection
from sessionize.sessions import session_ids

SECOND = 1_000_000

MEMBERS = pa.schema(
    [
        pa.field("customer", pa.string()),
        pa.field("session_id", pa.string()),
        pa.field("first_at", pa.timestamp("us", tz="UTC")),
        pa.field("last_at", pa.timestamp("us", tz="UTC")),
        pa.field("seconds", pa.float64()),
        pa.field("value", pa.float64()),
        pa.field("events", pa.int64()),
        pa.field("customer_key", pa.int64()),
    ]
)
"""One row is one counted unit, the earliest first. `customer` is raw: the last known id, else the last anonymous one.
session_id: null where customers are counted. first_at to last_at: of the chain, else of the session, else of the events that
count. value: all goals of the customer that have one, in units of the currency, null where none has. events: of the session,
else of the customer."""


@dataclass(frozen=True, kw_only=True)
class Members:
    """Lists the units of a selection."""

    selection: Selection
    rules: GoalRules = field(default_factory=GoalRules)
    minor_units: int = 100  # of one unit of the currency

    @property
    def columns(self) -> frozenset[str]:
        """Ids, what goals are worth, and what the selection reads."""
        return frozenset(ID_COLUMNS) | VALUE_COLUMNS | self.selection.columns

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The units of a batch."""
        view = journeys.with_excluded if self.selection.whole else journeys
        chosen = self.selection.choose(view)
        return members(journeys, view, chosen, self.rules, self.minor_units)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The MEMBERS table."""
        whole = pa.concat_tables(parts) if parts else MEMBERS.empty_table()
        return whole.sort_by([(c, "ascending") for c in ("first_at", "customer_key", "session_id")])


def members(journeys: Journeys, view: Journeys, chosen: Chosen, rules: GoalRules, minor_units: int) -> pa.Table:
    """Rows of MEMBERS. `chosen` are positions in `view`, which may hold excluded sessions; goals are those of `journeys`."""
    events, sessions = view.events, view.sessions
    start, end, key = events.at[chosen.first], events.at[chosen.last], events.key[chosen.first]
    customer = identities(view, view.customer[chosen.first].astype(np.int64))
    value, known = values_of(journeys, key, rules)
    digits = len(str(minor_units)) - 1
    if chosen.session is None:
        ids: pa.Array = pa.nulls(len(key), pa.string())
    else:
        first = sessions.first[chosen.session]
        ids = hexadecimal(session_ids(events.key[first], events.at[first], sessions.rank[chosen.session]))
    money = pa.array(np.round(value / minor_units, digits), pa.float64(), mask=~known)
    return pa.table(
        [customer, ids, instants(start), instants(end), (end - start) / SECOND, money, chosen.events, key],
        schema=MEMBERS,
    )


def identities(journeys: Journeys, customer: Ints) -> pa.Array:
    """The id of each customer number: the known one (its owner's, where rows do not name it), else the last anonymous one."""
    last = [last_codes(journeys, journeys.events.text(c), customer) for c in ID_COLUMNS]
    return pc.coalesce(*(text_array(c) for c in last))


def last_codes(journeys: Journeys, column: Codes, customer: Ints) -> Codes:
    """The last value that is not missing among each customer's events."""
    at = last_flagged(journeys, np.flatnonzero(column.codes >= 0), customer)
    return Codes(np.append(column.codes, np.int32(-1))[at], column.names)  # -1, none, is the code behind the last


def text_array(column: Codes) -> pa.Array:
    """A text column as Arrow text; no Python value per row."""
    return pa.array(column.names, pa.string()).take(pa.array(column.codes, mask=column.codes < 0))


def values_of(journeys: Journeys, keys: Ints, rules: GoalRules) -> tuple[Ints, Bools]:
    """(sum of the goals that have a value, is there one) of the customers with these keys; minor units."""
    goals = goal_values(journeys, rules)
    owner = journeys.events.key[goals.first[goals.known]]
    sums = np.append(np.int64(0), np.cumsum(goals.value[goals.known]))
    low, high = np.searchsorted(owner, keys, "left"), np.searchsorted(owner, keys, "right")
    return sums[high] - sums[low], high > low


def hexadecimal(ids: npt.NDArray[np.uint64]) -> pa.Array:
    """Session ids (uint64) as 16 hexadecimal digits."""
    text = np.frombuffer(ids.astype(">u8").tobytes().hex().encode(), dtype="S16")
    return pa.array(text, pa.binary()).cast(pa.string())
