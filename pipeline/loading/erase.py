"""A customer is forgotten: events, sessions, quarantine, indexes, aliases, older files, published pages; and it is proven.

    journal -> tombstones -> events -> quarantine -> aliases and older files -> sessions -> pages and manifests -> search

Each step can be done twice, and the journal stands until the last one is done: after a crash the next writer does them all
again (`finish_erasing`). Until then the journal holds the id; the receipt and the tombstones never do.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ingest.array_types import MICROSECOND
from ingest.errors import ConfigError, NoStore, StoreError, UnknownCustomer
from ingest.identity.rules import IdentityRules, is_pattern
from ingest.loading.erase import Erased, Person, erase_events, find_events, person_of, without
from ingest.loading.erase_quarantine import blank_quarantine
from ingest.loading.id_search import Hits, Sought, is_long
from ingest.store.alias_files import kept_aliases
from ingest.store.delta import begun
from ingest.store.event_store import Snapshot
from ingest.store.retention import expire
from ingest.store.tombstones import Mark, Tombstones, device_text, marks_of, write_private
from pipeline.atomic_write import publish_bytes
from pipeline.loading.erase_receipt import RECEIPT, check_gone, counts, receipt_rows, warnings
from pipeline.loading.erase_search import JOURNAL, RECEIPTS, Places
from pipeline.loading.sessions_table import path_of, publish_sessions
from pipeline.project.masking import Mask
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def erase(
    project: ProjectFolder, id: str, *, anonymous: bool = False, dry_run: bool = False, wait_seconds: float = 0.0
) -> Result:
    """Erase a customer with all aliases, or (`anonymous`) an anonymous id. Returns the receipt; it holds no id.

    Raises UnknownCustomer where the id stands nowhere, ConfigError for a word that is no id, Locked, and StoreError where
    the search afterwards still finds it.
    """
    store = project.store
    if not store.exists:
        raise NoStore(f"there is no event store at {store.root} yet; nothing is to be erased.")
    if not id:
        raise ConfigError("an id is not empty.")
    with store.lock(wait_seconds):
        store.clear_leftovers()
        finish_erasing(project)
        return Erasure(project, id, anonymous).run(dry_run)


def finish_erasing(project: ProjectFolder) -> bool:
    """Do what a killed erasure left undone, if there was one; call under the lock, before anything is written."""
    path = project.store.root / JOURNAL
    if not path.exists():
        return False
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        person = Person(customers=frozenset(told["customers"]), anonymous=frozenset(told["anonymous"]))
        erasure = Erasure(project, told["id"], bool(person.anonymous), Begun(person=person, before=told["before"]))
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is damaged: delete it, and erase again.") from error
    project.store.clear_leftovers()
    erasure.run(dry_run=False)
    return True


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What an erasure that was killed had found before it changed anything."""

    person: Person
    before: Mapping[str, int]


