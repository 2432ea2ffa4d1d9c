"""What one load did, and its books. Who only speaks of it needs none of what loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from ingest.errors import JourneysError
from ingest.store.ledger import TakenInput


@dataclass
class Accounting:
    """rows = accepted + duplicates + quarantined, for one source and run."""

    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    conflicting: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    aged: int = 0  # of them: too_late since their days have left already

    @property
    def balanced(self) -> bool:
        """Is every row accounted for?"""
        return self.rows == self.accepted + self.duplicates + sum(self.quarantined.values())


@dataclass(frozen=True, kw_only=True)
class Aside:
    """A file of which nothing was taken in, and why."""

    source: str
    name: str
    error: JourneysError


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What one load did."""

    run_id: str
    version: int
    accounting: dict[str, Accounting]  # by source
    known: tuple[str, ...]  # inputs that were taken in before
    spans: tuple[str, ...]  # spans rewritten
    inputs: tuple[TakenInput, ...] = ()  # taken in now
    growing: tuple[str, ...] = ()  # inputs that changed while they were read: left for the next load
    empty: tuple[str, ...] = ()  # inputs with nothing in them
    aside: tuple[Aside, ...] = ()  # inputs that could not be taken in, each with its error
    anew: tuple[str, ...] = ()  # inputs whose earlier rows went and that were read anew
    remapped: tuple[tuple[str, str], ...] = ()  # (source, name) of known inputs that were read by another mapping
    redelivered: tuple[tuple[str, str], ...] = ()  # (source, name) of known names that came with other bytes
    lacking: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    """(source, target) -> inputs without a column for it."""
    vanished: tuple[tuple[str, str], ...] = ()  # those of them for which other files of the source have a column
    arrivals: pa.Table | None = None  # ARRIVALS: what came, before duplicates were found
    notes: tuple[str, ...] = ()  # what to warn of
