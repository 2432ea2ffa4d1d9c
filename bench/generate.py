"""A synthetic shop log of any size, equal for equal arguments.

    python bench/generate.py --events 10_000_000 --days 30 --names 12 --seed 7 -o bench/out --format parquet

Rows are in global time order, with three columns: `customer_id` (text, `u0001234`), `event_at` (CSV: text,
`2026-01-15 08:30:00.123456`, UTC; Parquet: timestamp[us, UTC]) and `event` (text). Sessions have 8 events on
average (geometric). Sessions per customer are heavy-tailed (log-normal weights): most customers come a few
times, some hundreds of times, and now and then one comes thousands of times. Events follow a Markov chain that
looks like a shop; pauses inside a session are log-normal and at most 25 minutes, so idle time of 30 minutes cuts
none of the sessions. Two sessions of one busy customer may overlap and are then one. No customer has two events at
the same instant.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq
from numpy.typing import NDArray

SECOND = 1_000_000  # in microseconds, the unit of every time here
DAY = 86_400 * SECOND
EVENTS_PER_SESSION = 8
SESSIONS_PER_CUSTOMER = 4
LONGEST_PAUSE = 25 * 60 * SECOND
CHUNK = 1 << 20  # rows written at once

# Ordered so that the first few are already a shop.
SHOP = (
    *("home", "product_view", "add_to_cart", "purchase", "catalog", "search"),
    *("cart", "checkout_started", "payment", "wishlist", "promo_page", "help"),
)

# Steps that few visits come to by chance: they are reached through the one before.
RARE = {"add_to_cart": 0.4, "cart": 0.4, "checkout_started": 0.15, "payment": 0.03, "purchase": 0.01}

# How much likelier than by popularity alone one event follows another.
LIKELY = {
    ("home", "catalog"): 6.0,
    ("home", "search"): 4.0,
    ("home", "promo_page"): 3.0,
    ("catalog", "product_view"): 8.0,
    ("search", "product_view"): 8.0,
    ("promo_page", "product_view"): 6.0,
    ("product_view", "product_view"): 2.0,
    ("product_view", "add_to_cart"): 4.0,
    ("product_view", "wishlist"): 2.0,
    ("add_to_cart", "cart"): 12.0,
    ("add_to_cart", "product_view"): 2.0,
    ("cart", "checkout_started"): 16.0,
    ("checkout_started", "payment"): 400.0,
    ("checkout_started", "help"): 4.0,
    ("payment", "purchase"): 2000.0,
    ("add_to_cart", "purchase"): 10.0,
    ("purchase", "home"): 4.0,
}


class Log(NamedTuple):
    """The rows as arrays, in time order."""

    customer: NDArray[np.int32]
    event_at: NDArray[np.int64]  # microseconds since 1970, UTC
    event: NDArray[np.int16]  # index into the names


def event_names(count: int) -> list[str]:
    """The first `count` names: a shop's, then page_1, page_2, ..."""
    return [*SHOP[:count], *(f"page_{n}" for n in range(1, count - len(SHOP) + 1))]


