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
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.array_types import MICROSECOND
from ingest.errors import ConfigError, InputError, NoStore, StoreError, UnknownCustomer
from ingest.identity.rules import IdentityRules, is_pattern
from ingest.identity.stitching import aliases_path, read_aliases
from ingest.loading.erase import Erased, Person, erase_events, find_events, person_of, without
from ingest.loading.erase_quarantine import blank_quarantine
from ingest.loading.id_search import Hits, Search, Sought, files_of, holds_values, is_long, pieces_of
from ingest.readers.archives import archive_of
from ingest.readers.files import expand
from ingest.store.delta import begun
from ingest.store.event_store import Snapshot
from ingest.store.retention import expire, superseded
from ingest.store.tombstones import Mark, Tombstones, device_text, marks_of, write_private
from pipeline.atomic_write import publish_bytes
from pipeline.loading.sessions_table import path_of, publish_sessions
from pipeline.project.masking import Mask
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result

JOURNAL = "erasing.json"
RECEIPTS = "receipts"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

RECEIPT = pa.schema(
    [
        pa.field("place", pa.string()),
        pa.field("before", pa.int64()),
        pa.field("after", pa.int64()),
        pa.field("detail", pa.string()),
    ]
)
"""One row is one kind of place: how often the id stood there before and after (null: nothing was changed yet), and what was done."""

