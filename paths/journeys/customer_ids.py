"""What a customer is called: the id that the owner of an event has, else the one recorded, known before anonymous."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import Ints
from ingest.scan.batches import EventBatch

ID_COLUMNS = ("owner_id", "customer_id", "anonymous_id")
"""Columns that name a customer, the most telling first."""


def ids_at(events: EventBatch, position: Ints) -> pa.Array:
    """The id of the customer of each of these events, as text."""
    return pc.coalesce(*(pa.array(events.text(c).take(position).texts(), pa.string()) for c in ID_COLUMNS))
