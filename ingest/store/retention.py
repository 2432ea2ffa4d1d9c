"""What no reader needs any more: files that a commit replaced, aliases of earlier ones, and files that no log entry names.

A replaced file is dated to the moment of its replacement, so age says how long a reader may still be at it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ingest.store.alias_files import earlier_aliases
from ingest.store.core import remove_core
from ingest.store.delta import published_files
from ingest.store.event_store import EventStore

TABLES = ("events", "quarantine", "sessions")


def expire(store: EventStore, older_than: float) -> int:
    """Delete what is not part of the newest version of a table and was last touched before this instant (seconds since 1970).

    Earlier aliases, which only a writer reads, go whatever their age. Call under the lock: nobody is writing then. Returns how
    many data files went.
    """
    gone = 0
    for file in list(earlier_aliases(store)):
        file.unlink(missing_ok=True)
    for file in list(superseded(store)):
        with suppress(FileNotFoundError):
            if file.stat().st_mtime < older_than:
                remove_core(file)
                file.unlink()
                gone += 1
                with suppress(OSError):  # the folder of a span that is no more; any other is not empty
                    file.parent.rmdir()
    return gone


def superseded(store: EventStore) -> Iterator[Path]:
    """Data files on disk that the newest versions do not name."""
    for name in TABLES:
        path = (store.root / name).absolute()
        named = set(map(str, published_files(path)))
        for folder, folders, files in os.walk(path):
            folders[:] = [f for f in folders if f != "_delta_log"]
            found = (os.path.join(folder, f) for f in files if f.endswith(".parquet"))
            yield from (Path(f) for f in found if f not in named)
