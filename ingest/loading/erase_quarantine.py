"""Quarantined rows that hold an id keep their reason and lose their content: they are counted on."""

from __future__ import annotations

import uuid

import pyarrow.parquet as pq

from ingest.database import Database
from ingest.loading.id_search import Sought
from ingest.quoting import quoted
from ingest.schema import QUARANTINE
from ingest.store.delta import append_file, begun, published_files
from ingest.store.event_store import EventStore
from ingest.store.quarantine import Quarantine


def blank_quarantine(store: EventStore, sought: Sought) -> int:
    """Empty `raw` and `detail` of all quarantined rows in which an id stands; call under the lock. Returns how many rows.

    A file is replaced in one commit; what a crash leaves beside it no log names, and `expire` deletes it.
    """
    quarantine, blanked = Quarantine(store.root), 0
    with Database() as db:
        for file in published_files(quarantine.path) if begun(quarantine.path) else []:
            holds = " or ".join(sought.in_text(quoted(c)) for c in ("raw", "detail"))
            asked = {"file": [str(file)]}
            (n,) = db.rows(f"select count(*) from read_parquet($file) where {holds}", asked)[0]
            if not n:
                continue
            rows = pq.read_table(file, schema=QUARANTINE, partitioning=None)
            emptied = db.query(
                f"select * replace (if({holds}, null, raw) as raw, if({holds}, 'erased', detail) as detail) from quarantined",
                quarantined=rows,
            )
            new = quarantine.new_file(uuid.uuid4().hex)
            append_file(quarantine.path, new, emptied.cast(QUARANTINE), instead=file)
            blanked += n
    return blanked
