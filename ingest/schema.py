"""The event contract: one row is one accepted event.

| column | meaning |
|---|---|
| customer_key | int64, key of the customer whose event it is (see `KEY_HASH`): of a known id, else of an anonymous one |
| event_at | instant, microseconds UTC |
| recorded_input, recorded_row | where it was recorded: natural-order key of the input's name, record number in it |
| event | name as recorded |
| customer_id, anonymous_id | ids as recorded, text |
| owner_id | the known customer whose event it is where the row does not name it: stitched, or named by an alias; else null |
| value, price | int64 minor units of the project's currency |
| quantity | int64 pieces |
| source | name of the [[source]] |
| properties | JSON object of the columns that no mapping names, empty ones left out |
| content_hash | int64 hash of every non-empty column of the raw row, made by the DuckDB that the store's metadata names |
| duplicates | int32, how many further copies of this event arrived |
| variants | of those copies, the ones with another content: [(content_hash, rows)] |

Columns behind these are promoted ones: text, named by the mapping.
"""

from __future__ import annotations

import pyarrow as pa

KEY_HASH = "md5-63-v2"
"""customer_key = int.from_bytes(md5(text)[8:], "little") >> 1, of the texts in ingest/keys.py: a definition of our own, the same
on every engine. v2: an anonymous id belongs to the space of its source."""

IDS = ("customer_id", "anonymous_id")
TEXTS = ("event_id", "channel", "url", "currency", "order_id", "item_id", "cart_id", "referrer", "user_agent", "ip")
IDENTIFIERS = (*IDS, "event_id", "order_id", "item_id", "cart_id")
"""Mapped columns that are ids."""

NUMBERS = ("value", "quantity", "price")
"""Mapped columns that must be numbers."""

MONEY = ("value", "price")
"""Those of them that are money."""

TARGETS = ("event_at", "event", *IDS, *TEXTS, *NUMBERS)
"""What a mapping may name; any other name is a promoted column."""

VARIANTS = pa.list_(pa.struct([("content_hash", pa.int64()), ("rows", pa.int64())]))

EVENTS = pa.schema(
    [
        pa.field("customer_key", pa.int64()),
        pa.field("event_at", pa.timestamp("us", tz="UTC")),
        pa.field("recorded_input", pa.string()),
        pa.field("recorded_row", pa.int64()),
        pa.field("event", pa.string()),
        *[pa.field(name, pa.string()) for name in (*IDS, "owner_id", *TEXTS)],
        *[pa.field(name, pa.int64()) for name in NUMBERS],
        pa.field("source", pa.string()),
        pa.field("properties", pa.string()),
        pa.field("content_hash", pa.int64()),
        pa.field("duplicates", pa.int32()),
        pa.field("variants", VARIANTS),
    ]
)

QUARANTINE = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("input", pa.string()),
        pa.field("record", pa.int64()),
        pa.field("line", pa.int64()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("raw", pa.string()),
        pa.field("run_id", pa.string()),
    ]
)
"""One row is one row that was not accepted: `record` counts the records of its input from 1, `line` is its physical line
(null where records span lines or have none), `raw` its columns as JSON, or its text where it could not be read."""

REASONS = (
    "unreadable_row",
    "missing_customer",
    "missing_event",
    "bad_timestamp",
    "timestamp_out_of_range",
    "bad_number",
    "unknown_currency",
    "bot",
    "excluded",
    "too_late",
)
"""Why a row is quarantined, in the order in which the reasons are tried."""


def sql_type(column: str) -> str:
    """A column's type in DuckDB; promoted ones are text."""
    kinds = {
        pa.int64(): "bigint",
        pa.int32(): "integer",
        pa.timestamp("us", tz="UTC"): "timestamptz",
        VARIANTS: 'struct(content_hash bigint, "rows" bigint)[]',
    }
    return kinds.get(EVENTS.field(column).type, "varchar") if column in EVENTS.names else "varchar"
