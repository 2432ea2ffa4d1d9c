"""The aliases by which the stored owners were found: a file beside the events, which the next load compares with its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.store.event_store import EventStore

ALIASES = pa.schema([("alias_id", pa.string()), ("customer_id", pa.string())])
"""One row per alias: the id as recorded, and the customer at the end of its chain."""


def alias_table(pairs: Mapping[str, str]) -> pa.Table:
    """ALIASES."""
    return pa.table({"alias_id": list(pairs), "customer_id": list(pairs.values())}, schema=ALIASES)


def aliases_path(root: Path, digest: str) -> Path:
    """Where the aliases of a commit are kept."""
    return root / f"aliases-{digest}.parquet"


def keep_aliases(root: Path, digest: str, pairs: Mapping[str, str]) -> None:
    """Keep the aliases of a commit that is about to be made, on disk for good."""
    target = aliases_path(root, digest)
    if target.exists():
        return
    beside = target.with_suffix(".tmp")
    pq.write_table(alias_table(pairs), beside)
    with beside.open("rb+") as handle:
        os.fsync(handle.fileno())
    beside.replace(target)


def kept_aliases(root: Path, digest: str) -> dict[str, str] | None:
    """The aliases of a commit; None where they are not there any more."""
    if not digest:
        return {}
    path = aliases_path(root, digest)
    if not path.exists():
        return None
    table = pq.read_table(path, partitioning=None)
    return dict(zip(table["alias_id"].to_pylist(), table["customer_id"].to_pylist(), strict=True))


def earlier_aliases(store: EventStore) -> Iterator[Path]:
    """The files of aliases that the newest version does not name; a load alone reads any, so under the lock none is needed."""
    named = aliases_path(store.root, store.snapshot().identity.get("aliases", ""))
    yield from (path for path in sorted(store.root.glob("aliases-*")) if path != named)
