"""SQL of the currency of a row, and of amounts in another one: which are foreign, and what they are converted to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from ingest.cleaning.currencies import MINOR_DIGITS, SIGNS, Rates, marks_of, readings_of_marks
from ingest.cleaning.mapping import Columns, Expressions, SourceMapping
from ingest.database import Database
from ingest.quoting import literal
from ingest.schema import MONEY

RATES = pa.schema(
    [
        pa.field("rated", pa.string()),  # the currency
        pa.field("since", pa.date32()),
        pa.field("until", pa.date32()),  # exclusive
        pa.field("minor", pa.decimal128(19, 10)),  # minor units of the declared currency that one unit is
    ]
)
"""One row is a currency and the days that a rate of it holds on."""


@dataclass(frozen=True, kw_only=True)
class Money:
    """The money of one source in the statement that judges its rows, over the columns t_currency, b_N, d_N, v_N and event_at."""

    mapping: SourceMapping
    marked: bool = False
    """Is the currency column filled from signs and codes beside amounts, since none is declared?"""

    @property
    def amounts(self) -> list[str]:
        """The targets of money that are mapped."""
        return [n for n in MONEY if n in self.mapping.fields]

    @property
    def converts(self) -> bool:
        """Are there rates to convert by?"""
        return bool(self.mapping.currency and self.mapping.rates.table and self.amounts)

    def marks(self) -> dict[str, str]:
        """m_N: the sign or code beside an amount, NULL beside plain digits."""
        return {f"m_{n}": f"case when d_{n} is distinct from b_{n} then money_mark(b_{n}) end" for n in self.amounts}

    def code(self) -> str:
        """The currency of the row, NULL where its sign could be several; for `converts`."""
        declared = self.mapping.currency or ""
        known = readings_of_marks(declared, self.mapping.rates.currencies)
        cases = " ".join(f"when {literal(m)} then {literal(code)}" for m, code in known.items())
        marks = f"coalesce({', '.join([*self.marks(), 'null'])})"
        told = f"case when {marks} is null then {literal(declared)} else case {marks} {cases} end end"
        column = "nullif(upper(bare(t_currency)), '')"
        return f"coalesce({column}, {told})" if "currency" in self.mapping.fields else told

    def rated(self) -> str:
        """The CTE that converts: the rows of `typed` with their amounts in the declared currency where a rate holds on their day."""
        day = f"timezone({literal(self.mapping.rates.timezone)}, event_at)::date"
        foreign = f"_code <> {literal(self.mapping.currency or '')} and minor is not null"
        amounts = ", ".join(
            f"case when {foreign} then converted(d_{n}, minor) else v_{n} end as v_{n}" for n in self.amounts
        )
        return (
            f"select * replace ({amounts}) from typed left join rates "
            f"on rated = _code and {day} >= since and {day} < until"
        )

    def foreign(self, e: Expressions) -> str:
        """Is the row in another currency than the declared one, and in none that it can be converted from?"""
        own = self.mapping.currency
        if own is None or not (self.amounts or "currency" in self.mapping.fields):
            return "false"
        if self.converts:
            fits = [f"m_{n} is not null and not money_fits(m_{n}, _code)" for n in self.amounts]
            return " or ".join([f"_code is null or (_code <> {e.bind(own)} and minor is null)", *fits])
        marks = ", ".join(map(literal, marks_of(own)))
        tests = [f"upper(bare(t_currency)) <> {e.bind(own)}"] if "currency" in self.mapping.fields else []
        tests += [f"m_{n} not in ({marks})" for n in self.amounts]
        return " or ".join(f"coalesce({test}, false)" for test in tests)

    def currency(self) -> str | None:
        """The column `currency` of the event, where it is not that of the row as recorded."""
        recorded = "t_currency" if "currency" in self.mapping.fields else "null::varchar"
        if self.marked:
            return f"coalesce(nullif({recorded}, ''), {', '.join(self.marks())})"
        if self.converts and "currency" in self.mapping.fields:
            return f"case when minor is not null then {literal(self.mapping.currency or '')} else {recorded} end"
        return None


def marks_seen(db: Database, relation: str, columns: Columns, mapping: SourceMapping) -> bool:
    """Has an amount a sign or code of a currency beside it, of a source that declares none? Most amounts are told by two letters."""
    for name in MONEY if mapping.currency is None else ():
        spec = mapping.fields.get(name)
        places = [columns.find(c, name, fail=False) for c in (*spec.columns, *spec.join)] if spec else []
        if all(p is None or (p[1] is None and columns.types[p[0]] in ("double", "float")) for p in places):
            continue
        e = Expressions()
        text = e.text(columns, mapping.fields[name], name)
        odd = "(t < '0' or t > ':' or t[-1:] > '9')"
        asked = f"select 1 from (select {text} as t from {relation}) where {odd} and money_mark(bare(t)) is not null limit 1"
        if db.rows(asked, e.params):
            return True
    return False


def table_of(rates: Rates, currency: str | None) -> pa.Table:
    """RATES, for amounts that become minor units of `currency`."""
    unit = Decimal(10) ** MINOR_DIGITS.get(currency or "", 2)
    rows = [
        {"rated": code, "since": since, "until": until, "minor": (rate * unit).quantize(Decimal("1e-10"))}
        for code, since, until, rate in rates.spans()
        if code != currency
    ]
    return pa.Table.from_pylist(rows, schema=RATES)


_MARK = r"([A-Z]{0,3}\p{Sc}|[A-Z]{3}|[Kk]r|zł|Kč|Ft|Fr|Rs)"


def make_macros(db: Database) -> None:
    """money_mark(text): the currency beside an amount, a code (EUR), a sign ($, US$) or a word (kr), NULL where there is none;
    money_fits(mark, code): may that mark stand for this currency?"""
    signs = ", ".join(map(literal, SIGNS))
    known = ", ".join(f"{literal(sign)}: [{', '.join(map(literal, codes.split()))}]" for sign, codes in SIGNS.items())
    db.run(
        f"create or replace temp macro money_mark(t) as (list_transform([regexp_extract(t, {literal(_MARK)}, 1)], lambda m: case "
        "when m in ('', 'NaN') then null when m = 'Kr' then 'kr' "
        f"when regexp_matches(m, '^[A-Z]+\\p{{Sc}}') and m not in ({signs}) then right(m, 1) else m end)[1])"
    )
    db.run(
        "create or replace temp macro money_fits(mark, code) as "
        f"(mark = code or coalesce(list_contains((map {{{known}}})[mark], code), false))"
    )
