"""Temporary data: a private folder of each process, in one place, emptied on start and on end.

    <store>/tmp/           mode 0700
      work-<random>/       of one process at work, which holds a lock on it as long as it runs

Unpacked inputs and what DuckDB spills hold ids of customers. They lie here and nowhere else; whoever starts deletes
what a process left behind that was killed. Where there is no store (`inspect`, a guess before the first load) the place
is a folder of this user in the system's temporary folder.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

TRIES = 20

_STORE: ContextVar[Path | None] = ContextVar("store", default=None)
"""Of the `scratch` block that runs: what is begun inside it without a store of its own lies there, too."""

_HELD: dict[Path, int] = {}
"""The folders of this process, and the descriptors that hold their locks."""


@contextmanager
def scratch(store: Path | None = None) -> Iterator[Path]:
    """A folder of mode 0700 for as long as the block lasts: in `store`/tmp, or of this user where there is no such store."""
    folder = begin(store)
    before = _STORE.set(store)
    try:
        yield folder
    finally:
        _STORE.reset(before)
        end(folder)


def place_of(store: Path | None) -> Path:
    """Where temporary data lies: in the store, or (there is none, or only to be read) in this user's own folder."""
    if store is not None and store.is_dir() and os.access(store, os.W_OK | os.X_OK):
        place = store / "tmp"
        place.mkdir(mode=0o700, exist_ok=True)
        place.chmod(0o700)
        return place
    place = Path(tempfile.gettempdir()) / f"journeys-{os.getuid()}"
    with suppress(FileExistsError):
        place.mkdir(mode=0o700)
    status = place.lstat()
    if place.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:  # somebody else made it
        return Path(tempfile.mkdtemp(prefix="journeys-"))
    return place


def begin(store: Path | None) -> Path:
    """A new folder in the place of `store`, with its lock held; delete it with `end`.

    What processes that are gone left there is deleted first.
    """
    for _ in range(TRIES):
        place = place_of(store or _STORE.get())
        clear(place)
        with suppress(FileNotFoundError):  # another process ended and took the place for empty
            folder = Path(tempfile.mkdtemp(prefix="work-", dir=place))
            held = _locked(folder)
            if held is not None:  # else one that started meanwhile took it for left behind
                _HELD[folder] = held
                return folder
    return Path(tempfile.mkdtemp(prefix="journeys-"))  # where no folder can be locked


def end(folder: Path) -> None:
    """Delete a folder of this process and all that is in it."""
    for _ in range(TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():  # else a library was still writing there
            break
    held = _HELD.pop(folder, None)
    if held is not None:
        os.close(held)
        with suppress(OSError):  # others are at work there
            folder.parent.rmdir()


def end_all() -> None:
    """Delete every folder of this process: for an end that runs no `finally`."""
    for folder in tuple(_HELD):
        end(folder)


atexit.register(end_all)  # of a block that was interrupted before it began


def clear(place: Path) -> int:
    """Delete what nobody works in any more; returns how many folders and files."""
    gone = 0
    with suppress(FileNotFoundError):
        for entry in [*place.iterdir()]:
            if not entry.is_dir() or entry.is_symlink():
                entry.unlink(missing_ok=True)
                gone += 1
                continue
            held = _locked(entry)
            if held is not None:
                shutil.rmtree(entry, ignore_errors=True)
                os.close(held)
                gone += 1
    return gone


def _locked(folder: Path) -> int | None:
    """A descriptor that holds the folder's lock; None where another process has it, or the folder is gone."""
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(held).st_ino == folder.stat().st_ino:
            return held
    except OSError:
        pass
    os.close(held)
    return None