@dataclass(frozen=True)
class Erasure:
    """One id that goes."""

    project: ProjectFolder
    id: str
    anonymous: bool
    begun: Begun | None = None

    def run(self, dry_run: bool) -> Result:
        """All steps, and the receipt."""
        started = datetime.now(UTC)
        base = self.project.store.snapshot()
        self.check()
        found = find_events(self.project.store, base, self.person, self.rules)
        hits = self.places.hits()
        before = {**counts(hits), "events": found.events, **(self.begun.before if self.begun else {})}
        known = self.erased_before()
        if not any(before.values()) and not known:
            other = "" if self.anonymous else " Is it an anonymous id? Then: --anonymous."
            raise UnknownCustomer(f"nothing holds this id. Ids are compared exactly as recorded.{other}")
        if not dry_run:
            self.note(before)
            self.do(base, found, hits)
            hits = self.places.hits()
            check_gone(hits)
        return self.receipt(before, None if dry_run else counts(hits), hits, found, started)

    def note(self, before: Mapping[str, int]) -> None:
        """Write the journal: the one file that holds the ids while they are being erased."""
        people = {"customers": sorted(self.person.customers), "anonymous": sorted(self.person.anonymous)}
        write_private(self.root / JOURNAL, json.dumps({"id": self.id, **people, "before": dict(before)}))

    def do(self, base: Snapshot, found: Erased, hits: Mapping[str, Hits]) -> None:
        """What changes, in an order that each step of may be done again."""
        store, run_id = self.project.store, f"erase-{uuid.uuid4().hex[:12]}"
        now = (datetime.now(UTC) - EPOCH) // MICROSECOND
        marks = marks_of(self.tombstones, self.person.customers, self.person.anonymous)
        devices = [Mark("device", self.tombstones.mac(device_text(d, space)), now) for space, d in found.devices]
        self.tombstones.with_marks(self.root, [*marks, *devices])
        erase_events(store, base, self.person, found, self.rules, run_id)
        blank_quarantine(store, self.sought)
        expire(store, math.inf)
        if begun(path_of(self.project)):
            publish_sessions(self.project)
            expire(store, math.inf)
        for path in self.places.pages:
            path.unlink(missing_ok=True)
        self.mask_manifests()

    @property
    def root(self) -> Path:
        """The store's folder."""
        return self.project.store.root

    @cached_property
    def tombstones(self) -> Tombstones:
        """Those of the store, as they were."""
        return Tombstones.begun(self.root)

    @cached_property
    def mask(self) -> str:
        """What stands for the id in the receipt."""
        return str(Mask.of(self.root).text(self.id))

    @cached_property
    def all_rules(self) -> IdentityRules:
        """The rules of journeys.toml."""
        return self.project.identity_rules

    @cached_property
    def person(self) -> Person:
        """The id, with its aliases: of today's files, and of those by which the store was written."""
        if self.begun is not None:
            return self.begun.person
        stored = kept_aliases(self.root, self.project.store.snapshot().identity.get("aliases", "")) or {}
        return person_of(self.id, self.anonymous, [dict(self.all_rules.aliases), stored])

    @cached_property
    def rules(self) -> IdentityRules:
        """The rules under which the others' events are written."""
        kept = self.tombstones.living(dict(without(self.all_rules, self.person).aliases))
        return IdentityRules(**{**vars_of(self.all_rules), "aliases": kept})

    @cached_property
    def sought(self) -> Sought:
        """What is searched for."""
        columns = {"anonymous_id"} if self.anonymous else {"customer_id", "owner_id", "alias_id"}
        return Sought(ids=tuple(sorted(self.person.ids)), columns=frozenset(columns), keyed=not self.anonymous)

    @cached_property
    def places(self) -> Places:
        """Where it is searched for."""
        return Places(self.project, self.sought)

    def erased_before(self) -> bool:
        """Was the id erased already?"""
        if self.anonymous:
            return self.tombstones.has_anonymous(self.id)
        return self.tombstones.has_customer(self.id)

    def check(self) -> None:
        """Raise ConfigError for a word that is no id."""
        for word in self.all_rules.blocked:
            if re.fullmatch(word[1:-1], self.id, re.IGNORECASE) if is_pattern(word) else word == self.id.lower():
                raise ConfigError(f'"{self.id}" is no id ([identity] blocked = "{word}"): rows with it are nobody\'s.')

    def mask_manifests(self) -> None:
        """Put the mask where a manifest, or the newest metrics, name the id."""
        pattern = Sought(ids=tuple(i for i in sorted(self.person.ids) if is_long(i)), columns=frozenset()).pattern()
        for path in sorted((self.root / "runs").glob("*")):
            data = path.read_bytes()
            if pattern.search(data):
                publish_bytes(path, pattern.sub(self.mask.encode(), data))

    def receipt(
        self,
        before: Mapping[str, int],
        after: Mapping[str, int] | None,
        hits: Mapping[str, Hits],
        found: Erased,
        started: datetime,
    ) -> Result:
        """The Result; where something was changed it is kept in <store>/receipts, and the journal ends."""
        table = receipt_rows(before, after, hits, found)
        inputs = [p.replace(self.id, self.mask) for p in self.places.inputs]
        meta: dict[str, Any] = {
            "id": self.mask,
            "kind": "anonymous id" if self.anonymous else "customer",
            "ids": len(self.person.ids),
            "erased_at": None if after is None else f"{started:%Y-%m-%dT%H:%M:%SZ}",
            "dry_run": after is None,
            "files_searched": sum(1 for _ in self.places.files()),
            "files_rewritten": len(found.files),
            "inputs": inputs,
            "bytes_searched": is_long(min(self.person.ids, key=len)),
            "warnings": warnings(hits, inputs),
        }
        if after is not None:
            folder = self.root / RECEIPTS
            folder.mkdir(mode=0o700, exist_ok=True)
            kept = folder / f"{started:%Y%m%dT%H%M%S}-{self.mask}.json"
            write_private(kept, json.dumps({**meta, "places": table.to_pylist()}, indent=1))
            (self.root / JOURNAL).unlink()
        return Result(title="erase", table=table, meta=meta)


def vars_of(rules: IdentityRules) -> dict[str, Any]:
    """The fields of the rules."""
    return {f: getattr(rules, f) for f in rules.__dataclass_fields__}


__all__ = ["RECEIPT", "Erasure", "erase", "finish_erasing"]
