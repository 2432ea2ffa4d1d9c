"""One writer at a time: an advisory lock on a file of the store; who holds it may ask for it again."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident

from ingest.errors import Locked

_held: dict[tuple[Path, int], None] = {}
"""(lock, thread) pairs of this process that hold it."""


@contextmanager
def writer_lock(path: Path, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the store's lock; the system lets go of it when the process ends, however it ends.

    Raises Locked when another writer still holds it after `wait_seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = (path.resolve(), get_ident())
    if mine in _held:
        yield
        return
    with path.open("a+") as handle:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    handle.seek(0)
                    holder = handle.read().strip() or "unknown"
                    raise Locked(f"another run is writing to this store (process {holder}); try again later.") from None
                time.sleep(0.05)
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        _held[mine] = None
        try:
            yield
        finally:
            del _held[mine]
            handle.truncate(0)
