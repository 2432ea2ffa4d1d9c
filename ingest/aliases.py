"""Alias files: which ids are other names of a known customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.database import Database
from ingest.errors import ConfigError, did_you_mean
from ingest.identity.rules import Circle, resolved
from ingest.side_files import SideFile, side_file


@dataclass(frozen=True, kw_only=True)
class AliasFile:
    """One [[alias]]: its files, and the columns of the alias and of the customer that it stands for."""

    files: tuple[Path, ...]
    alias_id: str = "alias_id"
    customer_id: str = "customer_id"


def read_aliases(sources: Sequence[AliasFile]) -> dict[str, str]:
    """Alias -> customer at the end of its chain; ids exactly as recorded, rows without both of them say nothing.

    Raises MissingInput and InputError as `side_file` does, ConfigError for a column that is not there, an alias of two
    customers, or a circle.
    """
    pairs: dict[str, str] = {}
    places: dict[str, str] = {}  # alias -> where it stands: messages go into logs, and name nobody
    with Database() as db:
        for source in sources:
            for path in source.files:
                for alias, customer, row in read_pairs(db, source, path):
                    place = f"row {row:,} of {path.name}"
                    if pairs.setdefault(alias, customer) != customer:
                        raise ConfigError(
                            f"[[alias]]: {place} and {places[alias]} say of one alias that it is two customers: an alias "
                            "stands for one customer."
                        )
                    places.setdefault(alias, place)
    others = {alias: customer for alias, customer in pairs.items() if alias != customer}
    try:
        return resolved(others)
    except Circle as circle:
        rows = " -> ".join(places[alias] for alias in circle.aliases)
        raise ConfigError(f"[[alias]]: aliases form a circle ({rows}). One of them must be the customer.") from None


def read_pairs(db: Database, source: AliasFile, path: Path) -> list[tuple[str, str, int]]:
    """(alias, customer, number of the row) of one file's rows that have both ids, in order."""
    with side_file(db, path) as file:
        if file is None:
            return []
        at = [place_of(file, name) for name in (source.alias_id, source.customer_id)]
        ids, there = ", ".join(map(file.identifier, at)), " and ".join(map(file.filled, at))
        return db.rows(f"select {ids}, row + 1 from {file.relation} where {there} order by row")


def place_of(file: SideFile, name: str) -> int:
    """The place of a column; raises ConfigError where there is none of that name."""
    at = file.find(name)
    if at is None:
        raise ConfigError(
            f'[[alias]]: {file.path.name} has no column "{name}"; it has {", ".join(file.columns)}.'
            f"{did_you_mean(name, file.columns)} Say which with alias_id = and customer_id =."
        )
    return at
