"""The ledger of inputs: which file was taken in by which source, how it was read, and with which files it shares rows.

It stands in the transactions of the events' own log, so that one commit has both the rows and where they came from. A
transaction is a name and a number, and the newest number of a name holds; a name is a JSON list, a number of 0 = no more.

    ["bytes", source, digest]                            -> how they were read, see `reading_of`
    ["input", source, name, digest, rows, run]           -> 1
    ["shared", source, name key, name key]               -> 1
    ["aged", source, name key]                           -> rows of it that left since they were too old
    input:<digest>                                       -> 1, of stores from before there were sources in the ledger
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

GONE = 0
Transactions = dict[str, int]
Key = tuple[str, str, str]
"""source, name, run: the rows that one run read of one file."""


@dataclass(frozen=True, kw_only=True)
class TakenInput:
    """One input file that a write takes in."""

    digest: str  # sha256 of its bytes
    source: str
    name: str
    reading: int = 1  # how it was read
    rows: int = 0  # accepted, duplicate or quarantined
    run_id: str = ""

    @property
    def transaction(self) -> str:
        """The name of its line in the ledger."""
        return json.dumps(["input", self.source, self.name, self.digest, self.rows, self.run_id])

    @property
    def key(self) -> Key:
        """What its rows in the quarantine have in common."""
        return self.source, self.name, self.run_id

    def taken(self) -> Transactions:
        """The transactions of taking it in."""
        return {bytes_name(self.source, self.digest): self.reading, self.transaction: 1}

    def gone(self) -> Transactions:
        """The transactions of its leaving."""
        return {bytes_name(self.source, self.digest): GONE, self.transaction: GONE}


@dataclass(frozen=True, kw_only=True)
class Share:
    """Two inputs (natural keys of their names) of one source that hold copies of one event."""

    source: str
    first: str
    second: str

    @property
    def transaction(self) -> str:
        """The name of its line in the ledger."""
        return json.dumps(["shared", self.source, self.first, self.second])


def bytes_name(source: str, digest: str) -> str:
    """The transaction that knows bytes of a source."""
    return json.dumps(["bytes", source, digest])


def aged_line(source: str, name_key: str) -> str:
    """The transaction that counts the rows of an input that left since they were too old."""
    return json.dumps(["aged", source, name_key])


@dataclass(frozen=True)
class Ledger:
    """What the transactions of a log say."""

    inputs: dict[tuple[str, str], list[TakenInput]] = field(default_factory=dict)  # (source, name) -> those that came
    by_digest: dict[tuple[str, str], TakenInput] = field(default_factory=dict)
    shares: frozenset[Share] = frozenset()
    aged: dict[tuple[str, str], int] = field(default_factory=dict)  # (source, name key) -> rows that grew too old

    @classmethod
    def of(cls, transactions: Mapping[str, int]) -> Ledger:
        """Read the lines that still hold."""
        inputs: dict[tuple[str, str], list[TakenInput]] = defaultdict(list)
        by_digest, shares, aged = {}, set(), {}
        for text, number in transactions.items():
            if number == GONE or not text.startswith(('["input"', '["shared"', '["aged"')):
                continue
            kind, source, *rest = json.loads(text)
            if kind == "aged":
                aged[source, rest[0]] = number
                continue
            if kind == "shared":
                shares.add(Share(source=source, first=rest[0], second=rest[1]))
                continue
            name, digest, rows, run_id = rest
            reading = transactions.get(bytes_name(source, digest), 1)
            taken = TakenInput(source=source, name=name, digest=digest, rows=rows, run_id=run_id, reading=reading)
            inputs[source, name].append(taken)
            by_digest[source, digest] = taken
        return cls(dict(inputs), by_digest, frozenset(shares), aged)

    @property
    def keys(self) -> set[Key]:
        """The keys of all inputs."""
        return {taken.key for came in self.inputs.values() for taken in came}

    def groups(self, source: str) -> Groups:
        """The inputs of a source by what they share."""
        return Groups(s for s in self.shares if s.source == source)


class Groups:
    """Sets of inputs that grow together (union-find)."""

    def __init__(self, shares: Iterable[Share] = ()) -> None:
        self._parent: dict[str, str] = {}
        for share in shares:
            self.join(share.first, share.second)

    def root(self, one: str) -> str:
        """The name of its set."""
        at = one
        while (up := self._parent.get(at, at)) != at:
            at = up
        while (up := self._parent.get(one, one)) != at:
            self._parent[one], one = at, up
        return at

    def join(self, one: str, other: str) -> bool:
        """Make them one set; False where they were."""
        a, b = self.root(one), self.root(other)
        self._parent[max(a, b)] = min(a, b)
        self._parent.setdefault(min(a, b), min(a, b))
        return a != b
