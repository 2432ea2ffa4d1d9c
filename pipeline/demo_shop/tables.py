"""The shop's events as an Arrow table in the event contract, without files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import Bools, Ints
from ingest.keys import customer_key
from ingest.scan.batches import Codes, Column, EventBatch, column_of
from pipeline.demo_shop.calendar import in_period
from pipeline.demo_shop.catalogue import ITEMS
from pipeline.demo_shop.chain import STATES
from pipeline.demo_shop.customers import Customers, make_customers
from pipeline.demo_shop.details import CAMPAIGN_NAMES, Rows, detailed, taken
from pipeline.demo_shop.draws import Draws
from pipeline.demo_shop.journeys import make_journeys, walk
from pipeline.demo_shop.surveys import ABOUT, ALL_COMMENTS, SURVEYS
from pipeline.demo_shop.truths import ALL_TRUTHS, Truth, chosen

SOURCES = ("app", "calls", "email", "pos", "surveys", "web")
"""In the order in which their inputs are recorded."""
SOURCE_OF = {"app": "app", "call": "calls", "email": "email", "store": "pos", "survey": "surveys", "web": "web"}
GUEST = "guest_checkout"
EVENTS = (*dict.fromkeys([s.event for s in STATES.values()] + list(SURVEYS)), GUEST)
CHANNELS = tuple(SOURCE_OF)
URLS = tuple(dict.fromkeys(s.url for s in STATES.values()))


@dataclass(frozen=True, kw_only=True)
class Tables:
    """`events`: one row is one event, sorted by (customer_key, event_at, recorded order); columns as in the event
    contract (value and price in cents) and the promoted ones as text: campaign, duration_seconds, shipping_cost,
    score, about, comment. `customers`: one row is a customer from `valid_from` on."""

    events: pa.Table
    customers: pa.Table
    truths: tuple[Truth, ...]

    def batch(self, *columns: str) -> EventBatch:
        """What a kernel receives: all customers, with these further columns."""
        key, at = (np.asarray(self.events[c].cast(pa.int64())) for c in ("customer_key", "event_at"))
        found = {c: self.column(c) for c in ("event", *columns)}
        event = found.pop("event")
        assert isinstance(event, Codes)
        return EventBatch.of(key, at, event, found)

    def column(self, name: str) -> Column:
        """Of `events`."""
        column = self.events[name]
        return column_of(column.dictionary_encode() if pa.types.is_string(column.type) else column, slice(None))


def tables(
    *, customers: int = 4000, seed: int = 7, truths: Sequence[str] = ALL_TRUTHS, anonymous: bool = False
) -> Tables:
    """The shop in memory. Raises ConfigError for an unknown truth, or without a customer."""
    planted = chosen(truths)
    people = make_customers(Draws(seed), customers)
    events = recorded(Draws(seed), people, planted, anonymous)
    order = pc.sort_indices(
        events.drop_columns(["journey"]), [("customer_key", "ascending"), ("event_at", "ascending")]
    )
    return Tables(events=events.drop_columns(["journey"]).take(order), customers=people.table(), truths=planted)


def recorded(draws: Draws, people: Customers, planted: Sequence[Truth], anonymous: bool) -> pa.Table:
    """All events of the six months in the order in which they are recorded: by source and time."""
    journeys = make_journeys(draws, people)
    rows = detailed(draws, people, journeys, walk(draws, people, journeys, planted), planted)
    rows = taken(rows, in_period(rows["at"]))
    channel = channels(rows["state"])
    source = np.array([SOURCES.index(SOURCE_OF[c]) for c in CHANNELS])[channel]
    order = np.lexsort((rows["line"], rows["step"], rows["journey"], rows["at"], source))
    return as_table(taken(rows, order), people, anonymous)


def channels(state: Ints) -> Ints:
    """Positions in CHANNELS."""
    names = [s.channel for s in STATES.values()] + ["survey"] * len(SURVEYS)
    return np.array([CHANNELS.index(n) for n in names])[state]


def as_table(rows: Rows, people: Customers, anonymous: bool) -> pa.Table:
    """The rows with names for numbers."""
    channel = channels(rows["state"])
    source = np.array([SOURCES.index(SOURCE_OF[c]) for c in CHANNELS])[channel]
    who, key = _ids(rows, people, channel, anonymous)
    first = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=len(SOURCES)))])
    number = np.arange(1, len(source) + 1) - first[source]
    return pa.table(
        {
            "customer_key": key,
            "event_at": pa.array(rows["at"] * 1_000_000).cast(pa.timestamp("us", tz="UTC")),
            "event": text(EVENTS, _events(rows)),
            **who,
            "event_id": pc.binary_join_element_wise(text(SOURCES, source), digits(number, 7), "-"),
            "channel": text(CHANNELS, channel),
            "url": text((*URLS, *(f"/products/{name}" for name in ITEMS)), _urls(rows)),
            "currency": text(("EUR",), np.where(rows["value"] >= 0, 0, -1)),
            "order_id": _prefixed("O", rows["order"]),
            "item_id": text(ITEMS, rows["item"]),
            **{n: numbers(rows[n]) for n in ("value", "quantity", "price")},
            "source": text(SOURCES, source),
            "campaign": text(CAMPAIGN_NAMES, rows["campaign"]),
            "duration_seconds": numbers(rows["duration"]).cast(pa.string()),
            "shipping_cost": money(numbers(rows["shipping"])),
            "score": numbers(rows["score"]).cast(pa.string()),
            "about": text(ABOUT, rows["about"]),
            "comment": text(ALL_COMMENTS, rows["comment"]),
            "journey": pa.array(rows["journey"]),
        }
    )


def _events(rows: Rows) -> Ints:
    names = [s.event for s in STATES.values()] + list(SURVEYS)
    codes = np.array([EVENTS.index(n) for n in names])[rows["state"]]
    return np.where(rows["guest"] == 1, EVENTS.index(GUEST), codes)


def _urls(rows: Rows) -> Ints:
    """Positions in URLS, and behind them in ITEMS."""
    urls = np.array([URLS.index(s.url) if s.url else -1 for s in STATES.values()] + [-1] * len(SURVEYS))
    texts = urls[rows["state"]]
    return np.where((texts == URLS.index("/products/*")) & (rows["item"] >= 0), len(URLS) + rows["item"], texts)


def _ids(rows: Rows, people: Customers, channel: Ints, anonymous: bool) -> tuple[dict[str, pa.Array], pa.Array]:
    """customer_id and anonymous_id, and the key that they make before any stitching."""
    who, ids = rows["customer"], people.ids()
    on_screen = np.isin(channel, [CHANNELS.index("web"), CHANNELS.index("app")]) & anonymous
    known: Bools = ~on_screen | (rows["known"] == 1)
    spaces = ("web", "app")  # a source's anonymous ids are its own
    devices = [d for s in spaces for d in people.devices(s)]
    device = np.where(channel == CHANNELS.index("web"), who, len(people) + who)
    keys = [customer_key(customer_id=i) for i in ids]
    keys += [customer_key(anonymous_id=d, space=s) for s in spaces for d in people.devices(s)] if anonymous else []
    key = np.array(keys, dtype=np.int64)[np.where(known, who, len(people) + device)]
    return {
        "customer_id": text(ids, np.where(known, who, -1)),
        "anonymous_id": text(devices, np.where(on_screen, device, -1)),
    }, pa.array(key)


def text(names: Sequence[str], codes: Ints) -> Any:
    """The names at these positions; null for -1."""
    return pa.array(names, pa.string()).take(pa.array(codes, pa.int64(), mask=codes < 0))


def numbers(values: Ints) -> Any:
    """Null for -1."""
    return pa.array(values, pa.int64(), mask=values < 0)


def digits(values: Any, width: int) -> Any:
    """The number with zeros before it."""
    return pc.utf8_lpad(pa.array(values).cast(pa.string()), width, "0")


def money(cents: Any) -> Any:
    """Cents as text in euros: 1490 is 14.90."""
    euros = pc.divide(cents, 100)
    return pc.binary_join_element_wise(
        euros.cast(pa.string()), digits(pc.subtract(cents, pc.multiply(euros, 100)), 2), "."
    )


def _prefixed(letter: str, values: Ints) -> Any:
    return pc.binary_join_element_wise(letter, digits(numbers(values), 7), "")
