"""SessionRules: when a new session starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from ingest.array_types import MICROSECOND
from ingest.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class SessionRules:
    """Frozen, checked on creation (raises ConfigError)."""

    idle_timeout: timedelta = timedelta(minutes=30)
    max_duration: timedelta = timedelta(hours=24)  # 0 = off
    cut_at_midnight: bool = False  # of `timezone`
    cut_on: str | None = None  # a column that cuts where it differs from its last non-missing value in the session
    passive: frozenset[str] = field(default_factory=frozenset)  # names whose events are in no session
    max_session_events: int = 10_000  # a session with more is excluded
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        if self.idle_timeout <= timedelta(0):
            raise ConfigError(f"[sessions] idle_timeout must be longer than 0, not {self.idle_timeout}.")
        if self.max_duration < timedelta(0):
            raise ConfigError(f"[sessions] max_duration must not be negative (0 = off), not {self.max_duration}.")
        if self.max_session_events < 1:
            raise ConfigError(f"[sessions] max_session_events must be at least 1, not {self.max_session_events}.")

    @property
    def idle(self) -> int:
        """idle_timeout in microseconds."""
        return self.idle_timeout // MICROSECOND

    @property
    def longest(self) -> int:
        """max_duration in microseconds, 0 = off."""
        return self.max_duration // MICROSECOND
