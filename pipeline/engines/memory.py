"""What a process holds on to between two questions."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

KEPT = 500_000_000
"""Bytes that a process may hold when a pass begins."""
PAGES = Path("/proc/self/statm")


def give_back() -> None:
    """Return freed memory to the system where much is held: allocators keep it, and keep more after every question."""
    if resident() > KEPT:
        pa.default_memory_pool().release_unused()
        if (trim := trimming()) is not None:
            trim(0)


def resident() -> int:
    """Bytes of this process in memory; 0 where the system does not say."""
    return int(PAGES.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if PAGES.exists() else 0


@cache
def trimming() -> Any:
    """glibc's malloc_trim; None with another C library."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
