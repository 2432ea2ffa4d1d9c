"""What a process holds on to between two questions."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa

from pipeline.engines.malloc import of_c

KEPT = 500_000_000
"""Bytes that a process may hold when a pass begins."""
PAGES = Path("/proc/self/statm")


def give_back() -> None:
    """Return freed memory to the system where much is held: allocators keep it, and keep more after every question."""
    if resident() > KEPT:
        pa.default_memory_pool().release_unused()
        if (trim := of_c("malloc_trim")) is not None:
            trim(0)


def resident() -> int:
    """Bytes of this process in memory; 0 where the system does not say."""
    return int(PAGES.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if PAGES.exists() else 0
