"""What the bytes of a file hash to, noted down: an inbox grows for years, and a night reads what is new in it."""

from __future__ import annotations

import json
from pathlib import Path

from ingest.readers.archives import archive_of, stat_of
from ingest.readers.files import content_hash
from ingest.store.event_store import EventStore

NOTES = "inputs.json"
"""File of the store: path of an input -> [size, time of its last change, digest]."""

SETTLED = 2_000_000_000
"""Nanoseconds: a file changed so shortly before the notes were written may have changed again within one tick of the clock."""


class Digests:
    """The digests of input files; a file of the same size and time as before is not read again."""

    def __init__(self, store: EventStore) -> None:
        self.store, self._path = store, store.root / NOTES
        try:
            self._noted: dict[str, list[int | str]] = json.loads(self._path.read_text())
            self._written = self._path.stat().st_mtime_ns
        except (OSError, ValueError):
            self._noted, self._written = {}, 0
        self.read = 0  # files that were read

    def of(self, path: Path) -> str:
        """sha256 of the file's bytes, hexadecimal."""
        stat, name = stat_of(path), str(path.absolute())
        size, changed, digest = self._noted.get(name, [-1, -1, ""])
        if (size, changed) == (stat.st_size, stat.st_mtime_ns) and stat.st_mtime_ns < self._written - SETTLED:
            return str(digest)
        found = content_hash(path)
        self.read += 1
        self._noted[name] = [stat.st_size, stat.st_mtime_ns, found]
        return found

    def note(self) -> None:
        """Write down what was read, for the files that are still there."""
        if self.read:
            kept = {name: noted for name, noted in self._noted.items() if Path(name).exists() or archive_of(Path(name))}
            self.store.note(NOTES, json.dumps(kept, separators=(",", ":")))
