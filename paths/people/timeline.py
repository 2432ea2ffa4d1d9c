"""One customer's whole journey: every event in order, over all channels, with what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from ingest.array_types import Ints
from ingest.scan.batches import Codes, Numbers
from paths.analysis import Lookback
from paths.carts.episodes import ABANDONED, BY, CONVERTED, EMPTIED, OPEN, RECOVERED, episodes
from paths.carts.listing import instants
from paths.carts.rules import CartRules
from paths.journeys.goals import VALUE_COLUMNS, GoalRules, goal_values
from paths.journeys.journeys import Journeys
from paths.journeys.touchpoints import UNMAPPED
from paths.people.members import text_array
from paths.people.selections import named

TIMELINE = pa.schema(
    [
        pa.field("at", pa.timestamp("us", tz="UTC")),
        pa.field("event", pa.string()),
        pa.field("touchpoint", pa.string()),
        pa.field("stage", pa.string()),
        pa.field("channel", pa.string()),
        pa.field("url", pa.string()),
        pa.field("session", pa.int64()),
        pa.field("value", pa.float64()),
        pa.field("order_id", pa.string()),
        pa.field("properties", pa.string()),
        pa.field("note", pa.string()),
    ]
)
"""One row is one event in order. session: 1, 2, ... as the customer had them, null for a passive event; stage null where none
has it; value in units of the currency; properties: a JSON object as recorded; behind the note, promoted columns by name."""

SUMS = pa.schema([("goals", pa.int64()), ("with_value", pa.int64()), ("value", pa.int64())])


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Lists the events of a batch that are in the period, with notes; excluded sessions are there and marked."""

    rules: GoalRules = field(default_factory=GoalRules)
    carts: CartRules | None = None
    promoted: tuple[str, ...] = ()  # further columns to show
    minor_units: int = 100  # of one unit of the currency

    @property
    def columns(self) -> frozenset[str]:
        """What is shown, and what notes need."""
        shown = {"channel", "url", "properties", *self.promoted}
        return VALUE_COLUMNS | shown | (self.carts.columns if self.carts else frozenset())

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The events of a batch."""
        view = journeys.with_excluded
        events = view.events
        mapped = Codes(
            np.where(named(view.stage, UNMAPPED)[view.stage.codes], np.int32(-1), view.stage.codes), view.stage.names
        )
        index = view.sessions.index.astype(np.int64)
        owner = view.customer[view.sessions.first]  # numbers start anew with each customer
        number = index - np.searchsorted(owner, np.arange(len(view.customer_starts)))[view.customer] + 1
        columns = [
            instants(events.at),
            text_array(events.event),
            text_array(view.touchpoint),
            text_array(mapped),
            text_array(events.text("channel")),
            text_array(events.text("url")),
            pa.array(number, mask=index < 0),
            self.money(events.number("value")),
            text_array(events.text("order_id")),
            text_array(events.text("properties")),
            pa.array(notes(journeys, view, self), pa.string()),
            *(text_array(events.text(c)) for c in self.promoted),
        ]
        return pa.table(columns, schema=self.schema).filter(pa.array(view.selected))

    @property
    def schema(self) -> pa.Schema:
        """TIMELINE and the promoted columns."""
        return pa.schema([*TIMELINE, *(pa.field(c, pa.string()) for c in self.promoted)])

    def money(self, value: Numbers) -> pa.Array:
        """Minor units -> units of the currency."""
        digits = len(str(self.minor_units)) - 1
        return pa.array(np.round(value.values / self.minor_units, digits), pa.float64(), mask=~value.valid)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """All events, in order."""
        return pa.concat_tables(parts) if parts else self.schema.empty_table()


@dataclass(frozen=True, kw_only=True)
class GoalSums:
    """One row: how many goals there are in the period (orders folded), how many have a value, and the sum in minor units."""

    rules: GoalRules = field(default_factory=GoalRules)
    columns: frozenset[str] = VALUE_COLUMNS

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The sums of a batch."""
        goals = goal_values(journeys, self.rules)
        mine = journeys.selects(goals.first)
        known = goals.known & mine
        return pa.table([[int(mine.sum())], [int(known.sum())], [int(goals.value[known].sum())]], schema=SUMS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sums of all."""
        whole = pa.concat_tables(parts) if parts else SUMS.empty_table()
        return pa.table([[int(np.asarray(whole[c]).sum())] for c in SUMS.names], schema=SUMS)


def notes(journeys: Journeys, view: Journeys, question: Timeline) -> list[str | None]:
    """Per event of the view: what there is to say of it. For one customer, or a few."""
    said: list[list[str]] = [[] for _ in range(len(view))]

    def say(positions: Ints, what: str) -> None:
        for position in positions.tolist():
            said[position].append(what)

    say(view.sessions.first, "session start")
    say(np.flatnonzero(view.passive), "passive")
    say(np.flatnonzero(view.answers_to(question.rules.goal)), "goal")
    kept = np.arange(len(view), dtype=np.int64)
    if journeys is not view:
        gone = np.append(view.sessions.events > view.scope.sessions.max_session_events, False)[view.sessions.index]
        say(np.flatnonzero(gone), "excluded session")
        kept = kept[~gone]
    if question.carts is not None:
        for position, text in cart_notes(journeys, question.carts):
            said[kept[position]].append(text)
    return ["; ".join(texts) or None for texts in said]


def cart_notes(journeys: Journeys, rules: CartRules) -> list[tuple[int, str]]:
    """(position, note): where carts open, and what became of them."""
    carts = episodes(journeys, rules)
    ends = {ABANDONED: "cart abandoned", EMPTIED: "cart emptied", OPEN: "cart open"}
    texts = [(int(p), "cart opened") for p in carts.first]
    for status, by, last, purchase in zip(carts.status, carts.by, carts.last, carts.purchase, strict=True):
        if status == CONVERTED:
            texts.append((int(purchase), "cart converted"))
        elif status == RECOVERED:
            texts.append((int(purchase), f"cart recovered ({BY[by]})"))
        else:
            texts.append((int(last), ends[int(status)]))
    return texts
