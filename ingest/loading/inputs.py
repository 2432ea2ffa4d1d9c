"""The files of a load, and what became of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from ingest.cleaning.clean import Limits
from ingest.cleaning.fitting import reading_of
from ingest.cleaning.mapping import SourceMapping
from ingest.errors import ConfigError, InputError, JourneysError
from ingest.loading.loaded import Aside
from ingest.readers.sources import ReadOptions
from ingest.store.ledger import Ledger, TakenInput

FILE_FAULTS = (InputError, ConfigError, OSError)
"""What is wrong with one file: any other error stops the load."""


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """One file to load, and the name under which its rows are recorded."""

    path: Path
    name: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """Files that are read by one mapping."""

    mapping: SourceMapping
    files: Sequence[InputFile]
    options: ReadOptions = field(default_factory=ReadOptions)
    limits: Limits = field(default_factory=Limits)
    redelivery: str = "append"  # | replace: what a file does that comes again under its name with other bytes
    roots: Sequence[Path] = ()  # folders that names of inputs are relative to
    fault: JourneysError | None = None  # why no file of it can be read

    @property
    def name(self) -> str:
        """The name its rows are stored under."""
        return self.mapping.name

    @property
    def reading(self) -> int:
        """How its files are read, as a number."""
        return reading_of(self.mapping, self.options)


Names = set[tuple[str, str]]
"""(source, name) of inputs."""


@dataclass
class Staged:
    """What was read, and what became of the files that gave nothing; names of inputs, in the order of their coming."""

    keep_faulty: bool = False  # are the rows of a file of which no row is an event to stay?
    fresh: list[TakenInput] = field(default_factory=list)
    known: list[str] = field(default_factory=list)  # taken in before
    growing: list[str] = field(default_factory=list)  # still written to
    empty: list[str] = field(default_factory=list)  # nothing in them
    aside: list[Aside] = field(default_factory=list)  # not to be read
    remapped: list[tuple[str, str]] = field(default_factory=list)  # (source, name): known, and read otherwise then
    redelivered: list[tuple[str, str]] = field(default_factory=list)  # (source, name): known, with other bytes now
    rows: Counter[str] = field(default_factory=Counter)  # by source
    notes: list[str] = field(default_factory=list)  # what to say of how files were read
    lacking: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    """(source, target) -> inputs that have no column for it."""
    present: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # source -> targets with a column

    def put_aside(self, source: Source, file: InputFile, error: Exception) -> None:
        """Note why nothing of a file is taken in."""
        told = error if isinstance(error, JourneysError) else InputError(f"{file.name} cannot be read: {error}.")
        self.aside.append(Aside(source=source.name, name=file.name, error=told))


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the store knows of inputs, and which of them are to be read anew all the same."""

    reading: Callable[[str, str], int]  # (source, digest) -> how it was read, 0 = never
    ledger: Ledger = field(default_factory=Ledger)
    again: Collection[tuple[str, str]] = ()  # (source, name)


class Seen:
    """Which files are not new: taken in before, or the bytes of another file of this load."""

    def __init__(self, known: Known | None) -> None:
        self._known = known
        self._first: tuple[str, Future[str]] | None = None  # a file that was new whatever its bytes are
        self._digests = set[tuple[str, str]]()  # (source, digest)

    def before(self, source: str, name: str, digest: Future[str]) -> int:
        """How it was read when it was seen before, 0 = it is new; from now on it was seen (1: in this load)."""
        if self._known is None and self._first is None:
            self._first = source, digest
            return 0
        if self._first is not None:
            self._digests.add((self._first[0], self._first[1].result()))
        key = source, digest.result()
        if key in self._digests:
            return 1
        self._digests.add(key)
        if self._known is None or (source, name) in self._known.again:
            return 0
        return self._known.reading(*key)

    def named(self, source: str, name: str) -> bool:
        """Did a file of that name come before, with other bytes than the new ones?"""
        return self._known is not None and (source, name) in self._known.ledger.inputs.keys() - set(self._known.again)
