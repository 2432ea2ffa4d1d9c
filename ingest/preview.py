"""A first look at a file: what its columns hold, and what a mapping would make of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.cleaning.clean import Limits, prepare, stage
from ingest.cleaning.evidence import Evidence
from ingest.cleaning.guess import guess
from ingest.cleaning.mapping import Columns, SourceMapping
from ingest.database import Database, load_sql
from ingest.errors import ConfigError
from ingest.readers.sources import ReadOptions, read_rows

COLUMNS = pa.schema(
    [
        pa.field("column", pa.string()),
        pa.field("mapped_to", pa.string()),
        pa.field("type", pa.string()),
        pa.field("null_share", pa.float64()),
        pa.field("distinct", pa.int64()),
        pa.field("example", pa.string()),
    ]
)
"""One row is one column of the file; the type is what all of its values could be read as."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What there is to see."""

    format: str
    delimiter: str | None
    columns: pa.Table  # COLUMNS
    rows: int  # readable or not
    mapping: SourceMapping | None
    problem: str = ""  # why no mapping could be guessed
    reasons: dict[str, int] = field(default_factory=dict)  # rows that would be quarantined
    first_event_at: str | None = None
    last_event_at: str | None = None
    events: tuple[tuple[str, int], ...] = ()  # the most frequent ones


def look(path: Path, options: ReadOptions, mapping: SourceMapping | None = None) -> Look:
    """Read a file and say what is in it; `mapping` None = guess one. Raises InputError as `read_rows` does."""
    with Database() as db:
        raw = read_rows(db, path, options)
        problem = ""
        if mapping is None:
            try:
                evidence = Evidence(db, raw.relation, raw.columns)
                mapping = SourceMapping(fields=guess(raw.columns, raw.format, evidence=evidence).fields)
            except ConfigError as error:
                problem = str(error)
        columns = Columns(raw.columns, raw.types)
        table = [column_row(db, raw.relation, columns, i, mapping) for i in range(len(columns.names))]
        found: dict[str, Any] = {} if mapping is None else staged(db, raw.relation, columns, mapping)
        reasons = dict(found.pop("reasons", {}))
        if raw.unreadable.num_rows:
            reasons["unreadable_row"] = raw.unreadable.num_rows
        rows = int(db.rows(f"select count(*) from {raw.relation}")[0][0]) + raw.unreadable.num_rows
    return Look(
        format=raw.format,
        delimiter=raw.delimiter,
        columns=pa.Table.from_pylist(table, schema=COLUMNS),
        rows=rows,
        mapping=mapping,
        problem=problem,
        reasons=reasons,
        **found,
    )


def column_row(
    db: Database, relation: str, columns: Columns, i: int, mapping: SourceMapping | None
) -> dict[str, object]:
    """The COLUMNS row of column i."""
    c = f"c{i}::varchar"
    kinds = {"number": "double", "instant": "timestamp", "boolean": "boolean"}
    checks = ", ".join(f"count(*) filter ({c} <> '' and try_cast({c} as {t}) is null)" for t in kinds.values())
    whole = f"count(*) filter ({c} <> '' and not regexp_full_match({c}, '[+-]?[0-9]+'))"
    total, filled, distinct, example, *failing = db.rows(
        f"select count(*), count(*) filter ({c} <> ''), approx_count_distinct({c}), min({c}) filter ({c} <> ''), "
        f"{whole}, {checks} from {relation}"
    )[0]
    kind = next(
        (k for k, n in zip(["integer", *kinds], failing, strict=True) if filled and not n),
        "text" if filled else "empty",
    )
    targets = (
        [] if mapping is None else [t for t, f in mapping.fields.items() if columns.names[i] in (*f.columns, *f.join)]
    )
    return {
        "column": columns.names[i],
        "mapped_to": ", ".join(targets) or None,
        "type": kind,
        "null_share": round(1 - filled / total, 6) if total else None,
        "distinct": distinct,
        "example": None if example is None else example[:60],
    }


def staged(db: Database, relation: str, columns: Columns, mapping: SourceMapping) -> dict[str, Any]:
    """Time range, event counts and reasons, after the mapping."""
    prepare(db, [mapping])
    stage(
        db,
        f"(select '' as recorded_input, null::bigint as line, * from {relation})",
        columns,
        mapping,
        Limits(),
    )
    first, last = db.rows("select min(event_at)::varchar, max(event_at)::varchar from staged where _fault is null")[0]
    events = db.rows(
        "select event, count(*) as n from staged where _fault is null group by all order by n desc, event limit 12"
    )
    reasons = {reason: n for _, reason, n in db.rows(load_sql("ingest", "reasons"))}
    return {"first_event_at": first, "last_event_at": last, "events": tuple(events), "reasons": reasons}