PLACES = {"runs": "run manifests", "inputs": "names of inputs"}
STAYS = ("inputs that still hold it", "text of other customers' events", "names of inputs")
"""Places that erasing leaves as they are, and says so."""


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
        hits = self.search()
        before = {**counts(hits), "events": found.events, **(self.begun.before if self.begun else {})}
        known = self.erased_before()
        if not any(before.values()) and not known:
            other = "" if self.anonymous else " Is it an anonymous id? Then: --anonymous."
            raise UnknownCustomer(f"nothing holds this id. Ids are compared exactly as recorded.{other}")
        if not dry_run:
            self.note(before)
            self.do(base, found, hits)
            hits = self.search()
            self.check_gone(hits)
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
        kept = store.snapshot().identity.get("aliases")
        for path in self.root.glob("aliases-*"):
            if kept is None or path != aliases_path(self.root, kept):
                path.unlink()
        expire(store, math.inf)
        if begun(path_of(self.project)):
            publish_sessions(self.project)
            expire(store, math.inf)
        for path in self.pages:
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
        stored = read_aliases(self.root, self.project.store.snapshot().identity.get("aliases", "")) or {}
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
    def searched(self) -> Search:
        """The files that were looked at so far."""
        return Search(self.sought)

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

    def search(self) -> dict[str, Hits]:
        """Every file of the store, the published pages, and the inputs."""
        old = {str(p) for p in superseded(self.project.store)}
        own = (
            ("older files" if str(path) in old else place, path)
            for place, path in files_of(self.root.absolute(), PLACES)
            if path.name not in (JOURNAL, "writer.lock") and place != RECEIPTS
        )
        found = self.searched.hits(own)
        events = found.get("events", Hits())
        others = found.setdefault("text of other customers' events", Hits())
        others.mentions, others.columns, events.mentions = events.mentions, set(events.columns), 0
        found["published pages"] = Hits(mentions=len(self.find_pages()))
        found["inputs that still hold it"] = Hits(mentions=len(self.inputs))
        return found

    @cached_property
    def pages(self) -> list[Path]:
        """Published files that show the person, as they were found first."""
        return self.find_pages()

    def find_pages(self) -> list[Path]:
        """Files of the reports' folder that hold the mask, or an id that is no chance."""
        mask = Mask.of(self.root)
        texts = [str(mask.text(i)) for i in self.person.ids] + [i for i in self.person.ids if is_long(i)]
        pattern = Sought(ids=tuple(sorted(texts)), columns=frozenset()).pattern()
        folder = self.project.directory / self.project.config.project.reports
        files = sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else []
        return [p for p in files if any(pattern.search(piece) for piece in pieces_of(p))]

    @cached_property
    def inputs(self) -> list[str]:
        """The files that [[source]], [[alias]] and [[customers]] name and that still hold an id."""
        return [str(p) for p in dict.fromkeys(self.named_files()) if self.holds(p)]

    def holds(self, path: Path) -> bool:
        """Does an input hold an id?"""
        if path.suffix == ".parquet":
            return holds_values(path, self.sought)
        pattern = self.sought.pattern()
        return any(pattern.search(piece) for piece in pieces_of(path))

    def named_files(self) -> Iterator[Path]:
        """Files that journeys.toml names and that are there."""
        config = self.project.config
        for paths in (
            section.path for group in (config.sources, config.aliases, config.customers) for section in group
        ):
            for path in paths:
                with suppress(InputError):
                    found = expand([path], self.project.directory)
                    yield from (p for p in (archive_of(f) or f for f in found) if p.is_file())

    def mask_manifests(self) -> None:
        """Put the mask where a manifest, or the newest metrics, name the id."""
        pattern = Sought(ids=tuple(i for i in sorted(self.person.ids) if is_long(i)), columns=frozenset()).pattern()
        for path in sorted((self.root / "runs").glob("*")):
            data = path.read_bytes()
            if pattern.search(data):
                publish_bytes(path, pattern.sub(self.mask.encode(), data))

    def check_gone(self, hits: Mapping[str, Hits]) -> None:
        """Raise StoreError where the store still holds the id in a place that erasing clears."""
        stay = {p for p, h in hits.items() if p not in STAYS and h.own}
        stay |= {
            p for p, h in hits.items() if p in ("older files", "published pages", "sessions", "quarantine") and h.any
        }
        told = hits.get("text of other customers' events", Hits()).mentions
        stay |= {p for p, h in hits.items() if h.bytes and not (told and p in ("events",))}
        if stay:
            raise StoreError(
                f"the search still finds the id in: {', '.join(sorted(stay))}. Erase again; see journeys doctor."
            )

    def receipt(
        self,
        before: Mapping[str, int],
        after: Mapping[str, int] | None,
        hits: Mapping[str, Hits],
        found: Erased,
        started: datetime,
    ) -> Result:
        """The Result; where something was changed it is kept in <store>/receipts, and the journal ends."""
        rows = [
            {
                "place": place,
                "before": n,
                "after": None if after is None else after.get(place, 0),
                "detail": self.detail(place, hits, found),
            }
            for place, n in sorted(before.items(), key=lambda p: (p[0] in STAYS, p[0] != "events", p[0]))
            if n or place in ("events", "sessions", "quarantine", "published pages", "older files")
        ]
        meta: dict[str, Any] = {
            "id": self.mask,
            "kind": "anonymous id" if self.anonymous else "customer",
            "ids": len(self.person.ids),
            "erased_at": None if after is None else f"{started:%Y-%m-%dT%H:%M:%SZ}",
            "dry_run": after is None,
            "files_searched": sum(1 for _ in files_of(self.root.absolute(), PLACES)),
            "files_rewritten": len(found.files),
            "inputs": [p.replace(self.id, self.mask) for p in self.inputs],
            "bytes_searched": is_long(min(self.person.ids, key=len)),
            "warnings": self.warnings(hits),
        }
        if after is not None:
            folder = self.root / RECEIPTS
            folder.mkdir(mode=0o700, exist_ok=True)
            write_private(
                folder / f"{started:%Y%m%dT%H%M%S}-{self.mask}.json", json.dumps({**meta, "places": rows}, indent=1)
            )
            (self.root / JOURNAL).unlink()
        return Result(title="erase", table=pa.Table.from_pylist(rows, schema=RECEIPT), meta=meta)

    def detail(self, place: str, hits: Mapping[str, Hits], found: Erased) -> str:
        """What is done in a place."""
        if place == "events":
            return f"{found.stitched:,} stitched; {len(found.files):,} files written anew"
        if place == "text of other customers' events":
            columns = ", ".join(sorted(hits[place].columns)) if place in hits else ""
            return f"not changed: {columns}"
        return {
            "quarantine": "rows that hold it, kept without content",
            "published pages": "deleted; journeys report and backfill write them anew",
            "older files": "files that newer ones replaced, deleted",
            "inputs that still hold it": "files, not changed: delete the rows there",
            "run manifests": "the mask in its place",
        }.get(place, "")

    def warnings(self, hits: Mapping[str, Hits]) -> list[str]:
        """What whoever erases must know."""
        said = [f"{p.replace(self.id, self.mask)} still holds the id: it was not changed." for p in self.inputs]
        told = hits.get("text of other customers' events", Hits())
        if told.mentions:
            said.append(
                f"the text of the id stands in {told.mentions:,} values of other customers' events "
                f"({', '.join(sorted(told.columns))}): they were not changed."
            )
        return said


def counts(hits: Mapping[str, Hits]) -> dict[str, int]:
    """Place -> how often the id stands there."""
    return {place: h.own + h.mentions for place, h in hits.items()}


def vars_of(rules: IdentityRules) -> dict[str, Any]:
    """The fields of the rules."""
    return {f: getattr(rules, f) for f in rules.__dataclass_fields__}


__all__ = ["RECEIPT", "Erasure", "erase", "finish_erasing"]