def chain(names: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The cumulative probabilities of the first event, and of the next event by row."""
    popularity = 1.0 / np.arange(2, len(names) + 2) ** 0.8
    popularity *= [RARE.get(name, 1.0) for name in names]
    weights = np.tile(popularity, (len(names), 1))
    for (source, target), factor in LIKELY.items():
        if source in names and target in names:
            weights[names.index(source), names.index(target)] *= factor
    following = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    first = popularity.copy()
    first[0] *= 6.0  # most visits begin at home
    opening = np.cumsum(first / first.sum())
    opening[-1] = following[:, -1] = 1.0
    return opening, following


def walk(
    rng: np.random.Generator, lengths: NDArray[np.int64], first_row: NDArray[np.int64], names: list[str]
) -> NDArray[np.int16]:
    """The event of every row: all sessions take their n-th step together."""
    opening, following = chain(names)
    # Row r of the chain lives in (r, r + 1], so one search serves every row.
    ladder = (following + np.arange(len(names))[:, None]).ravel()
    event = np.empty(int(lengths.sum()), dtype=np.int16)
    state = np.searchsorted(opening, rng.random(len(lengths)), side="right")
    event[first_row] = state
    alive = np.arange(len(lengths))
    for step in range(1, int(lengths.max())):
        going = lengths[alive] > step
        alive, state = alive[going], state[going]
        state = np.searchsorted(ladder, state + rng.random(len(alive)), side="right") - state * len(names)
        np.clip(state, 0, len(names) - 1, out=state)
        event[first_row[alive] + step] = state
    return event


def opening_times(rng: np.random.Generator, sessions: int, days: int) -> NDArray[np.int64]:
    """When sessions begin, in microseconds since the first midnight: quiet nights, busy evenings."""
    hours = np.arange(24)
    busy = 1.2 + np.cos((hours - 20) / 24 * 2 * np.pi)
    day = rng.integers(0, days, sessions)
    hour = np.searchsorted(np.cumsum(busy / busy.sum())[:-1], rng.random(sessions), side="right")
    return day * DAY + hour * (DAY // 24) + rng.integers(0, DAY // 24, sessions)


def generate(events: int, days: int, names: list[str], seed: int, first_day: date) -> Log:
    """Exactly `events` rows between midnight of `first_day` and `days` later."""
    rng = np.random.default_rng(seed)
    sessions = events // EVENTS_PER_SESSION + 4 * int(np.sqrt(events)) + 1
    lengths = rng.geometric(1 / EVENTS_PER_SESSION, sessions)
    while lengths.sum() < events:
        lengths = np.concatenate([lengths, rng.geometric(1 / EVENTS_PER_SESSION, sessions)])
    lengths = lengths[: int(np.searchsorted(np.cumsum(lengths), events)) + 1]
    lengths[-1] -= lengths.sum() - events  # the last session ends where the log does
    sessions = len(lengths)
    first_row = np.cumsum(lengths) - lengths

    weight = np.cumsum(rng.lognormal(0.0, 1.5, max(1, sessions // SESSIONS_PER_CUSTOMER)))
    customer = np.searchsorted(weight[:-1], rng.random(sessions) * weight[-1], side="right").astype(np.int32)
    event = walk(rng, lengths, first_row, names)

    pause = np.minimum(rng.lognormal(np.log(40 * SECOND), 1.1, events), LONGEST_PAUSE).astype(np.int64)
    pause[first_row] = 0
    elapsed = np.cumsum(pause)
    elapsed -= np.repeat(elapsed[first_row], lengths)
    lasts = elapsed[first_row + lengths - 1]
    begins = np.minimum(opening_times(rng, sessions, days), days * DAY - SECOND - lasts)  # all of it inside the period
    midnight = int(datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC).timestamp()) * SECOND
    customer = np.repeat(customer, lengths)
    event_at = apart(customer, np.repeat(np.maximum(begins, 0) + midnight, lengths) + elapsed)

    order = np.argsort(event_at, kind="stable")
    return Log(customer[order], event_at[order], event[order])


def apart(customer: NDArray[np.int32], event_at: NDArray[np.int64]) -> NDArray[np.int64]:
    """No customer twice at one instant: of such rows one moves on by a microsecond.

    The order of rows at one instant is what is recorded; peers that only see the columns cannot know it.
    """
    event_at = event_at.copy()
    while True:
        order = np.lexsort((event_at, customer))
        tied = (np.diff(event_at[order]) == 0) & (np.diff(customer[order]) == 0)
        if not tied.any():
            return event_at
        event_at[order[1:][tied]] += 1


def tables(log: Log, names: list[str], start: int, stop: int) -> Iterator[pa.Table]:
    """Rows start..stop as tables of at most CHUNK rows."""
    dictionary = pa.array(names)
    for begin in range(start, stop, CHUNK):
        rows = slice(begin, min(begin + CHUNK, stop))
        digits = pc.utf8_lpad(pa.array(log.customer[rows]).cast(pa.string()), 7, "0")
        yield pa.table(
            {
                "customer_id": pc.binary_join_element_wise("u", digits, ""),
                "event_at": pa.array(log.event_at[rows]).cast(pa.timestamp("us", tz="UTC")),
                "event": dictionary.take(pa.array(log.event[rows])),
            }
        )


def write(path: Path, parts: Iterator[pa.Table]) -> None:
    """One file, in the format of its suffix."""
    schema = pa.schema(
        [("customer_id", pa.string()), ("event_at", pa.timestamp("us", tz="UTC")), ("event", pa.string())]
    )
    if path.suffix == ".parquet":
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for part in parts:
                writer.write_table(part)
        return
    as_text = schema.set(1, pa.field("event_at", pa.string()))
    with pv.CSVWriter(path, as_text, write_options=pv.WriteOptions(quoting_style="none")) as writer:
        for part in parts:
            naive = part["event_at"].cast(pa.timestamp("us"))  # as text without the trailing Z
            writer.write_table(part.set_column(1, "event_at", naive.cast(pa.string())))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a synthetic shop log; equal arguments give equal rows.")
    parser.add_argument("--events", type=int, default=1_000_000, help="rows, exactly (default 1_000_000)")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--names", type=int, default=12, help="distinct event names, 4 or more (default 12)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--start", type=date.fromisoformat, default=date(2026, 1, 1), help="first day")
    parser.add_argument("--format", choices=["csv", "parquet"], default="csv")
    parser.add_argument("--by-day", action="store_true", help="one file per UTC day, events-2026-01-15.csv")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()
    if options.events < 1 or options.days < 1 or not 4 <= options.names <= 30_000:
        parser.error("--events and --days start at 1, --names is 4 to 30_000")

    names = event_names(options.names)
    log = generate(options.events, options.days, names, options.seed, options.start)
    options.output.mkdir(parents=True, exist_ok=True)
    if not options.by_day:
        write(options.output / f"events.{options.format}", tables(log, names, 0, options.events))
        return
    days, first = np.unique(log.event_at // DAY, return_index=True)
    for day, start, stop in zip(days, first, [*first[1:], options.events], strict=True):
        name = f"events-{np.datetime64(int(day), 'D')}.{options.format}"
        write(options.output / name, tables(log, names, int(start), int(stop)))


if __name__ == "__main__":
    main()
