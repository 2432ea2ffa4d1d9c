"""Snapshot: the events' table as one version of its log names it."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import deltalake

from ingest.schema import EVENTS
from ingest.store.core import event_names
from ingest.store.delta import named_files, transactions
from ingest.store.ledger import Ledger, bytes_name
from ingest.store.spans import SpanFile

SENTINEL = "journeys"
FACTS = (
    "run_id",
    "rows_read",
    "duplicates",
    "quarantined",
    "targets",
    "currencies",
    "identity",
    "aliases",
    "aged",
    "kept",
)
"""What a load says of itself in its log entry; beside them, `spans` has the days that this one entry changed."""


class Snapshot:
    """The table as one log version names it; it never changes."""

    def __init__(self, table: deltalake.DeltaTable, root: Path) -> None:
        self._table = table
        self.version: int = table.version()
        self.root = root

    @cached_property
    def files(self) -> tuple[SpanFile, ...]:
        """Its files, oldest span first."""
        actions = named_files(self._table).select(["path", "partition.span", "num_records"]).to_pylist()
        files = [
            SpanFile(path=self.root / unquote(a["path"]), span=a["partition.span"], rows=a["num_records"])
            for a in actions
        ]
        return tuple(sorted(files, key=lambda f: (f.span, str(f.path))))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the event columns, promoted ones last."""
        return tuple(f.name for f in self._table.schema().fields if f.name != "span")

    @property
    def promoted(self) -> tuple[str, ...]:
        """Columns beyond the event contract."""
        return tuple(c for c in self.columns if c not in EVENTS.names)

    @cached_property
    def event_names(self) -> frozenset[str]:
        """The names that its events have."""
        return frozenset[str]().union(*(event_names(f.path) for f in self.files))

    @property
    def rows(self) -> int:
        """Events in all."""
        return sum(f.rows for f in self.files)

    def reading(self, source: str, digest: str) -> int:
        """How these bytes were read by a source (see `reading_of`); 1 = nobody noted it, 0 = they never were."""
        return self._number(bytes_name(source, digest)) or self._number(f"input:{digest}")

    def holds(self, transaction: str) -> bool:
        """Was this line of the ledger written, and not taken back?"""
        return self._number(transaction) > 0

    def _number(self, name: str) -> int:
        number = self._transactions.get(name)
        return (self._table.transaction_version(name) or 0) if number is None else number

    @cached_property
    def _transactions(self) -> dict[str, int]:
        """Inputs and further transactions of the log that are quick to name."""
        return transactions(self.root / "_delta_log", self.version)

    @cached_property
    def ledger(self) -> Ledger:
        """The inputs that were taken in."""
        return Ledger.of(self._transactions)

    @cached_property
    def _facts(self) -> dict[str, Any]:
        """What the newest load said of itself; entries that only change the schema say nothing."""
        return next((h for h in self._table.history(10) if "rows_read" in h), {})

    @property
    def facts(self) -> dict[str, str]:
        """The same, of our own keys only: what a commit that loads nothing hands on."""
        return {k: str(self._facts[k]) for k in FACTS if k in self._facts}

    @property
    def rows_read(self) -> int:
        """Rows ever read into the store: accepted, duplicate or quarantined."""
        return int(self._facts.get("rows_read", 0))

    @property
    def duplicates(self) -> int:
        """Rows that were copies of another event, over all loads."""
        return int(self._facts.get("duplicates", 0))

    @property
    def quarantined(self) -> dict[str, int]:
        """Rows that left, by reason, over all loads."""
        return dict(json.loads(self._facts.get("quarantined", "{}")))

    @property
    def targets(self) -> dict[str, list[str]]:
        """What files of each source had a column for, ever."""
        return dict(json.loads(self._facts.get("targets", "{}")))

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies in which any event of any load has money, sorted; events that name none are in none of them."""
        return tuple(json.loads(self._facts.get("currencies", "[]")))

    @property
    def aged(self) -> int:
        """Rows, accepted and copies of them, that left since their days are older than what is kept."""
        return int(self._facts.get("aged", 0))

    @property
    def kept(self) -> dict[str, str]:
        """The first day that was kept ("from", YYYY-MM-DD) when days left last, and by which words ("keep"); empty: none did."""
        return dict(json.loads(self._facts.get("kept", "{}")))

    @property
    def identity(self) -> dict[str, str]:
        """Digests of the rules ("identity") and of the aliases by which owners were found; empty: there was nothing to find."""
        return {k: str(self._facts[k]) for k in ("identity", "aliases") if self._facts.get(k)}

    @property
    def months(self) -> frozenset[str]:
        """The sealed ones."""
        return frozenset(f.span for f in self.files if len(f.span) == len("2026-01"))

    def touched_since(self, version: int) -> str | None:
        """The earliest UTC day that commits after `version` changed, "" = none; None where the log no longer says."""
        spans = [""]
        entries = self._table.history(max(1, self.version - version)) if self.version > version else []
        if len(entries) < self.version - version:
            return None
        for entry in entries:
            spans += json.loads(entry.get("spans", "[]"))
        return min((day for day in spans if day), default="")

    @property
    def sentinel(self) -> int:
        """The number of the last write."""
        return self._table.transaction_version(SENTINEL) or 0
