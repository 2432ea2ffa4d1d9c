"""Files that were set aside when they were last seen, each with its reason: a note, renewed by every load."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from ingest.store.event_store import EventStore

NOTES = "set_aside.json"
"""File of the store: a list of `Note`."""


class Note(TypedDict):
    """One file."""

    source: str
    name: str
    path: str
    reason: str


def set_aside(root: Path) -> list[Note]:
    """The files that were set aside and are still there; none where nobody noted any."""
    try:
        noted: list[Note] = json.loads((root / NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [note for note in noted if Path(note["path"]).exists()]


def note_set_aside(store: EventStore, seen: Iterable[tuple[str, str]], aside: Iterable[Note]) -> None:
    """Renew the note: `seen` are the (source, name) of all files of a load, `aside` those of them it set aside."""
    before, seen = set_aside(store.root), set(seen)
    now = [*(n for n in before if (n["source"], n["name"]) not in seen), *aside]
    if now != before or (store.root / NOTES).exists() != bool(now):
        store.note(NOTES, json.dumps(now, indent=1))
