"""Sizes of memory and disk as people write them: 500MB, 2GB, 1.5GiB."""

from __future__ import annotations

import re


def bytes_of(size: str) -> int:
    """2GB -> 2,000,000,000; raises ValueError for what is no size."""
    parts = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B\s*", size, re.IGNORECASE)
    if parts is None or float(parts[1]) == 0:
        raise ValueError(f'"{size}" is no size; write a number and its unit, such as 500MB or 2GB.')
    return int(float(parts[1]) * (1024 if parts[3] else 1000) ** " KMGT".index(parts[2].upper() or " "))


def shown_size(size: int) -> str:
    """12,300,000,000 -> 12.3 GB."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
