"""Is a file the kind of export that its source says, and which kind does it look like?"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ingest.cleaning.mapping import Columns, Expressions, Field, SourceMapping
from ingest.database import Database
from ingest.errors import ConfigError
from ingest.exports.models import Export
from ingest.exports.reading import exports_of
from ingest.exports.recognition import misfit, recognised
from ingest.schema import IDS

LOOKED_AT = 1_000
"""Rows in which a value is looked for."""


def holder(db: Database, relation: str, columns: Columns) -> Callable[[str], bool]:
    """Does a column, or a path into one, hold a value in one of the first rows? A column that is not there holds none."""

    def holds(path: str) -> bool:
        if columns.find(path, "event", fail=False) is None:
            return False
        e = Expressions()
        text = e.text(columns, Field(columns=(path,)), "event")
        return bool(
            db.rows(f"select 1 from (select * from {relation} limit {LOOKED_AT}) where {text} <> '' limit 1", e.params)
        )

    return holds


def recognise(db: Database, relation: str, columns: Columns, exports: Iterable[Export]) -> Export | None:
    """The kind of export whose signs the rows show."""
    return recognised(exports, holder(db, relation, columns), len(columns.names))


def check_kind(db: Database, relation: str, columns: Columns, mapping: SourceMapping) -> None:
    """Raise ConfigError where the rows lack what every event of their kind of export has: its time, its name, its customer."""
    if mapping.export is None:
        return
    holds = holder(db, relation, columns)
    needed = {t: spellings(mapping.fields[t]) for t in ("event_at", "event") if t in mapping.fields}
    if mapping.readings:
        needed = {"event_at": [c for r in mapping.readings for c in spellings(r.fields["event_at"])]}
    needed["customer_id"] = [c for i in IDS if i in mapping.fields for c in spellings(mapping.fields[i])]
    lacking = {t: s for t, s in needed.items() if s and not any(map(holds, s))}
    if lacking:
        raise ConfigError(misfit(mapping.export, lacking, columns.names, holds, exports_of().values()))


def spellings(field: Field) -> list[str]:
    """The columns that a target is read from; none where something stands for a missing one."""
    stands_in = field.constant is not None or field.refined.otherwise is not None
    return [] if stands_in else [*field.columns, *field.join]
