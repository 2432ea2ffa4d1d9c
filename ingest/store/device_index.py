"""The device index of a file: which anonymous ids its events carry, and which customers they name beside them.

Beside `part-1.parquet` stands `_part-1.devices`, a Parquet file. One row is a run of links (consecutive rows that carry both
an anonymous id and one and the same customer id), or the events with the anonymous id alone (no customer_id). Links of
later days change whose those events are: the index says which files hold them, so that no other one is read.
"""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

DEVICE_INDEX = pa.schema(
    [
        pa.field("span", pa.string()),
        pa.field("device", pa.int64()),
        pa.field("customer_id", pa.string()),
        pa.field("events", pa.int64()),
        pa.field("first_at", pa.timestamp("us", tz="UTC")),
        pa.field("first_input", pa.string()),
        pa.field("first_row", pa.int64()),
        pa.field("last_at", pa.timestamp("us", tz="UTC")),
        pa.field("last_input", pa.string()),
        pa.field("last_row", pa.int64()),
    ]
)
"""`device`: key of the anonymous id in its space. `customer_id`: as recorded, null for events without. first and last: the
places (event_at, recorded_input, recorded_row) of the run's ends."""


def device_index_path(parquet: Path) -> Path:
    """Where the device index of a file stands; where there is none, no event of the file carries an anonymous id."""
    return parquet.with_name(f"_{parquet.stem}.devices")


def write_device_index(parquet: Path, rows: pa.Table) -> None:
    """Write the device index of a file, on disk for good; nothing where there is no row."""
    if not rows.num_rows:
        return
    target = device_index_path(parquet)
    beside = target.with_suffix(".devices-tmp")
    pq.write_table(
        rows.cast(DEVICE_INDEX), beside, compression="zstd", use_dictionary=["span", "first_input", "last_input"]
    )
    with beside.open("rb+") as handle:
        os.fsync(handle.fileno())
    beside.replace(target)


def remove_device_index(parquet: Path) -> None:
    """Delete the device index of a file that is about to be deleted."""
    for path in (device_index_path(parquet), device_index_path(parquet).with_suffix(".devices-tmp")):
        path.unlink(missing_ok=True)
