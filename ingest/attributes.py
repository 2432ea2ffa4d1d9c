"""Files of what is known of customers (region, plan, age band) -> one table in the order (customer_key, since)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ingest.database import Database, load_sql
from ingest.errors import ConfigError, InputError, did_you_mean
from ingest.quoting import literal, quoted
from ingest.schema import EVENTS
from ingest.side_files import SideFile, side_file

ALWAYS = -(1 << 62)
"""`since` of a row that holds from the beginning on, microseconds."""


@dataclass(frozen=True, kw_only=True)
class AttributeFile:
    """One [[customers]]: its files and the columns that matter; without `columns` all others are attributes."""

    files: tuple[Path, ...]
    customer_id: str = "customer_id"
    columns: tuple[str, ...] = ()
    valid_from: str | None = None
    timezone: str = "UTC"


def read_attributes(sources: Sequence[AttributeFile]) -> pa.Table:
    """customer_key int64, since int64 (microseconds UTC), then one text column per attribute; empty is null.

    Of two rows of one customer and instant the later one holds. Raises MissingInput and InputError as `read_rows`
    does, InputError for an instant that is none, and ConfigError for a column that is not there or is an event's own.
    """
    tables = []
    with Database() as db:
        db.run(load_sql("ingest", "macros"))
        for source in sources:
            for path in source.files:
                with side_file(db, path) as file:
                    if file is not None:
                        tables.append(one_file(file, source))
        if not tables:
            return pa.table({"customer_key": pa.array([], pa.int64()), "since": pa.array([], pa.int64())})
        whole = pa.concat_tables(
            [t.append_column("_row", pa.array(range(t.num_rows), pa.int64())) for t in tables],
            promote_options="default",
        )
        newest = (
            "select * exclude (_row, _place) from (select *, row_number() over () as _place from attributes) "
            "qualify row_number() over (partition by customer_key, since order by _place desc) = 1 "
            "order by customer_key, since"
        )
        return db.query(newest, attributes=whole)


def one_file(file: SideFile, source: AttributeFile) -> pa.Table:
    """The rows of one file in their order; a row without a customer is nobody's."""
    db, path = file.db, file.path
    place = dict[str, int]()
    for name in (source.customer_id, *source.columns, *([source.valid_from] if source.valid_from else [])):
        at = file.find(name)
        if at is None:
            raise ConfigError(f'[[customers]]: {path.name} has no column "{name}".{did_you_mean(name, file.columns)}')
        place[name] = at
    if not source.columns:
        place |= {name: i for i, name in enumerate(file.columns) if i not in place.values()}
    names = source.columns or tuple(n for n in place if n not in (source.customer_id, source.valid_from))
    taken = [n for n in names if n in EVENTS.names or n == "persona"]
    if taken:
        raise ConfigError(
            f'[[customers]]: "{taken[0]}" is a column of events; name it otherwise in {path.name}, or leave it out of columns.'
        )
    since = "null::timestamptz"
    if source.valid_from:
        since = f"instant_of(bare(c{place[source.valid_from]}::varchar), {literal(source.timezone)}, 's')"
    given = f"c{place[source.valid_from]}::varchar" if source.valid_from else "null"
    listed = "".join(f", nullif(bare(c{place[n]}::varchar), '') as {quoted(n)}" for n in names)
    who = file.identifier(place[source.customer_id])
    rows = db.query(
        f"select customer_key_of('c:' || {who}) as customer_key, coalesce(epoch_us({since}), {ALWAYS}) as since, "
        f"({given} is not null and not is_blank({given}) and {since} is null) as _bad{listed} "
        f"from {file.relation} where {file.filled(place[source.customer_id])} order by row"
    )
    if any(rows["_bad"].to_pylist()):
        raise InputError(
            f"{path.name}: {source.valid_from} holds something that is neither a day nor an instant. Mend it."
        )
    return rows.drop_columns(["_bad"])
