"""Whom to remind of a cart: abandoned, young, nothing bought since, contactable, not suppressed, and not written to lately."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import MICROSECOND

INSTANT = pa.timestamp("us", tz="UTC")

SENT = pa.schema([("customer_key", pa.int64()), ("sent_at", INSTANT)])
"""One row is one reminder that was sent."""

REMINDERS = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("customer_id", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("opened_at", INSTANT),
        pa.field("last_activity_at", INSTANT),
        pa.field("last_step", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("items_left", pa.int64()),
        pa.field("cart_id", pa.string()),
        pa.field("customer_key", pa.int64()),
    ]
)
"""One row is one reminder to send. `key` names the episode and nothing else: the same in every run, so that whoever
sends can tell a reminder that it has sent already."""


def due(
    episodes: pa.Table,
    *,
    due_at: int,
    reminder_max_age: timedelta = timedelta(days=3),
    cooldown: timedelta = timedelta(days=7),
    suppressed: Collection[str] = (),
    sent: pa.Table | None = None,
) -> pa.Table:
    """The REMINDERS of the instant `due_at` (microseconds UTC), by opening, customer_key and cart_id.

    `episodes` are rows of CART_LIST, `suppressed` customer ids as recorded, `sent` rows of SENT. An episode's age runs
    from its last cart activity, as quiet_period and recovery_window do; exactly reminder_max_age is still young, and
    exactly cooldown after a reminder it still holds (0 = no cool-down). Reminders are the customer's reminder events and
    what was sent; those at or after `due_at` do not exist yet, so a list that was sent comes out the same again.
    """
    newest = last_sent(sent, due_at)
    barred = frozenset(suppressed)
    rows = [
        {**r, "key": reminder_key(r["customer_key"], r["opened_at"], r["cart_id"])}
        for r in with_microseconds(episodes)
        if r["status"] == "abandoned"
        and not r["bought_since"]
        and 0 <= due_at - r["last_activity_at"] <= reminder_max_age // MICROSECOND
        and r.get("contactable", True)
        and r["customer_id"] not in barred
        and rested(r, newest, due_at, cooldown // MICROSECOND)
    ]
    rows.sort(key=lambda r: (r["opened_at"], r["customer_key"], r["cart_id"] or ""))
    return pa.Table.from_pylist([{n: r[n] for n in REMINDERS.names} for r in rows], schema=REMINDERS)


def with_microseconds(table: pa.Table) -> list[dict[str, Any]]:
    """The rows; instants as microseconds."""
    for i, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            table = table.set_column(i, column.name, table.column(i).cast(INSTANT).cast(pa.int64()))
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def last_sent(sent: pa.Table | None, due_at: int) -> dict[int, int]:
    """Customer key -> the last reminder sent before `due_at`."""
    if sent is None or not sent.num_rows:
        return {}
    at = sent.column("sent_at").cast(INSTANT).cast(pa.int64())
    table = pa.table({"customer_key": sent.column("customer_key"), "sent_at": at}).filter(pc.less(at, due_at))
    newest: dict[int, int] = {}
    for key, when in zip(*(table.column(n).to_pylist() for n in SENT.names), strict=True):
        newest[key] = max(when, newest.get(key, when))
    return newest


def rested(row: dict[str, Any], sent: dict[int, int], due_at: int, cooldown: int) -> bool:
    """Is the last reminder of this customer long enough ago?"""
    told = [t for t in (row.get("last_reminder_at"), sent.get(row["customer_key"])) if t is not None and t < due_at]
    return not cooldown or not told or due_at - max(told) > cooldown


def reminder_key(customer_key: int, opened_at: int, cart_id: str | None) -> str:
    """16 hex digits, stable: BLAKE2b of customer_key, opened_at (microseconds UTC) and cart_id."""
    return blake2b(f"{customer_key} {opened_at} {cart_id or ''}".encode(), digest_size=8).hexdigest()
