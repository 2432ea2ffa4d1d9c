"""Files of a store and the spans of days that they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

ROW_GROUP = 32_768


@dataclass(frozen=True, kw_only=True)
class SpanFile:
    """One file of a snapshot."""

    path: Path
    span: str  # a UTC day (2026-01-15) or a sealed month (2026-01)
    rows: int

    @property
    def is_day(self) -> bool:
        """A month has no day in its name."""
        return len(self.span) == len("2026-01-15")

    @property
    def since(self) -> int:
        """The first instant of its span, microseconds UTC."""
        return instant_of(np.datetime64(self.span))

    @property
    def until(self) -> int:
        """The first instant behind its span."""
        return instant_of(np.datetime64(self.span) + 1)


def instant_of_day(day: date) -> int:
    """The first instant of a UTC day, microseconds since 1970."""
    return instant_of(np.datetime64(day))


def instant_of(moment: np.datetime64) -> int:
    """Microseconds since 1970."""
    return int(moment.astype("datetime64[us]").astype(np.int64))
