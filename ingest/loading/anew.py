"""Inputs that are read anew: what came of them goes, and what is read now comes, in one commit.

Of two copies of an event only the earlier one is stored, so with an input's rows the copies that others delivered would
go too. Therefore inputs that share rows (the ledger knows which) are read anew together, all or none: what remains is
what a store would be that had never read them, and full equals incremental whatever was read twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from ingest.database import Database, load_sql
from ingest.errors import InputError
from ingest.loading.inputs import InputFile, Source, Staged
from ingest.loading.loaded import Aside
from ingest.loading.settling import drop_rows
from ingest.readers.files import natural_key
from ingest.store.event_store import Snapshot
from ingest.store.ledger import GONE, Share, TakenInput, Transactions, aged_line
from ingest.store.quarantine import Quarantine

GONE_ROWS = pa.schema([("source", pa.string()), ("recorded_input", pa.string())])
"""One row is one input whose rows go."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Inputs whose rows go, and the files (source, name) that are read in their stead."""

    inputs: tuple[TakenInput, ...]
    files: frozenset[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Anew:
    """What is to be read anew."""

    sources: Sequence[Source]  # with the files that must be read along
    groups: Sequence[Group] = ()
    refused: Sequence[Aside] = ()  # files that cannot be read anew now

    @property
    def files(self) -> frozenset[tuple[str, str]]:
        """(source, name) of all files that are read although they may be known."""
        return frozenset[tuple[str, str]]().union(*(g.files for g in self.groups))


def plan_anew(before: Snapshot, sources: Sequence[Source], again: bool, digest_of: Callable[[Path], str]) -> Anew:
    """Which inputs go: those of the files at hand (`again`), or of names that a source replaces when they come again."""
    found: list[Source] = []
    groups: list[Group] = []
    refused: list[Aside] = []
    for source in sources:
        one = Planning(before, source, digest_of)
        for file in source.files:
            if source.fault is None and (again or source.redelivery == "replace"):
                one.consider(file, again)
        groups += one.groups()
        refused += one.refused
        out = {a.name for a in one.refused}
        found.append(replace(source, files=[*(f for f in source.files if f.name not in out), *one.more]))
    return Anew(sources=found, groups=groups, refused=refused)


class Planning:
    """The inputs of one source that go."""

    def __init__(self, before: Snapshot, source: Source, digest_of: Callable[[Path], str]) -> None:
        self._before, self._source, self._digest_of = before, source, digest_of
        self._given = {f.name: f for f in source.files}
        came = {name: inputs for (of, name), inputs in before.ledger.inputs.items() if of == source.name}
        self._came, self._sets = came, before.ledger.groups(source.name)
        self._names: dict[str, list[str]] = {}
        for name in came:
            self._names.setdefault(self._sets.root(natural_key(name)), []).append(name)
        self._asked: dict[str, dict[str, InputFile]] = {}  # set -> name -> file that asks for it
        self.refused: list[Aside] = []
        self.more: list[InputFile] = []

    def consider(self, file: InputFile, again: bool) -> None:
        """Note the set of inputs that must go before this file can be read, if there is one."""
        try:
            digest = self._digest_of(file.path)
        except (InputError, OSError):
            return  # it will be said when it is to be read
        under = self._before.ledger.by_digest.get((self._source.name, digest))
        known = self._before.reading(self._source.name, digest)
        if again and known and under is None:
            error = InputError(
                f"{file.name} was taken in by a version that kept no ledger; ingest its inputs again into a new store."
            )
            self.refused.append(Aside(source=self._source.name, name=file.name, error=error))
        names = [file.name] if file.name in self._came and (again or not known) else []
        names += [under.name] if again and under is not None else []
        for name in names:
            self._asked.setdefault(self._sets.root(natural_key(name)), {})[name] = file

    def groups(self) -> Iterator[Group]:
        """The sets that can be read anew as a whole."""
        for root, asked in self._asked.items():
            files = {f.name: f for f in asked.values()}
            try:
                for name in self._names[root]:
                    if name not in asked:
                        files[name] = self.companion(name, next(iter(files)))
            except InputError as error:
                mine = [Aside(source=self._source.name, name=f.name, error=error) for f in asked.values()]
                self.refused += mine
                continue
            self.more += [f for name, f in files.items() if name not in self._given]
            inputs = tuple(i for name in self._names[root] for i in self._came[name])
            yield Group(inputs=inputs, files=frozenset((self._source.name, name) for name in files))

    def companion(self, name: str, asked: str) -> InputFile:
        """The file that must be read along, as it was read; InputError where it is not there any more."""
        digests = {i.digest for i in self._came[name]}
        places = [self._given[name].path] if name in self._given else [root / name for root in self._source.roots]
        path = next((p for p in places if p.is_file()), None)
        if path is not None and digests == {self._digest_of(path)}:
            return InputFile(path=path, name=name)
        what = "is not where it was" if path is None else "has other bytes than those that were loaded"
        raise InputError(
            f"{asked} cannot be read anew alone: {name} has copies of its rows, and {name} {what}. Put it back, or take it as "
            f"it is now: journeys ingest --again {asked} {name}."
        )


def standing(db: Database, staged: Staged, groups: Sequence[Group]) -> list[Group]:
    """The groups of which every file was read; of the others nothing goes and nothing comes."""
    failed = {(a.source, a.name) for a in staged.aside} | {
        (source, name) for group in groups for source, name in group.files if name in staged.growing
    }
    kept = [g for g in groups if not g.files & failed]
    dropped = frozenset[tuple[str, str]]().union(*(g.files for g in groups if g not in kept))
    for taken in [i for i in staged.fresh if (i.source, i.name) in dropped]:
        drop_rows(db, taken.source, taken.name)
        staged.fresh.remove(taken)
        staged.rows[taken.source] -= taken.rows
        staged.known.append(taken.name)
    return kept


@dataclass(frozen=True, kw_only=True)
class Going:
    """What goes: rows of inputs by span, and what the books said of them."""

    inputs: Sequence[TakenInput] = ()
    spans: Mapping[str, int] = field(default_factory=dict)  # span -> events that go
    quarantined: Mapping[str, int] = field(default_factory=dict)  # by reason
    aged: int = 0  # rows that left before, since they were too old
    lines: Transactions = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows that were read."""
        return sum(i.rows for i in self.inputs)

    @property
    def duplicates(self) -> int:
        """Rows that were copies: of each other, for nobody else shares any."""
        return self.rows - sum(self.spans.values()) - sum(self.quarantined.values()) - self.aged


def going(db: Database, base: Snapshot, groups: Sequence[Group]) -> Going:
    """Make the table `gone` (GONE_ROWS) and count what is of these inputs."""
    inputs = [i for g in groups for i in g.inputs]
    keys = {(i.source, natural_key(i.name)) for i in inputs}
    columns = list(zip(*sorted(keys), strict=True)) or [(), ()]
    table = pa.table([pa.array(c, pa.string()) for c in columns], schema=GONE_ROWS)
    db.run_with("create or replace temp table gone as select * from gone_inputs", gone_inputs=table)
    if not inputs:
        return Going()
    by_path = {str(f.path): f.span for f in base.files}
    spans = Counter[str]()
    if by_path:
        for path, rows in db.rows(load_sql("ingest", "going"), {"files": list(by_path)}):
            spans[by_path[path]] += rows
    return Going(
        inputs=inputs,
        spans=spans,
        quarantined=quarantined(base, {i.key for i in inputs}),
        aged=sum(base.ledger.aged.get(key, 0) for key in keys),
        lines={name: number for i in inputs for name, number in i.gone().items()}
        | {aged_line(*key): GONE for key in keys & base.ledger.aged.keys()}
        | {s.transaction: GONE for s in shares_of(base, keys)},
    )


def quarantined(base: Snapshot, keys: Collection[tuple[str, str, str]]) -> dict[str, int]:
    """Rows of these inputs in the quarantine, by reason."""
    rows = Quarantine(base.root.parent).rows()
    columns = [rows[name].to_pylist() for name in ("source", "input", "run_id", "reason")]
    return dict(Counter(reason for *key, reason in zip(*columns, strict=True) if tuple(key) in keys))


def shares_of(base: Snapshot, keys: Collection[tuple[str, str]]) -> list[Share]:
    """What the ledger says of their common rows."""
    return [s for s in base.ledger.shares if (s.source, s.first) in keys or (s.source, s.second) in keys]
