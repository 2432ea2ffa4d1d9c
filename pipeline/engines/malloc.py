"""How glibc keeps memory, in a process that is ours alone: the command line and its helpers."""

from __future__ import annotations

import ctypes
import os
from typing import Any

SETTINGS = {"M_ARENA_MAX": (-8, 1), "M_MMAP_THRESHOLD": (-3, 32 << 20), "M_TRIM_THRESHOLD": (-1, 128 << 20)}
"""Name -> (number in malloc.h, value)."""


def one_heap() -> None:
    """Have all threads share one heap that keeps what is freed; to be called before there is a second thread.

    A pass makes and drops many arrays of some megabytes. With a heap of its own each thread gives them back to the system
    and takes them again, page by page; in one heap they need half the memory, and hardly ever a new page. Arrow, which is not
    loaded yet, shall take its memory there, too: a pool of its own would keep some forty megabytes.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if (set_option := of_c("mallopt")) is not None:
        for number, value in SETTINGS.values():
            set_option(number, value)


def of_c(name: str) -> Any:
    """A function of glibc; None with another C library."""
    return getattr(ctypes.CDLL(None), name, None)
