"""What the rows of a file say about a guess: is a column what its name promises?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ingest.cleaning.bots import crawler_names
from ingest.cleaning.mapping import Columns, Field, SourceMapping
from ingest.cleaning.numbers import Readings, digits, minor_or_whole, readings
from ingest.cleaning.well_known import CERTAIN, LIKELY, TIME_NAME, plain
from ingest.database import Database, load_sql

CLOCK = r"[0-2]?[0-9]:[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?( ?[AaPp]\.?[Mm]\.?)?"
DAY = r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}|(19|20)[0-9]{6}"
SERIAL = r"#?[A-Za-z]{0,4}[-_ ]?[0-9]{3,}"
"""An order's number: #1001, INV-20931."""
CURRENCY = r"[A-Za-z]{3}"

STAMPS = re.compile(r"(load|ingest|upload|receiv|process|sync|export|insert|extract|batch)", re.IGNORECASE)
"""Part of the name of a column that says when, or in which load, a row was handed over: no content of the row."""

TYPED = ("timestamp", "timestamptz", "date", "double", "float")
"""Types of a column of Parquet whose texts are no words."""

SAMPLED = 100
"""Rows of which it is asked whether a column holds lists of objects."""

AGENTS = 5_000
"""Different user agents that are judged, the most frequent first."""


@dataclass(frozen=True, kw_only=True)
class ColumnFacts:
    """Counts of rows: how many cells are filled, how many of those differ, and how many are of a kind."""

    rows: int
    filled: int
    different: int
    clocks: int  # a time of day without a day
    days: int  # a day without a time
    serials: int
    currencies: int

    @property
    def differs_everywhere(self) -> bool:
        """Is nearly every filled cell another one?"""
        return self.filled > 0 and self.different * 20 >= self.filled * 19

    def mostly(self, count: int) -> bool:
        """Is `count` more than half of the filled cells?"""
        return count * 2 > self.filled


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """Rows of one customer that repeat an id: all of them, and those of other content."""

    copies: int
    conflicting: int

    @property
    def is_no_id(self) -> bool:
        """More than one in ten says something else: a counter, a type's code, an order with several lines."""
        return self.conflicting * 10 > self.copies


def is_time(name: str) -> bool:
    """Is a column named like a time?"""
    return plain(name) in map(plain, (*CERTAIN["event_at"], *LIKELY["event_at"])) or bool(TIME_NAME.search(plain(name)))


