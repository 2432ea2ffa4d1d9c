"""A mapping for a file that nobody described: told from the names of its columns, and checked against its rows.

A guess that could be wrong at a cost is not made: time, event and customer are then asked for (ConfigError with the
line to paste), and what an event can do without is left among its properties, with a word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote as shell

from ingest.cleaning.evidence import Evidence
from ingest.cleaning.guess_needed import Needed, share
from ingest.cleaning.mapping import Field, SourceMapping, server_log
from ingest.cleaning.well_known import (
    CERTAIN,
    CLOCK_NAME,
    DAY_NAME,
    LIKELY,
    MONEY,
    OPTIONAL,
    ROW_IDS,
)
from ingest.errors import ConfigError
from ingest.schema import IDS, NUMBERS


@dataclass(frozen=True, kw_only=True)
class Guess:
    """The fields that were guessed, and what to say of them."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def guess(
    columns: Sequence[str],
    format: str = "csv",
    *,
    evidence: Evidence | None = None,
    given: Mapping[str, Field] | None = None,
    refused: Collection[str] = (),
    mapping: SourceMapping | None = None,
) -> Guess:
    """What is not `given`, from the names of the columns; `refused` targets are not guessed.

    `evidence`: the rows, without which names alone decide. `mapping`: how numbers of this source are read.
    Raises ConfigError, with what to paste, where time, event or customer cannot be told.
    """
    given = given or {}
    if (log := server_log(columns, format)) is not None:
        return Guess(fields={t: f for t, f in log.items() if t not in given and t not in refused})
    try:
        return Guesser(columns, evidence, given, refused, mapping or SourceMapping()).guess()
    except ConfigError as error:
        lists = [] if evidence is None else evidence.lists()
        raise ConfigError(f"{error} {lists_note(lists)}" if lists else str(error)) from None


def lists_note(names: Sequence[str]) -> str:
    """What to say of columns that hold lists of objects."""
    return (
        f"Each record holds a list of objects ({', '.join(names)}): if those are the events, records = "
        f"{json.dumps(names[0])} in the [[source]] (--records {shell(names[0])}) reads each of them as a record, with what "
        "stands beside the list as columns of it."
    )


def bots_note(bots: int, rows: int) -> str:
    """What to say of user agents."""
    told = f"{share(bots, rows)} of the user agents are bots ({bots:,} of {rows:,} rows)"
    return told + (": those rows are quarantined" if bots else "")


class Guesser(Needed):
    """One guess in the making."""

    def guess(self) -> Guess:
        """Time, customer and event first: what identifies an event is judged by its customer."""
        if self.evidence is not None:
            names = [n for t in CERTAIN for n in (*CERTAIN[t], *LIKELY[t])]
            self.evidence.measure([*self.named([*names, "uuid"]), *self.like(DAY_NAME), *self.like(CLOCK_NAME)])
            self.evidence.measure(self.named([n for names in OPTIONAL.values() for n in names]), distinct=False)
        steps: dict[str, Callable[[], str | None]] = {
            "event_at": self.time,
            "customer_id": self.customer,
            "event": self.event,
        }
        self.optional("anonymous_id")
        for target, step in steps.items():
            if self.asked(target) and (name := step()) is not None:
                self.take(target, name)
        self.row_id()
        for target in OPTIONAL:
            self.optional(target)
        self.money()
        if "event" not in self.known and "url" in self.known and "event" not in self.refused:
            self.fields["event"] = Field(constant="page_view")
        missing = [t for t in ("event_at", "event") if t not in self.known]
        if self.known.isdisjoint(IDS):
            missing.append("customer_id")
        if missing:
            raise ConfigError(self.cannot_tell(missing))
        self.effects()
        order = [*CERTAIN, "anonymous_id", "event_id", *OPTIONAL]
        return Guess(fields={t: self.fields[t] for t in sorted(self.fields, key=order.index)}, notes=tuple(self.notes))

    def row_id(self) -> None:
        """event_id: what no customer repeats with other content."""
        for name in self.named(ROW_IDS) if self.asked("event_id") else ():
            if self.is_row_id(name):
                self.take("event_id", name)
                break

    def is_row_id(self, name: str) -> bool:
        """Is it mostly filled, and no customer's twice with other content?"""
        if self.evidence is None:
            return True
        facts = self.evidence.of(name)
        if facts.rows and facts.filled * 2 < facts.rows:
            return False
        repeats = self.evidence.repeats(name, self.who())
        if repeats.is_no_id:
            self.notes.append(
                f"the column {name} is not taken as event_id: {repeats.conflicting:,} of its rows repeat one of their customer's with "
                f"other content (a type, a counter?); --map {shell(f'event_id={name}')} takes it all the same"
            )
        return not repeats.is_no_id

    def who(self) -> list[str]:
        """The columns that say who the customer is; without any, all rows are of one."""
        fields = [f for i in IDS if (f := self.given.get(i) or self.fields.get(i))]
        return [c for f in fields for c in (*f.columns, *f.join) if c in self.columns]

    def optional(self, target: str) -> None:
        """The first column of a well-known name that has values; a number only where every filled cell is one."""
        for name in self.named(OPTIONAL[target]) if self.asked(target) else ():
            if self.filled(name) and (target not in NUMBERS or self.is_number(name, target)):
                self.take(target, name)
                break

    def is_number(self, name: str, target: str) -> bool:
        """Would no row be lost to a cell that is no number?"""
        bad, example = (0, "") if self.evidence is None else self.evidence.no_number(name, target, self.mapping)
        if bad:
            self.notes.append(
                f"the column {name} is not taken as {target}: {bad:,} of its cells {'is not a number' if bad == 1 else 'are not numbers'} "
                f"({example[:40]}); --map {shell(f'{target}={name}')} takes it, and quarantines those rows"
            )
        return not bad

    def money(self) -> None:
        """Money is taken together with its currency, or not at all."""
        guessed = [t for t in MONEY if t in self.fields]
        column = self.fields.get("currency")
        if column is not None and self.evidence is not None:
            facts = self.evidence.of(column.columns[0])
            if facts.currencies < facts.filled:
                del self.fields["currency"]
                self.without_currency(guessed, column.columns[0])

    def without_currency(self, guessed: Sequence[str], column: str) -> None:
        """Take money back, with a word."""
        for target in guessed:
            name = self.fields.pop(target).columns[0]
            self.notes.append(
                f"the column {name} is not taken as {target}: {column} beside it holds other things than codes such as EUR; "
                f"--map {shell(f'{target}={name}')} takes it as one currency"
            )

    def effects(self) -> None:
        """Say what guessed columns do to rows."""
        agent, currency, own = self.fields.get("user_agent"), self.fields.get("currency"), self.mapping.currency
        if self.evidence is None:
            return
        if agent is not None and self.mapping.bots.judged:
            bots, rows = self.evidence.bots(agent.columns[0])
            if rows:
                self.notes.append(bots_note(bots, rows))
        if currency is not None and own is not None:
            foreign = self.evidence.elsewhere(currency.columns[0], own)
            if foreign:
                self.notes.append(f"rows in another currency than {own}: {foreign:,}, quarantined as unknown_currency")
