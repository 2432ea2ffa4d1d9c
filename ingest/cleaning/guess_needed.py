"""Who, when and what: the three things that a guess must find, or ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product
from shlex import quote as shell

from ingest.cleaning.evidence import Evidence
from ingest.cleaning.mapping import Field, SourceMapping
from ingest.cleaning.well_known import CERTAIN, CLOCK_NAME, DAY_NAME, FEW, LIKELY, UUID_ROWS, plain
from ingest.errors import ConfigError


class Needed:
    """A guess in the making: its columns of time, customer and event."""

    def __init__(
        self,
        columns: Sequence[str],
        evidence: Evidence | None,
        given: Mapping[str, Field],
        refused: Collection[str],
        mapping: SourceMapping,
    ) -> None:
        self.columns = columns
        self.evidence = evidence
        self.given = given
        self.refused = refused
        self.mapping = mapping
        self.taken = {c for f in given.values() for c in (*f.columns, *f.join)}
        self.fields: dict[str, Field] = {}
        self.notes: list[str] = []

    @property
    def known(self) -> set[str]:
        """Targets that are given or guessed."""
        return {*self.given, *self.fields}

    def asked(self, target: str) -> bool:
        """Is it to be guessed?"""
        return target not in self.known and target not in self.refused

    def take(self, target: str, name: str) -> None:
        """`name` is the column of `target`."""
        self.fields[target] = Field(columns=(name,))
        self.taken.add(name)

    def named(self, names: Sequence[str]) -> list[str]:
        """The file's columns of these names that nothing else is read from, in the order of `names`."""
        wanted = list(dict.fromkeys(map(plain, names)))
        free = [c for c in self.columns if c not in self.taken and plain(c) in wanted]
        return sorted(free, key=lambda c: wanted.index(plain(c)))

    def like(self, pattern: re.Pattern[str]) -> list[str]:
        """The file's columns of such a name that nothing else is read from."""
        return [c for c in self.columns if c not in self.taken and pattern.search(plain(c))]

    def one_of(self, target: str, fits: Callable[[str], bool]) -> str | None:
        """The one column that could be `target`. Raises ConfigError where two could."""
        for names in (CERTAIN[target], LIKELY[target]):
            hits = [c for c in self.named(names) if fits(c)]
            if len(hits) > 1 and not self.first_is_enough(target, hits):
                raise ConfigError(choose(target, hits))
            if hits:
                return hits[0]
        return None

    def first_is_enough(self, target: str, hits: Sequence[str]) -> bool:
        """`event_at` and `event` leave no doubt; nor do columns that say the same."""
        if plain(hits[0]) == plain(target) and target != "customer_id":
            return True
        return self.evidence is not None and all(self.evidence.same(hits[0], other) for other in hits[1:])

    def filled(self, name: str) -> bool:
        """Is there anything in the column? Without rows, nobody knows."""
        return self.evidence is None or not self.evidence.of(name).rows or self.evidence.of(name).filled > 0

    # who, when, what

    def time(self) -> str | None:
        """The column of event_at; a day and a time of day in two columns are asked for as such."""
        clocks = [c for c in self.like(CLOCK_NAME) if self.is_clock(c)]
        days = [c for c in self.like(DAY_NAME) if c not in clocks and self.is_day(c)] if clocks else []
        choice = self.one_of("event_at", lambda c: c not in clocks and c not in days and self.filled(c))
        if choice is not None or not clocks:
            return choice
        if not days:
            raise ConfigError(
                f"{clocks[0]} holds times of day, and no column beside it days; the columns are "
                f"{', '.join(self.columns)}. Say where the day is: --map event_at=DAY+{shell(clocks[0])}."
            )
        day, clock = max(product(days, clocks), key=lambda pair: alike(*map(plain, pair)))
        raise ConfigError(
            f"{day} is a day and {clock} a time of day. Read both as event_at with "
            f"--map {shell(f'event_at={day}+{clock}')}, or in a [[source]] of journeys.toml with "
            f'event_at = {{ join = ["{day}", "{clock}"] }}.'
        )

    def is_clock(self, name: str) -> bool:
        """Does it hold times of day? Without rows: a time beside a date."""
        if self.evidence is None:
            return plain(name) == "time" and bool(self.named(["date", "day"]))
        facts = self.evidence.of(name)
        return facts.mostly(facts.clocks)

    def is_day(self, name: str) -> bool:
        """Does it hold days without a time?"""
        if self.evidence is None:
            return plain(name) in ("date", "day")
        facts = self.evidence.of(name)
        return facts.mostly(facts.days)

    def customer(self) -> str | None:
        """The column of customer_id: one that comes again."""
        choice = self.one_of("customer_id", self.filled)
        rows = FEW
        if choice is None and "anonymous_id" not in self.known:
            choice, rows = next(iter(self.named(["uuid"])), None), UUID_ROWS
        if choice is None or self.evidence is None:
            return choice
        facts = self.evidence.of(choice)
        if facts.filled >= rows and facts.differs_everywhere:
            raise ConfigError(
                f"{choice} is different in nearly every row ({facts.different:,} in {facts.filled:,}): it names rows rather "
                f"than customers. Say who the customer is with --map customer_id=COLUMN (the columns are "
                f"{', '.join(self.columns)}), or that it is {choice} all the same: --map {shell(f'customer_id={choice}')}."
            )
        return choice

    def event(self) -> str | None:
        """The column of event: one that is filled, with names and not numbers of orders."""
        return self.one_of("event", self.is_event)

    def is_event(self, name: str) -> bool:
        """Is it mostly filled, and with something else than the numbers of orders?"""
        if self.evidence is None:
            return True
        facts = self.evidence.of(name)
        if facts.rows and facts.filled * 2 < facts.rows:
            self.notes.append(
                f"the column {name} is not taken as event: it is empty in {share(facts.rows - facts.filled, facts.rows)} of the rows"
            )
            return False
        if facts.mostly(facts.serials) and (
            plain(name) in map(plain, LIKELY["event"]) or facts.different * 2 > facts.filled
        ):
            self.notes.append(f"the column {name} is not taken as event: it holds numbers, as orders have them")
            return False
        return True

    def cannot_tell(self, missing: Sequence[str]) -> str:
        """What to say where time, event or customer is not there."""
        rejected = "".join(f" ({n})" for n in self.notes if "not taken as event:" in n)
        hint = " If every row is the same event, name it: --map \"event='purchase'\"." if "event" in missing else ""
        return (
            f"cannot tell which column is {' or '.join(missing)}; the columns are {', '.join(self.columns)}{rejected}. "
            f"Say it with --map {missing[0]}=COLUMN, or in a [[source]] of journeys.toml.{hint if missing == ['event'] else ''}"
        )


def choose(target: str, hits: Sequence[str]) -> str:
    """The question that two columns leave, with its answer."""
    return (
        f"several columns could be {target}: {', '.join(hits)}. "
        f"Choose one with --map {shell(f'{target}={hits[0]}')}, or in a [[source]] of journeys.toml."
    )


def alike(left: str, right: str) -> int:
    """How many letters two names begin with together."""
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def share(part: int, whole: int) -> str:
    """12 %; what is there is never 0 %, what lacks never 100 %."""
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "less than 1 %"
    return f"{min(99, round(percent)) if part < whole else 100} %"
