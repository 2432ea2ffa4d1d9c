"""What the tests of helpers have them do; a module of its own, because a helper imports it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator


def path(pieces: Iterator[int]) -> list[str]:
    """From where it imports."""
    return list(sys.path)


def pid(pieces: Iterator[int]) -> int:
    """Of the process that does it."""
    return os.getpid()


def seen(pieces: Iterator[int]) -> list[int]:
    """The pieces."""
    return list(pieces)


def noisy(pieces: Iterator[int]) -> list[int]:
    """The same, with what a library may print."""
    os.write(1, b"noise\n")
    return list(pieces)


def slowly(pieces: Iterator[int]) -> list[int]:
    """The same, slow enough that others get some."""
    found = []
    for piece in pieces:
        found.append(piece)
        time.sleep(0.1)
    return found


def dying(pieces: Iterator[int]) -> list[int]:
    """Takes a piece, and is no more."""
    next(pieces)
    os._exit(1)


def broken(pieces: Iterator[int]) -> list[int]:
    """Takes a piece, and fails."""
    return [1 // 0 for _ in pieces]
