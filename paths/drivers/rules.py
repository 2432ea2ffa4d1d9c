"""What is tried as a driver: columns at a, touchpoints in a window; and how many values a column may have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ingest.array_types import MICROSECOND
from ingest.errors import ConfigError

TOUCHPOINT = "touchpoint"
"""What a factor is called that is no column."""
RARE, RARE_SHARE = 25, 50
"""A factor is tried if so many units have it, or one in RARE_SHARE, whichever is fewer."""
MOST_VALUES = 100_000
"""A column with more different values names single events or customers; it is left out, with a word."""
MOST_TRIED = 1_000
"""So many values of one column are tried, the most frequent ones."""


@dataclass(frozen=True, kw_only=True)
class Factors:
    """Frozen, checked on creation (raises ConfigError). Which factors are tried, and where touchpoints are looked for.

    `exposure`: how far before a (closed), the same for everybody. `between`: after a instead, until b for the units that came
    to it, until the end of the window for the others.
    """

    columns: tuple[str, ...] = ()
    touchpoints: bool = True
    exposure: timedelta = timedelta(days=1)
    between: bool = False

    def __post_init__(self) -> None:
        if self.exposure < timedelta(0):
            raise ConfigError(f"an exposure is at least 0, not {self.exposure}.")
        if not self.columns and not self.touchpoints:
            raise ConfigError('there is nothing to try: name columns, or "touchpoint".')

    @property
    def micro(self) -> int:
        """`exposure` in microseconds."""
        return self.exposure // MICROSECOND
