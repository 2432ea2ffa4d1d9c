"""Alias files: which ids are other names of a known customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.database import Database, load_sql
from ingest.errors import ConfigError, did_you_mean
from ingest.identity.rules import resolved
from ingest.readers.sources import ReadOptions, read_rows


@dataclass(frozen=True, kw_only=True)
class AliasFile:
    """One [[alias]]: its files, and the columns of the alias and of the customer that it stands for."""

    files: tuple[Path, ...]
    alias_id: str = "alias_id"
    customer_id: str = "customer_id"


def read_aliases(sources: Sequence[AliasFile]) -> dict[str, str]:
    """Alias -> customer at the end of its chain; ids exactly as recorded, rows without both of them say nothing.

    Raises MissingInput and InputError as `read_rows` does, ConfigError for a column that is not there, an alias of two
    customers, or a circle.
    """
    pairs: dict[str, str] = {}
    with Database() as db:
        db.run(load_sql("ingest", "macros"))
        for source in sources:
            for path in source.files:
                for alias, customer in read_pairs(db, source, path):
                    if pairs.setdefault(alias, customer) != customer:
                        raise ConfigError(
                            f'[[alias]]: {path.name} says that "{alias}" is "{customer}", and an earlier row that it is '
                            f'"{pairs[alias]}": an alias stands for one customer.'
                        )
    return resolved({alias: customer for alias, customer in pairs.items() if alias != customer})


def read_pairs(db: Database, source: AliasFile, path: Path) -> list[tuple[str, str]]:
    """The rows of one file that have both ids, in order."""
    raw = read_rows(db, path, ReadOptions())
    for name in (source.alias_id, source.customer_id):
        if name not in raw.columns:
            raise ConfigError(
                f'[[alias]]: {path.name} has no column "{name}"; it has {", ".join(raw.columns)}.'
                f"{did_you_mean(name, raw.columns)} Say which with alias_id = and customer_id =."
            )
    alias, customer = (f"c{raw.columns.index(n)}::varchar" for n in (source.alias_id, source.customer_id))
    rows = db.rows(
        f"select {alias}, {customer} from {raw.relation} where {alias} is not null and {customer} is not null "
        f"and not is_blank({alias}) and not is_blank({customer}) order by row"
    )
    raw.release(db)
    return rows
