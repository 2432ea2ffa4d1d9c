"""A mapping for a file that nobody described: told from the names of its columns, and checked against its rows.

A guess that could be wrong at a cost is not made: time, event and customer are then asked for (ConfigError with the
line to paste), and what an event can do without is left among its properties, with a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from shlex import quote as shell

from ingest.cleaning.evidence import Evidence
from ingest.cleaning.mapping import Field, SourceMapping, server_log
from ingest.errors import ConfigError
from ingest.schema import IDS, NUMBERS

CERTAIN: dict[str, tuple[str, ...]] = {
    "event_at": ("event_at", "event_timestamp", "event_time", "event_datetime", "occurred_at"),
    "event": ("event", "event_name"),
    "customer_id": ("customer_id", "user_id", "client_id", "member_id", "person_id", "visitor_id", "distinct_id"),
}
"""Names that say what they are; spelled without case, spaces and joints by `plain`."""

LIKELY: dict[str, tuple[str, ...]] = {
    "event_at": ("timestamp", "created_at", "time", "ts", "datetime", "date_time", "invoice_date", "date"),
    "event": ("event_type", "action", "activity", "name", "type"),
    "customer_id": ("customer", "user", "uid"),
}
"""Names that are taken where no certain one is there."""

DAY_NAME, CLOCK_NAME = re.compile("(date|day)$"), re.compile("time$")
"""Columns that may hold the day, or the time of day, of a moment that is written in two."""

ROW_IDS = ("insert_id", "uuid", "message_id", "event_id")
"""Names of what tells one event from another, the most telling first. A uuid can be a customer's as well."""

OPTIONAL: dict[str, tuple[str, ...]] = {
    "anonymous_id": ("anonymous_id", "device_id", "cookie_id", "user_pseudo_id"),
    "channel": ("channel",),
    "url": ("url", "page_url", "page_location", "current_url"),
    "referrer": ("referrer", "referer", "page_referrer"),
    "user_agent": ("user_agent",),
    "ip": ("ip", "ip_address", "client_ip"),
    "currency": ("currency", "currency_code"),
    "order_id": ("order_id", "transaction_id"),
    "item_id": ("item_id", "product_id", "sku", "stock_code"),
    "cart_id": ("cart_id",),
    "value": ("value", "revenue", "amount"),
    "quantity": ("quantity", "qty"),
    "price": ("price", "unit_price"),
}
"""What an event can do without."""

MONEY = ("value", "price")
FEW = 10
"""Rows below which different customers everywhere prove nothing; a uuid is doubted from UUID_ROWS on."""
UUID_ROWS = 3


@dataclass(frozen=True, kw_only=True)
class Guess:
    """The fields that were guessed, and what to say of them."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def plain(name: str) -> str:
    """A column's name without case, white space, hyphens, underscores and a leading $: eventTime = Event-Time = event_time."""
    return re.sub(r"[\s_-]+", "", name).removeprefix("$").lower()


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
    return Guesser(columns, evidence, given, refused, mapping or SourceMapping()).guess()


class Guesser:
    """One guess in the making."""

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
        found = self.one_of("event_at", lambda c: c not in clocks and c not in days and self.filled(c))
        if found is not None or not clocks:
            return found
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
        found = self.one_of("customer_id", self.filled)
        rows = FEW
        if found is None and "anonymous_id" not in self.known:
            found, rows = next(iter(self.named(["uuid"])), None), UUID_ROWS
        if found is None or self.evidence is None:
            return found
        facts = self.evidence.of(found)
        if facts.filled >= rows and facts.differs_everywhere:
            raise ConfigError(
                f"{found} is different in nearly every row ({facts.different:,} in {facts.filled:,}): it names rows rather "
                f"than customers. Say who the customer is with --map customer_id=COLUMN (the columns are "
                f"{', '.join(self.columns)}), or that it is {found} all the same: --map {shell(f'customer_id={found}')}."
            )
        return found

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

    # what an event can do without

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
        found = self.evidence.repeats(name, self.who())
        if found.is_no_id:
            self.notes.append(
                f"the column {name} is not taken as event_id: {found.conflicting:,} of its rows repeat one of their customer's with "
                f"other content (a type, a counter?); --map {shell(f'event_id={name}')} takes it all the same"
            )
        return not found.is_no_id

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
                f"the column {name} is not taken as {target}: {bad:,} of its cells {'is' if bad == 1 else 'are'} no number "
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
                self.notes.append(
                    f"{share(bots, rows)} of the user agents are bots ({bots:,} of {rows:,} rows)"
                    + (": those rows are quarantined" if bots else "")
                )
        if currency is not None and own is not None:
            foreign = self.evidence.elsewhere(currency.columns[0], own)
            if foreign:
                self.notes.append(f"rows in another currency than {own}: {foreign:,}, quarantined as unknown_currency")


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
