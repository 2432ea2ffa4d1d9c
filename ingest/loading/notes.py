"""What to say of the rows of a load: blocked ids, crowds, several currencies."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.database import Database, load_sql
from ingest.quoting import path_literal
from ingest.schema import MONEY
from ingest.store.event_store import Snapshot

CROWD, ABSURD = 1_000, 0.2
"""Of so many events of a source, a customer who has a larger share than this is warned about."""


def blocked_notes(db: Database) -> list[str]:
    """What to say of ids that are none."""
    rows = db.rows(load_sql("ingest", "blocked_ids"))
    by_source: dict[str, list[str]] = {}
    for source, word, n in rows:
        by_source.setdefault(source, []).append(f'"{word}" {n:,}')
    return [
        f"{source}: ids that are none ([identity] blocked), as if blank: {', '.join(words[:5])}{' ...' if len(words) > 5 else ''}."
        for source, words in by_source.items()
    ]


_CODE = "case when regexp_full_match(bare(currency), '[A-Za-z]{3}') then upper(bare(currency)) else bare(currency) end"
"""SQL of a currency as it is compared: a code in capitals, a sign as it is."""


def staged_currencies(db: Database) -> list[str]:
    """The currencies of the staged rows that have money and are accepted."""
    return currencies_of(db, "staged", "where _fault is null")


def stored_currencies(db: Database, base: Snapshot) -> list[str]:
    """The currencies of the stored events that stay (the table `gone` knows the inputs of the others) and have money."""
    if not base.currencies or not base.files:
        return []
    files = path_literal(*(file.path for file in base.files))
    events = f"read_parquet({files}, union_by_name = true, hive_partitioning = false)"
    return currencies_of(db, events, "anti join gone using (source, recorded_input) where true")


def currencies_of(db: Database, relation: str, rest: str) -> list[str]:
    """The different currencies of the rows of a relation that have money; `rest` says which rows, up to a condition."""
    columns = {str(row[0]) for row in db.rows(f"describe from {relation}")}
    money = " or ".join(f"{name} is not null" for name in MONEY if name in columns)
    if "currency" not in columns or not money:
        return []
    asked = f"select distinct {_CODE} from {relation} {rest} and ({money}) and currency is not null"
    rows = db.rows(asked)
    return sorted(str(name) for (name,) in rows if name)


def crowd_notes(db: Database) -> list[str]:
    """What to say of a customer who has an absurd share of a source's rows: a word for nothing, or a column that is no id."""
    crowds = db.rows(
        "select source::varchar, max(n), sum(n) from (select source, count(*) as n from staged where _fault is null "
        f"group by source, customer_key) group by all having sum(n) >= {CROWD} and max(n) > {ABSURD} * sum(n) order by all"
    )
    return [
        f"{source}: one customer has {most:,} of {rows:,} events ({most / rows:.0%}). Is its id a word for nothing? "
        'missing = ["..."] in the [[source]] names it. See: journeys sql "select customer_id, anonymous_id, count(*) as n '
        'from events group by all order by n desc limit 3"'
        for source, most, rows in crowds
    ]


def currency_notes(currencies: Sequence[str]) -> list[str]:
    """What to say of a store that holds several currencies."""
    if len(currencies) < 2:
        return []
    return [
        f"the store holds money in {', '.join(currencies)}: amounts of several currencies are not added up, so answers have no "
        'money. currency = "..." in [project] says which one counts; then ingest the files again; rows in other currencies are quarantined.'
    ]