class Evidence:
    """Asks a relation of rows (c0, c1, ...) about its columns, by name; each question is one aggregate."""

    def __init__(self, db: Database, relation: str, names: Sequence[str], types: Sequence[str] = ()) -> None:
        self._db = db
        kinds = dict(zip(names, types, strict=False))
        self._json = frozenset(name for name, kind in kinds.items() if kind == "json")
        self._typed = frozenset(name for name, kind in kinds.items() if kind in TYPED)
        self._relation = relation
        self._names = tuple(names)
        self._facts: dict[str, ColumnFacts] = {}
        db.run(load_sql("ingest", "macros"))

    def _text(self, name: str) -> str:
        text = f"nullif(trim(c{self._names.index(name)}::varchar), '')"
        return f"nullif(nullif({text}, 'false'), 'NaN')" if name in self._json else text

    def measure(self, names: Sequence[str], distinct: bool = True) -> None:
        """Read these columns once; `of` answers from what was found. Without `distinct`, `different` stays 0."""
        news = [n for n in dict.fromkeys(names) if n not in self._facts]
        if not news:
            return
        texts = ", ".join(f"{self._text(n)} as t{i}" for i, n in enumerate(news))
        kinds = (CLOCK, DAY, SERIAL, CURRENCY)
        asked = ", ".join(
            f"count(t{i}), {f'count(distinct t{i})' if distinct else '0'}, "
            + ", ".join(
                "0" if n in self._typed else f"count(*) filter (regexp_full_match(t{i}, '{kind}'))" for kind in kinds
            )
            for i, n in enumerate(news)
        )
        rows, *counts = map(
            int, self._db.rows(f"select count(*), {asked} from (select {texts} from {self._relation})")[0]
        )
        for i, name in enumerate(news):
            filled, different, clocks, days, serials, currencies = counts[6 * i : 6 * i + 6]
            self._facts[name] = ColumnFacts(
                rows=rows,
                filled=filled,
                different=different,
                clocks=clocks,
                days=days,
                serials=serials,
                currencies=currencies,
            )

    def of(self, name: str) -> ColumnFacts:
        """What was counted in one column."""
        self.measure([name])
        return self._facts[name]

    def same(self, left: str, right: str) -> bool:
        """Do two columns say the same in every row?"""
        differ = f"{self._text(left)} is distinct from {self._text(right)}"
        return not self._db.rows(f"select 1 from {self._relation} where {differ} limit 1")

    def no_number(self, name: str, target: str, mapping: SourceMapping) -> tuple[int, str]:
        """(how many filled cells are no number as `target` reads it, one of them)."""
        cells = f"select bare({self._text(name)}) as b_{target} from {self._relation}"
        alone = replace(mapping, fields={target: Field(columns=(name,))})
        columns = Columns(self._names, ("text",) * len(self._names))
        read = readings(self._db, f"(select '' as recorded_input, * from {self._relation})", columns, alone)
        cells = f"select *, {digits(target, mapping, read.get('', Readings()))} as d_{target} from ({cells})"
        bad = f"b_{target} is not null and {minor_or_whole(target, mapping)} is null and not is_nan(b_{target})"
        bad_rows = self._db.rows(f"select count(*), min(b_{target}) from ({cells}) where {bad}")[0]
        return int(bad_rows[0]), str(bad_rows[1])

    def repeats(self, name: str, customer: Sequence[str]) -> Repeats:
        """How often one customer has the same id again, and with other content."""
        content = [f"c{i}" for i, n in enumerate(self._names) if not (n.startswith("_") or STAMPS.search(n))]
        who = f"concat_ws(' ', {', '.join(map(self._text, customer))})" if customer else "''"
        rows = f"select {who} as who, {self._text(name)} as id, hash({', '.join(content) or '0'}) as content"
        groups = f"select count(*) as n, count(distinct content) as kinds from ({rows} from {self._relation}) where id is not null"
        repeated = self._db.rows(
            f"select sum(n - 1), sum(kinds - 1) from ({groups} group by who, id having count(*) > 1)"
        )
        return Repeats(copies=int(repeated[0][0] or 0), conflicting=int(repeated[0][1] or 0))

    def lists(self, timed: bool = False) -> list[str]:
        """The columns that hold lists of objects, which may be the events: those with a time first, or (`timed`) alone.

        A list of {key, value} is none: it holds what one event is described by.
        """
        lists = []
        for name in sorted(self._json, key=self._names.index):
            at = self._names.index(name)
            some = f"select c{at}::varchar as t from {self._relation} where c{at}::varchar like '[%{{%' limit {SAMPLED}"
            keys = "case when json_valid(t) and json_type(t, '$[0]') = 'OBJECT' then json_keys(t, '$[0]') end"
            asked = (
                f"select count(*), count(k), list_distinct(flatten(list(k))) from (select {keys} as k from ({some}))"
            )
            rows, objects, names = self._db.rows(asked)[0]
            if rows and rows == objects and "key" not in names:
                lists.append((not any(is_time(n) for n in names), name))
        return [name for without, name in sorted(lists, key=lambda one: one[0]) if not (timed and without)]

    def bots(self, name: str) -> tuple[int, int]:
        """(rows whose user agent is a bot's, rows that have one), of the most frequent user agents."""
        return bots_among(self._db, f"select {self._text(name)} as agent from {self._relation}", {})

    def elsewhere(self, name: str, currency: str) -> int:
        """Rows in another currency than this one."""
        text = self._text(name)
        return int(
            self._db.rows(f"select count(*) from {self._relation} where upper({text}) <> $own", {"own": currency})[0][0]
        )


def bots_among(db: Database, agents: str, params: Mapping[str, str]) -> tuple[int, int]:
    """(rows whose user agent is a bot's, rows that have one), of the most frequent ones of a relation's column `agent`."""
    order = f"group by agent order by count(*) desc, agent limit {AGENTS}"
    counted = dict(db.rows(f"select agent, count(*) from ({agents}) where agent is not null {order}", params))
    return sum(counted[agent] for agent in crawler_names(counted)), sum(counted.values())
